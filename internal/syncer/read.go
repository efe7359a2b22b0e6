package syncer

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

// Ages at which a cursor is no longer trusted. Delta links of directory objects
// live seven days (F41); page links hours (F42).
// https://learn.microsoft.com/graph/delta-query-overview
const (
	deltaLife = 6*24*time.Hour + 12*time.Hour
	pageLife  = 2 * time.Hour
)

// reader reads the directory into the mirror for one run.
type reader struct {
	s     *Service
	run   *Run
	conn  Connection
	src   Source
	rules *rules
	lease *held
	tell  func(Progress)
	// returned is set when somebody who was deleted is there again, and in a run
	// that goes on where another process was killed, which may have read of it.
	returned bool
	account  *directory.Reading // what was promised and what arrived
	blank    bool               // the mirror held nothing when the reading began
	known    map[directory.Kind]StandingCounts
	early    iter.Seq2[directory.Page, error] // the next round of changes, where it was asked for before its turn
}

// input names of a kind's reading: the round of changes before the listing
// (which makes drift measurable), the listing, and the round after it (which
// closes the gap), so that nothing that happened meanwhile is lost.
func inputs(kind directory.Kind) (before, list, after, gone string) {
	k := kind.String() + "s"
	return k + " before", k, k + " after", "deleted " + k
}

// print fingerprints what a kind's cursors track: a change of selection needs a
// new round.
func (r *reader) print(kind directory.Kind) string {
	q := r.rules.query(kind)
	return strings.Join(q.Select, ",") + "|" + q.Expand
}

// query returns what to read of a kind, sharded as the connection says.
func (r *reader) query(kind directory.Kind) directory.Query {
	q := r.rules.query(kind)
	q.Readers = r.conn.Readers
	return q
}

// full lists everything of a kind, between two rounds of changes.
func (r *reader) full(ctx context.Context, kind directory.Kind) error {
	before, list, after, gone := inputs(kind)
	r.account.Promise(list)
	baseline, err := r.begin(ctx, kind, before)
	if err != nil {
		return err
	}
	moved, err := r.list(ctx, kind, list)
	if err != nil {
		return err
	}
	if baseline {
		r.run.Stats.Drift += moved
	}
	stop := r.askEarly(ctx, kind, after)
	defer stop()
	if kind == directory.User {
		if err := r.deletedItems(ctx, kind, gone); err != nil {
			return err
		}
	}
	if err := r.finish(ctx, kind, after); err != nil {
		return err
	}
	r.account.Drained(list)
	return nil
}

// askEarly asks for the round of changes after a listing while the deleted items
// are read. Whatever comes in which order, the round has the last word: what it
// is too early to tell, the next one tells.
func (r *reader) askEarly(ctx context.Context, kind directory.Kind, input string) (stop func()) {
	c, ok, err := r.s.store.Cursor(ctx, r.conn.ID, kind.String()+"s")
	if err != nil || !ok {
		return func() {} // finish will see the same
	}
	done, err := r.s.store.Pages(ctx, r.run.ID, input)
	if err != nil || done.Drained {
		return func() {}
	}
	q := r.query(kind)
	q.From = c.Cursor
	early, end := ahead(ctx, r.src.Changes(ctx, q))
	r.early = early
	return func() {
		r.early = nil
		end()
	}
}

// begin makes sure that there is a cursor from before the listing. It reports
// whether the mirror was up to date with the deltas by then, so that what the
// listing still finds is drift. A directory without deltas gets none.
func (r *reader) begin(ctx context.Context, kind directory.Kind, input string) (baseline bool, err error) {
	done, err := r.s.store.Pages(ctx, r.run.ID, input)
	if err != nil || done.Drained {
		return false, err
	}
	stored, ok, err := r.cursor(ctx, kind)
	if err != nil {
		return false, err
	}
	if ok {
		err := r.round(ctx, kind, input, stored.Cursor)
		if err == nil {
			return true, nil
		}
		if !errs.Is(err, errs.Expired) {
			return false, err
		}
	}
	latest, err := r.src.Latest(ctx, r.query(kind))
	if noDelta(err) {
		r.run.note("The directory offers no changes of %ss to follow, so each run lists them all.", kind)
		return false, r.mark(ctx, input, nil)
	}
	if err != nil {
		return false, errs.Wrap(err, "ask for the latest changes of "+kind.String()+"s")
	}
	return false, r.mark(ctx, input, &StoredCursor{latest, r.print(kind)})
}

