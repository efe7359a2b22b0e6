// Package automation is what a module does by itself: when something happens, or
// a time comes round, it writes to people, posts to a web address, syncs, and
// changes records.
//
// What happens is noted as an event in the transaction in which it happens, if
// an automation listens; Turn, which any number of processes may call, works
// events off in their order. An automation that has something to do makes a
// firing, once a cause, with an act for each of its actions.
//
//	change ──► event ──┐
//	schedule ──────────┼──► firing ──► acts ──► plan ──► letters, posts, runs, records
//	calendar ──────────┘                         └────► dry run: shown, not done
//
// A dry run is the plan of the same acts. Letters and changes of records commit
// together with their act, so they happen once; posts and runs happen at least
// once, and posts carry a number by which a receiver can tell a repetition.
package automation

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/syncer"
)

// Automation is one thing that a module does by itself.
type Automation struct {
	ID, Account, Module int64
	Name                string
	On                  bool
	Ready               string // the ready-made one that it began as; "" for others
	Definition
	Version   int64
	Next      time.Time // of a schedule: when it comes round; zero when it does not
	Looked    time.Time // up to when the calendar was looked through for it; zero for not yet
	Fired     time.Time // when it last had something to do; zero for never
	UpdatedAt time.Time
}

// Definition is what an automation does, and when. It is stored as JSON.
type Definition struct {
	Trigger    Trigger
	Any        bool // one of the conditions is enough
	Conditions []Condition
	Actions    []Action
	// Digest is for how long messages are gathered after one has left, to go as
	// one; 0 sends each at once.
	Digest time.Duration
	Hourly int // how many messages may leave within an hour
}

// Condition is what a field of the record has to be.
type Condition struct {
	Field int64
	Op    listing.Op
	Text  string // what it is compared with, as somebody typed it
}

// Bounds of an automation.
const (
	DefaultDigest  = time.Hour
	DefaultHourly  = 50
	mostHourly     = 1000
	mostDigest     = 7 * 24 * time.Hour
	mostActions    = 10
	mostConditions = 20
	// subjectsMost is how many records one firing is about at most.
	subjectsMost = 10_000
	// chainMost is how many automations may lead to one another.
	chainMost = 5
)

// actor is who does what an automation does. It may what an administrator of its
// module may, and nothing elsewhere.
func (a *Automation) actor() account.Principal {
	i := slices.IndexFunc(account.BuiltIn(), func(r account.Role) bool { return r.Name == account.ModuleAdmin })
	return account.Principal{
		Name: "automation " + a.Name, Kind: audit.Automation,
		Holds: []account.Holding{{Account: a.Account, Module: a.Module, Role: account.BuiltIn()[i]}},
	}
}

// Deps are what the service works with.
type Deps struct {
	Store    Store
	Accounts *account.Service
	Records  *register.Service
	Lists    *listing.Service
	Sync     *syncer.Service
	Runs     *integration.Service
	Keys     *secret.Keyring // seals what posts are signed with
	// Mail takes a letter, in the transaction that it is called in; nil while no
	// mail is set up.
	Mail func(ctx context.Context, l Letter) error
	// MailUp reports whether letters leave; nil for always, where there is Mail.
	MailUp  func(ctx context.Context) (bool, error)
	Post    *Poster
	BaseURL string // where browsers find Muster, for links; "" leaves them out
	Now     func() time.Time
	Log     *slog.Logger
}

// Service is the use cases. It is safe for concurrent use.
type Service struct {
	Deps
	mu     sync.Mutex
	looked time.Time // when this process last looked through the calendar
	pruned time.Time // and when it last threw old firings away
}

// New returns a service over deps.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Post == nil {
		d.Post = NewPoster(nil)
	}
	return &Service{Deps: d}
}

// moment is the one instant of a use case, as precise as it is stored.
func (s *Service) moment() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Store is the database as this package needs it; store.DB is the one
// implementation. A transaction travels in the context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	Savepoint(ctx context.Context, fn func(ctx context.Context) error) error
	NextIDs(ctx context.Context, name string, n int) (first int64, err error)
	WriteAudit(ctx context.Context, e audit.Event) error
	definitionStore
	eventStore
	firingStore
}

// definitionStore keeps automations.
type definitionStore interface {
	Automations(ctx context.Context, module int64) ([]Automation, error) // by name; module 0: all
	Automation(ctx context.Context, id int64) (Automation, error)        // NotFound
	// SaveAutomation stores a new automation, or with a number a changed one, of
	// which Version is the one expected. Conflict by name or version.
	SaveAutomation(ctx context.Context, a Automation, now time.Time) (Automation, error)
	RemoveAutomation(ctx context.Context, id int64) error
	// MoveSchedule sets when an automation comes round next, if it is now as
	// expected; of two processes one is told true.
	MoveSchedule(ctx context.Context, id int64, from, to time.Time) (bool, error)
	MoveLooked(ctx context.Context, id int64, to time.Time) error
	// NoteReady notes that a module has its ready-made automations; first is false
	// when it had them before.
	NoteReady(ctx context.Context, module int64, now time.Time) (first bool, err error)
}

// eventStore keeps events until they have been looked at.
type eventStore interface {
	// Listening returns the triggers of a module's automations that are on.
	Listening(ctx context.Context, module int64) ([]Kind, error)
	InsertEvent(ctx context.Context, e Event) error
	// NoteRunChain and RunChain keep which automations led to the latest run of a
	// connection that an automation asked for.
	NoteRunChain(ctx context.Context, connection int64, chain []int64) error
	RunChain(ctx context.Context, connection int64) ([]int64, error)
	TakeEvents(ctx context.Context, limit int) ([]Event, error) // the oldest, which are gone then
	// AutomationsPending reports cheaply whether there are events, and acts that are due.
	AutomationsPending(ctx context.Context, now time.Time) (events, acts bool, err error)
	// DueCustodies returns what a module's people hold that is due until a moment,
	// and was not when it was looked through before: due after from, or given out
	// after since.
	DueCustodies(ctx context.Context, acct, module int64, from, until, since time.Time, limit int) ([]register.Custody, error)
}

// firingStore keeps what automations had to do.
type firingStore interface {
	// InsertFiring stores a firing with its acts, and whether it is the first of
	// its cause; another is not stored.
	InsertFiring(ctx context.Context, f Firing) (id int64, first bool, err error)
	HasFired(ctx context.Context, automation int64, key string) (bool, error)
	Firing(ctx context.Context, id int64) (Firing, error)                                        // NotFound
	Firings(ctx context.Context, automation, before int64, limit int) ([]Firing, error)          // newest first, without subjects
	LastFirings(ctx context.Context, module int64) (map[int64]Firing, error)                     // by automation
	TakeActs(ctx context.Context, now, until time.Time, limit int) ([]Act, error)                // due ones, which others leave alone until then
	TakeGathered(ctx context.Context, automation int64, seq int, until time.Time) ([]Act, error) // messages that wait for a digest
	SaveAct(ctx context.Context, a Act) error
	// Messages returns how many messages an automation sent since a moment, and
	// when the last one of an action left; zero when none did.
	Messages(ctx context.Context, automation int64, seq int, since time.Time) (sent int, last time.Time, err error)
	PruneFirings(ctx context.Context, before time.Time) error
}
