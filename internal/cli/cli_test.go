package cli_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/cli"
	"github.com/musterhq/muster/internal/entrasim"
)

// desk is an administrator at a terminal: a data folder, a simulated tenant and
// a set-up file for it.
type desk struct {
	t      *testing.T
	data   string
	file   string
	tenant string // its address
	hr     *entrasim.Control
	env    map[string]string
}

const setUpFile = `organization:
  name: Fabrikam
  administrator: {email: admin@fabrikam.example, password: "${ADMIN_PASSWORD}"}
accounts:
  - name: Fabrikam
    modules:
      - name: IT
        main_collection: Assets
        collections:
          - name: People
            fields:
              - {name: Name, type: text, title: true, required: true}
              - {name: User principal name, type: text, unique: true}
              - {name: Department, type: text}
        integrations:
          - kind: microsoft-entra-id
            connection:
              tenant_id: %s
              client_id: %s
              application_object_id: %s
              client_secret: "${CLIENT_SECRET}"
              cloud: custom
              login_url: %s
              graph_url: %s
            mappings:
              - name: Everyone
                kind: records
                external_entity: users
                collection: People
                unique_identifier: user_principal_name
                fields:
                  - {from: displayName, to: Name}
                  - {from: userPrincipalName, to: User principal name}
                  - {from: department, to: Department, when_empty: clear}
              - name: Staff
                kind: login
                units: [{group: "All Staff"}]
                user_role: Collaborator
                unique_identifier: object_id
`

func sit(t *testing.T, people int) *desk {
	t.Helper()
	tenant := entrasim.New(entrasim.Config{Seed: 3, People: people, ClientSecret: "a+b/c=&%~x"})
	srv, err := tenant.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	d := &desk{t: t, data: filepath.Join(t.TempDir(), "data"), hr: tenant.Control(), env: map[string]string{
		"ADMIN_PASSWORD": "correct horse battery", "CLIENT_SECRET": "a+b/c=&%~x",
	}}
	d.file, d.tenant = filepath.Join(t.TempDir(), "muster.yaml"), srv.URL()
	d.write(fmt.Sprintf(setUpFile, entrasim.DefaultTenantID, entrasim.DefaultClientID, entrasim.DefaultApplicationObjectID, srv.URL(), srv.URL()))
	return d
}

