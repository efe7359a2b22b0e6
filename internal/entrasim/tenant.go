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
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/musterhq/muster/internal/entrasim/guid"
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
	cfg     Config
	started time.Time
	ids     guid.Space
	pop     *population
	models  []deviceModel
	schemas [kindCount]*schema

	mu       sync.RWMutex
	overlays [kindCount]map[int]*overlay // users and devices that control changed
	count    [kindCount]int              // indexes in use, the base included
	circles  [kindCount][]*circle        // groups and units
	journal  [kindCount][]change
	seq      uint64         // last journal entry of any kind
	version  uint64         // moves with every change of anything that a page shows
	byUPN    map[string]int // lower case; users whose sign-in name control set
	subs     map[string]*subscription

	issuer  *sts.Issuer
	faults  faultBox
	traffic traffic
	pages   pageCache
	skew    atomic.Int64 // nanoseconds, the clock_skew fault
	// Tokens of an older generation than these have expired.
	pageGen, deltaGen int
}

// overlay is what control changed of one user or device.
type overlay struct {
	vals   map[int]Value
	state  state
	gone   time.Time // of the soft deletion
	linked bool      // link replaces the base manager or owner
	link   ref       // 0 means none
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
	t := &Tenant{cfg: cfg, started: cfg.Now(), ids: guid.NewSpace(cfg.Seed), pop: newPopulation(cfg.Seed, cfg.People),
		models: deviceModels(), byUPN: map[string]int{}, subs: map[string]*subscription{}}
	for _, s := range []*schema{userSchema(), groupSchema(), deviceSchema(), unitSchema()} {
		t.schemas[s.kind] = s
	}
	t.overlays[KindUser], t.overlays[KindDevice] = map[int]*overlay{}, map[int]*overlay{}
	t.count[KindUser], t.count[KindDevice] = cfg.People, cfg.Devices
	t.foundGroups()
	t.foundUnits()
	t.issuer = t.newIssuer()
	t.pages.on = cfg.Cache
	return t
}

// now is the tenant's clock, the skew of a fault included.
func (t *Tenant) now() time.Time { return t.cfg.Now().Add(time.Duration(t.skew.Load())).UTC() }

// stateOf tells whether an object is live, soft-deleted or gone. Objects that
// never existed count as gone.
func (t *Tenant) stateOf(r ref) state {
	k, i := r.kind(), r.index()
	if k == KindGroup || k == KindUnit {
		if i >= len(t.circles[k]) {
			return purged
		}
		return t.circles[k][i].state
	}
	if k != KindUser && k != KindDevice || i >= t.count[k] {
		return purged
	}
	if o := t.overlays[k][i]; o != nil {
		return o.state
	}
	if k == KindUser && roleOf(i) == roleDeleted {
		return soft
	}
	return live
}

// fill makes r the record of an object, with at least the properties in need.
func (t *Tenant) fill(at ref, need uint64, r *record) {
	r.reset(at, t.id(at))
	r.state = t.stateOf(at)
	k, i := at.kind(), at.index()
	switch k {
	case KindGroup, KindUnit:
		t.fillCircle(t.circles[k][i], r)
	case KindDevice:
		if i < t.cfg.Devices {
			t.fillDevice(i, r)
		}
	case KindUser:
		if i < t.cfg.People {
			t.fillBase(i, need, r)
		}
	}
	r.vals[0] = String(r.id) // bit 0 is the id in every schema
	o := t.overlays[k][i]
	if o != nil {
		for bit, v := range o.vals {
			r.vals[bit] = v
		}
	}
	if k == KindUser && r.state != live {
		t.fillDeleted(o, r)
	}
}

func (t *Tenant) fillCircle(c *circle, r *record) {
	copy(r.vals[:], c.vals)
	if c.state == live {
		return
	}
	bit := gDeletedDateTime
	if c.kind == KindUnit {
		bit = aDeletedDateTime
	}
	r.vals[bit] = instant(c.gone)
}

// fillDeleted shows a user as deletedItems does: disabled, with the object id
// in front of the sign-in name.
func (t *Tenant) fillDeleted(o *overlay, r *record) {
	gone := t.started.Add(-time.Duration(r.ref.index()%20*24) * time.Hour)
	if o != nil {
		gone = o.gone
	}
	r.vals[uDeletedDateTime] = instant(gone)
	r.vals[uAccountEnabled] = Bool(false)
	r.vals[uUserPrincipalName] = String(strings.ReplaceAll(r.id, "-", "") + r.vals[uUserPrincipalName].text)
}

// everSet tells whether delta shows the property at all.
func (t *Tenant) everSet(r *record, bit int) bool { return r.vals[bit].kind != isAbsent }

// manager returns the live manager of a user.
func (t *Tenant) manager(user int) (ref, bool) {
	m := makeRef(KindUser, 0)
	if o := t.overlays[KindUser][user]; o != nil && o.linked {
		m = o.link
	} else if i := t.pop.manager(user); i >= 0 {
		m = makeRef(KindUser, i)
	} else {
		return 0, false
	}
	return m, m != 0 && t.stateOf(m) == live
}

// findUser resolves an object id or a sign-in name of a live user.
func (t *Tenant) findUser(key string) (ref, bool) {
	if r, ok := t.refOf(key); ok {
		return r, r.kind() == KindUser && t.stateOf(r) == live
	}
	i, ok := t.byUPN[strings.ToLower(key)]
	if !ok {
		if i, ok = t.pop.byUPN(key); !ok || i < 0 || i >= t.cfg.People {
			return 0, false
		}
	}
	r := makeRef(KindUser, i)
	if t.stateOf(r) != live {
		return 0, false
	}
	var rec record
	t.fill(r, 1<<uUserPrincipalName, &rec)
	return r, strings.EqualFold(rec.vals[uUserPrincipalName].text, key)
}
