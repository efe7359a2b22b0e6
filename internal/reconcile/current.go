package reconcile

import "github.com/musterhq/muster/internal/datatype"

// Candidate is something in the register that could be the subject, found by
// the unique identifier at first contact.
type Candidate struct {
	ID      int64
	Version int64
	// LinkedTo is the mirror entry it already belongs to, and Other that
	// entry's standing; 0 when it is free.
	LinkedTo int64
	Other    Standing
	// SameObject is set when it carries the subject's own object ID (F26).
	SameObject bool
	// Fields and Login are what it holds, as in Current.
	Fields []FieldValue
	Pinned []int64
	Login  LoginState
}

// Current is what the register holds for one subject and one target. Without
// a link ID is 0 and Candidates lists what could be linked.
type Current struct {
	Target     Target
	Collection int64
	ID         int64
	Version    int64
	Mapping    int64  // whose link it is; 0 without a link
	Status     Status // what the link last said
	Candidates []Candidate
	Fields     []FieldValue // sorted by field
	Pinned     []int64      // fields that the directory may not write
	// PutAway is set for a record or login that an undo took back: the record is
	// archived, the login closed, and it stays so until there is news.
	PutAway bool
	Waiting []Waiting // link fields whose object is not in the register yet
	Login   LoginState
}

// LoginState is what matters of a login.
type LoginState struct {
	Name        string
	Email       string
	Deactivated bool
	ByHand      bool // deactivated by a person, who alone may open it again
	// Protected logins are out of a sync's reach: break-glass users and the
	// last active Organization Admin (F76).
	Protected bool
	Grants    []Grant
}

// Grant is one role that a login holds in a module. Mapping is 0 for roles
// given by hand, which a sync never touches.
type Grant struct {
	Module        int64
	Mapping       int64
	Role          int64
	Administrator bool
}

// Facts are what planning needs to know besides subjects: how references
// resolve, and which mappings still exist.
type Facts struct {
	// Resolve maps references to record numbers; those missing are not in the
	// register yet. The key is what Ref.Key returns.
	Resolve map[RefKey]int64
	// Mappings holds every mapping of this connection: true while it is in force,
	// false once it was removed, and then its grants are taken back. Grants of
	// mappings that are not listed belong to others and stay (F13).
	Mappings map[int64]bool
	// Identity names, per collection, the title field and the field of the unique
	// identifier: their changes are renames.
	Identity map[int64][]int64
}

// RefKey identifies a reference among the facts.
type RefKey struct {
	Collection int64
	Object     [16]byte
	Text       string
}

// Key returns the reference's key among the facts.
func (r *Ref) Key() RefKey {
	return RefKey{Collection: r.Collection, Object: r.Object, Text: r.Text}
}

func fieldOf(fields []FieldValue, id int64) datatype.Value {
	for _, f := range fields {
		if f.Field == id {
			return f.Value
		}
	}
	return datatype.Value{}
}
