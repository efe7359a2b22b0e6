// Package rawjson cuts JSON text into pieces without decoding it.
//
// A Scanner walks over one JSON text (RFC 8259) and hands out members and
// elements as slices of that text. Everything it passes is checked: what was
// walked to the end is valid JSON. Bytes that are not UTF-8 pass inside strings
// and become U+FFFD when the string is unquoted, as encoding/json does it.
//
//	s := rawjson.Scan(page)
//	s.Object()
//	for key, ok := s.Member(); ok; key, ok = s.Member() {
//		raw := s.Value()
//		...
//	}
//	s.End()
//	return s.Err()
package rawjson

import "fmt"

// MaxDepth is how deep arrays and objects may nest. Deeper text is refused,
// since every level costs stack.
const MaxDepth = 200

// Kind is the sort of a JSON value.
type Kind uint8

// The kinds. Invalid is the kind of text that starts no value.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// KindOf tells the kind of a value from its first byte. It does not look
// further, so raw has to be a piece that a Scanner handed out.
func KindOf(raw []byte) Kind {
	if len(raw) == 0 {
		return Invalid
	}
	return kinds[raw[0]]
}

var kinds = [256]Kind{
	'n': Null, 't': Bool, 'f': Bool, '"': String, '[': Array, '{': Object, '-': Number,
	'0': Number, '1': Number, '2': Number, '3': Number, '4': Number,
	'5': Number, '6': Number, '7': Number, '8': Number, '9': Number,
}

// SyntaxError says where text stops being JSON.
type SyntaxError struct {
	Offset int  // of the offending byte
	Cut    bool // the text ended too early
}

// Error tells the offset and whether the text was cut short.
func (e *SyntaxError) Error() string {
	if e.Cut {
		return fmt.Sprintf("the JSON text ends too early, at byte %d", e.Offset)
	}
	return fmt.Sprintf("not JSON at byte %d", e.Offset)
}

// Scanner walks over one JSON text. Its methods do nothing after the first
// fault, which Err keeps. Make it with Scan; it is meant to live on the stack.
type Scanner struct {
	data  []byte
	pos   int
	first bool // the container just entered has had no member or element yet
	err   error
}

// Scan returns a scanner at the start of data. The pieces it hands out share
// data's memory.
func Scan(data []byte) Scanner { return Scanner{data: data} }

// Err returns the first fault, a *SyntaxError, or nil.
func (s *Scanner) Err() error { return s.err }

// Pos returns the offset of the next byte to be read.
func (s *Scanner) Pos() int { return s.pos }

// fail keeps the fault at offset at, unless there is one already.
func (s *Scanner) fail(at int) {
	if s.err == nil {
		s.err = &SyntaxError{Offset: at, Cut: at >= len(s.data)}
	}
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *Scanner) peek() byte {
	s.pos = skipSpace(s.data, s.pos)
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// Kind returns the kind of the value that comes next, without reading it.
func (s *Scanner) Kind() Kind {
	if s.err != nil {
		return Invalid
	}
	return kinds[s.peek()]
}

// Object enters an object, or fails when something else comes next.
func (s *Scanner) Object() { s.enter('{') }

// Array enters an array, or fails when something else comes next.
func (s *Scanner) Array() { s.enter('[') }

func (s *Scanner) enter(bracket byte) {
	if s.err != nil {
		return
	}
	if s.peek() != bracket {
		s.fail(s.pos)
		return
	}
	s.pos++
	s.first = true
}

// Member moves to the next member of the object entered and returns its name,
// unescaped. It returns false behind the last one, having left the object, and
// on a fault. After true, read the member's value: Value, Object or Array.
func (s *Scanner) Member() (name []byte, ok bool) {
	start, ok := s.nameStart()
	if !ok {
		return nil, false
	}
	// The first special byte of most names is their closing quote.
	end := nextSpecial(s.data, start+1) + 1
	plain := end <= len(s.data) && s.data[end-1] == '"'
	if !plain {
		if end = skipString(s.data, start+1); end < 0 {
			s.fail(^end)
			return nil, false
		}
	}
	if s.pos = end; s.peek() != ':' {
		s.fail(s.pos)
		return nil, false
	}
	s.pos++
	if !plain {
		return AppendText(nil, s.data[start:end]), true
	}
	return s.data[start+1 : end-1], true
}

// nameStart returns the offset of the next member's opening quote, false when
// the object ends or on a fault. The first test is a shortcut for text without
// white space.
func (s *Scanner) nameStart() (int, bool) {
	if i := s.pos; !s.first && i+1 < len(s.data) && s.data[i] == ',' && s.data[i+1] == '"' && s.err == nil {
		return i + 1, true
	}
	if !s.more('}') {
		return 0, false
	}
	if s.peek() != '"' {
		s.fail(s.pos)
		return 0, false
	}
	return s.pos, true
}

// Element moves to the next element of the array entered. It returns false
// behind the last one, having left the array, and on a fault. After true, read
// the element: Value, Object or Array.
func (s *Scanner) Element() bool {
	if !s.more(']') {
		return false
	}
	if s.peek() == ']' { // a comma before the bracket
		s.fail(s.pos)
		return false
	}
	return true
}

// more reports whether the container that closing ends has something left, and
// passes the comma before it or the closing bracket.
func (s *Scanner) more(closing byte) bool {
	if s.err != nil {
		return false
	}
	c := s.peek()
	switch {
	case c == closing && s.pos < len(s.data):
		s.pos++
		s.first = false
		return false
	case s.first && s.pos < len(s.data):
		s.first = false
		return true
	case c == ',':
		s.pos++
		return true
	}
	s.fail(s.pos)
	return false
}

// Value reads one value whole and returns its text, without the white space
// around it; nil on a fault.
func (s *Scanner) Value() []byte {
	if s.err != nil {
		return nil
	}
	start := skipSpace(s.data, s.pos)
	end := skipValue(s.data, start, MaxDepth)
	if end < 0 {
		s.fail(^end)
		return nil
	}
	s.pos = end
	return s.data[start:end]
}

// End fails when anything but white space is left.
func (s *Scanner) End() {
	if s.err == nil && (s.peek() != 0 || s.pos < len(s.data)) {
		s.fail(s.pos)
	}
}

// Valid reports whether data is exactly one JSON value.
func Valid(data []byte) bool {
	s := Scan(data)
	s.Value()
	s.End()
	return s.err == nil
}
