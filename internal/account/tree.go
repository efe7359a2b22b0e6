package account

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// CreateAccount creates an account. It fails with Conflict when the name is taken.
func (s *Service) CreateAccount(ctx context.Context, p Principal, name string) (a Account, err error) {
	if err := p.May(ManageAccounts, 0, 0, 0); err != nil {
		return a, err
	}
	if name, err = cleanName("account", name); err != nil {
		return a, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if a, err = s.store.CreateAccount(ctx, Account{Name: name, CreatedAt: s.now()}); err != nil {
			return err
		}
		return s.write(ctx, p, a.ID, audit.AccountCreated, "account", a.ID, name)
	})
	return a, err
}

// CreateModule creates a module. fill makes its collections in the same
// transaction, so that no module is ever without.
func (s *Service) CreateModule(ctx context.Context, p Principal, account int64, name string, fill func(ctx context.Context, m Module) error) (m Module, err error) {
	if err := p.May(ManageAccounts, account, 0, 0); err != nil {
		return m, err
	}
	if name, err = cleanName("module", name); err != nil {
		return m, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.isAccount(ctx, account); err != nil {
			return err
		}
		if m, err = s.store.CreateModule(ctx, Module{Account: account, Name: name, CreatedAt: s.now()}); err != nil {
			return err
		}
		if fill != nil {
			if err := fill(ctx, m); err != nil {
				return err
			}
		}
		return s.writeIn(ctx, p, account, m.ID, audit.ModuleCreated, "module", m.ID, name)
	})
	return m, err
}

// Accounts lists the accounts that a principal can see, by name.
func (s *Service) Accounts(ctx context.Context, p Principal) ([]Account, error) {
	all, err := s.store.Accounts(ctx)
	return slices.DeleteFunc(all, func(a Account) bool { return !p.sees(a.ID) }), err
}

// Modules lists the modules of an account, or with 0 of all accounts, that a
// principal has a role in.
func (s *Service) Modules(ctx context.Context, p Principal, account int64) ([]Module, error) {
	all, err := s.store.Modules(ctx, account)
	return slices.DeleteFunc(all, func(m Module) bool { return !p.enters(m.Account, m.ID) }), err
}

// Tree lists the accounts that a principal can see with the modules that it has
// a role in.
func (s *Service) Tree(ctx context.Context, p Principal) ([]Branch, error) {
	accounts, err := s.Accounts(ctx, p)
	if err != nil {
		return nil, err
	}
	modules, err := s.Modules(ctx, p, 0)
	out := make([]Branch, len(accounts))
	for i, a := range accounts {
		out[i].Account = a
		for _, m := range modules {
			if m.Account == a.ID {
				out[i].Modules = append(out[i].Modules, m)
			}
		}
	}
	return out, err
}

// FindModule returns the module that goes by a name in the account that goes by
// a name; the spelling of letters and accents does not count. What the
// principal cannot see is NotFound.
func (s *Service) FindModule(ctx context.Context, p Principal, account, module string) (Account, Module, error) {
	tree, err := s.Tree(ctx, p)
	if err != nil {
		return Account{}, Module{}, err
	}
	for _, b := range tree {
		if datatype.KeyOfText(b.Name) != datatype.KeyOfText(account) {
			continue
		}
		for _, m := range b.Modules {
			if datatype.KeyOfText(m.Name) == datatype.KeyOfText(module) {
				return b.Account, m, nil
			}
		}
		return Account{}, Module{}, errs.New(errs.NotFound, "the account %s has no module %q", b.Name, module)
	}
	return Account{}, Module{}, errs.New(errs.NotFound, "there is no account %q", account)
}

// isAccount returns NotFound unless there is an account with the number.
func (s *Service) isAccount(ctx context.Context, id int64) error {
	all, err := s.store.Accounts(ctx)
	if err == nil && !slices.ContainsFunc(all, func(a Account) bool { return a.ID == id }) {
		return errs.New(errs.NotFound, "there is no account %d", id)
	}
	return err
}

// isModule returns NotFound unless the account has a module with the number.
func (s *Service) isModule(ctx context.Context, account, id int64) error {
	all, err := s.store.Modules(ctx, account)
	if err == nil && (account == 0 || !slices.ContainsFunc(all, func(m Module) bool { return m.ID == id })) {
		return errs.New(errs.NotFound, "there is no module %d in this account", id)
	}
	return err
}
