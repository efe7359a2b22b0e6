// Package account is who there is and who may do what: the organization, its
// accounts and modules, logins, roles, and the principal of a request.
//
// Every change of a login goes through this package, whoever asks: it is the
// one place that can close a login, and it refuses to close the last active
// Organization Admin or a break-glass user on behalf of a sync (F12, F76).
//
// An account's data does not exist for those without a role in it: what is
// asked about by number answers NotFound, and lists leave it out.
package account

import "time"

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

// Branch is an account with its modules.
type Branch struct {
	Account
	Modules []Module
}
