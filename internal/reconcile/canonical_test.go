package reconcile

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/datatype"
	"pgregory.net/rapid"
)

// fullChange has something in every field of a change, so that a walk over it
// meets all there is to encode.
func fullChange() Change {
	return Change{
		Entry: 1, EntryVersion: 2, EntryBefore: 3, Target: Record, Collection: people, TargetID: 4, TargetVersion: 5,
		Mapping: 6, Verb: Update, Reason: AttributeChanged, Class: ClassBlank, Name: "Ada",
		Fields: []FieldChange{
			{Field: 1, Before: text("a"), After: text("b"), Source: "mail"},
			{Field: 2, Before: text("c"), Ref: &Ref{Collection: 2, Object: [16]byte{7}, Text: "sales", Label: "Sales"}},
		},
		Roles:  []RoleChange{{Module: 1, Mapping: 2, Before: 3, After: 4}},
		Status: StatusActive, StatusBefore: StatusDisabled, PurgeAt: purge,
		LoginName: "n", LoginEmail: "e", NameBefore: "m", EmailBefore: "f",
		Issues: []Issue{{Field: 1, Reason: ValueDoesNotFit, Detail: "x"}}, Detail: "d",
	}
}

// leaf is one settable value inside a change, with the path that leads to it.
type leaf struct {
	path string
	v    reflect.Value
}

func leaves(path string, v reflect.Value) []leaf {
	switch v.Interface().(type) {
	case datatype.Value, time.Time:
		return []leaf{{path, v}}
	}
	switch v.Kind() {
	case reflect.Struct:
		var all []leaf
		for i := range v.NumField() {
			all = append(all, leaves(path+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
		return all
	case reflect.Slice:
		all := []leaf{{path, v}}
		for i := range v.Len() {
			all = append(all, leaves(fmt.Sprintf("%s[%d]", path, i), v.Index(i))...)
		}
		return all
	case reflect.Pointer:
		if !v.IsNil() {
			return append([]leaf{{path, v}}, leaves(path, v.Elem())...)
		}
	}
	return []leaf{{path, v}}
}

// disturb gives a leaf another value.
func disturb(t *testing.T, l leaf) {
	t.Helper()
	switch x := l.v.Interface().(type) {
	case datatype.Value:
		l.v.Set(reflect.ValueOf(text("disturbed " + x.String())))
		return
	case time.Time:
		l.v.Set(reflect.ValueOf(x.Add(time.Nanosecond)))
		return
	}
	switch l.v.Kind() {
	case reflect.Int64:
		l.v.SetInt(l.v.Int() + 1)
	case reflect.Uint8, reflect.Uint32:
		l.v.SetUint(l.v.Uint() + 1)
	case reflect.String:
		l.v.SetString(l.v.String() + "x")
	case reflect.Bool:
		l.v.SetBool(!l.v.Bool())
	case reflect.Slice:
		l.v.Set(l.v.Slice(0, l.v.Len()-1))
	case reflect.Array:
		l.v.Index(0).SetUint(l.v.Index(0).Uint() + 1)
	case reflect.Pointer:
		if l.v.IsNil() {
			l.v.Set(reflect.New(l.v.Type().Elem()))
		} else {
			l.v.SetZero()
		}
	default:
		t.Fatalf("%s: cannot disturb a %s", l.path, l.v.Kind())
	}
}

func TestEveryPartOfAChangeCountsInItsEncoding(t *testing.T) {
	t.Parallel()
	assigned := []string{"Change.Fields[1].After"} // what the reference becomes
	probe := fullChange()
	paths := leaves("Change", reflect.ValueOf(&probe).Elem())
	for i, l := range paths {
		original, other := fullChange(), fullChange()
		disturb(t, leaves("Change", reflect.ValueOf(&other).Elem())[i])
		same := bytes.Equal(AppendCanonical(nil, &original), AppendCanonical(nil, &other))
		if want := slices.Contains(assigned, l.path); same != want {
			t.Errorf("%s: same bytes %t, want %t", l.path, same, want)
		}
	}
	if len(paths) < 40 {
		t.Errorf("only %d parts were tried", len(paths))
	}
}

func TestNumbersOfWhatIsAddedDoNotCount(t *testing.T) {
	t.Parallel()
	planned, applied := fullChange(), fullChange()
	planned.Verb, applied.Verb = Add, Add
	planned.TargetID, planned.TargetVersion = 0, 0
	applied.Fields[1].After = datatype.OfRecord(77)
	if !bytes.Equal(AppendCanonical(nil, &planned), AppendCanonical(nil, &applied)) {
		t.Error("an add reads otherwise once it was carried out")
	}
}

func TestAppendCanonicalAppends(t *testing.T) {
	t.Parallel()
	c := fullChange()
	got := AppendCanonical([]byte("before"), &c)
	if want := append([]byte("before"), AppendCanonical(nil, &c)...); !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheSameInstantReadsTheSameInAnyZone(t *testing.T) {
	t.Parallel()
	a, b := fullChange(), fullChange()
	b.PurgeAt = b.PurgeAt.In(time.FixedZone("east", 3600))
	if !bytes.Equal(AppendCanonical(nil, &a), AppendCanonical(nil, &b)) {
		t.Error("the zone of a moment changes the bytes")
	}
}

// drawChange makes up a change with short texts, so that boundaries between
// them move easily.
func drawChange(t *rapid.T, name string) Change {
	short := func() string { return rapid.StringMatching(`[a\x00-\x02]{0,2}`).Draw(t, name) }
	number := func() int64 { return rapid.Int64Range(-1, 1).Draw(t, name) }
	c := Change{
		Entry: number(), Verb: Update, Reason: Reason(short()), Name: short(), LoginName: short(), LoginEmail: short(),
		NameBefore: short(), EmailBefore: short(), Detail: short(),
	}
	for range rapid.IntRange(0, 2).Draw(t, name) {
		c.Fields = append(c.Fields, FieldChange{Field: number(), Before: text(short()), After: text(short()), Source: short()})
	}
	for range rapid.IntRange(0, 2).Draw(t, name) {
		c.Roles = append(c.Roles, RoleChange{Module: number(), Mapping: number(), Before: number(), After: number()})
	}
	for range rapid.IntRange(0, 2).Draw(t, name) {
		c.Issues = append(c.Issues, Issue{number(), Reason(short()), short()})
	}
	return c
}

func TestEncodingsAreUnambiguous(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawChange(t, "a"), drawChange(t, "b")
		if rapid.Bool().Draw(t, "alike") {
			b = a
			b.Name, b.LoginName = rapid.StringMatching(`a{0,2}`).Draw(t, "name"), rapid.StringMatching(`a{0,2}`).Draw(t, "login name")
		}
		ea, eb := AppendCanonical(nil, &a), AppendCanonical(nil, &b)
		if equal := reflect.DeepEqual(a, b); equal != bytes.Equal(ea, eb) {
			t.Fatalf("equal changes %t, equal bytes %t", equal, !equal)
		} else if !equal && (bytes.HasPrefix(ea, eb) || bytes.HasPrefix(eb, ea)) {
			t.Fatal("one encoding is the beginning of the other")
		}
	})
}

func TestOrderOfFactsNeverShows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, f := drawCase(t)
		again := &Facts{Resolve: map[RefKey]int64{}, Mappings: map[int64]bool{}, Identity: f.Identity}
		for i := range int64(100) { // grow the maps, so that they iterate otherwise
			again.Resolve[RefKey{Collection: 1000 + i}] = i
			again.Mappings[1000+i] = true
		}
		for k, v := range f.Resolve {
			again.Resolve[k] = v
		}
		for k, v := range f.Mappings {
			again.Mappings[k] = v
		}
		if !bytes.Equal(canonicalPlan(Plan(c, f)), canonicalPlan(Plan(c, again))) {
			t.Fatal("the same facts in another map gave another plan")
		}
	})
}

