package cli_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/musterhq/muster/internal/cli"
)

// Whoever looks up a command finds all of it in the reference, and nothing that
// is not there.
func TestTheReferenceNamesEachCommandAndFlag(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	model, err := cli.Model()
	if err != nil {
		t.Fatal(err)
	}
	rows := commandRows(string(text))
	for _, flag := range model.Flags {
		if flag.Name != "help" && !strings.Contains(string(text), "--"+flag.Name) {
			t.Errorf("the reference does not name the flag --%s that each command takes", flag.Name)
		}
	}
	var known []string
	for _, leaf := range model.Leaves(true) {
		name := strings.TrimPrefix(leaf.FullPath(), "muster ")
		known = append(known, name)
		row, ok := rows[name]
		if !ok {
			t.Errorf("the reference has no row for muster %s", name)
			continue
		}
		for _, flag := range leaf.Flags {
			if !flag.Hidden && !general(flag) && !strings.Contains(row, "--"+flag.Name) {
				t.Errorf("the row of muster %s does not name --%s", name, flag.Name)
			}
		}
	}
	for name := range rows {
		if !slices.Contains(known, name) {
			t.Errorf("the reference has a row for muster %s, which does not exist", name)
		}
	}
}

// general reports whether the text above the table speaks of a flag.
func general(f *kong.Flag) bool { return f.Name == "json" || f.Name == "help" }

// commandRows are the rows of the table of commands by the command. A row may
// name several.
func commandRows(text string) map[string]string {
	rows := map[string]string{}
	text, _, _ = strings.Cut(text, "\n## ") // tables further down list other things
	for line := range strings.Lines(text) {
		cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` | ")
		if !ok || !strings.HasPrefix(line, "| `") {
			continue
		}
		for _, command := range strings.Split(cell, "`, `") {
			var words []string
			for _, w := range strings.Fields(command) {
				if strings.HasPrefix(w, "-") || strings.ContainsAny(w, "[<{…=|\\") || strings.ToLower(w) != w {
					break
				}
				words = append(words, w)
			}
			rows[strings.Join(words, " ")] = line
		}
	}
	return rows
}

// The example that the reference points to works as it stands: set up, the same
// again, and a first sync of everything it maps.
func TestTheExampleOfTheReferenceWorks(t *testing.T) {
	t.Parallel()
	d := sit(t, 120)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "examples", "muster.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d.write(strings.ReplaceAll(string(text), "http://127.0.0.1:18080", d.tenant))
	d.env["MUSTER_ADMIN_PASSWORD"], d.env["MUSTER_BREAK_GLASS_PASSWORD"] = "a long enough password", "another long password"
	d.env["ENTRA_CLIENT_SECRET"] = d.env["CLIENT_SECRET"]
	d.run(cli.ExitDone, "apply", "-f", d.file)
	if out, _ := d.run(cli.ExitDone, "apply", "-f", d.file); !strings.Contains(out, "Nothing to change") {
		t.Errorf("applying the example twice says %q", out)
	}
	if out, _ := d.run(cli.ExitHeld, "sync"); !strings.Contains(out, "users would become administrators: 12 (limit 2)") {
		t.Errorf("the first sync grants more administrators than the example's limit, but says %q", out)
	}
	for _, collection := range []string{"People", "Laptops", "Locations"} {
		if out, _ := d.run(cli.ExitDone, "export", collection); strings.Count(out, "\n") < 3 {
			t.Errorf("after the first sync %s holds only %q", collection, out)
		}
	}
}
