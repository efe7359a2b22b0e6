package syncer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/secret"
)

// EntraKind is the kind of the integration with Microsoft Entra ID.
const EntraKind = "microsoft-entra-id"

// Credential is how a connection proves itself.
type Credential string

// The credentials.
const (
	ClientSecret      Credential = "secret"
	ClientCertificate Credential = "certificate"
)

// Connection is the credentials and settings of one integration in a module.
type Connection struct {
	ID, Account, Module int64
	Kind                string
	TenantID            string
	ClientID            string
	ApplicationObjectID string
	Cloud               string // global, us-government, us-dod, china, custom
	LoginURL, GraphURL  string // custom only
	CAPEM               string // extra roots for custom hosts, PEM
	Inside              bool   // whether custom hosts may lead to this machine or into a private network
	Credential          Credential
	CertificatePEM      string
	Secret              secret.Text // the client secret, or the certificate's private key in PEM
	Sealed              []byte      // Secret as it is stored
	Limits              reconcile.Limits
	Schedule            Schedule
	Readers             int // how many readers share a large listing; 0 and 1 mean one
	Verdict             Verdict
	Version             int64
	UpdatedAt           time.Time
}

// Schedule is when a connection syncs by itself, in the words of muster.yaml.
type Schedule struct {
	Incremental string
	Full        string
	TimeZone    string
}

// Mapping is one mapping of a connection with its place in the order.
type Mapping struct {
	mapping.Definition
	Connection int64
	Position   int
	Version    int64
	Removed    bool
}

// sealSubject is the additional data under which a connection's secret is
// sealed: it cannot be moved to another connection's row.
func sealSubject(module int64, kind string) string {
	return fmt.Sprintf("connection/%d/%s", module, kind)
}

// SaveConnection creates a module's connection of a kind or changes it. An
// empty Secret keeps the stored one. Another tenant ID is refused once there
// are links: identity never changes with a setting (F8).
func (s *Service) SaveConnection(ctx context.Context, c Connection) (Connection, error) {
	old, err := s.store.FindConnection(ctx, c.Module, c.Kind)
	known := err == nil
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return Connection{}, err
	}
	if known {
		if err := s.checkTenantMove(ctx, old, c); err != nil {
			return Connection{}, err
		}
		c.ID, c.Version, c.Sealed = old.ID, old.Version, old.Sealed
	}
	c.guard()
	if err := s.seal(&c, old); err != nil {
		return Connection{}, err
	}
	c.Verdict = old.Verdict
	if known && sameConnection(old, c) {
		return c, nil
	}
	if !c.SamePlace(old) || !c.sameCredential(old) {
		c.Verdict = Verdict{}
	}
	return s.store.SaveConnection(ctx, c, s.now())
}

// seal puts the secret into its stored form, unless it is the one stored.
func (s *Service) seal(c *Connection, old Connection) error {
	if c.Secret.IsZero() {
		if len(c.Sealed) == 0 {
			return errs.New(errs.Invalid, "the connection has no client secret and no certificate").
				WithHint("Give client_secret (its Value, not its ID) or client_certificate.")
		}
		return nil
	}
	subject := sealSubject(c.Module, c.Kind)
	if len(old.Sealed) > 0 {
		if plain, err := s.keys.Open(old.Sealed, subject); err == nil && string(plain) == c.Secret.Reveal() {
			return nil
		}
	}
	sealed, err := s.keys.Seal([]byte(c.Secret.Reveal()), subject)
	if err != nil {
		return errs.Wrap(err, "seal the client secret")
	}
	c.Sealed = sealed
	return nil
}

func (s *Service) checkTenantMove(ctx context.Context, old, c Connection) error {
	if old.Realm() == c.Realm() {
		return nil
	}
	links, err := s.store.CountLinks(ctx, old.ID, Scope{})
	if err != nil || links == 0 {
		return err
	}
	return errs.New(errs.Conflict, "%d people are linked to tenant %s through this connection", links, old.Realm()).
		WithHint("Another tenant needs a connection of its own: add the integration to another module, or put the tenant ID back.")
}

// sameConnection reports whether saving b over a would change nothing.
func sameConnection(a, b Connection) bool {
	return a.SamePlace(b) && a.sameCredential(b) && fmt.Sprint(a.Limits) == fmt.Sprint(b.Limits) &&
		a.Schedule == b.Schedule && a.Readers == b.Readers && a.Inside == b.Inside
}

// Connection returns a connection with its secret unsealed.
func (s *Service) Connection(ctx context.Context, id int64) (Connection, error) {
	c, err := s.store.Connection(ctx, id)
	if err != nil {
		return Connection{}, err
	}
	if len(c.Sealed) == 0 {
		return c, nil
	}
	plain, err := s.keys.Open(c.Sealed, sealSubject(c.Module, c.Kind))
	if err != nil {
		return Connection{}, errs.Wrap(err, "open the stored client secret")
	}
	c.Secret = secret.New(string(plain))
	return c, nil
}

