package reconcile

import (
	"time"

	"github.com/musterhq/muster/internal/datatype"
)

// Verb is what a change does. The numbers are stored.
type Verb uint8

// The verbs. The last four change nothing: they report.
const (
	NoVerb     Verb = iota
	Add             // make the record or the login, and link it
	Adopt           // link what is already there, and bring it in line
	Relink          // move a link from an object that is gone to a new one (F22)
	Update          // write fields
	Rename          // write the title, the name or the email
	Blank           // empty fields that hold something (F35)
	SetStatus       // write the integration status
	SetRoles        // give, take or exchange roles
	Deactivate      // close the login
	Reactivate      // open it again; of a record that an undo had put away, bring it back
	Archive         // put away a record that an undone run had added
	Skip            // nothing, for a reason
	Conflict        // nothing, until a person decides
	Fail            // nothing, because the values fit nowhere
	Problem         // some fields could not be written; the rest of the person was
)

var verbNames = [...]string{
	"", "add", "adopt", "relink", "update", "rename", "blank", "set_status", "set_roles",
	"deactivate", "reactivate", "archive", "skip", "conflict", "fail", "problem",
}

// String returns the verb as it stands in JSON.
func (v Verb) String() string {
	if int(v) < len(verbNames) {
		return verbNames[v]
	}
	return "unknown"
}

// Acts reports whether the verb changes the register.
func (v Verb) Acts() bool { return v > NoVerb && v < Skip }

// Status is the integration status of a record. The numbers are stored.
type Status uint8

// The statuses, as evidence sets them.
const (
	NoStatus Status = iota
	StatusActive
	StatusDisabled
	StatusDeleted
	StatusPurged
	StatusNotFound
	StatusOutOfScope
	StatusConflict
)

// Statuses are the choices of the field Integration status, by Status.
var Statuses = [...]string{"", "Active", "Disabled", "Deleted", "Purged", "Not found", "Out of scope", "Conflict"}

// String returns the status as the field shows it.
func (s Status) String() string {
	if int(s) < len(Statuses) {
		return Statuses[s]
	}
	return ""
}

// FieldValue is one field of a record.
type FieldValue struct {
	Field int64
	Value datatype.Value
}

// FieldChange is one field's part of a change.
type FieldChange struct {
	Field  int64
	Before datatype.Value
	After  datatype.Value
	Ref    *Ref   // what After is to link to, when that is not known yet
	Source string // the attribute that it came from
}

// RoleChange is one module's part of a change of roles. A zero role is none.
type RoleChange struct {
	Module        int64
	Mapping       int64 // whose grant it is
	Before, After int64
	// Administrator is set when the role after is above Collaborator and the
	// login did not hold it before.
	Administrator bool
}

// Change is one entry of a plan: what would happen to one target of one
// subject, from what, to what, and why.
type Change struct {
	Entry         int64
	EntryVersion  int64
	EntryBefore   int64 // of Relink: the entry that the link moves away from
	Target        Target
	Collection    int64 // of Record
	TargetID      int64 // 0 while there is none
	TargetVersion int64
	Mapping       int64
	Verb          Verb
	Reason        Reason
	Class         Class
	Name          string // whom it concerns, for people
	Fields        []FieldChange
	Roles         []RoleChange
	Status        Status // after; of Add, Adopt, SetStatus and Reactivate
	StatusBefore  Status
	PurgeAt       time.Time
	LoginName     string // after; of logins
	LoginEmail    string
	NameBefore    string
	EmailBefore   string
	Issues        []Issue
	Detail        string // which clause, which candidate: for people
}
