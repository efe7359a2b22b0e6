package account

import "slices"

// Action is something that a role allows. Its text is stored.
type Action string

// The actions on records, which custom roles can limit to collections.
const (
	View     Action = "view"
	Create   Action = "create"
	Edit     Action = "edit"
	Delete   Action = "delete"
	CheckOut Action = "check_out" // and in
	Import   Action = "import"
	Export   Action = "export"
)

// The actions of administrators.
const (
	ManageCollections  Action = "manage_collections"
	ManageUsers        Action = "manage_users"
	ManageIntegrations Action = "manage_integrations"
	ApproveRuns        Action = "approve_runs"
	ManageAccounts     Action = "manage_accounts" // makes accounts, and modules in them
	ViewAudit          Action = "view_audit"
)

// recordActions are what can be done with records.
var recordActions = []Action{View, Create, Edit, Delete, CheckOut, Import, Export}

// moduleActions are what an administrator of a module can do besides.
var moduleActions = []Action{ManageCollections, ManageUsers, ManageIntegrations, ApproveRuns, ViewAudit}

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
//	                     Organization   Account   Module   Collaborator   custom
//	                     Admin          Admin     Admin
//	reaches              everywhere     account   module   module         module
//	view                 yes            yes       yes      yes            always
//	create               yes            yes       yes      yes            as given
//	edit                 yes            yes       yes      yes            as given
//	delete               yes            yes       yes      -              as given
//	check_out            yes            yes       yes      yes            as given
//	import               yes            yes       yes      -              as given
//	export               yes            yes       yes      -              as given
//	manage_collections   yes            yes       yes      -              -
//	manage_users         yes            yes       yes      -              -
//	manage_integrations  yes            yes       yes      -              -
//	approve_runs         yes            yes       yes      -              -
//	view_audit           yes            yes       yes      -              -
//	manage_accounts      yes            modules   -        -              -
//
// Custom roles give their actions on single collections or on all. Nobody can
// give a role that reaches further than the own right to manage users.
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
	module := slices.Concat(recordActions, moduleActions)
	all := append(slices.Clone(module), ManageAccounts)
	return []Role{
		{Name: OrganizationAdmin, Scope: OrganizationWide, Rank: 40, Permissions: everywhere(all...)},
		{Name: AccountAdmin, Scope: AccountWide, Rank: 30, Permissions: everywhere(all...)},
		{Name: ModuleAdmin, Scope: ModuleWide, Rank: 20, Permissions: everywhere(module...)},
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

// reach returns where a role holds that was given at a place: its scope decides.
func (s Scope) reach(account, module int64) (int64, int64) {
	switch s {
	case OrganizationWide:
		return 0, 0
	case AccountWide:
		return account, 0
	}
	return account, module
}
