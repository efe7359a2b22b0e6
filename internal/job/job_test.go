package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// yard is a database with the clock of its servers.
type yard struct {
	t      *testing.T
	db     *store.DB
	clock  time.Time
	passed time.Time
}

func each(t *testing.T, fn func(y *yard)) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) { fn(&yard{t: t, db: db, clock: noon, passed: noon}) })
}

func (y *yard) server(name string, kinds ...job.Kind) *job.Runner {
	r := job.NewRunner(y.db, name, kinds, func() time.Time { return y.clock }, slog.New(slog.DiscardHandler))
	r.Passes(func() time.Time { return y.passed })
	return r
}

func (y *yard) must(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) step(d time.Duration) {
	y.clock, y.passed = y.clock.Add(d), y.passed.Add(d)
}

// add has a job wait.
func (y *yard) add(kind, subject string) {
	y.t.Helper()
	_, err := y.db.AddJob(y.t.Context(), job.Job{Kind: kind, Subject: subject, DueAt: y.clock, CreatedAt: y.clock})
	y.must(err)
}

// only is the one job that there is, open or not.
func (y *yard) only() job.Job {
	y.t.Helper()
	open, err := y.db.OpenJobs(y.t.Context())
	y.must(err)
	over, err := y.db.FinishedJobs(y.t.Context(), 0, 10)
	y.must(err)
	all := append(open, over...)
	if len(all) != 1 {
		y.t.Fatalf("there are %d jobs, want one: %+v", len(all), all)
	}
	return all[0]
}

// work is a kind of job that does something.
func work(do func(ctx context.Context, j job.Job) error) job.Kind {
	return job.Kind{Name: "work", Do: do, Attempts: 3}
}

