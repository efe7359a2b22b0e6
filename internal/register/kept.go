package register

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// Kept is a field that a directory keeps on a record: whatever a person writes
// there is overwritten the next time that the record is synced, unless the field
// is pinned. That is when the directory has news of it, a mapping changes, or
// somebody asks for it.
type Kept struct {
	Field   int64
	From    string // the attribute that it comes from
	Mapping string // the name of the mapping that keeps it
	Said    bool   // the directory has said something of late; Wants is no wish otherwise
	Wants   string // what it would write, as text; "" for clearing the field
}

// Keeper knows which fields a directory keeps. syncer.Service is the one
// implementation; that package imports this one.
type Keeper interface {
	// Kept returns the fields that a directory keeps, by record. Pinned ones are
	// among them; records that have nothing to do with a directory are not.
	Kept(ctx context.Context, records []int64) (map[int64][]Kept, error)
}

// KeptBy says who knows which fields a directory keeps. Call it before the first
// use case; without it no field is kept.
func (s *Service) KeptBy(k Keeper) { s.keeper = k }

// Kept returns the fields of a record that a directory keeps, pinned or not, by
// field number.
func (s *Service) Kept(ctx context.Context, p account.Principal, acct, record int64) ([]Kept, error) {
	if _, err := s.record(ctx, p, account.View, acct, record); err != nil {
		return nil, err
	}
	all, err := s.keptOf(ctx, []int64{record})
	return all[record], err
}

// KeptOf returns the fields that a directory keeps, pinned or not, by record. It
// asks for no right: callers show or change records that they may.
func (s *Service) KeptOf(ctx context.Context, records []int64) (map[int64][]Kept, error) {
	return s.keptOf(ctx, records)
}

func (s *Service) keptOf(ctx context.Context, records []int64) (map[int64][]Kept, error) {
	if s.keeper == nil {
		return nil, nil
	}
	return s.keeper.Kept(ctx, records)
}

// checkKept is notKept for one record.
func (s *Service) checkKept(ctx context.Context, rec *Record, set []FieldValue) error {
	kept, err := s.keptOf(ctx, []int64{rec.ID})
	if err != nil || len(kept) == 0 {
		return err
	}
	fields, err := s.store.Fields(ctx, rec.Collection)
	if err != nil {
		return err
	}
	return notKept(rec, set, kept[rec.ID], fields)
}

// notKept refuses to change by hand what a directory keeps: the next sync would
// take it back without a word.
//
//	field           value          outcome
//	not kept        any            written
//	kept, pinned    any            written, and syncs leave it alone
//	kept            as it is       nothing to do
//	kept            another one    refused, with the way to pin it
func notKept(rec *Record, set []FieldValue, kept []Kept, fields []Field) error {
	for _, k := range kept {
		i, given := slices.BinarySearchFunc(set, k.Field, byField)
		if !given || slices.Contains(rec.Pinned, k.Field) || set[i].Value == rec.Value(k.Field) {
			continue
		}
		name := "a field"
		if f := slices.IndexFunc(fields, func(f Field) bool { return f.ID == k.Field }); f >= 0 {
			name = fields[f].Name
		}
		return errs.New(errs.Conflict, "%s of %s comes from the directory, by the mapping %s", name, rec.Title, k.Mapping).
			WithHint("Change it in the directory, or pin the field: then Muster keeps what you write and syncs leave it alone.")
	}
	return nil
}