// noDelta reports whether an error says that changes are not to be had here:
// the permission is missing or the host knows no such call.
func noDelta(err error) bool {
	return errs.Is(err, errs.Forbidden) || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid)
}

// mark records an input as drained without pages, with the cursor it brought.
func (r *reader) mark(ctx context.Context, input string, c *StoredCursor) error {
	return r.inTx(ctx, func(ctx context.Context) error {
		if c != nil {
			if err := r.s.store.SaveCursor(ctx, r.conn.ID, cursorName(input), *c); err != nil {
				return err
			}
		}
		return r.s.store.SavePage(ctx, RunPage{Run: r.run.ID, Input: input, Seq: 1, Seen: roaring.New(), Changed: roaring.New()})
	})
}

// cursorName drops the word that tells a kind's inputs apart: they share one cursor.
func cursorName(input string) string {
	name, _, _ := strings.Cut(input, " ")
	return name
}

// cursor returns a kind's stored cursor when it is still good for use.
func (r *reader) cursor(ctx context.Context, kind directory.Kind) (StoredCursor, bool, error) {
	c, ok, err := r.s.store.Cursor(ctx, r.conn.ID, kind.String()+"s")
	if err != nil || !ok {
		return c, false, err
	}
	fresh := r.s.now().Sub(c.Taken) < deltaLife
	return c, fresh && c.Fingerprint == r.print(kind), nil
}

// list reads a kind's listing, from where a killed run left off if its page
// link is still young, and returns how many entries moved.
func (r *reader) list(ctx context.Context, kind directory.Kind, input string) (moved int, err error) {
	done, err := r.s.store.Pages(ctx, r.run.ID, input)
	if err != nil || done.Drained {
		return 0, err
	}
	q := r.query(kind)
	if done.Next != "" && r.s.now().Sub(r.run.StartedAt) < pageLife {
		q.From = directory.Cursor{Link: done.Next, Taken: r.run.StartedAt}
	} else if done.Pages > 0 {
		if err := r.s.store.DropPages(ctx, r.run.ID, input); err != nil {
			return 0, err
		}
		done = PageProgress{}
	}
	moved, _, err = r.pages(ctx, kind, input, listed, done.Pages, r.src.List(ctx, q))
	if errs.Is(err, errs.Expired) && !q.From.IsZero() {
		// The page link aged all the same: start the listing over.
		if err := r.s.store.DropPages(ctx, r.run.ID, input); err != nil {
			return 0, err
		}
		q.From = directory.Cursor{}
		moved, _, err = r.pages(ctx, kind, input, listed, 0, r.src.List(ctx, q))
	}
	return moved, errs.Wrap(err, "list the "+kind.String()+"s")
}

// finish applies what changed while the listing was read.
func (r *reader) finish(ctx context.Context, kind directory.Kind, input string) error {
	done, err := r.s.store.Pages(ctx, r.run.ID, input)
	if err != nil || done.Drained {
		return err
	}
	c, ok, err := r.s.store.Cursor(ctx, r.conn.ID, kind.String()+"s")
	if err != nil || !ok {
		return err
	}
	err = r.round(ctx, kind, input, c.Cursor)
	if errs.Is(err, errs.Expired) {
		// The cursor is younger than the listing, yet not honoured: without it the
		// next run lists again, and this listing stands by itself.
		r.run.note("The directory dropped its change history while the listing was read; the next run reads in full.")
		return r.s.store.DropCursors(ctx, r.conn.ID)
	}
	return err
}

// round reads one round of changes and stores the cursor it ends with.
func (r *reader) round(ctx context.Context, kind directory.Kind, input string, from directory.Cursor) error {
	done, err := r.s.store.Pages(ctx, r.run.ID, input)
	if err != nil || done.Drained {
		return err
	}
	if done.Pages > 0 { // replaying a round is harmless, and simpler than trusting an old page link
		if err := r.s.store.DropPages(ctx, r.run.ID, input); err != nil {
			return err
		}
	}
	q := r.query(kind)
	q.From = from
	changes := r.src.Changes(ctx, q)
	if r.early != nil {
		changes, r.early = r.early, nil
	}
	_, last, err := r.pages(ctx, kind, input, changed, 0, changes)
	if err != nil {
		return errs.Wrap(err, "read the changes of "+kind.String()+"s")
	}
	if last.Delta.IsZero() {
		return errs.New(errs.Incomplete, "the directory ended a round of changes without saying where the next one starts").
			During("read the changes of " + kind.String() + "s")
	}
	return nil
}

// FullerInput names the pages of entries that were told in full what changes
// had told in part: they are to be planned for, and are no news.
const FullerInput = "told in full"

