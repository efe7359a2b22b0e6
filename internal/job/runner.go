package job

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// How often a server looks, in time that passes and not by the clock.
const (
	takeEvery = 2 * time.Second  // for jobs that are due
	planEvery = 15 * time.Second // for what comes round
	beatEvery = 5 * time.Second  // at its own jobs and at those of others
	// deadAfter is how long a job's beat may stand still before it is taken up
	// again. Its own server gives up earlier, when it cannot reach the database.
	deadAfter   = 30 * time.Second
	giveUpAfter = 20 * time.Second
	atOnce      = 4 // jobs that one server does at a time
)

// Why a job's context ends, besides the server's own end.
var (
	errStopped = errors.New("stopped by a person")
	errLost    = errors.New("another server took the job up")
)

// Runner does jobs for as long as its server lives.
type Runner struct {
	store  Store
	kinds  map[string]Kind
	order  []string
	worker string
	now    func() time.Time // the clock
	passed func() time.Time // the time that passes, whatever the clock says
	log    *slog.Logger

	mu    sync.Mutex
	doing map[int64]*doing
	beats map[int64]beat // of running jobs of other servers
	done  sync.WaitGroup
	wake  chan struct{} // a job ended, and another may begin
}

// doing is a job that this server does.
type doing struct {
	attempt int
	seen    time.Time // when the database last said that it is this server's
	cancel  context.CancelCauseFunc
}

// beat is what was seen of a job of another server.
type beat struct {
	attempt int
	at      int64
	since   time.Time
}

// NewRunner returns a runner of some kinds of jobs. Worker names the server to
// people and must be another one for each process. now is the clock; nil means
// time.Now.
func NewRunner(store Store, worker string, kinds []Kind, now func() time.Time, log *slog.Logger) *Runner {
	if now == nil {
		now = time.Now
	}
	r := &Runner{
		store: store, worker: worker, now: now, passed: time.Now, log: log, kinds: map[string]Kind{},
		doing: map[int64]*doing{}, beats: map[int64]beat{}, wake: make(chan struct{}, 1),
	}
	for _, k := range kinds {
		r.kinds[k.Name] = k
		r.order = append(r.order, k.Name)
	}
	return r
}

// Run does jobs until the context ends, and waits for the end of those that it
// began: they stop where nothing is half done, and go on at another server.
func (r *Runner) Run(ctx context.Context) {
	take, plan, look := time.NewTicker(takeEvery), time.NewTicker(planEvery), time.NewTicker(beatEvery)
	defer take.Stop()
	defer plan.Stop()
	defer look.Stop()
	told := faults{log: r.log}
	told.tell(ctx, "plan", r.plan(ctx))
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-plan.C:
			told.tell(ctx, "plan", r.plan(ctx))
		case <-look.C:
			told.tell(ctx, "look", r.look(ctx))
		case <-take.C:
			told.tell(ctx, "take", r.take(ctx))
		case <-r.wake:
			told.tell(ctx, "take", r.take(ctx))
		}
	}
	r.done.Wait()
}

// faults logs a fault that stays when it appears.
type faults struct {
	log  *slog.Logger
	last map[string]string
}

func (f *faults) tell(ctx context.Context, what string, err error) {
	if f.last == nil {
		f.last = map[string]string{}
	}
	text := ""
	if err != nil && ctx.Err() == nil {
		text = err.Error()
	}
	if text != "" && text != f.last[what] {
		f.log.Error("jobs could not be looked after", "doing", what, "error", err, "next step", errs.HintOf(err))
	}
	f.last[what] = text
}

// plan has what comes round wait for its time. One that waits for another try
// keeps its time, unless its turn comes before.
func (r *Runner) plan(ctx context.Context) error {
	open, err := r.store.OpenJobs(ctx)
	if err != nil {
		return err
	}
	byName := map[[2]string]*Job{}
	for i := range open {
		byName[[2]string{open[i].Kind, open[i].Subject}] = &open[i]
	}
	var all error
	for _, name := range r.order {
		kind := r.kinds[name]
		if kind.Turns == nil {
			continue
		}
		turns, err := kind.Turns(ctx, r.now())
		if err != nil {
			all = errors.Join(all, err)
			continue
		}
		for _, t := range turns {
			known := byName[[2]string{name, t.Subject}]
			delete(byName, [2]string{name, t.Subject})
			all = errors.Join(all, r.planTurn(ctx, name, t, known))
		}
	}
	return errors.Join(all, r.drop(ctx, byName))
}

// planTurn puts one turn into the database.
func (r *Runner) planTurn(ctx context.Context, kind string, t Turn, known *Job) error {
	if known != nil && known.State == Running {
		return nil
	}
	now := r.now()
	last, err := r.store.LastDue(ctx, kind, t.Subject, now)
	if err != nil {
		return err
	}
	at := t.At
	if !last.IsZero() && !at.After(last) { // done at that, or left out
		at = t.After(last)
	}
	switch {
	case at.IsZero():
		return nil
	case known == nil:
		if at.Before(now) { // turns that were missed come once
			at = now
		}
		_, err = r.store.AddJob(ctx, Job{Kind: kind, Subject: t.Subject, DueAt: at, CreatedAt: now})
	case known.Attempt > 0 && known.DueAt.Before(at), known.DueAt.Equal(at):
	case !known.DueAt.After(now) && !at.After(now): // both are due
	default:
		err = r.store.MoveJob(ctx, known.ID, at)
	}
	return err
}

