package account

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// Roles lists all roles of all modules, the highest first, for the program
// itself: plans and mappings. What somebody sees comes from RolesIn.
func (s *Service) Roles(ctx context.Context) ([]Role, error) { return s.store.Roles(ctx) }

// RolesIn lists the roles that can be given in a module, the highest first.
func (s *Service) RolesIn(ctx context.Context, p Principal, account, module int64) ([]Role, error) {
	if err := p.May(ManageUsers, account, module, 0); err != nil {
		return nil, err
	}
	if err := s.isModule(ctx, account, module); err != nil {
		return nil, err
	}
	all, err := s.store.Roles(ctx)
	return slices.DeleteFunc(all, func(r Role) bool {
		a, m := r.Scope.reach(account, module)
		return (r.Module != 0 && r.Module != module) || p.May(ManageUsers, a, m, 0) != nil
	}), err
}

// Role finds a role by name: the module's own first, then the built-in ones.
func (s *Service) Role(ctx context.Context, module int64, name string) (Role, error) {
	all, err := s.store.Roles(ctx)
	if err != nil {
		return Role{}, err
	}
	all = slices.DeleteFunc(all, func(r Role) bool { return r.Module != 0 && r.Module != module })
	slices.SortStableFunc(all, func(a, b Role) int { return -cmp.Compare(a.Module, b.Module) })
	key := datatype.KeyOfText(name)
	if i := slices.IndexFunc(all, func(r Role) bool { return datatype.KeyOfText(r.Name) == key }); i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return Role{}, errs.New(errs.NotFound, "there is no role %q", name).WithHint("The roles are: %s.", strings.Join(names, ", "))
}

// CreateRole makes a custom role of a module, from its account, module, name
// and permissions. Who may do anything to a collection's records may view them.
// It fails with Conflict when the module or Muster has a role of that name.
func (s *Service) CreateRole(ctx context.Context, p Principal, r Role) (Role, error) {
	if err := p.May(ManageUsers, r.Account, r.Module, 0); err != nil {
		return Role{}, err
	}
	var err error
	if r.Name, err = cleanName("role", r.Name); err != nil {
		return Role{}, err
	}
	r.ID, r.Scope, r.Rank, r.Permissions = 0, ModuleWide, CollaboratorRank, withView(r.Permissions)
	var made Role
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.checkRole(ctx, r); err != nil {
			return err
		}
		if made, err = s.store.CreateRole(ctx, r); err != nil {
			return err
		}
		allows, err := s.describe(ctx, r.Module, r.Permissions)
		if err != nil {
			return err
		}
		return s.writeIn(ctx, p, r.Account, r.Module, audit.RoleCreated, "role", made.ID, r.Name, audit.Detail{Name: "permissions", After: allows})
	})
	return made, err
}

// checkRole refuses what cannot be a custom role.
func (s *Service) checkRole(ctx context.Context, r Role) error {
	if err := s.isModule(ctx, r.Account, r.Module); err != nil {
		return err
	}
	if slices.ContainsFunc(BuiltIn(), func(b Role) bool { return datatype.KeyOfText(b.Name) == datatype.KeyOfText(r.Name) }) {
		return errs.New(errs.Conflict, "%s is a role of Muster's own", r.Name).WithHint("Give the role another name.")
	}
	if len(r.Permissions) == 0 {
		return errs.New(errs.Invalid, "the role %s allows nothing", r.Name).WithHint("Tick at least one action.")
	}
	collections, err := s.store.CollectionNames(ctx, r.Module)
	if err != nil {
		return err
	}
	for _, perm := range r.Permissions {
		if !slices.Contains(recordActions, perm.Action) {
			return errs.New(errs.Invalid, "a custom role cannot allow %s", perm.Action).
				WithHint("Give the role %s for that.", ModuleAdmin)
		}
		if perm.Collection != 0 && collections[perm.Collection] == "" {
			return errs.New(errs.NotFound, "the module has no collection %d", perm.Collection)
		}
	}
	return nil
}

// withView returns permissions in order, each once, with View where anything
// else is allowed.
func withView(in []Permission) []Permission {
	out := slices.Clone(in)
	for _, p := range in {
		out = append(out, Permission{View, p.Collection})
	}
	slices.SortFunc(out, func(a, b Permission) int {
		return cmp.Or(cmp.Compare(a.Collection, b.Collection), strings.Compare(string(a.Action), string(b.Action)))
	})
	return slices.Compact(out)
}

// describe returns permissions as an audit event tells them: what is allowed
// everywhere, then in each collection.
func (s *Service) describe(ctx context.Context, module int64, perms []Permission) (string, error) {
	names, err := s.store.CollectionNames(ctx, module)
	var parts []string
	for i := 0; i < len(perms); {
		at := perms[i].Collection
		var actions []string
		for ; i < len(perms) && perms[i].Collection == at; i++ {
			actions = append(actions, strings.ReplaceAll(string(perms[i].Action), "_", " "))
		}
		place := "all collections"
		if at != 0 {
			place = cmp.Or(names[at], "a collection that is gone")
		}
		parts = append(parts, strings.Join(actions, ", ")+" in "+place)
	}
	return strings.Join(parts, "; "), err
}
