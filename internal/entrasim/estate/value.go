package estate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

type valueKind uint8

const (
	IsAbsent valueKind = iota // never set
	IsNull                    // set once, cleared since
	isBool
	isString
	isList
	isRaw // JSON text, for complex properties
)

// Value is one property of one object. The zero Value was never set; delta
// leaves such properties out and lists show them as null.
type Value struct {
	Kind  valueKind
	yes   bool
	Raw   string
	Items []string
}

// Null is a cleared property.
func Null() Value { return Value{Kind: IsNull} }

// Bool is a yes or no.
func Bool(b bool) Value { return Value{Kind: isBool, yes: b} }

// String is a text; timestamps are texts in RFC 3339.
func String(s string) Value { return Value{Kind: isString, Raw: s} }

// List is a collection of texts.
func List(items ...string) Value { return Value{Kind: isList, Items: items} }
func rawJSON(s string) Value     { return Value{Kind: isRaw, Raw: s} }
func instant(t time.Time) Value  { return String(t.UTC().Format(time.RFC3339)) }

// IsEmpty: never set, or cleared.
func (v Value) IsEmpty() bool { return v.Kind == IsAbsent || v.Kind == IsNull }
func (v Value) equal(w Value) bool {
	if v.IsEmpty() || w.IsEmpty() {
		return v.IsEmpty() == w.IsEmpty()
	}
	return v.Kind == w.Kind && v.yes == w.yes && v.Raw == w.Raw &&
		strings.Join(v.Items, "\x00") == strings.Join(w.Items, "\x00") && len(v.Items) == len(w.Items)
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
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// Text is the value for people: the string, the list joined by commas, or "".
func (v Value) Text() string {
	switch v.Kind {
	case isString, isRaw:
		return v.Raw
	case isList:
		return strings.Join(v.Items, ", ")
	case isBool:
		return fmt.Sprint(v.yes)
	}
	return ""
}

// AppendJSON writes the wire form; absent is null.
func (v Value) AppendJSON(b []byte) []byte {
	switch v.Kind {
	case isBool:
		if v.yes {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case isString:
		return AppendString(b, v.Raw)
	case isRaw:
		return append(b, v.Raw...)
	case isList:
		b = append(b, '[')
		for i, s := range v.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendString(b, s)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

const hexDigits = "0123456789abcdef"

// AppendString writes s as a JSON string. Non-ASCII text stays UTF-8; bytes
// that are not valid UTF-8 never come out of the generator.
func AppendString(b []byte, s string) []byte {
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
