// Package directory is the vocabulary for what an identity directory says:
// objects, their attributes in three states, pages of them, the cursors that
// lead on, and the proof that a reading was complete. It knows no wire format
// but one: the attributes of an object travel as a Document, a JSON object that
// is stored as it came and read in place.
package directory

import "time"

// Kind is what sort of thing a directory object is. The numbers are stored.
type Kind uint8

// The kinds of directory object that Muster reads.
const (
	NoKind Kind = iota
	User
	Device
	Group
	AdministrativeUnit
	OtherKind // an object that Muster does not read, a service principal for example
)

var kindNames = [...]string{"", "user", "device", "group", "administrative unit", "other"}

// String returns the kind in the singular.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Removal is how an object left, as the directory tells it (F52).
type Removal uint8

// The removals. A soft-deleted object can be restored; a purged one is gone.
const (
	NotRemoved Removal = iota
	SoftDeleted
	Purged
)

// Object is one directory object as it arrived. Doc holds the attributes that
// the directory mentioned and may be empty for a removal; it is valid only
// until the next page is asked for.
type Object struct {
	ID      ObjectID
	Kind    Kind
	Removed Removal
	Doc     Document
	// Hollow marks an object of which the directory showed the identifier only,
	// for want of a permission. It says nothing about the attributes (F61).
	Hollow bool
	// Members lists changes of a group's or unit's direct members, in delta
	// rounds only. Parts of one group may come spread over pages and add up (F47).
	Members []MemberChange
	// MembersMentioned is set when the round says anything about members.
	MembersMentioned bool
}

// MemberChange is one direct member that joined or, with Removed, left.
type MemberChange struct {
	ID      ObjectID
	Kind    Kind
	Removed bool
}

// Cursor is an opaque link that leads on from where a reading stopped. It is
// stored and replayed whole, never rebuilt (F43). The zero Cursor starts anew.
type Cursor struct {
	Link  string
	Taken time.Time // when it was handed out; page links age in hours, delta links in days
}

// IsZero reports whether the cursor leads nowhere.
func (c Cursor) IsZero() bool { return c.Link == "" }

// Page is one page of a reading.
type Page struct {
	Objects []Object
	Next    Cursor // the following page; zero on the last
	Delta   Cursor // where the next round of changes starts; on the last page of a round only
	Total   int    // how many objects the directory counts in all; -1 when not said
	Bytes   int    // size of the body, decoded
}

// Last reports whether no page follows.
func (p *Page) Last() bool { return p.Next.IsZero() }

// Query says what to read of a kind. Select names the attributes wanted, as
// the directory spells them; the identifier always comes.
type Query struct {
	Kind   Kind
	Select []string
	// Expand names one related object whose identifier is wanted with each
	// object: "manager" of users, "registeredOwners" of devices. Empty for none.
	Expand string
	// From resumes a listing at a page link, or continues a delta round.
	From Cursor
	// Readers is how many readers may share a listing. 0 and 1 mean one chain.
	Readers int
}

// Unit is a container that scopes a mapping: a group or an administrative unit.
type Unit struct {
	Kind   Kind // Group or AdministrativeUnit
	ID     ObjectID
	Name   string
	Nested bool // members of groups inside count too; groups only
}

// UnitRef names a unit as an administrator does, by name or by object ID.
type UnitRef struct {
	Kind   Kind
	Name   string // a display name or the spelling of an object ID
	Nested bool
}

// Usage counts what a source did, for the report of a run.
type Usage struct {
	Requests int           // requests sent, tokens and retries included
	Retries  int           // requests sent again after a fault
	Waited   time.Duration // time spent waiting because the directory asked to, or after a fault
	Bytes    int64         // bytes of bodies received
	Pages    int           // pages that arrived whole
}
