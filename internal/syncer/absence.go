package syncer

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// absent concludes from a complete reading who is not there any more. It takes
// the proof that the reading was complete, because absence means nothing
// otherwise (F1).
//
//	entry was            in listing  in deleted items  outcome
//	Live, Disabled…      yes         -                 as the listing says
//	any                  no          yes               SoftDeleted (noted while reading)
//	SoftDeleted          no          no                Gone: known as deleted, now purged
//	Live, Disabled…      no          no, first time    Missing once; nothing else happens
//	Missing              no          no, second time   asked by ID: 404 makes NotFound (F7)
//	too many at once     no          no                suspects: a person is asked (F3)
func (r *reader) absent(ctx context.Context, kind directory.Kind, proof directory.Complete) (suspects *roaring.Bitmap, err error) {
	_, list, after, gone := inputs(kind)
	if !proof.Valid() || !proof.Covers(list) {
		return roaring.New(), nil
	}
	here, err := r.seenIn(ctx, list, after, askedInput(kind))
	if err != nil {
		return nil, err
	}
	suspects, missing, err := r.missing(ctx, kind, here)
	if err != nil {
		return nil, err
	}
	if err := r.countMissing(ctx, kind, missing); err != nil {
		return nil, err
	}
	if kind == directory.User && proof.Covers(gone) {
		err = r.purged(ctx, kind, gone)
	}
	return suspects, err
}

// seenIn returns the entries that the inputs mentioned in this run.
func (r *reader) seenIn(ctx context.Context, names ...string) (*roaring.Bitmap, error) {
	all := roaring.New()
	for _, name := range names {
		p, err := r.s.store.Pages(ctx, r.run.ID, name)
		if err != nil {
			return nil, err
		}
		if p.Seen != nil {
			all.Or(p.Seen)
		}
	}
	return all, nil
}

// missing returns the entries that should have been listed and were not. More
// of them than the limit for the class lets through, or a listing of nobody at
// all, are suspects: the listing itself is in doubt, so none of them is counted as
// missing.
func (r *reader) missing(ctx context.Context, kind directory.Kind, here *roaring.Bitmap) (suspects, missing *roaring.Bitmap, err error) {
	counts, err := r.s.store.CountStandings(ctx, r.conn.ID, kind)
	if err != nil {
		return nil, nil, err
	}
	expected := counts[reconcile.Live] + counts[reconcile.Disabled] + counts[reconcile.Unknown]
	if counts[reconcile.Missing] == 0 && uint64(expected) == here.GetCardinality() {
		return roaring.New(), roaring.New(), nil // the usual case costs one count
	}
	all, err := r.s.store.EntryIDs(ctx, r.conn.ID, kind, reconcile.Live, reconcile.Disabled, reconcile.Unknown, reconcile.Missing)
	if err != nil {
		return nil, nil, err
	}
	all.AndNot(here)
	limit, guarded := r.conn.Limits[reconcile.ClassMissing]
	n := int(all.GetCardinality())
	doubtful := n > limit.Allows(expected+counts[reconcile.Missing]) || here.IsEmpty()
	if guarded && n > 0 && doubtful {
		r.run.note("%d of %d %ss that were there before are not in the directory's answer. That many at once are not believed without a person's word.",
			n, expected+counts[reconcile.Missing], kind)
		return all, roaring.New(), nil
	}
	return roaring.New(), all, nil
}

// countMissing counts one more complete listing without the given entries, and
// asks by ID about those that have been missing twice.
func (r *reader) countMissing(ctx context.Context, kind directory.Kind, missing *roaring.Bitmap) error {
	for chunk := range chunks(missing, 200) {
		entries, err := r.s.store.EntriesByID(ctx, chunk, true)
		if err != nil {
			return err
		}
		var again []Entry
		for i := range entries {
			entries[i].Missing++
			if entries[i].Missing > 1 {
				again = append(again, entries[i])
			} else {
				entries[i].Standing = reconcile.Missing
			}
		}
		if err := r.confirm(ctx, kind, again, entries); err != nil {
			return err
		}
	}
	return nil
}

// confirm asks the directory by ID for entries missing twice, sets what the
// answer proves, and stores all of the chunk.
func (r *reader) confirm(ctx context.Context, kind directory.Kind, again, chunk []Entry) error {
	var found []directory.Object
	if len(again) > 0 {
		gone, answered, err := r.s.askWhoIsGone(ctx, r.src, kind, again, r.rules.query(kind).Select)
		if err != nil {
			return err
		}
		found = answered
		for i := range chunk {
			if gone[chunk[i].Object] {
				chunk[i].Standing = reconcile.NotFound
			}
		}
	}
	moved := roaring.New()
	for i := range chunk {
		chunk[i].Version++
		moved.Add(uint32(chunk[i].ID))
	}
	err := r.inTx(ctx, func(ctx context.Context) error {
		if err := r.s.store.UpdateEntries(ctx, r.run.ID, chunk); err != nil {
			return err
		}
		return r.appendPage(ctx, "missing "+kind.String()+"s", moved)
	})
	if err != nil || len(found) == 0 {
		return err
	}
	return r.takeSingles(ctx, kind, found, askedInput(kind))
}

// askWhoIsGone asks by ID and tells apart those that the directory answers
// 404 for, and those that it still knows.
func (s *Service) askWhoIsGone(ctx context.Context, src Source, kind directory.Kind, entries []Entry, selects []string) (map[directory.ObjectID]bool, []directory.Object, error) {
	ids := make([]directory.ObjectID, len(entries))
	for i := range entries {
		ids[i] = entries[i].Object
	}
	found, missing, err := src.ByID(ctx, kind, ids, selects)
	if err != nil {
		return nil, nil, err
	}
	gone := make(map[directory.ObjectID]bool, len(missing))
	for _, id := range missing {
		gone[id] = true
	}
	return gone, found, nil
}

// purged marks as gone those that were soft-deleted and are in neither list.
func (r *reader) purged(ctx context.Context, kind directory.Kind, input string) error {
	bin, err := r.seenIn(ctx, input)
	if err != nil {
		return err
	}
	soft, err := r.s.store.EntryIDs(ctx, r.conn.ID, kind, reconcile.SoftDeleted)
	if err != nil {
		return err
	}
	soft.AndNot(bin)
	for chunk := range chunks(soft, 500) {
		entries, err := r.s.store.EntriesByID(ctx, chunk, true)
		if err != nil {
			return err
		}
		moved := roaring.New()
		for i := range entries {
			entries[i].Standing = reconcile.Gone
			entries[i].Version++
			moved.Add(uint32(entries[i].ID))
		}
		err = r.inTx(ctx, func(ctx context.Context) error {
			if err := r.s.store.UpdateEntries(ctx, r.run.ID, entries); err != nil {
				return err
			}
			return r.appendPage(ctx, "purged "+kind.String()+"s", moved)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// appendPage records entries that moved outside of a page.
func (r *reader) appendPage(ctx context.Context, input string, moved *roaring.Bitmap) error {
	done, err := r.s.store.Pages(ctx, r.run.ID, input)
	if err != nil {
		return err
	}
	return r.s.store.SavePage(ctx, RunPage{Run: r.run.ID, Input: input, Seq: done.Pages + 1, Seen: roaring.New(), Changed: moved})
}
