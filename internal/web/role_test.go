package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/mapping"
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

func TestACustomRoleIsEditedAndRemoved(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	list := fmt.Sprintf("/m/%d/roles", o.module.ID)
	b.post(list, "name", "Warehouse", "allow", "0 edit")
	path := list + "/" + o.role("Warehouse")
	form := formOf(t, b.get(path).body, "role-form")
	if !slices.Equal(form["allow"], []string{"0 view", "0 edit"}) {
		t.Errorf("the form ticks %q", form["allow"])
	}
	form.Set("name", "Stores")
	form["allow"] = append(form["allow"], "0 check_out")
	if got := b.do("POST", path, form); got.to != path {
		t.Fatalf("Save leads to %q (%d)", got.to, got.status)
	}
	if r, err := o.accounts.Role(t.Context(), o.module.ID, "Stores"); err != nil || !r.Allows(account.CheckOut, 0) {
		t.Errorf("the role is %+v, %v", r, err)
	}
	form.Set("name", "Collaborator")
	if got := b.do("POST", path, form); got.status != http.StatusConflict || formOf(t, got.body, "role-form").Get("name") != "Collaborator" {
		t.Errorf("a name that is Muster's: %d, want the form again", got.status)
	}
	b.post(fmt.Sprintf("/m/%d/users/%d/roles", o.module.ID, o.login(colleague).ID), "role", o.role("Stores"))
	if got := b.post(path + "/remove"); got.status != http.StatusConflict || !strings.Contains(got.body, "Choose the role that they get instead") {
		t.Errorf("a role that somebody has: %d, want it refused", got.status)
	}
	if got := b.post(path+"/remove", "to", o.role(account.Collaborator)); got.to != list {
		t.Fatalf("Remove leads to %q (%d)", got.to, got.status)
	}
	if g := o.login(colleague).Grants; len(g) != 1 || g[0].RoleName != account.Collaborator {
		t.Errorf("whoever had the role holds %+v", g)
	}
	if got := b.get(list + "/" + o.role(account.Collaborator)); got.status != http.StatusNotFound {
		t.Errorf("a role of Muster's own can be edited: %d", got.status)
	}
}

func TestARoleThatAMappingGivesStays(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _ := connected(t, o)
	list := fmt.Sprintf("/m/%d/roles", o.module.ID)
	b.post(list, "name", "Warehouse", "allow", "0 edit")
	role, err := o.accounts.Role(t.Context(), o.module.ID, "Warehouse")
	o.must(err)
	_, err = o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{{
		Name: "Staff", Kind: mapping.Login, Entity: directory.User, Identifier: mapping.ByObjectID, Module: o.module.ID, Role: role.ID,
		Units: []directory.UnitRef{{Kind: directory.Group, Name: "All Staff", Nested: true}},
	}})
	o.must(err)
	got := b.post(fmt.Sprintf("%s/%d/remove", list, role.ID))
	if got.status != http.StatusConflict || !strings.Contains(got.body, "The mapping Staff gives this role") {
		t.Errorf("removing it: %d, want it refused with the mapping's name", got.status)
	}
}
