// Package job has work done that is due at a time, by any of the servers over
// one database, once: scheduled syncs and what keeps the database tidy. A job is
// a row, and so it outlives the process that does it.
//
//	   ┌──────── taken up again: its server stopped or died, or it is tried again
//	   ▼                                       │
//	waiting ── due, and a server is free ──► running ──► done | failed
//	   │                                       │
//	   └────────────── stopped by a person ────┴───────► cancelled
//
// A server says every few seconds that it is still at its jobs. One that a
// server has not spoken of for a while is taken up by another: a server that
// lost its database gives its jobs up before that. Clocks of servers are never
// compared, for they differ, and jump.
package job

import (
	"context"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
)

// State is how far a job is. Its text is stored and stands in JSON.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// States are all of them, in the order in which people look at them.
var States = [...]State{Running, Waiting, Failed, Done, Cancelled}

// Open reports whether something is still to be done.
func (s State) Open() bool { return s == Waiting || s == Running }

// Job is one piece of work.
type Job struct {
	ID         int64
	Kind       string
	Subject    string // what it is about, such as the number of a connection; "" for nothing
	State      State
	DueAt      time.Time
	Attempt    int    // how often it was begun
	Worker     string // the server that does it, or did it last
	Beat       int64  // grows while the server is at it
	Stopping   bool   // running, and somebody asked for its end
	CreatedAt  time.Time
	StartedAt  time.Time // zero before
	FinishedAt time.Time // zero before
	Error      string    // of the last attempt
	Hint       string
}

// Name is the kind with the subject.
func (j *Job) Name() string {
	if j.Subject == "" {
		return j.Kind
	}
	return j.Kind + " " + j.Subject
}

// Turn is when something comes round by itself.
type Turn struct {
	Subject string
	At      time.Time
	// After is when it comes round next, were it done at a moment.
	After func(done time.Time) time.Time
}

// Kind is a sort of work.
type Kind struct {
	Name string
	// Do carries a job out and obeys its context. A fault is tried again after
	// some minutes while there are Attempts, unless it is Final.
	Do       func(ctx context.Context, j Job) error
	Attempts int // 0 and 1: it is tried once
	// Turns lists what comes round by itself; nil when nothing of the kind does.
	Turns func(ctx context.Context, now time.Time) ([]Turn, error)
}

// Store is the database as this package needs it; store.DB implements it. The
// methods that name a job that a server does change nothing, and report false,
// when the job is no longer that server's, at that attempt.
type Store interface {
	// OpenJobs lists what waits and runs.
	OpenJobs(ctx context.Context) ([]Job, error)
	// AddJob adds a job that waits, unless one of its kind and subject is open.
	AddJob(ctx context.Context, j Job) (added bool, err error)
	// MoveJob sets when a job is due that waits.
	MoveJob(ctx context.Context, id int64, due time.Time) error
	// LastDue is when the last finished job of a kind and subject was due that was
	// not due after a moment; zero when there is none.
	LastDue(ctx context.Context, kind, subject string, before time.Time) (time.Time, error)
	// TakeJob gives the job that is due the longest to a server, or fails with NotFound.
	TakeJob(ctx context.Context, worker string, now time.Time) (Job, error)
	// BeatJobs says that a server is at its jobs, and returns them as they are.
	BeatJobs(ctx context.Context, worker string) ([]Job, error)
	// EndJob stores what became of an attempt: State, DueAt, FinishedAt, Error, Hint.
	EndJob(ctx context.Context, j Job) (mine bool, err error)
	// RescueJob makes a running job wait again, unless its beat has moved on.
	RescueJob(ctx context.Context, j Job, due time.Time) (mine bool, err error)

	Job(ctx context.Context, id int64) (Job, error) // NotFound
	// FinishedJobs lists finished jobs, the newest first, from before a number; 0 for all.
	FinishedJobs(ctx context.Context, before int64, limit int) ([]Job, error)
	CountJobs(ctx context.Context) (map[State]int, error)
	// StopJob cancels a job that waits, and asks for the end of one that runs.
	StopJob(ctx context.Context, id int64, now time.Time) (stopped bool, err error)
	DeleteJobs(ctx context.Context, before time.Time) error // finished before a moment

	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	WriteAudit(ctx context.Context, e audit.Event) error
}

// finalFault is a fault that trying again does not mend.
type finalFault struct{ error }

func (f finalFault) Unwrap() error { return f.error }

// Final marks a fault as one that trying again does not mend, or not yet.
func Final(err error) error {
	if err == nil {
		return nil
	}
	return finalFault{err}
}

func isFinal(err error) bool {
	_, ok := errors.AsType[finalFault](err)
	return ok
}

// Service is what people do with jobs. It is safe for concurrent use.
type Service struct {
	store Store
	now   func() time.Time
}

// New returns a service. now is the clock; nil means time.Now.
func New(store Store, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, now: now}
}

// may asks for the right to see and steer jobs: they are the organization's.
func may(p account.Principal) error { return p.May(account.ManageAccounts, 0, 0, 0) }

// Open lists what runs and what waits, the next first.
func (s *Service) Open(ctx context.Context, p account.Principal) ([]Job, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	return s.store.OpenJobs(ctx)
}

// Finished lists what is over, the newest first, from before a number; 0 for all.
func (s *Service) Finished(ctx context.Context, p account.Principal, before int64, limit int) ([]Job, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	return s.store.FinishedJobs(ctx, before, limit)
}

// Counts counts jobs by state, for whoever watches the machine.
func (s *Service) Counts(ctx context.Context) (map[State]int, error) { return s.store.CountJobs(ctx) }

// Stop ends a job: one that waits is left out this time, one that runs stops at
// the next place where nothing is half done.
func (s *Service) Stop(ctx context.Context, p account.Principal, id int64) error {
	return s.steer(ctx, p, id, audit.JobStopped, func(ctx context.Context, j Job) error {
		stopped, err := s.store.StopJob(ctx, id, s.now())
		if err == nil && !stopped {
			err = errs.New(errs.Conflict, "the job is over already")
		}
		return err
	})
}

// RunNow has a job done as soon as a server is free: one that waits is due now,
// one that is over is done once more.
func (s *Service) RunNow(ctx context.Context, p account.Principal, id int64) error {
	return s.steer(ctx, p, id, audit.JobStarted, func(ctx context.Context, j Job) error {
		if j.State == Running {
			return errs.New(errs.Conflict, "the job is being done already")
		}
		if j.State == Waiting {
			return s.store.MoveJob(ctx, id, s.now())
		}
		added, err := s.store.AddJob(ctx, Job{Kind: j.Kind, Subject: j.Subject, DueAt: s.now(), CreatedAt: s.now()})
		if err != nil || added {
			return err
		}
		open, err := s.store.OpenJobs(ctx)
		if err != nil {
			return err
		}
		for _, o := range open {
			if o.Kind == j.Kind && o.Subject == j.Subject && o.State == Waiting {
				return s.store.MoveJob(ctx, o.ID, s.now())
			}
		}
		return errs.New(errs.Conflict, "the job is being done already")
	})
}

// steer does something with a job, and leaves its trace.
func (s *Service) steer(ctx context.Context, p account.Principal, id int64, action audit.Action, do func(ctx context.Context, j Job) error) error {
	if err := may(p); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		j, err := s.store.Job(ctx, id)
		if err != nil {
			return err
		}
		if err := do(ctx, j); err != nil {
			return err
		}
		return s.store.WriteAudit(ctx, audit.Event{
			At: s.now(), Actor: p.Actor(), Action: action, SubjectKind: "job", SubjectID: j.ID, SubjectName: j.Name(),
		})
	})
}
