package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
)

// names are the fields of a collection in order, as the register has them.
func (o *office) fieldNames(c register.Collection) []string {
	o.t.Helper()
	fields, err := o.records.Fields(o.t.Context(), c.Account, c.ID)
	o.must(err)
	var out []string
	for _, f := range fields {
		out = append(out, f.Name)
	}
	return out
}

// field is a field of a collection by name.
func (o *office) field(c register.Collection, name string) register.Field {
	o.t.Helper()
	fields, err := o.records.Fields(o.t.Context(), c.Account, c.ID)
	o.must(err)
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.Name == name })
	if i < 0 {
		o.t.Fatalf("there is no field %s", name)
	}
	return fields[i]
}

func TestAnAdministratorMakesACollectionWithFields(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	list := fmt.Sprintf("/m/%d/collections", o.module.ID)
	made := b.post(list, "name", "Licences")
	if !strings.HasPrefix(made.to, list+"/") {
		t.Fatalf("Add collection leads to %q (%d)", made.to, made.status)
	}
	path := made.to
	form := formOf(t, b.get(path+"/fields/new").body, "field-form")
	form.Set("name", "Plan")
	form.Set("type", "choice")
	form.Set("choices", "Basic\r\n\r\n Pro \r\nEnterprise")
	form.Set("required", "yes")
	if got := b.do("POST", path+"/fields/new", form); got.to != path {
		t.Fatalf("Save leads to %q (%d)", got.to, got.status)
	}
	all, err := o.records.ModuleCollections(t.Context(), o.module.Account, o.module.ID)
	o.must(err)
	c := all[len(all)-1]
	f := o.field(c, "Plan")
	if !slices.Equal(f.Spec.Choices, []string{"Basic", "Pro", "Enterprise"}) || !f.Spec.Required || f.Spec.Unique || f.Hidden {
		t.Errorf("the field was saved as %+v", f)
	}
	edit := fmt.Sprintf("%s/fields/%d", path, f.ID)
	form = formOf(t, b.get(edit).body, "field-form")
	form.Set("name", "Edition")
	if got := b.do("POST", edit, form); got.to != path {
		t.Fatalf("renaming leads to %q (%d)", got.to, got.status)
	}
	if got := o.field(c, "Edition"); !slices.Equal(got.Spec.Choices, f.Spec.Choices) || !got.Spec.Required || got.Spec.Type != f.Spec.Type {
		t.Errorf("renaming the field changed it to %+v", got)
	}
	b.post(path+"/order", "field", fmt.Sprint(f.ID), "move", "up")
	if got := o.fieldNames(c); !slices.Equal(got, []string{"Edition", "Name"}) {
		t.Errorf("after moving it up the order is %q", got)
	}
	b.post(path+"/order", "field", fmt.Sprint(f.ID), "move", "up") // at the top already
	b.post(edit+"/hidden", "hidden", "yes")
	if !o.field(c, "Edition").Hidden || !strings.Contains(b.get(path).body, "hidden") {
		t.Error("the field is not hidden")
	}
	b.post(edit+"/hidden", "hidden", "")
	if o.field(c, "Edition").Hidden {
		t.Error("the field is not shown again")
	}
	if got := b.post(path, "name", "Software licences"); got.to != path || !strings.Contains(b.get(path).body, "Software licences") {
		t.Errorf("renaming the collection leads to %q (%d)", got.to, got.status)
	}
	if log := b.get("/audit").body; !strings.Contains(log, "collection renamed") || !strings.Contains(log, "field added") {
		t.Error("the module's audit log does not tell of its fields")
	}
}

func TestARefusedFieldIsShownAgainWithTheFaultAtItsPlace(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	c := o.collection(register.Main)
	for range 2 {
		var set []register.FieldValue
		for _, name := range []string{"Name", "Serial number"} {
			f := o.field(c, name)
			v, err := datatype.Parse(f.Spec, "S1")
			o.must(err)
			set = append(set, register.FieldValue{Field: f.ID, Value: v})
		}
		_, err := o.records.Create(t.Context(), account.CommandLine(), register.Input{Account: c.Account, Collection: c.ID, Set: set})
		o.must(err)
	}
	path := fmt.Sprintf("/m/%d/collections/%d", o.module.ID, c.ID)
	edit := func(name string) string { return fmt.Sprintf("%s/fields/%d", path, o.field(c, name).ID) }
	for _, tt := range []struct {
		name, path string
		set        []string
		status     int
		at, says   string
	}{
		{"a name that is taken", path + "/fields/new", []string{"name", "notes", "type", "text"}, http.StatusConflict, "h-name", "already"},
		{"no name", path + "/fields/new", []string{"name", "", "type", "text"}, http.StatusUnprocessableEntity, "h-name", "needs a name"},
		{"a choice twice", path + "/fields/new", []string{"name", "Colour", "type", "choice", "choices", "Red\nred"}, http.StatusUnprocessableEntity, "h-choices", "there twice"},
		{"a type that is none", path + "/fields/new", []string{"name", "Colour", "type", "colour"}, http.StatusUnprocessableEntity, "h-type", "not a type"},
		{"a link to another account's collection", path + "/fields/new", []string{"name", "Spy", "type", "link", "link", "99999"}, http.StatusNotFound, "h-link", "no collection"},
		{"no currency", path + "/fields/new", []string{"name", "Cost", "type", "currency", "currency", "Euro"}, http.StatusUnprocessableEntity, "h-currency", "three capital letters"},
		{"unique with values shared", edit("Serial number"), []string{"name", "Serial number", "unique", "yes"}, http.StatusConflict, "h-unique", "2 records share a value"},
	} {
		got := b.post(tt.path, tt.set...)
		_, after, found := strings.Cut(got.body, `<div class="invalid-feedback d-block" id="`+tt.at+`">`)
		fault, _, _ := strings.Cut(after, "</div>")
		if got.status != tt.status || !found || !strings.Contains(fault, tt.says) {
			t.Errorf("%s: %d, and at %s %q; want %d and %q", tt.name, got.status, tt.at, fault, tt.status, tt.says)
		}
		if name := tt.set[1]; !strings.Contains(got.body, `value="`+name+`"`) {
			t.Errorf("%s: what was typed is gone", tt.name)
		}
	}
}

func TestTheCollectionOfAnotherModuleCannotBeManaged(t *testing.T) {
	t.Parallel()
	o := open(t)
	theirs, err := o.records.ModuleCollections(t.Context(), o.other.Account, o.other.ID)
	o.must(err)
	b := o.as(boss) // who may in either
	path := fmt.Sprintf("/m/%d/collections/%d", o.module.ID, theirs[0].ID)
	for _, got := range []answer{b.get(path), b.post(path, "name", "Mine"), b.post(path+"/fields/new", "name", "x", "type", "text")} {
		if got.status != http.StatusNotFound {
			t.Errorf("a collection under the wrong module: %d, want 404", got.status)
		}
	}
	after, err := o.records.Collection(t.Context(), account.CommandLine(), o.other.Account, theirs[0].ID)
	o.must(err)
	if after.Name != theirs[0].Name {
		t.Errorf("the collection is called %q now", after.Name)
	}
}