// drop takes away what waited for a turn that no longer comes. What was asked
// for by hand is due already, and stays.
func (r *Runner) drop(ctx context.Context, left map[[2]string]*Job) error {
	for name, j := range left {
		if r.kinds[name[0]].Turns == nil || j.State != Waiting || !j.DueAt.After(r.now()) {
			continue
		}
		if _, err := r.store.StopJob(ctx, j.ID, r.now()); err != nil {
			return err
		}
	}
	return nil
}

// take begins the jobs that are due, as many as there are hands.
func (r *Runner) take(ctx context.Context) error {
	for r.free() {
		j, err := r.store.TakeJob(ctx, r.worker, r.now())
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		r.begin(ctx, j)
	}
	return nil
}

func (r *Runner) free() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.doing) < atOnce
}

// begin does a job in the background.
func (r *Runner) begin(ctx context.Context, j Job) {
	ctx, cancel := context.WithCancelCause(ctx)
	r.mu.Lock()
	r.doing[j.ID] = &doing{attempt: j.Attempt, seen: r.passed(), cancel: cancel}
	r.mu.Unlock()
	r.done.Go(func() {
		defer cancel(nil)
		err := r.do(ctx, j)
		r.end(ctx, j, err)
		r.mu.Lock()
		delete(r.doing, j.ID)
		r.mu.Unlock()
		select {
		case r.wake <- struct{}{}:
		default: // it is awake already
		}
	})
}

// do carries a job out. A panic is its fault, and not the end of the server.
func (r *Runner) do(ctx context.Context, j Job) (err error) {
	kind, known := r.kinds[j.Kind]
	if !known {
		return Final(errs.New(errs.Conflict, "this version of Muster knows no jobs of kind %q", j.Kind).WithHint("A newer one does them."))
	}
	defer func() {
		if p := recover(); p != nil {
			err = Final(errs.New(errs.Internal, "the job broke: %v", p))
			r.log.Error("a job broke", "job", j.Name(), "panic", p)
		}
	}()
	return kind.Do(ctx, j)
}

// end stores what became of a job.
//
//	how it ended                          state      due
//	well                                  done
//	its server stops                      waiting    now: another one goes on
//	a person stopped it                   cancelled
//	another server took it up             -
//	a fault, and attempts are left        waiting    some minutes later
//	a fault                               failed
func (r *Runner) end(ctx context.Context, j Job, fault error) {
	now := r.now()
	j.FinishedAt, j.Error, j.Hint = now, "", ""
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errLost):
		return
	case fault == nil:
		j.State = Done
	case errors.Is(cause, errStopped):
		j.State = Cancelled
	case ctx.Err() != nil:
		j.State, j.DueAt, j.FinishedAt = Waiting, now, time.Time{}
	default:
		j.State, j.Error, j.Hint = Failed, fault.Error(), errs.HintOf(fault)
		if !isFinal(fault) && j.Attempt < r.kinds[j.Kind].Attempts {
			j.State, j.DueAt, j.FinishedAt = Waiting, now.Add(patience(j.Attempt)), time.Time{}
		}
		r.log.Warn("a job failed", "job", j.Name(), "attempt", j.Attempt, "error", fault, "next step", j.Hint)
	}
	// The server may be stopping: what became of its jobs is stored all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if mine, err := r.store.EndJob(ctx, j); err != nil || !mine {
		r.log.Warn("what became of a job could not be stored; another server takes it up", "job", j.Name(), "error", err)
	}
}

// patience is how long a job waits after so many attempts.
func patience(attempts int) time.Duration {
	return min(time.Minute*time.Duration(1<<min(2*(attempts-1), 8)), time.Hour) // 1, 4, 16, 60 minutes
}

// look says that this server is at its jobs, stops those that are no longer its
// own or that somebody wants stopped, and takes up those of servers that are gone.
func (r *Runner) look(ctx context.Context) error {
	began := r.passed()
	mine, err := r.store.BeatJobs(ctx, r.worker)
	r.keep(mine, err, began)
	if err != nil {
		return err
	}
	open, err := r.store.OpenJobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range r.silent(open, r.passed()) {
		saved, err := r.store.RescueJob(ctx, j, r.now())
		if err != nil {
			return err
		}
		if saved {
			r.log.Warn("a job is taken up again: its server has not spoken for a while", "job", j.Name(), "server", j.Worker)
		}
	}
	return nil
}

// keep compares what this server does with what the database says it does.
func (r *Runner) keep(mine []Job, fault error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	byID := map[int64]Job{}
	for _, j := range mine {
		byID[j.ID] = j
	}
	for id, d := range r.doing {
		j, there := byID[id]
		switch {
		case fault != nil:
			if now.Sub(d.seen) > giveUpAfter {
				d.cancel(errLost)
			}
		case !there || j.Attempt != d.attempt:
			if now.Sub(d.seen) > beatEvery { // else it has just begun or ended
				d.cancel(errLost)
			}
		case j.Stopping:
			d.cancel(errStopped)
			d.seen = now
		default:
			d.seen = now
		}
	}
}

// silent returns the running jobs of other servers whose beat stands still for
// too long.
func (r *Runner) silent(open []Job, now time.Time) (dead []Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[int64]beat{}
	for _, j := range open {
		if _, mine := r.doing[j.ID]; mine || j.State != Running {
			continue
		}
		b, known := r.beats[j.ID]
		if !known || b.at != j.Beat || b.attempt != j.Attempt {
			b = beat{j.Attempt, j.Beat, now}
		}
		seen[j.ID] = b
		if now.Sub(b.since) > deadAfter {
			dead = append(dead, j)
		}
	}
	r.beats = seen
	return dead
}
