package store_test

import (
	"testing"
	"time"

	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

func TestFiguresTellOfRunsLettersAndActs(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if f, err := db.Figures(ctx); err != nil || len(f.Syncs) != 0 || f.Bytes == 0 || !f.OldestLetter.IsZero() {
			t.Errorf("an empty database has %+v, %v", f, err)
		}
		run := func(connection int64, hour int, state syncer.State, mode syncer.Mode, person string) {
			r, err := db.CreateRun(ctx, syncer.Run{Connection: connection, Mode: mode, Asked: "hand", State: state, StartedAt: day.Add(time.Duration(hour) * time.Hour), Scope: syncer.Scope{Person: person}})
			must(t, err)
			if r.Stage = syncer.StageDone; state != syncer.Running {
				r.FinishedAt = r.StartedAt.Add(time.Minute)
			}
			if state == syncer.Failed || state == syncer.Running {
				r.Stage = syncer.StageRead
			}
			must(t, db.SaveRun(ctx, r))
		}
		run(1, 1, syncer.Succeeded, syncer.Full, "")
		run(1, 2, syncer.Held, syncer.Incremental, "")
		run(1, 3, syncer.Held, syncer.Incremental, "")
		run(1, 4, syncer.Succeeded, syncer.Incremental, "zoe") // one person is not everybody
		run(1, 5, syncer.Succeeded, syncer.Preview, "")
		run(1, 6, syncer.Failed, syncer.Incremental, "")
		run(1, 7, syncer.Running, syncer.Incremental, "")
		run(2, 1, syncer.Failed, syncer.Full, "")
		must(t, db.InsertLetter(ctx, mail.Letter{To: "a@b.example", State: mail.Queued, CreatedAt: day.Add(time.Hour), NextAt: day}))
		must(t, db.InsertLetter(ctx, mail.Letter{To: "a@b.example", State: mail.Queued, CreatedAt: day, NextAt: day}))
		must(t, db.InsertLetter(ctx, mail.Letter{To: "a@b.example", State: mail.Failed, CreatedAt: day.Add(-time.Hour), NextAt: day}))
		for seq, state := range []string{"waiting", "waiting", "failed"} {
			must(t, db.Exec(ctx, `INSERT INTO automation_act (firing_id, automation_id, seq, state, due_at, attempts, sent, outcome) VALUES (1, 1, $1, $2, $3, 0, 0, '')`, seq, state, day.UnixMicro()))
		}
		f, err := db.Figures(ctx)
		must(t, err)
		want := store.SyncFigures{Success: day.Add(3*time.Hour + time.Minute), Running: 1, Held: 2, HeldSince: day.Add(2 * time.Hour)}
		if f.Syncs[1] != want || f.Syncs[2] != (store.SyncFigures{}) {
			t.Errorf("got %+v, want %+v and nothing of the second", f.Syncs, want)
		}
		if f.Letters[mail.Queued] != 2 || f.Letters[mail.Failed] != 1 || !f.OldestLetter.Equal(day) {
			t.Errorf("letters: %+v, the oldest of %v", f.Letters, f.OldestLetter)
		}
		if f.Acts[automation.Waiting] != 2 || f.Acts[automation.Failed] != 1 || !f.OldestAct.Equal(day) {
			t.Errorf("acts: %+v, the oldest due %v", f.Acts, f.OldestAct)
		}
	})
}
