package reconcile

import (
	"time"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
)

// Standing is what the directory is known to say about an object as a whole:
// the evidence of being there, being shut out, or having left.
type Standing uint8

// The standings. No path leads from Unknown or Missing to anything but "as it
// was" (F73). The numbers are stored.
const (
	Unknown     Standing = iota // accountEnabled was not said: ask by ID before anything changes (F34)
	Live                        // there, and enabled where that applies
	Disabled                    // accountEnabled = false
	SoftDeleted                 // in the deleted items, can be restored until PurgeAt
	Gone                        // purged for good
	Missing                     // not in the last complete listing; not yet confirmed
	NotFound                    // missing from two complete listings and 404 when asked by ID
)

// Departed reports whether the directory says that the object has gone: it was
// deleted, for now or for good, or cannot be found.
func (s Standing) Departed() bool { return s == SoftDeleted || s == Gone || s == NotFound }

// Subject is one directory object under consideration.
type Subject struct {
	Entry     int64 // its number in the mirror
	Version   int64 // the mirror's version of it
	Object    directory.ObjectID
	Kind      directory.Kind
	Standing  Standing
	PurgeAt   time.Time // when a soft-deleted object goes for good; zero when not known
	Name      string    // for people: display name
	Principal string    // for people: user principal name, or "" for other kinds
	Guest     bool      // a guest of the tenant
}

// Target is what a change acts on. The numbers are stored.
type Target uint8

// The targets.
const (
	NoTarget Target = iota
	Record          // a record of a collection
	Login           // a user
)

// String names the target for people.
func (t Target) String() string {
	return [...]string{"nothing", "record", "login"}[min(t, Login)]
}

// Membership tells whether a subject is in a mapping's units.
type Membership uint8

// The memberships. Undetermined is when a unit could not be read completely,
// was not found, or has members that could not be resolved (F4, F6).
const (
	Undetermined Membership = iota
	Member
	Outside
)

// Owner says who may write a mapped field (F36).
type Owner uint8

// The owners.
const (
	DirectoryWins Owner = iota // every run
	FillIfEmpty                // while the field holds nothing
	OnCreate                   // when the record is made
)

// EmptyRule says what an attribute that the directory says is empty does (F35).
type EmptyRule uint8

// The rules for empty attributes.
const (
	KeepWhenEmpty  EmptyRule = iota // leave the field as it is
	ClearWhenEmpty                  // empty the field
)

// Ref is a link that a mapping wants, before the linked record is known: by
// the object it stands for, or by a text that names it.
type Ref struct {
	Collection int64              // where the linked record lives
	Object     directory.ObjectID // the directory object, for managers and owners; else zero
	Text       string             // the canonical key of the name otherwise
	Label      string             // the name as the directory spells it
	Create     bool               // make the record when there is none by that name
	IfEmpty    bool               // link only while the field holds nothing
}

// DesiredField is what a mapping row wants of a field.
type DesiredField struct {
	Field   int64
	Said    bool           // the directory mentioned the attribute; nothing happens otherwise
	Value   datatype.Value // empty when the directory says so
	Ref     *Ref           // instead of Value, for links
	Owner   Owner
	Empty   EmptyRule
	Source  string // the attribute it came from, for "why?"
	Problem *Issue // the value does not fit: the field stays as it is
}

// RoleWish is the role that a login mapping gives. Roles belong to a module.
type RoleWish struct {
	Module        int64
	Role          int64
	Administrator bool // above Collaborator: counted by the guard of administrators gained
}

// Desired is what one mapping wants for one subject and one target. A login
// mapping that also keeps a record yields two.
type Desired struct {
	Mapping    int64
	Target     Target
	Collection int64 // of Record
	// Enters tells whether conditions and units let the subject in. When they
	// do not, Why and Detail say which clause kept it out.
	Enters bool
	Why    Reason
	Detail string
	// Undetermined is set when the units could not be read: the subject neither
	// enters nor leaves through this mapping.
	Undetermined bool
	Fields       []DesiredField
	Match        []MatchKey // the unique identifier, for first contact only
	Role         RoleWish   // of Login
	LoginName    string     // of Login
	LoginEmail   string     // of Login; "" when the directory knows none
	// LeaveWhenNotFound keeps a login whose person cannot be found any more.
	LeaveWhenNotFound bool
	// KeepWhenOutside is the role that replaces the mapping's when the person
	// leaves the unit, instead of deactivation; zero for none.
	KeepWhenOutside RoleWish
}

// MatchKey is the unique identifier's value at first contact: a field of the
// collection, or the email of a login, and its canonical key (F20).
type MatchKey struct {
	Field int64 // 0 for a login's email
	Key   string
}
