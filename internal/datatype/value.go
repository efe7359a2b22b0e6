// Package datatype is what the fields of a record can hold: the types, the
// canonical form of their values, and how text becomes a value of a type.
// Everything here is a pure function.
package datatype

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Value is a field's value in canonical form: its compact JSON. Two values are
// equal when they are ==, and the zero Value is the empty field. The form by type:
//
//	text, long text, email, phone, web address, barcode, choice   "a string"
//	number, currency                                              12.5 without exponent or trailing zeros
//	date                                                          "2026-05-18", a civil date without a zone
//	date and time                                                 "2026-05-18T19:03:10Z", always UTC
//	yes/no                                                        true or false
//	several choices                                               ["sorted","without duplicates"]
//	link                                                          the linked record's number, 42
//	attachment                                                    "the attachment's identifier"
type Value struct{ json string }

// FromJSON returns the value whose canonical JSON is given; "" and "null" are
// the empty value. It trusts its input: the store gives back what it was given.
func FromJSON(canonical string) Value {
	if canonical == "null" {
		return Value{}
	}
	return Value{canonical}
}

// OfText returns a text value; an empty text is the empty value.
func OfText(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{quote(s)}
}

// OfBool returns a yes/no value.
func OfBool(b bool) Value { return Value{strconv.FormatBool(b)} }

// OfRecord returns a link to the record with the given number; 0 is empty.
func OfRecord(id int64) Value {
	if id == 0 {
		return Value{}
	}
	return Value{strconv.FormatInt(id, 10)}
}

// IsEmpty reports whether the field holds nothing.
func (v Value) IsEmpty() bool { return v.json == "" }

// JSON returns the canonical JSON, "null" for the empty value.
func (v Value) JSON() string {
	if v.json == "" {
		return "null"
	}
	return v.json
}

// Record returns the number of a linked record, or 0.
func (v Value) Record() int64 {
	n, err := strconv.ParseInt(v.json, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// String returns the value for people: text unquoted, lists joined by commas,
// nothing for the empty value. Links show the number; callers that know the
// record's title show that instead.
func (v Value) String() string {
	switch {
	case v.json == "":
		return ""
	case v.json[0] == '"':
		return unquote(v.json)
	case v.json[0] == '[':
		return join(v.Items())
	case v.json == "true":
		return "yes"
	case v.json == "false":
		return "no"
	}
	return v.json
}

// Items returns the members of a list value, or the one text of another.
func (v Value) Items() []string {
	if v.json == "" {
		return nil
	}
	if v.json[0] != '[' {
		return []string{v.String()}
	}
	return unlist(v.json)
}

func join(items []string) string {
	out := ""
	for i, s := range items {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	return out
}

// quote returns s as a JSON string without escaping HTML characters, which the
// standard encoder would.
func quote(s string) string {
	if !isPlain(s) {
		return quoteSlow(s)
	}
	return `"` + s + `"`
}

func unquote(s string) string {
	if len(s) >= 2 && strings.IndexByte(s, '\\') < 0 {
		return s[1 : len(s)-1]
	}
	var out string
	if json.Unmarshal([]byte(s), &out) != nil {
		return s
	}
	return out
}

// quoteSlow quotes text with characters that need care; invalid UTF-8 becomes
// the replacement character.
func quoteSlow(s string) string {
	var b []byte
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r < 0x20:
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return string(append(b, '"'))
}
