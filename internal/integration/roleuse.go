package integration

import (
	"context"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// RoleUses lists the names of the mappings that give a role, be it to those who
// enter or to those who leave.
func (s *Service) RoleUses(ctx context.Context, p account.Principal, m account.Module, role int64) ([]string, error) {
	if err := p.May(account.ManageUsers, m.Account, m.ID, 0); err != nil {
		return nil, err
	}
	all, err := s.Sync.Connections(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range all {
		if c.Account != m.Account {
			continue
		}
		list, err := s.Sync.Mappings(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, def := range list {
			if !def.Removed && (def.Role == role || def.Outside.Role == role) {
				out = append(out, def.Name)
			}
		}
	}
	return out, nil
}

// RemoveRole removes a module's own role as account.RemoveRole does, unless a
// mapping gives it.
func (s *Service) RemoveRole(ctx context.Context, p account.Principal, m account.Module, role, to int64) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		uses, err := s.RoleUses(ctx, p, m, role)
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return errs.New(errs.Conflict, "the mapping %s gives this role", uses[0]).WithHint("Choose another role in the mapping first.")
		}
		return s.Accounts.RemoveRole(ctx, p, m.Account, m.ID, role, to)
	})
}