// Connections lists all connections without their secrets.
func (s *Service) Connections(ctx context.Context) ([]Connection, error) {
	return s.store.Connections(ctx)
}

// Connect opens the directory of a connection.
func (s *Service) Connect(ctx context.Context, id int64) (Source, Connection, error) {
	c, err := s.Connection(ctx, id)
	if err != nil {
		return nil, c, err
	}
	if !c.Configured() {
		return nil, c, errs.New(errs.Invalid, "the integration is not configured yet").
			WithHint("Enter the tenant ID, client ID, application object ID and client secret, then Test and Save Connection.")
	}
	src, err := s.open(ctx, c)
	return src, c, err
}

// Mappings returns the mappings in force, in order.
func (s *Service) Mappings(ctx context.Context, connection int64) ([]Mapping, error) {
	all, err := s.store.Mappings(ctx, connection)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(m Mapping) bool { return m.Removed }), nil
}

// SaveMappings makes defs the mappings of a connection, in that order, and
// returns what it did, one line a mapping. Those no longer named are put away:
// their roles are taken back by the next run, their records stay as they are.
//
// A preview of these very mappings from before they were saved, when new ones had
// no number, becomes one of the saved ones: somebody has looked.
func (s *Service) SaveMappings(ctx context.Context, connection int64, defs []mapping.Definition) ([]string, error) {
	c, err := s.store.Connection(ctx, connection)
	if err != nil {
		return nil, err
	}
	for i := range defs {
		if _, _, err := s.compile(ctx, c, defs[i]); err != nil {
			return nil, err
		}
	}
	if len(defs) == 0 {
		return s.store.SaveMappings(ctx, connection, defs, s.now())
	}
	draft, err := s.loadRules(ctx, c, defs)
	if err != nil {
		return nil, err
	}
	done, err := s.store.SaveMappings(ctx, connection, defs, s.now())
	if err != nil || len(done) == 0 {
		return done, err
	}
	saved, err := s.loadRules(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	return done, s.store.RenamePreviews(ctx, connection, draft.print, saved.print)
}

// rules are the compiled mappings of a run with what they need from the
// directory.
type rules struct {
	list     []*rule
	picks    map[directory.Kind]*pick // what to read of a document, per kind
	known    map[int64]bool           // mapping numbers: true in force, false removed
	identity map[int64][]int64        // per collection: fields whose change is a rename
	print    string                   // fingerprint of all of it
}

// pick is what a run reads out of the documents of a kind, in one pass: what the
// mappings use, and what every subject is described by.
type pick struct {
	fields                 *directory.Fields
	name, principal, guest int // where the subject's description stands
}

func newPick(paths []string) *pick {
	const name, principal, guest = "displayName", "userPrincipalName", "userType"
	paths = append(slices.Clone(paths), name, principal, guest)
	slices.Sort(paths)
	paths = slices.Compact(paths)
	return &pick{
		fields: directory.NewFields(paths...), name: slices.Index(paths, name),
		principal: slices.Index(paths, principal), guest: slices.Index(paths, guest),
	}
}

// subject describes an entry, of which values were picked, to the planner.
func (p *pick) subject(e *Entry, values []directory.Value) reconcile.Subject {
	return reconcile.Subject{
		Entry: e.ID, Version: e.Version, Object: e.Object, Kind: e.Kind, Standing: e.Standing, PurgeAt: e.PurgeAt,
		Name: values[p.name].String(), Principal: values[p.principal].String(), Guest: values[p.guest].String() == "Guest",
	}
}

// rule is one mapping with its units.
type rule struct {
	*mapping.Rule
	mapper *mapping.Mapper
	def    Mapping
	units  []*unitState
}

// compile turns a definition into a rule over its collection's fields.
func (s *Service) compile(ctx context.Context, c Connection, def mapping.Definition) (*mapping.Rule, []mapping.Field, error) {
	var targets []mapping.Field
	if def.Collection != 0 {
		fields, err := s.records.Fields(ctx, c.Account, def.Collection)
		if err != nil {
			return nil, nil, errs.Wrap(err, "read the fields of mapping "+def.Name)
		}
		for _, f := range fields {
			targets = append(targets, mapping.Field{ID: f.ID, Name: f.Name, Spec: f.Spec, Title: f.Title})
		}
	}
	compiled, err := mapping.Compile(def, targets)
	return compiled, targets, err
}

// loadRules compiles a connection's mappings and fingerprints them: another
// fingerprint than the last run's makes everybody be evaluated anew (F44). With
// a draft, that takes the place of the stored mappings.
func (s *Service) loadRules(ctx context.Context, c Connection, draft []mapping.Definition) (*rules, error) {
	all, err := s.store.Mappings(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if draft != nil {
		all = drafted(all, draft)
	}
	r := &rules{
		picks: map[directory.Kind]*pick{}, known: map[int64]bool{}, identity: map[int64][]int64{},
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "muster 1\n")
	paths := map[directory.Kind][]string{}
	for _, m := range all {
		r.known[m.ID] = !m.Removed
		if m.Removed {
			continue
		}
		compiled, _, err := s.compile(ctx, c, m.Definition)
		if err != nil {
			return nil, errs.Wrap(err, "mapping "+m.Name)
		}
		r.list = append(r.list, &rule{Rule: compiled, def: m})
		paths[m.Entity] = append(paths[m.Entity], compiled.Paths()...)
		if m.Collection != 0 {
			r.identity[m.Collection] = append(r.identity[m.Collection], compiled.Identity()...)
		}
		fmt.Fprintf(sum, "%d %d %x\n", m.ID, m.Position, compiled.Fingerprint())
	}
	if len(r.list) == 0 {
		return nil, errs.New(errs.Invalid, "the connection has no mapping").
			WithHint("Add a mapping option: which people become records or users.")
	}
	for _, kind := range []directory.Kind{directory.User, directory.Device, directory.Group} {
		r.picks[kind] = newPick(paths[kind])
	}
	for _, rl := range r.list {
		rl.mapper = rl.Mapper(r.picks[rl.def.Entity].fields)
	}
	r.print = hex.EncodeToString(sum.Sum(nil)[:16])
	return r, nil
}

// reset gives the mappers their memory back, once a batch has been dealt with.
func (r *rules) reset() {
	for _, rl := range r.list {
		rl.mapper.Reset()
	}
}

// kinds returns the kinds of object that the rules read, in a fixed order.
// Users are always read: they own devices and are members of units.
func (r *rules) kinds() []directory.Kind {
	out := []directory.Kind{directory.User}
	for _, k := range []directory.Kind{directory.Device, directory.Group} {
		if slices.ContainsFunc(r.list, func(rl *rule) bool { return rl.def.Entity == k }) {
			out = append(out, k)
		}
	}
	return out
}

// query returns what to read of a kind.
func (r *rules) query(kind directory.Kind) directory.Query {
	q := directory.Query{Kind: kind}
	for _, rl := range r.list {
		if rl.def.Entity != kind {
			continue
		}
		q.Select = append(q.Select, rl.Selects()...)
		if e := rl.Expand(); e != "" {
			q.Expand = e
		}
	}
	if kind == directory.User {
		q.Select = append(q.Select, "id", "displayName", "userPrincipalName", "accountEnabled", "userType")
	}
	slices.Sort(q.Select)
	q.Select = slices.Compact(q.Select)
	return q
}

// drafted returns the mappings as they would be if draft were saved. New ones
// get numbers below zero, which nothing stored has.
func drafted(stored []Mapping, draft []mapping.Definition) []Mapping {
	out := make([]Mapping, 0, len(stored)+len(draft))
	kept := map[int64]bool{}
	for i, def := range draft {
		if def.ID == 0 {
			def.ID = -int64(i) - 1
		}
		kept[def.ID] = true
		out = append(out, Mapping{Definition: def, Position: i})
	}
	for _, m := range stored {
		if !kept[m.ID] {
			m.Removed = true
			out = append(out, m)
		}
	}
	return out
}

// Realm names the authority that vouches for the connection's people: logins
// are keyed on it together with the object ID. Within Microsoft's clouds that is
// the tenant. A custom host can claim to be any tenant, so its name is part of
// the realm: what it says of people reaches no login that another authority
// vouches for. Ports do not count.
func (c Connection) Realm() string {
	tenant := strings.ToLower(c.TenantID)
	if c.Cloud != "custom" {
		return tenant
	}
	u, err := url.Parse(c.LoginURL)
	if err != nil {
		return tenant + "@?"
	}
	return tenant + "@" + strings.ToLower(u.Hostname())
}

// Configured reports whether the connection has been given what it needs to
// reach its directory. One just added from the Integrations Store has not.
func (c Connection) Configured() bool { return c.TenantID != "" && len(c.Sealed) > 0 }

// guard gives a connection the usual limits when it was given none: none is ever
// without.
func (c *Connection) guard() {
	if c.Limits == nil {
		c.Limits = reconcile.DefaultLimits()
	}
}

// AddConnection puts a connection of a kind into a module, to be configured
// later. It fails with Conflict when the module has one.
func (s *Service) AddConnection(ctx context.Context, c Connection) (Connection, error) {
	_, err := s.store.FindConnection(ctx, c.Module, c.Kind)
	if err == nil {
		return Connection{}, errs.New(errs.Conflict, "the module has this integration already").WithHint("Configure the one that is there.")
	}
	if errs.KindOf(err) != errs.NotFound {
		return Connection{}, err
	}
	c.Sealed = []byte{}
	c.guard()
	return s.store.SaveConnection(ctx, c, s.now())
}

// FindConnection returns a module's connection of a kind with its secret, or NotFound.
func (s *Service) FindConnection(ctx context.Context, module int64, kind string) (Connection, error) {
	c, err := s.store.FindConnection(ctx, module, kind)
	if err != nil {
		return c, err
	}
	return s.Connection(ctx, c.ID)
}
