package datatype

import (
	"strings"
	"unicode/utf8"
)

// Arena gives out the memory of text values from large pieces, for batches of
// thousands of values that live and die together. The zero Arena is ready; it
// is not safe for concurrent use. Values stay valid for as long as they are
// held, and a piece is freed when none of its values is.
type Arena struct{ piece strings.Builder }

// piece sizes: the first is small, so that parsing one value costs no more
// than the value.
const arenaPiece = 32 << 10

// Batch makes the arena take memory in large pieces from now on.
func (a *Arena) Batch() *Arena {
	a.piece.Reset()
	a.piece.Grow(arenaPiece)
	return a
}

// OfText is OfText with memory from the arena.
func (a *Arena) OfText(s string) Value {
	if s == "" {
		return Value{}
	}
	if !isPlain(s) {
		return Value{quoteSlow(s)}
	}
	return a.ofPlain(s)
}

// ofPlain is OfText for text that isPlain.
func (a *Arena) ofPlain(s string) Value {
	need := len(s) + 2
	if a.piece.Cap() == 0 || need > arenaPiece/8 {
		return Value{`"` + s + `"`}
	}
	if a.piece.Cap()-a.piece.Len() < need {
		a.Batch()
	}
	start := a.piece.Len()
	a.piece.WriteByte('"')
	a.piece.WriteString(s)
	a.piece.WriteByte('"')
	return Value{a.piece.String()[start:]}
}

// printable marks the ASCII characters that show and stand in JSON as they are.
var printable = func() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// isPrintableASCII is the short way round isPlain and checkCharacters, for the
// texts that nearly all texts are.
func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if !printable[s[i]] {
			return false
		}
	}
	return true
}

// isPlain reports whether s stands in JSON as it is: no character to escape,
// and valid UTF-8.
func isPlain(s string) bool {
	ascii := true
	for i := range len(s) {
		c := s[i]
		if c < 0x20 || c == '"' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.ValidString(s)
}
