package datatype

import (
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/errs"
)

func TestParse(t *testing.T) {
	t.Parallel()
	states := Spec{Type: Choice, Choices: []string{"In use", "Lost", "a, b"}}
	tags := Spec{Type: Choices, Choices: []string{"Red", "Green", "a, b"}}
	for _, tt := range []struct {
		spec Spec
		in   string
		want string // canonical JSON, or "" for an error
	}{
		{Spec{Type: Text}, "  Ada  ", `"Ada"`},
		{Spec{Type: Text}, " \t ", `null`},
		{Spec{Type: Text}, `say "hi" \ <b>`, `"say \"hi\" \\ <b>"`},
		{Spec{Type: Text}, "Jürgen Groß", `"Jürgen Groß"`},
		{Spec{Type: Text}, "a\nb", ""},
		{Spec{Type: Text}, "a\x7fb", ""},
		{Spec{Type: Text}, "a\u0085b", ""},
		{Spec{Type: Text}, "a\xffb", ""},
		{Spec{Type: Text}, strings.Repeat("é", 1000), `"` + strings.Repeat("é", 1000) + `"`},
		{Spec{Type: Text}, strings.Repeat("é", 1001), ""},
		{Spec{Type: Text, MaxLength: 3}, "äöü", `"äöü"`},
		{Spec{Type: Text, MaxLength: 3}, "äöüx", ""},
		{Spec{Type: LongText}, "a\r\n\tb", `"a\n\tb"`},
		{Spec{Type: LongText}, "a\r\r\n\rb", `"a\n\n\nb"`},
		{Spec{Type: LongText}, " a ", `" a "`},
		{Spec{Type: LongText}, "\n", `null`},
		{Spec{Type: LongText}, "a\x00b", ""},
		{Spec{Type: Number}, "0012.500", `12.5`},
		{Spec{Type: Number}, "+.5", `0.5`},
		{Spec{Type: Number}, "-0.0", `0`},
		{Spec{Type: Number}, "-7", `-7`},
		{Spec{Type: Number}, "1.5e3", `1500`},
		{Spec{Type: Number}, "12E-4", `0.0012`},
		{Spec{Type: Number}, "1e30", `1` + strings.Repeat("0", 30)},
		{Spec{Type: Number}, "0.1234567890123456789012345678901234", `0.1234567890123456789012345678901234`},
		{Spec{Type: Number}, "1e99", ""}, {Spec{Type: Number}, "1e999999999999", ""},
		{Spec{Type: Number}, "1,234", ""}, {Spec{Type: Number}, "12.5 EUR", ""},
		{Spec{Type: Number}, "1.2.3", ""}, {Spec{Type: Number}, "--1", ""}, {Spec{Type: Number}, "NaN", ""},
		{Spec{Type: Number}, "0x10", ""}, {Spec{Type: Number}, ".", ""}, {Spec{Type: Number}, "-", ""}, {Spec{Type: Number}, "e5", ""},
		{Spec{Type: Currency, Currency: "EUR"}, "12.50 EUR", `12.5`},
		{Spec{Type: Currency, Currency: "EUR"}, "eur 12.50", `12.5`},
		{Spec{Type: Currency, Currency: "EUR"}, "12.50 USD", ""},
		{Spec{Type: Date}, "2026-05-18", `"2026-05-18"`},
		{Spec{Type: Date}, "2026-05-18T00:00:00Z", `"2026-05-18"`},
		{Spec{Type: Date}, "2026-05-18 00:00:00", `"2026-05-18"`},
		{Spec{Type: Date}, "2026-05-18T22:00:00Z", ""},
		{Spec{Type: Date}, "2024-02-29", `"2024-02-29"`},
		{Spec{Type: Date}, "2026-02-29", ""}, {Spec{Type: Date}, "18.05.2026", ""}, {Spec{Type: Date}, "0000-01-01", ""},
		{Spec{Type: DateTime}, "2026-05-18T21:03:10.987+02:00", `"2026-05-18T19:03:10Z"`},
		{Spec{Type: DateTime}, "2026-05-18T19:03:10Z", `"2026-05-18T19:03:10Z"`},
		{Spec{Type: DateTime}, "2026-05-18 19:03", `"2026-05-18T19:03:00Z"`},
		{Spec{Type: DateTime}, "2026-05-18", `"2026-05-18T00:00:00Z"`},
		{Spec{Type: DateTime}, "9999-12-31T23:59:59-12:00", ""}, {Spec{Type: DateTime}, "noon", ""},
		{Spec{Type: YesNo}, "Yes", `true`}, {Spec{Type: YesNo}, "TRUE", `true`}, {Spec{Type: YesNo}, "0", `false`},
		{Spec{Type: YesNo}, "off", `false`}, {Spec{Type: YesNo}, "maybe", ""},
		{states, "in USE", `"In use"`}, {states, "A, B", `"a, b"`}, {states, "gone", ""},
		{Spec{Type: Choice}, "anything", `"anything"`},
		{tags, "green; RED, green", `["Green","Red"]`}, {tags, "a, b", `["a, b"]`}, {tags, "red, blue", ""}, {tags, " , ", `null`},
		{Spec{Type: Email}, "Ada.Lovelace@contoso.com", `"Ada.Lovelace@contoso.com"`},
		{Spec{Type: Email}, "o'brien+x@sub.example.co.uk", `"o'brien+x@sub.example.co.uk"`},
		{Spec{Type: Email}, "jürgen@bücher.example", `"jürgen@bücher.example"`},
		{Spec{Type: Email}, "ada", ""}, {Spec{Type: Email}, "a b@c.de", ""}, {Spec{Type: Email}, "a@b@c.de", ""},
		{Spec{Type: Email}, "@c.de", ""}, {Spec{Type: Email}, "a@localhost", ""}, {Spec{Type: Email}, "a@b..de", ""}, {Spec{Type: Email}, "a@-b.de", ""},
		{Spec{Type: Phone}, "+49 (0)30 123-45 ext. 6", `"+49 (0)30 123-45 ext. 6"`}, {Spec{Type: Phone}, "911", `"911"`},
		{Spec{Type: Phone}, "12", ""}, {Spec{Type: Phone}, "call me 123", ""}, {Spec{Type: Phone}, strings.Repeat("1", 65), ""},
		{Spec{Type: WebAddress}, "example.com/a?b=c", `"https://example.com/a?b=c"`},
		{Spec{Type: WebAddress}, "http://10.0.0.1:8080/", `"http://10.0.0.1:8080/"`},
		{Spec{Type: WebAddress}, "http://wiki/page", `"http://wiki/page"`},
		{Spec{Type: WebAddress}, "javascript:alert(1)", ""}, {Spec{Type: WebAddress}, "javascript://x.de/%0aalert(1)", ""},
		{Spec{Type: WebAddress}, "ftp://x.de", ""}, {Spec{Type: WebAddress}, "https://good.com@evil.com/", ""},
		{Spec{Type: WebAddress}, "nothing", ""}, {Spec{Type: WebAddress}, "https://a b.de", ""},
		{Spec{Type: Barcode}, "A-001 X", `"A-001 X"`}, {Spec{Type: Barcode}, strings.Repeat("1", 201), ""},
		{Spec{Type: Attachment}, "a1_B-2", `"a1_B-2"`}, {Spec{Type: Attachment}, "../etc", ""},
		{Spec{Type: Link}, "#42", `42`}, {Spec{Type: Link}, "42", `42`},
		{Spec{Type: Link}, "0", ""}, {Spec{Type: Link}, "-1", ""}, {Spec{Type: Link}, "+1", ""}, {Spec{Type: Link}, "Room 1", ""}, {Spec{Type: Link}, "#", ""},
		{Spec{Type: "poem"}, "x", ""},
	} {
		t.Run(string(tt.spec.Type)+"/"+clip(tt.in), func(t *testing.T) {
			t.Parallel()
			got, err := Parse(tt.spec, tt.in)
			if tt.want == "" {
				if !errs.Is(err, errs.Invalid) {
					t.Fatalf("got %s, %v; want an invalid value", got.JSON(), err)
				}
				if len(err.Error()) > 500 {
					t.Errorf("the message has %d bytes", len(err.Error()))
				}
				return
			}
			if err != nil || got.JSON() != tt.want {
				t.Fatalf("got %s, %v; want %s", got.JSON(), err, tt.want)
			}
			if err := Check(tt.spec, got); err != nil {
				t.Errorf("what was parsed does not pass Check: %v", err)
			}
		})
	}
}