// held is work that waits to be let go, or for its context.
func held(begun *atomic.Int32, let chan struct{}) job.Kind {
	return work(func(ctx context.Context, _ job.Job) error {
		begun.Add(1)
		select {
		case <-let:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

func TestAJobOfASubjectIsThereOnce(t *testing.T) {
	each(t, func(y *yard) {
		y.add("work", "1")
		y.add("work", "1")
		if j := y.only(); j.State != job.Waiting {
			y.t.Errorf("the job is %s, want waiting", j.State)
		}
		y.must(y.server("a", work(func(context.Context, job.Job) error { return nil })).Plan(y.t.Context()))
	})
}

func TestServersDoAJobOnce(t *testing.T) {
	each(t, func(y *yard) {
		var done atomic.Int32
		kind := work(func(context.Context, job.Job) error { done.Add(1); return nil })
		const jobs = 40
		for i := range jobs {
			y.add("work", string(rune('A'+i)))
		}
		servers := []*job.Runner{y.server("a", kind), y.server("b", kind), y.server("c", kind)}
		faults := make(chan error, len(servers))
		for _, s := range servers {
			go func() {
				var err error
				for left := true; left && err == nil; {
					if err = s.Take(y.t.Context()); err == nil {
						s.Rest()
						var counts map[job.State]int
						counts, err = y.db.CountJobs(y.t.Context())
						left = counts[job.Waiting] > 0
					}
				}
				faults <- err
			}()
		}
		for range servers {
			y.must(<-faults)
		}
		if got := done.Load(); got != jobs {
			y.t.Errorf("%d jobs were done %d times", jobs, got)
		}
	})
}

func TestAFaultIsTriedAgainAndThenGivenUp(t *testing.T) {
	each(t, func(y *yard) {
		s := y.server("a", work(func(context.Context, job.Job) error {
			return errs.New(errs.Unavailable, "the line is dead").WithHint("Call the plumber.")
		}))
		y.add("work", "")
		for attempt, wait := range []time.Duration{time.Minute, 4 * time.Minute} {
			y.must(s.Take(y.t.Context()))
			s.Rest()
			j := y.only()
			if j.State != job.Waiting || !j.DueAt.Equal(y.clock.Add(wait)) || j.Attempt != attempt+1 {
				y.t.Fatalf("after attempt %d: %+v, want it to wait for %s", attempt+1, j, wait)
			}
			y.step(wait)
		}
		y.must(s.Take(y.t.Context()))
		s.Rest()
		if j := y.only(); j.State != job.Failed || j.Error != "the line is dead" || j.Hint != "Call the plumber." {
			y.t.Errorf("after the last attempt: %+v, want it failed with error and hint", j)
		}
	})
}

func TestAFinalFaultIsNotTriedAgain(t *testing.T) {
	each(t, func(y *yard) {
		for name, do := range map[string]func(context.Context, job.Job) error{
			"final": func(context.Context, job.Job) error { return job.Final(errors.New("no use")) },
			"panic": func(context.Context, job.Job) error { panic("broken") },
		} {
			s := y.server("a", job.Kind{Name: name, Do: do, Attempts: 3})
			y.add(name, "")
			y.must(s.Take(y.t.Context()))
			s.Rest()
		}
		counts, err := y.db.CountJobs(y.t.Context())
		if err != nil || counts[job.Failed] != 2 {
			y.t.Errorf("the jobs are %v, %v; want both failed", counts, err)
		}
	})
}

func TestTheJobOfADeadServerIsTakenUpWithinAMinute(t *testing.T) {
	each(t, func(y *yard) {
		var begun atomic.Int32
		let := make(chan struct{})
		dead, alive := y.server("dead", held(&begun, let)), y.server("alive", held(&begun, let))
		ctx, kill := context.WithCancel(y.t.Context())
		y.add("work", "")
		y.must(dead.Take(ctx)) // and never heard of again
		for range 6 {
			y.must(alive.Look(y.t.Context()))
			if j := y.only(); j.State != job.Running {
				y.t.Fatalf("the job is %s after %s, want its server to be waited for", j.State, y.passed.Sub(noon))
			}
			y.step(5 * time.Second)
		}
		y.step(5 * time.Second)
		y.must(alive.Look(y.t.Context()))
		y.must(alive.Take(y.t.Context()))
		if j := y.only(); j.Worker != "alive" || j.Attempt != 2 || y.passed.Sub(noon) > time.Minute {
			y.t.Errorf("after %s the job is %+v, want it with the server that is alive", y.passed.Sub(noon), j)
		}
		// The dead one was only asleep: what it says of the job counts no more.
		kill()
		dead.Rest()
		if j := y.only(); j.State != job.Running || j.Worker != "alive" {
			y.t.Errorf("the job is %+v after the first server spoke again", j)
		}
		close(let)
		alive.Rest()
		if j := y.only(); j.State != job.Done {
			y.t.Errorf("the job is %s, want done", j.State)
		}
	})
}

func TestALivingServerKeepsItsJob(t *testing.T) {
	each(t, func(y *yard) {
		var begun atomic.Int32
		let := make(chan struct{})
		one, other := y.server("one", held(&begun, let)), y.server("other", held(&begun, let))
		y.add("work", "")
		y.must(one.Take(y.t.Context()))
		for range 60 {
			y.step(5 * time.Second)
			y.must(one.Look(y.t.Context()))
			y.must(other.Look(y.t.Context()))
			y.clock = y.clock.Add(-time.Hour) // a clock that jumps changes nothing
		}
		close(let)
		one.Rest()
		if j := y.only(); j.State != job.Done || j.Attempt != 1 || begun.Load() != 1 {
			y.t.Errorf("the job is %+v, begun %d times; want it done once", j, begun.Load())
		}
	})
}

func TestAServerThatLostItsJobStopsIt(t *testing.T) {
	each(t, func(y *yard) {
		var begun atomic.Int32
		s := y.server("a", held(&begun, nil))
		y.add("work", "")
		y.must(s.Take(y.t.Context()))
		j := y.only()
		saved, err := y.db.RescueJob(y.t.Context(), j, y.clock)
		if err != nil || !saved {
			y.t.Fatalf("rescue: %v, %v", saved, err)
		}
		y.step(6 * time.Second)
		y.must(s.Look(y.t.Context()))
		s.Rest() // would never end
		if j := y.only(); j.State != job.Waiting {
			y.t.Errorf("the job is %s, want it to wait for another server", j.State)
		}
	})
}

func TestAServerThatStopsHandsItsJobOn(t *testing.T) {
	each(t, func(y *yard) {
		var begun atomic.Int32
		s := y.server("a", held(&begun, nil))
		y.add("work", "")
		ctx, stop := context.WithCancel(y.t.Context())
		y.must(s.Take(ctx))
		stop()
		s.Rest()
		if j := y.only(); j.State != job.Waiting || j.DueAt.After(y.clock) || j.Error != "" {
			y.t.Errorf("the job is %+v, want it due at once", j)
		}
	})
}

func TestPeopleSteerJobs(t *testing.T) {
	each(t, func(y *yard) {
		ctx, p := y.t.Context(), account.CommandLine()
		people := job.New(y.db, func() time.Time { return y.clock })
		var begun atomic.Int32
		s := y.server("a", held(&begun, nil))
		_, err := y.db.AddJob(ctx, job.Job{Kind: "work", DueAt: noon.Add(time.Hour), CreatedAt: noon})
		y.must(err)
		id := y.only().ID
		y.must(people.RunNow(ctx, p, id))
		y.must(s.Take(ctx))
		if j := y.only(); j.State != job.Running {
			y.t.Fatalf("the job is %s after it was to run now", j.State)
		}
		if err := people.RunNow(ctx, p, id); !errs.Is(err, errs.Conflict) {
			y.t.Errorf("to run what runs: %v, want a conflict", err)
		}
		y.must(people.Stop(ctx, p, id))
		y.must(s.Look(ctx))
		s.Rest()
		if j := y.only(); j.State != job.Cancelled {
			y.t.Errorf("the job is %s after it was stopped", j.State)
		}
		if err := people.Stop(ctx, p, id); !errs.Is(err, errs.Conflict) {
			y.t.Errorf("to stop what is over: %v, want a conflict", err)
		}
		y.must(people.RunNow(ctx, p, id))
		y.must(people.RunNow(ctx, p, id)) // which is no second one
		open, err := people.Open(ctx, p)
		if err != nil || len(open) != 1 || open[0].State != job.Waiting {
			y.t.Errorf("after it was to run again: %+v, %v; want one that waits", open, err)
		}
		y.must(people.Stop(ctx, p, open[0].ID))
		if over, err := people.Finished(ctx, p, 0, 10); err != nil || len(over) != 2 || over[0].ID < over[1].ID {
			y.t.Errorf("over are %+v, %v; want two, the newest first", over, err)
		}
		if _, err := people.Open(ctx, account.Principal{}); !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Unauthenticated) {
			y.t.Errorf("for nobody: %v, want it refused", err)
		}
	})
}
