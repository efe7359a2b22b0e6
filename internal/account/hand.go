package account

import (
	"context"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// What people do to logins. Each use case checks the principal, changes, and
// writes the audit event in one transaction.

// Invitation is a role for somebody, who may have no login yet.
type Invitation struct {
	Email, Name           string
	Account, Module, Role int64
}

// Invite gives a role to whoever has the email, and makes a login for them if
// they have none. A new login waits, Invited, for its first password or for the
// directory to know it.
func (s *Service) Invite(ctx context.Context, p Principal, in Invitation) (l Login, err error) {
	g, role, err := s.grantFor(ctx, p, Grant{Account: in.Account, Module: in.Module, Role: in.Role})
	if err != nil {
		return l, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		found, err := s.store.LoginsByEmail(ctx, []string{EmailKey(in.Email)})
		if err != nil {
			return err
		}
		id := found[EmailKey(in.Email)]
		if id == 0 {
			if l, err = s.createLogin(ctx, Login{Email: in.Email, Name: in.Name, State: Invited}); err != nil {
				return err
			}
			id = l.ID
			if err := s.writeIn(ctx, p, g.Account, g.Module, audit.LoginInvited, "login", id, l.Email); err != nil {
				return err
			}
		}
		list, err := s.LoadLogins(ctx, []int64{id})
		if err != nil {
			return err
		}
		return s.give(ctx, p, list[0], g, role)
	})
	if err != nil {
		return Login{}, err
	}
	return s.FindLogin(ctx, p, in.Email)
}

// GrantRole gives a login a role by hand, in place of another that was given by
// hand in the same place. Roles that mappings give stay beside it.
func (s *Service) GrantRole(ctx context.Context, p Principal, login int64, g Grant) error {
	g, role, err := s.grantFor(ctx, p, g)
	if err != nil {
		return err
	}
	return s.loudly(ctx, p, login, audit.RoleGranted, func(ctx context.Context) error {
		return s.store.InTx(ctx, func(ctx context.Context) error {
			l, err := s.visible(ctx, p, login)
			if err != nil {
				return err
			}
			return s.give(ctx, p, l, g, role)
		})
	})
}

// grantFor returns a grant by hand with its role, placed where the role's scope
// says, when the principal may give it: nobody gives what reaches further than
// the right to manage users.
func (s *Service) grantFor(ctx context.Context, p Principal, g Grant) (Grant, Role, error) {
	if err := p.May(ManageUsers, g.Account, g.Module, 0); err != nil {
		return g, Role{}, err
	}
	all, err := s.store.Roles(ctx)
	if err != nil {
		return g, Role{}, err
	}
	for _, r := range all {
		if r.ID != g.Role || (r.Module != 0 && (r.Module != g.Module || r.Account != g.Account)) {
			continue
		}
		g.Account, g.Module = r.Scope.reach(g.Account, g.Module)
		g.Mapping, g.Scope, g.RoleName, g.Administrator = 0, r.Scope, r.Name, r.Administrator()
		if err := p.May(ManageUsers, g.Account, g.Module, 0); err != nil {
			return g, r, err
		}
		return g, r, s.isPlace(ctx, g.Account, g.Module)
	}
	return g, Role{}, errs.New(errs.NotFound, "there is no role %d here", g.Role)
}

// isPlace returns NotFound unless a grant can hold there.
func (s *Service) isPlace(ctx context.Context, account, module int64) error {
	switch {
	case account == 0:
		return nil
	case module == 0:
		return s.isAccount(ctx, account)
	}
	return s.isModule(ctx, account, module)
}

// give writes a grant by hand.
func (s *Service) give(ctx context.Context, p Principal, l Login, g Grant, role Role) error {
	before := ""
	for _, had := range l.Grants {
		if had.Key() != g.Key() {
			continue
		}
		if had.Role == g.Role {
			return nil
		}
		if had.Administrator && !g.Administrator {
			if err := keepBreakGlass(&l); err != nil {
				return err
			}
		}
		before = had.RoleName
	}
	g.By = p.Name
	if err := s.store.Grant(ctx, 0, s.now(), []LoginGrant{{l.ID, g}}); err != nil {
		return err
	}
	if err := s.save(ctx, &l); err != nil {
		return err
	}
	return s.writeIn(ctx, p, g.Account, g.Module, audit.RoleGranted, "login", l.ID, l.Email, append(place(g), audit.Detail{Name: "role", Before: before, After: role.Name})...)
}

// place tells where a grant holds, for an audit event.
func place(g Grant) []audit.Detail {
	if g.Module == 0 {
		return nil
	}
	return []audit.Detail{{Name: "module", Before: decimal(g.Module), After: decimal(g.Module)}}
}

// RevokeRole takes away a role that was given by hand. The last active
// Organization Admin keeps it (Conflict), so does a break-glass user one of an
// administrator, and whoever has it from a mapping: the next run would give it back.
func (s *Service) RevokeRole(ctx context.Context, p Principal, login int64, key GrantKey) error {
	return s.loudly(ctx, p, login, audit.RoleRevoked, func(ctx context.Context) error { return s.revokeRole(ctx, p, login, key) })
}

