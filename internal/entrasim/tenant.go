// Package entrasim is a simulated Microsoft Entra tenant: the sign-in endpoints
// and the part of Microsoft Graph v1.0 that a reader of people, groups, devices
// and administrative units needs, over real HTTP. It pages, throttles, expires
// and breaks on request, and a small control API plays human resources.
//
// People are derived from a seed and a number, so a tenant of a million costs
// no more memory than one of ten; only what the control API changed is held.
// The demo, the tests and the benchmarks run against it. It does not check
// conditional access, licences or quotas.
package entrasim

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

// Identifiers of the simulated tenant when Config does not say otherwise.
const (
	DefaultTenantID            = "11111111-1111-1111-1111-111111111111"
	DefaultClientID            = "22222222-2222-2222-2222-222222222222"
	DefaultApplicationObjectID = "33333333-3333-3333-3333-333333333333"
	DefaultClientSecret        = "simulated-secret"
)

// Config describes a tenant. The zero value of every field has a use.
type Config struct {
	Seed   uint64 // same seed, same people
	People int    // users of the base population, 10 to 1,000,000; default 100

	TenantID            string
	ClientID            string
	ApplicationObjectID string
	ClientSecret        string // may contain any characters

	PageSize int      // objects a delta page; default 200
	Roles    []string // granted application permissions; nil means DefaultRoles

	RedirectURIs []string // registered redirect URIs; empty allows any on loopback
	// Certificates (DER) that may sign client assertions.
	Certificates [][]byte

	Now     func() time.Time // default time.Now
	Latency time.Duration    // added to each Graph response
	Devices int              // default a quarter of People; negative means none
	Cache   bool             // keep rendered pages until something changes, for benchmarks
}

// DefaultRoles are the five permissions of the setup guide and two that open
// devices and administrative units.
func DefaultRoles() []string {
	return []string{"Application.Read.All", "Directory.Read.All", "Group.Read.All", "User.Read.All",
		"GroupMember.Read.All", "Device.Read.All", "AdministrativeUnit.Read.All"}
}

// Tenant is a simulated tenant. Its methods may be called concurrently.
type Tenant struct {
	cfg Config
	*estate.Directory

	subs map[string]*subscription

	issuer  *sts.Issuer
	faults  faultBox
	traffic traffic
	pages   pageCache
	stage   atomic.Pointer[http.Handler]
	skew    atomic.Int64 // nanoseconds, the clock_skew fault
	// Tokens of an older generation than these have expired.
	pageGen, deltaGen int
}

// New makes a tenant. It panics on a People outside 10..1,000,000, since that
// is a mistake in the calling program.
func New(cfg Config) *Tenant {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&cfg.TenantID, DefaultTenantID)
	def(&cfg.ClientID, DefaultClientID)
	def(&cfg.ApplicationObjectID, DefaultApplicationObjectID)
	def(&cfg.ClientSecret, DefaultClientSecret)
	if cfg.People == 0 {
		cfg.People = 100
	}
	if cfg.People < 10 || cfg.People > 1_000_000 {
		panic("entrasim: People must be between 10 and 1,000,000")
	}
	if cfg.PageSize <= 0 {
		cfg.PageSize = 200
	}
	if cfg.Roles == nil {
		cfg.Roles = DefaultRoles()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Devices == 0 {
		cfg.Devices = cfg.People / 4
	}
	cfg.Devices = max(cfg.Devices, 0)
	t := &Tenant{cfg: cfg, subs: map[string]*subscription{}}
	t.Directory = estate.New(cfg.Seed, cfg.People, cfg.Devices, t.now, t.notify)
	t.issuer = t.newIssuer()
	t.pages.on = cfg.Cache
	return t
}

// now is the tenant's clock, the skew of a fault included.
func (t *Tenant) now() time.Time { return t.cfg.Now().Add(time.Duration(t.skew.Load())).UTC() }
