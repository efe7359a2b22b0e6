package listing

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Limits of what is indexed, so that one long note does not fill the index.
const (
	wordLimit  = 40    // characters of a word
	textLimit  = 64    // words of one value
	queryLimit = 12    // words of a question
	byteLimit  = 4_000 // bytes of a text that are looked at
)

// Words returns the words by which a text is found, folded: without regard to
// case, accents and punctuation. A word is found by its beginning, so some texts
// give more words than they have:
//
//	text            words
//	Zoë O'Brien     zoe, o, brien, obrien
//	Jürgen Groß     jurgen, juergen, gross
//	IT-00123        it, 00123, 123
//	+49 30 901820   49, 30, 901820, 4930901820
//	王小芳           王小芳, 小芳, 芳 (scripts without spaces: from each character on)
func Words(text string) []string {
	var out []string
	add := func(w string) {
		if w != "" && len(out) < textLimit {
			out = append(out, clipWord(w))
		}
	}
	text = beginning(text)
	for _, part := range strings.Fields(text) {
		pieces := split(fold(part))
		for _, w := range pieces {
			add(w)
			if bare := strings.TrimLeft(w, "0"); bare != w && isNumber(bare) {
				add(bare)
			}
			for i := range w {
				if r, _ := utf8.DecodeRuneInString(w[i:]); i > 0 && spaceless(r) {
					add(w[i:])
				}
			}
		}
		if len(pieces) > 1 && strings.ContainsAny(part, "'’`ʼ") {
			add(strings.Join(pieces, ""))
		}
		if spelled := umlauts.Replace(strings.ToLower(norm.NFC.String(part))); strings.ContainsAny(part, "äöüÄÖÜ") {
			for _, w := range split(fold(spelled)) {
				add(w)
			}
		}
	}
	if digits := onlyDigits(text); digits != "" {
		add(digits)
	}
	return out
}

// Terms returns the words that somebody asks for. A record is found when each of
// them begins one of its words.
func Terms(query string) []string {
	var out []string
	for _, w := range split(fold(beginning(query))) {
		if len(out) == queryLimit {
			break
		}
		out = append(out, clipWord(w))
	}
	return out
}

var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue")

// letters that look like another with something on, and that Unicode does not
// take apart.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ı", "i", "ħ", "h")

// fold takes away what searching does not ask for: case, accents, widths.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(s)
	}
	s = norm.NFKD.String(cases.Fold().String(strings.ToValidUTF8(s, " ")))
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) && unicode.In(r, unicode.Inherited) {
			return -1
		}
		return r
	}, s)
	return letters.Replace(norm.NFC.String(s))
}

// split cuts a folded text at everything that is neither letter nor digit.
func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// spaceless reports whether a script writes words without spaces between them,
// or names that people search by their second half.
func spaceless(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// onlyDigits returns the digits of a text made of them and of what people put
// between, a telephone number for one; "" for other texts and for a single word.
func onlyDigits(s string) string {
	var b strings.Builder
	gaps := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune(" +-()/.", r):
			gaps++
		default:
			return ""
		}
	}
	if gaps == 0 || b.Len() < 4 {
		return ""
	}
	return b.String()
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// beginning cuts a text off between characters.
func beginning(s string) string {
	if len(s) <= byteLimit {
		return s
	}
	cut := byteLimit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

// clipWord shortens a word to what is indexed.
func clipWord(w string) string {
	n := 0
	for i := range w {
		if n == wordLimit {
			return w[:i]
		}
		n++
	}
	return w
}
