package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/cli"
)

func TestAfterRotationTheOldKeyIsNotNeeded(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	path := filepath.Join(d.data, "key")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	said, _ := d.run(cli.ExitDone, "rotate-key")
	if !strings.Contains(said, "1 secrets of connections") {
		t.Errorf("rotation says %q", said)
	}
	now, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fresh, rest, _ := strings.Cut(string(now), "\n")
	if strings.TrimSpace(rest) != strings.TrimSpace(string(old)) || strings.Contains(string(old), fresh) {
		t.Error("the key file does not hold a new key before the old one")
	}
	if err := os.WriteFile(path, []byte(fresh+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.run(cli.ExitDone, "check")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	d.run(cli.ExitUsage, "check") // the old key alone opens nothing any more
}

func TestKeysOfTheEnvironmentAreRotatedThere(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	if err := os.MkdirAll(d.data, 0o700); err != nil {
		t.Fatal(err)
	}
	const first, second = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=", "MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI="
	d.env["MUSTER_KEY"] = first
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.env["MUSTER_KEY"] = second + "\n" + first
	d.run(cli.ExitDone, "rotate-key")
	if _, err := os.Stat(filepath.Join(d.data, "key")); err == nil {
		t.Error("a key file was made beside the keys of the environment")
	}
	d.env["MUSTER_KEY"] = second
	d.run(cli.ExitDone, "check")
}
