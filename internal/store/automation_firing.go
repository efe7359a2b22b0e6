package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/automation"
)

// InsertFiring stores a firing with its acts, unless there is one of its cause.
func (db *DB) InsertFiring(ctx context.Context, f automation.Firing) (id int64, first bool, err error) {
	subjects, err := json.Marshal(f.Subjects)
	if err != nil {
		return 0, false, err
	}
	chain, err := json.Marshal(f.Chain)
	if err != nil {
		return 0, false, err
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		err := db.conn(ctx).QueryRowContext(ctx, `INSERT INTO automation_firing (automation_id, cause_key, at, cause, subjects, chain, stopped)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (automation_id, cause_key) DO NOTHING RETURNING id`,
			f.Automation, f.Key, micros(f.At), f.Cause, string(subjects), string(chain), f.Stopped).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		first = true
		for _, a := range f.Acts {
			_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO automation_act (firing_id, automation_id, seq, state, due_at, attempts, sent, done_at, outcome)
				VALUES ($1, $2, $3, $4, $5, 0, 0, NULL, '')`, id, f.Automation, int64(a.Seq), string(a.State), micros(a.Due))
			if err != nil {
				return err
			}
		}
		_, err = db.conn(ctx).ExecContext(ctx, `UPDATE automation SET fired_at = $2 WHERE id = $1`, f.Automation, micros(f.At))
		return err
	})
	return id, first, err
}

// HasFired reports whether an automation has a firing of a cause.
func (db *DB) HasFired(ctx context.Context, id int64, key string) (bool, error) {
	var n int
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT COUNT(*) FROM automation_firing WHERE automation_id = $1 AND cause_key = $2`, id, key).Scan(&n)
	return n > 0, err
}

const firingColumns = `id, automation_id, cause_key, at, cause, chain, stopped`

func scanFiring(row interface{ Scan(...any) error }, more ...any) (automation.Firing, error) {
	var f automation.Firing
	var at int64
	var chain string
	if err := row.Scan(append([]any{&f.ID, &f.Automation, &f.Key, &at, &f.Cause, &chain, &f.Stopped}, more...)...); err != nil {
		return f, err
	}
	f.At = fromMicros(at)
	if err := json.Unmarshal([]byte(chain), &f.Chain); err != nil {
		return f, damaged("a firing's chain", err)
	}
	return f, nil
}

// Firing returns a firing with its acts and subjects, or NotFound.
func (db *DB) Firing(ctx context.Context, id int64) (automation.Firing, error) {
	var subjects string
	f, err := scanFiring(db.conn(ctx).QueryRowContext(ctx, `SELECT `+firingColumns+`, subjects FROM automation_firing WHERE id = $1`, id), &subjects)
	if err != nil {
		return f, absent(err, "entry in the log", id)
	}
	if err := json.Unmarshal([]byte(subjects), &f.Subjects); err != nil {
		return f, damaged("a firing's subjects", err)
	}
	list := []automation.Firing{f}
	err = db.fillActs(ctx, list)
	return list[0], err
}

// Firings returns an automation's firings with their acts, the newest first,
// without subjects.
func (db *DB) Firings(ctx context.Context, id, before int64, limit int) ([]automation.Firing, error) {
	if before == 0 {
		before = 1 << 62
	}
	list, err := collect(ctx, db, func(row interface{ Scan(...any) error }) (automation.Firing, error) { return scanFiring(row) },
		`SELECT `+firingColumns+` FROM automation_firing WHERE automation_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, id, before, rowLimit(limit))
	if err != nil {
		return nil, err
	}
	return list, db.fillActs(ctx, list)
}

// LastFirings returns the latest firing of each of a module's automations.
func (db *DB) LastFirings(ctx context.Context, module int64) (map[int64]automation.Firing, error) {
	list, err := collect(ctx, db, func(row interface{ Scan(...any) error }) (automation.Firing, error) { return scanFiring(row) },
		`SELECT `+firingColumns+` FROM automation_firing WHERE id IN (
			SELECT (SELECT MAX(f.id) FROM automation_firing f WHERE f.automation_id = a.id) FROM automation a WHERE a.module_id = $1)`, module)
	if err != nil {
		return nil, err
	}
	if err := db.fillActs(ctx, list); err != nil {
		return nil, err
	}
	out := make(map[int64]automation.Firing, len(list))
	for _, f := range list {
		out[f.Automation] = f
	}
	return out, nil
}

const actColumns = `id, firing_id, automation_id, seq, state, due_at, attempts, sent, done_at, outcome`

func scanAct(row interface{ Scan(...any) error }) (automation.Act, error) {
	var a automation.Act
	var due int64
	var done sql.NullInt64
	err := row.Scan(&a.ID, &a.Firing, &a.Automation, &a.Seq, &a.State, &due, &a.Attempts, &a.Sent, &done, &a.Outcome)
	a.Due, a.DoneAt = fromMicros(due), fromMicros(done.Int64)
	return a, err
}

// fillActs gives firings their acts.
func (db *DB) fillActs(ctx context.Context, list []automation.Firing) error {
	if len(list) == 0 {
		return nil
	}
	at := make(map[int64]int, len(list))
	ids := make([]int64, len(list))
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, i
	}
	acts, err := collect(ctx, db, scanAct, `SELECT `+actColumns+` FROM automation_act WHERE firing_id `+db.dialect.inIDs("$1")+` ORDER BY firing_id, seq`, db.dialect.ids(ids))
	for _, a := range acts {
		f := &list[at[a.Firing]]
		f.Acts = append(f.Acts, a)
	}
	return err
}

// TakeActs returns acts that are due, which others leave alone until a moment.
func (db *DB) TakeActs(ctx context.Context, now, until time.Time, limit int) ([]automation.Act, error) {
	return db.claim(ctx, `due_at <= $2 ORDER BY due_at, id LIMIT $3`, micros(until), micros(now), int64(limit))
}

// TakeGathered returns the messages of an action that wait for a digest, which
// others leave alone until a moment.
func (db *DB) TakeGathered(ctx context.Context, id int64, seq int, until time.Time) ([]automation.Act, error) {
	return db.claim(ctx, `automation_id = $2 AND seq = $3 AND attempts = 0 ORDER BY id`, micros(until), id, int64(seq))
}

// claim takes waiting acts that satisfy a condition. Acts that another process
// is taking at the same moment are left to it.
func (db *DB) claim(ctx context.Context, condition string, args ...any) ([]automation.Act, error) {
	return collect(ctx, db, scanAct, `UPDATE automation_act SET due_at = $1, attempts = attempts + 1 WHERE id IN (
		SELECT id FROM automation_act WHERE state = 'waiting' AND `+condition+db.dialect.locking("FOR UPDATE SKIP LOCKED")+`)
		RETURNING `+actColumns, args...)
}

// SaveAct stores what became of an act, or when it is tried again.
func (db *DB) SaveAct(ctx context.Context, a automation.Act) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE automation_act SET state = $2, due_at = $3, sent = $4, done_at = $5, outcome = $6 WHERE id = $1`,
		a.ID, string(a.State), micros(a.Due), int64(a.Sent), microsOrNull(a.DoneAt), a.Outcome)
	return err
}

// Messages returns how many messages an automation sent since a moment, and when
// the last one left; of one action, or with seq -1 of all.
func (db *DB) Messages(ctx context.Context, id int64, seq int, since time.Time) (sent int, last time.Time, err error) {
	var at sql.NullInt64
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COALESCE(SUM(sent), 0), MAX(done_at) FROM automation_act
		WHERE automation_id = $1 AND (CAST($2 AS BIGINT) = -1 OR seq = CAST($2 AS BIGINT)) AND sent > 0 AND done_at > $3`, id, int64(seq), moment(since)).Scan(&sent, &at)
	return sent, fromMicros(at.Int64), err
}

// PruneFirings takes firings away that are older than a moment, unless one of
// their acts waits.
func (db *DB) PruneFirings(ctx context.Context, before time.Time) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM automation_firing WHERE at < $1 AND cause_key NOT LIKE 'silence %' AND cause_key NOT LIKE 'credential %'
			AND NOT EXISTS (SELECT 1 FROM automation_act a WHERE a.firing_id = automation_firing.id AND a.state = 'waiting')`, micros(before))
		if err != nil {
			return err
		}
		_, err = db.conn(ctx).ExecContext(ctx, `DELETE FROM automation_act WHERE NOT EXISTS (SELECT 1 FROM automation_firing f WHERE f.id = firing_id)`)
		return err
	})
}
