package account

import (
	"context"
	"strings"
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
	Organization(ctx context.Context) (Organization, error) // NotFound before set-up
	CreateOrganization(ctx context.Context, o Organization) error
	Accounts(ctx context.Context) ([]Account, error)
	CreateAccount(ctx context.Context, a Account) (Account, error) // Conflict when the name is taken
	Modules(ctx context.Context, account int64) ([]Module, error)  // 0: of all accounts
	CreateModule(ctx context.Context, m Module) (Module, error)    // Conflict when the name is taken
	Roles(ctx context.Context) ([]Role, error)
	CreateRole(ctx context.Context, r Role) (Role, error)
	CreateLogin(ctx context.Context, l Login, passwordHash string) error // Conflict when the email is taken
	UpdateLogins(ctx context.Context, logins []Login, release []int64) error
	InsertLogins(ctx context.Context, logins []Login) error
	SetPassword(ctx context.Context, login int64, hash string, now time.Time) error
	Logins(ctx context.Context, ids []int64) ([]Login, error) // nil: all, by name
	LoginsByEmail(ctx context.Context, keys []string) (map[string]int64, error)
	LoginsByObject(ctx context.Context, tenant string, objects []directory.ObjectID) (map[directory.ObjectID]int64, error)
	Grant(ctx context.Context, run int64, now time.Time, grants []LoginGrant) error
	Revoke(ctx context.Context, grants []LoginGrant) error
	// ActiveAdministrators returns the active logins that hold a role for the
	// whole organization.
	ActiveAdministrators(ctx context.Context) ([]int64, error)
	WriteAudit(ctx context.Context, e audit.Event) error
}

// LoginGrant is a grant with its login.
type LoginGrant struct {
	Login int64
	Grant
}

// Service is the use cases of this package. It is safe for concurrent use.
type Service struct {
	store Store
	now   func() time.Time
}

// NewService returns the use cases over a store.
func NewService(store Store, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, now: now}
}

// EmailKey is the canonical form in which emails are unique: one function for
// look-ups, writes and the index (F20).
func EmailKey(email string) string { return datatype.Key(datatype.OfText(strings.TrimSpace(email))) }

// Organization returns the organization, or NotFound before the set-up.
func (s *Service) Organization(ctx context.Context) (Organization, error) {
	return s.store.Organization(ctx)
}

