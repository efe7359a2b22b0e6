package entrasim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

type valueKind uint8

const (
	isAbsent valueKind = iota // never set
	isNull                    // set once, cleared since
	isBool
	isString
	isList
	isRaw // JSON text, for complex properties
)

// Value is one property of one object. The zero Value was never set; delta
// leaves such properties out and lists show them as null.
type Value struct {
	kind valueKind
	yes  bool
	text string
	list []string
}

// Null, Bool, String and List make Values for Update, Hire and the like.
func Null() Value                { return Value{kind: isNull} }
func Bool(b bool) Value          { return Value{kind: isBool, yes: b} }
func String(s string) Value      { return Value{kind: isString, text: s} }
func List(items ...string) Value { return Value{kind: isList, list: items} }
func rawJSON(s string) Value     { return Value{kind: isRaw, text: s} }
func instant(t time.Time) Value  { return String(t.UTC().Format(time.RFC3339)) }
func (v Value) isEmpty() bool    { return v.kind == isAbsent || v.kind == isNull }
func (v Value) equal(w Value) bool {
	if v.isEmpty() || w.isEmpty() {
		return v.isEmpty() == w.isEmpty()
	}
	return v.kind == w.kind && v.yes == w.yes && v.text == w.text &&
		strings.Join(v.list, "\x00") == strings.Join(w.list, "\x00") && len(v.list) == len(w.list)
}

// UnmarshalJSON reads the wire form: null, a bool, a string, a list of strings
// or an object kept as it is.
func (v *Value) UnmarshalJSON(b []byte) error {
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		return err
	}
	switch x := x.(type) {
	case nil:
		*v = Null()
	case bool:
		*v = Bool(x)
	case string:
		*v = String(x)
	case []any:
		return v.readList(x)
	case map[string]any:
		var buf bytes.Buffer
		if err := json.Compact(&buf, b); err != nil {
			return err
		}
		*v = rawJSON(buf.String())
	default:
		return fmt.Errorf("a property cannot be %s", b)
	}
	return nil
}

func (v *Value) readList(items []any) error {
	list := make([]string, 0, len(items))
	for _, e := range items {
		s, ok := e.(string)
		if !ok {
			return fmt.Errorf("a list holds text only, not %v", e)
		}
		list = append(list, s)
	}
	*v = List(list...)
	return nil
}

// MarshalJSON writes the wire form.
func (v Value) MarshalJSON() ([]byte, error) { return v.appendJSON(nil), nil }

// Text is the value for people: the string, the list joined by commas, or "".
func (v Value) Text() string {
	switch v.kind {
	case isString, isRaw:
		return v.text
	case isList:
		return strings.Join(v.list, ", ")
	case isBool:
		return fmt.Sprint(v.yes)
	}
	return ""
}

func (v Value) appendJSON(b []byte) []byte {
	switch v.kind {
	case isBool:
		if v.yes {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case isString:
		return appendString(b, v.text)
	case isRaw:
		return append(b, v.text...)
	case isList:
		b = append(b, '[')
		for i, s := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, s)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string. Non-ASCII text stays UTF-8; bytes
// that are not valid UTF-8 never come out of the generator.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}