func (d *desk) write(text string) {
	d.t.Helper()
	if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// type runs a command and wants an exit code.
func (d *desk) run(want int, args ...string) (stdout, stderr string) {
	d.t.Helper()
	var out, err bytes.Buffer
	code := cli.Run(context.Background(), append([]string{"--data", d.data}, args...), strings.NewReader(""), &out, &err,
		func(name string) string { return d.env[name] })
	if code != want {
		d.t.Fatalf("muster %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, out.String(), err.String())
	}
	return out.String(), err.String()
}

func (d *desk) json(into any, args ...string) {
	d.t.Helper()
	out, _ := d.run(cli.ExitDone, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		d.t.Fatalf("muster %v --json: %v\n%s", args, err, out)
	}
}

func TestAdministratorsPath(t *testing.T) {
	t.Parallel()
	d := sit(t, 200)
	if out, _ := d.run(cli.ExitDone, "apply", "-f", d.file, "--dry-run"); !strings.Contains(out, "+ mapping Everyone") {
		t.Errorf("dry run says %q", out)
	}
	d.run(cli.ExitDone, "apply", "-f", d.file)
	if out, _ := d.run(cli.ExitDone, "apply", "-f", d.file); !strings.Contains(out, "Nothing to change") {
		t.Errorf("applying twice says %q", out)
	}
	if out, _ := d.run(cli.ExitDone, "check"); strings.Contains(out, "✗") {
		t.Errorf("check says %q", out)
	}
	d.run(cli.ExitDone, "plan")
	d.run(cli.ExitDone, "sync")

	var runs []struct {
		ID     int64
		Mode   string
		State  string
		Counts map[string]int
	}
	d.json(&runs, "runs")
	if len(runs) != 2 || runs[0].Mode != "full" || runs[1].Mode != "preview" || runs[0].State != "succeeded" {
		t.Fatalf("runs: %+v, want the full run first, then the preview", runs)
	}
	for _, key := range []string{"added", "changed", "deactivated", "reactivated", "unchanged", "held", "skipped", "failed"} {
		if _, ok := runs[0].Counts[key]; !ok {
			t.Errorf("counts lack the key %q", key)
		}
	}

	out, _ := d.run(cli.ExitDone, "export", "People", "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(rows[0], "Integration status") || len(rows) < 150 {
		t.Errorf("export: head %v, %d rows", rows[0], len(rows))
	}

	var users []struct {
		Email, State string
		Roles        []string
		ObjectID     string `json:"object_id"`
	}
	d.json(&users, "users")
	directory := 0
	for _, u := range users {
		if u.ObjectID != "" && u.State == "active" && slices.Equal(u.Roles, []string{"Collaborator"}) {
			directory++
		}
	}
	if directory < 100 {
		t.Errorf("%d active directory users among %d", directory, len(users))
	}
}

func TestWrongSecretSaysWhatToDo(t *testing.T) {
	t.Parallel()
	d := sit(t, 50)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.hr.RotateSecret("another")
	_, stderr := d.run(cli.ExitFailed, "sync")
	if !strings.Contains(stderr, "→") || !strings.Contains(strings.ToLower(stderr), "secret") {
		t.Errorf("sync says %q, want the secret named and a next step", stderr)
	}
	if out, _ := d.run(cli.ExitFailed, "check"); !strings.Contains(out, "✗") {
		t.Errorf("check says %q", out)
	}
	out, _ := d.run(cli.ExitDone, "runs")
	if !strings.Contains(out, "failed") {
		t.Errorf("runs says %q", out)
	}
}

func TestUnknownKeyIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	d := sit(t, 50)
	text, err := os.ReadFile(d.file)
	if err != nil {
		t.Fatal(err)
	}
	d.write(strings.Replace(string(text), "user_role:", "user_rolle:", 1))
	_, stderr := d.run(cli.ExitUsage, "apply", "-f", d.file)
	if !strings.Contains(stderr, "muster.yaml:") || !strings.Contains(stderr, `"user_role"`) {
		t.Errorf("apply says %q, want file, line and what was meant", stderr)
	}
	d.write(strings.Replace(string(text), "to: Department", "to: Departmant", 1))
	_, stderr = d.run(cli.ExitUsage, "apply", "-f", d.file)
	if !strings.Contains(stderr, "muster.yaml:") || !strings.Contains(stderr, `"Department"`) {
		t.Errorf("apply says %q", stderr)
	}
}

func TestHeldRunExitsWithThreeAndIsApproved(t *testing.T) {
	t.Parallel()
	d := sit(t, 200)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.run(cli.ExitDone, "sync")
	members, _, err := d.hr.Members("All Staff", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range members {
		if err := d.hr.RemoveMember("All Staff", id); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := d.run(cli.ExitHeld, "sync")
	if !strings.Contains(out, "muster approve 2") {
		t.Errorf("the report does not say how to approve: %q", out)
	}
	d.run(cli.ExitUsage, "approve", "2")
	d.run(cli.ExitDone, "approve", "2", "--all")
	d.run(cli.ExitFailed, "approve", "2", "--all")
	d.run(cli.ExitDone, "undo", "2")
}

func TestMissingGroupExitsWithFour(t *testing.T) {
	t.Parallel()
	d := sit(t, 60)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	if _, err := d.hr.DeleteGroup("All Staff"); err != nil {
		t.Fatal(err)
	}
	out, _ := d.run(cli.ExitPartial, "sync")
	if !strings.Contains(out, "All Staff") {
		t.Errorf("the report does not name the group: %q", out)
	}
}

func TestCustodyFromTheCommandLine(t *testing.T) {
	t.Parallel()
	d := sit(t, 60)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.run(cli.ExitDone, "sync")
	members, _, err := d.hr.Members("All Staff", 1)
	if err != nil {
		t.Fatal(err)
	}
	person, err := d.hr.Person(members[0])
	if err != nil {
		t.Fatal(err)
	}
	d.run(cli.ExitDone, "record", "add", "Assets", "Name=MacBook 14")
	d.run(cli.ExitDone, "checkout", "MacBook 14", person.UserPrincipalName, "--due", "2030-01-31")
	d.run(cli.ExitFailed, "checkout", "MacBook 14", person.UserPrincipalName)
	var held []struct{ Title, Due string }
	d.json(&held, "holdings", person.UserPrincipalName)
	if len(held) != 1 || held[0].Title != "MacBook 14" || !strings.HasPrefix(held[0].Due, "2030-01-31") {
		t.Errorf("holdings: %+v", held)
	}
	d.run(cli.ExitDone, "checkin", "MacBook 14")
	if out, _ := d.run(cli.ExitDone, "holdings", person.UserPrincipalName); !strings.Contains(out, "holds nothing") {
		t.Errorf("holdings after the check-in: %q", out)
	}
	if _, err := d.hr.Disable(members[0]); err != nil {
		t.Fatal(err)
	}
	d.run(cli.ExitDone, "sync")
	_, stderr := d.run(cli.ExitFailed, "checkout", "MacBook 14", person.UserPrincipalName)
	if !strings.Contains(stderr, "left") && !strings.Contains(stderr, "Disabled") {
		t.Errorf("handing something to a leaver says %q", stderr)
	}
	d.run(cli.ExitDone, "checkout", "MacBook 14", person.UserPrincipalName, "--override", "returns it tomorrow")
}

func TestBackupRestoresElsewhere(t *testing.T) {
	t.Parallel()
	d := sit(t, 60)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.run(cli.ExitDone, "sync")
	want, _ := d.run(cli.ExitDone, "export", "People")
	file := filepath.Join(t.TempDir(), "b")
	d.run(cli.ExitDone, "backup", file)
	d.run(cli.ExitFailed, "restore", file) // not into a database that holds something
	elsewhere := &desk{t: t, data: filepath.Join(t.TempDir(), "other"), env: d.env}
	elsewhere.run(cli.ExitDone, "restore", file)
	if got, _ := elsewhere.run(cli.ExitDone, "export", "People"); got != want {
		t.Error("the restored database exports something else")
	}
}

func TestUsageErrorsExitWithTwo(t *testing.T) {
	t.Parallel()
	d := sit(t, 10)
	for _, args := range [][]string{{"nosuch"}, {"sync", "--nosuch"}, {"runs", "--limit", "x"}, {"export"}} {
		if _, stderr := d.run(cli.ExitUsage, args...); !strings.Contains(stderr, "→") {
			t.Errorf("muster %v says %q, want a next step", args, stderr)
		}
	}
}

// F60: no output ever shows the client secret.
func TestF60SecretIsNowhereInOutput(t *testing.T) {
	t.Parallel()
	d := sit(t, 30)
	var all strings.Builder
	for _, args := range [][]string{
		{"apply", "-f", d.file}, {"check"}, {"check", "--json"}, {"sync"}, {"runs", "--json"}, {"run", "show", "1", "--json"}, {"users", "--json"},
	} {
		out, stderr := d.run(cli.ExitDone, args...)
		all.WriteString(out + stderr)
	}
	if strings.Contains(all.String(), d.env["CLIENT_SECRET"]) || strings.Contains(all.String(), d.env["ADMIN_PASSWORD"]) {
		t.Error("a secret was printed")
	}
	db, err := os.ReadFile(filepath.Join(d.data, "muster.db"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(db, []byte(d.env["CLIENT_SECRET"])) {
		t.Error("the database holds the client secret in the clear")
	}
}

func TestExampleOfTheReferenceApplies(t *testing.T) {
	t.Parallel()
	d := &desk{t: t, data: filepath.Join(t.TempDir(), "data"), env: map[string]string{
		"MUSTER_ADMIN_PASSWORD": "correct horse battery", "ENTRA_CLIENT_SECRET": "x", "MUSTER_BREAK_GLASS_PASSWORD": "staple correct battery horse",
	}}
	d.run(cli.ExitDone, "apply", "-f", filepath.Join("..", "..", "docs", "examples", "muster.yaml"))
	if out, _ := d.run(cli.ExitDone, "apply", "-f", filepath.Join("..", "..", "docs", "examples", "muster.yaml")); !strings.Contains(out, "Nothing to change") {
		t.Errorf("applying the example twice says %q", out)
	}
}

func TestEveryCommandIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, data: t.TempDir()}
	out, _ := d.run(cli.ExitDone, "completion", "bash")
	_, list, _ := strings.Cut(out, `"`)
	list, _, _ = strings.Cut(list, `"`)
	names := strings.Fields(list)
	if len(names) < 20 {
		t.Fatalf("completion names %d commands: %q", len(names), out)
	}
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name) && !strings.Contains(string(text), ", `"+name) {
			t.Errorf("docs/reference/commands.md does not mention %s", name)
		}
	}
}

func TestSyncOfOneMappingDoesOnlyItsPart(t *testing.T) {
	t.Parallel()
	d := sit(t, 80)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	people := func() (n int) {
		out, _ := d.run(cli.ExitDone, "export", "People")
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return len(rows) - 1
	}
	d.run(cli.ExitDone, "plan", "--mapping", "Staff")
	d.run(cli.ExitDone, "sync", "--mapping", "staff")
	var users []map[string]any
	d.json(&users, "users")
	if len(users) < 10 || people() != 0 {
		t.Errorf("%d users and %d people, want users alone", len(users), people())
	}
	d.run(cli.ExitDone, "sync")
	if people() < 60 {
		t.Errorf("%d people after the sync of the rest", people())
	}
	var runs []struct{ Mapping int64 }
	d.json(&runs, "runs")
	if len(runs) != 3 || runs[0].Mapping != 0 || runs[1].Mapping == 0 {
		t.Errorf("runs %+v, want the mapping named of all but the newest", runs)
	}
	if _, stderr := d.run(cli.ExitFailed, "sync", "--mapping", "Nobody"); !strings.Contains(stderr, "Everyone, Staff") {
		t.Errorf("a mapping that is not there: %q", stderr)
	}
}
