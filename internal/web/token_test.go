package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/secret"
)

// shown finds the token that a page shows, if it shows one.
func shown(page string) string { return regexp.MustCompile(`mst_[a-z0-9]{48}`).FindString(page) }

func TestAUserMakesAnAPITokenAndSeesItOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(colleague)
	got := b.post("/profile/tokens", "name", "Inventory script", "scope", "write", "days", "30")
	text := shown(got.body)
	if got.status != http.StatusOK || text == "" {
		t.Fatalf("making a token: %d, and it shows %q", got.status, text)
	}
	page := b.get("/profile/tokens").body
	if shown(page) != "" || !strings.Contains(page, "Inventory script") || !strings.Contains(page, "never") {
		t.Error("the list shows the token again, or does not name it as never used")
	}
	p, tok, err := o.accounts.PrincipalOfToken(t.Context(), secret.New(text), "192.0.2.1")
	o.must(err)
	if p.May(account.Edit, o.module.Account, o.module.ID, 0) != nil {
		t.Error("the token does not allow what it says")
	}
	revoke := fmt.Sprintf("/profile/tokens/%d/revoke", tok.ID)
	if got := o.as(manager).post(revoke); got.status != http.StatusNotFound {
		t.Errorf("somebody else revokes it: %d, want 404", got.status)
	}
	if got := b.post(revoke); got.to != "/profile/tokens" {
		t.Errorf("revoking leads to %q (%d)", got.to, got.status)
	}
	if _, _, err := o.accounts.PrincipalOfToken(t.Context(), secret.New(text), "192.0.2.1"); err == nil {
		t.Error("a revoked token is still good")
	}
}

func TestAnAdministratorAddsAService(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	path := fmt.Sprintf("/m/%d/tokens", o.module.ID)
	role, err := o.accounts.Role(t.Context(), o.module.ID, account.Collaborator)
	o.must(err)
	got := b.post(path, "name", "ERP", "scope", "read", "days", "90", "role", fmt.Sprint(role.ID))
	text := shown(got.body)
	if got.status != http.StatusOK || text == "" {
		t.Fatalf("adding a service: %d, and it shows %q", got.status, text)
	}
	p, _, err := o.accounts.PrincipalOfToken(t.Context(), secret.New(text), "192.0.2.1")
	o.must(err)
	if p.Login != 0 || p.Name != "ERP" || p.May(account.View, o.module.Account, o.module.ID, 0) != nil {
		t.Errorf("the service speaks as %+v", p)
	}
	if page := b.get(path).body; !strings.Contains(page, "ERP") || !strings.Contains(page, account.Collaborator) {
		t.Error("the list does not name the service with its role")
	}
	for _, tt := range []struct{ name, token, scope, days, role, says string }{
		{"no name", "", "read", "90", fmt.Sprint(role.ID), "needs a name"},
		{"no role", "x", "read", "90", "", "needs a role"},
		{"a scope that is none", "x", "all", "90", fmt.Sprint(role.ID), "no scope"},
		{"for ever", "x", "read", "99999", fmt.Sprint(role.ID), "lives 1 to 366 days"},
		{"no number of days", "x", "read", "soon", fmt.Sprint(role.ID), "no number of days"},
	} {
		got := b.post(path, "name", tt.token, "scope", tt.scope, "days", tt.days, "role", tt.role)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, tt.says) || formOf(t, got.body, "token-form").Get("name") != tt.token {
			t.Errorf("%s: %d, want 422, %q and what was typed", tt.name, got.status, tt.says)
		}
	}
}
