package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

// connected adds the integration on screen, as the manager, and returns the
// browser and the integration's path.
func connected(t *testing.T, o *office) (*browser, string) {
	t.Helper()
	b := o.as(manager)
	base := fmt.Sprintf("/m/%d/integrations", o.module.ID)
	if got := b.get(base); !strings.Contains(got.body, "No integration yet") {
		t.Error("an empty list does not say what to do next")
	}
	if got := b.post(base+"/store", "kind", syncer.EntraKind); got.to != base {
		t.Fatalf("Add leads to %q (%d), want %q", got.to, got.status, base)
	}
	list, err := o.work.InModule(t.Context(), account.CommandLine(), o.module)
	o.must(err)
	path := fmt.Sprintf("%s/%d", base, list[0].ID)
	got := b.post(path, "tenant_id", entrasim.DefaultTenantID, "client_id", entrasim.DefaultClientID,
		"application_object_id", entrasim.DefaultApplicationObjectID, "client_secret", entrasim.DefaultClientSecret,
		"cloud", "custom", "login_url", o.tenant.URL(), "graph_url", o.tenant.URL())
	if got.status != http.StatusOK || !strings.Contains(got.body, "The connection is saved.") {
		t.Fatalf("Test and Save Connection: %d", got.status)
	}
	if strings.Contains(b.get(path).body, entrasim.DefaultClientSecret) {
		t.Error("the stored secret is on the page")
	}
	return b, path
}

func TestAnAdministratorGoesTheWholeWayOnScreen(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	people := o.collection(register.People)
	page := b.get(fmt.Sprintf("%s/mapping/new?kind=records&name=Everyone&entity=users&collection=%d", path, people.ID))
	form := formOf(t, page.body, "mapping-form")
	if len(form["to"]) < 3 {
		t.Errorf("the form suggests %d rows, want the obvious ones", len(form["to"]))
	}
	if got := b.do("POST", path+"/mapping/new/preview", form); !strings.Contains(got.body, "1 of ") {
		t.Errorf("the preview shows nobody: %s", got.body)
	}
	effect := b.do("POST", path+"/mapping/new", form)
	if effect.status != http.StatusOK || !strings.Contains(effect.body, "What saving would do") || !strings.Contains(effect.body, "added") {
		t.Fatalf("Save shows no effect: %d", effect.status)
	}
	if maps, err := o.work.Mappings(t.Context(), account.CommandLine(), 1); err != nil || len(maps) != 0 {
		t.Errorf("showing the effect kept the mapping: %d, %v", len(maps), err)
	}
	form.Set("confirm", "yes")
	if got := b.do("POST", path+"/mapping/new", form); got.to != path+"/mapping" {
		t.Fatalf("confirming leads to %q (%d)", got.to, got.status)
	}
	started := b.post(path+"/runs", "how", "changes")
	if !strings.HasPrefix(started.to, path+"/runs/") {
		t.Fatalf("Sync now leads to %q (%d)", started.to, started.status)
	}
	if got := b.get(started.to + "/progress"); !strings.Contains(got.body, "data-go") {
		t.Error("the progress of a run has no end")
	}
	if report := b.get(started.to); !strings.Contains(report.body, "Succeeded") {
		t.Errorf("the report does not say that the run succeeded")
	}
	if got := b.get(started.to + "?format=csv"); !strings.HasPrefix(got.body, "number,name,what") {
		t.Error("the download is no list of changes")
	}
	if list := b.get(fmt.Sprintf("/m/%d/c/%d", o.module.ID, people.ID)); !strings.Contains(list.body, "Active") {
		t.Error("nobody appeared in People")
	}
}

// Who a login mapping would let in is previewed by name and email, and nobody
// takes the preview of an outsider for a member.
func TestThePreviewOfALoginSaysWhoWouldSignIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	form := formOf(t, b.see(http.StatusOK, path+"/mapping/new?kind=login&name=Staff"), "mapping-form")
	form.Set("unit", "All Staff")
	wantParts(t, "the preview with a unit", b.do("POST", path+"/mapping/new/preview", form).body, "User who can sign in", "@", "Shown as if it were in the unit")
}

// collection is the first module's collection of a kind.
func (o *office) collection(kind register.Kind) register.Collection {
	o.t.Helper()
	all, err := o.records.ModuleCollections(o.t.Context(), o.module.Account, o.module.ID)
	o.must(err)
	for _, c := range all {
		if c.Kind == kind {
			return c
		}
	}
	o.t.Fatalf("no collection of kind %s", kind)
	return register.Collection{}
}

