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
	"github.com/musterhq/muster/internal/register"
)

// fieldID is the number of a field of a collection.
func (o *office) fieldID(c register.Collection, name string) int64 {
	o.t.Helper()
	fields, err := o.records.Fields(o.t.Context(), c.Account, c.ID)
	o.must(err)
	for _, f := range fields {
		if f.Name == name {
			return f.ID
		}
	}
	o.t.Fatalf("no field %s", name)
	return 0
}

// add makes a record on screen and returns its path.
func (b *browser) add(c register.Collection, pairs ...string) string {
	b.o.t.Helper()
	form := make([]string, len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		form[i], form[i+1] = fmt.Sprintf("f%d", b.o.fieldID(c, pairs[i])), pairs[i+1]
	}
	got := b.post(fmt.Sprintf("/m/%d/c/%d/new", c.Module, c.ID), form...)
	if got.status != http.StatusSeeOther {
		b.o.t.Fatalf("adding %v: %d %s", pairs, got.status, got.body)
	}
	return got.to
}

// synced connects the tenant and syncs everybody with their names and managers;
// it returns the manager's browser and the path of somebody's record.
func synced(t *testing.T, o *office) (b *browser, connection, person string) {
	t.Helper()
	b, connection = connected(t, o)
	ctx, chief, people := t.Context(), account.CommandLine(), o.collection(register.People)
	list, err := o.work.InModule(ctx, chief, o.module)
	o.must(err)
	_, err = o.work.SaveMappings(ctx, chief, list[0].ID, []mapping.Definition{{
		Name: "Everyone", Kind: mapping.Records, Entity: directory.User, Collection: people.ID, Identifier: mapping.ByObjectID,
		Rows: []mapping.Row{
			{From: "displayName", To: o.fieldID(people, "Name")}, {From: "mail", To: o.fieldID(people, "Email")},
			{From: "manager", To: o.fieldID(people, "Manager")},
		},
	}})
	o.must(err)
	o.syncAll()
	page, err := o.records.List(ctx, chief, register.Query{Account: o.module.Account, Collection: people.ID})
	o.must(err)
	for _, r := range page.Records {
		if !r.Value(o.fieldID(people, "Manager")).IsEmpty() {
			return b, connection, fmt.Sprintf("/m/%d/c/%d/%d", o.module.ID, people.ID, r.ID)
		}
	}
	t.Fatal("nobody has a manager")
	return nil, "", ""
}

// syncAll runs the module's integration to its end.
func (o *office) syncAll() {
	o.t.Helper()
	ctx, chief := o.t.Context(), account.CommandLine()
	list, err := o.work.InModule(ctx, chief, o.module)
	o.must(err)
	_, err = o.work.Carry(ctx, chief, list[0].ID, integration.Order{Full: true})
	o.must(err)
}

func TestAFieldOfTheDirectoryIsPinnedInItsForm(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _, person := synced(t, o)
	people := o.collection(register.People)
	name, department := o.fieldID(people, "Name"), fmt.Sprintf("f%d", o.fieldID(people, "Department"))
	page := b.get(person + "/edit")
	form := formOf(t, page.body, "record-form")
	if form.Has(fmt.Sprintf("f%d", name)) || !strings.Contains(page.body, "From Entra ID, by the mapping Everyone") {
		t.Error("the name, which the directory keeps, can be edited")
	}

	form.Set(department, "Rocket science")
	form.Set("pin", fmt.Sprint(name))
	page = b.do("POST", person+"/pin", form)
	form = formOf(t, page.body, "record-form")
	if form.Get(department) != "Rocket science" {
		t.Errorf("pinning loses what was typed: department %q", form.Get(department))
	}
	if !form.Has(fmt.Sprintf("f%d", name)) || !strings.Contains(page.body, "Pinned: syncs leave it alone.") {
		t.Error("the pinned name cannot be edited")
	}
	was := form.Get(fmt.Sprintf("f%d", name))
	form.Set(fmt.Sprintf("f%d", name), "By hand")
	if got := b.do("POST", person+"/edit", form); got.to != person {
		t.Fatalf("saving a pinned field: %d", got.status)
	}
	o.syncAll()
	if got := b.get(person); !strings.Contains(got.body, "By hand") || !strings.Contains(got.body, "Rocket science") {
		t.Error("a sync overwrites the pinned name")
	}

	page = b.get(person + "/edit")
	if want := "Once unpinned, it becomes “" + was + "”."; !strings.Contains(page.body, htmlOf(want)) {
		t.Errorf("the form does not say %q", want)
	}
	form = formOf(t, page.body, "record-form")
	form.Set("unpin", fmt.Sprint(name))
	if got := b.do("POST", person+"/pin", form); strings.Contains(got.body, "Pinned: syncs") {
		t.Error("unpinning leaves the pin")
	}
	if page := b.get(person).body; !strings.Contains(page, "<bdi>"+htmlOf(was)+"</bdi></h1>") || !strings.Contains(page, "as the directory said last") {
		t.Errorf("the record does not bear the directory's name %q again, with the reason in its history", was)
	}
}

func TestAForgedEditOfAFieldOfTheDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _, person := synced(t, o)
	form := formOf(t, b.get(person+"/edit").body, "record-form")
	form.Set(fmt.Sprintf("f%d", o.fieldID(o.collection(register.People), "Name")), "Forged")
	if got := b.do("POST", person+"/edit", form); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "or pin the field") {
		t.Errorf("got %d, want 422 with the way to pin it", got.status)
	}
}

func TestWhatSomebodyElseChangedMeanwhileStandsBesideWhatWasTyped(t *testing.T) {
	t.Parallel()
	o := open(t)
	assets := o.collection(register.Main)
	me, they := o.as(manager), o.as(boss)
	path := me.add(assets, "Name", "Laptop", "Serial number", "S-1", "Notes", "as new")
	serial, notes, name := fmt.Sprintf("f%d", o.fieldID(assets, "Serial number")), fmt.Sprintf("f%d", o.fieldID(assets, "Notes")), fmt.Sprintf("f%d", o.fieldID(assets, "Name"))
	mine, theirs := formOf(t, me.get(path+"/edit").body, "record-form"), formOf(t, they.get(path+"/edit").body, "record-form")

	theirs.Set(serial, "S-2")
	theirs.Set(notes, "scratched")
	if got := they.do("POST", path+"/edit", theirs); got.to != path {
		t.Fatalf("the first to save: %d", got.status)
	}
	mine.Set(serial, "S-3")
	mine.Set(name, "Laptop of Ann")
	got := me.do("POST", path+"/edit", mine)
	if got.status != http.StatusConflict {
		t.Fatalf("the second to save: %d, want 409", got.status)
	}
	for _, want := range []string{boss + " changed it from “S-1” to", "“as new” to", "“scratched”", "Save mine", "Keep theirs"} {
		if !strings.Contains(got.body, htmlOf(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	again := formOf(t, got.body, "record-form")
	for field, want := range map[string]string{serial: "S-3", notes: "scratched", name: "Laptop of Ann", "take" + serial: "mine"} {
		if again.Get(field) != want {
			t.Errorf("%s is %q in the form, want %q", field, again.Get(field), want)
		}
	}

	again.Set("take"+serial, "theirs")
	if got := me.do("POST", path+"/edit", again); got.to != path {
		t.Fatalf("saving after a choice: %d", got.status)
	}
	page := me.get(path).body
	for _, want := range []string{"S-2", "scratched", "Laptop of Ann"} {
		if !strings.Contains(page, want) {
			t.Errorf("the record has no %q", want)
		}
	}
	if strings.Contains(page, "S-3") {
		t.Error("theirs was to be kept, and mine was written")
	}
}

// htmlOf is a text as it stands in a page.
func htmlOf(text string) string { return strings.ReplaceAll(text, "'", "&#39;") }
