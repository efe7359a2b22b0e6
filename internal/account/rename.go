package account

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
)

// RenameAccount gives an account another name. A set-up file that names it has
// to follow: applied as it is, it would make another account.
func (s *Service) RenameAccount(ctx context.Context, p Principal, id int64, name string) (a Account, err error) {
	if err := p.May(ManageAccounts, id, 0, 0); err != nil {
		return a, err
	}
	if name, err = cleanName("account", name); err != nil {
		return a, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		all, err := s.store.Accounts(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(a Account) bool { return a.ID == id })
		if i < 0 {
			return errs.New(errs.NotFound, "there is no account %d", id)
		}
		if a = all[i]; a.Name == name {
			return nil
		}
		before := a.Name
		a.Name = name
		if err := s.store.UpdateAccount(ctx, a); err != nil {
			return err
		}
		return s.write(ctx, p, id, audit.AccountRenamed, "account", id, name, audit.Detail{Name: "name", Before: before, After: name})
	})
	return a, err
}

// RenameModule gives a module another name; who may make modules may rename them.
func (s *Service) RenameModule(ctx context.Context, p Principal, account, id int64, name string) (m Module, err error) {
	if err := p.May(ManageAccounts, account, 0, 0); err != nil {
		return m, err
	}
	if name, err = cleanName("module", name); err != nil {
		return m, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		all, err := s.store.Modules(ctx, account)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(m Module) bool { return m.ID == id && m.Account == account })
		if i < 0 {
			return errs.New(errs.NotFound, "there is no module %d in this account", id)
		}
		if m = all[i]; m.Name == name {
			return nil
		}
		before := m.Name
		m.Name = name
		if err := s.store.UpdateModule(ctx, m); err != nil {
			return err
		}
		return s.writeIn(ctx, p, account, id, audit.ModuleRenamed, "module", id, name, audit.Detail{Name: "name", Before: before, After: name})
	})
	return m, err
}
