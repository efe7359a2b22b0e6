package syncer

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/reconcile"
)

// Runs lists the newest runs first, of one connection or, with 0, of all.
func (s *Service) Runs(ctx context.Context, connection int64, limit int) ([]Run, error) {
	return s.store.Runs(ctx, connection, 0, limit)
}

// RunsBefore returns the next page of Runs: those before a run.
func (s *Service) RunsBefore(ctx context.Context, connection, before int64, limit int) ([]Run, error) {
	return s.store.Runs(ctx, connection, before, limit)
}

// LastStarts are when a connection's latest run for everybody began, and the
// latest in full, however they ended; zero for none. What seems to have begun
// after now, because the clock was put back, does not count.
func (s *Service) LastStarts(ctx context.Context, connection int64, now time.Time) (last, full time.Time, err error) {
	if last, err = s.store.LastStart(ctx, connection, now, Full, Incremental); err != nil {
		return last, full, err
	}
	full, err = s.store.LastStart(ctx, connection, now, Full)
	return last, full, err
}

// RunByID returns one run, or NotFound.
func (s *Service) RunByID(ctx context.Context, id int64) (Run, error) { return s.store.Run(ctx, id) }

// Links returns what entries of the directory are tied to, in their order.
func (s *Service) Links(ctx context.Context, entries []int64) ([]Link, error) {
	return s.store.Links(ctx, entries)
}

// Changes lists a run's changes in order. Additions of which the plan kept no
// copy are completed from the mirror, unless the mirror has moved on.
func (s *Service) Changes(ctx context.Context, run int64, f ChangeFilter) ([]PlannedChange, error) {
	list, err := s.store.Changes(ctx, run, f)
	if err != nil || len(list) == 0 {
		return list, err
	}
	return list, s.describe(ctx, run, list)
}

// describe fills in the values of additions.
func (s *Service) describe(ctx context.Context, runID int64, list []PlannedChange) error {
	var at []int
	for i := range list {
		c := &list[i]
		if c.Verb == reconcile.Add && c.Target == reconcile.Record && len(c.Fields) == 0 {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return nil
	}
	run, err := s.store.Run(ctx, runID)
	if err != nil {
		return err
	}
	p, err := s.viewer(ctx, run)
	if err != nil {
		return nil // the mappings of then are not to be had: the row tells what it can
	}
	a := &applier{planner: p}
	for begin := 0; begin < len(at); begin += planBatch {
		end := min(begin+planBatch, len(at))
		rows := make([]PlannedChange, 0, end-begin)
		for _, i := range at[begin:end] {
			rows = append(rows, list[i])
		}
		deeds, err := a.deeds(ctx, rows)
		if err != nil {
			return err
		}
		for n := range deeds {
			if deeds[n].err == nil {
				list[at[begin+n]].Fields = deeds[n].changes[0].Fields
			}
		}
	}
	return nil
}

// viewer is a planner that only looks: it needs neither lease nor directory.
func (s *Service) viewer(ctx context.Context, run Run) (*planner, error) {
	c, err := s.store.Connection(ctx, run.Connection)
	if err != nil {
		return nil, err
	}
	r, err := s.loadRules(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.Units(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	r.attachUnits(rows)
	return &planner{s: s, run: &run, conn: c, rules: r, tell: func(Progress) {}}, nil
}