func TestAMappingComesThroughItsFormUnchanged(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	people := o.collection(register.People)
	fields, err := o.records.Fields(t.Context(), o.module.Account, people.ID)
	o.must(err)
	to := map[string]int64{}
	for _, f := range fields {
		to[f.Name] = f.ID
	}
	keep := reconcile.KeepWhenEmpty
	role, err := o.accounts.Role(t.Context(), o.module.ID, account.Collaborator)
	o.must(err)
	defs := []mapping.Definition{
		{
			Name: "People of “Berlin” & <Nairobi>", Kind: mapping.Records, Entity: directory.User, Collection: people.ID, Identifier: mapping.ByPrincipal,
			Guests: mapping.ExcludeGuests, Zone: "Europe/Berlin",
			Units: []directory.UnitRef{{Kind: directory.Group, Name: "All Staff", Nested: true}, {Kind: directory.Group, Name: "Asset managers"}},
			Conditions: []mapping.Condition{
				{Path: "userType", Operator: mapping.Equals, Value: "Member"},
				{Path: "department", Operator: mapping.In, Values: []string{"Sales", "IT"}},
			},
			Rows: []mapping.Row{
				{From: "displayName", To: to["Name"], Owner: reconcile.FillIfEmpty, Empty: &keep},
				{From: "mail", To: to["Email"], Fallback: []string{"userPrincipalName"}, Transforms: []mapping.Transform{{Kind: mapping.Trim}, {Kind: mapping.Lower}}},
				{From: "userPrincipalName", To: to["User principal name"], Transforms: []mapping.Transform{{Kind: mapping.First, Text: "#"}}},
			},
		},
		{
			Name: "Staff", Kind: mapping.Login, Entity: directory.User, Identifier: mapping.ByObjectID, Module: o.module.ID, Role: role.ID,
			Units: []directory.UnitRef{{Kind: directory.Group, Name: "All Staff", Nested: true}}, LeaveWhenNotFound: true,
		},
	}
	_, err = o.work.SaveMappings(t.Context(), account.CommandLine(), 1, defs)
	o.must(err)
	stored, err := o.work.Mappings(t.Context(), account.CommandLine(), 1)
	o.must(err)
	for _, m := range stored {
		at := fmt.Sprintf("%s/mapping/%d", path, m.ID)
		form := formOf(t, b.get(at).body, "mapping-form")
		form.Set("confirm", "yes")
		if got := b.do("POST", at, form); got.status != http.StatusSeeOther {
			t.Errorf("saving %q: %d %s", m.Name, got.status, got.body)
		}
	}
	after, err := o.work.Mappings(t.Context(), account.CommandLine(), 1)
	o.must(err)
	for i := range stored {
		if got, want := fmt.Sprintf("%+v", plain(after[i].Definition)), fmt.Sprintf("%+v", plain(stored[i].Definition)); got != want {
			t.Errorf("the form changed the mapping\n got %s\nwant %s", got, want)
		}
	}
}

// plain replaces pointers by what they lead to, for printing.
func plain(def mapping.Definition) any {
	var rules []string
	for i := range def.Rows {
		rule := "default"
		if def.Rows[i].Empty != nil {
			rule = fmt.Sprint(*def.Rows[i].Empty)
		}
		rules = append(rules, rule)
		def.Rows[i].Empty = nil
	}
	return struct {
		Def   mapping.Definition
		Empty []string
	}{def, rules}
}

func TestABadScheduleIsRefusedInItsPlace(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	got := b.post(path+"/schedule", "incremental", "now and then", "full", "daily at 02:30", "time_zone", "Europe/Berlin")
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "now and then") {
		t.Errorf("a bad schedule: %d; want the form again with what was typed", got.status)
	}
	if got := b.post(path+"/schedule", "incremental", "hourly", "full", "", "time_zone", "Europe/Berlin"); got.status != http.StatusSeeOther {
		t.Errorf("a good schedule: %d", got.status)
	}
}

func TestThingsGoOutAndComeBackOnScreen(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	assets, people := o.collection(register.Main), o.collection(register.People)
	add := func(c register.Collection, name string) string {
		t.Helper()
		title, err := o.records.TitleField(t.Context(), c.ID)
		o.must(err)
		got := b.post(fmt.Sprintf("/m/%d/c/%d/new", o.module.ID, c.ID), fmt.Sprintf("f%d", title), name)
		if got.status != http.StatusSeeOther {
			t.Fatalf("adding %s: %d", name, got.status)
		}
		return got.to
	}
	laptop, ann := add(assets, "ThinkPad <b>X1</b>"), add(people, "Ann O'Brien")
	if page := b.get(laptop); strings.Contains(page.body, "<b>X1</b>") {
		t.Error("a name is put into the page as markup")
	}
	b.post(laptop+"/check-out", "holder", "ann o'brien", "due", "2999-12-31", "note", "with charger")
	if page := b.get(laptop); !strings.Contains(page.body, "Held by") || !strings.Contains(page.body, "Check in") {
		t.Error("the laptop's page does not show its holder")
	}
	if page := b.get(ann); !strings.Contains(page.body, "ThinkPad") {
		t.Error("the person's page does not show what she holds")
	}
	b.post(laptop+"/check-in", "condition", "scratched")
	if page := b.get(laptop); !strings.Contains(page.body, "scratched") || strings.Contains(page.body, "Held by") {
		t.Error("the laptop is not back")
	}
	if got := b.get(fmt.Sprintf("/m/%d/leavers", o.module.ID)); !strings.Contains(got.body, "Nothing to get back") {
		t.Error("an empty list of leavers is not good news")
	}
}
