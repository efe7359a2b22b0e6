// Package account is who there is and who may do what: the organization, its
// accounts and modules, logins, roles, and the principal of a request.
//
// Every change of a login goes through this package, whoever asks: it is the
// one place that can close a login, and it refuses to close the last active
// Organization Admin or a break-glass user on behalf of a sync (F12, F76).
package account

import (
	"time"

	"github.com/musterhq/muster/internal/directory"
)

// Organization is the installation.
type Organization struct {
	Name      string
	CreatedAt time.Time
}

// Account is a division, subsidiary or customer. Its data is invisible from
// any other.
type Account struct {
	ID        int64
	Name      string
	CreatedAt time.Time
}

// Module is a workspace for one use case.
type Module struct {
	ID        int64
	Account   int64
	Name      string
	CreatedAt time.Time
}

// State is whether a login can be used. Its text is stored and stands in JSON.
type State string

// The states.
const (
	Active      State = "active"
	Deactivated State = "deactivated"
	Invited     State = "invited" // has not signed in yet, and has no directory to vouch for it
)

// Who deactivated a login. Only a person reactivates what a person deactivated.
const (
	BySync = "sync"
	ByHand = "hand"
)

// Where a login comes from.
const (
	Local     = "local"
	Directory = "directory"
)

// Login is a user: somebody who can sign in.
type Login struct {
	ID            int64
	Email         string
	Name          string
	State         State
	DeactivatedBy string // BySync, ByHand, or "" while active
	Origin        string // Local or Directory
	BreakGlass    bool
	HasPassword   bool
	Tenant        string             // of directory logins
	Object        directory.ObjectID // of directory logins; with Tenant what signing in is keyed on (F26)
	Person        int64              // the person's record, or 0
	Version       int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Grants        []Grant
	// Protected logins are out of a sync's reach: break-glass users, and the
	// last active Organization Admin.
	Protected bool
}

// Grant is a role that a login holds. Account 0 is the whole organization,
// Module 0 the whole account. Mapping is 0 when a person gave it.
type Grant struct {
	Account, Module, Mapping, Role int64
	RoleName                       string // filled in when read
	Administrator                  bool   // above Collaborator; filled in when read
}

// GrantKey names a grant: one login holds at most one a key.
type GrantKey struct{ Account, Module, Mapping int64 }
