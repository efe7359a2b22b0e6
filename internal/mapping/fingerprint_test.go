package mapping

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

func fullDefinition() Definition {
	keep := reconcile.KeepWhenEmpty
	def := loginMapping(peopleMapping(
		Row{From: "department", To: fieldNotes, Fallback: []string{"companyName"}, Empty: &keep, Transforms: []Transform{{Kind: Trim}}},
	).Rows...)
	def.Collection, def.Zone, def.Guests = people, "Europe/Berlin", PeopleOnly
	def.Units = append(def.Units, directory.UnitRef{Kind: directory.Group, Name: "B", Nested: true})
	def.Conditions = []Condition{
		{Path: "department", Operator: Equals, Value: "a"}, {Path: "country", Operator: In, Values: []string{"x", "y"}},
	}
	return def
}

func TestF44FingerprintIgnoresOrderAndName(t *testing.T) {
	t.Parallel()
	a, b := fullDefinition(), fullDefinition()
	b.Name = "Another name"
	slices.Reverse(b.Units)
	slices.Reverse(b.Conditions)
	slices.Reverse(b.Rows)
	slices.Reverse(b.Conditions[0].Values)
	if a.Fingerprint() != b.Fingerprint() {
		t.Error("order or name changes the fingerprint")
	}
	if compiled(t, a).Fingerprint() != compiled(t, b).Fingerprint() {
		t.Error("order or name changes the rule's fingerprint")
	}
	if Signature(compiled(t, a)) != Signature(compiled(t, b)) {
		t.Error("order or name changes the signature")
	}
}

func TestF44FingerprintSeesEveryEdit(t *testing.T) {
	t.Parallel()
	clear := reconcile.ClearWhenEmpty
	seen := map[[16]byte]string{fullDefinition().Fingerprint(): "unchanged"}
	for name, edit := range map[string]func(d *Definition){
		"id":          func(d *Definition) { d.ID++ },
		"collection":  func(d *Definition) { d.Collection++ },
		"entity":      func(d *Definition) { d.Entity = directory.Device },
		"kind":        func(d *Definition) { d.Kind = Records },
		"role":        func(d *Definition) { d.Role++ },
		"module":      func(d *Definition) { d.Module++ },
		"admin":       func(d *Definition) { d.Administrator = true },
		"identifier":  func(d *Definition) { d.Identifier = ByEmail },
		"leave":       func(d *Definition) { d.LeaveWhenNotFound = true },
		"outside":     func(d *Definition) { d.Outside.Role = 1 },
		"guests":      func(d *Definition) { d.Guests = ExcludeGuests },
		"zone":        func(d *Definition) { d.Zone = "" },
		"unit":        func(d *Definition) { d.Units[0].Name = "C" },
		"nested":      func(d *Definition) { d.Units[0].Nested = true },
		"no unit":     func(d *Definition) { d.Units = d.Units[:1] },
		"operator":    func(d *Definition) { d.Conditions[0].Operator = NotEquals },
		"operand":     func(d *Definition) { d.Conditions[0].Value = "b" },
		"operands":    func(d *Definition) { d.Conditions[1].Values[0] = "z" },
		"row source":  func(d *Definition) { d.Rows[2].From = "city" },
		"row target":  func(d *Definition) { d.Rows[2].To = fieldCostCenter },
		"fallback":    func(d *Definition) { d.Rows[2].Fallback[0] = "city" },
		"owner":       func(d *Definition) { d.Rows[2].Owner = reconcile.OnCreate },
		"empty":       func(d *Definition) { d.Rows[2].Empty = &clear },
		"empty unset": func(d *Definition) { d.Rows[2].Empty = nil },
		"create":      func(d *Definition) { d.Rows[2].CreateMissing = true },
		"transform":   func(d *Definition) { d.Rows[2].Transforms[0].Kind = Upper },
		"argument":    func(d *Definition) { d.Rows[2].Transforms[0].Text = "x" },
		"with":        func(d *Definition) { d.Rows[2].Transforms[0].With = "x" },
	} {
		d := fullDefinition()
		edit(&d)
		if other, taken := seen[d.Fingerprint()]; taken {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[d.Fingerprint()] = name
	}
	fields := peopleFields()
	fields[9].Spec.MaxLength = 5
	changed, err := Compile(fullDefinition(), fields)
	if err != nil {
		t.Fatal(err)
	}
	if changed.Fingerprint() == compiled(t, fullDefinition()).Fingerprint() {
		t.Error("a field that accepts less has the same fingerprint")
	}
}
