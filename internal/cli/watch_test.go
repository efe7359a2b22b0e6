package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/cli"
)

func TestTheAuditLogIsListedAndChecked(t *testing.T) {
	t.Parallel()
	d := sit(t, 10)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	out, _ := d.run(cli.ExitDone, "audit", "list", "--subject", "Fabrikam", "--json")
	var list []struct {
		ID      int64
		Action  string
		Subject string
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) == 0 || !strings.HasPrefix(list[0].Subject, "Fabrikam") {
		t.Fatalf("the log is %s, %v", out, err)
	}
	if out, _ := d.run(cli.ExitDone, "audit", "verify"); !strings.Contains(out, "as it was written") {
		t.Errorf("an untouched log: %s", out)
	}
	if err := d.sql(`UPDATE audit_event SET subject_name = 'Contoso' WHERE id = $1`, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, stderr := d.run(cli.ExitFailed, "audit", "verify"); !strings.Contains(stderr, fmt.Sprintf("entry %d does not follow", list[0].ID)) {
		t.Errorf("a log that was changed: %s", stderr)
	}
	if out, _ := d.run(cli.ExitFailed, "audit", "verify", "--json"); !strings.Contains(out, fmt.Sprintf(`"broken": %d`, list[0].ID)) {
		t.Errorf("in JSON: %s", out)
	}
}

func TestJobsAreSteeredFromTheCommandLine(t *testing.T) {
	t.Parallel()
	d := sit(t, 10)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.due()
	cmd := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0")
	cmd.wait(`"a sync ended"`)
	cmd.ended()
	jobs := func(args ...string) []struct {
		ID          int64
		Kind, State string
	} {
		t.Helper()
		out, _ := d.run(cli.ExitDone, append([]string{"jobs", "list", "--json"}, args...)...)
		var list []struct {
			ID          int64
			Kind, State string
		}
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	over := jobs("--finished")
	if len(over) == 0 || over[0].State != "done" {
		t.Fatalf("jobs that are over: %+v", over)
	}
	d.run(cli.ExitDone, "jobs", "run", fmt.Sprint(over[0].ID))
	open := jobs()
	if len(open) == 0 || open[0].State != "waiting" {
		t.Fatalf("jobs that wait: %+v", open)
	}
	d.run(cli.ExitDone, "jobs", "stop", fmt.Sprint(open[0].ID))
	if left := jobs(); len(left) != len(open)-1 {
		t.Errorf("after stopping one of %d there are %d", len(open), len(left))
	}
	if _, stderr := d.run(cli.ExitFailed, "jobs", "stop", "999"); !strings.Contains(stderr, "no such job") {
		t.Errorf("a job that is not there: %s", stderr)
	}
	for port, want := range map[string]int{"127.0.0.1:1": cli.ExitFailed, "nowhere": cli.ExitUsage} {
		d.run(want, "ping", "--listen", port)
	}
	again := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0", "--base-url", "https://assets.example.com")
	at := again.wait(`Muster listens on http://(127\.0\.0\.1:\d+)\n`)[1]
	if out, _ := d.run(cli.ExitDone, "ping", "--listen", at); out != "ready\n" {
		t.Errorf("ping says %q", out)
	}
}

func TestTheSetUpIsPrintedAtTheAddressOfBrowsers(t *testing.T) {
	t.Parallel()
	cmd := startCommand(t, "--data", t.TempDir(), "serve", "--listen", "127.0.0.1:0", "--base-url", "https://assets.example.com")
	cmd.wait(`Open https://assets\.example\.com/setup\?token=\w{20,}\n`)
}
