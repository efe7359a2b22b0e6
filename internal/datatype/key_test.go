package datatype

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestF20OneKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ a, b string }{
		{"Ada@Contoso.COM", "ada@contoso.com"}, {" x ", "X"}, {"é", "e\u0301"}, {"É", "e\u0301"}, {"ΣΑΣ", "σας"}, {"STRASSE", "straße"},
	} {
		if KeyOfText(tt.a) != KeyOfText(tt.b) {
			t.Errorf("%q and %q have keys %q and %q, want one", tt.a, tt.b, KeyOfText(tt.a), KeyOfText(tt.b))
		}
		if Key(OfText(tt.a)) != KeyOfText(tt.a) {
			t.Errorf("Key and KeyOfText differ on %q", tt.a)
		}
	}
}

func TestF38AccentsAreNotFolded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ a, b string }{
		{"Müller", "Muller"}, {"Müller", "Mueller"}, {"Ánh", "Anh"}, {"Đặng", "Dang"}, {"a b", "ab"}, {"", "\u200b"}, {"I", "ı"},
	} {
		if KeyOfText(tt.a) == KeyOfText(tt.b) {
			t.Errorf("%q and %q have the same key %q", tt.a, tt.b, KeyOfText(tt.a))
		}
	}
}

func TestKeyOfOtherValues(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]Value{
		"": {}, "12.5": FromJSON("12.5"), "true": OfBool(true), "42": OfRecord(42), "a\x1fb": FromJSON(`["A","b"]`),
	} {
		if got := Key(v); got != want {
			t.Errorf("key of %s = %q, want %q", v.JSON(), got, want)
		}
	}
}

func TestLongKeysStayApart(t *testing.T) {
	t.Parallel()
	for _, letter := range []string{"x", "é", "漢", "😀"} {
		long := strings.Repeat(letter, 300)
		a, b := KeyOfText(long+"a"), KeyOfText(long+"b")
		if a == b || len(a) > keyLimit || !utf8.ValidString(a) {
			t.Errorf("keys %q and %q; want two valid ones of at most %d bytes", a, b, keyLimit)
		}
		if KeyOfText(strings.ToUpper(long)+"A") != a {
			t.Errorf("letter case changes the key of a long text of %q", letter)
		}
	}
}

// Folding once is folding for good: a key is its own key.
func TestKeyProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		key := KeyOfText(s)
		if len(key) > keyLimit || !utf8.ValidString(key) {
			t.Fatalf("key of %q is %q", s, key)
		}
		if len(key) < keyLimit/2 && KeyOfText(key) != key {
			t.Fatalf("key of %q is %q, whose key is %q", s, key, KeyOfText(key))
		}
		if len(key) < keyLimit/2 && KeyOfText("\t"+s+" ") != key {
			t.Fatalf("white space around %q changes its key", s)
		}
	})
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"", "ADA", "İ", "ŉ", "\u0345\u0301", "ᾳ\u0301", "ﬃ", "\xff", " \u00a0x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := KeyOfText(s)
		if len(key) > keyLimit {
			t.Fatalf("key of %q has %d bytes", s, len(key))
		}
		if len(key) < keyLimit/2 && KeyOfText(key) != key {
			t.Fatalf("key of %q is %q, whose key is %q", s, key, KeyOfText(key))
		}
	})
}
