package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/register"

	"github.com/musterhq/muster/internal/account"
)

func TestAnAdministratorAddsAnAccountAndAModule(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	if got := b.post("/settings/accounts", "name", "Northwind"); got.to != "/settings/accounts" {
		t.Fatalf("Add account leads to %q (%d)", got.to, got.status)
	}
	page := b.get("/settings/accounts").body
	if !strings.Contains(page, "Northwind") || !strings.Contains(page, "No module yet") {
		t.Error("an account without a module is not in the tree, or does not say what to do next")
	}
	accounts, err := o.accounts.Accounts(t.Context(), account.CommandLine())
	o.must(err)
	north := accounts[2].ID
	got := b.post(fmt.Sprintf("/settings/accounts/%d/modules", north), "name", "Vehicles", "main", "Cars")
	if !strings.HasPrefix(got.to, "/m/") {
		t.Fatalf("Add module leads to %q (%d)", got.to, got.status)
	}
	module := b.get(got.to).body
	for _, want := range []string{"Cars", "Locations", "People", "Categories", got.to + "/collections", got.to + "/users", got.to + "/roles", got.to + "/integrations"} {
		if !strings.Contains(module, want) {
			t.Errorf("the page of the new module lacks %q", want)
		}
	}
}

func TestARefusedAccountOrModuleIsShownAgainAsTyped(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	modules := fmt.Sprintf("/settings/accounts/%d/modules", o.module.Account)
	for _, tt := range []struct {
		name, path, typed string
		status            int
		says              string
	}{
		{"an account whose name is taken", "/settings/accounts", "CONTOSO", http.StatusConflict, "There is an account named"},
		{"an account without a name", "/settings/accounts", "", http.StatusUnprocessableEntity, "The account needs a name"},
		{"a module whose name is taken", modules, "it contoso", http.StatusConflict, "There is a module named"},
	} {
		got := b.post(tt.path, "name", tt.typed, "main", "Tools")
		if got.status != tt.status || !strings.Contains(got.body, tt.says) {
			t.Errorf("%s: %d, want %d and %q", tt.name, got.status, tt.status, tt.says)
		}
		if !strings.Contains(got.body, `value="`+tt.typed+`"`) {
			t.Errorf("%s: what was typed is gone", tt.name)
		}
	}
}

func TestOnlyTheirAdministratorsAddAccountsAndModules(t *testing.T) {
	t.Parallel()
	o := open(t)
	modules := fmt.Sprintf("/settings/accounts/%d/modules", o.module.Account)
	for _, tt := range []struct {
		who, path string
		status    int
	}{
		{manager, "/settings/accounts", http.StatusForbidden},
		{manager, modules, http.StatusForbidden},
		{colleague, modules, http.StatusForbidden},
		{outsider, modules, http.StatusNotFound},
	} {
		if got := o.as(tt.who).post(tt.path, "name", "Mine"); got.status != tt.status {
			t.Errorf("%s to %s: %d, want %d", tt.who, tt.path, got.status, tt.status)
		}
	}
	page := o.as(manager).get("/settings/accounts").body
	if strings.Contains(page, "Fabrikam") || strings.Contains(page, "Add an account") || strings.Contains(page, "Add a module") {
		t.Error("a module's administrator is shown another account, or buttons that do nothing for them")
	}
}

func TestACollaboratorIsShownNoWayToManage(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(colleague)
	for _, path := range []string{"/settings/accounts", fmt.Sprintf("/m/%d", o.module.ID)} {
		got := b.get(path)
		if got.status != http.StatusOK || strings.Contains(got.body, ">Manage<") {
			t.Errorf("%s for a collaborator: %d, or with something to manage", path, got.status)
		}
	}
}

func TestAccountsAndModulesAreRenamedOnScreen(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	const list = "/settings/accounts"
	account := fmt.Sprintf("%s/%d/name", list, o.module.Account)
	module := fmt.Sprintf("%s/%d/modules/%d/name", list, o.module.Account, o.module.ID)
	for path, name := range map[string]string{account: "Contoso Europe", module: "Computers"} {
		if got := b.post(path, "name", name); got.to != list || !strings.Contains(b.get(list).body, name) {
			t.Errorf("renaming to %s leads to %q (%d)", name, got.to, got.status)
		}
	}
	got := b.post(account, "name", "fabrikam")
	id := fmt.Sprintf("rename-%d-0", o.module.Account)
	if form := formOf(t, got.body, id); got.status != http.StatusConflict || form.Get("name") != "fabrikam" || !strings.Contains(got.body, "named") {
		t.Errorf("a name that is taken: %d, and the form holds %v", got.status, form)
	}
	if got := o.as(manager).post(module, "name", "Mine"); got.status != http.StatusForbidden {
		t.Errorf("a module's administrator renames it: %d, want 403", got.status)
	}
	if got := o.as(outsider).post(account, "name", "Mine"); got.status != http.StatusNotFound {
		t.Errorf("somebody of another account renames it: %d, want 404", got.status)
	}
}

func TestCardsCountWhatTheyLeadTo(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.asset("Name", "one")
	o.asset("Name", "two")
	b := o.as(manager)
	module := fmt.Sprintf("/m/%d", o.module.ID)
	page := b.get(module).body
	for _, want := range []string{
		fmt.Sprintf(`<a href="%s/c/%d">2 records</a>`, module, o.collection(register.Main).ID),
		`<a href="` + module + `/users">3 users</a>`, // the Organization Admin reaches here, too
		`<a href="` + module + `/collections">4 collections</a>`, `<a href="` + module + `/integrations">0 integrations</a>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the module's page lacks %s", want)
		}
	}
	if page := o.as(colleague).get("/settings/accounts").body; !strings.Contains(page, "You manage nothing here") {
		t.Error("a collaborator is not told that there is nothing to manage")
	}
}

func TestEachPageOfTheSettingsIsMarkedInTheMenu(t *testing.T) {
	t.Parallel()
	b := open(t).as(boss)
	if got := b.get("/settings"); got.to != "/settings/accounts" {
		t.Errorf("/settings leads to %q (%d)", got.to, got.status)
	}
	for path, want := range map[string]bool{"/settings/accounts": true, "/settings/mail": true, "/settings/jobs": true, "/audit": false} {
		marked := regexp.MustCompile(`class="nav-link active" href="/settings" aria-current="page"`).MatchString(b.see(200, path))
		if marked != want {
			t.Errorf("on %s Settings is marked: %v, want %v", path, marked, want)
		}
	}
}
