package syncer

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

// purgeAfter is how long the directory keeps deleted objects.
// https://learn.microsoft.com/graph/api/directory-deleteditems-list
const purgeAfter = 30 * 24 * time.Hour

// telling is how an object came to be told of, which decides what its absence
// of attributes means.
type telling uint8

const (
	listed  telling = iota // a listing or a look-up: all that was selected is there, null included
	changed                // a delta round: what is not mentioned is as it was
	deleted                // the deleted items: the object is soft-deleted, its attributes are mangled
)

// mirror brings pages into the mirror.
type mirror struct {
	store      Store
	connection int64
	run        int64
	now        time.Time
	blank      bool // nothing is known yet, so nothing is looked up
	// expect is the number of the entry that a listing should come to next, since
	// directories list in the same order each time; nil when there is no order.
	expect *int64
}

// seen is what a page brought.
type seen struct {
	all   *roaring.Bitmap // entries that were mentioned
	moved *roaring.Bitmap // entries that are new or differ from before
	// fuller are entries that were only told in full what a round of changes had
	// told in part. They are to be looked at, and are no news.
	fuller   *roaring.Bitmap
	returned bool // somebody among them had been deleted
	fresh    int  // how many were new
}

// work is an entry being brought up to date. One object may come several times
// in a page; the last occurrence wins (F49).
type work struct {
	Entry
	fresh  bool // not in the mirror yet
	moved  bool
	back   bool // had been deleted, and is there
	fuller bool // of what it said before, nothing differs
}

// apply brings one page's objects into the mirror. It must run in a
// transaction; the objects' documents need to live only as long.
func (m *mirror) apply(ctx context.Context, kind directory.Kind, objects []directory.Object, how telling) (seen, error) {
	var known map[directory.ObjectID]Entry
	if !m.blank || how != listed {
		var err error
		if known, err = m.load(ctx, objects, how); err != nil {
			return seen{}, err
		}
	}
	works := make(map[directory.ObjectID]*work, len(objects))
	order := make([]*work, 0, len(objects))
	for i := range objects {
		o := &objects[i]
		w := works[o.ID]
		if w == nil {
			e, ok := known[o.ID]
			if !ok && (how == deleted || o.Removed != directory.NotRemoved) {
				continue // the removal of somebody never stored is nothing (F51)
			}
			if !ok {
				e = Entry{Kind: kind, Object: o.ID}
			}
			w = &work{Entry: e, fresh: !ok}
			works[o.ID] = w
			order = append(order, w)
		}
		if err := m.take(w, o, how); err != nil {
			return seen{}, errs.Wrap(err, "read "+o.ID.String())
		}
	}
	return m.write(ctx, order)
}

// load returns the known entries of a page. Documents are fetched only for
// those that differ from what was listed last.
func (m *mirror) load(ctx context.Context, objects []directory.Object, how telling) (map[directory.ObjectID]Entry, error) {
	ids := make([]directory.ObjectID, len(objects))
	for i := range objects {
		ids[i] = objects[i].ID
	}
	known, err := m.lookUp(ctx, ids)
	if err != nil || how == deleted {
		return known, err
	}
	var differ []directory.ObjectID
	for i := range objects {
		o := &objects[i]
		e, ok := known[o.ID]
		if !ok || o.Removed != directory.NotRemoved {
			continue
		}
		if how == listed && sameHash(e.Hash, o.Doc) {
			continue
		}
		differ = append(differ, o.ID)
	}
	if len(differ) == 0 {
		return known, nil
	}
	full, err := m.store.EntriesByObject(ctx, m.connection, differ, true)
	for id, e := range full {
		known[id] = e
	}
	return known, err
}