// intake is one input on its way into the mirror.
type intake struct {
	kind    directory.Kind
	input   string
	how     telling
	seq     int // pages stored so far
	total   int // as the directory counts them; 0 when it does not say
	arrived int
	moved   int
	last    directory.Page // its links only
	expect  int64          // the entry that should come next, when the listing's order is the mirror's; 0 for none
	sheaf   sheaf
}

// pages brings every page of an input into the mirror, some pages a
// transaction: what they brought, how far the reading got, and on the last page
// of a round the next cursor, are committed together. Pages that arrived before
// a fault are kept.
func (r *reader) pages(ctx context.Context, kind directory.Kind, input string, how telling, seq int, all iter.Seq2[directory.Page, error]) (moved int, last directory.Page, err error) {
	in := &intake{kind: kind, input: input, how: how, seq: seq}
	for page, fault := range all {
		if fault != nil {
			err = fault
			break
		}
		in.sheaf.add(page, r.s.now())
		if in.sheaf.due(r.s.now()) {
			if err := r.store(ctx, in); err != nil {
				return in.moved, in.last, err
			}
		}
	}
	if stored := r.store(context.WithoutCancel(ctx), in); stored != nil || err != nil {
		return in.moved, in.last, cmp.Or(err, stored)
	}
	if in.seq == 0 {
		return in.moved, in.last, r.mark(ctx, input, nil)
	}
	return in.moved, in.last, ctx.Err()
}

// store brings the pages gathered into the mirror in one transaction.
func (r *reader) store(ctx context.Context, in *intake) error {
	if len(in.sheaf.pages) == 0 {
		return nil
	}
	moved, err := r.tryStore(ctx, in, r.blank)
	if err != nil && r.blank { // a page that repeats somebody, it may be
		moved, err = r.tryStore(ctx, in, false)
	}
	if err != nil {
		return err
	}
	in.seq += len(in.sheaf.pages)
	in.moved += moved
	for _, page := range in.sheaf.pages {
		in.arrived += len(page.Objects)
		in.total = max(in.total, page.Total)
		in.last = directory.Page{Next: page.Next, Delta: page.Delta}
		r.run.Stats.Objects += len(page.Objects)
	}
	in.sheaf.empty()
	r.tell(Progress{Run: r.run.ID, Stage: StageRead, Input: in.input, Done: in.arrived, Total: max(in.total, r.expected(in.kind, in.how))})
	return nil
}

// tryStore is one attempt at store. With blank nothing is looked up first: what
// is there already makes it fail.
func (r *reader) tryStore(ctx context.Context, in *intake, blank bool) (moved int, err error) {
	pages := in.sheaf.pages
	expect := in.expect
	err = r.inTx(ctx, func(ctx context.Context) error {
		moved, expect = 0, in.expect
		for i := range pages {
			m := mirror{store: r.s.store, connection: r.conn.ID, run: r.run.ID, now: r.s.now(), blank: blank}
			if in.how == listed {
				m.expect = &expect
			}
			got, err := m.apply(ctx, in.kind, pages[i].Objects, in.how)
			if err != nil {
				return err
			}
			moved += int(got.moved.GetCardinality())
			r.returned = r.returned || got.returned
			if err := r.savePage(ctx, in, in.seq+i+1, &pages[i], got); err != nil {
				return err
			}
		}
		return nil
	})
	in.expect = expect
	return moved, err
}

func (r *reader) savePage(ctx context.Context, in *intake, seq int, page *directory.Page, got seen) error {
	if in.how == changed && !page.Delta.IsZero() {
		c := StoredCursor{page.Delta, r.print(in.kind)}
		if c.Taken.IsZero() {
			c.Taken = r.s.now()
		}
		if err := r.s.store.SaveCursor(ctx, r.conn.ID, cursorName(in.input), c); err != nil {
			return err
		}
	}
	if !got.fuller.IsEmpty() {
		if err := r.appendPage(ctx, FullerInput, got.fuller); err != nil {
			return err
		}
	}
	return r.s.store.SavePage(ctx, RunPage{
		Run: r.run.ID, Input: in.input, Seq: seq, Next: page.Next.Link, Seen: got.all, Changed: got.moved,
	})
}

// expected guesses how many objects a listing will bring: as many as last time.
func (r *reader) expected(kind directory.Kind, how telling) int {
	if how != listed {
		return 0
	}
	n := 0
	for standing, count := range r.known[kind] {
		if standing == reconcile.Live || standing == reconcile.Disabled {
			n += count
		}
	}
	return n
}

