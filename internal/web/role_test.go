package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
)

func TestAnAdministratorMakesARoleForOneCollection(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	path := fmt.Sprintf("/m/%d/roles", o.module.ID)
	places := o.collection(register.Locations)
	if got := b.post(path, "name", "Warehouse", "allow", fmt.Sprintf("%d edit", places.ID), "allow", fmt.Sprintf("%d export", places.ID)); got.to != path {
		t.Fatalf("Add role leads to %q (%d)", got.to, got.status)
	}
	role, err := o.accounts.Role(t.Context(), o.module.ID, "Warehouse")
	o.must(err)
	want := []account.Permission{{Action: account.Edit, Collection: places.ID}, {Action: account.Export, Collection: places.ID}, {Action: account.View, Collection: places.ID}}
	if !slices.Equal(role.Permissions, want) {
		t.Errorf("the role allows %v, want %v", role.Permissions, want)
	}
	page := b.get(path).body
	for _, name := range []string{"Module Admin", "Collaborator", "Warehouse"} {
		if !strings.Contains(page, name) {
			t.Errorf("the page lacks the role %s", name)
		}
	}
}

func TestARefusedRoleIsShownAgainWithItsTicks(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	path := fmt.Sprintf("/m/%d/roles", o.module.ID)
	got := b.post(path, "name", "collaborator", "allow", "0 delete")
	if got.status != http.StatusConflict || !strings.Contains(got.body, "is a role of Muster") {
		t.Errorf("a role of Muster's name: %d", got.status)
	}
	if form := formOf(t, got.body, "role-form"); form.Get("name") != "collaborator" || !slices.Equal(form["allow"], []string{"0 delete"}) {
		t.Errorf("the form shown again holds %v", form)
	}
	for _, tt := range []struct {
		name   string
		allow  string
		status int
	}{
		{"nothing", "", http.StatusNotFound},
		{"what only administrators may", "0 manage_users", http.StatusUnprocessableEntity},
		{"a collection that is none", "x view", http.StatusNotFound},
		{"a collection of another account", "99999 view", http.StatusNotFound},
	} {
		if got := b.post(path, "name", "Odd", "allow", tt.allow); got.status != tt.status {
			t.Errorf("a role that allows %s: %d, want %d", tt.name, got.status, tt.status)
		}
	}
	if got := b.post(path, "name", "Odd"); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "Tick at least one action.") {
		t.Errorf("a role without a tick: %d", got.status)
	}
}
