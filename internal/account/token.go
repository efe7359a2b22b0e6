package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// TokenPrefix begins every API token, so that people and scanners of leaked
// secrets recognise one.
const TokenPrefix = "mst_"

// How long API tokens live, in days, and how many a user or a module can have.
const (
	TokenDays     = 90  // when nothing is said
	MostTokenDays = 366 // at most
	mostTokens    = 50
)

// TokenScope is what a token allows at most, of what its user or role allows. Its
// text is stored.
//
//	actions                                       read   write   everything
//	view, export                                  yes    yes     yes
//	create, edit, delete, check_out, import       -      yes     yes
//	those of administrators                       -      -       yes
type TokenScope string

// The scopes of tokens.
const (
	TokenReads  TokenScope = "read"
	TokenWrites TokenScope = "write"
	TokenDoes   TokenScope = "everything"
)

// TokenScopes lists the scopes, the narrowest first.
func TokenScopes() []TokenScope { return []TokenScope{TokenReads, TokenWrites, TokenDoes} }

// allows reports whether a scope leaves an action to a token.
func (s TokenScope) allows(a Action) bool {
	switch s {
	case TokenDoes:
		return true
	case TokenWrites:
		return slices.Contains(recordActions, a)
	}
	return a == View || a == Export
}

// narrow returns what a token of the scope has of a role. A role that is narrowed
// is nobody's administrator any more.
func (s TokenScope) narrow(r Role) Role {
	if s == TokenDoes {
		return r
	}
	r.Scope, r.Rank = ModuleWide, 0
	r.Permissions = slices.DeleteFunc(slices.Clone(r.Permissions), func(p Permission) bool { return !s.allows(p.Action) })
	return r
}

// Token is a program that may use the API: for a user, with what that user may do
// at the moment, or as a service, with a role in a module of its own.
type Token struct {
	ID        int64
	Name      string
	Scope     TokenScope
	Login     int64 // 0 for a service
	Account   int64 // of a service, with Module and Role; else 0
	Module    int64
	Role      int64
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
	SeenAt    time.Time // to about a minute; zero until it is used
	Address   string    // the network address it was last used from
}

// TokenFilter says which tokens to list: those of a login, else the services of
// a module.
type TokenFilter struct{ Login, Module int64 }

// tokenStore keeps tokens by their hash.
type tokenStore interface {
	InsertToken(ctx context.Context, token [32]byte, t Token) (Token, error)
	TokenByHash(ctx context.Context, token [32]byte) (Token, error) // NotFound
	Token(ctx context.Context, id int64) (Token, error)             // NotFound
	Tokens(ctx context.Context, f TokenFilter) ([]Token, error)     // the newest first
	TouchToken(ctx context.Context, id int64, at time.Time, address string) error
	DeleteToken(ctx context.Context, id int64) error // NotFound
	DeleteTokensOf(ctx context.Context, logins []int64) error
}

// NewToken is a token to be made. Without a role it is one of the principal's
// own; with one it is a service in a module.
type NewToken struct {
	Name                  string
	Scope                 TokenScope
	Days                  int // 0 for TokenDays, at most MostTokenDays
	Account, Module, Role int64
}

// IssueToken makes an API token and returns it with its secret, which is not
// stored and cannot be had again. A service's role must be one that the principal
// can give in the module. A token makes no tokens: a stolen one would outlive
// being revoked.
func (s *Service) IssueToken(ctx context.Context, p Principal, n NewToken) (Token, secret.Text, error) {
	t, err := s.newToken(p, n)
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	text, hash := makeToken()
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		details := []audit.Detail{{Name: "scope", After: string(t.Scope)}, {Name: "until", After: t.ExpiresAt.Format(time.DateOnly)}}
		place := Grant{}
		if t.Login == 0 {
			role, err := s.serviceRole(ctx, p, t)
			if err != nil {
				return err
			}
			place = Grant{Account: t.Account, Module: t.Module}
			details = append(details, audit.Detail{Name: "role", After: role.Name})
		}
		had, err := s.store.Tokens(ctx, TokenFilter{Login: t.Login, Module: t.Module})
		if err != nil {
			return err
		}
		if len(had) >= mostTokens {
			return errs.New(errs.Conflict, "there are %d API tokens already", len(had)).WithHint("Revoke some that are no longer used.")
		}
		if t, err = s.store.InsertToken(ctx, hash, t); err != nil {
			return err
		}
		return s.writeIn(ctx, p, place.Account, place.Module, audit.TokenIssued, "API token", t.ID, t.Name, details...)
	})
	return t, text, err
}

