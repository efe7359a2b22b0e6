package account

import (
	"context"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// ConfirmPassword checks the principal's own password before something that an
// unattended screen must not allow. Forbidden when it is wrong.
func (s *Service) ConfirmPassword(ctx context.Context, p Principal, password secret.Text) error {
	hash, err := s.store.PasswordHash(ctx, p.Login)
	if err != nil {
		return err
	}
	if !s.check(hash, password) {
		return errs.New(errs.Forbidden, "the password is wrong")
	}
	return nil
}

// LinkDirectory lets the principal's own local login in when a directory vouches
// for the visitor, beside its password. It is the only way in which a local login
// comes to be somebody's of a directory on their own word; the caller has seen
// both the session and the directory's. Conflict when either side is taken.
//
// A sync whose mapping lets the person in manages the login from then on, and
// with that ends its password unless it is break-glass: the link was the word
// that a sync needs to take a local login over (F25).
func (s *Service) LinkDirectory(ctx context.Context, p Principal, v Visitor) error {
	if v.Realm == "" || v.Object.IsZero() {
		return errs.New(errs.Invalid, "the directory does not say who that is")
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		l, err := s.Self(ctx, p)
		if err != nil {
			return err
		}
		taken, err := s.store.LoginsByObject(ctx, v.Realm, []directory.ObjectID{v.Object})
		switch {
		case err != nil:
			return err
		case taken[v.Object] == l.ID:
			return nil
		case taken[v.Object] != 0:
			return errs.New(errs.Conflict, "%s belongs to another user already", name(v))
		case l.Origin == Directory || !l.Object.IsZero():
			return errs.New(errs.Conflict, "%s signs in with Microsoft already", l.Name)
		}
		l.Tenant, l.Object = v.Realm, v.Object
		if err := s.save(ctx, &l); err != nil {
			return err
		}
		return s.write(ctx, p, home(&l), audit.LoginLinked, "login", l.ID, l.Email, audit.Detail{Name: "Microsoft account", After: name(v)})
	})
}

// UnlinkDirectory takes back what LinkDirectory did. A login that a sync manages
// stays the directory's (Conflict).
func (s *Service) UnlinkDirectory(ctx context.Context, p Principal) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		l, err := s.Self(ctx, p)
		if err != nil {
			return err
		}
		if l.Origin == Directory || l.Object.IsZero() {
			return errs.New(errs.Conflict, "%s has no link to take back", l.Name)
		}
		l.Tenant, l.Object = "", directory.ObjectID{}
		if err := s.save(ctx, &l); err != nil {
			return err
		}
		return s.write(ctx, p, home(&l), audit.LoginUnlinked, "login", l.ID, l.Email)
	})
}
