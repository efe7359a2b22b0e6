package syncer

import (
	"context"
	"errors"
	"slices"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
)

// applyBatch is how many changes go into one transaction.
const applyBatch = 2000

// errRolledBack ends the transaction of a preview, whose work is not kept.
var errRolledBack = errors.New("preview: rolled back")

// applier carries out planned changes.
type applier struct {
	*planner
	actor  audit.Actor
	status map[int64]int64 // per collection: the field of the integration status
	by     string          // who approved; "" for what needed no approval
}

// deed is what a transaction does to one target: one or more changes of one
// subject, which succeed or fail together.
type deed struct {
	changes []PlannedChange
	entry   *Entry // the subject as the mirror has it now
	target  int64  // the record or login, once known
	err     error
	drop    []int64 // fields that turned out to be taken by another record
}

func (d *deed) first() *PlannedChange { return &d.changes[0] }

// has returns the deed's change with a verb, or nil.
func (d *deed) has(verbs ...reconcile.Verb) *PlannedChange {
	for i := range d.changes {
		if slices.Contains(verbs, d.changes[i].Verb) {
			return &d.changes[i]
		}
	}
	return nil
}

// rest applies everything planned above the run's watermark. The watermark, the
// links and the values commit together, so a killed run goes on where it was.
func (a *applier) rest(ctx context.Context, total int) error {
	for {
		rows, err := a.s.store.Changes(ctx, a.run.ID, ChangeFilter{After: a.run.Applied, Limit: applyBatch, Due: true})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		if rows, err = a.wholeSubjects(ctx, rows); err != nil {
			return err
		}
		a.rules.reset()
		last := rows[len(rows)-1].Seq
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.batch(ctx, rows, last); err != nil {
			return err
		}
		a.tell(Progress{Run: a.run.ID, Stage: StageApply, Done: int(last), Total: total})
	}
}

// wholeSubjects drops the last subject of a full batch, whose changes may go on
// in the next, so that one subject is never split over transactions.
func (a *applier) wholeSubjects(ctx context.Context, rows []PlannedChange) ([]PlannedChange, error) {
	if len(rows) < applyBatch {
		return rows, nil
	}
	last := rows[len(rows)-1].Entry
	cut := len(rows)
	for cut > 0 && rows[cut-1].Entry == last {
		cut--
	}
	if cut == 0 { // one subject with a thousand changes cannot be; take it whole
		return rows, nil
	}
	return rows[:cut], nil
}

