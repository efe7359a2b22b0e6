package api_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the table of rights into the documentation")

// walkers are who walks the operations, in the order of the table.
var walkers = []struct{ email, column string }{
	{boss, "Organization Admin"}, {head, "Account Admin"}, {manager, "Module Admin"}, {colleague, "Collaborator"},
	{porter, "Porter"}, {reader, "Reader"}, {outsider, "another account"}, {"", "nobody"},
}

// verdict is what somebody may, by the status that they got. Whoever is told
// that a request does not fit may make it.
func verdict(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "sign in"
	case status == http.StatusForbidden:
		return "no"
	case status == http.StatusNotFound:
		return "not there"
	case status < 300 || status == http.StatusConflict:
		return "yes"
	}
	return fmt.Sprint(status)
}

// walk has somebody call every operation and returns a verdict by operation.
func walk(t *testing.T, email string) map[string]string {
	t.Helper()
	o := open(t)
	o.ownRoles()
	o.asks = email
	out := map[string]string{}
	ops, examples := operationsOf(o.document()), o.examples()
	for _, id := range sortedKeys(ops) {
		e := examples[id]()
		got := o.ask(email, ops[id].method, e.path, e.body, e.pairs...)
		out[id] = verdict(got.status)
		if e.want == http.StatusNotFound && got.status == e.want && strings.Contains(got.body, "directory") {
			out[id] = "yes" // there is nothing to tell, which only who may ask is told
		}
		if err := ops[id].check(got); err != nil {
			t.Error(err)
		}
	}
	return out
}

// The table in the documentation is what every built-in role, two of a module's
// own, somebody of another account and nobody is answered. Run with -update after adding an operation, and
// read what changed.
func TestTheTableOfRightsIsWhatEachRoleIsAnswered(t *testing.T) {
	t.Parallel()
	columns := make([]map[string]string, len(walkers))
	var done sync.WaitGroup
	for i, w := range walkers {
		done.Go(func() { columns[i] = walk(t, w.email) })
	}
	done.Wait()
	table := "| operation |"
	for _, w := range walkers {
		table += " " + w.column + " |"
	}
	table += "\n|---|" + strings.Repeat("---|", len(walkers)) + "\n"
	for _, id := range sortedKeys(columns[0]) {
		table += "| `" + id + "` |"
		for _, column := range columns {
			table += " " + column[id] + " |"
		}
		table += "\n"
	}
	compareTable(t, table)
}

// compareTable holds a table against the one between its marks in the
// documentation of roles.
func compareTable(t *testing.T, table string) {
	t.Helper()
	const begin, end = "<!-- rest: go test ./internal/api -run TableOfRights -update -->\n", "<!-- /rest -->"
	file := filepath.Join("..", "..", "docs", "reference", "roles.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	now, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no marks %q and %q", file, begin, end)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if now != table {
		t.Errorf("%s says otherwise than the interface answers; run with -update and read the difference:\n%s", file, table)
	}
}

// What is another account's is not there, whichever way its numbers are put into
// an address of one's own.
func TestNumbersOfAnotherAccountLeadNowhere(t *testing.T) {
	t.Parallel()
	o := open(t)
	ops, examples := operationsOf(o.document()), o.examples()
	swapped := 0
	for _, id := range sortedKeys(ops) {
		op := ops[id]
		if !strings.HasPrefix(op.path, "/modules/{module}/") {
			continue
		}
		e := examples[id]()
		theirs := strings.Replace(e.path, fmt.Sprintf("/modules/%d/", o.module.ID), fmt.Sprintf("/modules/%d/", o.other.ID), 1)
		if got := o.ask(manager, op.method, theirs, e.body, e.pairs...); got.status != http.StatusNotFound {
			t.Errorf("%s: a module of another account answers %d %s, want 404", id, got.status, got.body)
		}
		inside := strings.Count(op.path, "{") > 1 || id == "check-out" || id == "check-in"
		if !inside {
			continue
		}
		swapped++
		if got := o.ask(outsider, op.method, theirs, e.body, e.pairs...); got.status != http.StatusNotFound {
			t.Errorf("%s: in one's own module, a number of another account answers %d %s, want 404", id, got.status, got.body)
		}
	}
	if swapped < 30 {
		t.Errorf("only %d operations were tried: the walk says too little", swapped)
	}
}
