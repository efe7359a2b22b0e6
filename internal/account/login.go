package account

import (
	"slices"
	"time"

	"github.com/musterhq/muster/internal/directory"
)

// State is whether a login can be used. Its text is stored and stands in JSON.
type State string

// The states.
//
//	from         to           by
//	-            Invited      Invite
//	-            Active       a sync; the set-up
//	Invited      Active       the first password; adoption by a sync that says so
//	any          Deactivated  a sync (BySync), a person (ByHand)
//	Deactivated  Active       a sync, if it was the one to deactivate; a person
//
// Nothing else leads to Active, least of all missing data (F73).
const (
	Active      State = "active"
	Deactivated State = "deactivated"
	Invited     State = "invited" // has no password yet, and no directory to vouch for it
)

// Who deactivated a login. Only a person reactivates what a person deactivated.
const (
	BySync = "sync"
	ByHand = "hand"
)

// Where a login comes from.
const (
	Local     = "local"
	Directory = "directory" // signs in with Microsoft; no password unless break-glass (F25)
)

// Login is a user: somebody who can sign in.
type Login struct {
	ID            int64
	Email         string
	Name          string
	State         State
	DeactivatedBy string // BySync, ByHand, or "" while not deactivated
	Origin        string // Local or Directory
	BreakGlass    bool   // out of every sync's reach, for the day when the directory is down
	HasPassword   bool
	Tenant        string             // of directory logins: the realm that vouches for them
	Object        directory.ObjectID // of directory logins; with Tenant what signing in is keyed on (F26)
	Person        int64              // the person's record, or 0
	Version       int64              // grows with each change of the login or its roles
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Grants        []Grant // the highest first
	// Protected logins are out of a sync's reach: break-glass users, and the
	// last active Organization Admin.
	Protected bool
}

// Grant is a role that a login holds. Account 0 is the whole organization,
// Module 0 the whole account. Mapping is 0 when a person gave it.
type Grant struct {
	Account, Module, Mapping, Role int64
	RoleName                       string    // filled in when read
	Scope                          Scope     // of the role; filled in when read
	Administrator                  bool      // above Collaborator; filled in when read
	By                             string    // who gave it by hand, "" for mappings
	At                             time.Time // when; filled in when read
}

// GrantKey names a grant: one login holds at most one a key.
type GrantKey struct{ Account, Module, Mapping int64 }

// Key returns the grant's key.
func (g Grant) Key() GrantKey { return GrantKey{g.Account, g.Module, g.Mapping} }

// reach returns where the grant holds. A mapping notes the module it belongs
// to, also when the role that it gives reaches further.
func (g Grant) reach() (account, module int64) { return g.Scope.reach(g.Account, g.Module) }

// LoginGrant is a grant with its login.
type LoginGrant struct {
	Login int64
	Grant
}

// administers reports whether the login is an Organization Admin who can sign in.
func (l *Login) administers() bool {
	return l.State == Active && slices.ContainsFunc(l.Grants, func(g Grant) bool { return g.Scope == OrganizationWide })
}

// deactivate closes the login on behalf of BySync or ByHand. What a person
// closed stays closed by hand.
func (l *Login) deactivate(by string) {
	if l.State != Deactivated || by == ByHand {
		l.DeactivatedBy = by
	}
	l.State = Deactivated
}

// activate opens the login.
func (l *Login) activate() { l.State, l.DeactivatedBy = Active, "" }
