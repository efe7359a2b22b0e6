package account

import (
	"context"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// Store is the database as this package needs it; store.DB implements it. A
// transaction travels in the context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	NextIDs(ctx context.Context, name string, n int) (int64, error)

	Organization(ctx context.Context) (Organization, error)        // NotFound before the set-up
	CreateOrganization(ctx context.Context, o Organization) error  // Conflict when there is one
	Accounts(ctx context.Context) ([]Account, error)               // by name
	CreateAccount(ctx context.Context, a Account) (Account, error) // Conflict when the name is taken
	Modules(ctx context.Context, account int64) ([]Module, error)  // 0: of all accounts; by account and name
	CreateModule(ctx context.Context, m Module) (Module, error)    // Conflict when the name is taken
	UpdateAccount(ctx context.Context, a Account) error            // its name; Conflict when it is taken
	UpdateModule(ctx context.Context, m Module) error              // its name; Conflict when it is taken
	CollectionNames(ctx context.Context, module int64) (map[int64]string, error)

	Roles(ctx context.Context) ([]Role, error) // the highest first
	CreateRole(ctx context.Context, r Role) (Role, error)
	UpdateRole(ctx context.Context, r Role) error
	DeleteRole(ctx context.Context, id int64) error
	// MoveGrants gives another role to all who were given one by hand.
	MoveGrants(ctx context.Context, from, to int64, by string, now time.Time) error
	CountGrants(ctx context.Context, role int64) (byHand, mapped int, err error)
	Grant(ctx context.Context, run int64, now time.Time, grants []LoginGrant) error
	Revoke(ctx context.Context, grants []LoginGrant) error

	Logins(ctx context.Context, ids []int64) ([]Login, error) // with grants; nil: all, by name
	LoginsByEmail(ctx context.Context, keys []string) (map[string]int64, error)
	// LoginsAfter returns the logins behind an email's key in the order of their keys.
	LoginsAfter(ctx context.Context, after string, f LoginFilter, limit int) (keys []string, ids []int64, err error)
	CountUsers(ctx context.Context, account, module int64) (int, error) // with a role that reaches there
	LoginsByObject(ctx context.Context, tenant string, objects []directory.ObjectID) (map[directory.ObjectID]int64, error)
	// InsertLogins and UpdateLogins fail with Conflict when an email or a
	// directory object is another login's already. UpdateLogins also does when
	// somebody changed a login since it was read: its Version in the database
	// has to be one less. Those to release give up their email's key.
	InsertLogins(ctx context.Context, logins []Login) error
	UpdateLogins(ctx context.Context, logins []Login, release []int64) error
	PasswordHash(ctx context.Context, login int64) (string, error) // "" when there is none
	SetPassword(ctx context.Context, login int64, hash string) error
	SignedIn(ctx context.Context, login int64, now time.Time) error
	// LockAdministrators makes other transactions that call it wait until this
	// one ends, so that two of them cannot each take away the other's last
	// administrator.
	LockAdministrators(ctx context.Context) error
	// ActiveAdministrators returns the active logins that hold a role for the
	// whole organization.
	ActiveAdministrators(ctx context.Context) ([]int64, error)

	sessionStore
	tokenStore
	secondStepStore
	resetStore
	attemptStore

	WriteAudit(ctx context.Context, e audit.Event) error
	AuditEvents(ctx context.Context, q EventQuery) ([]audit.Entry, error)
	AuditActions(ctx context.Context) ([]audit.Action, error)   // that occur, by name
	AuditLog(ctx context.Context) iter.Seq2[audit.Entry, error] // all of it, the oldest first
}

// Service is the use cases of this package. It is safe for concurrent use once
// it is set up.
type Service struct {
	store  Store
	now    func() time.Time
	keys   *secret.Keyring // nil: no second step can be set up
	closed []func(ctx context.Context, logins []int64) error

	swept   atomic.Int64  // when tries of long ago were forgotten, in nanoseconds
	hashing chan struct{} // holds an item for each password that is being checked
}

// NewService returns the use cases over a store.
func NewService(store Store, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{
		store: store, now: now, hashing: make(chan struct{}, hashesAtOnce),
		closed: []func(context.Context, []int64) error{store.DeleteSessionsOf, store.DeleteTokensOf, store.DeleteResetLinksOf},
	}
}

