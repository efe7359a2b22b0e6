package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/mapping"
)

// login is a user by email as the command line sees them.
func (o *office) login(email string) account.Login {
	o.t.Helper()
	l, err := o.accounts.FindLogin(o.t.Context(), account.CommandLine(), email)
	o.must(err)
	return l
}

func (o *office) role(name string) string {
	o.t.Helper()
	r, err := o.accounts.Role(o.t.Context(), o.module.ID, name)
	o.must(err)
	return fmt.Sprint(r.ID)
}

func TestAnAdministratorInvitesAndChangesAUser(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	users := fmt.Sprintf("/m/%d/users", o.module.ID)
	made := b.post(users, "email", "new@contoso.example", "name", "Nele New", "role", o.role(account.Collaborator))
	if made.status != http.StatusSeeOther || !strings.HasPrefix(made.to, users+"/") {
		t.Fatalf("Invite leads to %q (%d)", made.to, made.status)
	}
	if page := b.get(made.to).body; !strings.Contains(page, "Nele New") || !strings.Contains(page, "Invited") || !strings.Contains(page, "by hand") {
		t.Error("the page of an invited user lacks the name, the state, or where the role is from")
	}
	b.post(made.to+"/roles", "role", o.role(account.ModuleAdmin))
	if got := o.login("new@contoso.example").Grants; len(got) != 1 || got[0].RoleName != account.ModuleAdmin {
		t.Errorf("after giving another role the user holds %+v", got)
	}
	b.post(made.to + "/deactivate")
	if got := o.login("new@contoso.example"); got.State != account.Deactivated || got.DeactivatedBy != account.ByHand {
		t.Errorf("the user is %s by %s", got.State, got.DeactivatedBy)
	}
	b.post(made.to + "/reactivate")
	if got := o.login("new@contoso.example").State; got != account.Invited {
		t.Errorf("the user without a password is %s again", got)
	}
	if got := b.post(made.to+"/roles/take", "account", fmt.Sprint(o.module.Account), "at", fmt.Sprint(o.module.ID)); got.to != users {
		t.Errorf("taking the last role leads to %q (%d)", got.to, got.status)
	}
	if got := b.get(made.to); got.status != http.StatusNotFound {
		t.Errorf("a user without a role here: %d, want 404", got.status)
	}
}

func TestARefusedInvitationIsShownAgain(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	got := b.post(fmt.Sprintf("/m/%d/users", o.module.ID), "email", "no email", "name", "Nele", "role", o.role(account.Collaborator))
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("an invitation without an email: %d", got.status)
	}
	if form := formOf(t, got.body, "invite-form"); form.Get("email") != "no email" || form.Get("name") != "Nele" {
		t.Errorf("the form shown again holds %v", form)
	}
}

func TestTheLastAdministratorStaysAndThePageSaysWhy(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	path := fmt.Sprintf("/m/%d/users/%d", o.module.ID, o.login(boss).ID)
	for _, why := range [][2]string{{"is break-glass, and stays", "Take the mark away first"}, {"without an active administrator", "Give somebody else the role"}} {
		for _, act := range []string{"/deactivate", "/roles/take"} {
			got := b.post(path+act, "account", "0", "at", "0")
			if got.to != path {
				t.Fatalf("%s leads to %q (%d)", act, got.to, got.status)
			}
			if page := b.get(path).body; !strings.Contains(page, why[0]) || !strings.Contains(page, why[1]) {
				t.Errorf("after %s the page does not say why it was refused", act)
			}
		}
		b.post(path+"/break-glass", "on", "")
	}
	if log := b.get("/audit").body; strings.Count(strings.ToLower(log), "locking out refused") < 4 {
		t.Error("the audit log does not tell of each attempt")
	}
	if l := o.login(boss); l.State != account.Active || len(l.Grants) != 1 {
		t.Errorf("the last administrator is %s with %d roles", l.State, len(l.Grants))
	}
}

