package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Action is what was done. Its text is stored.
type Action string

// The actions.
const (
	OrganizationCreated Action = "organization created"
	AccountCreated      Action = "account created"
	ModuleCreated       Action = "module created"
	LoginCreated        Action = "login created"
	LoginDeactivated    Action = "login deactivated"
	LoginReactivated    Action = "login reactivated"
	RoleGranted         Action = "role granted"
	RoleRevoked         Action = "role revoked"
	PasswordReset       Action = "password reset"
	ConnectionSaved     Action = "connection saved"
	MappingSaved        Action = "mapping saved"
	RunApproved         Action = "run approved"
	RunUndone           Action = "run undone"
	RecordsExported     Action = "records exported"
)

// Detail is one thing that an event changed.
type Detail struct{ Name, Before, After string }

// Event is one act, as it is kept for ever.
type Event struct {
	At          time.Time
	Account     int64 // 0 for the organization as a whole
	Actor       Actor
	Action      Action
	SubjectKind string
	SubjectID   int64
	SubjectName string
	Details     []Detail
}

// Chain returns the link of an event in the chain that shows tampering: a hash
// over the link before it and all that the event says. Each part is preceded by
// its length, so that no two events share an encoding.
func Chain(before [32]byte, e Event) [32]byte {
	h := sha256.New()
	h.Write(before[:])
	number := func(n int64) { binary.Write(h, binary.BigEndian, n) }
	text := func(s string) {
		number(int64(len(s)))
		h.Write([]byte(s))
	}
	number(e.At.UnixMicro())
	number(e.Account)
	text(e.Actor.Kind)
	number(e.Actor.ID)
	text(e.Actor.Name)
	text(e.Actor.Address)
	text(string(e.Action))
	text(e.SubjectKind)
	number(e.SubjectID)
	text(e.SubjectName)
	for _, d := range e.Details {
		text(d.Name)
		text(d.Before)
		text(d.After)
	}
	var out [32]byte
	h.Sum(out[:0])
	return out
}
