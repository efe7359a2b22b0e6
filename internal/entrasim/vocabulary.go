package entrasim

import "github.com/musterhq/muster/internal/entrasim/estate"

// The words of Control, which live with the directory itself.
type (
	// Value is one property of one object.
	Value = estate.Value
	// Person is a short view of a user.
	Person = estate.Person
	// Circle is a short view of a group or an administrative unit.
	Circle = estate.Circle
	// Device is a short view of a device.
	Device = estate.Device
	// Counts is what the tenant holds.
	Counts = estate.Counts
)

// Null is a cleared property.
func Null() Value { return estate.Null() }

// Bool is a yes or no.
func Bool(b bool) Value { return estate.Bool(b) }

// String is a text; timestamps are texts in RFC 3339.
func String(s string) Value { return estate.String(s) }

// List is a collection of texts.
func List(items ...string) Value { return estate.List(items...) }
