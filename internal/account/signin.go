package account

import (
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

// SignIn returns the principal of whoever has an email and a password. Every
// way to fail looks the same and takes as long, so that nobody learns who has a
// login.
func (s *Service) SignIn(ctx context.Context, email string, password secret.Text, address string) (Principal, error) {
	refused := errs.New(errs.Unauthenticated, "the email or the password is wrong").
		WithHint("Users managed by the directory sign in with Microsoft.")
	key := EmailKey(email)
	found, err := s.store.LoginsByEmail(ctx, []string{key})
	if err != nil {
		return Principal{}, err
	}
	id := found[key]
	hash, err := s.store.PasswordHash(ctx, id)
	if err != nil {
		return Principal{}, err
	}
	if hash == "" {
		hash = nobodysHash
	}
	if !CheckPassword(hash, password) || hash == nobodysHash {
		return Principal{}, refused
	}
	p, err := s.PrincipalOf(ctx, id, address)
	if errs.Is(err, errs.Unauthenticated) {
		return Principal{}, refused
	}
	if err != nil {
		return Principal{}, err
	}
	return p, s.store.SignedIn(ctx, id, s.now())
}

// nobodysHash is compared with when there is no login or no password, for the
// time that it takes.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
