package odata

import (
	"fmt"
	"strings"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokWord
	tokString
	tokPunct
)

type token struct {
	kind tokenKind
	text string
	at   int
}

type lexer struct {
	text string
	pos  int
}

// wordBytes may stand in a name, path, number, GUID or timestamp. A colon is
// not among them (it ends a range variable) except inside a timestamp.
func wordByte(c byte) bool {
	return c == '_' || c == '/' || c == '.' || c == '-' || c == '@' || c == '+' || c >= 0x80 ||
		c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.text) && (l.text[l.pos] == ' ' || l.text[l.pos] == '\t') {
		l.pos++
	}
	at := l.pos
	if at >= len(l.text) {
		return token{kind: tokEnd, at: at, text: "end of filter"}, nil
	}
	c := l.text[at]
	switch {
	case c == '\'':
		return l.quoted()
	case strings.IndexByte("(),:", c) >= 0:
		l.pos++
		return token{tokPunct, l.text[at:l.pos], at}, nil
	case wordByte(c):
		digit := c >= '0' && c <= '9'
		for l.pos < len(l.text) && (wordByte(l.text[l.pos]) || digit && l.text[l.pos] == ':') {
			l.pos++
		}
		return token{tokWord, l.text[at:l.pos], at}, nil
	}
	return token{}, fmt.Errorf("filter: position %d: unexpected %q", at, c)
}

// quoted reads 'it”s': two quotes inside stand for one.
func (l *lexer) quoted() (token, error) {
	at := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.text); l.pos++ {
		if l.text[l.pos] != '\'' {
			b.WriteByte(l.text[l.pos])
			continue
		}
		l.pos++
		if l.pos < len(l.text) && l.text[l.pos] == '\'' {
			b.WriteByte('\'')
			continue
		}
		return token{tokString, b.String(), at}, nil
	}
	return token{}, fmt.Errorf("filter: position %d: quote not closed", at)
}
