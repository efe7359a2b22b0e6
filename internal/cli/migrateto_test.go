package cli_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/cli"
	"github.com/musterhq/muster/internal/store/storetest"
)

// runLine is a run as runs --json has it.
type runLine struct {
	ID          int64
	Mode, State string
	Counts      map[string]int
}

// A synced installation moves to PostgreSQL and back, and each time goes on
// syncing by changes as if nothing had happened.
func TestAnInstallationMovesToPostgresAndBack(t *testing.T) {
	t.Parallel()
	d := sit(t, 200)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.run(cli.ExitDone, "sync")
	before, _ := d.run(cli.ExitDone, "export", "People", "--format", "csv")
	file, err := os.ReadFile(d.at("muster.db"))
	if err != nil {
		t.Fatal(err)
	}
	address := storetest.PostgresURL(t)
	said, _ := d.run(cli.ExitDone, "migrate-to", address)
	if !strings.Contains(said, "The old database is as it was") || !strings.Contains(said, "MUSTER_DATABASE_URL") {
		t.Errorf("it says %q", said)
	}
	if after, err := os.ReadFile(d.at("muster.db")); err != nil || string(after) != string(file) {
		t.Errorf("the old file was changed, %v", err)
	}
	if err := os.Remove(d.at("muster.db")); err != nil {
		t.Fatal(err)
	}
	d.goesOn(before, "--database", address)
	d.run(cli.ExitDone, "--database", address, "migrate-to", "sqlite")
	// The column takes no NULL: the statement fails when records are left to be indexed.
	if err := d.sql(`UPDATE sequence SET next = NULL WHERE EXISTS (SELECT 1 FROM index_note)`); err != nil {
		t.Errorf("records are left to be made findable: %v", err)
	}
	d.goesOn(before)
	if _, lines := d.ask(cli.ExitDone); lines["database"].State != "pass" || !strings.Contains(lines["database"].Text, "sqlite") || lines["sealed"].State != "pass" {
		t.Errorf("back in place, the doctor says %+v", lines)
	}
}

// goesOn syncs and wants an incremental run that changes nothing, and the same
// people.
func (d *desk) goesOn(people string, where ...string) {
	d.t.Helper()
	with := func(args ...string) []string { return append(slices.Clone(where), args...) }
	d.run(cli.ExitDone, with("sync")...)
	var runs []runLine
	d.json(&runs, with("runs")...)
	if r := runs[0]; r.Mode != "incremental" || r.State != "succeeded" || r.Counts["added"]+r.Counts["changed"]+r.Counts["deactivated"] != 0 {
		d.t.Errorf("the sync after the move is %+v", r)
	}
	if now, _ := d.run(cli.ExitDone, with("export", "People", "--format", "csv")...); now != people {
		d.t.Error("the people are others than before the move")
	}
}

func TestAMoveIsRefused(t *testing.T) {
	t.Parallel()
	d := synced(t)
	full := storetest.PostgresURL(t)
	d.run(cli.ExitDone, "--database", full, "apply", "-f", d.file)
	empty := storetest.PostgresURL(t)
	for name, tt := range map[string]struct {
		code int
		args []string
		says string
	}{
		"to a database in use":  {cli.ExitFailed, []string{"migrate-to", full}, "holds data already"},
		"to nowhere":            {cli.ExitUsage, []string{"migrate-to", "mysql://somewhere"}, "postgres://user:password@host"},
		"to what it is":         {cli.ExitUsage, []string{"migrate-to", "sqlite"}, "--database"},
		"from server to server": {cli.ExitUsage, []string{"--database", full, "migrate-to", empty}, "pg_dump"},
		"without a database":    {cli.ExitFailed, []string{"--data", t.TempDir(), "migrate-to", empty}, "no database yet"},
		"over the embedded one": {cli.ExitFailed, []string{"--database", full, "migrate-to", "sqlite"}, "holds data already"},
	} {
		if _, said := d.run(tt.code, tt.args...); !strings.Contains(said, tt.says) {
			t.Errorf("%s: it says %q, want %q", name, said, tt.says)
		}
	}
	cmd := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0")
	cmd.wait(`Muster listens on`)
	if _, said := d.run(cli.ExitFailed, "migrate-to", empty); !strings.Contains(said, "Stop muster serve") {
		t.Errorf("with a server running it says %q", said)
	}
	cmd.ended()
	if err := d.sql(`DELETE FROM goose_db_version WHERE version_id = 6`); err != nil {
		t.Fatal(err)
	}
	if _, said := d.run(cli.ExitFailed, "migrate-to", empty); !strings.Contains(said, "brings it forward") {
		t.Errorf("of an older schema it says %q", said)
	}
}