func (s *Service) revokeRole(ctx context.Context, p Principal, login int64, key GrantKey) error {
	return s.keepAdministrator(ctx, func(ctx context.Context) error {
		l, err := s.visible(ctx, p, login)
		if err != nil {
			return err
		}
		for _, g := range l.Grants {
			if g.Key() != key || !p.manages(g) {
				continue
			}
			if g.Mapping != 0 {
				return errs.New(errs.Conflict, "%s has the role %s from a mapping", l.Name, g.RoleName).
					WithHint("Take the person out of the group in the directory, or change the mapping.")
			}
			if g.Administrator {
				if err := keepBreakGlass(&l); err != nil {
					return err
				}
			}
			if err := s.store.Revoke(ctx, []LoginGrant{{l.ID, g}}); err != nil {
				return err
			}
			if err := s.save(ctx, &l); err != nil {
				return err
			}
			return s.writeIn(ctx, p, g.Account, g.Module, audit.RoleRevoked, "login", l.ID, l.Email, append(place(g), audit.Detail{Name: "role", Before: g.RoleName})...)
		}
		return errs.New(errs.NotFound, "%s has no such role here", l.Name)
	})
}

// save writes a login that was read in this transaction, as its next version.
func (s *Service) save(ctx context.Context, l *Login) error {
	l.Version, l.UpdatedAt = l.Version+1, s.now()
	return s.store.UpdateLogins(ctx, []Login{*l}, nil)
}

// Deactivate closes a login until a person opens it again, whatever a sync
// finds. The last active Organization Admin and break-glass users stay (Conflict).
func (s *Service) Deactivate(ctx context.Context, p Principal, login int64) error {
	return s.loudly(ctx, p, login, audit.LoginDeactivated, func(ctx context.Context) error {
		return s.change(ctx, p, login, audit.LoginDeactivated, func(ctx context.Context, l *Login) (bool, error) {
			if l.State == Deactivated && l.DeactivatedBy == ByHand {
				return false, nil
			}
			if err := keepBreakGlass(l); err != nil {
				return false, err
			}
			l.deactivate(ByHand)
			return true, s.close(ctx, l.ID)
		})
	})
}

// Reactivate opens a login that was deactivated. It fails with Conflict when
// somebody else has its email by now.
func (s *Service) Reactivate(ctx context.Context, p Principal, login int64) error {
	return s.change(ctx, p, login, audit.LoginReactivated, func(_ context.Context, l *Login) (bool, error) {
		if l.State != Deactivated {
			return false, nil
		}
		l.activate()
		if l.Origin == Local && !l.HasPassword {
			l.State = Invited
		}
		return true, nil
	})
}

// SetBreakGlass puts a login out of every sync's reach, or back into it. Only an
// Organization Admin may. A user managed by the directory who is no longer
// break-glass has no password from then on (F25).
func (s *Service) SetBreakGlass(ctx context.Context, p Principal, login int64, on bool) error {
	if err := p.May(ManageUsers, 0, 0, 0); err != nil {
		return err
	}
	action := audit.LoginProtected
	if !on {
		action = audit.LoginUnprotected
	}
	return s.change(ctx, p, login, action, func(ctx context.Context, l *Login) (bool, error) {
		if l.BreakGlass == on {
			return false, nil
		}
		l.BreakGlass = on
		if !on && l.Origin == Directory && l.HasPassword {
			return true, s.close(ctx, l.ID)
		}
		return true, nil
	})
}

// change does one thing to a login as a whole, with its audit event. edit
// reports whether there was anything to do.
func (s *Service) change(ctx context.Context, p Principal, login int64, action audit.Action, edit func(ctx context.Context, l *Login) (bool, error)) error {
	return s.keepAdministrator(ctx, func(ctx context.Context) error {
		l, err := s.visible(ctx, p, login)
		if err != nil {
			return err
		}
		if err := p.governs(&l); err != nil {
			return err
		}
		before := l.State
		changed, err := edit(ctx, &l)
		if err != nil || !changed {
			return err
		}
		if err := s.save(ctx, &l); err != nil {
			return err
		}
		var details []audit.Detail
		if l.State != before {
			details = []audit.Detail{{Name: "state", Before: string(before), After: string(l.State)}}
		}
		return s.write(ctx, p, home(&l), action, "login", l.ID, l.Email, details...)
	})
}

// home returns the account whose audit log tells of a login: the one that it
// has all its roles in, or 0 when there is no such one.
func home(l *Login) int64 {
	account := int64(0)
	for i, g := range l.Grants {
		at, _ := g.reach()
		if i > 0 && at != account {
			return 0
		}
		account = at
	}
	return account
}

// ResetPassword gives a login another password, and opens one that waits for
// its first. It is for Organization Admins and the command line. Users managed
// by the directory have none unless break-glass (F25).
func (s *Service) ResetPassword(ctx context.Context, p Principal, email string, password secret.Text) error {
	if err := p.May(ManageUsers, 0, 0, 0); err != nil {
		return err
	}
	l, err := s.FindLogin(ctx, p, email)
	if err == nil {
		err = notOneself(p, &l)
	}
	if err != nil {
		return err
	}
	hash, err := s.hashFor(ctx, &l, password)
	if err != nil {
		return err
	}
	return s.change(ctx, p, l.ID, audit.PasswordReset, func(ctx context.Context, l *Login) (bool, error) {
		if err := mayHavePassword(l); err != nil {
			return false, err
		}
		if l.State == Invited {
			l.activate()
		}
		if err := s.store.SetPassword(ctx, l.ID, hash); err != nil {
			return false, err
		}
		return true, s.close(ctx, l.ID)
	})
}

func mayHavePassword(l *Login) error {
	switch {
	case l.Origin == Directory && !l.BreakGlass:
		return errs.New(errs.Conflict, "%s signs in with Microsoft and has no password here", l.Name).
			WithHint("Mark the user break-glass first if they have to get in without the directory.")
	case l.State == Deactivated:
		return errs.New(errs.Conflict, "%s is deactivated", l.Name).WithHint("Reactivate the user first.")
	}
	return nil
}
