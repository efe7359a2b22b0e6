package account

import (
	"slices"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
)

// Principal is on whose behalf something is done, with all that it may do.
// Use cases ask it; pages and handlers do not.
type Principal struct {
	Login   int64 // 0 for commands, services and the system
	Token   int64 // the API token that it came with; 0 for none
	Name    string
	Kind    string // of its audit.Actor
	Address string // the client's network address
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
	return Principal{Name: "command line", Kind: audit.Command, Holds: []Holding{{Role: BuiltIn()[0]}}}
}

// System returns the principal of what Muster does by itself.
func System() Principal {
	return Principal{Name: "Muster", Kind: audit.System, Holds: []Holding{{Role: BuiltIn()[0]}}}
}

// Actor returns the principal as audit events name it.
func (p Principal) Actor() audit.Actor {
	id := p.Login
	if p.Token != 0 {
		id = p.Token
	}
	return audit.Actor{Kind: p.Kind, ID: id, Name: p.Name, Address: p.Address}
}

// May returns nil when the principal may do an action in a module of an
// account, on a collection or, with 0, on the module as a whole. Module 0 asks
// about the account as a whole, account 0 about the organization: roles in a
// part of it do not count.
//
//	the principal's roles                  answer
//	one that reaches there and allows it   nil
//	one that reaches into the account      Forbidden
//	none that does                         NotFound: other accounts do not exist for it
//
// The organization itself exists for everybody: there the answer is never NotFound.
func (p Principal) May(action Action, account, module, collection int64) error {
	inside := account == 0
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

// sees reports whether an account exists for the principal.
func (p Principal) sees(account int64) bool {
	return slices.ContainsFunc(p.Holds, func(h Holding) bool { return h.Account == 0 || h.Account == account })
}

// enters reports whether the principal has a role that reaches into a module.
func (p Principal) enters(account, module int64) bool {
	return slices.ContainsFunc(p.Holds, func(h Holding) bool {
		return h.Account == 0 || (h.Account == account && (h.Module == 0 || h.Module == module))
	})
}

// manages reports whether the principal may manage the users where a grant holds.
func (p Principal) manages(g Grant) bool {
	account, module := g.reach()
	return p.May(ManageUsers, account, module, 0) == nil
}
