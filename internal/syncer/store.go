package syncer

import (
	"context"
	"iter"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
)

// Store is the database as this package needs it; store.DB is the one
// implementation. A transaction travels in the context: what is called inside
// InTx commits together.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	Savepoint(ctx context.Context, fn func(ctx context.Context) error) error
	NextIDs(ctx context.Context, name string, n int) (first int64, err error)
	// Relaxed returns a context whose transactions do not wait for the disk. A
	// power cut may take back the last of them, whole and in order: a run goes on
	// from wherever that leaves it.
	Relaxed(ctx context.Context) context.Context
	connectionStore
	mirrorStore
	linkStore
	recordStore
	runStore
	leaseStore
}

// connectionStore keeps connections and mappings.
type connectionStore interface {
	FindConnection(ctx context.Context, module int64, kind string) (Connection, error) // NotFound
	Connection(ctx context.Context, id int64) (Connection, error)                      // NotFound
	Connections(ctx context.Context) ([]Connection, error)
	SaveConnection(ctx context.Context, c Connection, now time.Time) (Connection, error)
	NoteVerdict(ctx context.Context, connection, version int64, v Verdict) error // of another version: nothing
	Mappings(ctx context.Context, connection int64) ([]Mapping, error)           // removed ones too, in order
	SaveMappings(ctx context.Context, connection int64, defs []mapping.Definition, now time.Time) ([]string, error)
	// RenamePreviews gives previews of a configuration the fingerprint that it has
	// from now on.
	RenamePreviews(ctx context.Context, connection int64, from, to string) error
	// ConfigurationVersion changes with every edit of the connection's mappings.
	ConfigurationVersion(ctx context.Context, connection int64) (string, error)
}

// Entry is one object in the mirror.
type Entry struct {
	ID        int64
	Kind      directory.Kind
	Object    directory.ObjectID
	Version   int64
	Standing  reconcile.Standing
	Missing   int // complete listings in a row without it
	DeletedAt time.Time
	PurgeAt   time.Time
	Hash      []byte             // of the document as last listed; nil after a delta merged into it
	Doc       directory.Document // nil when it was not asked for
}

// StandingCounts is how many entries of a kind are in each standing.
type StandingCounts map[reconcile.Standing]int

// mirrorStore keeps what the directory last said.
type mirrorStore interface {
	EntriesByObject(ctx context.Context, connection int64, ids []directory.ObjectID, docs bool) (map[directory.ObjectID]Entry, error)
	EntriesByID(ctx context.Context, ids []int64, docs bool) ([]Entry, error) // by number, with their documents if asked for
	// EntriesFrom returns the entries with at most n numbers from first on, without
	// documents.
	EntriesFrom(ctx context.Context, connection, first int64, n int) ([]Entry, error)
	// EntryNumbers returns the numbers of the known ones of the given objects, and
	// EntryNumbersFrom those of all objects with at most n numbers from first on.
	EntryNumbers(ctx context.Context, connection int64, ids []directory.ObjectID) (map[directory.ObjectID]int64, error)
	EntryNumbersFrom(ctx context.Context, connection, first int64, n int) (map[directory.ObjectID]int64, error)
	FindEntries(ctx context.Context, connection int64, kind directory.Kind, text string, limit int) ([]Entry, error)
	InsertEntries(ctx context.Context, connection, run int64, entries []Entry) error
	UpdateEntries(ctx context.Context, run int64, entries []Entry) error
	CountStandings(ctx context.Context, connection int64, kind directory.Kind) (StandingCounts, error)
	// EntryIDs yields the numbers of entries in the given standings, ascending.
	EntryIDs(ctx context.Context, connection int64, kind directory.Kind, standings ...reconcile.Standing) (*roaring.Bitmap, error)
	Units(ctx context.Context, connection int64) ([]UnitRow, error)
	SaveUnit(ctx context.Context, connection int64, u UnitRow) error
	Cursor(ctx context.Context, connection int64, input string) (StoredCursor, bool, error)
	SaveCursor(ctx context.Context, connection int64, input string, c StoredCursor) error
	DropCursors(ctx context.Context, connection int64) error
}

