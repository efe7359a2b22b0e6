package client

import "time"

// User is somebody who can sign in.
type User struct {
	ID            int64     `json:"id"`
	Email         string    `json:"email"`
	Name          string    `json:"name"`
	State         string    `json:"state" enum:"active,invited,deactivated"`
	DeactivatedBy string    `json:"deactivated_by,omitempty" doc:"sync or hand. Only a person reactivates whom a person deactivated."`
	Roles         []Grant   `json:"roles" doc:"The highest first, as far as the token manages them."`
	ObjectID      string    `json:"object_id" doc:"In the directory; empty for local users."`
	Origin        string    `json:"origin" enum:"local,directory"`
	BreakGlass    bool      `json:"break_glass" doc:"Out of every sync's reach."`
	Person        int64     `json:"person,omitempty" doc:"The person's record."`
	CreatedAt     time.Time `json:"created_at"`
}

// Grant is a role that a user has.
type Grant struct {
	Role    int64  `json:"role"`
	Name    string `json:"name"`
	Account int64  `json:"account" doc:"0 for everywhere."`
	Module  int64  `json:"module" doc:"0 for the whole account."`
	Mapping int64  `json:"mapping" doc:"The mapping that gives it; 0 when a person did."`
	By      string `json:"by,omitempty" doc:"Who gave it."`
}

// Invitation gives a role to whoever has an email.
type Invitation struct {
	Email string `json:"email" minLength:"3" maxLength:"320"`
	Name  string `json:"name,omitempty" maxLength:"200"`
	Role  int64  `json:"role" minimum:"1"`
}

// RoleGiven is a role to be given.
type RoleGiven struct {
	Role int64 `json:"role" minimum:"1"`
}

// Role is a named set of rights.
type Role struct {
	ID          int64        `json:"id"`
	Name        string       `json:"name"`
	BuiltIn     bool         `json:"built_in" doc:"It comes with Muster and cannot be changed."`
	Scope       string       `json:"scope" enum:"organization,account,module" doc:"How far it reaches."`
	Permissions []Permission `json:"permissions"`
}

// Permission allows an action.
type Permission struct {
	Action     string `json:"action" maxLength:"50"`
	Collection int64  `json:"collection,omitempty" minimum:"0" doc:"Only there; 0 for all."`
}

// RoleInput is a role of a module's own to be made or changed.
type RoleInput struct {
	Name        string       `json:"name" minLength:"1" maxLength:"200"`
	Permissions []Permission `json:"permissions" maxItems:"1000" doc:"Of view, create, edit, delete, check_out, import, export. To view is always allowed."`
}
