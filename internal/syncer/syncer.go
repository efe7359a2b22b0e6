// Package syncer keeps the register in step with a directory: connections,
// their mappings, and runs.
//
// A run goes through stages, each durable: read the directory into the mirror,
// plan from the mirror, guard the plan, apply what may proceed, report. A run
// killed anywhere is continued by the next process and ends in the same state
// as an undisturbed one. Deciding lives in the pure packages mapping and
// reconcile; this package does what they decided.
package syncer

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
)

// Source is a directory to read from. entra.Client is one; tests have another.
// Every method can take long and obeys its context. Errors of kind Expired mean
// that a cursor is no longer honoured; Incomplete, that not all arrived.
type Source interface {
	// List reads all objects of a kind, page by page.
	List(ctx context.Context, q directory.Query) iter.Seq2[directory.Page, error]
	// Latest returns the cursor from which Changes tells what comes from now on.
	Latest(ctx context.Context, q directory.Query) (directory.Cursor, error)
	// Changes reads one round of changes; its last page carries the next cursor.
	Changes(ctx context.Context, q directory.Query) iter.Seq2[directory.Page, error]
	// LatestGroups and GroupChanges are the same for groups and their direct members.
	LatestGroups(ctx context.Context, groups []directory.ObjectID) (directory.Cursor, error)
	GroupChanges(ctx context.Context, groups []directory.ObjectID, from directory.Cursor) iter.Seq2[directory.Page, error]
	// Members reads the members of a unit that are of a kind.
	Members(ctx context.Context, u directory.Unit, kind directory.Kind, from directory.Cursor) iter.Seq2[directory.Page, error]
	// NestedGroups returns the groups inside a group, at any depth.
	NestedGroups(ctx context.Context, u directory.Unit) ([]directory.ObjectID, error)
	// Deleted reads the soft-deleted objects of a kind.
	Deleted(ctx context.Context, q directory.Query) iter.Seq2[directory.Page, error]
	// ByID asks for single objects; missing are those that the directory does not know.
	ByID(ctx context.Context, kind directory.Kind, ids []directory.ObjectID, selects []string) (found []directory.Object, missing []directory.ObjectID, err error)
	// DeletedByID asks for one soft-deleted object.
	DeletedByID(ctx context.Context, id directory.ObjectID) (directory.Object, bool, error)
	// FindUser finds a user by object ID, user principal name or email.
	FindUser(ctx context.Context, nameOrID string, selects []string) (directory.Object, error)
	// FindUnit finds a group or administrative unit by name or object ID.
	FindUnit(ctx context.Context, ref directory.UnitRef) (directory.Unit, error)
	// Usage counts what was asked so far.
	Usage() directory.Usage
	// Close ends connections that are kept open.
	Close()
}

// Deps are what the service works with.
type Deps struct {
	Store   Store
	Records *register.Service
	Logins  *account.Service
	Keys    *secret.Keyring
	// Open connects to a connection's directory.
	Open func(ctx context.Context, c Connection) (Source, error)
	// Ended is told in the transaction that ends a run, previews excepted; nil when
	// nobody wants to know.
	Ended func(ctx context.Context, r Run) error
	// Over is told after a run has ended and that is stored, previews too; nil when
	// nobody counts.
	Over func(r Run)
	Now  func() time.Time
	Host Host
	Log  *slog.Logger
}

// Service runs syncs. It is safe for concurrent use; runs of one connection
// exclude each other by a lease in the database.
type Service struct {
	store   Store
	records *register.Service
	logins  *account.Service
	keys    *secret.Keyring
	open    func(ctx context.Context, c Connection) (Source, error)
	ended   func(ctx context.Context, r Run) error
	over    func(r Run)
	now     func() time.Time
	host    Host
	log     *slog.Logger
}

// New returns a service over deps.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Over == nil {
		d.Over = func(Run) {}
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{
		store: d.Store, records: d.Records, logins: d.Logins, keys: d.Keys,
		open: d.Open, ended: d.Ended, over: d.Over, now: d.Now, host: d.Host, log: d.Log,
	}
}
