package rawjson

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendText appends the text of a string value to dst. raw is the value with
// its quotes, as a Scanner handed it out. Lone surrogates and bytes that are
// not UTF-8 become U+FFFD.
func AppendText(dst, raw []byte) []byte {
	text := raw[1 : len(raw)-1]
	for len(text) > 0 {
		plain := bytes.IndexByte(text, '\\')
		if plain < 0 {
			return appendValid(dst, text)
		}
		dst = appendValid(dst, text[:plain])
		r, size := unescape(text[plain:])
		dst = utf8.AppendRune(dst, r)
		text = text[plain+size:]
	}
	return dst
}

// Text returns the text of a string value as a copy.
func Text(raw []byte) string {
	if text, plain := PlainText(raw); plain {
		return string(text)
	}
	return string(AppendText(nil, raw))
}

// PlainText returns the text of a string value in place, and false when the
// value has to be unescaped or repaired first.
func PlainText(raw []byte) ([]byte, bool) {
	text := raw[1 : len(raw)-1]
	return text, ascii(text) || bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text)
}

// ascii reports whether text has neither backslashes nor bytes above 0x7f. It
// looks at eight bytes at a time; most texts are shorter than three times that.
func ascii(text []byte) bool {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		slash := x ^ ones*'\\'
		if (x|(slash-ones)&^slash)&tops != 0 {
			return false
		}
	}
	for ; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf || text[i] == '\\' {
			return false
		}
	}
	return true
}

func appendValid(dst, text []byte) []byte {
	if utf8.Valid(text) {
		return append(dst, text...)
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text) // U+FFFD of size 1 for a byte that is not UTF-8
		dst = utf8.AppendRune(dst, r)
		text = text[size:]
	}
	return dst
}

// unescape reads the escape that text starts with and returns its character
// and length. A surrogate pair is one escape of twelve bytes.
func unescape(text []byte) (r rune, size int) {
	switch c := text[1]; c {
	case 'u':
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	default: // a quote, a slash, a backslash
		return rune(c), 2
	}
	r = hex4(text[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(text[8:])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(b []byte) rune {
	return unhex(b[0])<<12 | unhex(b[1])<<8 | unhex(b[2])<<4 | unhex(b[3])
}

// AppendCompact appends raw, a valid JSON value, to dst without the white space
// between its tokens.
func AppendCompact(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		start := i
		for i < len(raw) && raw[i] > ' ' && raw[i] != '"' {
			i++
		}
		if i < len(raw) && raw[i] == '"' {
			if end := skipString(raw, i+1); end > 0 {
				i = end
			} else {
				i = len(raw)
			}
		}
		dst = append(dst, raw[start:i]...)
		i = skipSpace(raw, i)
		if i == start { // a byte that valid JSON does not have here
			i++
		}
	}
	return dst
}

// AppendString appends text to dst as a JSON string with its quotes.
func AppendString(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
