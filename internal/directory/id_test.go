package directory_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

func TestParseObjectID(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text, want string
		ok         bool
	}{
		"lower case":    {"1b4e28ba-2fa1-11d2-883f-0016d3cca427", "1b4e28ba-2fa1-11d2-883f-0016d3cca427", true},
		"upper case":    {"1B4E28BA-2FA1-11D2-883F-0016D3CCA427", "1b4e28ba-2fa1-11d2-883f-0016d3cca427", true},
		"nothing":       {"", "", false},
		"zero":          {"00000000-0000-0000-0000-000000000000", "", false},
		"braces":        {"{1b4e28ba-2fa1-11d2-883f-0016d3cca427}", "", false},
		"no hyphens":    {"1b4e28ba2fa111d2883f0016d3cca427", "", false},
		"one too short": {"1b4e28ba-2fa1-11d2-883f-0016d3cca42", "", false},
		"a letter off":  {"1b4e28bg-2fa1-11d2-883f-0016d3cca427", "", false},
		"hyphen off":    {"1b4e28b-a2fa1-11d2-883f-0016d3cca427", "", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := directory.ParseObjectID(tc.text)
			if (err == nil) != tc.ok || tc.ok && id.String() != tc.want || id.IsZero() == tc.ok {
				t.Errorf("got %s, %v, want %s, %v", id, err, tc.want, tc.ok)
			}
			if err != nil && !errs.Is(err, errs.Invalid) {
				t.Errorf("kind %v, want invalid", errs.KindOf(err))
			}
		})
	}
}

func TestObjectIDsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var id directory.ObjectID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		back, err := directory.ParseObjectID(strings.ToUpper(id.String()))
		if id.IsZero() {
			if err == nil {
				t.Fatal("the zero ID was read")
			}
			return
		}
		if err != nil || back != id {
			t.Fatalf("%s came back as %s, %v", id, back, err)
		}
	})
}

func FuzzParseObjectID(f *testing.F) {
	f.Add("1b4e28ba-2fa1-11d2-883f-0016d3cca427")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := directory.ParseObjectID(text)
		if err == nil && !strings.EqualFold(id.String(), text) {
			t.Fatalf("%q was read as %s", text, id)
		}
	})
}

func TestHyphensStandInTheirFourPlacesOnly(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"1b4e28ba-2fa1-11d2-883f--016d3cca427",
		"1b4e28ba-2fa1-11d2-883f-0016d3cca4--",
	} {
		if id, err := directory.ParseObjectID(s); err == nil {
			t.Errorf("ParseObjectID(%q) = %s, want it refused", s, id)
		}
	}
}
