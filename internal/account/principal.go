package account

import (
	"slices"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
)

// Principal is on whose behalf something is done, with all that it may do.
// Use cases ask it; pages and handlers do not.
type Principal struct {
	Login   int64
	Name    string
	Kind    string // of its audit.Actor: user, command, sync, system
	Address string
	Holds   []Holding
}

// Holding is a role with where it holds. Account 0 is everywhere, Module 0 the
// whole account.
type Holding struct {
	Account, Module int64
	Role            Role
}

// CommandLine returns the principal of commands on the machine that holds the
// database: whoever can open that has every right already.
func CommandLine() Principal {
	return Principal{Name: "command line", Kind: "command", Holds: []Holding{{Role: BuiltIn()[0]}}}
}

// System returns the principal of what Muster does by itself.
func System() Principal {
	return Principal{Name: "Muster", Kind: "system", Holds: []Holding{{Role: BuiltIn()[0]}}}
}

// Actor returns the principal as audit events name it.
func (p Principal) Actor() audit.Actor {
	return audit.Actor{Kind: p.Kind, ID: p.Login, Name: p.Name, Address: p.Address}
}

// May returns nil when the principal may do an action in a module of an
// account, on a collection or, with 0, on the module as a whole.
//
//	the principal's roles                  answer
//	one that reaches there and allows it   nil
//	one that reaches into the account      Forbidden
//	none that does                         NotFound: other accounts do not exist for it
func (p Principal) May(action Action, account, module, collection int64) error {
	inside := false
	for _, h := range p.Holds {
		if h.Account != 0 && h.Account != account {
			continue
		}
		inside = true
		if (h.Module == 0 || h.Module == module) && h.Role.Allows(action, collection) {
			return nil
		}
	}
	if !inside {
		return errs.New(errs.NotFound, "there is no such thing here")
	}
	return errs.New(errs.Forbidden, "%s may not do that (%s)", p.Name, action).
		WithHint("Ask an administrator of the module for a role that allows it.")
}

// OrganizationAdmin reports whether the principal may do everything everywhere.
func (p Principal) OrganizationAdmin() bool {
	return slices.ContainsFunc(p.Holds, func(h Holding) bool { return h.Account == 0 && h.Role.Scope == OrganizationWide })
}
