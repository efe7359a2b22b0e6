package syncer

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

// Choice is what an approver decides about the held part of a run.
type Choice struct {
	All     bool
	None    bool
	Changes []int64 // the numbers of single changes
}

func (c Choice) check() error {
	n := 0
	for _, given := range []bool{c.All, c.None, len(c.Changes) > 0} {
		if given {
			n++
		}
	}
	if n != 1 {
		return errs.New(errs.Invalid, "say what to approve: all, none, or single changes").
			WithHint("Use one of --all, --none or --change NUMBER.")
	}
	return nil
}

// Approve carries out, or dismisses, what a run holds. Nothing is carried out
// whose ground has moved since it was planned. Whoever vanished from the
// directory's answer is asked for by ID once more: who answers is kept.
func (s *Service) Approve(ctx context.Context, runID int64, choice Choice, actor audit.Actor, tell func(Progress)) (Report, error) {
	if err := choice.check(); err != nil {
		return Report{}, err
	}
	if tell == nil {
		tell = func(Progress) {}
	}
	run, err := s.store.Run(ctx, runID)
	if err != nil {
		return Report{}, err
	}
	if run.State != Held {
		return Report{Run: run}, s.notHeld(ctx, run)
	}
	runCtx, lease, err := s.takeLease(ctx, run.Connection, actor.Name)
	if err != nil {
		return Report{}, err
	}
	defer lease.stop()
	ses := &session{s: s, run: run, lease: lease, actor: actor, tell: tell}
	err = lostLease(runCtx, ses.decide(runCtx, choice))
	return Report{Run: ses.run}, err
}

// notHeld explains why there is nothing to approve, and where there is.
func (s *Service) notHeld(ctx context.Context, run Run) error {
	err := errs.New(errs.Conflict, "run %d holds nothing: it is %s", run.ID, run.State)
	open, lookup := s.store.OpenRuns(ctx, run.Connection, Held)
	if lookup != nil || len(open) == 0 {
		return err
	}
	return err.WithHint("Run %d holds changes: muster run show %d", open[len(open)-1].ID, open[len(open)-1].ID)
}

func (ses *session) decide(ctx context.Context, choice Choice) error {
	held, err := ses.s.store.Changes(ctx, ses.run.ID, ChangeFilter{States: []ChangeState{HeldBack}})
	if err != nil {
		return err
	}
	chosen, rest, err := choose(held, choice)
	if err != nil {
		return err
	}
	if len(chosen) > 0 {
		if err := ses.applyApproved(ctx, chosen); err != nil {
			return err
		}
	}
	if choice.None {
		err = ses.s.fenced(ctx, ses.run.Connection, ses.lease, func(ctx context.Context) error {
			return ses.s.store.SetChangeStates(ctx, ses.run.ID, seqsOf(rest), Dismissed, ses.actor.Name, "")
		})
		if err != nil {
			return err
		}
	}
	return ses.settle(ctx)
}

// choose splits the held changes by the approver's choice. What belongs to one
// target of one subject goes together.
func choose(held []PlannedChange, choice Choice) (chosen, rest []PlannedChange, err error) {
	if choice.All {
		return held, nil, nil
	}
	for _, seq := range choice.Changes {
		if !slices.ContainsFunc(held, func(c PlannedChange) bool { return c.Seq == seq }) {
			return nil, nil, errs.New(errs.NotFound, "the run holds no change %d", seq).
				WithHint("See what it holds with: muster run show RUN")
		}
	}
	for i := range held {
		picked := slices.ContainsFunc(held, func(c PlannedChange) bool {
			return slices.Contains(choice.Changes, c.Seq) && sameTarget(&c, &held[i])
		})
		if picked {
			chosen = append(chosen, held[i])
		} else {
			rest = append(rest, held[i])
		}
	}
	return chosen, rest, nil
}