// batch applies changes in one transaction, falling back to one subject at a
// time when the whole fails, so that one bad person costs only that person.
func (a *applier) batch(ctx context.Context, rows []PlannedChange, watermark int64) error {
	deeds, err := a.deeds(ctx, rows)
	if err != nil {
		return err
	}
	err = a.transaction(ctx, watermark, deeds, func(ctx context.Context) error {
		return a.carryOutCopy(ctx, deeds)
	})
	if !perPerson(err) {
		return err
	}
	for i := range deeds {
		deeds[i].err, deeds[i].target = nil, 0
	}
	return a.transaction(ctx, watermark, deeds, func(ctx context.Context) error {
		for i := range deeds {
			if err := a.single(ctx, &deeds[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// carryOutCopy carries out a copy of deeds and takes over its outcome. What is
// found out on the way, such as the numbers of records made for references,
// must not outlive a transaction that is rolled back.
func (a *applier) carryOutCopy(ctx context.Context, deeds []deed) error {
	work := make([]deed, len(deeds))
	for i := range deeds {
		work[i] = deeds[i]
		work[i].changes = slices.Clone(deeds[i].changes)
		for j := range work[i].changes {
			work[i].changes[j].Fields = slices.Clone(work[i].changes[j].Fields)
		}
	}
	if err := a.carryOut(ctx, work); err != nil {
		return err
	}
	for i := range deeds {
		deeds[i].target, deeds[i].err = work[i].target, work[i].err
	}
	return nil
}

// perPerson reports whether an error concerns one of a batch's people, so that
// doing them one by one helps.
func perPerson(err error) bool {
	kind := errs.KindOf(err)
	return err != nil && (kind == errs.Conflict || kind == errs.Invalid || kind == errs.NotFound) &&
		!errors.Is(err, errLeaseLost) && !errors.Is(err, errEdited)
}

// errLeaseLost and errEdited end a run between two batches.
var (
	errLeaseLost = errors.New("the lease is lost")
	errEdited    = errors.New("the mappings were edited during the run")
)

// transaction runs fn with the lease checked, the configuration unchanged, and
// the watermark moved. In a preview all of it is rolled back.
func (a *applier) transaction(ctx context.Context, watermark int64, deeds []deed, fn func(ctx context.Context) error) error {
	preview := a.run.Mode == Preview
	err := a.s.store.InTx(ctx, func(ctx context.Context) error {
		if err := a.s.store.CheckLease(ctx, a.conn.ID, a.lease.Fence); err != nil {
			return errors.Join(errLeaseLost, err)
		}
		if err := a.unedited(ctx); err != nil {
			return err
		}
		if err := fn(ctx); err != nil {
			return err
		}
		if preview {
			return errRolledBack
		}
		return a.record(ctx, watermark, deeds)
	})
	if err != nil {
		clear(a.status) // a field made in a transaction that is rolled back is gone
	}
	if preview && errors.Is(err, errRolledBack) {
		return a.s.fenced(ctx, a.conn.ID, a.lease, func(ctx context.Context) error {
			return a.record(ctx, watermark, deeds)
		})
	}
	return err
}

// record notes what became of the deeds and moves the watermark.
func (a *applier) record(ctx context.Context, watermark int64, deeds []deed) error {
	var open []PlannedChange
	for i := range deeds {
		d := &deeds[i]
		if d.err == nil && a.by == "" && len(d.drop) == 0 {
			continue // planned and past the watermark means applied
		}
		state, detail := Applied, ""
		if d.err != nil {
			state, detail = Errored, d.err.Error()
			if _, stale := errors.AsType[*register.Stale](d.err); stale || errs.Is(d.err, errs.Expired) {
				state = Stale
			}
			open = append(open, *d.first())
		}
		seqs := make([]int64, len(d.changes))
		for j := range d.changes {
			seqs[j] = d.changes[j].Seq
		}
		if err := a.s.store.SetChangeStates(ctx, a.run.ID, seqs, state, a.by, detail); err != nil {
			return err
		}
		if len(d.drop) > 0 {
			open = append(open, taken(d))
		}
	}
	if len(open) > 0 {
		if err := a.s.store.SaveOutcomes(ctx, a.conn.ID, a.run.ID, nil, open); err != nil {
			return err
		}
	}
	if watermark > a.run.Applied {
		a.run.Applied = watermark
		return a.s.store.SaveRun(ctx, *a.run)
	}
	return nil
}

// taken describes fields that were left out because another record has their value.
func taken(d *deed) PlannedChange {
	ch := *d.first()
	ch.Verb, ch.Reason, ch.Issues = reconcile.Problem, reconcile.ValueTaken, nil
	for _, f := range d.drop {
		ch.Issues = append(ch.Issues, reconcile.Issue{Field: f, Reason: reconcile.ValueTaken})
	}
	return ch
}

// single carries out one deed by itself. Its own fault is noted, not returned.
func (a *applier) single(ctx context.Context, d *deed) error {
	for range 8 { // a record has few unique fields; each try leaves one out
		err := a.s.store.Savepoint(ctx, func(ctx context.Context) error {
			one := []deed{*d}
			err := a.carryOutCopy(ctx, one)
			d.target, d.err = one[0].target, one[0].err
			if err == nil {
				err = d.err
			}
			return err
		})
		if err != nil {
			clear(a.status)
		}
		var clash *register.Taken
		if errors.As(err, &clash) && d.first().Target == reconcile.Record && !slices.Contains(d.drop, clash.Field) {
			d.drop, d.err = append(d.drop, clash.Field), nil
			continue
		}
		if err != nil && !perPerson(err) && !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.Expired) {
			return err
		}
		d.err = err
		return nil
	}
	return nil
}

// deeds groups a batch's changes by target, and completes additions from the
// mirror, where their values are. Of other changes the plan has the values.
func (a *applier) deeds(ctx context.Context, rows []PlannedChange) ([]deed, error) {
	var ids []int64
	docs := false
	for i := range rows {
		docs = docs || rows[i].Verb == reconcile.Add
		if n := len(ids); n == 0 || ids[n-1] != rows[i].Entry {
			ids = append(ids, rows[i].Entry)
		}
	}
	entries, err := a.s.store.EntriesByID(ctx, ids, docs)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*Entry, len(entries))
	for i := range entries {
		byID[entries[i].ID] = &entries[i]
	}
	var out []deed
	for i := range rows {
		row := rows[i]
		if n := len(out); n > 0 && sameTarget(out[n-1].first(), &row) {
			out[n-1].changes = append(out[n-1].changes, row)
			continue
		}
		d := deed{changes: []PlannedChange{row}, entry: byID[row.Entry]}
		if d.entry == nil || d.entry.Version != row.EntryVersion {
			d.err = errs.New(errs.Expired, "%s", reconcile.GroundMoved.Sentence())
		}
		out = append(out, d)
	}
	return out, a.complete(ctx, out)
}

func sameTarget(a, b *PlannedChange) bool {
	return a.Entry == b.Entry && a.Target == b.Target && a.Collection == b.Collection
}

// complete maps the entries of additions again. The versions noted in the plan
// guarantee that the values are those that were planned.
func (a *applier) complete(ctx context.Context, deeds []deed) error {
	var cases []reconcile.Case
	var at []int
	for i := range deeds {
		d := &deeds[i]
		add := d.has(reconcile.Add)
		if add == nil || d.err != nil || len(add.Fields) > 0 || add.Target != reconcile.Record {
			continue
		}
		c, err := a.wanted(d.entry)
		if err != nil {
			return err
		}
		c.Current = []reconcile.Current{{Target: add.Target, Collection: add.Collection}}
		cases, at = append(cases, c), append(at, i)
	}
	if len(cases) == 0 {
		return nil
	}
	facts := &reconcile.Facts{Mappings: a.rules.known, Identity: a.rules.identity, Resolve: map[reconcile.RefKey]int64{}}
	if err := a.resolve(ctx, cases, facts); err != nil {
		return err
	}
	for n, i := range at {
		for _, again := range reconcile.Plan(cases[n], facts) {
			if again.Verb == reconcile.Add {
				deeds[i].has(reconcile.Add).Fields = again.Fields
			}
		}
	}
	return nil
}
