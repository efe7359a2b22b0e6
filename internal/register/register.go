// Package register is the organisation of data: collections, their fields,
// records, and who holds what. Every rule for changing them is here.
//
// Use cases for people take an account.Principal and check what it may do. The
// batch calls for syncs (WriteBatch, Load, FindByKey, FindByTitle) take an
// actor and check no permission: what a sync may do was decided when its
// mappings were saved.
//
// Accounts are separate worlds: a number of another account's collection, field
// or record gives NotFound, as if it did not exist.
package register

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// Service holds the use cases. It is safe for concurrent use.
type Service struct {
	store   Store
	now     func() time.Time
	keeper  Keeper  // nil while no directory keeps anything
	witness Witness // nil while nobody wants to hear of what happens
}

// New returns a service over a store. now is the clock; nil means time.Now.
func New(store Store, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, now: now}
}

// moment is the one instant of a use case, as precise as it is stored.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Store is the database as this package needs it; store.DB is the one
// implementation. A transaction travels in the context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	Savepoint(ctx context.Context, fn func(ctx context.Context) error) error
	NextIDs(ctx context.Context, name string, n int) (first int64, err error)
	WriteAudit(ctx context.Context, e audit.Event) error
	structureStore
	recordStore
	keyStore
	historyStore
	custodyStore
}

// structureStore keeps collections and fields.
type structureStore interface {
	Collection(ctx context.Context, id int64) (Collection, error)                     // NotFound
	Collections(ctx context.Context, account, module int64) ([]Collection, error)     // module 0: all
	InsertCollection(ctx context.Context, c Collection, now time.Time) (int64, error) // Conflict by name
	UpdateCollection(ctx context.Context, c Collection) error                         // Conflict by name
	// LockCollection keeps others from changing the collection's fields until the
	// transaction ends, and with alone also from writing its records.
	LockCollection(ctx context.Context, id int64, alone bool) error
	Field(ctx context.Context, id int64) (Field, error)                     // NotFound
	Fields(ctx context.Context, collection int64) ([]Field, error)          // in order
	InsertField(ctx context.Context, f Field, now time.Time) (int64, error) // Conflict by name
	UpdateField(ctx context.Context, f Field) error                         // Conflict by name
	DeleteField(ctx context.Context, id int64) error                        // with what waits for it
	ForgetReferences(ctx context.Context, field int64) error                // links that wait to be written into it
}

// recordStore keeps records.
type recordStore interface {
	// Records returns those that exist, by number; lock keeps others from
	// changing them until the transaction ends.
	Records(ctx context.Context, ids []int64, lock bool) ([]Record, error)
	// Places returns the account and the collection of records that exist.
	Places(ctx context.Context, ids []int64) (map[int64][2]int64, error)
	InsertRecords(ctx context.Context, records []Record) error
	// UpdateRecords stores records; titles says whether their titles changed, too.
	UpdateRecords(ctx context.Context, records []Record, titles bool) error
	ListRecords(ctx context.Context, q Query) ([]Record, error)
	CountRecords(ctx context.Context, collection int64) (int, error) // not those put away
	// AddCount says that a collection has more or fewer records that are not put away.
	AddCount(ctx context.Context, collection int64, records int) error
	HasRecords(ctx context.Context, collection int64) (bool, error) // likewise
	FindTitles(ctx context.Context, collection int64, keys []string) (map[string][]int64, error)
	// EachValue calls fn with the value of a field in each record that has one
	// and is not put away.
	EachValue(ctx context.Context, collection, field int64, fn func(record int64, v datatype.Value) error) error
}

// Key is the value of a unique field in the form in which it is unique.
type Key struct {
	Collection int64
	Field      int64
	Text       string
	Record     int64
}

// keyStore keeps the keys of unique fields. A constraint in the database, not a
// check before the write, decides who was first.
type keyStore interface {
	// InsertKeys inserts keys and returns those that others have already.
	InsertKeys(ctx context.Context, keys []Key) (taken []Key, err error)
	DeleteKeys(ctx context.Context, keys []Key) error
	DeleteFieldKeys(ctx context.Context, collection, field int64) error
	FindKeys(ctx context.Context, collection, field int64, texts []string) (map[string]int64, error)
}

// historyStore keeps what was done to records by hand.
type historyStore interface {
	InsertHistory(ctx context.Context, entries []HistoryEntry) error
	// History returns a record's entries, latest first, older than a number.
	History(ctx context.Context, record, before int64, limit int) ([]HistoryEntry, error)
}

// custodyStore keeps who holds what.
type custodyStore interface {
	// InsertCustody opens a custody; Conflict when the asset has an open one.
	InsertCustody(ctx context.Context, c Custody) (int64, error)
	// CloseCustody closes an open custody; Conflict when it is closed already.
	CloseCustody(ctx context.Context, c Custody) error
	OpenCustody(ctx context.Context, account, asset int64) (Custody, error) // NotFound
	ListCustody(ctx context.Context, q CustodyQuery) ([]Custody, error)
	// CountCustody counts custodies, and the people among their holders.
	CountCustody(ctx context.Context, q CustodyQuery) (things, people int, err error)
	// ReopenCustody takes back that a custody ended; Conflict when the asset has
	// an open one.
	ReopenCustody(ctx context.Context, id int64) error
	CheckForm(ctx context.Context, module int64) (CheckForm, error) // the zero form when there is none
	SaveCheckForm(ctx context.Context, module int64, f CheckForm) error
	InsertTold(ctx context.Context, t Told) error
	LastTold(ctx context.Context, account int64, about string, holders []int64) (map[int64]Told, error)
}

func notFound(noun string, id int64) *errs.Error {
	return errs.New(errs.NotFound, "there is no %s with the number %d", noun, id)
}
