package syncer

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

// Undo takes back what a finished run did, newest change first, where the value
// is still the one that the run wrote. What somebody has written since stays,
// and is listed among the run's changes with state "kept". The directory is not
// asked and says the same as before: what it says of a person is applied again
// once there is news. Until then what the run had added stays away, which each
// run's notes say, and comes again when
//
//   - the directory says something else of the person, units included,
//   - the mappings are edited,
//   - somebody asks: for the person by name, or for everybody by a full run.
//
// A full run on schedule brings nobody back.
func (s *Service) Undo(ctx context.Context, runID int64, actor audit.Actor, tell func(Progress)) (Report, error) {
	if tell == nil {
		tell = func(Progress) {}
	}
	run, err := s.store.Run(ctx, runID)
	if err != nil {
		return Report{}, err
	}
	if err := undoable(run); err != nil {
		return Report{Run: run}, err
	}
	runCtx, lease, err := s.takeLease(ctx, run.Connection, actor.Name)
	if err != nil {
		return Report{}, err
	}
	defer lease.stop()
	ses := &session{s: s, run: run, lease: lease, actor: actor, tell: tell}
	err = lostLease(runCtx, ses.undo(runCtx))
	return Report{Run: ses.run}, err
}

func undoable(run Run) error {
	switch {
	case run.Mode == Preview:
		return errs.New(errs.Invalid, "run %d is a preview: it changed nothing", run.ID)
	case run.State == Undone:
		return errs.New(errs.Conflict, "run %d has been undone already", run.ID)
	case run.State == Running:
		return errs.New(errs.Conflict, "run %d is still in progress", run.ID).WithHint("Wait for it to end.")
	}
	return nil
}

// undo goes back through the run's changes, a batch a transaction.
func (ses *session) undo(ctx context.Context) error {
	p, err := ses.s.viewer(ctx, ses.run)
	if err != nil {
		return err
	}
	p.lease, p.tell, p.run = ses.lease, ses.tell, &ses.run
	a := &applier{planner: p, actor: ses.actor, status: map[int64]int64{}, by: ses.actor.Name}
	last, err := ses.s.store.LastSeq(ctx, ses.run.ID)
	if err != nil {
		return err
	}
	kept := 0
	for high := last; high > 0; high -= applyBatch {
		rows, err := ses.s.Changes(ctx, ses.run.ID, ChangeFilter{After: max(0, high-applyBatch), UpTo: high})
		if err != nil {
			return err
		}
		n, err := a.undoBatch(ctx, ses.carriedOut(rows))
		if err != nil {
			return err
		}
		kept += n
		ses.tell(Progress{Run: ses.run.ID, Stage: StageApply, Done: int(last - high + applyBatch), Total: int(last)})
	}
	return ses.undone(ctx, kept)
}

// carriedOut returns the changes that were really made, newest first.
func (ses *session) carriedOut(rows []PlannedChange) []PlannedChange {
	out := slices.DeleteFunc(rows, func(c PlannedChange) bool {
		done := c.State == Applied || (c.State == Planned && c.Seq <= ses.run.Applied)
		return !done || !c.Verb.Acts()
	})
	slices.Reverse(out)
	return out
}

func (ses *session) undone(ctx context.Context, kept int) error {
	ses.run.State = Undone
	ses.run.note("Undone by %s.", ses.actor.Name)
	if kept > 0 {
		ses.run.note("%d changes stay, because somebody has changed the same since.", kept)
	}
	if err := ses.tellAway(ctx); err != nil {
		return err
	}
	return ses.s.fenced(ctx, ses.run.Connection, ses.lease, func(ctx context.Context) error {
		held, err := ses.s.store.Changes(ctx, ses.run.ID, ChangeFilter{States: []ChangeState{HeldBack}})
		if err != nil {
			return err
		}
		if err := ses.s.store.SetChangeStates(ctx, ses.run.ID, seqsOf(held), Dismissed, ses.actor.Name, ""); err != nil {
			return err
		}
		ses.run.Counts.Held = 0
		return ses.s.store.SaveRun(ctx, ses.run)
	})
}

// undoBatch takes changes back one by one in one transaction: each sees what
// the one before it left. It returns how many had to stay.
func (a *applier) undoBatch(ctx context.Context, rows []PlannedChange) (kept int, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	if err := a.fillReferences(ctx, rows); err != nil {
		return 0, err
	}
	err = a.s.fenced(ctx, a.conn.ID, a.lease, func(ctx context.Context) error {
		kept = 0
		for i := range rows {
			state, detail, err := a.undoOne(ctx, &rows[i])
			if err != nil {
				return err
			}
			if state == KeptOnUndo {
				kept++
			}
			if err := a.s.store.SetChangeStates(ctx, a.run.ID, []int64{rows[i].Seq}, state, a.by, detail); err != nil {
				return err
			}
		}
		return nil
	})
	return kept, err
}

