package account_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// The table in the comment of Role, role by role: in the own module, in another
// module of the account, in the account as a whole, in another account, in the
// organization as a whole. y is allowed, f Forbidden, n NotFound.
const decisions = `
                      Organization Admin   Account Admin   Module Admin   Collaborator   Counter
view                  yyyyy                yyynf           yffnf          yffnf          yffnf
create                yyyyy                yyynf           yffnf          yffnf          fffnf
edit                  yyyyy                yyynf           yffnf          yffnf          yffnf
delete                yyyyy                yyynf           yffnf          fffnf          fffnf
check_out             yyyyy                yyynf           yffnf          yffnf          fffnf
import                yyyyy                yyynf           yffnf          fffnf          fffnf
export                yyyyy                yyynf           yffnf          fffnf          fffnf
manage_collections    yyyyy                yyynf           yffnf          fffnf          fffnf
manage_users          yyyyy                yyynf           yffnf          fffnf          fffnf
manage_integrations   yyyyy                yyynf           yffnf          fffnf          fffnf
approve_runs          yyyyy                yyynf           yffnf          fffnf          fffnf
view_audit            yyyyy                yyynf           yffnf          fffnf          fffnf
manage_accounts       yyyyy                yyynf           fffnf          fffnf          fffnf
`

// places are where the decisions are asked for; the roles hold in module 11 of
// account 1.
var places = []struct{ account, module int64 }{{1, 11}, {1, 12}, {1, 0}, {2, 21}, {0, 0}}

func TestRolesAllowWhatTheirTableSays(t *testing.T) {
	t.Parallel()
	counter := account.Role{Name: "Counter", Scope: account.ModuleWide, Permissions: []account.Permission{{Action: account.View}, {Action: account.Edit}}}
	roles := append(account.BuiltIn(), counter)
	asked := map[account.Action]bool{}
	for _, line := range strings.Split(strings.TrimSpace(decisions), "\n")[1:] {
		words := strings.Fields(line)
		action := account.Action(words[0])
		asked[action] = true
		for i, role := range roles {
			h := account.Holding{Account: 1, Module: 11, Role: role}
			switch role.Scope {
			case account.OrganizationWide:
				h.Account, h.Module = 0, 0
			case account.AccountWide:
				h.Module = 0
			}
			p := account.Principal{Name: "Ann", Holds: []account.Holding{h}}
			for j, place := range places {
				if got := decision(p.May(action, place.account, place.module, 0)); got != words[i+1][j:j+1] {
					t.Errorf("%s, %s in %v: got %s, want %s", role.Name, action, place, got, words[i+1][j:j+1])
				}
			}
		}
	}
	for _, perm := range account.BuiltIn()[0].Permissions {
		if !asked[perm.Action] {
			t.Errorf("the table says nothing of %s", perm.Action)
		}
	}
}

func decision(err error) string {
	switch {
	case err == nil:
		return "y"
	case errs.Is(err, errs.Forbidden):
		return "f"
	case errs.Is(err, errs.NotFound):
		return "n"
	}
	return err.Error()
}

func TestPermissionsOfOneCollectionEndThere(t *testing.T) {
	t.Parallel()
	p := account.Principal{Holds: []account.Holding{{Account: 1, Module: 11, Role: account.Role{Permissions: []account.Permission{
		{Action: account.View, Collection: 5}, {Action: account.View, Collection: 6}, {Action: account.Edit, Collection: 5},
	}}}}}
	for _, tt := range []struct {
		action     account.Action
		collection int64
		want       string
	}{
		{account.View, 5, "y"}, {account.View, 6, "y"}, {account.View, 7, "f"}, {account.View, 0, "f"},
		{account.Edit, 5, "y"}, {account.Edit, 6, "f"}, {account.Edit, 0, "f"},
	} {
		if got := decision(p.May(tt.action, 1, 11, tt.collection)); got != tt.want {
			t.Errorf("%s in collection %d: got %s, want %s", tt.action, tt.collection, got, tt.want)
		}
	}
}

func TestRolesAddUp(t *testing.T) {
	t.Parallel()
	p := account.Principal{Holds: []account.Holding{
		{Account: 1, Module: 11, Role: account.BuiltIn()[3]}, {Account: 2, Module: 21, Role: account.BuiltIn()[2]},
	}}
	for _, tt := range []struct {
		account, module int64
		want            string
	}{{1, 11, "f"}, {2, 21, "y"}, {2, 22, "f"}, {3, 31, "n"}} {
		if got := decision(p.May(account.Delete, tt.account, tt.module, 0)); got != tt.want {
			t.Errorf("account %d, module %d: got %s, want %s", tt.account, tt.module, got, tt.want)
		}
	}
	if (account.Principal{}).May(account.View, 1, 1, 0) == nil {
		t.Error("somebody without any role may view")
	}
}

func TestCustomRoles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		make := func(name string, perms ...account.Permission) (account.Role, error) {
			return w.svc.CreateRole(t.Context(), w.p, account.Role{Account: w.north.Account, Module: w.north.ID, Name: name, Permissions: perms})
		}
		r, err := make(" Counter ", account.Permission{Action: account.Edit})
		w.must(err)
		if r.Name != "Counter" || r.Administrator() || !r.Allows(account.Edit, 9) || !r.Allows(account.View, 9) || r.Allows(account.Delete, 9) {
			t.Errorf("got %+v, want Counter to edit and view", r)
		}
		found, err := w.svc.Role(t.Context(), w.north.ID, "COUNTER")
		w.must(err)
		if found.ID != r.ID || !found.Allows(account.Edit, 9) || found.Allows(account.Export, 9) {
			t.Errorf("read back %+v, want %+v", found, r)
		}
		_, err = w.svc.Role(t.Context(), w.west.ID, "Counter")
		want(t, "a role of another module", err, errs.NotFound)
		_, err = make("counter", account.Permission{Action: account.View})
		want(t, "the same name again", err, errs.Conflict)
		_, err = make("module admin", account.Permission{Action: account.View})
		want(t, "a name of Muster's own", err, errs.Conflict)
		_, err = make("Nothing")
		want(t, "no permission", err, errs.Invalid)
		_, err = make("Boss", account.Permission{Action: account.ManageUsers})
		want(t, "an administrator's right", err, errs.Invalid)
		_, err = make("Elsewhere", account.Permission{Action: account.View, Collection: 99})
		want(t, "a collection of no module", err, errs.NotFound)
	})
}

// The table of the manual says what the built-in roles allow.
func TestTheManualSaysWhatRolesAllow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "roles.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[account.Action][]string{}
	actions, _, _ := strings.Cut(string(text), "\n## ") // other tables follow
	for line := range strings.Lines(actions) {
		cells := strings.Split(line, "|")
		action, ok := strings.CutPrefix(strings.TrimSpace(cells[min(1, len(cells)-1)]), "`")
		if len(cells) == 8 && ok {
			name, _, _ := strings.Cut(action, "`")
			rows[account.Action(name)] = cells[2:7]
		}
	}
	seen := 0
	for i, role := range account.BuiltIn() {
		for action, cells := range rows {
			seen++
			says := strings.TrimSpace(cells[i]) != "no"
			if role.Allows(action, 0) != says {
				t.Errorf("%s, %s: the manual says %q, the role allows it: %v", role.Name, action, strings.TrimSpace(cells[i]), role.Allows(action, 0))
			}
		}
		for _, p := range role.Permissions {
			if rows[p.Action] == nil {
				t.Errorf("the manual does not name %s", p.Action)
			}
		}
	}
	if seen != 4*13 {
		t.Errorf("%d cells were compared, want 52", seen)
	}
}