// StoredCursor is a cursor with the fingerprint of what it tracks.
type StoredCursor struct {
	directory.Cursor
	Fingerprint string
}

// UnitRow is a unit as it is stored.
type UnitRow struct {
	ID      int64
	Ref     directory.UnitRef
	Object  directory.ObjectID
	Name    string
	Known   bool   // false: nobody enters or leaves through it
	Problem string // why it is not known
	Members *roaring.Bitmap
	Groups  []directory.ObjectID // groups inside, for nested units
	ReadAt  time.Time
}

// Link is the remembered tie between an object and its record or login. It is
// never removed: restoring brings back the same one (F27).
type Link struct {
	Entry       int64
	Target      reconcile.Target
	Collection  int64
	TargetID    int64
	Connection  int64
	Mapping     int64
	Status      reconcile.Status
	StatusSince time.Time
	Run         int64
	PutAway     int64 // the run that was undone, which took the target back; else 0
}

// TargetKey names a record or a login.
type TargetKey struct {
	Target reconcile.Target
	ID     int64
}

// PendingReference is a link field that waits for its object (F71).
type PendingReference struct {
	Record     int64
	Field      int64
	Object     directory.ObjectID
	Collection int64
	IfEmpty    bool // to be filled only while it holds nothing
}

// linkStore keeps links, what waits for links, and what is wrong with whom.
type linkStore interface {
	Links(ctx context.Context, entries []int64) ([]Link, error)
	LinksTo(ctx context.Context, targets []TargetKey) (map[TargetKey]Link, error)
	InsertLinks(ctx context.Context, links []Link) error
	SetLinkStatus(ctx context.Context, links []Link) error
	MoveLink(ctx context.Context, to Link) error
	// SetPutAway stores which run's undo took the targets of links back; 0 brings
	// them back. AwayEntries returns the entries of those who are in the directory
	// and whose record or login is away, CountAway how many of these there are.
	SetPutAway(ctx context.Context, links []Link) error
	AwayEntries(ctx context.Context, connection int64) (*roaring.Bitmap, error)
	CountAway(ctx context.Context, connection int64) (int, error)
	DropLink(ctx context.Context, l Link) error
	// CountLinks counts a connection's links, or those of a person or a mapping.
	CountLinks(ctx context.Context, connection int64, of Scope) (int, error)
	// LinkedRecords returns the records of a collection that stand for objects.
	LinkedRecords(ctx context.Context, connection, collection int64, objects []directory.ObjectID) (map[directory.ObjectID]int64, error)
	AddPending(ctx context.Context, connection int64, refs []PendingReference) error
	// Pending returns the references that wait in the given records.
	Pending(ctx context.Context, connection int64, records []int64) ([]PendingReference, error)
	// ResolvePending returns waiting references whose object is linked by now,
	// with the record to link to; with a mapping, only those of its own records.
	ResolvePending(ctx context.Context, connection, mapping int64, limit int) (refs []PendingReference, records []int64, err error)
	DropPending(ctx context.Context, refs []PendingReference) error
	// RetryEntries returns the entries that have to be looked at again.
	RetryEntries(ctx context.Context, connection int64) (*roaring.Bitmap, error)
	SaveOutcomes(ctx context.Context, connection, run int64, evaluated []int64, open []PlannedChange) error
	// Bases counts what the guard's shares refer to, without what the run made.
	Bases(ctx context.Context, connection, run int64) (map[reconcile.Class]int, error)
}

// ChangeFilter narrows a listing of changes; zero fields do not filter.
type ChangeFilter struct {
	States []ChangeState
	Verbs  []reconcile.Verb
	Entry  int64
	Target TargetKey
	After  int64 // only numbers above it
	UpTo   int64 // only numbers up to it
	Seqs   []int64
	Due    bool // only those that act and are still planned
	Limit  int
}