func TestF40BooleansInAnySpelling(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]bool{
		"true": true, "True": true, "TRUE": true, "yes": true, "YES": true, "1": true, "on": true,
		"false": false, "False": false, "no": false, "No": false, "0": false, "OFF": false,
	} {
		got, err := Parse(Spec{Type: YesNo}, " "+spelling+" ")
		if err != nil || got != OfBool(want) {
			t.Errorf("%q = %s, %v; want %v", spelling, got.JSON(), err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		spec Spec
		v    Value
		fits bool
	}{
		{"empty", Spec{Type: Text}, Value{}, true},
		{"empty but required", Spec{Type: Text, Required: true}, Value{}, false},
		{"text in a number", Spec{Type: Number}, OfText("x"), false},
		{"number as text", Spec{Type: Number}, OfText("12"), false},
		{"number with trailing zero", Spec{Type: Number}, FromJSON("12.50"), false},
		{"unsorted list", Spec{Type: Choices}, FromJSON(`["b","a"]`), false},
		{"sorted list", Spec{Type: Choices}, FromJSON(`["a","b"]`), true},
		{"list in a text", Spec{Type: Text}, FromJSON(`["a","b"]`), false},
		{"link", Spec{Type: Link}, OfRecord(3), true},
		{"instant with zone", Spec{Type: DateTime}, OfText("2026-05-18T19:03:10+02:00"), false},
	} {
		if err := Check(tt.spec, tt.v); (err == nil) != tt.fits {
			t.Errorf("%s: err = %v, want fits %v", tt.name, err, tt.fits)
		}
	}
}

func TestParseList(t *testing.T) {
	t.Parallel()
	got, err := ParseList(Spec{Type: Choices}, []string{"b", " a ", "", "b"})
	if err != nil || got.JSON() != `["a","b"]` || got.String() != "a, b" {
		t.Errorf("got %s, %v", got.JSON(), err)
	}
	if _, err := ParseList(Spec{Type: Text}, []string{"a", "b"}); err == nil {
		t.Error("two texts fit one field")
	}
	if got, err := ParseList(Spec{Type: Text}, nil); err != nil || !got.IsEmpty() {
		t.Errorf("no text = %s, %v", got.JSON(), err)
	}
}

// FuzzParse holds for every type that what is parsed is canonical: it passes
// Check, and its own spelling parses to itself.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", " Ada ", "a\nb", "\xff", "1.50", "-1e5", "2026-05-18", "2026-05-18T19:03:10+02:00", "Yes", "red, green", "a@b.c",
		"+49 30 1", "example.com", "#42", `"\`, "\u200b", "İ", "\u0085",
	} {
		for i := range All() {
			f.Add(s, i)
		}
	}
	f.Fuzz(func(t *testing.T, text string, which int) {
		spec := Spec{Type: All()[uint(which)%uint(len(All()))]}
		v, err := Parse(spec, text)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("%v is not an invalid value", err)
			}
			return
		}
		if err := Check(spec, v); err != nil {
			t.Fatalf("%s of %q = %s does not pass Check: %v", spec.Type, text, v.JSON(), err)
		}
		if in := new(Arena).Batch(); spec.Type != Choices {
			if again, err := in.Parse(&spec, text); err != nil || again != v {
				t.Fatalf("with an arena: %s, %v; want %s", again.JSON(), err, v.JSON())
			}
		}
		if FromJSON(v.JSON()) != v {
			t.Fatalf("%s does not survive being stored", v.JSON())
		}
		Key(v)
	})
}
