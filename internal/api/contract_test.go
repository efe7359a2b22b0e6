package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is an operation of the document with where it is.
type operation struct {
	*openapi3.Operation
	method, path string
}

// operationsOf are the document's operations by ID.
func operationsOf(doc *openapi3.T) map[string]operation {
	out := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			out[op.OperationID] = operation{op, method, path}
		}
	}
	return out
}

// success is the status of an operation that went well.
func (op operation) success() int {
	for status := range op.Responses.Map() {
		if status[0] == '2' {
			var n int
			fmt.Sscan(status, &n)
			return n
		}
	}
	return 0
}

// check says what of an answer is not as the document says; nil when all is.
func (op operation) check(got answer) error {
	status := fmt.Sprint(got.status)
	said := op.Responses.Value(status)
	if said == nil {
		said = op.Responses.Default()
	}
	kind, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
	content := said.Value.Content.Get(kind)
	switch {
	case len(said.Value.Content) == 0 && got.body == "":
		return nil
	case content == nil:
		return fmt.Errorf("%s answers %s with the type %q, of which the document says nothing", op.OperationID, status, kind)
	case kind != "application/json" && kind != "application/problem+json":
		return nil // bytes, events, tables: other tests read them
	}
	var value any
	if err := json.Unmarshal([]byte(got.body), &value); err != nil {
		return fmt.Errorf("%s answers %s with what is no JSON: %w", op.OperationID, status, err)
	}
	if err := content.Schema.Value.VisitJSON(value); err != nil {
		return fmt.Errorf("%s answers %s outside its schema: %w\n%s", op.OperationID, status, err, got.body)
	}
	return nil
}

func TestEveryOperationAnswersAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	o := open(t)
	ops, examples := operationsOf(o.document()), o.examples()
	for _, id := range sortedKeys(ops) {
		op := ops[id]
		make, there := examples[id]
		if !there {
			t.Errorf("no example calls %s", id)
			continue
		}
		e := make()
		want := e.want
		if want == 0 {
			want = op.success()
		}
		got := o.ask(boss, op.method, e.path, e.body, e.pairs...)
		if got.status != want {
			t.Errorf("%s: %s %s answers %d %s, want %d", id, op.method, e.path, got.status, got.body, want)
		}
		if err := op.check(got); err != nil {
			t.Error(err)
		}
	}
	for id := range examples {
		if _, there := ops[id]; !there {
			t.Errorf("the example %s is of no operation", id)
		}
	}
}

func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func TestACheckOfAnswersNoticesWhatIsOutsideTheSchema(t *testing.T) {
	t.Parallel()
	o := open(t)
	op := operationsOf(o.document())["get-module"]
	right := o.ask(boss, "GET", o.in(""), nil)
	if err := op.check(right); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(string) string{
		"a member that is missing":  func(s string) string { return strings.Replace(s, `"name"`, `"nom"`, 1) },
		"a member of another type":  func(s string) string { return strings.Replace(s, `"id":`, `"id":"x","was":`, 1) },
		"what is no JSON":           func(s string) string { return s[:len(s)/2] },
		"a list instead of an item": func(s string) string { return "[" + s + "]" },
	} {
		wrong := right
		wrong.body = spoil(right.body)
		if op.check(wrong) == nil {
			t.Errorf("%s passes: %s", name, wrong.body)
		}
	}
	wrong := right
	wrong.header = http.Header{"Content-Type": {"text/html"}}
	if op.check(wrong) == nil {
		t.Error("another media type passes")
	}
}
