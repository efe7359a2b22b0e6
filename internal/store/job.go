package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/job"
)

const jobColumns = `id, kind, subject, state, due_at, attempt, worker, beat, stopping, created_at, started_at, finished_at, error, hint`

func scanJob(row scanner) (job.Job, error) {
	var j job.Job
	var due, created, started, finished int64
	err := row.Scan(&j.ID, &j.Kind, &j.Subject, &j.State, &due, &j.Attempt, &j.Worker, &j.Beat, &j.Stopping, &created, &started, &finished, &j.Error, &j.Hint)
	if errors.Is(err, sql.ErrNoRows) {
		return j, errs.New(errs.NotFound, "there is no such job")
	}
	j.DueAt, j.CreatedAt, j.StartedAt, j.FinishedAt = fromMicros(due), fromMicros(created), fromMicros(started), fromMicros(finished)
	return j, err
}

// OpenJobs lists what runs and what waits: the running ones first, then by when
// they are due.
func (db *DB) OpenJobs(ctx context.Context) ([]job.Job, error) {
	return collect(ctx, db, scanJob, `SELECT `+jobColumns+` FROM job WHERE state IN ('waiting', 'running')
		ORDER BY CASE WHEN state = 'running' THEN 0 ELSE 1 END, due_at, id`)
}

// AddJob adds a job that waits, unless one of its kind and subject is open.
func (db *DB) AddJob(ctx context.Context, j job.Job) (added bool, err error) {
	res, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO job
		(kind, subject, state, due_at, attempt, worker, beat, stopping, created_at, started_at, finished_at, error, hint)
		VALUES ($1, $2, 'waiting', $3, 0, '', 0, FALSE, $4, 0, 0, '', '') ON CONFLICT DO NOTHING`,
		j.Kind, j.Subject, micros(j.DueAt), micros(j.CreatedAt))
	return one(res, err)
}

// one reports whether a statement changed a row.
func one(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// MoveJob sets when a job is due that waits.
func (db *DB) MoveJob(ctx context.Context, id int64, due time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE job SET due_at = $2 WHERE id = $1 AND state = 'waiting'`, id, micros(due))
	return err
}

// LastDue is when the last finished job of a kind and subject was due that was
// not due after a moment; zero when there is none.
func (db *DB) LastDue(ctx context.Context, kind, subject string, before time.Time) (time.Time, error) {
	var due int64
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT COALESCE(MAX(due_at), 0) FROM job
		WHERE kind = $1 AND subject = $2 AND finished_at > 0 AND due_at <= $3`, kind, subject, micros(before)).Scan(&due)
	if err != nil || due == 0 {
		return time.Time{}, err
	}
	return fromMicros(due), nil
}

// TakeJob gives the job that is due the longest to a server, or fails with
// NotFound.
func (db *DB) TakeJob(ctx context.Context, worker string, now time.Time) (j job.Job, err error) {
	// Mostly there is none, and then no writer is disturbed.
	var due bool
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM job WHERE state = 'waiting' AND due_at <= $1)`, micros(now)).Scan(&due)
	if err != nil || !due {
		return j, cmp.Or[error](err, errs.New(errs.NotFound, "no job is due"))
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		j, err = scanJob(db.conn(ctx).QueryRowContext(ctx, `SELECT `+jobColumns+` FROM job WHERE state = 'waiting' AND due_at <= $1
			ORDER BY due_at, id LIMIT 1`+db.dialect.locking("FOR UPDATE SKIP LOCKED"), micros(now)))
		if err != nil {
			return err
		}
		j.State, j.Worker, j.StartedAt, j.Stopping = job.Running, worker, now, false
		j.Attempt++
		j.Beat++
		_, err = db.conn(ctx).ExecContext(ctx, `UPDATE job SET state = 'running', worker = $2, attempt = $3, beat = $4, stopping = FALSE, started_at = $5
			WHERE id = $1`, j.ID, worker, j.Attempt, j.Beat, micros(now))
		return err
	})
	return j, err
}

// BeatJobs says that a server is at its jobs, and returns them as they are.
func (db *DB) BeatJobs(ctx context.Context, worker string) (mine []job.Job, err error) {
	const some = `SELECT ` + jobColumns + ` FROM job WHERE state = 'running' AND worker = $1`
	mine, err = collect(ctx, db, scanJob, some, worker)
	if err != nil || len(mine) == 0 {
		return mine, err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `UPDATE job SET beat = beat + 1 WHERE state = 'running' AND worker = $1`, worker)
	return mine, err
}

// EndJob stores what became of an attempt, if it is still the server's.
func (db *DB) EndJob(ctx context.Context, j job.Job) (mine bool, err error) {
	return one(db.conn(ctx).ExecContext(ctx, `UPDATE job SET state = $4, due_at = $5, finished_at = $6, error = $7, hint = $8, stopping = FALSE
		WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running'`,
		j.ID, j.Worker, j.Attempt, string(j.State), micros(j.DueAt), microsOrZero(j.FinishedAt), j.Error, j.Hint))
}

// RescueJob makes a running job wait again, unless its beat has moved on. One
// that somebody wanted stopped is over.
func (db *DB) RescueJob(ctx context.Context, j job.Job, due time.Time) (mine bool, err error) {
	return one(db.conn(ctx).ExecContext(ctx, `UPDATE job SET state = CASE WHEN stopping THEN 'cancelled' ELSE 'waiting' END,
			due_at = CAST($4 AS BIGINT), finished_at = CASE WHEN stopping THEN CAST($4 AS BIGINT) ELSE 0 END, stopping = FALSE
		WHERE id = $1 AND attempt = $2 AND beat = $3 AND state = 'running'`, j.ID, j.Attempt, j.Beat, micros(due)))
}

// Job returns the job with a number, or NotFound.
func (db *DB) Job(ctx context.Context, id int64) (job.Job, error) {
	return scanJob(db.conn(ctx).QueryRowContext(ctx, `SELECT `+jobColumns+` FROM job WHERE id = $1`, id))
}

// FinishedJobs lists finished jobs, the newest first, from before a number; 0 for all.
func (db *DB) FinishedJobs(ctx context.Context, before int64, limit int) ([]job.Job, error) {
	return collect(ctx, db, scanJob, `SELECT `+jobColumns+` FROM job WHERE finished_at > 0 AND ($1 = 0 OR id < $1) ORDER BY id DESC LIMIT $2`, before, int64(limit))
}

// CountJobs counts jobs by state.
func (db *DB) CountJobs(ctx context.Context) (map[job.State]int, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT state, COUNT(*) FROM job GROUP BY state`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[job.State]int{}
	for rows.Next() {
		var state job.State
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		out[state] = n
	}
	return out, explain(rows.Err(), db.place)
}

// StopJob cancels a job that waits, and asks for the end of one that runs.
func (db *DB) StopJob(ctx context.Context, id int64, now time.Time) (stopped bool, err error) {
	return one(db.conn(ctx).ExecContext(ctx, `UPDATE job SET state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END,
			finished_at = CASE WHEN state = 'waiting' THEN CAST($2 AS BIGINT) ELSE 0 END, stopping = CASE WHEN state = 'waiting' THEN FALSE ELSE TRUE END
		WHERE id = $1 AND state IN ('waiting', 'running')`, id, micros(now)))
}

// DeleteJobs forgets jobs that ended before a moment.
func (db *DB) DeleteJobs(ctx context.Context, before time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM job WHERE finished_at > 0 AND finished_at < $1`, micros(before))
	return err
}
