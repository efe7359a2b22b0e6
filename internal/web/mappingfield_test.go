package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
)

func TestAFieldIsMadeWhereItIsMapped(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	people := o.collection(register.People)
	page := b.get(fmt.Sprintf("%s/mapping/new?kind=records&name=Everyone&entity=users&collection=%d", path, people.ID))
	form := formOf(t, page.body, "mapping-form")
	rows := len(form["to"])
	add := func(from, name, kind string) {
		for column, value := range map[string]string{
			"from": from, "to": "new", "new_name": name, "new_type": kind, "fallback": "", "owner": "0", "empty": "", "create": "no", "step": "", "step_text": "", "steps": "",
		} {
			form.Add(column, value)
		}
	}
	add("employeeHireDate", "", "")
	add("employeeId", "Staff number", "barcode")
	add("city", "email", "")
	form.Set("name", "Everyone of ours")
	if got := b.do("POST", path+"/mapping/new", form); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "the new field is not there yet") ||
		!slices.Equal(formOf(t, got.body, "mapping-form")["new_name"], form["new_name"]) {
		t.Errorf("saving with fields still to be made: %d, want it refused and the rows kept", got.status)
	}
	got := b.do("POST", path+"/mapping/new/fields", form)
	if got.status != http.StatusConflict || !strings.Contains(got.body, "already") {
		t.Errorf("a name that is taken: %d", got.status)
	}
	after := formOf(t, got.body, "mapping-form")
	hired, staff := o.field(people, "Employee hire date"), o.field(people, "Staff number")
	want := []string{fmt.Sprint(hired.ID), fmt.Sprint(staff.ID), "new"}
	if !slices.Equal(after["to"][rows:], want) || after.Get("name") != "Everyone of ours" || after["new_name"][rows+2] != "email" {
		t.Errorf("the form holds %q and %q, want %q chosen and the rest as typed", after["to"], after["new_name"], want)
	}
	if hired.Spec.Type != datatype.Date || staff.Spec.Type != datatype.Barcode {
		t.Errorf("the fields are %s and %s, want date and barcode", hired.Spec.Type, staff.Spec.Type)
	}
}

func TestEveryFieldOfTheDirectoryIsExplained(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	page := b.get(fmt.Sprintf("%s/mapping/new?kind=records&name=Everyone&entity=users&collection=%d", path, o.collection(register.People).ID)).body
	_, help, _ := strings.Cut(page, `id="attributes-help"`)
	for _, label := range []string{
		"Account enabled", "Age group", "Business phone", "City", "Company name", "Country or region", "Department", "Display name", "Email",
		"Employee hire date", "Employee ID", "Employee org data", "Employee type", "External user state", "External user state change date time",
		"Fax number", "First name", "Integration Status", "Job title", "Last name", "Mail nickname", "Mobile phone", "Object ID", "Office location",
		"Other emails", "Preferred language", "State or province", "Street address", "Usage location", "User principal name", "User type", "ZIP or postal code",
	} {
		_, after, found := strings.Cut(help, `data-label="Field">`+label+`</td><td data-label="What it holds">`)
		text, _, _ := strings.Cut(strings.TrimPrefix(after, "<div>"), "<")
		if !found || len(strings.TrimSpace(text)) < 8 {
			t.Errorf("%s is not explained: %q", label, text)
		}
	}
}

func TestMappingsArePutInOrder(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	people := o.collection(register.People)
	def := func(name string) mapping.Definition {
		return mapping.Definition{
			Name: name, Kind: mapping.Records, Entity: directory.User, Collection: people.ID, Identifier: mapping.ByObjectID,
			Rows: []mapping.Row{{From: "displayName", To: o.field(people, "Name").ID}},
		}
	}
	_, err := o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{def("one"), def("two"), def("three")})
	o.must(err)
	names := func() (out []string, ids []int64) {
		list, err := o.work.Mappings(t.Context(), account.CommandLine(), 1)
		o.must(err)
		for _, m := range list {
			out, ids = append(out, m.Name), append(ids, m.ID)
		}
		return out, ids
	}
	_, ids := names()
	moved := b.post(path+"/mapping/order", "mapping", fmt.Sprint(ids[2]), "move", "up")
	if got, _ := names(); !slices.Equal(got, []string{"one", "three", "two"}) {
		t.Errorf("after moving up the order is %q", got)
	}
	_, after, _ := strings.Cut(b.get(moved.to).body, `aria-label="Move three up"`)
	if button, _, _ := strings.Cut(after, ">"); !strings.Contains(button, "autofocus") {
		t.Error("the button that was used has lost the focus")
	}
	b.post(path+"/mapping/order", "order", fmt.Sprintf("%d,%d", ids[1], ids[0]))
	if got, now := names(); !slices.Equal(got, []string{"two", "one", "three"}) || now[0] != ids[1] {
		t.Errorf("after dragging the order is %q, numbers %v", got, now)
	}
}