// newToken checks what was asked for.
func (s *Service) newToken(p Principal, n NewToken) (Token, error) {
	if p.Token != 0 {
		return Token{}, errs.New(errs.Forbidden, "an API token cannot make others").WithHint("Sign in to make one.")
	}
	name, err := cleanName("API token", n.Name)
	if err != nil {
		return Token{}, err
	}
	if n.Days == 0 {
		n.Days = TokenDays
	}
	switch {
	case n.Days < 1 || n.Days > MostTokenDays:
		return Token{}, errs.New(errs.Invalid, "an API token lives 1 to %d days, not %d", MostTokenDays, n.Days)
	case !slices.Contains(TokenScopes(), n.Scope):
		return Token{}, errs.New(errs.Invalid, "there is no scope %q", n.Scope).WithHint("The scopes are: read, write, everything.")
	case n.Role == 0 && (p.Login == 0 || n.Module != 0):
		return Token{}, errs.New(errs.Invalid, "a service needs a role").WithHint("Choose what the service may do in the module.")
	}
	now := s.now()
	t := Token{Name: name, Scope: n.Scope, CreatedBy: p.Name, CreatedAt: now, ExpiresAt: now.AddDate(0, 0, n.Days)}
	if n.Role == 0 {
		t.Login = p.Login
	} else {
		t.Account, t.Module, t.Role = n.Account, n.Module, n.Role
	}
	return t, nil
}

// serviceRole returns the role of a service, if the principal can give it there.
func (s *Service) serviceRole(ctx context.Context, p Principal, t Token) (Role, error) {
	list, err := s.RolesIn(ctx, p, t.Account, t.Module)
	if err != nil {
		return Role{}, err
	}
	i := slices.IndexFunc(list, func(r Role) bool { return r.ID == t.Role })
	if i < 0 {
		return Role{}, errs.New(errs.NotFound, "there is no role %d that you can give here", t.Role)
	}
	return list[i], nil
}

// OwnTokens lists the principal's own tokens, the newest first.
func (s *Service) OwnTokens(ctx context.Context, p Principal) ([]Token, error) {
	if p.Login == 0 {
		return nil, nil
	}
	return s.store.Tokens(ctx, TokenFilter{Login: p.Login})
}

// ServiceTokens lists the services of a module, the newest first.
func (s *Service) ServiceTokens(ctx context.Context, p Principal, account, module int64) ([]Token, error) {
	if err := p.May(ManageUsers, account, module, 0); err != nil {
		return nil, err
	}
	if err := s.isModule(ctx, account, module); err != nil {
		return nil, err
	}
	return s.store.Tokens(ctx, TokenFilter{Module: module})
}

// TokensOf lists a user's tokens, for who manages that user.
func (s *Service) TokensOf(ctx context.Context, p Principal, login int64) ([]Token, error) {
	if _, err := s.Login(ctx, p, login); err != nil {
		return nil, err
	}
	return s.store.Tokens(ctx, TokenFilter{Login: login})
}

// RevokeToken ends a token at once: one's own, a service where one manages the
// users, or any for an Organization Admin. Others do not exist for the principal.
func (s *Service) RevokeToken(ctx context.Context, p Principal, id int64) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		t, err := s.store.Token(ctx, id)
		if err != nil {
			return err
		}
		own := t.Login != 0 && t.Login == p.Login
		service := t.Login == 0 && p.May(ManageUsers, t.Account, t.Module, 0) == nil
		if !own && !service && p.May(ManageUsers, 0, 0, 0) != nil {
			return errs.New(errs.NotFound, "there is no such API token")
		}
		if err := s.store.DeleteToken(ctx, id); err != nil {
			return err
		}
		return s.writeIn(ctx, p, t.Account, t.Module, audit.TokenRevoked, "API token", t.ID, t.Name)
	})
}

