package automation

import (
	"slices"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// Deed is what an action does. Its text is stored and stands in muster.yaml.
type Deed string

// The deeds.
const (
	Sync         Deed = "sync"
	Mail         Deed = "mail"
	Post         Deed = "post"
	SetField     Deed = "set_field"
	CreateRecord Deed = "create_record"
	CheckIn      Deed = "check_in"
)

// Deeds returns all deeds in the order in which they are offered.
func Deeds() []Deed { return []Deed{Mail, Post, Sync, SetField, CreateRecord, CheckIn} }

// String returns the deed in words.
func (d Deed) String() string {
	switch d {
	case Sync:
		return "sync"
	case Mail:
		return "send an email"
	case Post:
		return "post to a web address"
	case SetField:
		return "set a field"
	case CreateRecord:
		return "create a record"
	case CheckIn:
		return "check in"
	}
	return "do something unknown"
}

// message reports whether the deed tells somebody something: these are gathered
// and limited.
func (d Deed) message() bool { return d == Mail || d == Post }

// changesRecords reports whether the deed is done to the records that the
// trigger is about.
func (d Deed) changesRecords() bool { return d == SetField || d == CheckIn }

// Shape is what a post looks like. Its text is stored.
type Shape string

// The shapes.
const (
	Plain Shape = "muster" // JSON with all that is known
	Slack Shape = "slack"  // an incoming webhook of Slack
	Teams Shape = "teams"  // an adaptive card, for a workflow of Microsoft Teams
)

// Shapes returns all shapes in the order in which they are offered.
func Shapes() []Shape { return []Shape{Plain, Slack, Teams} }

// Action is one thing that an automation does. Fields that its deed does not use
// are zero. In texts, words in braces stand for what it is about; see Words.
type Action struct {
	Do         Deed
	Connection int64 // of Sync; 0 for all of the module
	Full       bool  // of Sync
	To         []Recipient
	Subject    string // of Mail; "" for what happened
	Text       string // of Mail and Post; "" for what happened
	URL        string
	Shape      Shape
	Sealed     []byte      // what posts are signed with, as it is stored
	Secret     secret.Text `json:"-"` // the same, when it is given; never stored
	Field      int64       // of SetField
	Value      string      // of SetField; "" clears
	Collection int64       // of CreateRecord
	Values     []FieldText
	Note       string // of CheckIn, and for the history of SetField and CreateRecord
}

// FieldText is a field with the text that it is to hold.
type FieldText struct {
	Field int64
	Text  string
}

// RecipientKind is how a recipient is found. Its text is stored.
type RecipientKind string

// The ways to find a recipient.
const (
	Administrators RecipientKind = "administrators" // of the module; if it has none, of the account, then of the organization
	User           RecipientKind = "user"           // somebody who can sign in
	Holder         RecipientKind = "holder"         // who holds the asset, or the person itself
	PersonField    RecipientKind = "field"          // a field of the record, or of who holds it: an email, or a link to a person
	Address        RecipientKind = "address"
)

// Recipient is who gets a letter.
type Recipient struct {
	Kind    RecipientKind
	Login   int64  // of User
	Field   int64  // of PersonField
	Address string // of Address
}

// check refuses an action that lacks what its deed needs. What it refers to is
// checked by the use case.
func (a *Action) check(t *Trigger) error {
	if a.Do.changesRecords() && !t.OfRecords() {
		return errs.New(errs.Invalid, "%s needs a trigger that is about records", a.Do).
			WithHint("Choose another trigger, or a collection for the schedule.")
	}
	switch a.Do {
	case Sync:
		return nil
	case Mail:
		return a.checkMail(t)
	case Post:
		return a.checkPost()
	case SetField:
		if a.Field == 0 {
			return errs.New(errs.Invalid, "say which field is set")
		}
	case CreateRecord:
		if a.Collection == 0 {
			return errs.New(errs.Invalid, "say in which collection a record is created")
		}
	case CheckIn:
	default:
		return errs.New(errs.Invalid, "there is no action %q", string(a.Do))
	}
	return nil
}

func (a *Action) checkMail(t *Trigger) error {
	if len(a.To) == 0 {
		return errs.New(errs.Invalid, "the email has no recipient").WithHint("Choose the administrators, a user, a person's field or an address.")
	}
	for _, r := range a.To {
		switch r.Kind {
		case Administrators:
		case User:
			if r.Login == 0 {
				return errs.New(errs.Invalid, "say which user gets the email")
			}
		case Holder, PersonField:
			if !t.OfRecords() {
				return errs.New(errs.Invalid, "an email to a person of the record needs a trigger that is about records")
			}
			if r.Kind == PersonField && r.Field == 0 {
				return errs.New(errs.Invalid, "say which field leads to the recipient")
			}
		case Address:
			if !isAddress(r.Address) {
				return errs.New(errs.Invalid, "%q is not an email address", r.Address)
			}
		default:
			return errs.New(errs.Invalid, "there is no recipient %q", string(r.Kind))
		}
	}
	return nil
}

func (a *Action) checkPost() error {
	if a.Shape == "" {
		a.Shape = Plain
	}
	if !slices.Contains(Shapes(), a.Shape) {
		return errs.New(errs.Invalid, "there is no shape %q", string(a.Shape))
	}
	if a.URL == "" {
		return errs.New(errs.Invalid, "say to which web address is posted")
	}
	return nil
}
