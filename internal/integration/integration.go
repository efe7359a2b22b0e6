// Package integration is what people do with integrations: add one from the
// store, configure and test its connection, edit its mappings with their effect
// in view, run it, decide what it holds, and ask why.
//
// Package syncer does the work and asks nobody's leave; here stands who may ask
// for it, what the audit log says of it, and how a run in progress is watched.
package integration

import (
	"context"
	"log/slog"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/syncer"
)

// Directory is what screens ask of a directory beyond what runs read.
// entra.Client answers it, through the wiring.
type Directory interface {
	// Check tries the connection, and tells each fact as soon as it is known; when
	// the credential ends it may tell only in what it returns.
	Check(ctx context.Context, needs Needs, tell func(Fact)) []Fact
	// SearchUnits returns groups and administrative units whose names begin with a text.
	SearchUnits(ctx context.Context, prefix string, limit int) ([]directory.Unit, error)
	Close()
}

// Needs says what a connection is used for beyond users and groups.
type Needs struct{ Devices, AdministrativeUnits bool }

// Outcome is how one fact about a connection stands.
type Outcome string

// The outcomes. Skipped is for what could not be asked, or is not needed.
const (
	Pass    Outcome = "pass"
	Warn    Outcome = "warn"
	Fail    Outcome = "fail"
	Skipped Outcome = "skip"
)

// Fact is one line of the connection checklist.
type Fact struct {
	ID      string // stays the same between versions: "tenant", "permission User.Read.All"
	Outcome Outcome
	Text    string // what is so, as a sentence for an administrator
	Remedy  string // what to do about it; "" when there is nothing to do
	Detail  string // for a support case: codes, trace and request IDs
	// Ends is when the credential expires, on the fact about it; zero when unknown.
	Ends time.Time
}

// CredentialFact is the ID of the fact about the secret or certificate.
const CredentialFact = "credential"

// Failed reports whether any fact stands in the way of a sync.
func Failed(facts []Fact) bool {
	for _, f := range facts {
		if f.Outcome == Fail {
			return true
		}
	}
	return false
}

// Store is the database as this package needs it.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	WriteAudit(ctx context.Context, e audit.Event) error
}

// Deps are what the service works with.
type Deps struct {
	Store    Store
	Sync     *syncer.Service
	Accounts *account.Service
	Records  *register.Service
	Mail     *mail.Service // writes to people; nil where no mail is sent
	// Open connects to a connection's directory.
	Open func(ctx context.Context, c syncer.Connection) (Directory, error)
	// OpenDoor opens the way in with a connection; nil when nobody signs in with Microsoft.
	OpenDoor func(c syncer.Connection) (Door, error)
	Keys     *secret.Keyring // seals what browsers keep between two pages
	Now      func() time.Time
	Log      *slog.Logger
}

// Service is the use cases. It is safe for concurrent use. Close it: that
// cancels the runs that it started, which go on at the next start.
type Service struct {
	Deps
	runs  runs
	doors doors
}

// New returns a service over deps.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{Deps: d}
	s.runs.open()
	return s
}

// Close cancels the runs in progress here and waits for them to end.
func (s *Service) Close() {
	s.runs.close()
	s.doors.close()
}

// Tile is one entry of the Integrations Store.
type Tile struct {
	Kind  string
	Name  string
	Text  string // one sentence on what it is for
	Added int64  // the module's connection of this kind; 0 when it has none
}

// Tiles lists the Integrations Store for a module.
func (s *Service) Tiles(ctx context.Context, p account.Principal, m account.Module) ([]Tile, error) {
	there, err := s.InModule(ctx, p, m)
	if err != nil {
		return nil, err
	}
	tile := Tile{
		Kind: syncer.EntraKind, Name: "Microsoft Entra ID",
		Text: "Keeps people and logins in step with your directory, by pull from Microsoft Graph.",
	}
	for _, c := range there {
		if c.Kind == tile.Kind {
			tile.Added = c.ID
		}
	}
	return []Tile{tile}, nil
}

// Add puts an integration of the store into a module, to be configured next.
func (s *Service) Add(ctx context.Context, p account.Principal, m account.Module, kind string) (c syncer.Connection, err error) {
	if err := p.May(account.ManageIntegrations, m.Account, m.ID, 0); err != nil {
		return c, err
	}
	if kind != syncer.EntraKind {
		return c, errs.New(errs.NotFound, "the Integrations Store has no %q", kind)
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		c, err = s.Sync.AddConnection(ctx, syncer.Connection{
			Account: m.Account, Module: m.ID, Kind: kind, Cloud: "global", Credential: syncer.ClientSecret,
			Schedule: offeredSchedule(), Limits: reconcile.DefaultLimits(),
		})
		if err != nil {
			return err
		}
		return s.audit(ctx, p, c, audit.IntegrationAdded)
	})
	return c, err
}

// offeredSchedule is what a new integration starts with, so that nobody finds
// out a year later that nothing was scheduled.
func offeredSchedule() syncer.Schedule {
	return syncer.Schedule{Incremental: "hourly", Full: "daily at 02:30", TimeZone: "UTC"}
}

// InModule lists the integrations in a module, without their secrets.
func (s *Service) InModule(ctx context.Context, p account.Principal, m account.Module) ([]syncer.Connection, error) {
	if err := p.May(account.ManageIntegrations, m.Account, m.ID, 0); err != nil {
		return nil, err
	}
	all, err := s.Sync.Connections(ctx)
	var out []syncer.Connection
	for _, c := range all {
		if c.Module == m.ID {
			out = append(out, c)
		}
	}
	return out, err
}

// audit records what a principal did to a connection.
func (s *Service) audit(ctx context.Context, p account.Principal, c syncer.Connection, action audit.Action, details ...audit.Detail) error {
	return s.Store.WriteAudit(ctx, audit.Event{
		At: s.Now(), Account: c.Account, Module: c.Module, Actor: p.Actor(), Action: action,
		SubjectKind: "connection", SubjectID: c.ID, SubjectName: "Microsoft Entra ID", Details: details,
	})
}

// allowed loads a connection, with its secret, that a principal may do an
// action with. One of another account gives NotFound.
func (s *Service) allowed(ctx context.Context, p account.Principal, action account.Action, id int64) (syncer.Connection, error) {
	c, err := s.Sync.Connection(ctx, id)
	if err != nil {
		return c, err
	}
	return c, p.May(action, c.Account, c.Module, 0)
}