// lookUp returns the known entries of objects, without their documents. In a
// listing they mostly stand in the mirror as they come: one range of rows is read
// a third as expensive as each object looked for, and only the rest is.
func (m *mirror) lookUp(ctx context.Context, ids []directory.ObjectID) (map[directory.ObjectID]Entry, error) {
	if m.expect == nil || len(ids) == 0 {
		return m.store.EntriesByObject(ctx, m.connection, ids, false)
	}
	known := make(map[directory.ObjectID]Entry, len(ids))
	if *m.expect != 0 {
		if err := m.neighbours(ctx, ids, known); err != nil {
			return nil, err
		}
	}
	rest := ids
	if len(known) > 0 {
		rest = slices.DeleteFunc(slices.Clone(ids), func(id directory.ObjectID) bool { _, ok := known[id]; return ok })
	}
	if len(rest) > 0 {
		more, err := m.store.EntriesByObject(ctx, m.connection, rest, false)
		if err != nil {
			return nil, err
		}
		maps.Copy(known, more)
	}
	*m.expect = 0
	if last, ok := known[ids[len(ids)-1]]; ok {
		*m.expect = last.ID + 1
	}
	return known, nil
}

// neighbours adds those of the entries expected next that are among ids.
func (m *mirror) neighbours(ctx context.Context, ids []directory.ObjectID, known map[directory.ObjectID]Entry) error {
	wanted := make(map[directory.ObjectID]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	// A few more than the page has: some have left since, or came in between.
	const slack = 32
	list, err := m.store.EntriesFrom(ctx, m.connection, *m.expect, len(ids)+slack)
	for _, e := range list {
		if wanted[e.Object] {
			known[e.Object] = e
		}
	}
	return err
}

func sameHash(hash []byte, doc directory.Document) bool {
	if len(hash) == 0 {
		return false
	}
	h := doc.Hash()
	return string(hash) == string(h[:])
}

// take brings one object's news into its entry.
func (m *mirror) take(w *work, o *directory.Object, how telling) error {
	switch {
	case how == deleted:
		m.takeDeleted(w, o)
		return nil
	case o.Removed != directory.NotRemoved:
		m.takeRemoval(w, o.Removed)
		return nil
	case how == listed:
		return m.takeListed(w, o)
	}
	return m.takeChange(w, o)
}

// takeListed brings in an object with all that was selected. The hash of what
// was listed last tells at once that nothing differs; another order or spelling
// costs a comparison and no write.
func (m *mirror) takeListed(w *work, o *directory.Object) error {
	if !w.fresh && w.Doc == nil { // its hash was the same
		m.stand(w, w.standingIfBack(o))
		return nil
	}
	same := false
	if !w.fresh {
		var err error
		if same, err = w.Doc.Same(o.Doc); err != nil {
			return err
		}
	}
	standing := standingOf(w.Kind, o.Doc, reconcile.Unknown)
	if !same {
		if !w.fresh && !w.moved {
			if agrees, err := w.Doc.Agrees(o.Doc); err != nil {
				return err
			} else if agrees {
				w.fuller = true
			}
		}
		h := o.Doc.Hash()
		w.Doc, w.Hash = o.Doc, h[:]
		w.moved = w.moved || !w.fuller
	}
	m.stand(w, standing)
	return nil
}

// standingIfBack returns the standing of an unchanged object: as it was, unless
// it had been away.
func (w *work) standingIfBack(o *directory.Object) reconcile.Standing {
	if w.Standing == reconcile.Live || w.Standing == reconcile.Disabled {
		return w.Standing
	}
	return standingOf(w.Kind, o.Doc, reconcile.Unknown)
}

// takeChange merges what a delta round mentions into what is known.
func (m *mirror) takeChange(w *work, o *directory.Object) error {
	old := w.Doc
	if w.fresh && old == nil {
		old = directory.Document("{}")
	}
	merged, same, err := old.Merge(o.Doc)
	if err != nil {
		return err
	}
	if !same || w.fresh {
		w.Doc, w.Hash, w.moved = merged, nil, true
	}
	unsaid := reconcile.Unknown
	if w.Standing == reconcile.Live || w.Standing == reconcile.Disabled {
		unsaid = w.Standing // enabled or not is as it was
	}
	m.stand(w, standingOf(w.Kind, o.Doc, unsaid))
	return nil
}

// takeRemoval notes that a delta round told of an end. "changed" there means
// soft-deleted and "deleted" gone for good; both reach here translated (F52).
func (m *mirror) takeRemoval(w *work, how directory.Removal) {
	if how == directory.Purged {
		m.stand(w, reconcile.Gone)
		return
	}
	if w.Standing == reconcile.SoftDeleted {
		return
	}
	w.DeletedAt, w.PurgeAt = m.now, m.now.Add(purgeAfter)
	m.stand(w, reconcile.SoftDeleted)
}

// takeDeleted notes an object found among the deleted items, with its date.
func (m *mirror) takeDeleted(w *work, o *directory.Object) {
	at, err := time.Parse(time.RFC3339, o.Doc.Get("deletedDateTime").String())
	if err == nil && !at.Equal(w.DeletedAt) {
		w.DeletedAt, w.PurgeAt = at.UTC(), at.UTC().Add(purgeAfter)
		w.moved = true
	}
	m.stand(w, reconcile.SoftDeleted)
}

// stand sets an entry's standing. Being mentioned alive ends being missing.
func (m *mirror) stand(w *work, standing reconcile.Standing) {
	alive := standing == reconcile.Live || standing == reconcile.Disabled || standing == reconcile.Unknown
	if alive && (w.Missing != 0 || !w.DeletedAt.IsZero() || !w.PurgeAt.IsZero()) {
		w.Missing, w.DeletedAt, w.PurgeAt = 0, time.Time{}, time.Time{}
		w.moved = true
	}
	if w.Standing != standing {
		w.back = alive && !w.fresh && w.Standing.Departed()
		w.Standing, w.moved = standing, true
	}
}

// standingOf reads accountEnabled, which users and devices have. When it is
// not said of a user the standing is unsaid; of anything else it is Live.
func standingOf(kind directory.Kind, doc directory.Document, unsaid reconcile.Standing) reconcile.Standing {
	if kind == directory.Group {
		return reconcile.Live
	}
	enabled, said := doc.Get("accountEnabled").Truth()
	switch {
	case said && enabled:
		return reconcile.Live
	case said:
		return reconcile.Disabled
	case kind == directory.User:
		return unsaid
	}
	return reconcile.Live
}

// write stores what is new or moved and returns what the page brought.
func (m *mirror) write(ctx context.Context, order []*work) (seen, error) {
	out := seen{all: roaring.New(), moved: roaring.New(), fuller: roaring.New()}
	var fresh, moved []Entry
	for _, w := range order {
		if w.fresh {
			out.fresh++
		}
	}
	next, err := m.numbers(ctx, out.fresh)
	if err != nil {
		return out, err
	}
	for _, w := range order {
		switch {
		case w.fresh:
			w.ID, w.Version = next, 1
			next++
			fresh = append(fresh, w.Entry)
		case w.moved || w.fuller:
			w.Version++
			moved = append(moved, w.Entry)
		}
		out.all.Add(uint32(w.ID))
		out.returned = out.returned || w.back
		switch {
		case w.fresh || w.moved:
			out.moved.Add(uint32(w.ID))
		case w.fuller:
			out.fuller.Add(uint32(w.ID))
		}
	}
	if len(fresh) > 0 {
		if err := m.store.InsertEntries(ctx, m.connection, m.run, fresh); err != nil {
			return out, err
		}
	}
	if len(moved) > 0 {
		err = m.store.UpdateEntries(ctx, m.run, moved)
	}
	return out, err
}

// numbers reserves n entry numbers. They are dense, because units keep their
// members as sets of them.
func (m *mirror) numbers(ctx context.Context, n int) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	return m.store.NextIDs(ctx, "entry", n)
}
