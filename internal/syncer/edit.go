package syncer

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

// edit is an edit of the mappings that a run on schedule is the first to meet.
// Who would lose something by it is held until somebody has looked (F9, F10).
//
//	the run is     the mappings                           who loses something by them
//	by hand        any                                    goes, within the limits
//	on schedule    as when the last run was planned       goes, within the limits
//	on schedule    edited since, and previewed            goes, within the limits
//	on schedule    edited since, nobody looked            held
//	on schedule    the last run held it, nobody looked    held again
//
// Being disabled or deleted in the directory is no matter of mappings, and is
// never held by this.
type edit struct {
	all  bool            // the edit is met now: whoever loses something does by it
	some *roaring.Bitmap // those whom the last run held for it
}

// unseenEdit finds out whether a run meets an edit that nobody has looked at.
// last is the latest run that was planned for everybody.
func (ses *session) unseenEdit(ctx context.Context, last Run) (edit, error) {
	none := edit{some: roaring.New()}
	if ses.run.Asked != "schedule" || last.ID == 0 {
		return none, nil
	}
	edited := last.Configuration != ses.run.Configuration
	if !edited && last.State != Held {
		return none, nil
	}
	if seen, err := ses.previewed(ctx); seen || err != nil {
		return none, err
	}
	if edited {
		return edit{all: true, some: none.some}, nil
	}
	held, err := ses.s.store.Changes(ctx, last.ID, ChangeFilter{States: []ChangeState{HeldBack}})
	for i := range held {
		if held[i].Class&reconcile.ClassEdit != 0 {
			none.some.Add(uint32(held[i].Entry))
		}
	}
	return none, err
}

// previewed reports whether there is a preview of the mappings as they are.
func (ses *session) previewed(ctx context.Context) (bool, error) {
	const back = 100 // runs: who looked longer ago than that may look again
	runs, err := ses.s.store.Runs(ctx, ses.conn.ID, 0, back)
	if err != nil {
		return false, err
	}
	for _, r := range runs {
		if r.Mode == Preview && r.State == Succeeded && r.Configuration == ses.run.Configuration {
			return true, nil
		}
	}
	return false, nil
}

// lastPlanned returns the latest run that was planned for everybody, or a zero
// Run when there is none.
func (ses *session) lastPlanned(ctx context.Context) (Run, error) {
	last, err := ses.s.store.LastPlanned(ctx, ses.conn.ID, Full, Incremental)
	if errs.Is(err, errs.NotFound) {
		return Run{}, nil
	}
	return last, err
}

// mark puts what an entry's changes take away by an edit into the class that is
// held.
func (e *edit) mark(entry int64, changes []reconcile.Change) {
	if !e.all && (e.some == nil || !e.some.Contains(uint32(entry))) {
		return
	}
	for i := range changes {
		switch changes[i].Reason {
		case reconcile.LeftUnit, reconcile.NoLongerMatches, reconcile.MappingGone, reconcile.HigherMapping:
			if changes[i].Verb.Acts() {
				changes[i].Class |= reconcile.ClassEdit
			}
		}
	}
}
