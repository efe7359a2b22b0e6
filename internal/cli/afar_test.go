package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/cli"
)

// served is a desk whose database a server has open, and a function that runs a
// command through that server's REST API with a token of a role.
func served(t *testing.T, role string) (*desk, func(want int, args ...string) (stdout, stderr string)) {
	t.Helper()
	d := sit(t, 60)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.run(cli.ExitDone, "sync")
	cmd := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0")
	at := cmd.wait(`Muster listens on (http://127\.0\.0\.1:\d+)\n`)[1]
	d.env["SERVED"] = at
	token, _ := d.run(cli.ExitDone, "token", "create", "remote", "--role", role, "--scope", "everything")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return d, func(want int, args ...string) (string, string) {
		t.Helper()
		return d.run(want, append([]string{"--server", at, "--token-file", file}, args...)...)
	}
}

// What a command prints does not depend on whether it works with the database or
// with a server.
func TestCommandsSayTheSameOfAServerAsOfItsDatabase(t *testing.T) {
	t.Parallel()
	d, afar := served(t, "Module Admin")
	afar(cli.ExitDone, "record", "add", "Assets", "Name=Laptop", "Asset tag=L-1", "Price=12.5")
	out, _ := d.run(cli.ExitDone, "export", "People", "--format", "csv")
	person := strings.Split(strings.Split(out, "\n")[1], ",")[1]
	if out, _ := afar(cli.ExitDone, "checkout", "L-1", person, "--due", "2099-12-31", "--note", "for home"); !strings.Contains(out, "Laptop (#") {
		t.Errorf("the check-out says %q", out)
	}
	afar(cli.ExitDone, "plan", "--full", "--module", "IT")
	for _, args := range [][]string{
		{"runs"}, {"runs", "--json"}, {"run", "show", "1", "--json"}, {"run", "show", "1"}, {"run", "show", "2", "--verb", "skip"},
		{"export", "Assets"}, {"export", "Assets", "--format", "json"}, {"export", "People", "--format", "json"},
		{"holdings", person}, {"holdings", person, "--json"}, {"explain", person, "--json"},
	} {
		want, _ := d.run(cli.ExitDone, args...)
		if got, _ := afar(cli.ExitDone, args...); got != want {
			t.Errorf("muster %s says of the server\n%s\nand of its database\n%s", strings.Join(args, " "), got, want)
		}
	}
	if out, _ := afar(cli.ExitDone, "users", "--json"); !strings.Contains(out, person) {
		t.Errorf("%s is not among the users:\n%s", person, out)
	}
	if out, _ := afar(cli.ExitDone, "checkin", "Laptop", "--condition", "scratched"); !strings.Contains(out, "is back from") {
		t.Errorf("the check-in says %q", out)
	}
}

func TestWhatIsHeldIsDecidedThroughAServer(t *testing.T) {
	t.Parallel()
	d, afar := served(t, "Module Admin")
	people, _ := d.hr.People("", 0, 30)
	for _, p := range people {
		if _, err := d.hr.Disable(p.ID); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := afar(cli.ExitHeld, "sync")
	if !strings.Contains(out, "Held until somebody approves") {
		t.Errorf("the sync says\n%s", out)
	}
	if _, stderr := afar(cli.ExitUsage, "approve", "2"); !strings.Contains(stderr, "→") {
		t.Errorf("a decision about nothing says %q", stderr)
	}
	afar(cli.ExitDone, "approve", "2", "--all")
	afar(cli.ExitDone, "undo", "2")
	if out, _ := afar(cli.ExitDone, "run", "show", "2"); !strings.Contains(out, "undone") {
		t.Errorf("after undoing it the run is\n%s", out)
	}
}

func TestAServerAllowsNoMoreThanTheToken(t *testing.T) {
	t.Parallel()
	d, afar := served(t, "Collaborator")
	afar(cli.ExitDone, "record", "add", "Assets", "Name=Laptop")
	for _, args := range [][]string{{"sync"}, {"users"}, {"runs"}} {
		if _, stderr := afar(cli.ExitFailed, args...); !strings.Contains(stderr, "may not") {
			t.Errorf("muster %s says %q, want that the token may not", strings.Join(args, " "), stderr)
		}
	}
	for want, args := range map[string][]string{
		"works on a database, not on a server": {"backup"},
		"no such field":                        {"record", "add", "Assets", "Colour=red"},
		"there is no collection":               {"export", "Nothing"},
		"csv or json":                          {"export", "Assets", "--format", "xlsx"},
	} {
		code := cli.ExitUsage
		if args[len(args)-1] == "Nothing" {
			code = cli.ExitFailed
		}
		if _, stderr := afar(code, args...); !strings.Contains(stderr, want) {
			t.Errorf("muster %s says %q, want %q", strings.Join(args, " "), stderr, want)
		}
	}
	for want, args := range map[string][]string{
		"in the clear":      {"--server", "http://assets.example.com", "users"},
		"there is no token": {"--server", "https://assets.example.com", "users"},
		"cannot be read":    {"--server", "https://assets.example.com", "--token-file", d.data + "/nothing", "users"},
	} {
		if args[len(args)-1] == "users" && want == "in the clear" {
			d.env["MUSTER_TOKEN"] = "mst_x"
		}
		if _, stderr := d.run(cli.ExitUsage, args...); !strings.Contains(stderr, want) {
			t.Errorf("muster %v says %q, want %q", args, stderr, want)
		}
		delete(d.env, "MUSTER_TOKEN")
	}
}
