package cli_test

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/cli"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
)

// finding is a line of the doctor's as machines read it.
type finding struct{ ID, State, Text, Remedy, Detail string }

// ask runs the doctor and returns its lines by ID.
func (d *desk) ask(want int, args ...string) (state string, lines map[string]finding) {
	d.t.Helper()
	out, _ := d.run(want, append([]string{"doctor", "--json"}, args...)...)
	var report struct {
		State string
		Lines []finding
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		d.t.Fatalf("%v\n%s", err, out)
	}
	lines = map[string]finding{}
	for _, l := range report.Lines {
		if _, twice := lines[l.ID]; twice {
			d.t.Errorf("two lines are called %s", l.ID)
		}
		lines[l.ID] = l
	}
	return report.State, lines
}

// synced is a desk whose directory was checked and read.
func synced(t *testing.T) *desk {
	t.Helper()
	d := sit(t, 20)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.run(cli.ExitDone, "check")
	d.run(cli.ExitDone, "sync")
	return d
}

func TestTheDoctorFindsNothingWhereAllIsWell(t *testing.T) {
	t.Parallel()
	d := synced(t)
	state, lines := d.ask(cli.ExitDone)
	if state != "pass" {
		t.Errorf("the state is %s: %+v", state, lines)
	}
	for _, id := range []string{"version", "files", "key", "disk", "database", "schema", "integrity", "log", "sealed", "address", "letters",
		"connections", "connection/1/sign-in", "connection/1/credential", "connection/1/sync", "clock"} {
		if lines[id].State != "pass" {
			t.Errorf("%s is %+v", id, lines[id])
		}
	}
	if text, _ := d.run(cli.ExitDone, "doctor"); strings.Count(text, "\n") != len(lines) || !strings.Contains(text, "✓ The schema is this version's") {
		t.Errorf("for people it says %s", text)
	}
	if _, lines := d.ask(cli.ExitDone, "--offline"); lines["connection/1/sign-in"].State != "skip" || lines["clock"].State != "skip" {
		t.Errorf("offline it says %+v", lines)
	}
}

func TestTheDoctorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	const otherKey = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
	for name, tt := range map[string]struct {
		spoil func(d *desk) error
		args  []string
		id    string
		state string
		says  string // in the remedy
	}{
		"others may read the key": {func(d *desk) error { return os.Chmod(d.at("key"), 0o644) }, nil, "key", "fail", "chmod 600"},
		"the key is gone":         {func(d *desk) error { return os.Remove(d.at("key")) }, nil, "key", "fail", "Put it back"},
		"another key":             {func(d *desk) error { return os.WriteFile(d.at("key"), []byte(otherKey), 0o600) }, nil, "sealed", "fail", "key file of this database"},
		"no key in the variable":  {func(d *desk) error { d.env["MUSTER_KEY"] = "???"; return nil }, nil, "key", "fail", "openssl rand"},
		"an open folder":          {func(d *desk) error { return os.Chmod(d.data, 0o755) }, nil, "files", "warn", "chmod 700"},
		"not a database": {func(d *desk) error {
			return os.WriteFile(d.at("muster.db"), []byte("no database, and long enough to be none"), 0o600)
		}, nil, "database", "fail", "Check the path"},
		"an older schema": {func(d *desk) error { return d.sql(`DELETE FROM goose_db_version WHERE version_id = 6`) }, nil, "schema", "warn", "backup"},
		"a newer schema": {func(d *desk) error {
			return d.sql(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
		}, nil, "schema", "fail", "later one"},
		"the secret has ended": {func(d *desk) error { return d.sql(`UPDATE connection SET credential_ends = 1`) }, nil, "connection/1/credential", "fail", "Create a new one"},
		"the secret ends soon": {func(d *desk) error {
			return d.sql(`UPDATE connection SET credential_ends = $1`, time.Now().AddDate(0, 0, 7).UnixMicro())
		}, nil, "connection/1/credential", "warn", "Create a new one"},
		"nobody synced for days": {func(d *desk) error {
			return d.sql(`UPDATE connection SET schedule = '{"Incremental": "daily at 02:00"}'; UPDATE run SET finished_at = $1`, time.Now().AddDate(0, 0, -9).UnixMicro())
		}, nil, "connection/1/sync", "warn", "serve"},
		"a run is held": {func(d *desk) error {
			return d.sql(`INSERT INTO run SELECT 99, connection_id, mode, asked, 'held', stage, actor, scope, configuration, started_at, finished_at, applied, counts, stats, notes, error, hint FROM run WHERE id = 1`)
		}, nil, "connection/1/sync", "warn", "approve"},
		"no sync succeeded":      {func(d *desk) error { return d.sql(`UPDATE run SET state = 'failed', stage = 'read'`) }, nil, "connection/1/sync", "warn", "muster sync"},
		"the mail is broken":     {func(d *desk) error { return d.mailAt("127.0.0.1", 1) }, nil, "mail", "fail", "firewall"},
		"passwords in the clear": {func(*desk) error { return nil }, []string{"--listen", ":8080"}, "address", "warn", "--tls-cert"},
		"a proxy not named":      {func(*desk) error { return nil }, []string{"--base-url", "https://127.0.0.1:1"}, "address", "warn", "--trusted-proxy"},
		"the directory refuses":  {func(d *desk) error { d.hr.ExpireSecret(); return nil }, nil, "connection/1/sign-in", "fail", "paste its Value"},
		"the clock is wrong": {func(d *desk) error {
			return d.hr.Inject(entrasim.Fault{Kind: entrasim.FaultClockSkew, SkewSeconds: 120})
		}, nil, "clock", "warn", "NTP"},
		"nobody serves":  {func(*desk) error { return nil }, []string{"--base-url", "http://127.0.0.1:1"}, "reachable", "warn", "Start Muster"},
		"no certificate": {func(*desk) error { return nil }, []string{"--tls-cert", "/none.pem", "--tls-key", "/none.pem"}, "certificate", "fail", "PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := synced(t)
			if err := tt.spoil(d); err != nil {
				t.Fatal(err)
			}
			code := map[string]int{"fail": cli.ExitFailed, "warn": cli.ExitDone}[tt.state]
			state, lines := d.ask(code, tt.args...)
			if l := lines[tt.id]; state != tt.state || l.State != tt.state || !strings.Contains(l.Remedy, tt.says) {
				t.Errorf("got %s, with %+v; want %s and a remedy with %q", state, l, tt.state, tt.says)
			}
		})
	}
}

// at names a file in the data folder.
func (d *desk) at(name string) string { return filepath.Join(d.data, name) }

// sql changes the database behind the program's back.
func (d *desk) sql(text string, args ...any) error {
	db, err := sql.Open("sqlite", d.at("muster.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(d.t.Context(), text, args...)
	return err
}

// mailAt has letters go to a server.
func (d *desk) mailAt(host string, port int) error {
	db, err := store.Open(d.t.Context(), store.Config{Path: d.at("muster.db")})
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := secret.KeyFile(d.at("key"))
	if err != nil {
		return err
	}
	return mail.New(db, keys, nil).SaveServer(d.t.Context(), account.CommandLine(), mail.Server{Host: host, Port: port, Security: mail.Plain, Sender: "muster@fabrikam.example"})
}

func TestTheDoctorMakesNothing(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	if state, lines := d.ask(cli.ExitDone); state != "pass" || lines["database"].State != "skip" || lines["key"].State != "skip" {
		t.Errorf("where nothing is, it says %s, %+v", state, lines)
	}
	if _, err := os.Stat(d.data); err == nil {
		t.Error("it made the data folder")
	}
}

func TestTheReferenceListsWhatTheDoctorLooksAt(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), "## Doctor\n")
	part, _, _ = strings.Cut(part, "\n## ")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z/N-]+)` \\|").FindAllStringSubmatch(part, -1) {
		listed[m[1]] = true
	}
	_, lines := synced(t).ask(cli.ExitDone)
	for id := range lines {
		if name := strings.Replace(id, "/1/", "/N/", 1); !listed[name] {
			t.Errorf("the reference does not list %s", name)
		}
	}
	if len(listed) < len(lines) {
		t.Errorf("the reference lists %d lines, and the doctor says %d", len(listed), len(lines))
	}
}
