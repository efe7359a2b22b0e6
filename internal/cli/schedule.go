package cli

import (
	"context"
	"log/slog"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/syncer"
)

// lookEvery is how often the schedule is looked at.
const lookEvery = 15 * time.Second

// timekeeper starts the runs whose time has come. They go the way of runs that
// people start, so that the screens show how far they are.
type timekeeper struct {
	*house
	log  *slog.Logger
	told map[int64]string // by connection: the fault that was logged last, so that it is once
}

// keepTime starts what is due until the context ends.
func (h *house) keepTime(ctx context.Context, log *slog.Logger) {
	k := &timekeeper{house: h, log: log, told: map[int64]string{}}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := k.look(ctx, time.Now()); err != nil && ctx.Err() == nil {
			log.Error("the schedule could not be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look syncs the connections whose time has come, one after the other.
func (k *timekeeper) look(ctx context.Context, now time.Time) error {
	list, err := k.sync.Connections(ctx)
	if err != nil {
		return err
	}
	for _, conn := range list {
		if ctx.Err() != nil {
			return nil
		}
		if err := k.turn(ctx, conn, now); err != nil && ctx.Err() == nil {
			k.tell(conn, err)
			continue
		}
		delete(k.told, conn.ID)
	}
	return nil
}

// turn syncs a connection if it is due.
func (k *timekeeper) turn(ctx context.Context, conn syncer.Connection, now time.Time) error {
	if !conn.Configured() {
		return nil // it was added and is being set up
	}
	full, due, err := k.due(ctx, conn, now)
	if err != nil || !due {
		return err
	}
	err = k.work.Wait(ctx, account.System(), conn.ID, integration.Order{Full: full, Asked: "schedule"})
	if errs.Is(err, errs.Conflict) {
		return nil // somebody else is at it
	}
	return err
}

// tell logs that a connection's turn came to nothing. A fault that stays, such as
// a mapping that is missing, is logged when it appears.
func (k *timekeeper) tell(conn syncer.Connection, err error) {
	if k.told[conn.ID] == err.Error() {
		return
	}
	k.told[conn.ID] = err.Error()
	k.log.Error("a scheduled sync did not begin", "connection", conn.ID, "error", err, "next step", errs.HintOf(err))
}

// due reports whether a connection's next sync is due, and whether in full. A
// failed run counts as one: it is tried again at the next time, not at once.
func (h *house) due(ctx context.Context, conn syncer.Connection, now time.Time) (full, due bool, err error) {
	zone, err := time.LoadLocation(conn.Schedule.TimeZone)
	if err != nil {
		return false, false, err
	}
	last, lastFull := conn.UpdatedAt, conn.UpdatedAt
	runs, err := h.sync.Runs(ctx, conn.ID, 200)
	if err != nil {
		return false, false, err
	}
	for _, r := range runs {
		if r.Mode == syncer.Preview {
			continue
		}
		if r.StartedAt.After(last) {
			last = r.StartedAt
		}
		if r.Mode == syncer.Full && r.StartedAt.After(lastFull) {
			lastFull = r.StartedAt
		}
	}
	passed := func(words string, since time.Time) bool {
		t, err := config.ParseTiming(words)
		next := t.Next(since, zone)
		return err == nil && !next.IsZero() && !next.After(now)
	}
	if conn.Schedule.Full != "" && passed(conn.Schedule.Full, lastFull) {
		return true, true, nil
	}
	return false, conn.Schedule.Incremental != "" && passed(conn.Schedule.Incremental, last), nil
}
