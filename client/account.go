package client

import "time"

// Me is on whose behalf a token acts.
type Me struct {
	Login int64      `json:"login" doc:"The number of the user; 0 for a service token."`
	Name  string     `json:"name"`
	Kind  string     `json:"kind" doc:"token, user or another kind of actor of the audit log."`
	Roles []RoleHeld `json:"roles" doc:"The roles that hold for this token, and where."`
}

// RoleHeld is a role with where it holds.
type RoleHeld struct {
	Role    string `json:"role"`
	Account int64  `json:"account" doc:"0 for everywhere."`
	Module  int64  `json:"module" doc:"0 for the whole account."`
}

// Account is a division, subsidiary or customer, with its modules.
type Account struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	Modules   []Module  `json:"modules"`
}

// Module is a workspace for one use case.
type Module struct {
	ID        int64     `json:"id"`
	Account   int64     `json:"account"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// Name is the name that something is to have.
type Name struct {
	Name string `json:"name" minLength:"1" maxLength:"200"`
}

// NewModule is a module to be made.
type NewModule struct {
	Name string `json:"name" minLength:"1" maxLength:"200"`
	Main string `json:"main,omitempty" maxLength:"200" doc:"The name of its first collection; Assets when nothing is given."`
}
