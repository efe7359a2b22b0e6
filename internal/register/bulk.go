package register

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// Many is one act on many records of a collection: the same values for all, or
// putting them away or bringing them back.
type Many struct {
	Account    int64
	Collection int64
	Records    []int64
	Set        []FieldValue // in any order; an empty value clears
	Archive    bool
	Unarchive  bool
	Note       string
}

// ManyDone is what became of it.
type ManyDone struct {
	Changed   int
	Unchanged int // those that held the values already
	Failed    []ManyFault
}

// ManyFault is a record that was left as it was.
type ManyFault struct {
	Record int64
	Title  string
	Err    error
}

// ManyMost is how many records one act takes at most.
const ManyMost = 10_000

// manyAtOnce is how many records one transaction changes.
const manyAtOnce = 500

// ChangeMany does one act to many records, some hundreds a transaction: a record
// that cannot be changed is reported and the others are. When the context ends,
// what was done stays done.
func (s *Service) ChangeMany(ctx context.Context, p account.Principal, m Many) (ManyDone, error) {
	var done ManyDone
	if len(m.Records) > ManyMost {
		return done, errs.New(errs.Invalid, "%d records are more than can be changed at once (%d)", len(m.Records), ManyMost).
			WithHint("Filter the list further, and change one part after the other.")
	}
	action := account.Edit
	if m.Archive || m.Unarchive {
		action = account.Delete
	}
	if _, err := s.collection(ctx, p, action, m.Account, m.Collection); err != nil {
		return done, err
	}
	if err := s.checkInput(ctx, Input{Collection: m.Collection, Set: m.Set}, false); err != nil {
		return done, err
	}
	slices.SortFunc(m.Set, func(a, b FieldValue) int { return byField(a, b.Field) })
	slices.Sort(m.Records)
	for chunk := range slices.Chunk(slices.Compact(m.Records), manyAtOnce) {
		part := ManyDone{}
		err := s.store.InTx(ctx, func(ctx context.Context) (err error) {
			part, err = s.changeSome(ctx, p, m, chunk)
			return err
		})
		if err != nil {
			return done, err
		}
		done.Changed += part.Changed
		done.Unchanged += part.Unchanged
		done.Failed = append(done.Failed, part.Failed...)
	}
	return done, nil
}

// changeSome does the act to records in one transaction, one by one: two that
// may not hold the same value are told apart, and the first of them gets it.
func (s *Service) changeSome(ctx context.Context, p account.Principal, m Many, ids []int64) (ManyDone, error) {
	var done ManyDone
	records, err := s.store.Records(ctx, ids, true)
	if err != nil {
		return done, err
	}
	kept, err := s.keptOf(ctx, ids)
	if err != nil {
		return done, err
	}
	fields, err := s.store.Fields(ctx, m.Collection)
	if err != nil {
		return done, err
	}
	for i := range records {
		r := &records[i]
		if r.Account != m.Account || r.Collection != m.Collection {
			continue
		}
		version, err := r.Version, notKept(r, m.Set, kept[r.ID], fields)
		if err == nil {
			version, err = s.changeOne(ctx, p, m, r)
		}
		switch {
		case fatal(err):
			return done, err
		case err != nil:
			done.Failed = append(done.Failed, ManyFault{r.ID, r.Title, err})
		case version == r.Version:
			done.Unchanged++
		default:
			done.Changed++
		}
	}
	return done, nil
}

// fatal reports whether an error is about more than one record.
func fatal(err error) bool {
	if err == nil {
		return false
	}
	if _, taken := asTaken(err); taken {
		return false
	}
	k := errs.KindOf(err)
	return k != errs.Invalid && k != errs.Conflict && k != errs.NotFound
}

// changeOne does the act to one record and returns its version afterwards.
func (s *Service) changeOne(ctx context.Context, p account.Principal, m Many, r *Record) (int64, error) {
	switch {
	case m.Archive && !r.Archived():
		if err := s.notInCustody(ctx, *r); err != nil {
			return 0, err
		}
	case len(m.Set) > 0 && r.Archived():
		return 0, errs.New(errs.Conflict, "%s is archived", r.Title).WithHint("Bring it back before editing it.")
	}
	out, err := s.WriteBatch(ctx, p.Actor(), 0, []Write{{
		Record: r.ID, Account: m.Account, Collection: m.Collection, Set: m.Set, Archive: m.Archive, Unarchive: m.Unarchive, Note: m.Note,
	}})
	if err != nil {
		return 0, err
	}
	return out[0].Version, out[0].Err
}
