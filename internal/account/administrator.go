package account

import (
	"context"
	"errors"

	"github.com/musterhq/muster/internal/audit"
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
			return &kept{errs.New(errs.Conflict, "the organization would be left without an active administrator").
				WithHint("Give somebody else the role %s first.", OrganizationAdmin)}
		}
		return err
	})
}

// kept is a refusal by which the last administrator or a break-glass user stays.
type kept struct{ error }

// Unwrap returns the refusal.
func (k *kept) Unwrap() error { return k.error }

// keepBreakGlass refuses what would lock a break-glass user out: whoever means it
// takes the mark away first, which the audit log tells by itself.
func keepBreakGlass(l *Login) error {
	if !l.BreakGlass {
		return nil
	}
	return &kept{errs.New(errs.Conflict, "%s is break-glass, and stays", l.Name).
		WithHint("Take the mark away first, if that is meant. Only an Organization Admin can.")}
}

// loudly does something that may be refused because an administrator stays. An
// attempt is in the audit log, whoever made it and by which way.
func (s *Service) loudly(ctx context.Context, p Principal, login int64, attempt audit.Action, do func(ctx context.Context) error) error {
	refusal := do(ctx)
	if _, stays := errors.AsType[*kept](refusal); !stays {
		return refusal
	}
	list, err := s.LoadLogins(ctx, []int64{login})
	if err != nil || len(list) == 0 {
		return errors.Join(refusal, err)
	}
	l := &list[0]
	err = s.write(ctx, p, home(l), audit.AdministratorKept, "login", l.ID, l.Email,
		audit.Detail{Name: "refused", After: string(attempt)}, audit.Detail{Name: "because", After: refusal.Error()})
	if err != nil {
		return err
	}
	return refusal
}
