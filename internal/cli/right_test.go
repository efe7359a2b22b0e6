package cli_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/cli"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
)

var update = flag.Bool("update", false, "write the table of commands into the manual")

// walker is somebody whose token commands work with on a server.
type walker struct{ column, token string }

// walkers are a user with each built-in role and two of a module's own in the
// module of the desk, an administrator of another account, and nobody.
func (d *desk) walkers() []walker {
	d.t.Helper()
	must := func(err error) {
		d.t.Helper()
		if err != nil {
			d.t.Fatal(err)
		}
	}
	ctx, p := d.t.Context(), account.CommandLine()
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(d.data, "muster.db")})
	must(err)
	defer db.Close()
	accounts, records := account.NewService(db, nil), register.New(db, nil)
	all, err := accounts.Modules(ctx, p, 0)
	must(err)
	here := all[0]
	there, err := accounts.CreateAccount(ctx, p, "Contoso")
	must(err)
	other, err := accounts.CreateModule(ctx, p, there.ID, "Vehicles", func(ctx context.Context, m account.Module) error {
		_, err := records.SetUpModule(ctx, p.Actor(), m.Account, m.ID, "Cars")
		return err
	})
	must(err)
	for name, action := range map[string]account.Action{"Porter": account.CheckOut, "Reader": account.View} {
		_, err := accounts.CreateRole(ctx, p, account.Role{Account: here.Account, Module: here.ID, Name: name, Permissions: []account.Permission{{Action: action}}})
		must(err)
	}
	out := []walker{}
	for _, w := range []struct {
		column, role string
		at           account.Module
	}{
		{account.OrganizationAdmin, account.OrganizationAdmin, account.Module{}}, {account.AccountAdmin, account.AccountAdmin, account.Module{Account: here.Account}},
		{account.ModuleAdmin, account.ModuleAdmin, here}, {account.Collaborator, account.Collaborator, here}, {"Porter", "Porter", here}, {"Reader", "Reader", here},
		{"another account", account.ModuleAdmin, other},
	} {
		role, err := accounts.Role(ctx, here.ID, w.role)
		must(err)
		l, err := accounts.Invite(ctx, p, account.Invitation{Email: strings.ReplaceAll(w.column, " ", "") + "@fabrikam.example", Role: role.ID, Account: w.at.Account, Module: w.at.ID})
		must(err)
		must(accounts.ResetPassword(ctx, p, l.Email, secret.New("correct horse battery")))
		who, err := accounts.PrincipalOf(ctx, l.ID, "")
		must(err)
		_, token, err := accounts.IssueToken(ctx, who, account.NewToken{Name: "walk", Scope: account.TokenDoes})
		must(err)
		out = append(out, walker{w.column, token.Reveal()})
	}
	return append(out, walker{"nobody", "mst_made-up"})
}

// examples are what each command that works with a server is tried with there.
func examples(person string) map[string][]string {
	return map[string][]string{
		"plan": {"--module", "IT"}, "sync": {"--module", "IT"}, "runs": {}, "run show": {"1"}, "approve": {"1", "--all"},
		"undo": {"2"}, // the first plan, which did nothing

		"explain": {person, "--module", "IT"}, "users": {}, "export": {"Assets", "--module", "IT"}, "record add": {"Assets", "Name=Screen", "--module", "IT"},
		"checkout": {"L-1", person, "--module", "IT"}, "checkin": {"L-1", "--module", "IT"}, "holdings": {person, "--module", "IT"},
	}
}

// verdictOf is what somebody may, by what a command said.
func verdictOf(t *testing.T, code int, said string) string {
	t.Helper()
	switch {
	case strings.Contains(said, "may not"):
		return "no"
	case strings.Contains(said, "token"): // is made up, revoked or over
		return "sign in"
	case strings.Contains(said, "there is no") && code == cli.ExitFailed:
		return "not there"
	case code == cli.ExitFailed && !strings.Contains(said, "checked out") && !strings.Contains(said, "holds nothing"), strings.Contains(said, "unknown flag"):
		t.Errorf("a command fails with %q", said)
	}
	return "yes"
}

// Every command that works with a server is tried there by every role, by somebody
// of another account and by nobody; the others work on this machine only. The
// table in the manual says so. Run with -update after adding a command.
func TestEachRoleCommandsWhatItMay(t *testing.T) {
	t.Parallel()
	d, _ := served(t, "Module Admin")
	d.run(cli.ExitDone, "record", "add", "Assets", "Name=Laptop", "Asset tag=L-1")
	out, _ := d.run(cli.ExitDone, "export", "People", "--format", "csv")
	person := strings.Split(strings.Split(out, "\n")[1], ",")[1]
	walkers := d.walkers()
	model, err := cli.Model()
	if err != nil {
		t.Fatal(err)
	}
	head, line := "| command | on the machine |", "|---|---|"
	for _, w := range walkers {
		head, line = head+" "+w.column+" |", line+"---|"
	}
	table := head + "\n" + line + "\n"
	tries := examples(person)
	for _, leaf := range model.Leaves(true) {
		name := strings.TrimPrefix(leaf.FullPath(), "muster ")
		table += "| `" + name + "` | yes |"
		args, there := tries[name]
		if !there && cli.Afar(leaf) {
			t.Errorf("muster %s works with a server: with what arguments is it tried?", name)
		}
		for _, w := range walkers {
			if !there {
				table += " – |"
				continue
			}
			d.env["MUSTER_TOKEN"] = w.token
			code, said := d.say(append(append([]string{"--server", d.env["SERVED"]}, strings.Fields(name)...), args...)...)
			table += " " + verdictOf(t, code, said) + " |"
		}
		table += "\n"
	}
	compareTable(t, table)
}

// say runs a command and returns its exit code and what it said is wrong.
func (d *desk) say(args ...string) (int, string) {
	var out, err bytes.Buffer
	code := cli.Run(d.t.Context(), args, strings.NewReader(""), &out, &err, func(name string) string { return d.env[name] })
	return code, err.String()
}

// compareTable holds a table against the one between its marks in the manual.
func compareTable(t *testing.T, table string) {
	t.Helper()
	const from, to = "<!-- commands: go test ./internal/cli -run EachRole -update -->\n", "<!-- end of commands -->"
	path := filepath.Join("..", "..", "docs", "reference", "roles.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, there := strings.Cut(string(text), from)
	now, after, ends := strings.Cut(rest, to)
	if !there || !ends {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+from+table+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if now != table {
		t.Errorf("%s says otherwise than commands do: go test ./internal/cli -run EachRole -update, and read the difference\n%s", path, table)
	}
}
