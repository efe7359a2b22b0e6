package store

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/syncer"
)

// Figures are what an operator watches of a database. Everything in them is a
// handful of aggregates: asking for them every few seconds costs little.
type Figures struct {
	Syncs        map[int64]SyncFigures // by connection; those without runs are left out
	Letters      map[mail.State]int
	OldestLetter time.Time // when the oldest that waits was queued; zero when none does
	Jobs         map[job.State]int
	OldestJob    time.Time // when the oldest that waits is due; zero when none waits
	Acts         map[automation.ActState]int
	OldestAct    time.Time // since when the oldest that waits is due; zero when none is
	Bytes        int64     // of the database
	LogBytes     int64     // of SQLite's write-ahead log
}

// SyncFigures are those of one connection.
type SyncFigures struct {
	Success   time.Time // when a run for everybody last ended that got through; zero for never
	Running   int
	Held      int       // runs of which a part waits for approval
	HeldSince time.Time // when the oldest of these began; zero when there is none
}

// Figures returns what an operator watches.
func (db *DB) Figures(ctx context.Context) (Figures, error) {
	f := Figures{Syncs: map[int64]SyncFigures{}, Acts: map[automation.ActState]int{}}
	for _, part := range []func(context.Context, *Figures) error{db.syncFigures, db.letterFigures, db.jobFigures, db.actFigures, db.sizes} {
		if err := part(ctx, &f); err != nil {
			return f, explain(err, db.place)
		}
	}
	return f, nil
}

// gotThrough are the states of a run that brought the register up to date, but
// for what is held or failed of it.
var gotThrough = quoted([]syncer.State{syncer.Succeeded, syncer.Partial, syncer.Held, syncer.Undone})

func (db *DB) syncFigures(ctx context.Context, f *Figures) error {
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT connection_id,
			COALESCE(MAX(CASE WHEN stage = 'done' AND mode <> 'preview' AND state IN (`+gotThrough+`) AND scope IN ($1, $2) THEN finished_at END), 0),
			COUNT(CASE WHEN state = 'running' THEN 1 END),
			COUNT(CASE WHEN state = 'held' THEN 1 END),
			COALESCE(MIN(CASE WHEN state = 'held' THEN started_at END), 0)
		FROM run GROUP BY connection_id`, everybody, everybodyAgain)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, success, since int64
		var s SyncFigures
		if err := rows.Scan(&id, &success, &s.Running, &s.Held, &since); err != nil {
			return err
		}
		s.Success, s.HeldSince = fromMicros(success), fromMicros(since)
		f.Syncs[id] = s
	}
	return explain(rows.Err(), db.place)
}

func (db *DB) letterFigures(ctx context.Context, f *Figures) (err error) {
	if f.Letters, err = db.CountLetters(ctx); err != nil {
		return err
	}
	var oldest int64
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COALESCE(MIN(created_at), 0) FROM letter WHERE state = 'queued'`).Scan(&oldest)
	f.OldestLetter = fromMicros(oldest)
	return err
}

func (db *DB) jobFigures(ctx context.Context, f *Figures) (err error) {
	if f.Jobs, err = db.CountJobs(ctx); err != nil {
		return err
	}
	var oldest int64
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COALESCE(MIN(due_at), 0) FROM job WHERE state = 'waiting'`).Scan(&oldest)
	f.OldestJob = fromMicros(oldest)
	return err
}

func (db *DB) actFigures(ctx context.Context, f *Figures) error {
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT state, COUNT(*), MIN(due_at) FROM automation_act GROUP BY state`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var state automation.ActState
		var n int
		var due int64
		if err := rows.Scan(&state, &n, &due); err != nil {
			return err
		}
		f.Acts[state] = n
		if at := fromMicros(due); state == automation.Waiting && !at.After(db.now()) {
			f.OldestAct = at
		}
	}
	return explain(rows.Err(), db.place)
}

func (db *DB) sizes(ctx context.Context, f *Figures) error {
	if db.dialect.isSQLite() {
		f.Bytes, f.LogBytes = sizeOf(db.place), sizeOf(db.place+"-wal")
		return nil
	}
	return db.conn(ctx).QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&f.Bytes)
}
