package datatype

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/musterhq/muster/internal/errs"
)

// Parse turns text, as a person types it or a file or directory holds it, into
// a value of the field. White space around it does not count; nothing but white
// space is the empty value, also of a required field: see Check. The spelling
// of text is kept as it is, without folding or normalising (F38).
//
// An error is errs.Invalid and names what would fit.
func Parse(spec Spec, text string) (Value, error) { return new(Arena).Parse(&spec, text) }

// Parse is Parse with the value's memory taken from the arena.
func (a *Arena) Parse(spec *Spec, text string) (Value, error) {
	if spec.Type == LongText {
		if strings.TrimSpace(text) == "" {
			return Value{}, nil
		}
		if strings.IndexByte(text, '\r') >= 0 {
			text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
		}
		return a.plain(spec, text)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return Value{}, nil
	}
	switch spec.Type {
	case Text, Barcode:
		return a.plain(spec, text)
	case Number:
		return parseNumber(spec, text)
	case Currency:
		return parseNumber(spec, strings.TrimSpace(cutCode(text, spec.Currency)))
	case Date:
		return a.parseDate(text)
	case DateTime:
		return a.parseDateTime(text)
	case YesNo:
		return parseYesNo(text)
	case Choices:
		return parseChoices(spec, splitChoices(spec, text))
	case Link:
		return parseLink(text)
	}
	return a.parseFormed(spec, text)
}

// parseFormed parses the text types that have a form of their own.
func (a *Arena) parseFormed(spec *Spec, text string) (Value, error) {
	var err error
	switch spec.Type {
	case Choice:
		text, err = chosen(spec, text)
	case Email:
		err = checkEmail(text)
	case Phone:
		err = checkPhone(text)
	case WebAddress:
		text, err = webAddress(text)
	case Attachment:
		err = checkAttachment(text)
	default:
		err = invalid("%q is not a type of field", spec.Type)
	}
	if err != nil {
		return Value{}, err
	}
	return a.plain(spec, text)
}

// ParseList is Parse for a list of texts: the members of several choices. Of
// other types it takes the one text, and refuses more than one.
func ParseList(spec Spec, items []string) (Value, error) {
	if spec.Type == Choices {
		return parseChoices(&spec, items)
	}
	switch len(items) {
	case 0:
		return Value{}, nil
	case 1:
		return Parse(spec, items[0])
	}
	return Value{}, invalid("%d values where one fits", len(items))
}

// Check reports whether v, in canonical form, is what the field accepts. The
// empty value fits every field that is not required.
func Check(spec Spec, v Value) error {
	if v.IsEmpty() {
		if spec.Required {
			return invalid("the field is required")
		}
		return nil
	}
	if plainlyFits(&spec, v.json) {
		return nil
	}
	got, err := ParseList(spec, v.Items())
	if err != nil {
		return err
	}
	if got != v {
		return invalid("%s is not in canonical form for a field of type %s", clip(v.JSON()), spec.Type.Label())
	}
	return nil
}

// plainlyFits is the short way through Check for what nearly all values are: a
// short text of printable ASCII, without white space at its ends, for a field
// that takes any text. False means that the long way has to tell.
func plainlyFits(spec *Spec, json string) bool {
	n := len(json)
	if spec.Type != Text && spec.Type != LongText && spec.Type != Barcode || n < 3 || n-2 > spec.limit() || json[0] != '"' {
		return false
	}
	text := json[1 : n-1]
	return json[n-1] == '"' && text[0] != ' ' && text[len(text)-1] != ' ' && isPrintableASCII(text)
}

// plain checks length and characters of a text and returns it.
func (a *Arena) plain(spec *Spec, text string) (Value, error) {
	limit := spec.limit()
	if len(text) > limit {
		if n := utf8.RuneCountInString(text); n > limit {
			return Value{}, invalid("%s has %d characters; at most %d fit", clip(text), n, limit)
		}
	}
	if isPrintableASCII(text) {
		return a.ofPlain(text), nil
	}
	if err := checkCharacters(text, spec.Type == LongText); err != nil {
		return Value{}, err
	}
	return a.OfText(text), nil
}

// checkCharacters refuses what cannot be shown: control characters, but for
// line breaks and tabs where lines are allowed, and broken UTF-8.
func checkCharacters(text string, lines bool) error {
	ascii := true
	for i := range len(text) {
		c := text[i]
		if c >= 0x80 {
			ascii = false
			continue
		}
		if (c < 0x20 || c == 0x7f) && !(lines && (c == '\n' || c == '\t')) {
			return invalid("%s has a line break or another control character; one line of text fits", clip(text))
		}
	}
	if ascii {
		return nil
	}
	if !utf8.ValidString(text) {
		return invalid("%s is not valid Unicode text", clip(text))
	}
	for _, r := range text {
		if unicode.Is(unicode.Cc, r) && r >= 0x80 {
			return invalid("%s has a control character; one line of text fits", clip(text))
		}
	}
	return nil
}

func invalid(format string, args ...any) error { return errs.New(errs.Invalid, format, args...) }

// clip quotes a text for a message, shortened to what a line can hold.
func clip(s string) string {
	const most = 60
	s = strings.ToValidUTF8(s, "\ufffd")
	n := 0
	for i := range s {
		if n++; n > most {
			return quote(s[:i] + "…")
		}
	}
	return quote(s)
}
