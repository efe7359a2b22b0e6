package job_test

import (
	"context"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/job"
)

// hourly comes round an hour after it was last done, as syncs do.
type hourly struct {
	y     *yard
	last  time.Time
	begun []time.Time
	runs  int
}

func (h *hourly) kind() job.Kind {
	return job.Kind{
		Name: "hourly",
		Do: func(context.Context, job.Job) error {
			h.runs++
			h.begun = append(h.begun, h.y.clock)
			return nil
		},
		Turns: func(_ context.Context, now time.Time) ([]job.Turn, error) {
			last := h.last
			for _, at := range h.begun {
				if !at.After(now) { // else the clock was put back since
					last = at
				}
			}
			return []job.Turn{{Subject: "7", At: last.Add(time.Hour), After: func(done time.Time) time.Time { return done.Add(time.Hour) }}}, nil
		},
	}
}

// pass lets time pass in minutes, with what servers do in them.
func (y *yard) pass(d time.Duration, servers ...*job.Runner) {
	y.t.Helper()
	for range int(d / time.Minute) {
		for _, s := range servers {
			y.must(s.Plan(y.t.Context()))
			y.must(s.Take(y.t.Context()))
			s.Rest()
		}
		y.step(time.Minute)
	}
}

func TestWhatComesRoundIsDoneOnTimeAndOnce(t *testing.T) {
	each(t, func(y *yard) {
		h := &hourly{y: y, last: noon}
		y.pass(5*time.Hour+time.Minute, y.server("a", h.kind()), y.server("b", h.kind()))
		if h.runs != 5 {
			y.t.Errorf("%d runs in five hours, want 5", h.runs)
		}
	})
}

func TestTurnsThatWereMissedComeOnce(t *testing.T) {
	each(t, func(y *yard) {
		h := &hourly{y: y, last: noon.Add(-48 * time.Hour)}
		y.pass(10*time.Minute, y.server("a", h.kind()))
		if h.runs != 1 {
			y.t.Errorf("%d runs after two days in which no server lived, want 1", h.runs)
		}
	})
}

func TestAClockThatJumpsNeitherDoublesNorStarvesASchedule(t *testing.T) {
	each(t, func(y *yard) {
		h := &hourly{y: y, last: noon}
		s := y.server("a", h.kind())
		y.pass(2*time.Hour+time.Minute, s)
		y.clock = y.clock.Add(72 * time.Hour) // forward: one turn is missed, or many
		y.pass(2*time.Minute, s)
		if h.runs != 3 {
			y.t.Errorf("%d runs after a jump of three days, want 3", h.runs)
		}
		y.clock = y.clock.Add(-72 * time.Hour) // and back, before the last run
		y.pass(3*time.Hour, s)
		if h.runs < 5 || h.runs > 7 {
			y.t.Errorf("%d runs after the clock went back and three hours passed, want about 6", h.runs)
		}
	})
}

func TestATurnThatWasLeftOutComesNextTime(t *testing.T) {
	each(t, func(y *yard) {
		h := &hourly{y: y, last: noon.Add(-59 * time.Minute)}
		s := y.server("a", h.kind())
		y.must(s.Plan(y.t.Context()))
		j := y.only()
		if _, err := y.db.StopJob(y.t.Context(), j.ID, y.clock); err != nil {
			y.t.Fatal(err)
		}
		y.pass(30*time.Minute, s)
		if h.runs != 0 {
			y.t.Errorf("%d runs of a turn that was left out", h.runs)
		}
		y.pass(time.Hour, s)
		if h.runs != 1 {
			y.t.Errorf("%d runs at the turn after it, want 1", h.runs)
		}
	})
}

func TestWhatNoLongerComesRoundGoes(t *testing.T) {
	each(t, func(y *yard) {
		h := &hourly{y: y, last: noon}
		y.must(y.server("a", h.kind()).Plan(y.t.Context()))
		none := h.kind()
		none.Turns = func(context.Context, time.Time) ([]job.Turn, error) { return nil, nil }
		y.must(y.server("a", none).Plan(y.t.Context()))
		if j := y.only(); j.State != job.Cancelled {
			y.t.Errorf("the job is %s, want it gone with its schedule", j.State)
		}
	})
}