func TestUsersBelongToWhoManagesThem(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	theirs := fmt.Sprintf("/m/%d/users/%d", o.module.ID, o.login(outsider).ID)
	for _, act := range []string{"", "/deactivate", "/roles", "/roles/take", "/password"} {
		got := b.get(theirs)
		if act != "" {
			got = b.post(theirs+act, "role", o.role(account.Collaborator), "password", password)
		}
		if got.status != http.StatusNotFound {
			t.Errorf("%q on somebody of another account: %d, want 404", act, got.status)
		}
	}
	mine := fmt.Sprintf("/m/%d/users/%d", o.module.ID, o.login(colleague).ID)
	b.post(mine+"/roles", "role", o.role(account.OrganizationAdmin))
	b.post(mine+"/break-glass", "on", "yes")
	if got := b.post(mine+"/password", "password", "another horse battery"); got.status != http.StatusForbidden {
		t.Errorf("a module's administrator sets a password: %d, want 403", got.status)
	}
	if l := o.login(colleague); l.BreakGlass || len(l.Grants) != 1 || l.Grants[0].RoleName != account.Collaborator {
		t.Errorf("a module's administrator made somebody %+v", l)
	}
}

func TestAnOrganizationAdminSetsAPassword(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	path := fmt.Sprintf("/m/%d/users/%d", o.module.ID, o.login(colleague).ID)
	if got := b.post(path+"/password", "password", "short"); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "at least 12") {
		t.Errorf("a short password: %d", got.status)
	}
	if got := b.post(path+"/password", "password", "another horse battery"); got.to != path {
		t.Errorf("Set password leads to %q (%d)", got.to, got.status)
	}
	if got := o.stranger().post("/sign-in", "email", colleague, "password", "another horse battery"); got.status != http.StatusSeeOther {
		t.Errorf("signing in with the new password: %d", got.status)
	}
	if b.post(path+"/break-glass", "on", "yes"); !o.login(colleague).BreakGlass {
		t.Error("the user is not break-glass")
	}
}

func TestUsersAreLookedForAndTellWhereRolesComeFrom(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	users := fmt.Sprintf("/m/%d/users", o.module.ID)
	b.post(users, "email", "new@contoso.example", "name", "Nele New", "role", o.role(account.Collaborator))
	for _, tt := range []struct{ query, has, lacks string }{
		{"", "Nele New", outsider},
		{"?q=ELE", "Nele New", colleague},
		{"?state=invited", "Nele New", colleague},
		{"?origin=directory", "Nobody found", "Nele New"},
		{"?role-is=" + o.role(account.ModuleAdmin), manager + "</div>", "Nele New"},
		{"?where=all", "Nele New", outsider}, // not for who manages one module
	} {
		if page := b.get(users + tt.query).body; !strings.Contains(page, tt.has) || strings.Contains(page, tt.lacks) {
			t.Errorf("%q: want %s and not %s", tt.query, tt.has, tt.lacks)
		}
	}
	if page := o.as(boss).get(users + "?where=all").body; !strings.Contains(page, outsider) {
		t.Error("an Organization Admin does not find the users of other accounts")
	}
	if page := b.get(users + "?q=nele").body; !strings.Contains(page, "by hand, by "+manager) {
		t.Error("the list does not say who gave the role")
	}
}

func TestARoleFromAMappingLeadsToTheMapping(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	role, err := o.accounts.Role(t.Context(), o.module.ID, account.Collaborator)
	o.must(err)
	_, err = o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{{
		Name: "Staff", Kind: mapping.Login, Entity: directory.User, Identifier: mapping.ByObjectID, Module: o.module.ID, Role: role.ID,
		Units: []directory.UnitRef{{Kind: directory.Group, Name: "All Staff", Nested: true}},
	}})
	o.must(err)
	id, err := o.work.Start(t.Context(), account.CommandLine(), 1, integration.Order{})
	o.must(err)
	progress, err := o.work.Watch(t.Context(), account.CommandLine(), id)
	o.must(err)
	for range progress {
	}
	maps, err := o.work.Mappings(t.Context(), account.CommandLine(), 1)
	o.must(err)
	link := fmt.Sprintf(`<a class="in-text" href="%s/mapping/%d">Staff</a>`, path, maps[0].ID)
	page := b.get(fmt.Sprintf("/m/%d/users?origin=directory", o.module.ID)).body
	if !strings.Contains(page, link) {
		t.Errorf("the list of users lacks %s", link)
	}
}
