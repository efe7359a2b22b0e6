package datatype_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/datatype"
)

func spec(t datatype.Type, choices ...string) datatype.Spec {
	return datatype.Spec{Type: t, Choices: choices}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	colours := spec(datatype.Choice, "Red", "Green")
	for _, tt := range []struct {
		name     string
		from, to datatype.Spec
		text     string
		want     string // canonical JSON; "" when it does not convert
	}{
		{"a text that is a number", spec(datatype.Text), spec(datatype.Number), "0012.50", "12.5"},
		{"a text that is none", spec(datatype.Text), spec(datatype.Number), "1,234", ""},
		{"a text that is a day", spec(datatype.Text), spec(datatype.Date), "2026-05-18", `"2026-05-18"`},
		{"a text that is a moment", spec(datatype.Text), spec(datatype.DateTime), "2026-05-18 10:00", `"2026-05-18T10:00:00Z"`},
		{"a text that is a choice", spec(datatype.Text), colours, "RED", `"Red"`},
		{"a text that is no choice", spec(datatype.Text), colours, "blue", ""},
		{"a text with commas", spec(datatype.Text), spec(datatype.Choices), "b, a, b", `["a","b"]`},
		{"a text that is an email", spec(datatype.Text), spec(datatype.Email), "a@contoso.example", `"a@contoso.example"`},
		{"a text that is none", spec(datatype.Text), spec(datatype.Email), "a at contoso", ""},
		{"several lines", spec(datatype.LongText), spec(datatype.Text), "one\ntwo", `"one two"`},
		{"a text that means yes", spec(datatype.Text), spec(datatype.YesNo), "Yes", "true"},
		{"a number", spec(datatype.Number), spec(datatype.Text), "12.50", `"12.5"`},
		{"a number as money", spec(datatype.Number), spec(datatype.Currency), "12.50", "12.5"},
		{"one as yes", spec(datatype.Number), spec(datatype.YesNo), "1", "true"},
		{"two as yes", spec(datatype.Number), spec(datatype.YesNo), "2", ""},
		{"a number as a day", spec(datatype.Number), spec(datatype.Date), "20260518", ""},
		{"a day", spec(datatype.Date), spec(datatype.Text), "2026-05-18", `"2026-05-18"`},
		{"a day as a moment", spec(datatype.Date), spec(datatype.DateTime), "2026-05-18", `"2026-05-18T00:00:00Z"`},
		{"a moment as a day", spec(datatype.DateTime), spec(datatype.Date), "2026-05-18T23:30:00-02:00", `"2026-05-19"`},
		{"yes as a text", spec(datatype.YesNo), spec(datatype.Text), "true", `"yes"`},
		{"yes as a number", spec(datatype.YesNo), spec(datatype.Number), "true", "1"},
		{"no as a number", spec(datatype.YesNo), spec(datatype.Number), "false", "0"},
		{"choices as a text", spec(datatype.Choices), spec(datatype.Text), "b, a", `"a, b"`},
		{"one choice of several", spec(datatype.Choices), colours, "green", `"Green"`},
		{"two choices where one fits", spec(datatype.Choices), spec(datatype.Choice), "Red, Green", ""},
		{"choices under another list", spec(datatype.Choices), spec(datatype.Choices, "Red"), "red", `["Red"]`},
		{"a choice as choices", colours, spec(datatype.Choices, "Red"), "Red", `["Red"]`},
		{"an attachment", spec(datatype.Text), spec(datatype.Attachment), "x", ""},
		{"nothing", spec(datatype.Text), spec(datatype.Number), " ", "null"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := datatype.Parse(tt.from, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := datatype.Convert(&tt.from, &tt.to, v)
			if (err == nil) != (tt.want != "") || err == nil && got.JSON() != tt.want {
				t.Errorf("got %s, %v; want %q", got.JSON(), err, tt.want)
			}
		})
	}
}

func TestConvertsToItselfAndToText(t *testing.T) {
	t.Parallel()
	for _, from := range datatype.All() {
		if from == datatype.Attachment {
			continue
		}
		if !datatype.Converts(from, from) || !datatype.Converts(from, datatype.Text) || !datatype.Converts(from, datatype.LongText) {
			t.Errorf("%s does not convert to itself or to text", from)
		}
		if datatype.Converts(from, datatype.Attachment) || datatype.Converts(datatype.Attachment, from) || datatype.Converts(from, "colour") {
			t.Errorf("%s converts to or from what it cannot", from)
		}
	}
}

// Whatever converts is a value that the new field accepts, and going to text and
// back loses nothing.
func TestConvertedValuesFit(t *testing.T) {
	t.Parallel()
	types := []datatype.Type{datatype.Text, datatype.LongText, datatype.Number, datatype.Currency, datatype.Date, datatype.DateTime,
		datatype.YesNo, datatype.Choice, datatype.Choices, datatype.Email, datatype.Phone, datatype.WebAddress, datatype.Barcode}
	texts := []string{"", "1", "0", "-0.50", "2026-05-18", "2026-05-18T19:03:10Z", "yes", "a, b", "a\nb", "a@b.example", "+49 30 1234", "https://contoso.example/x", "Zoë"}
	rapid.Check(t, func(t *rapid.T) {
		from, to := spec(rapid.SampledFrom(types).Draw(t, "from")), spec(rapid.SampledFrom(types).Draw(t, "to"))
		v, err := datatype.Parse(from, rapid.SampledFrom(texts).Draw(t, "text"))
		if err != nil {
			return
		}
		got, err := datatype.Convert(&from, &to, v)
		if err != nil {
			return
		}
		if err := datatype.Check(to, got); err != nil {
			t.Fatalf("%s as %s became %s: %v", v.JSON(), to.Type, got.JSON(), err)
		}
		if to.Type == datatype.LongText {
			if back, err := datatype.Convert(&to, &from, got); err != nil || back != v {
				t.Fatalf("%s of %s came back as %s, %v", v.JSON(), from.Type, back.JSON(), err)
			}
		}
	})
}
