// Package mapping turns what a directory says of a person, device or group
// into what the register should hold of it: who enters through which mapping,
// and which value each field wants. Compile checks a mapping once; a Mapper
// made from the rule then works through thousands of objects.
//
// Everything here is a pure function: no clock, no log, no I/O. Two rules run
// through it. What the directory did not mention is unknown and changes
// nothing; what it said to be empty is empty (F34). And a value that does not
// fit spoils its own field only.
package mapping

import (
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// Kind is what a mapping makes of the objects that enter through it. Its text
// is stored.
type Kind string

// The kinds.
const (
	Login   Kind = "login"   // users who sign in; with a collection, a record each beside the login
	Records Kind = "records" // records of a collection, without a login
)

// GuestPolicy says what a mapping does with guests of the tenant (F33). Its
// text is stored.
type GuestPolicy string

// The policies. The zero policy includes guests: who enters a login mapping is
// a member of a unit that an administrator chose, guests among them.
const (
	IncludeGuests GuestPolicy = ""
	ExcludeGuests GuestPolicy = "exclude"
	// PeopleOnly keeps a guest's record but gives no login; it only differs from
	// ExcludeGuests for login mappings with a collection.
	PeopleOnly GuestPolicy = "people_only"
)

// Targets of rows that are not fields of a collection: the name and the email
// of a login.
const (
	LoginNameField  int64 = -1
	LoginEmailField int64 = -2
)

// The unique identifiers of people. Other kinds of object, and people too, may
// use any attribute's path instead.
const (
	ByPrincipal = "user_principal_name"
	ByObjectID  = "object_id"
	ByEmail     = "email"
)

// Definition is a mapping as an administrator wrote it.
type Definition struct {
	ID         int64
	Name       string
	Kind       Kind
	Entity     directory.Kind // what is read: users, devices, groups
	Collection int64          // where records are kept; 0 for a login mapping that keeps none
	// Units scope the mapping; members of any of them are in. A login mapping
	// needs one, a records mapping without any takes everybody.
	Units         []directory.UnitRef
	Module, Role  int64 // of a login mapping: the role it gives
	Administrator bool  // that role is above Collaborator
	Identifier    string
	Conditions    []Condition // all have to hold
	Rows          []Row
	// LeaveWhenNotFound keeps the login of a person whom nobody finds any more.
	LeaveWhenNotFound bool
	// Outside is the role that remains for those who leave the units; zero
	// deactivates them.
	Outside reconcile.RoleWish
	Guests  GuestPolicy
	// Zone is the time zone, "Europe/Berlin", in which a moment becomes a day
	// (F39). Empty means UTC, in which the directory writes hire dates.
	Zone string
}

// Row fills one field.
type Row struct {
	From string // an attribute's path; may be empty when a constant or expression comes first
	To   int64  // a field, or LoginNameField, LoginEmailField
	// Fallback lists attributes that step in when those before are said to be
	// empty. The first that holds something decides. One that the directory did
	// not mention ends the search: it could hold anything.
	Fallback []string
	Owner    reconcile.Owner
	// Empty is what an empty value does; nil for the default: keep for required,
	// unique and title fields, clear for others.
	Empty      *reconcile.EmptyRule
	Transforms []Transform
	// CreateMissing makes the linked record when there is none of that name.
	CreateMissing bool
}

// Field is a field of the mapping's collection, as far as mapping minds.
type Field struct {
	ID    int64
	Name  string
	Spec  datatype.Spec
	Title bool // names the record
}

// emptyRule returns the row's rule for empty values on field f.
func (r *Row) emptyRule(f *Field) reconcile.EmptyRule {
	switch {
	case r.Empty != nil:
		return *r.Empty
	case f.Spec.Required || f.Spec.Unique || f.Title:
		return reconcile.KeepWhenEmpty
	}
	return reconcile.ClearWhenEmpty
}

// identifierPath returns the attribute that the unique identifier names.
func (d *Definition) identifierPath() string {
	switch d.Identifier {
	case ByPrincipal:
		return "userPrincipalName"
	case ByObjectID:
		return "id"
	case ByEmail:
		return "mail"
	}
	return d.Identifier
}
