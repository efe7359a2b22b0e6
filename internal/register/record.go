package register

import (
	"context"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// FieldValue is one field of a record.
type FieldValue struct {
	Field int64
	Value datatype.Value
}

// Record is a row of a collection.
type Record struct {
	ID         int64
	Account    int64
	Collection int64
	Version    int64 // grows by one with each change
	Title      string
	TitleKey   string       // the title in the form by which it is sorted and found
	Fields     []FieldValue // those that hold something, by field number
	Pinned     []int64      // fields that the directory may not write
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ArchivedAt time.Time // zero unless it was put away; its history stays
}

// Value returns what the record holds in a field.
func (r *Record) Value(field int64) datatype.Value {
	i, ok := slices.BinarySearchFunc(r.Fields, field, byField)
	if !ok {
		return datatype.Value{}
	}
	return r.Fields[i].Value
}

// Archived reports whether the record was put away.
func (r *Record) Archived() bool { return !r.ArchivedAt.IsZero() }

func byField(f FieldValue, field int64) int {
	switch {
	case f.Field < field:
		return -1
	case f.Field > field:
		return 1
	}
	return 0
}

func (r *Record) setTitle(field int64) {
	v := r.Value(field)
	r.Title, r.TitleKey = v.String(), datatype.Key(v)
}

// merge returns the fields with set laid over them; both are by field number.
// An empty value clears its field.
func merge(fields, set []FieldValue) []FieldValue {
	out := make([]FieldValue, 0, len(fields)+len(set))
	i := 0
	for _, s := range set {
		for i < len(fields) && fields[i].Field < s.Field {
			out = append(out, fields[i])
			i++
		}
		if i < len(fields) && fields[i].Field == s.Field {
			i++
		}
		if !s.Value.IsEmpty() {
			out = append(out, s)
		}
	}
	return append(out, fields[i:]...)
}

// Input is a record as somebody typed it: canonical values by field.
type Input struct {
	Account    int64
	Collection int64
	Set        []FieldValue // in any order
	Note       string       // why, for the history
}

// Create adds a record.
func (s *Service) Create(ctx context.Context, p account.Principal, in Input) (rec Record, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.collection(ctx, p, account.Create, in.Account, in.Collection); err != nil {
			return err
		}
		if err := s.checkInput(ctx, in, true); err != nil {
			return err
		}
		id, err := s.store.NextIDs(ctx, "record", 1)
		if err != nil {
			return err
		}
		rec, err = s.writeOne(ctx, p, Write{
			Record: id, Create: true, Account: in.Account, Collection: in.Collection, Set: in.Set, Note: in.Note,
		})
		return err
	})
	return rec, err
}

// Update changes fields of a record. version is the one that the person saw; a
// record that has moved on since then gives Conflict.
func (s *Service) Update(ctx context.Context, p account.Principal, id, version int64, in Input) (rec Record, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		old, err := s.record(ctx, p, account.Edit, in.Account, id)
		if err != nil {
			return err
		}
		if old.Archived() {
			return errs.New(errs.Conflict, "%s is archived", old.Title).WithHint("Bring it back before editing it.")
		}
		in.Collection = old.Collection
		if err := s.checkInput(ctx, in, false); err != nil {
			return err
		}
		if err := s.checkKept(ctx, &old, in.Set); err != nil {
			return err
		}
		rec, err = s.writeOne(ctx, p, Write{
			Record: id, Account: in.Account, Collection: old.Collection, Version: version, Set: in.Set, Note: in.Note,
		})
		return err
	})
	return rec, err
}

// checkInput refuses what people may not write: fields of Muster's own, and
// required fields left empty. WriteBatch checks the rest.
func (s *Service) checkInput(ctx context.Context, in Input, create bool) error {
	slices.SortFunc(in.Set, func(a, b FieldValue) int { return byField(a, b.Field) })
	fields, err := s.store.Fields(ctx, in.Collection)
	if err != nil {
		return err
	}
	for _, f := range fields {
		i, given := slices.BinarySearchFunc(in.Set, f.ID, byField)
		switch {
		case given && f.System:
			return errs.New(errs.Forbidden, "field %s is written by Muster only", f.Name)
		case f.Spec.Required && create && (!given || in.Set[i].Value.IsEmpty()):
			return errs.New(errs.Invalid, "field %s is required", f.Name)
		}
	}
	return nil
}

