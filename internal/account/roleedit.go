package account

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
)

// CustomRole returns a module's own role, to be edited.
func (s *Service) CustomRole(ctx context.Context, p Principal, account, module, id int64) (Role, error) {
	if err := p.May(ManageUsers, account, module, 0); err != nil {
		return Role{}, err
	}
	all, err := s.store.Roles(ctx)
	if err != nil {
		return Role{}, err
	}
	i := slices.IndexFunc(all, func(r Role) bool { return r.ID == id && r.Account == account && r.Module == module })
	if i < 0 || module == 0 {
		return Role{}, errs.New(errs.NotFound, "the module has no role %d of its own", id).WithHint("The roles that Muster brings cannot be changed.")
	}
	return all[i], nil
}

// ChangeRole gives a module's own role the name and the permissions of r. Who
// has the role may do no more and no less from their next request on.
func (s *Service) ChangeRole(ctx context.Context, p Principal, r Role) (Role, error) {
	name, err := cleanName("role", r.Name)
	if err != nil {
		return r, err
	}
	var now Role
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		old, err := s.CustomRole(ctx, p, r.Account, r.Module, r.ID)
		if err != nil {
			return err
		}
		now = old
		now.Name, now.Permissions = name, withView(r.Permissions)
		if err := s.checkRole(ctx, now); err != nil {
			return err
		}
		details, err := s.roleDetails(ctx, old, now)
		if err != nil || len(details) == 0 {
			return err
		}
		if err := s.store.UpdateRole(ctx, now); err != nil {
			return err
		}
		return s.writeIn(ctx, p, r.Account, r.Module, audit.RoleChanged, "role", r.ID, now.Name, details...)
	})
	return now, err
}

// roleDetails are what an edit changed in a role.
func (s *Service) roleDetails(ctx context.Context, old, now Role) (out []audit.Detail, err error) {
	if old.Name != now.Name {
		out = append(out, audit.Detail{Name: "name", Before: old.Name, After: now.Name})
	}
	if slices.Equal(old.Permissions, now.Permissions) {
		return out, nil
	}
	before, err := s.describe(ctx, old.Module, old.Permissions)
	if err != nil {
		return nil, err
	}
	after, err := s.describe(ctx, now.Module, now.Permissions)
	return append(out, audit.Detail{Name: "permissions", Before: before, After: after}), err
}

// Holders are how many have a role: given by hand, and from mappings.
type Holders struct{ ByHand, Mapped int }

// RoleHolders counts who has a module's own role.
func (s *Service) RoleHolders(ctx context.Context, p Principal, account, module, id int64) (h Holders, err error) {
	if _, err := s.CustomRole(ctx, p, account, module, id); err != nil {
		return h, err
	}
	h.ByHand, h.Mapped, err = s.store.CountGrants(ctx, id)
	return h, err
}

// RemoveRole removes a module's own role. Who was given it by hand gets the role
// to instead, another one that holds in the module; with to 0 nobody may have it.
//
//	has it from a mapping   refused: the mapping would give it again
//	was given it by hand    gets the other role, or refused without one
//	nobody                  removed
func (s *Service) RemoveRole(ctx context.Context, p Principal, account, module, id, to int64) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		r, err := s.CustomRole(ctx, p, account, module, id)
		if err != nil {
			return err
		}
		byHand, mapped, err := s.store.CountGrants(ctx, id)
		if err != nil {
			return err
		}
		if mapped > 0 {
			return errs.New(errs.Conflict, "%d users have the role %s from a mapping", mapped, r.Name).
				WithHint("Choose another role in the mapping and sync first.")
		}
		if byHand > 0 && to == 0 {
			return errs.New(errs.Conflict, "%d users have the role %s", byHand, r.Name).WithHint("Choose the role that they get instead.")
		}
		details := []audit.Detail{}
		if byHand > 0 {
			other, err := s.insteadOf(ctx, p, r, to)
			if err != nil {
				return err
			}
			if err := s.store.MoveGrants(ctx, id, to, p.Name, s.now()); err != nil {
				return err
			}
			details = append(details, audit.Detail{Name: "users", After: decimal(int64(byHand))}, audit.Detail{Name: "role", Before: r.Name, After: other.Name})
		}
		if err := s.store.DeleteRole(ctx, id); err != nil {
			return err
		}
		return s.writeIn(ctx, p, account, module, audit.RoleRemoved, "role", id, r.Name, details...)
	})
}

// insteadOf returns the role that takes the place of one that is removed.
func (s *Service) insteadOf(ctx context.Context, p Principal, r Role, id int64) (Role, error) {
	list, err := s.RolesIn(ctx, p, r.Account, r.Module)
	if err != nil {
		return Role{}, err
	}
	i := slices.IndexFunc(list, func(o Role) bool { return o.ID == id && o.ID != r.ID && o.Scope == ModuleWide })
	if i < 0 {
		return Role{}, errs.New(errs.Invalid, "the role %d cannot take the place of %s", id, r.Name).
			WithHint("Choose another role of this module.")
	}
	return list[i], nil
}
