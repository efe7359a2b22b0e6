package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/cli"
)

// The examples of the reference work as they stand, one after the other, as
// somebody would type them.
func TestTheExamplesOfTheAPIReferenceWork(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eu\n"
	blocks := strings.Split(string(text), "```sh\n")[1:]
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		script += code
	}
	if len(blocks) != 3 {
		t.Fatalf("the reference has %d examples, want three", len(blocks))
	}
	d, _ := served(t, "Module Admin")
	token, _ := d.run(cli.ExitDone, "token", "create", "examples", "--role", "Collaborator", "--scope", "write")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Env = append(os.Environ(), "MUSTER="+d.env["SERVED"], "TOKEN="+strings.TrimSpace(token), "no_proxy=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if said := string(out); !strings.Contains(said, `"Condition":"Worn"`) || strings.Contains(said, `"Price"`) || !strings.Contains(said, `"name":"Assets"`) {
		t.Errorf("the examples print\n%s", said)
	}
}