// Archive puts a record away: it leaves the lists, keeps its history and gives
// its unique values free (F24). What is held, or holds something, stays.
func (s *Service) Archive(ctx context.Context, p account.Principal, acct, id, version int64, note string) (Record, error) {
	return s.setAway(ctx, p, Write{Record: id, Account: acct, Version: version, Note: note, Archive: true})
}

// Unarchive brings a record back. A unique value that somebody else took
// meanwhile gives a *Taken.
func (s *Service) Unarchive(ctx context.Context, p account.Principal, acct, id, version int64, note string) (Record, error) {
	return s.setAway(ctx, p, Write{Record: id, Account: acct, Version: version, Note: note, Unarchive: true})
}

func (s *Service) setAway(ctx context.Context, p account.Principal, w Write) (rec Record, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		old, err := s.record(ctx, p, account.Delete, w.Account, w.Record)
		if err != nil {
			return err
		}
		if w.Archive {
			// The lock first, so that nothing is checked out between the look
			// and the act.
			if _, err := s.store.Records(ctx, []int64{w.Record}, true); err != nil {
				return err
			}
			if err := s.notInCustody(ctx, old); err != nil {
				return err
			}
		}
		rec, err = s.writeOne(ctx, p, w)
		return err
	})
	return rec, err
}

// Pin keeps the directory from writing a field of one record, or lets it again.
func (s *Service) Pin(ctx context.Context, p account.Principal, acct, id, field int64, pinned bool) (rec Record, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		old, err := s.record(ctx, p, account.Edit, acct, id)
		if err != nil {
			return err
		}
		fields, err := s.store.Fields(ctx, old.Collection)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(fields, func(f Field) bool { return f.ID == field })
		if i < 0 || fields[i].System {
			return notFound("field to pin", field)
		}
		rec, err = s.setPin(ctx, p.Actor(), id, field, pinned)
		return err
	})
	return rec, err
}

func (s *Service) setPin(ctx context.Context, actor audit.Actor, id, field int64, pinned bool) (Record, error) {
	locked, err := s.store.Records(ctx, []int64{id}, true)
	if err != nil {
		return Record{}, err
	}
	rec := locked[0]
	at, has := slices.BinarySearch(rec.Pinned, field)
	if has == pinned {
		return rec, nil
	}
	action := ActionUnpin
	if pinned {
		rec.Pinned, action = slices.Insert(slices.Clone(rec.Pinned), at, field), ActionPin
	} else {
		rec.Pinned = slices.Delete(slices.Clone(rec.Pinned), at, at+1)
	}
	rec.Version++
	rec.UpdatedAt = s.moment()
	if err := s.store.UpdateRecords(ctx, []Record{rec}, false); err != nil {
		return rec, err
	}
	return rec, s.store.InsertHistory(ctx, []HistoryEntry{{
		Record: id, Version: rec.Version, At: rec.UpdatedAt, Actor: actor, Action: action,
		Changes: []FieldDiff{{Field: field}},
	}})
}

// Record returns a record of an account.
func (s *Service) Record(ctx context.Context, p account.Principal, acct, id int64) (Record, error) {
	return s.record(ctx, p, account.View, acct, id)
}

// record returns a record of the account that the principal may act on.
func (s *Service) record(ctx context.Context, p account.Principal, action account.Action, acct, id int64) (Record, error) {
	rec, err := s.recordOf(ctx, acct, id)
	if err != nil {
		return rec, err
	}
	_, err = s.collection(ctx, p, action, acct, rec.Collection)
	return rec, err
}

// recordOf returns a record of an account, or NotFound.
func (s *Service) recordOf(ctx context.Context, acct, id int64) (Record, error) {
	found, err := s.store.Records(ctx, []int64{id}, false)
	if err != nil {
		return Record{}, err
	}
	if len(found) == 0 || found[0].Account != acct {
		return Record{}, notFound("record", id)
	}
	return found[0], nil
}

// Load returns those of the given records that exist, by number.
func (s *Service) Load(ctx context.Context, ids []int64) ([]Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.store.Records(ctx, ids, false)
}