// SealWith gives the service the keys for what it seals: the secrets of second
// steps. Call it before the service is in use.
func (s *Service) SealWith(keys *secret.Keyring) { s.keys = keys }

// OnClosed has fn called with logins that can no longer sign in as they did:
// deactivated, or given another password. It is where sessions and tokens end.
// fn runs in the transaction of the change. Call OnClosed before the service is
// in use.
func (s *Service) OnClosed(fn func(ctx context.Context, logins []int64) error) {
	s.closed = append(s.closed, fn)
}

// close tells those who asked for it that logins were closed.
func (s *Service) close(ctx context.Context, logins ...int64) error {
	if len(logins) == 0 {
		return nil
	}
	for _, fn := range s.closed {
		if err := fn(ctx, logins); err != nil {
			return err
		}
	}
	return nil
}

// EmailKey is the canonical form in which emails are unique: one function for
// look-ups, writes and the index (F20).
func EmailKey(email string) string { return datatype.KeyOfText(email) }

// Organization returns the organization, or NotFound before the set-up.
func (s *Service) Organization(ctx context.Context) (Organization, error) {
	return s.store.Organization(ctx)
}

// Setup creates the organization, the built-in roles and the first
// administrator, who is break-glass: no directory vouches for them, and none
// can lock them out. An empty email makes no administrator, for set-ups that
// the command line drives; an empty password one who gets it later, by
// ResetPassword. Setup fails with Conflict once there is an organization.
func (s *Service) Setup(ctx context.Context, name, email string, password secret.Text) error {
	name, err := cleanName("organization", name)
	if err != nil {
		return err
	}
	hash := ""
	if !password.IsZero() {
		if hash, err = hashChosen(password, email, name); err != nil {
			return err
		}
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.CreateOrganization(ctx, Organization{Name: name, CreatedAt: s.now()}); err != nil {
			return err
		}
		if err := s.write(ctx, System(), 0, audit.OrganizationCreated, "organization", 1, name); err != nil {
			return err
		}
		for _, r := range BuiltIn() {
			if _, err := s.store.CreateRole(ctx, r); err != nil {
				return err
			}
		}
		if email == "" {
			return nil
		}
		return s.firstAdministrator(ctx, email, hash)
	})
}

func (s *Service) firstAdministrator(ctx context.Context, email, hash string) error {
	role, err := s.Role(ctx, 0, OrganizationAdmin)
	if err != nil {
		return err
	}
	l, err := s.createLogin(ctx, Login{Email: email, State: Active, BreakGlass: true})
	if err != nil {
		return err
	}
	if hash != "" {
		if err := s.store.SetPassword(ctx, l.ID, hash); err != nil {
			return err
		}
	}
	if err := s.store.Grant(ctx, 0, s.now(), []LoginGrant{{l.ID, Grant{Role: role.ID, By: System().Name}}}); err != nil {
		return err
	}
	return s.write(ctx, System(), 0, audit.LoginCreated, "login", l.ID, l.Email,
		audit.Detail{Name: "role", After: role.Name}, audit.Detail{Name: "break-glass", After: "yes"})
}

// write records what a principal did, in the transaction that does it.
func (s *Service) write(ctx context.Context, p Principal, account int64, action audit.Action, kind string, id int64, name string, details ...audit.Detail) error {
	return s.writeIn(ctx, p, account, 0, action, kind, id, name, details...)
}

// writeIn is write for what was done in one module.
func (s *Service) writeIn(ctx context.Context, p Principal, account, module int64, action audit.Action, kind string, id int64, name string, details ...audit.Detail) error {
	return s.store.WriteAudit(ctx, audit.Event{
		At: s.now(), Account: account, Module: module, Actor: p.Actor(), Action: action,
		SubjectKind: kind, SubjectID: id, SubjectName: name, Details: details,
	})
}

// nameLimit is the longest name of anything here, in bytes.
const nameLimit = 120

// cleanName returns a name without white space around it, or Invalid.
func cleanName(noun, name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", errs.New(errs.Invalid, "the %s needs a name", noun)
	case len(name) > nameLimit:
		return "", errs.New(errs.Invalid, "the name %q is too long; %d bytes fit", name, nameLimit)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errs.New(errs.Invalid, "the name %q has control characters", name)
	}
	return name, nil
}
