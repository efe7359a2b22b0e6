package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// anyValue draws what no directory should say, but might.
func anyValue() *rapid.Generator[directory.Value] {
	return rapid.Custom(func(t *rapid.T) directory.Value {
		switch rapid.IntRange(0, 7).Draw(t, "form") {
		case 0:
			return directory.Value{}
		case 1:
			return directory.NullValue()
		case 2:
			return directory.BoolValue(rapid.Bool().Draw(t, "truth"))
		case 3:
			return directory.NumberValue(rapid.StringMatching(`-?[0-9]{0,40}(\.[0-9]{0,9})?(e[0-9]{1,4})?`).Draw(t, "number"))
		case 4:
			return directory.ListValue(rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "list"))
		case 5:
			return directory.NestedValue(`{"a":[1]}`)
		case 6:
			return directory.TextValue(rapid.SampledFrom([]string{
				"2026-05-18T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "true", "+49 30 1", "a@b.c",
				"\xff\xfe", "\u200b", "\x00", " \t\n ", "00000000-0000-0000-0000-000000000009", "x, y; z",
			}).Draw(t, "known"))
		}
		return directory.TextValue(rapid.String().Draw(t, "text"))
	})
}

// anyRow draws a row for each field, with any attribute and any transforms.
func anyRow(t *rapid.T, f Field, attributes []directory.Attribute) Row {
	a := rapid.SampledFrom(attributes).Draw(t, "attribute")
	r := Row{From: a.Path, To: f.ID, CreateMissing: rapid.Bool().Draw(t, "create") && f.Spec.Type == datatype.Link}
	if a.Reference {
		return r
	}
	for _, kind := range rapid.SliceOfN(rapid.SampledFrom(TransformKinds()), 0, 3).Draw(t, "transforms") {
		text := map[string]string{
			Split: ",", First: " ", Replace: "a", E164: "DE", Default: "x", CivilDate: "Asia/Tokyo", Join: "; ",
			Expression: `upper(value) + displayName + (accountEnabled ? "1" : "0") + join(otherMails, "")`,
		}[kind]
		r.Transforms = append(r.Transforms, Transform{Kind: kind, Text: text})
	}
	return r
}

// Whatever the directory says, mapping neither panics nor hesitates: the same
// input gives the same result, in which every value fits its field, and what is
// not said or does not fit carries no value.
func TestMapProperties(t *testing.T) {
	t.Parallel()
	attributes := directory.Attributes(directory.User)
	rapid.Check(t, func(t *rapid.T) {
		def := loginMapping()
		def.Collection, def.Identifier = people, ByObjectID
		for _, f := range peopleFields() {
			def.Rows = append(def.Rows, anyRow(t, f, attributes))
		}
		targets := peopleFields()
		def.Rows = withoutProblems(def, targets)
		r, err := Compile(def, targets)
		if err != nil {
			t.Skip("a field of the identifier repeats")
		}
		f := Fields(r)
		values := rapid.SliceOfN(anyValue(), f.Len(), f.Len()).Draw(t, "values")
		s := subject()
		s.Guest = rapid.Bool().Draw(t, "guest")
		first := r.Mapper(f).Map(nil, &s, values, reconcile.Member)
		again := r.Mapper(f)
		again.Map(nil, &s, values, reconcile.Outside)
		again.Reset()
		second := again.Map(nil, &s, values, reconcile.Member)
		if diff := cmp.Diff(first, second, exportAll); diff != "" {
			t.Fatalf("not deterministic:\n%s", diff)
		}
		for _, d := range first {
			for _, got := range d.Fields {
				checkField(t, got, targets)
			}
		}
	})
}

func withoutProblems(def Definition, targets []Field) []Row {
	bad := map[int]bool{}
	for _, p := range Problems(def, targets) {
		bad[p.Row] = true
	}
	var rows []Row
	for i, r := range def.Rows {
		if !bad[i] {
			rows = append(rows, r)
		}
	}
	return rows
}

func checkField(t *rapid.T, got reconcile.DesiredField, targets []Field) {
	holds := !got.Value.IsEmpty() || got.Ref != nil
	if holds && (!got.Said || got.Problem != nil) {
		t.Fatalf("a value although nothing was said or it does not fit: %+v", got)
	}
	for _, f := range targets {
		if f.ID != got.Field || got.Value.IsEmpty() {
			continue
		}
		if err := datatype.Check(f.Spec, got.Value); err != nil {
			t.Fatalf("field %s of type %s got %s: %v", f.Name, f.Spec.Type, got.Value.JSON(), err)
		}
	}
}

// The order of the attributes in a document carries no meaning.
func TestMapDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	rows := []Row{{From: "mail", To: fieldEmail}, {From: "employeeHireDate", To: fieldHired}}
	one := mapped(t, peopleMapping(rows...), `{"displayName":"A","mail":"a@b.c","userPrincipalName":"a@b.c"}`, subject(), reconcile.Member)
	two := mapped(t, peopleMapping(rows[1], rows[0]), `{"userPrincipalName":"a@b.c","mail":"a@b.c","displayName":"A"}`, subject(), reconcile.Member)
	if diff := cmp.Diff(one, two, exportAll); diff != "" {
		t.Errorf("order matters:\n%s", diff)
	}
}
