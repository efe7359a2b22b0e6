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
	if a.piece.Cap() == 0 || !isPlain(s) {
		return OfText(s)
	}
	need := len(s) + 2
	if need > arenaPiece/8 {
		return OfText(s)
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
