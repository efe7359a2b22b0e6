package register

import (
	"cmp"
	"context"
	"slices"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// WriteEach creates and changes records of one collection for a person, some
// hundreds at a time, in one transaction: as Create and Update would one after
// the other. A record that is refused says so in its outcome, and the others are
// written. Creations get their numbers here.
func (s *Service) WriteEach(ctx context.Context, p account.Principal, acct, collection int64, writes []Write) ([]Outcome, error) {
	if err := s.mayWrite(ctx, p, acct, collection, writes); err != nil {
		return nil, err
	}
	var out []Outcome
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		fields, err := s.store.Fields(ctx, collection)
		if err != nil {
			return err
		}
		next, err := s.store.NextIDs(ctx, "record", max(1, len(writes)))
		if err != nil {
			return err
		}
		refused, err := s.keptFrom(ctx, fields, writes)
		if err != nil {
			return err
		}
		batch := make([]Write, 0, len(writes))
		at := make([]int, 0, len(writes))
		out = make([]Outcome, len(writes))
		for i, w := range writes {
			w.Account, w.Collection = acct, collection
			if w.Create {
				w.Record = next + int64(i)
			}
			out[i].Record = w.Record
			if out[i].Err = cmp.Or(fitsHand(fields, w), refused[w.Record]); out[i].Err == nil {
				batch, at = append(batch, w), append(at, i)
			}
		}
		done, err := s.writeApart(ctx, p, batch)
		for i := range done {
			out[at[i]] = done[i]
		}
		return err
	})
	return out, err
}

// keptFrom says which changes a directory would take back, by record.
func (s *Service) keptFrom(ctx context.Context, fields []Field, writes []Write) (map[int64]error, error) {
	var ids []int64
	for i := range writes {
		if !writes[i].Create {
			ids = append(ids, writes[i].Record)
		}
	}
	kept, err := s.keptOf(ctx, ids)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	slices.Sort(ids)
	records, err := s.store.Records(ctx, ids, true)
	out := map[int64]error{}
	for i := range records {
		at := slices.IndexFunc(writes, func(w Write) bool { return !w.Create && w.Record == records[i].ID })
		if err := notKept(&records[i], writes[at].Set, kept[records[i].ID], fields); err != nil {
			out[records[i].ID] = err
		}
	}
	return out, err
}

// mayWrite asks for the rights that writes need.
func (s *Service) mayWrite(ctx context.Context, p account.Principal, acct, collection int64, writes []Write) error {
	for _, needs := range []struct {
		action account.Action
		create bool
	}{{account.Create, true}, {account.Edit, false}} {
		if slices.ContainsFunc(writes, func(w Write) bool { return w.Create == needs.create }) {
			if _, err := s.collection(ctx, p, needs.action, acct, collection); err != nil {
				return err
			}
		}
	}
	return nil
}

// fitsHand refuses what people may not write: fields of Muster's own, and new
// records without what is required.
func fitsHand(fields []Field, w Write) error {
	for _, f := range fields {
		i, given := slices.BinarySearchFunc(w.Set, f.ID, byField)
		switch {
		case given && f.System:
			return errs.New(errs.Forbidden, "field %s is written by Muster only", f.Name)
		case f.Spec.Required && w.Create && (!given || w.Set[i].Value.IsEmpty()):
			return errs.New(errs.Invalid, "field %s is required", f.Name)
		}
	}
	return nil
}

// writeApart writes a batch, and one by one when two of it clash.
func (s *Service) writeApart(ctx context.Context, p account.Principal, batch []Write) ([]Outcome, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	out, err := s.WriteBatch(ctx, p.Actor(), 0, batch)
	if _, clash := asTaken(err); !clash {
		return out, err
	}
	out = make([]Outcome, len(batch))
	for i := range batch {
		one, err := s.WriteBatch(ctx, p.Actor(), 0, batch[i:i+1])
		if err != nil {
			return nil, err
		}
		out[i] = one[0]
	}
	return out, nil
}
