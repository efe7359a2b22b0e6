package view_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Templates are compiled by hand, with make generate, and the result is
// committed. This compiles them once more and compares.
func TestGeneratedFilesAreOfTheseTemplates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	templates := copies(t, "*.templ", dir)
	cmd := exec.Command("go", "tool", "templ", "generate", "-path", dir)
	cmd.Dir = filepath.Join("..", "..", "..", "tools")
	if out, err := cmd.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("templ does not run: %v\n%s", err, out)
		}
		t.Skipf("templ does not run, perhaps because it could not be downloaded: %v\n%s", err, out)
	}
	for _, name := range templates {
		name = strings.TrimSuffix(name, ".templ") + "_templ.go"
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(name)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is not of the template as it stands: make generate (%v)", name, err)
		}
	}
	for _, name := range copies(t, "*_templ.go", "") {
		if _, err := os.Stat(strings.TrimSuffix(name, "_templ.go") + ".templ"); err != nil {
			t.Errorf("%s has no template any more: remove it", name)
		}
	}
}

// copies copies the files of a pattern into a folder, or with "" nowhere, and
// returns their names.
func copies(t *testing.T, pattern, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("there is no %s here: %v", pattern, err)
	}
	for _, name := range names {
		if dir == "" {
			break
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return names
}
