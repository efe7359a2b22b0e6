package account

import (
	"cmp"
	"context"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// PrincipalOf returns the principal of an active login, with the roles that it
// holds now. It fails with Unauthenticated for any other login.
func (s *Service) PrincipalOf(ctx context.Context, login int64, address string) (Principal, error) {
	list, err := s.store.Logins(ctx, []int64{login})
	if err != nil {
		return Principal{}, err
	}
	if len(list) == 0 || list[0].State != Active {
		return Principal{}, errs.New(errs.Unauthenticated, "this user cannot sign in").
			WithHint("Ask an administrator of Muster whether the user is active.")
	}
	roles, err := s.store.Roles(ctx)
	if err != nil {
		return Principal{}, err
	}
	byID := make(map[int64]Role, len(roles))
	for _, r := range roles {
		byID[r.ID] = r
	}
	p := Principal{Login: login, Name: list[0].Name, Kind: audit.User, Address: address}
	for _, g := range list[0].Grants {
		account, module := g.reach()
		p.Holds = append(p.Holds, Holding{account, module, byID[g.Role]})
	}
	return p, nil
}

// SignIn returns the principal of whoever has an email and a password. Every way
// to fail looks the same and takes as long, so that nobody learns who has a
// login. A right password of a login with a second step gives SecondStepAsked.
func (s *Service) SignIn(ctx context.Context, email string, password secret.Text, address string) (Principal, error) {
	l, err := s.prove(ctx, email, password)
	if errs.Is(err, errs.Unauthenticated) {
		return Principal{}, s.refuse(ctx, &l, address, err)
	}
	if err != nil {
		return Principal{}, err
	}
	p, err := s.PrincipalOf(ctx, l.ID, address)
	if errs.Is(err, errs.Unauthenticated) {
		return Principal{}, s.refuse(ctx, &l, address, errs.New(errs.Unauthenticated, "login is %s", l.State))
	}
	if err != nil {
		return Principal{}, err
	}
	_, err = s.store.SecondStep(ctx, l.ID)
	switch {
	case err == nil:
		return Principal{}, &SecondStepAsked{Login: l.ID}
	case !errs.Is(err, errs.NotFound):
		return Principal{}, err
	}
	return p, s.signedIn(ctx, p, &l, "a password")
}

// prove returns the login that an email and a password belong to. Unauthenticated
// names the reason for the audit log; the login is then the one that was tried
// for, if there is one.
func (s *Service) prove(ctx context.Context, email string, password secret.Text) (Login, error) {
	nobody := Login{Name: "unknown email"}
	key := EmailKey(email)
	found, err := s.store.LoginsByEmail(ctx, []string{key})
	if err != nil {
		return nobody, err
	}
	id := found[key]
	hash, err := s.store.PasswordHash(ctx, id)
	if err != nil {
		return nobody, err
	}
	right := s.check(cmp.Or(hash, nobodysHash), password) && hash != ""
	list, err := s.LoadLogins(ctx, []int64{id})
	switch {
	case err != nil:
		return nobody, err
	case len(list) == 0:
		return nobody, errs.New(errs.Unauthenticated, "no login")
	case hash == "":
		return list[0], errs.New(errs.Unauthenticated, "no password")
	case !right:
		return list[0], errs.New(errs.Unauthenticated, "wrong password")
	}
	return list[0], nil
}

// refuse records why a sign-in was refused, and answers with what may be known
// of it.
func (s *Service) refuse(ctx context.Context, l *Login, address string, reason error) error {
	if err := s.signInRefused(ctx, l, address, "a password", reason.Error()); err != nil {
		return err
	}
	return errs.New(errs.Unauthenticated, "the email or the password is wrong").
		WithHint("Users managed by the directory sign in with Microsoft.")
}

// hashesAtOnce is how many passwords are checked at the same time. Each takes 19
// MiB: a crowd of strangers must not take all there is.
const hashesAtOnce = 4

// check compares a password with a hash when it is its turn.
func (s *Service) check(hash string, password secret.Text) bool {
	s.hashing <- struct{}{}
	defer func() { <-s.hashing }()
	return CheckPassword(hash, password)
}

// nobodysHash is compared with when there is no login or no password, for the
// time that it takes.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
