package account

import "slices"

// Action is something that a role allows. Its text is stored.
type Action string

// The actions. Those on records can be limited to collections by custom roles.
const (
	View               Action = "view"
	Create             Action = "create"
	Edit               Action = "edit"
	Delete             Action = "delete"
	CheckOut           Action = "check_out"
	Import             Action = "import"
	Export             Action = "export"
	Configure          Action = "configure" // collections and fields
	ManageUsers        Action = "manage_users"
	ManageIntegrations Action = "manage_integrations"
	ApproveRuns        Action = "approve_runs"
	ManageAccounts     Action = "manage_accounts"
	ViewAudit          Action = "view_audit"
)

// recordActions are what can be done with records.
var recordActions = []Action{View, Create, Edit, Delete, CheckOut, Import, Export}

// moduleActions are what an administrator of a module can do besides.
var moduleActions = []Action{Configure, ManageUsers, ManageIntegrations, ApproveRuns, ViewAudit}

// Scope is how far a role reaches. Its text is stored.
type Scope string

// The scopes.
const (
	OrganizationWide Scope = "organization"
	AccountWide      Scope = "account"
	ModuleWide       Scope = "module"
)

// Role is a named set of permissions.
//
//	role                 scope         records                        the rest
//	Organization Admin   organization  everything                     everything
//	Account Admin        account       everything                     everything in the account
//	Module Admin         module        everything                     collections, users, integrations, approvals, audit
//	Collaborator         module        view, create, edit, check out  nothing
//	custom               module        as given, per collection       nothing
type Role struct {
	ID          int64
	Account     int64 // 0 for built-in roles
	Module      int64 // 0 for built-in roles
	Name        string
	Scope       Scope
	Rank        int // the higher, the more rights; above CollaboratorRank counts as administrator
	Permissions []Permission
}

// Permission allows an action on a collection, or on all with Collection 0.
type Permission struct {
	Action     Action
	Collection int64
}

// CollaboratorRank is the rank of the role Collaborator and of custom roles.
const CollaboratorRank = 10

// Names of the built-in roles.
const (
	OrganizationAdmin = "Organization Admin"
	AccountAdmin      = "Account Admin"
	ModuleAdmin       = "Module Admin"
	Collaborator      = "Collaborator"
)

// BuiltIn returns the built-in roles, the highest first.
func BuiltIn() []Role {
	all := slices.Concat(recordActions, moduleActions)
	return []Role{
		{Name: OrganizationAdmin, Scope: OrganizationWide, Rank: 40, Permissions: everywhere(append(all, ManageAccounts)...)},
		{Name: AccountAdmin, Scope: AccountWide, Rank: 30, Permissions: everywhere(append(all, ManageAccounts)...)},
		{Name: ModuleAdmin, Scope: ModuleWide, Rank: 20, Permissions: everywhere(all...)},
		{Name: Collaborator, Scope: ModuleWide, Rank: CollaboratorRank, Permissions: everywhere(View, Create, Edit, CheckOut)},
	}
}

func everywhere(actions ...Action) []Permission {
	out := make([]Permission, len(actions))
	for i, a := range actions {
		out[i] = Permission{Action: a}
	}
	return out
}

// Administrator reports whether the role is above Collaborator.
func (r Role) Administrator() bool { return r.Rank > CollaboratorRank }

// Allows reports whether the role allows an action on a collection; 0 asks
// about the module as a whole.
func (r Role) Allows(action Action, collection int64) bool {
	return slices.ContainsFunc(r.Permissions, func(p Permission) bool {
		return p.Action == action && (p.Collection == 0 || p.Collection == collection)
	})
}
