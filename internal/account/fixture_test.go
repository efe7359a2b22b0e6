package account_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	tenant = "9d2f0c1e-4a5b-4c6d-8e7f-001122334455"
	chief  = "chief@example.com" // the first administrator of every world
)

// world is an organization with two accounts of one module each.
type world struct {
	t           *testing.T
	db          *store.DB
	svc         *account.Service
	p           account.Principal // the command line
	north, west account.Module
	roles       map[string]int64

	mu     sync.Mutex
	at     time.Time
	closed []int64 // the logins that OnClosed told of
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, p: account.CommandLine(), roles: map[string]int64{}, at: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	w.svc = account.NewService(db, w.now)
	w.svc.OnClosed(func(_ context.Context, logins []int64) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.closed = append(w.closed, logins...)
		return nil
	})
	w.must(w.svc.Setup(t.Context(), "Acme", chief, secret.Text{}))
	w.north, w.west = w.module("North", "IT"), w.module("West", "Vehicles")
	roles, err := w.svc.Roles(t.Context())
	w.must(err)
	for _, r := range roles {
		w.roles[r.Name] = r.ID
	}
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(time.Second)
	return w.at
}

// later lets time pass.
func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) module(acct, name string) account.Module {
	w.t.Helper()
	a, err := w.svc.CreateAccount(w.t.Context(), w.p, acct)
	w.must(err)
	m, err := w.svc.CreateModule(w.t.Context(), w.p, a.ID, name, nil)
	w.must(err)
	return m
}

// login returns a login by email as the command line sees it.
func (w *world) login(email string) account.Login {
	w.t.Helper()
	l, err := w.svc.FindLogin(w.t.Context(), w.p, email)
	w.must(err)
	return l
}

// member makes an active user with a role in a module.
func (w *world) member(email, role string, m account.Module) account.Login {
	w.t.Helper()
	l, err := w.svc.Invite(w.t.Context(), w.p, account.Invitation{Email: email, Account: m.Account, Module: m.ID, Role: w.roles[role]})
	w.must(err)
	w.must(w.svc.ResetPassword(w.t.Context(), w.p, email, secret.New("correct horse battery")))
	return w.login(l.Email)
}

// principal returns the principal of an active user.
func (w *world) principal(l account.Login) account.Principal {
	w.t.Helper()
	p, err := w.svc.PrincipalOf(w.t.Context(), l.ID, "192.0.2.1")
	w.must(err)
	return p
}

// apply runs a batch as a sync would and returns its outcomes.
func (w *world) apply(wants ...account.SyncLogin) []account.SyncOutcome {
	w.t.Helper()
	out, err := w.svc.ApplyBatch(w.t.Context(), audit.Actor{Kind: audit.Sync, Name: "Entra"}, 7, wants)
	w.must(err)
	return out
}

// synced makes directory logins with the role Collaborator by mapping 1.
func (w *world) synced(emails ...string) []account.Login {
	w.t.Helper()
	first, err := w.db.NextIDs(w.t.Context(), "login", len(emails))
	w.must(err)
	wants := make([]account.SyncLogin, len(emails))
	for i, email := range emails {
		wants[i] = w.hire(first+int64(i), email)
	}
	for _, o := range w.apply(wants...) {
		w.must(o.Err)
	}
	out := make([]account.Login, len(emails))
	for i, email := range emails {
		out[i] = w.login(email)
	}
	return out
}

// hire is what a sync wants of a new person.
func (w *world) hire(id int64, email string) account.SyncLogin {
	return account.SyncLogin{
		Login: id, Create: true, Tenant: tenant, Object: object(id), Email: &email, Name: &email, State: ptr(account.Active),
		Grants: []account.Grant{{Account: w.north.Account, Module: w.north.ID, Mapping: 1, Role: w.roles[account.Collaborator]}},
	}
}

func object(n int64) (id directory.ObjectID) {
	id[0] = 1
	for i := range 8 {
		id[15-i] = byte(n >> (8 * i))
	}
	return id
}

func ptr[T any](v T) *T { return &v }

// want fails the test unless err is of a kind.
func want(t *testing.T, what string, err error, kind errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind {
		t.Errorf("%s: got %v, want it %v", what, err, kind)
	}
}
