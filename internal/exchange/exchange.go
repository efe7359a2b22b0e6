// Package exchange brings records in from tables in files, and takes them out.
//
// An import is looked at before it is done: the same pass over the file decides
// about each row, and either only counts or also writes. Rows that do not fit are
// set aside with the reason, in a file of the same form that can be mended and
// imported again.
package exchange

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
)

// Records is what this package asks of the register.
type Records interface {
	Collection(ctx context.Context, p account.Principal, acct, id int64) (register.Collection, error)
	FieldsFor(ctx context.Context, p account.Principal, acct, collection int64) ([]register.Field, error)
	FindByKey(ctx context.Context, collection, field int64, keys []string) (map[string][]int64, error)
	FindByTitle(ctx context.Context, collection int64, keys []string) (map[string][]int64, error)
	Load(ctx context.Context, ids []int64) ([]register.Record, error)
	TitleField(ctx context.Context, collection int64) (int64, error)
	KeptOf(ctx context.Context, records []int64) (map[int64][]register.Kept, error)
	WriteEach(ctx context.Context, p account.Principal, acct, collection int64, writes []register.Write) ([]register.Outcome, error)
}

// Lists finds the records to export.
type Lists interface {
	Each(ctx context.Context, p account.Principal, q listing.Query, fn func(register.Record) error) error
}

// Log keeps the audit log.
type Log interface {
	WriteAudit(ctx context.Context, e audit.Event) error
}

// What the audit log says was done.
const (
	recordsImported audit.Action = "records imported"
	recordsExported audit.Action = "records exported"
)

// Service holds the use cases. It is safe for concurrent use.
type Service struct {
	records Records
	lists   Lists
	log     Log
	now     func() time.Time
}

// New returns a service. now is the clock; nil means time.Now.
func New(records Records, lists Lists, log Log, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{records, lists, log, now}
}

// note writes what was done to a collection into the log of its module.
func (s *Service) note(ctx context.Context, p account.Principal, action audit.Action, c register.Collection, details ...audit.Detail) error {
	return s.log.WriteAudit(ctx, audit.Event{
		At: s.now().UTC(), Account: c.Account, Module: c.Module, Actor: p.Actor(), Action: action,
		SubjectKind: "collection", SubjectID: c.ID, SubjectName: c.Name, Details: details,
	})
}