// applyApproved carries out approved changes in batches.
func (ses *session) applyApproved(ctx context.Context, chosen []PlannedChange) error {
	if err := ses.load(ctx); err != nil {
		return err
	}
	defer ses.src.Close()
	chosen, err := ses.confirmMissing(ctx, chosen)
	if err != nil {
		return err
	}
	a := &applier{planner: ses.planner(), actor: ses.actor, status: map[int64]int64{}, by: ses.actor.Name}
	a.version = ses.version
	done := 0
	for batch := range slices.Chunk(chosen, applyBatch) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.batch(ctx, batch, 0); err != nil {
			return err
		}
		done += len(batch)
		ses.tell(Progress{Run: ses.run.ID, Stage: StageApply, Done: done, Total: len(chosen)})
	}
	_, err = a.references(ctx)
	return err
}

// confirmMissing asks by ID for those who vanished. Who answers is in the
// directory still, and is taken out of what is applied.
func (ses *session) confirmMissing(ctx context.Context, chosen []PlannedChange) ([]PlannedChange, error) {
	ask := map[int64]bool{}
	for i := range chosen {
		if chosen[i].Reason == reconcile.MissingFromListing {
			ask[chosen[i].Entry] = true
		}
	}
	if len(ask) == 0 {
		return chosen, nil
	}
	ids := make([]int64, 0, len(ask))
	for id := range ask {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	alive := map[int64]bool{}
	for chunk := range slices.Chunk(ids, 200) {
		if err := ses.confirmChunk(ctx, chunk, alive); err != nil {
			return nil, err
		}
	}
	var kept, out []PlannedChange
	for i := range chosen {
		if alive[chosen[i].Entry] {
			kept = append(kept, chosen[i])
		} else {
			out = append(out, chosen[i])
		}
	}
	if len(kept) > 0 {
		ses.run.note("%d of those held answered when asked for by ID: they are in the directory, and nothing was done about them.", len(alive))
	}
	return out, ses.s.fenced(ctx, ses.run.Connection, ses.lease, func(ctx context.Context) error {
		return ses.s.store.SetChangeStates(ctx, ses.run.ID, seqsOf(kept), Stale, ses.actor.Name, string(reconcile.StillInDirectory))
	})
}

// confirmChunk marks who is gone as not found and notes who is alive.
func (ses *session) confirmChunk(ctx context.Context, ids []int64, alive map[int64]bool) error {
	entries, err := ses.s.store.EntriesByID(ctx, ids, true)
	if err != nil {
		return err
	}
	byKind := map[directory.Kind][]Entry{}
	for _, e := range entries {
		byKind[e.Kind] = append(byKind[e.Kind], e)
	}
	for _, kind := range []directory.Kind{directory.User, directory.Device, directory.Group} {
		list := byKind[kind]
		if len(list) == 0 {
			continue
		}
		gone, _, err := ses.s.askWhoIsGone(ctx, ses.src, kind, list, []string{"id"})
		if err != nil {
			return err
		}
		var sure []Entry
		for _, e := range list {
			if gone[e.Object] {
				e.Standing, e.Missing, e.Doc = reconcile.NotFound, e.Missing+1, nil
				sure = append(sure, e)
			} else {
				alive[e.ID] = true
			}
		}
		err = ses.s.fenced(ctx, ses.run.Connection, ses.lease, func(ctx context.Context) error {
			return ses.s.store.UpdateEntries(ctx, ses.run.ID, sure)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// settle counts anew what became of the plan and ends the run's hold when
// nothing is left to decide.
func (ses *session) settle(ctx context.Context) error {
	if err := ses.count(ctx); err != nil {
		return err
	}
	if ses.run.Counts.Held == 0 {
		ses.run.State = Succeeded
		if ses.run.Counts.Failed > 0 || ses.run.Stats.Problems > 0 {
			ses.run.State = Partial
		}
	}
	return ses.s.fenced(ctx, ses.run.Connection, ses.lease, func(ctx context.Context) error {
		return ses.s.store.SaveRun(ctx, ses.run)
	})
}
