// Package secret holds values that must never be printed, and seals them at rest.
package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// redacted stands for a secret wherever one would have been printed.
const redacted = "[secret]"

// Text is a secret string: a client secret, a password, a private key in PEM.
// Every way of printing it yields "[secret]"; only Reveal gives the value, so
// that a search for Reveal finds every place where a secret is used.
type Text struct{ value string }

// New returns value as a secret.
func New(value string) Text { return Text{value} }

// Reveal returns the secret itself. Call it only where it leaves the process.
func (t Text) Reveal() string { return t.value }

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.value == "" }

// String returns a placeholder, or "" when there is no secret.
func (t Text) String() string {
	if t.value == "" {
		return ""
	}
	return redacted
}

// GoString returns the placeholder for %#v.
func (t Text) GoString() string { return t.String() }

// Format writes the placeholder for every verb, %x and %q among them.
func (t Text) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.String()) }

// LogValue returns the placeholder for structured logs.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON writes the placeholder.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// MarshalText writes the placeholder, for encoders that ask for text.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