// inTx runs a write transaction that fails when the lease is lost.
func (r *reader) inTx(ctx context.Context, fn func(ctx context.Context) error) error {
	return r.s.fenced(ctx, r.conn.ID, r.lease, fn)
}

// fenced runs fn in a transaction of the lease's holder.
func (s *Service) fenced(ctx context.Context, connection int64, h *held, fn func(ctx context.Context) error) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.CheckLease(ctx, connection, h.Fence); err != nil {
			return err
		}
		return fn(ctx)
	})
}

// deletedItems reads who is in the recycle bin: the evidence that tells a
// deletion from a gap in the listing.
func (r *reader) deletedItems(ctx context.Context, kind directory.Kind, input string) error {
	r.account.Promise(input)
	done, err := r.s.store.Pages(ctx, r.run.ID, input)
	if err != nil {
		return err
	}
	if done.Drained {
		r.account.Drained(input)
		return nil
	}
	if err := r.s.store.DropPages(ctx, r.run.ID, input); err != nil {
		return err
	}
	q := directory.Query{Kind: kind, Select: []string{"id", "deletedDateTime"}}
	_, _, err = r.pages(ctx, kind, input, deleted, 0, r.src.Deleted(ctx, q))
	if noDelta(err) {
		r.account.Failed(input, err.Error())
		r.run.problem("The deleted %ss could not be read, so nobody counts as deleted by their absence: %s", kind, err)
		return nil
	}
	if err != nil {
		return errs.Wrap(err, "list the deleted "+kind.String()+"s")
	}
	r.account.Drained(input)
	return nil
}

// unknowns asks by ID about entries of which the directory did not say whether
// they are enabled: until it does nothing changes for them (F34).
func (r *reader) unknowns(ctx context.Context) error {
	ids, err := r.s.store.EntryIDs(ctx, r.conn.ID, directory.User, reconcile.Unknown)
	if err != nil || ids.IsEmpty() {
		return err
	}
	return r.askByID(ctx, ids)
}

// askedInput names the pages of objects of a kind that were asked for by ID.
func askedInput(kind directory.Kind) string { return kind.String() + "s asked for by ID" }

// askByID reads users one by one, or in batches where the directory takes
// them, as if they had been listed. Those it does not know stay as they are.
func (r *reader) askByID(ctx context.Context, ids *roaring.Bitmap) error {
	q := r.rules.query(directory.User)
	for chunk := range chunks(ids, 200) {
		entries, err := r.s.store.EntriesByID(ctx, chunk, true)
		if err != nil {
			return err
		}
		objects := make([]directory.ObjectID, len(entries))
		for i := range entries {
			objects[i] = entries[i].Object
		}
		found, _, err := r.src.ByID(ctx, directory.User, objects, q.Select)
		if err != nil {
			return errs.Wrap(err, "ask for users by ID")
		}
		if err := r.takeSingles(ctx, directory.User, found, askedInput(directory.User)); err != nil {
			return err
		}
	}
	return nil
}

// takeSingles brings objects that were asked for by ID into the mirror. They
// are merged, because a look-up does not carry related objects.
func (r *reader) takeSingles(ctx context.Context, kind directory.Kind, found []directory.Object, input string) error {
	return r.inTx(ctx, func(ctx context.Context) error {
		m := mirror{store: r.s.store, connection: r.conn.ID, run: r.run.ID, now: r.s.now()}
		got, err := m.apply(ctx, kind, found, changed)
		if err != nil {
			return err
		}
		r.returned = r.returned || got.returned
		done, err := r.s.store.Pages(ctx, r.run.ID, input)
		if err != nil {
			return err
		}
		return r.s.store.SavePage(ctx, RunPage{Run: r.run.ID, Input: input, Seq: done.Pages + 1, Seen: got.all, Changed: got.moved})
	})
}

// chunks yields the members of a set in ascending slices of at most n.
func chunks(set *roaring.Bitmap, n int) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		it := set.ManyIterator()
		buf := make([]uint32, n)
		for {
			k := it.NextMany(buf)
			if k == 0 {
				return
			}
			out := make([]int64, k)
			for i, v := range buf[:k] {
				out[i] = int64(v)
			}
			if !yield(out) {
				return
			}
		}
	}
}

// note adds a sentence to the run's report.
func (r *Run) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, n := range r.Notes {
		if n == text {
			return
		}
	}
	r.Notes = append(r.Notes, text)
}

// problem adds a sentence about something that failed: the run ends as partial.
func (r *Run) problem(format string, args ...any) {
	r.note(format, args...)
	r.Stats.Problems++
}
