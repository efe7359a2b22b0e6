package account

import (
	"context"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// Self returns the principal's own login. It fails with Unauthenticated for the
// command line and the system, which have none.
func (s *Service) Self(ctx context.Context, p Principal) (Login, error) {
	list, err := s.LoadLogins(ctx, []int64{p.Login})
	if err == nil && len(list) == 0 {
		err = errs.New(errs.Unauthenticated, "only users have a profile")
	}
	if err != nil {
		return Login{}, err
	}
	return list[0], nil
}

// ChangePassword gives the principal's own login another password. It needs the
// present one (Forbidden), so that an unattended screen gives nobody the login,
// and ends all its sessions, this one too: start another.
func (s *Service) ChangePassword(ctx context.Context, p Principal, present, password secret.Text) error {
	l, err := s.Self(ctx, p)
	if err != nil {
		return err
	}
	if err := mayHavePassword(&l); err != nil {
		return err
	}
	old, err := s.store.PasswordHash(ctx, l.ID)
	if err != nil {
		return err
	}
	if !s.check(old, present) {
		return errs.New(errs.Forbidden, "the present password is wrong")
	}
	hash, err := s.hashFor(ctx, &l, password)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		now, err := s.store.PasswordHash(ctx, l.ID)
		if err != nil {
			return err
		}
		if now != old { // hashing takes a while, and is done before the transaction
			return errs.New(errs.Conflict, "the password was changed elsewhere in this moment").WithHint("Sign in again.")
		}
		if err := s.store.SetPassword(ctx, l.ID, hash); err != nil {
			return err
		}
		if err := s.close(ctx, l.ID); err != nil {
			return err
		}
		return s.write(ctx, p, home(&l), audit.PasswordChanged, "login", l.ID, l.Email)
	})
}
