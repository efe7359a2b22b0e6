package mapping

import (
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/musterhq/muster/internal/directory"
)

func TestTransforms(t *testing.T) {
	t.Parallel()
	text, list := directory.TextValue, directory.ListValue
	for _, tt := range []struct {
		name string
		t    Transform
		in   directory.Value
		want directory.Value
	}{
		{"trim", Transform{Kind: Trim}, text("  a \t b "), text("a b")},
		{"trim drops empty items", Transform{Kind: Trim}, list([]string{" a ", " "}), list([]string{"a"})},
		{"upper", Transform{Kind: Upper}, text("é straße"), text("É STRAßE")},
		{"lower", Transform{Kind: Lower}, text("ÉA"), text("éa")},
		{"title", Transform{Kind: TitleCase}, text("ADA mary LOVELACE"), text("Ada Mary Lovelace")},
		{"first of a list", Transform{Kind: First}, list([]string{"a", "b"}), text("a")},
		{"last of a list", Transform{Kind: Last}, list([]string{"a", "b"}), text("b")},
		{"first part", Transform{Kind: First, Text: "/"}, text("HQ / Floor 2 / 17"), text("HQ")},
		{"last part", Transform{Kind: Last, Text: "/"}, text("HQ / Floor 2 / 17"), text("17")},
		{"first without separator", Transform{Kind: First}, text("a b"), text("a b")},
		{"split", Transform{Kind: Split, Text: ";"}, text("a; b;;c"), list([]string{"a", "b", "c"})},
		{"join", Transform{Kind: Join, Text: " + "}, list([]string{"a", "b"}), text("a + b")},
		{"default of null", Transform{Kind: Default, Text: "x"}, directory.NullValue(), text("x")},
		{"default of empty list", Transform{Kind: Default, Text: "x"}, list(nil), text("x")},
		{"default of a value", Transform{Kind: Default, Text: "x"}, text("a"), text("a")},
		{"default of absent", Transform{Kind: Default, Text: "x"}, directory.Value{}, directory.Value{}},
		{"constant of absent", Transform{Kind: Constant, Text: "x"}, directory.Value{}, text("x")},
		{"replace", Transform{Kind: Replace, Text: "@a.org", With: "@b.org"}, text("x@a.org"), text("x@b.org")},
		{"date", Transform{Kind: CivilDate, Text: "Asia/Tokyo"}, text("2026-05-18T20:00:00Z"), text("2026-05-19")},
		{"date in UTC", Transform{Kind: CivilDate}, text("2026-05-18T20:00:00Z"), text("2026-05-18")},
		{"e164", Transform{Kind: E164, Text: "de"}, text("030 / 123 45 67"), text("+49301234567")},
		{"null stays null", Transform{Kind: Upper}, directory.NullValue(), directory.NullValue()},
		{"number as text", Transform{Kind: Replace, Text: "1", With: "2"}, directory.NumberValue("11"), text("22")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st, _, problem := newStep(tt.t, directory.User)
			if problem != "" {
				t.Fatal(problem)
			}
			got, problem := st.apply(nil, tt.in)
			if problem != "" || got.State() != tt.want.State() || got.Form() != tt.want.Form() || got.String() != tt.want.String() {
				t.Errorf("got %v %q, problem %q; want %v %q", got.State(), got, problem, tt.want.State(), tt.want)
			}
		})
	}
}

func TestTransformsAreChecked(t *testing.T) {
	t.Parallel()
	for _, tt := range []Transform{
		{Kind: "shout"}, {Kind: Replace}, {Kind: CivilDate, Text: "Moon/Base"}, {Kind: CivilDate, Text: "Local"},
		{Kind: E164, Text: "XX"}, {Kind: E164}, {Kind: Expression}, {Kind: Default, Text: strings.Repeat("x", 5000)},
	} {
		if _, _, problem := newStep(tt, directory.User); problem == "" {
			t.Errorf("%s is accepted", clip(tt.Words()))
		}
	}
}

// A chain of replacements must not grow a text without end.
func TestReplaceIsBounded(t *testing.T) {
	t.Parallel()
	rows := Row{From: "displayName", To: fieldNotes}
	for range maxTransforms {
		rows.Transforms = append(rows.Transforms, Transform{Kind: Replace, Text: "a", With: strings.Repeat("a", 500)})
	}
	got := record(t, ada, rows)
	if got.Problem == nil || !strings.Contains(got.Problem.Detail, "too long") {
		t.Errorf("problem = %+v, want a text that grows too long", got.Problem)
	}
}

func TestInternational(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ region, in, want string }{
		{"DE", "+49 (0)30 1234567", "+49301234567"},
		{"DE", "0049 30 1234567", "+49301234567"},
		{"DE", "030/1234567", "+49301234567"},
		{"DE", "030 1234567 ext. 12", "+49301234567"},
		{"US", "(212) 555-0100", "+12125550100"},
		{"US", "1-212-555-0100 x7", "+12125550100"},
		{"US", "011 44 20 7946 0001", "+442079460001"},
		{"GB", "020 7946 0001", "+442079460001"},
		{"IT", "06 6982 1234", "+390669821234"},
		{"HU", "06 1 234 5678", "+3612345678"},
		{"RU", "8 (800) 555-35-35", "+78005553535"},
		{"RU", "800 555-35-35", "+78005553535"},
		{"US", "555-0100", ""},
		{"DE", "+", ""},
		{"DE", "extension", ""},
		{"DE", "00", ""},
		{"DE", "+49 30 1234567890123456", ""},
	} {
		r, ok := phoneRegion(tt.region)
		if !ok {
			t.Fatalf("no region %s", tt.region)
		}
		got, problem := r.international(tt.in)
		if (problem == "") != (tt.want != "") || problem == "" && got != tt.want {
			t.Errorf("%s in %s = %q, %q; want %q", tt.in, tt.region, got, problem, tt.want)
		}
	}
}

// Our table of regions is held against a telephone library, which is too heavy
// to ship: an example number of each region, written as at home, must come out
// the same.
func TestRegionsAgainstLibrary(t *testing.T) {
	t.Parallel()
	// Argentine mobile numbers move a digit on their way abroad, and Mexican
	// ones once did; a fixed line stands for them.
	for name := range phonenumbers.GetSupportedRegions() {
		r, ok := phoneRegion(name)
		if !ok {
			t.Errorf("region %s is missing", name)
			continue
		}
		example := phonenumbers.GetExampleNumberForType(name, phonenumbers.FIXED_LINE)
		if example == nil || example.GetCountryCode() == 0 {
			continue
		}
		want := phonenumbers.Format(example, phonenumbers.E164)
		for _, form := range []phonenumbers.PhoneNumberFormat{phonenumbers.NATIONAL, phonenumbers.INTERNATIONAL} {
			written := phonenumbers.Format(example, form)
			if got, problem := r.international(written); len(want) > 6 && got != want {
				t.Errorf("%s: %s = %s (%s), want %s", name, written, got, problem, want)
			}
		}
	}
}