func BenchmarkPlan(b *testing.B) {
	c := Case{
		Subject: subject(Live),
		Desired: []Desired{
			recordWish(says(fieldName, "Ada Byron"), says(fieldEmail, "ada@example.com"), says(fieldPhone, "1"), says(fieldNote, "n")),
			loginWish(mapAdmins, moduleAdmin), loginWish(mapStaff, collaborator),
		},
		Current: []Current{
			record(StatusActive, holds(fieldName, "Ada Byron"), holds(fieldEmail, "ada@example.com"), holds(fieldPhone, "1"), holds(fieldNote, "n")),
			login(grant(mapAdmins, moduleAdmin)),
		},
	}
	f := facts()
	b.ReportAllocs()
	for b.Loop() {
		if n := len(Plan(c, f)); n != 0 {
			b.Fatalf("got %d changes, want none", n)
		}
	}
}

func BenchmarkAppendCanonical(b *testing.B) {
	c := fullChange()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendCanonical(dst[:0], &c)
	}
}

func TestTextsThatRunTogetherReadApart(t *testing.T) {
	t.Parallel()
	rows := map[string][2]Change{
		"name and login name":      {{Name: "ab"}, {Name: "a", LoginName: "b"}},
		"reason and name":          {{Reason: "ab"}, {Reason: "a", Name: "b"}},
		"reason and detail":        {{Issues: []Issue{{Reason: "ab"}}}, {Issues: []Issue{{Reason: "a", Detail: "b"}}}},
		"two issues and one":       {{Issues: []Issue{{Reason: "ab"}, {}}}, {Issues: []Issue{{Reason: "a"}, {Reason: "b"}}}},
		"text and label of a link": {{Fields: []FieldChange{{Ref: &Ref{Text: "ab"}}}}, {Fields: []FieldChange{{Ref: &Ref{Text: "a", Label: "b"}}}}},
		"empty and the word null":  {{Fields: []FieldChange{{}}}, {Fields: []FieldChange{{After: text("null")}}}},
	}
	for name, pair := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if bytes.Equal(AppendCanonical(nil, &pair[0]), AppendCanonical(nil, &pair[1])) {
				t.Error("two changes, the same bytes")
			}
		})
	}
}