// Setup creates the organization and its first administrator. It fails with
// Conflict once there is one.
func (s *Service) Setup(ctx context.Context, name, email string, password secret.Text) error {
	if strings.TrimSpace(name) == "" {
		return errs.New(errs.Invalid, "the organization needs a name")
	}
	hash := ""
	if !password.IsZero() {
		var err error
		if hash, err = HashPassword(password); err != nil {
			return err
		}
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.store.Organization(ctx); err == nil {
			return errs.New(errs.Conflict, "the organization is set up already")
		}
		if err := s.store.CreateOrganization(ctx, Organization{Name: name, CreatedAt: s.now()}); err != nil {
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
	id, err := s.store.NextIDs(ctx, "login", 1)
	if err != nil {
		return err
	}
	l := Login{
		ID: id, Email: email, Name: email, State: Active, Origin: Local, BreakGlass: true,
		Version: 1, CreatedAt: s.now(), UpdatedAt: s.now(),
	}
	if err := s.store.CreateLogin(ctx, l, hash); err != nil {
		return err
	}
	if err := s.store.Grant(ctx, 0, s.now(), []LoginGrant{{id, Grant{Role: role.ID}}}); err != nil {
		return err
	}
	return s.write(ctx, System(), 0, audit.LoginCreated, "login", id, email)
}

// write records what a principal did.
func (s *Service) write(ctx context.Context, p Principal, account int64, action audit.Action, kind string, id int64, name string, details ...audit.Detail) error {
	return s.store.WriteAudit(ctx, audit.Event{
		At: s.now(), Account: account, Actor: p.Actor(), Action: action,
		SubjectKind: kind, SubjectID: id, SubjectName: name, Details: details,
	})
}

// CreateAccount creates an account.
func (s *Service) CreateAccount(ctx context.Context, p Principal, name string) (a Account, err error) {
	if err := p.May(ManageAccounts, 0, 0, 0); err != nil {
		return a, err
	}
	if strings.TrimSpace(name) == "" {
		return a, errs.New(errs.Invalid, "an account needs a name")
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
	if strings.TrimSpace(name) == "" {
		return m, errs.New(errs.Invalid, "a module needs a name")
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if m, err = s.store.CreateModule(ctx, Module{Account: account, Name: name, CreatedAt: s.now()}); err != nil {
			return err
		}
		if fill != nil {
			if err := fill(ctx, m); err != nil {
				return err
			}
		}
		return s.write(ctx, p, account, audit.ModuleCreated, "module", m.ID, name)
	})
	return m, err
}

// Accounts lists the accounts that a principal can see.
func (s *Service) Accounts(ctx context.Context, p Principal) ([]Account, error) {
	all, err := s.store.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	var out []Account
	for _, a := range all {
		if p.sees(a.ID) {
			out = append(out, a)
		}
	}
	return out, nil
}

func (p Principal) sees(account int64) bool {
	for _, h := range p.Holds {
		if h.Account == 0 || h.Account == account {
			return true
		}
	}
	return false
}

// Modules lists the modules of an account, or with 0 of all that a principal
// can see.
func (s *Service) Modules(ctx context.Context, p Principal, account int64) ([]Module, error) {
	all, err := s.store.Modules(ctx, account)
	if err != nil {
		return nil, err
	}
	var out []Module
	for _, m := range all {
		if p.sees(m.Account) {
			out = append(out, m)
		}
	}
	return out, nil
}

// Roles lists all roles.
func (s *Service) Roles(ctx context.Context) ([]Role, error) { return s.store.Roles(ctx) }

// Role finds a role by name: the module's own first, then the built-in ones.
func (s *Service) Role(ctx context.Context, module int64, name string) (Role, error) {
	all, err := s.store.Roles(ctx)
	if err != nil {
		return Role{}, err
	}
	var names []string
	for _, mine := range []bool{true, false} {
		for _, r := range all {
			if (r.Module == module && mine && module != 0) || (r.Module == 0 && !mine) {
				if strings.EqualFold(r.Name, name) {
					return r, nil
				}
				names = append(names, r.Name)
			}
		}
	}
	return Role{}, errs.New(errs.NotFound, "there is no role %q", name).WithHint("The roles are: %s.", strings.Join(names, ", "))
}

// ListLogins lists all logins with their grants, by name.
func (s *Service) ListLogins(ctx context.Context, p Principal) ([]Login, error) {
	all, err := s.store.Logins(ctx, nil)
	if err != nil || p.OrganizationAdmin() {
		return all, err
	}
	var out []Login
	for _, l := range all {
		for _, g := range l.Grants {
			if g.Account != 0 && p.May(ManageUsers, g.Account, g.Module, 0) == nil {
				out = append(out, l)
				break
			}
		}
	}
	return out, nil
}

// LoadLogins returns logins with their grants, and whether they are protected.
func (s *Service) LoadLogins(ctx context.Context, ids []int64) ([]Login, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := s.store.Logins(ctx, ids)
	if err != nil {
		return nil, err
	}
	return list, s.protect(ctx, list)
}

// protect marks the logins that a sync must not touch.
func (s *Service) protect(ctx context.Context, list []Login) error {
	admins, err := s.store.ActiveAdministrators(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Protected = list[i].BreakGlass || (len(admins) == 1 && admins[0] == list[i].ID)
	}
	return nil
}

// FindByEmailKeys returns the logins that have emails with the given keys.
func (s *Service) FindByEmailKeys(ctx context.Context, keys []string) (map[string]int64, error) {
	return s.store.LoginsByEmail(ctx, keys)
}

// FindByObject returns the logins that stand for directory objects.
func (s *Service) FindByObject(ctx context.Context, tenant string, objects []directory.ObjectID) (map[directory.ObjectID]int64, error) {
	return s.store.LoginsByObject(ctx, tenant, objects)
}
