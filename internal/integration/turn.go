package integration

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/timing"
)

// Next says when a connection syncs by itself the next time, and whether in
// full; zero when it does not. It is what screens show and what the servers do.
//
// A failed run counts as one, and a run for one person does not. What seems to
// have begun after now, because the clock was put back, does not count either.
func (s *Service) Next(ctx context.Context, c syncer.Connection, now time.Time) (at time.Time, full bool, err error) {
	if !c.Configured() {
		return time.Time{}, false, nil
	}
	last, lastFull, err := s.Sync.LastStarts(ctx, c.ID, now)
	if err != nil {
		return time.Time{}, false, err
	}
	at, full = turn(c, later(last, c.UpdatedAt), later(lastFull, c.UpdatedAt), now)
	return at, full, nil
}

// NextAfter is when a connection syncs next, were everything read at a moment.
func NextAfter(c syncer.Connection, read time.Time) time.Time {
	at, _ := turn(c, read, read, read)
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// turn is the earlier of the times at which changes and everything are due. When
// both are due by now, everything is read, which does for the changes.
func turn(c syncer.Connection, last, lastFull, now time.Time) (at time.Time, full bool) {
	zone, err := time.LoadLocation(c.Schedule.TimeZone)
	if err != nil {
		return time.Time{}, false // the form and the file take none that is unknown
	}
	changes, everything := comesRound(c.Schedule.Incremental, last, zone), comesRound(c.Schedule.Full, lastFull, zone)
	switch {
	case everything.IsZero():
		return changes, false
	case changes.IsZero() || !everything.After(changes) || !everything.After(now):
		return earlier(everything, changes), true
	}
	return changes, false
}

// earlier is the earlier of two moments; a zero one is none.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) && !a.IsZero() {
		return a
	}
	return b
}

// comesRound is when a timing comes round after a moment; zero for never.
func comesRound(words string, after time.Time, zone *time.Location) time.Time {
	t, err := timing.Parse(words)
	if words == "" || err != nil {
		return time.Time{}
	}
	return t.Next(after, zone)
}

// Carry is Start that waits for the run's end, and returns how it ended. The run
// ends with the context.
func (s *Service) Carry(ctx context.Context, p account.Principal, id int64, o Order) (syncer.Run, error) {
	run, err := s.Start(ctx, p, id, o)
	if err != nil {
		return syncer.Run{}, err
	}
	for range s.runs.watch(ctx, run) {
	}
	if ctx.Err() != nil {
		s.runs.cancel(run)
		for range s.runs.watch(context.WithoutCancel(ctx), run) {
		} // until it stopped where nothing is half done
	}
	ended, err := s.Sync.RunByID(context.WithoutCancel(ctx), run)
	if err == nil {
		err = ctx.Err()
	}
	return ended, err
}

// FaultOf is why a run failed; nil for one that did not.
func FaultOf(r syncer.Run) error {
	if r.State != syncer.Failed {
		return nil
	}
	return errs.New(errs.Unavailable, "%s", r.Error).WithHint("%s", r.Hint)
}
