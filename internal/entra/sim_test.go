package entra_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sim is a simulated tenant that listens, and a client of it.
type sim struct {
	*entra.Client
	tenant *entrasim.Tenant
	server *entrasim.Server
	config entra.Config
}

// newSim starts a tenant over https and returns a client for it. edit changes
// the client's configuration and may be nil.
func newSim(t testing.TB, cfg entrasim.Config, edit func(*entra.Config)) *sim {
	t.Helper()
	tenant := entrasim.New(cfg)
	server, err := tenant.StartTLS()
	if err != nil {
		t.Fatal(err)
	}
	s := &sim{tenant: tenant, server: server, config: entra.Config{
		TenantID: entrasim.DefaultTenantID, ClientID: entrasim.DefaultClientID,
		ApplicationObjectID: entrasim.DefaultApplicationObjectID,
		ClientSecret:        secret.New(entrasim.DefaultClientSecret),
		Cloud:               entra.Custom, LoginURL: server.URL(), GraphURL: server.URL(), CAPEM: server.CAPEM(),
	}}
	if cfg.ClientSecret != "" {
		s.config.ClientSecret = secret.New(cfg.ClientSecret)
	}
	if edit != nil {
		edit(&s.config)
	}
	s.Client = s.open(t)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the tenant: %v", err)
		}
	})
	return s
}

// open returns another client of the same tenant.
func (s *sim) open(t testing.TB) *entra.Client {
	t.Helper()
	c, err := entra.New(s.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// people returns how many users the tenant has, the soft-deleted left out.
func (s *sim) people() int { return s.tenant.Control().Snapshot().People }

// newSecret saves the benchmarks an import.
func newSecret(value string) secret.Text { return secret.New(value) }

// inject adds a fault to the tenant.
func (s *sim) inject(t testing.TB, f entrasim.Fault) {
	t.Helper()
	if err := s.tenant.Control().Inject(f); err != nil {
		t.Fatal(err)
	}
}

// object is what the tests keep of an object; its document is a copy.
type object struct {
	directory.Object
	doc string
}

// collect reads a sequence to its end.
func collect(t testing.TB, pages func(func(directory.Page, error) bool)) (all []object, last directory.Page, err error) {
	t.Helper()
	for p, err := range pages {
		if err != nil {
			return all, last, err
		}
		for _, o := range p.Objects {
			all = append(all, object{o, string(o.Doc)})
		}
		last = p
	}
	return all, last, nil
}

// mustCollect is collect of a sequence that has to be whole.
func mustCollect(t testing.TB, pages func(func(directory.Page, error) bool)) ([]object, directory.Page) {
	t.Helper()
	all, last, err := collect(t, pages)
	if err != nil {
		t.Fatal(err)
	}
	return all, last
}

// ids returns the distinct identifiers.
func ids(all []object) map[directory.ObjectID]bool {
	set := make(map[directory.ObjectID]bool, len(all))
	for _, o := range all {
		set[o.ID] = true
	}
	return set
}

// soon is a context that no good test exhausts.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

var userQuery = directory.Query{Kind: directory.User, Select: []string{
	"displayName", "givenName", "surname", "mail", "userPrincipalName", "accountEnabled", "department", "employeeOrgData.division"}}
