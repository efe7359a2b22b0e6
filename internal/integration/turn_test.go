package integration_test

import (
	"testing"
	"time"

	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// scheduled is a synced connection with a schedule, and the beginning of its
// last full run.
func (o *office) scheduled(s syncer.Schedule) (syncer.Connection, time.Time) {
	o.t.Helper()
	ctx, c := o.t.Context(), o.configured()
	c.Schedule = s
	c, err := o.svc.Save(ctx, chief, c)
	o.must(err)
	_, err = o.svc.SaveMappings(ctx, chief, c.ID, o.everyone())
	o.must(err)
	return c, o.began(c, integration.Order{Full: true})
}

// began is when a run began that has ended by now.
func (o *office) began(c syncer.Connection, order integration.Order) time.Time {
	o.t.Helper()
	id, err := o.svc.Start(o.t.Context(), chief, c.ID, order)
	o.must(err)
	return o.ended(id).StartedAt
}

func (o *office) wantNext(c syncer.Connection, now, at time.Time, full bool) {
	o.t.Helper()
	gotAt, gotFull, err := o.svc.Next(o.t.Context(), c, now)
	o.must(err)
	if !gotAt.Equal(at) || gotFull != full {
		o.t.Errorf("at %s the next sync is at %s, full %v; want %s, full %v", now, gotAt, gotFull, at, full)
	}
}

func TestTheNextSyncFollowsTheLastOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		c, full := o.scheduled(syncer.Schedule{Incremental: "every 1 hours", Full: "every 168 hours"})
		o.wantNext(c, full.Add(time.Minute), full.Add(time.Hour), false)
		late := full.Add(48 * time.Hour) // no server was there for two days
		o.wantNext(c, late, full.Add(time.Hour), false)
		o.wantNext(c, full.Add(200*time.Hour), full.Add(time.Hour), true)

		changes := o.began(c, integration.Order{})
		o.wantNext(c, changes.Add(time.Minute), changes.Add(time.Hour), false)
		if week := full.Add(168 * time.Hour); changes.Add(169 * time.Hour).After(week) {
			o.wantNext(c, week.Add(time.Minute), changes.Add(time.Hour), true) // changes do not put everything off
		}
	})
}

func TestARunForOnePersonOrInTheFuturePutsNoSyncOff(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	c, full := o.scheduled(syncer.Schedule{Incremental: "every 1 hours"})
	somebody, err := o.svc.Try(t.Context(), chief, c.ID, o.everyone()[0], 0)
	o.must(err)
	o.began(c, integration.Order{Person: somebody.Subject.Object.String()})
	o.began(c, integration.Order{Preview: true})
	o.wantNext(c, full.Add(time.Minute), full.Add(time.Hour), false)

	later := o.began(c, integration.Order{}) // by a clock that was ahead
	if now := later.Add(-time.Microsecond); !now.Before(full) {
		o.wantNext(c, now, full.Add(time.Hour), false)
	}
}

func TestWithoutAScheduleNothingIsNext(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	c, full := o.scheduled(syncer.Schedule{Incremental: "off"})
	o.wantNext(c, full.Add(time.Minute), time.Time{}, false)
	c.Schedule = syncer.Schedule{Full: "every 24 hours"}
	o.wantNext(c, full.Add(time.Minute), full.Add(24*time.Hour), true)
}

// Of changes of the clock package timing knows.
func TestAScheduleIsInTheZoneOfItsConnection(t *testing.T) {
	t.Parallel()
	c := syncer.Connection{Schedule: syncer.Schedule{Full: "daily at 02:30", TimeZone: "Asia/Tokyo"}}
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	if got, want := integration.NextAfter(c, noon), time.Date(2026, 3, 28, 17, 30, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("after %s the next is %s, want %s", noon, got, want)
	}
}
