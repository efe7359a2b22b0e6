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
	if len(blocks) < 7 {
		t.Fatalf("the reference has %d examples, want seven or more", len(blocks))
	}
	d, _ := served(t, "Module Admin")
	token, _ := d.run(cli.ExitDone, "token", "create", "examples", "--role", "Collaborator", "--scope", "write")
	admin, _ := d.run(cli.ExitDone, "token", "create", "runs", "--role", "Module Admin", "--scope", "everything")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Env = append(os.Environ(), "MUSTER="+d.env["SERVED"], "TOKEN="+strings.TrimSpace(token), "ADMIN="+strings.TrimSpace(admin), "no_proxy=127.0.0.1")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := string(out)
	for _, want := range []string{
		`"name":"examples"`, `"name":"Assets"`, `"Condition":"Worn"`, `"location":"body.fields.Price"`, "Idempotency-Replayed: true", `"added":1`,
		"event: run\n", `"state":"succeeded"`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the examples do not print %s", want)
		}
	}
	if strings.Contains(said, `"Price":`) {
		t.Error("the price is not cleared")
	}
	if t.Failed() {
		t.Log(said)
	}
}