// runStore keeps runs, their progress and their plans.
type runStore interface {
	CreateRun(ctx context.Context, r Run) (Run, error)
	SaveRun(ctx context.Context, r Run) error
	Run(ctx context.Context, id int64) (Run, error) // NotFound
	Runs(ctx context.Context, connection, before int64, limit int) ([]Run, error)
	// OpenRuns returns a connection's runs in the given states, oldest first.
	OpenRuns(ctx context.Context, connection int64, states ...State) ([]Run, error)
	// LastPlanned returns the latest run that was read completely and planned in
	// the mode; NotFound when there is none.
	LastPlanned(ctx context.Context, connection int64, modes ...Mode) (Run, error)
	// LastStart is when the latest run of a mode for everybody began that did not
	// begin after a moment, however it ended; zero when there is none.
	LastStart(ctx context.Context, connection int64, before time.Time, modes ...Mode) (time.Time, error)
	SavePage(ctx context.Context, p RunPage) error
	Pages(ctx context.Context, run int64, input string) (PageProgress, error)
	DropPages(ctx context.Context, run int64, input string) error
	// Dirty returns the entries that differed since the last plan was made, and
	// those of FullerInput, of whom there need be no news.
	Dirty(ctx context.Context, connection int64) (news, fuller *roaring.Bitmap, err error)
	PrunePages(ctx context.Context, connection, upTo int64) error
	InsertChanges(ctx context.Context, run int64, changes []PlannedChange) error
	// DropChanges forgets what was planned above a number and not carried out.
	DropChanges(ctx context.Context, run int64, after int64) error
	Changes(ctx context.Context, run int64, f ChangeFilter) ([]PlannedChange, error)
	ChangesOf(ctx context.Context, entry int64, limit int) ([]PlannedChange, error)
	// HoldChanges holds the acting changes of a run that are of the given
	// classes, and returns how many.
	HoldChanges(ctx context.Context, run int64, classes reconcile.Class) (int, error)
	SetChangeStates(ctx context.Context, run int64, seqs []int64, state ChangeState, by, detail string) error
	TallyChanges(ctx context.Context, run int64) ([]ChangeTally, error)
	LastSeq(ctx context.Context, run int64) (int64, error)
	// PageChanges returns what the pages of one input changed.
	PageChanges(ctx context.Context, run int64, input string) (*roaring.Bitmap, error)
	EntriesOfChanges(ctx context.Context, run int64, state ChangeState) iter.Seq2[int64, error]
}

// ChangeTally counts the records and logins of which a verb is what a run did
// most, with a state.
type ChangeTally struct {
	Verb  reconcile.Verb
	State ChangeState
	Count int
}

// RunPage is how far one input of a run's reading got.
type RunPage struct {
	Run     int64
	Input   string
	Seq     int
	Next    string // the next page's link; "" when the input is drained
	Seen    *roaring.Bitmap
	Changed *roaring.Bitmap
}

// PageProgress sums up the pages of one input.
type PageProgress struct {
	Pages   int
	Next    string
	Drained bool
	Seen    *roaring.Bitmap
}

// leaseStore keeps the leases that make runs of one connection exclude each other.
type leaseStore interface {
	// TakeLease gives the lease to a new holder when it is free, expired, or when
	// takeOver says that the present holder is dead. It fails with Conflict naming
	// the holder otherwise.
	TakeLease(ctx context.Context, connection int64, l Lease, now time.Time, dead func(Lease) bool) (Lease, error)
	// KeepLease extends a lease; Conflict when somebody else holds it by now. It
	// reports whether the holder is asked to stop.
	KeepLease(ctx context.Context, connection int64, l Lease) (cancelled bool, err error)
	// CancelLease asks the holder to stop; false when nobody holds it.
	CancelLease(ctx context.Context, connection int64, now time.Time) (bool, error)
	DropLease(ctx context.Context, connection int64, l Lease) error
	// CheckLease fails with Conflict inside a transaction when the fence moved on,
	// so that a holder that slept too long writes nothing.
	CheckLease(ctx context.Context, connection, fence int64) error
}
