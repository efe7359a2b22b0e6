package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// resetLife is how long a link to set a password is good.
const resetLife = 24 * time.Hour

// resetStore keeps links by the hash of their token, one a login.
type resetStore interface {
	SaveResetLink(ctx context.Context, login int64, token [32]byte, expires time.Time) error
	ResetLink(ctx context.Context, token [32]byte) (login int64, expires time.Time, err error) // NotFound
	UseResetLink(ctx context.Context, token [32]byte) error                                    // NotFound
	DeleteResetLinksOf(ctx context.Context, logins []int64) error
}

// MakeResetLink returns the token of a link by which a user sets a password
// once, within a day. A new link ends the one before; until it is used, nothing
// else changes. It is for Organization Admins and the command line.
func (s *Service) MakeResetLink(ctx context.Context, p Principal, email string) (secret.Text, error) {
	if err := p.May(ManageUsers, 0, 0, 0); err != nil {
		return secret.Text{}, err
	}
	l, err := s.FindLogin(ctx, p, email)
	if err == nil {
		err = notOneself(p, &l)
	}
	if err == nil {
		err = mayHavePassword(&l)
	}
	if err != nil {
		return secret.Text{}, err
	}
	var raw [32]byte
	rand.Read(raw[:]) // never fails
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	return secret.New(token), s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.SaveResetLink(ctx, l.ID, sha256.Sum256([]byte(token)), s.now().Add(resetLife)); err != nil {
			return err
		}
		return s.write(ctx, p, home(&l), audit.ResetLinkMade, "login", l.ID, l.Email)
	})
}

// notOneself refuses administrators who would change how they sign in themselves
// without showing their password: whoever finds their screen could.
func notOneself(p Principal, l *Login) error {
	if p.Login != 0 && p.Login == l.ID {
		return errs.New(errs.Conflict, "that is your own user").WithHint("Change it on your profile, where your password is asked for.")
	}
	return nil
}

// ResetLinkOf returns whose link a token is. It fails with Expired when the link
// is over, used or made up.
func (s *Service) ResetLinkOf(ctx context.Context, token secret.Text) (Login, error) {
	over := errs.New(errs.Expired, "this link is over or was used already").WithHint("Ask for another one.")
	id, until, err := s.store.ResetLink(ctx, sha256.Sum256([]byte(token.Reveal())))
	if errs.Is(err, errs.NotFound) || err == nil && s.now().After(until) {
		return Login{}, over
	}
	if err != nil {
		return Login{}, err
	}
	list, err := s.LoadLogins(ctx, []int64{id})
	if err != nil {
		return Login{}, err
	}
	if len(list) == 0 || mayHavePassword(&list[0]) != nil {
		return Login{}, over
	}
	return list[0], nil
}

// UseResetLink gives whose link it is a password, ends their sessions, and uses
// the link up. A second step stays: the next sign-in asks for it.
func (s *Service) UseResetLink(ctx context.Context, token, password secret.Text, address string) error {
	l, err := s.ResetLinkOf(ctx, token)
	if err != nil {
		return err
	}
	hash, err := s.hashFor(ctx, &l, password)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		err := s.store.UseResetLink(ctx, sha256.Sum256([]byte(token.Reveal())))
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.Expired, "this link was used already").WithHint("Ask for another one.")
		}
		if err != nil {
			return err
		}
		list, err := s.LoadLogins(ctx, []int64{l.ID})
		if err != nil {
			return err
		}
		if err := s.givePassword(ctx, &list[0], hash); err != nil {
			return err
		}
		p := Principal{Login: l.ID, Name: l.Name, Kind: audit.User, Address: address}
		return s.write(ctx, p, home(&l), audit.PasswordReset, "login", l.ID, l.Email, audit.Detail{Name: "with", After: "a one-time link"})
	})
}

// givePassword stores a login's new password, opens one that waits for its
// first, and ends its sessions.
func (s *Service) givePassword(ctx context.Context, l *Login, hash string) error {
	if err := mayHavePassword(l); err != nil {
		return err
	}
	if l.State == Invited {
		l.activate()
	}
	if err := s.store.SetPassword(ctx, l.ID, hash); err != nil {
		return err
	}
	if err := s.save(ctx, l); err != nil {
		return err
	}
	return s.close(ctx, l.ID)
}
