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

// asset adds a record to the assets, from names and texts in turn.
func (o *office) asset(pairs ...string) register.Record {
	o.t.Helper()
	c := o.collection(register.Main)
	var set []register.FieldValue
	for i := 0; i < len(pairs); i += 2 {
		f := o.field(c, pairs[i])
		v, err := datatype.Parse(f.Spec, pairs[i+1])
		o.must(err)
		set = append(set, register.FieldValue{Field: f.ID, Value: v})
	}
	r, err := o.records.Create(o.t.Context(), account.CommandLine(), register.Input{Account: c.Account, Collection: c.ID, Set: set})
	o.must(err)
	return r
}

func TestTheTypeOfAFieldIsChangedAfterALookAtWhatIsLost(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	o.asset("Name", "one", "Serial number", "12")
	odd := o.asset("Name", "two", "Serial number", "A7")
	c := o.collection(register.Main)
	serial := o.field(c, "Serial number")
	path := fmt.Sprintf("/m/%d/collections/%d", o.module.ID, c.ID)
	page := fmt.Sprintf("%s/fields/%d/type", path, serial.ID)
	form := formOf(t, b.get(page).body, "type-form")
	form.Set("type", "number")
	shown := b.do("POST", page, form)
	link := fmt.Sprintf(`href="/m/%d/c/%d/%d"`, o.module.ID, c.ID, odd.ID)
	if shown.status != http.StatusOK || !strings.Contains(shown.body, link) || !strings.Contains(shown.body, "A7") {
		t.Errorf("the preview (%d) does not lead to the record that would lose its value", shown.status)
	}
	if got := o.field(c, "Serial number").Spec.Type; got != datatype.Text {
		t.Fatalf("looking changed the type to %s", got)
	}
	apply := formOf(t, shown.body, "apply-form")
	apply.Set("apply", "yes")
	o.asset("Name", "three", "Serial number", "A8") // somebody adds one while the preview is looked at
	if got := b.do("POST", page, apply); got.status != http.StatusConflict || !strings.Contains(got.body, "2 values do not fit") {
		t.Errorf("more is lost than was shown: %d, want it refused", got.status)
	}
	apply = formOf(t, b.do("POST", page, form).body, "apply-form")
	apply.Set("apply", "yes")
	if got := b.do("POST", page, apply); got.to != path {
		t.Fatalf("Change the type leads to %q (%d)", got.to, got.status)
	}
	if got := o.field(c, "Serial number").Spec.Type; got != datatype.Number {
		t.Errorf("the type is %s", got)
	}
}

func TestAFieldOfAMappingKeepsATypeThatFits(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _ := connected(t, o)
	people := o.collection(register.People)
	manager := o.field(people, "Manager")
	_, err := o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{{
		Name: "Everyone", Kind: mapping.Records, Entity: directory.User, Collection: people.ID, Identifier: mapping.ByObjectID,
		Rows: []mapping.Row{{From: "displayName", To: o.field(people, "Name").ID}, {From: "manager.id", To: manager.ID}},
	}})
	o.must(err)
	page := fmt.Sprintf("/m/%d/collections/%d/fields/%d", o.module.ID, people.ID, manager.ID)
	got := b.post(page+"/type", "type", "text")
	if !strings.Contains(got.body, "It could not any more") || strings.Contains(got.body, "apply-form") {
		t.Error("the preview offers a type that the mapping cannot write")
	}
	if got := b.post(page+"/type", "type", "text", "apply", "yes"); got.status != http.StatusConflict || o.field(people, "Manager").Spec.Type != datatype.Link {
		t.Errorf("the type was changed under the mapping: %d", got.status)
	}
	b.post(page+"/hidden", "hidden", "yes")
	if got := b.post(page + "/remove"); got.status != http.StatusConflict || !strings.Contains(got.body, "Everyone") {
		t.Errorf("a field that a mapping writes was removed: %d", got.status)
	}
}

func TestAFieldIsRemovedOnceItIsHidden(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	o.asset("Name", "one", "Serial number", "12")
	c := o.collection(register.Main)
	path := fmt.Sprintf("/m/%d/collections/%d", o.module.ID, c.ID)
	page := fmt.Sprintf("%s/fields/%d", path, o.field(c, "Serial number").ID)
	if got := b.post(page + "/remove"); got.status != http.StatusConflict || !strings.Contains(got.body, "Hide it first") {
		t.Errorf("a field in use: %d", got.status)
	}
	b.post(page+"/hidden", "hidden", "yes")
	if got := b.get(page + "/remove").body; !strings.Contains(got, "1 record") {
		t.Error("the page does not say what is lost")
	}
	if got := b.post(page + "/remove"); got.to != path || slices.Contains(o.fieldNames(c), "Serial number") {
		t.Errorf("Remove leads to %q (%d), and the fields are %q", got.to, got.status, o.fieldNames(c))
	}
}

func TestChoicesAreRenamedOneByOneAndFieldsPutInOrder(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	worn := o.asset("Name", "one", "Condition", "Worn")
	c := o.collection(register.Main)
	f := o.field(c, "Condition")
	path := fmt.Sprintf("/m/%d/collections/%d", o.module.ID, c.ID)
	page := fmt.Sprintf("%s/fields/%d", path, f.ID)
	form := formOf(t, b.get(page).body, "field-form")
	for i, name := range form["choice"] {
		if name == "Worn" {
			form["choice"][i] = "Used"
		}
	}
	form["choice"][len(form["choice"])-1] = "Lost" // the empty row
	if got := b.do("POST", page, form); got.to != path {
		t.Fatalf("Save leads to %q (%d)", got.to, got.status)
	}
	if got := o.field(c, "Condition").Spec.Choices; !slices.Equal(got, []string{"New", "Good", "Used", "Broken", "Retired", "Lost"}) {
		t.Errorf("the choices are %q", got)
	}
	r, err := o.records.Record(t.Context(), account.CommandLine(), c.Account, worn.ID)
	o.must(err)
	if got := r.Value(f.ID).String(); got != "Used" {
		t.Errorf("the record holds %q, want Used", got)
	}
	price, name := o.field(c, "Price").ID, o.field(c, "Name").ID
	if got := b.post(path+"/order", "order", fmt.Sprintf("%d, x, %d", price, name)); got.to != path {
		t.Errorf("the order leads to %q (%d)", got.to, got.status)
	}
	if got := o.fieldNames(c); got[0] != "Price" || got[1] != "Name" || len(got) != 10 {
		t.Errorf("the order is %q", got)
	}
}
