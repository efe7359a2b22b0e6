package listing_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/musterhq/muster/internal/listing"
)

func TestWordsAreWhatPeopleTypeToFindAText(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, typed string }{
		{"Zoë O'Brien", "zoe"}, {"Zoë O'Brien", "O’Brien"}, {"Zoë O'Brien", "obrien"}, {"Zoë O'Brien", "brien zoë"},
		{"Jürgen Groß", "jurgen"}, {"Jürgen Groß", "Juergen GROSS"}, {"Jürgen Groß", "jürg"},
		{"Søren Łukasiewicz", "soren lukas"},
		{"IT-00123", "it-00123"}, {"IT-00123", "123"},
		{"+49 30 901820", "4930901820"}, {"+49 30 901820", "901820"}, {"+49 30 901820", "+49 30"},
		{"zoe.obrien@contoso.com", "zoe.obrien@con"}, {"zoe.obrien@contoso.com", "contoso"},
		{"王小芳", "王小"}, {"王小芳", "芳"}, {"김민수", "민수"}, {"สมชาย", "ชาย"},
		{"Nguyễn Thị Ánh", "nguyen anh"},
		{"محمد علي", "علي"}, {"Ξένια Παπαδοπούλου", "ξενια παπα"}, {"Юлия", "юли"},
	}
	for _, tt := range tests {
		words := listing.Words(tt.text)
		for _, term := range listing.Terms(tt.typed) {
			if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, term) }) {
				t.Errorf("%q has the words %q, so typing %q does not find it by %q", tt.text, words, tt.typed, term)
			}
		}
	}
}

func TestWordsDoNotFindWhatIsNotThere(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, typed string }{
		{"Zoë O'Brien", "rien"}, {"IT-00123", "23"}, {"Ada", "adam"}, {"3.5", "35"},
	}
	for _, tt := range tests {
		for _, term := range listing.Terms(tt.typed) {
			if slices.ContainsFunc(listing.Words(tt.text), func(w string) bool { return strings.HasPrefix(w, term) }) {
				t.Errorf("typing %q finds %q", tt.typed, tt.text)
			}
		}
	}
}

// Whatever the text, its words are plain: the query languages of the engines
// have nothing of their own made of letters and digits.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"Zoë O'Brien", "a:* & !b", `"NEAR(x)" OR 'y'`, "\x00\xff", "İ", "ﷺ", strings.Repeat("ẞ", 90)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range append(listing.Words(s), listing.Terms(s)...) {
			if w == "" || !utf8.ValidString(w) || strings.ContainsAny(w, " '\"*:&|!()<>\\_\t\n\x00") {
				t.Fatalf("%q gives the word %q", s, w)
			}
		}
	})
}
