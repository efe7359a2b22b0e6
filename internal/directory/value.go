package directory

import "strings"

// State tells the three things that a directory can say of an attribute (F34).
type State uint8

// The states. Absent and Null lead to different acts: what was not said is
// unknown, what was said to be empty is empty.
const (
	Absent  State = iota // not mentioned
	Null                 // said to be empty
	Present              // a value
)

// Form is the shape of a present value.
type Form uint8

// The forms. Nested is an object whose members have no path in the catalogue.
const (
	Text Form = iota
	Bool
	Number
	List
	Nested
)

// Value is what a directory says of one attribute. The zero Value is absent.
type Value struct {
	state State
	form  Form
	truth bool
	text  string   // Text and Number as they stand; Nested as JSON
	list  []string // List
}

// NullValue returns the value that says "empty".
func NullValue() Value { return Value{state: Null} }

// TextValue returns a present text.
func TextValue(s string) Value { return Value{state: Present, form: Text, text: s} }

// BoolValue returns a present yes or no.
func BoolValue(b bool) Value { return Value{state: Present, form: Bool, truth: b} }

// NumberValue returns a present number in its decimal spelling.
func NumberValue(s string) Value { return Value{state: Present, form: Number, text: s} }

// ListValue returns a present list of texts; an empty list counts as a value.
func ListValue(items []string) Value { return Value{state: Present, form: List, list: items} }

// NestedValue returns a present object, given as JSON.
func NestedValue(json string) Value { return Value{state: Present, form: Nested, text: json} }

// State returns which of the three states the value is in.
func (v Value) State() State { return v.state }

// Form returns the shape of a present value.
func (v Value) Form() Form { return v.form }

// IsEmpty reports whether the directory said that there is nothing: null, an
// empty text or an empty list. An absent value is not empty but unknown.
func (v Value) IsEmpty() bool {
	switch {
	case v.state == Null:
		return true
	case v.state == Absent:
		return false
	case v.form == Text || v.form == Number || v.form == Nested:
		return v.text == ""
	case v.form == List:
		return len(v.list) == 0
	}
	return false
}

// Truth returns a yes or no and whether the value is one.
func (v Value) Truth() (truth, ok bool) {
	return v.truth, v.state == Present && v.form == Bool
}

// List returns the items of a list, the one item of a text, or nil.
func (v Value) List() []string {
	if v.state != Present {
		return nil
	}
	if v.form == List {
		return v.list
	}
	if s := v.String(); s != "" {
		return []string{s}
	}
	return nil
}

// String returns the value for people: lists joined by commas, yes and no as
// true and false, nothing for absent and null.
func (v Value) String() string {
	if v.state != Present {
		return ""
	}
	switch v.form {
	case Bool:
		if v.truth {
			return "true"
		}
		return "false"
	case List:
		return strings.Join(v.list, ", ")
	}
	return v.text
}