// undoOne takes one change back.
func (a *applier) undoOne(ctx context.Context, row *PlannedChange) (ChangeState, string, error) {
	now, entry, err := a.present(ctx, row)
	if err != nil {
		return Reversed, "", err
	}
	if err := a.waitNoMore(ctx, row, now.ID); err != nil {
		return Reversed, "", err
	}
	// An addition of which the values are no longer known is put away only while
	// nobody has touched the record.
	if row.Verb == reconcile.Add && row.Target == reconcile.Record && len(row.Fields) == 0 && now.Version > 1 {
		return KeptOnUndo, reconcile.GroundMoved.Sentence(), nil
	}
	inverse, issues := reconcile.Inverse(row.Change, now)
	if !inverse.Verb.Acts() {
		if len(issues) > 0 {
			return KeptOnUndo, issues[0].Reason.Sentence(), nil
		}
		return Reversed, "", nil
	}
	d := deed{changes: []PlannedChange{{Change: inverse, Run: row.Run, Seq: row.Seq}}, entry: entry}
	err = a.s.store.Savepoint(ctx, func(ctx context.Context) error {
		one := []deed{d}
		if err := a.carryOut(ctx, one); err != nil {
			return err
		}
		return one[0].err
	})
	if perPerson(err) || errs.Is(err, errs.Forbidden) {
		return KeptOnUndo, err.Error(), nil
	}
	if err != nil {
		return Reversed, "", err
	}
	if len(issues) > 0 {
		return KeptOnUndo, "in part: " + issues[0].Reason.Sentence(), nil
	}
	return Reversed, "", nil
}

// waitNoMore forgets what a change taken back was still waiting for.
func (a *applier) waitNoMore(ctx context.Context, row *PlannedChange, record int64) error {
	var refs []PendingReference
	for _, f := range row.Fields {
		if f.Ref != nil && !f.Ref.Object.IsZero() && f.After.IsEmpty() {
			refs = append(refs, PendingReference{Record: record, Field: f.Field})
		}
	}
	return a.s.store.DropPending(ctx, refs)
}

// present returns what the register holds now of a change's target.
func (a *applier) present(ctx context.Context, row *PlannedChange) (reconcile.Current, *Entry, error) {
	entries, err := a.s.store.EntriesByID(ctx, []int64{row.Entry}, true)
	if err != nil || len(entries) == 0 {
		return reconcile.Current{}, nil, err
	}
	links, err := a.s.store.Links(ctx, []int64{row.Entry})
	if err != nil {
		return reconcile.Current{}, nil, err
	}
	cases := []reconcile.Case{{}}
	for _, l := range links {
		if l.Target == row.Target && l.Collection == row.Collection {
			cases[0].Current = []reconcile.Current{{
				Target: l.Target, Collection: l.Collection, ID: l.TargetID, Status: l.Status, PutAway: l.PutAway != 0,
			}}
		}
	}
	if len(cases[0].Current) == 0 {
		return reconcile.Current{Target: row.Target, Collection: row.Collection}, &entries[0], nil
	}
	err = a.linked(ctx, cases)
	return cases[0].Current[0], &entries[0], err
}

// fillReferences puts in the records that references became.
func (a *applier) fillReferences(ctx context.Context, rows []PlannedChange) error {
	objects, names := map[int64][]directory.ObjectID{}, map[int64][]string{}
	each := func(fn func(f *reconcile.FieldChange)) {
		for i := range rows {
			for j := range rows[i].Fields {
				if f := &rows[i].Fields[j]; f.Ref != nil && f.After.IsEmpty() {
					fn(f)
				}
			}
		}
	}
	each(func(f *reconcile.FieldChange) {
		if f.Ref.Object.IsZero() {
			names[f.Ref.Collection] = append(names[f.Ref.Collection], f.Ref.Text)
		} else {
			objects[f.Ref.Collection] = append(objects[f.Ref.Collection], f.Ref.Object)
		}
	})
	facts := &reconcile.Facts{Resolve: map[reconcile.RefKey]int64{}}
	if err := a.lookUp(ctx, objects, names, facts); err != nil {
		return err
	}
	each(func(f *reconcile.FieldChange) {
		if id := facts.Resolve[f.Ref.Key()]; id != 0 {
			f.After = datatype.OfRecord(id)
		}
	})
	return nil
}
