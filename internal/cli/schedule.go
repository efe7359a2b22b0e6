package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/syncer"
)

// The kinds of jobs. Their names are stored.
const (
	syncJobs = "sync" // of a connection, by its schedule
	tidyJobs = "tidy" // the database: what has been kept for long enough goes
)

// How often the database is tidied, and how long jobs are kept that are over.
const (
	tidyEvery = 24 * time.Hour
	jobsKept  = 30 * 24 * time.Hour
)

// keepJobs does what is due until the context ends. Any number of processes over
// one database may: each job is one's at a time.
func (h *house) keepJobs(ctx context.Context, log *slog.Logger) {
	job.NewRunner(h.db, worker(), []job.Kind{h.syncKind(), h.tidyKind()}, h.now, log).Run(ctx)
}

// worker names this process among the servers.
func worker() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return host + "/" + strconv.Itoa(os.Getpid()) + "/" + rand.Text()[:4]
}

// syncKind are the syncs whose time has come. They go the way of runs that people
// start, so that the screens show how far they are.
func (h *house) syncKind() job.Kind {
	return job.Kind{Name: syncJobs, Do: h.syncDue, Attempts: 3, Turns: h.syncTurns}
}

// syncTurns says when each connection syncs next.
func (h *house) syncTurns(ctx context.Context, now time.Time) ([]job.Turn, error) {
	list, err := h.sync.Connections(ctx)
	if err != nil {
		return nil, err
	}
	var out []job.Turn
	for _, c := range list {
		at, _, err := h.work.Next(ctx, c, now)
		if err != nil {
			return nil, err
		}
		if at.IsZero() {
			continue
		}
		after := func(done time.Time) time.Time { return integration.NextAfter(c, done) }
		out = append(out, job.Turn{Subject: strconv.FormatInt(c.ID, 10), At: at, After: after})
	}
	return out, nil
}

// syncDue syncs a connection. A run that failed is tried again after some minutes
// when its next turn is further away than that.
func (h *house) syncDue(ctx context.Context, j job.Job) error {
	c, full, err := h.dueConnection(ctx, j)
	if err != nil {
		return err
	}
	run, err := h.work.Carry(ctx, account.System(), c.ID, integration.Order{Full: full, Asked: "schedule"})
	if errs.Is(err, errs.Conflict) {
		return nil // somebody else is at it
	}
	if err != nil {
		return job.Final(err) // a mapping is missing, say
	}
	err = integration.FaultOf(run)
	now := h.now()
	if next := integration.NextAfter(c, now); next.Sub(now) <= time.Hour {
		return job.Final(err)
	}
	return err
}

// dueConnection is the connection of a job, and whether all of it is to be read.
func (h *house) dueConnection(ctx context.Context, j job.Job) (c syncer.Connection, full bool, err error) {
	id, err := strconv.ParseInt(j.Subject, 10, 64)
	if err != nil {
		return c, false, job.Final(errs.New(errs.Internal, "%q is not the number of a connection", j.Subject))
	}
	if c, err = h.sync.Connection(ctx, id); err != nil {
		return c, false, job.Final(err)
	}
	now := h.now()
	at, full, err := h.work.Next(ctx, c, now)
	return c, full && !at.After(now), err
}

// tidyKind throws away what has been kept for long enough.
func (h *house) tidyKind() job.Kind {
	return job.Kind{
		Name: tidyJobs, Attempts: 3,
		Do: func(ctx context.Context, _ job.Job) error {
			now := h.now()
			return cmp.Or(h.mail.Tidy(ctx), h.db.DeleteJobs(ctx, now.Add(-jobsKept)), h.db.DeleteUploads(ctx, now.Add(-exchange.UploadLife)))
		},
		Turns: func(context.Context, time.Time) ([]job.Turn, error) {
			return []job.Turn{{At: time.Unix(1, 0), After: func(done time.Time) time.Time { return done.Add(tidyEvery) }}}, nil
		},
	}
}
