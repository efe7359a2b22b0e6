package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	f := func(id int64, name string, t datatype.Type) Field {
		return Field{ID: id, Name: name, Spec: datatype.Spec{Type: t, Collection: places}}
	}
	got := Suggest(directory.User, []Field{
		f(1, "Name", datatype.Text), f(2, "E-mail address", datatype.Email), f(3, "Job Title", datatype.Text),
		f(4, "Location", datatype.Link), f(5, "Reports to", datatype.Link), f(6, "Start date", datatype.Date),
		f(7, "ZIP or postal code", datatype.Text), f(8, "Enabled", datatype.YesNo), f(9, "Shoe size", datatype.Number),
		f(10, "Full name", datatype.Text), f(11, "Mobile", datatype.Attachment), f(12, "UPN", datatype.Email),
	})
	want := []Row{
		{From: "displayName", To: 1}, {From: "mail", To: 2}, {From: "jobTitle", To: 3},
		{From: "officeLocation", To: 4, CreateMissing: true}, {From: "manager.id", To: 5}, {From: "employeeHireDate", To: 6},
		{From: "postalCode", To: 7}, {From: "accountEnabled", To: 8}, {From: "userPrincipalName", To: 12},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("suggested (-want +got):\n%s", diff)
	}
}

// Whatever is suggested compiles as it is, for every kind and type.
func TestSuggestionsCompile(t *testing.T) {
	t.Parallel()
	for _, kind := range []directory.Kind{directory.User, directory.Device, directory.Group} {
		for _, typ := range datatype.All() {
			var targets []Field
			for i, a := range directory.Attributes(kind) {
				targets = append(targets, Field{ID: int64(i + 1), Name: a.Label, Spec: datatype.Spec{Type: typ, Collection: places}})
			}
			def := Definition{Name: "x", Kind: Records, Entity: kind, Collection: 1, Identifier: ByObjectID, Rows: Suggest(kind, targets)}
			targets = append(targets, Field{ID: 999})
			for i := range targets {
				targets[i].Spec.Unique = true
			}
			if problems := Problems(def, targets); len(problems) > 0 {
				t.Errorf("%s to %s: %+v", kind, typ, problems)
			}
			if typ == datatype.Text && len(def.Rows) < len(targets)-3 {
				t.Errorf("%s: only %d of %d labels are recognised", kind, len(def.Rows), len(targets)-1)
			}
		}
	}
}
