package account

import (
	"context"

	"github.com/musterhq/muster/internal/errs"
)

// protect marks the logins that a sync must not touch (F76). The database is
// asked for administrators only when there is one in the list, since a run
// reads a hundred thousand logins of which a handful are.
func (s *Service) protect(ctx context.Context, list []Login) error {
	administrators := 0
	for i := range list {
		list[i].Protected = list[i].BreakGlass
		if list[i].administers() {
			administrators++
		}
	}
	if administrators != 1 { // none, or each has the other
		return nil
	}
	active, err := s.store.ActiveAdministrators(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].administers() && len(active) == 1 {
			list[i].Protected = true
		}
	}
	return nil
}

// keepAdministrator runs change in a transaction, and takes it back with
// Conflict when it would leave the organization without an active administrator
// (F76). Changes that may take one away wait for each other.
func (s *Service) keepAdministrator(ctx context.Context, change func(ctx context.Context) error) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockAdministrators(ctx); err != nil {
			return err
		}
		before, err := s.store.ActiveAdministrators(ctx)
		if err != nil {
			return err
		}
		if err := change(ctx); err != nil {
			return err
		}
		after, err := s.store.ActiveAdministrators(ctx)
		if err == nil && len(before) > 0 && len(after) == 0 {
			return errs.New(errs.Conflict, "the organization would be left without an active administrator").
				WithHint("Give somebody else the role %s first.", OrganizationAdmin)
		}
		return err
	})
}