// PrincipalOfToken returns on whose behalf a program speaks, with the rights of
// this moment as far as the token's scope leaves them. It fails with
// Unauthenticated when the token is made up, over, revoked, or its user can no
// longer sign in.
func (s *Service) PrincipalOfToken(ctx context.Context, text secret.Text, address string) (Principal, Token, error) {
	refused := errs.New(errs.Unauthenticated, "this API token is not known, over or revoked").
		WithHint("Make another one on your profile in Muster.")
	hash, ok := hashToken(text)
	if !ok {
		return Principal{}, Token{}, refused
	}
	t, err := s.store.TokenByHash(ctx, hash)
	now := s.now()
	if errs.Is(err, errs.NotFound) || err == nil && !now.Before(t.ExpiresAt) {
		return Principal{}, Token{}, refused
	}
	if err != nil {
		return Principal{}, Token{}, err
	}
	p, err := s.speaker(ctx, t, address)
	if err != nil {
		return Principal{}, Token{}, err
	}
	p.Kind, p.Token = audit.Token, t.ID
	for i := range p.Holds {
		p.Holds[i].Role = t.Scope.narrow(p.Holds[i].Role)
	}
	if now.Sub(t.SeenAt) > seenEvery || t.Address != address {
		t.SeenAt, t.Address = now, address
		err = s.store.TouchToken(ctx, t.ID, now, address)
	}
	return p, t, err
}

// speaker returns the principal that a token stands for, not narrowed yet.
func (s *Service) speaker(ctx context.Context, t Token, address string) (Principal, error) {
	if t.Login != 0 {
		p, err := s.PrincipalOf(ctx, t.Login, address)
		p.Name += " (" + t.Name + ")"
		return p, err
	}
	roles, err := s.store.Roles(ctx)
	if err != nil {
		return Principal{}, err
	}
	i := slices.IndexFunc(roles, func(r Role) bool { return r.ID == t.Role })
	if i < 0 {
		return Principal{}, errs.New(errs.Unauthenticated, "the role of this API token was removed").WithHint("Make another token.")
	}
	account, module := roles[i].Scope.reach(t.Account, t.Module)
	return Principal{Name: t.Name, Address: address, Holds: []Holding{{account, module, roles[i]}}}, nil
}

// tokenText is the alphabet of tokens: no two letters that look alike.
var tokenText = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// Sizes of a token's parts, in bytes before they are written as text.
const (
	tokenRandom = 25 // 200 bits, 40 letters
	tokenSum    = 5  // of which a CRC of 32 bits; 8 letters
)

// makeToken returns a new token and its hash.
func makeToken() (secret.Text, [32]byte) {
	raw := make([]byte, tokenRandom)
	rand.Read(raw) // never fails
	text := TokenPrefix + tokenText.EncodeToString(append(raw, sumOf(raw)...))
	return secret.New(text), sha256.Sum256([]byte(text))
}

// hashToken returns the hash of a token, and false for what cannot be one: a
// typing error is found without asking the database.
func hashToken(text secret.Text) (hash [32]byte, ok bool) {
	body, ok := strings.CutPrefix(text.Reveal(), TokenPrefix)
	if !ok {
		return hash, false
	}
	raw, err := tokenText.DecodeString(body)
	if err != nil || len(raw) != tokenRandom+tokenSum || string(raw[tokenRandom:]) != string(sumOf(raw[:tokenRandom])) {
		return hash, false
	}
	return sha256.Sum256([]byte(text.Reveal())), true
}

func sumOf(raw []byte) []byte {
	return binary.BigEndian.AppendUint32([]byte{0}, crc32.ChecksumIEEE(raw))
}
