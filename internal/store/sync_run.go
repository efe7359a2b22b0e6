package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/syncer"
)

const runColumns = `id, connection_id, mode, asked, state, stage, actor, scope, configuration, started_at, finished_at,
	applied, counts, stats, notes, error, hint`

// runNotes is how a run's sentences are stored in one column.
type runNotes struct{ Notes, Holds []string }

func scanRun(row interface{ Scan(...any) error }) (syncer.Run, error) {
	var r syncer.Run
	var scope, counts, stats, notes string
	var started int64
	var finished sql.NullInt64
	err := row.Scan(&r.ID, &r.Connection, &r.Mode, &r.Asked, &r.State, &r.Stage, &r.Actor, &scope, &r.Configuration,
		&started, &finished, &r.Applied, &counts, &stats, &notes, &r.Error, &r.Hint)
	if errors.Is(err, sql.ErrNoRows) {
		return r, errs.New(errs.NotFound, "there is no such run").WithHint("List the runs with: muster runs")
	}
	if err != nil {
		return r, err
	}
	r.StartedAt = fromMicros(started)
	if finished.Valid {
		r.FinishedAt = fromMicros(finished.Int64)
	}
	var n runNotes
	for text, dst := range map[string]any{scope: &r.Scope} {
		if err := json.Unmarshal([]byte(text), dst); err != nil {
			return r, err
		}
	}
	err = errors.Join(json.Unmarshal([]byte(counts), &r.Counts), json.Unmarshal([]byte(stats), &r.Stats), json.Unmarshal([]byte(notes), &n))
	r.Notes, r.Holds = n.Notes, n.Holds
	return r, err
}

// runTexts are a run's parts that are stored as JSON.
func runTexts(r syncer.Run) (scope, counts, stats, notes string, err error) {
	text := func(v any) string {
		b, e := json.Marshal(v)
		err = errors.Join(err, e)
		return string(b)
	}
	return text(r.Scope), text(r.Counts), text(r.Stats), text(runNotes{r.Notes, r.Holds}), err
}

// CreateRun stores a new run and returns it with its number.
func (db *DB) CreateRun(ctx context.Context, r syncer.Run) (syncer.Run, error) {
	scope, counts, stats, notes, err := runTexts(r)
	if err != nil {
		return r, err
	}
	err = db.conn(ctx).QueryRowContext(ctx, `INSERT INTO run (connection_id, mode, asked, state, stage, actor, scope, configuration,
		started_at, finished_at, applied, counts, stats, notes, error, hint)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, 0, $10, $11, $12, '', '') RETURNING id`,
		r.Connection, string(r.Mode), r.Asked, string(r.State), string(r.Stage), r.Actor, scope, r.Configuration,
		micros(r.StartedAt), counts, stats, notes).Scan(&r.ID)
	return r, err
}

// SaveRun stores a run's present state.
func (db *DB) SaveRun(ctx context.Context, r syncer.Run) error {
	scope, counts, stats, notes, err := runTexts(r)
	if err != nil {
		return err
	}
	var finished any
	if !r.FinishedAt.IsZero() {
		finished = micros(r.FinishedAt)
	}
	_, err = db.conn(ctx).ExecContext(ctx, `UPDATE run SET mode = $2, state = $3, stage = $4, scope = $5, configuration = $6,
		finished_at = $7, applied = $8, counts = $9, stats = $10, notes = $11, error = $12, hint = $13 WHERE id = $1`,
		r.ID, string(r.Mode), string(r.State), string(r.Stage), scope, r.Configuration, finished, r.Applied,
		counts, stats, notes, r.Error, r.Hint)
	return err
}

// Run returns a run by number, or NotFound.
func (db *DB) Run(ctx context.Context, id int64) (syncer.Run, error) {
	return scanRun(db.conn(ctx).QueryRowContext(ctx, `SELECT `+runColumns+` FROM run WHERE id = $1`, id))
}

// Runs returns the newest runs first, of one connection or, with 0, of all, and
// those before a run or, with 0, from the newest on.
func (db *DB) Runs(ctx context.Context, connection, before int64, limit int) ([]syncer.Run, error) {
	return collect(ctx, db, scanRun, `SELECT `+runColumns+` FROM run WHERE (connection_id = $1 OR $1 = 0) AND (id < $2 OR $2 = 0)
		ORDER BY id DESC LIMIT $3`, connection, before, limit)
}

// OpenRuns returns a connection's runs in the given states, oldest first.
func (db *DB) OpenRuns(ctx context.Context, connection int64, states ...syncer.State) ([]syncer.Run, error) {
	return collect(ctx, db, scanRun, `SELECT `+runColumns+` FROM run WHERE connection_id = $1 AND state IN (`+quoted(states)+`) ORDER BY id`, connection)
}

// quoted spells constants of this program as SQL literals.
func quoted[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = "'" + strings.ReplaceAll(string(w), "'", "''") + "'"
	}
	return strings.Join(out, ", ")
}

// LastPlanned returns the latest run in one of the modes that covered everybody
// and got to its end, or NotFound.
func (db *DB) LastPlanned(ctx context.Context, connection int64, modes ...syncer.Mode) (syncer.Run, error) {
	return scanRun(db.conn(ctx).QueryRowContext(ctx, `SELECT `+runColumns+` FROM run
		WHERE connection_id = $1 AND mode IN (`+quoted(modes)+`) AND stage = 'done' AND scope IN ($2, $3)
		ORDER BY id DESC LIMIT 1`, connection, everybody, everybodyAgain))
}

// LastStart is when the latest run of a mode for everybody began that did not
// begin after a moment; zero when there is none.
func (db *DB) LastStart(ctx context.Context, connection int64, before time.Time, modes ...syncer.Mode) (time.Time, error) {
	var at int64
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT started_at FROM run
		WHERE connection_id = $1 AND mode IN (`+quoted(modes)+`) AND started_at <= $4 AND scope IN ($2, $3)
		ORDER BY id DESC LIMIT 1`, connection, everybody, everybodyAgain, micros(before)).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return fromMicros(at), err
}

// everybody and everybodyAgain are the stored scopes of runs that are not narrowed.
var (
	everybody      = scopeText(syncer.Scope{})
	everybodyAgain = scopeText(syncer.Scope{Again: true})
)

func scopeText(s syncer.Scope) string {
	b, _ := json.Marshal(s) // numbers, texts and flags always encode
	return string(b)
}

// SavePage stores how far an input's reading got.
func (db *DB) SavePage(ctx context.Context, p syncer.RunPage) error {
	seen, err := bitmapBytes(p.Seen)
	if err != nil {
		return err
	}
	moved, err := bitmapBytes(p.Changed)
	if err != nil {
		return err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO run_page (run_id, input, seq, next, seen, changed) VALUES ($1, $2, $3, $4, $5, $6)`,
		p.Run, p.Input, p.Seq, p.Next, seen, moved)
	return err
}

// Pages sums up the pages of an input that have arrived in a run.
func (db *DB) Pages(ctx context.Context, run int64, input string) (syncer.PageProgress, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT next, seen FROM run_page WHERE run_id = $1 AND input = $2 ORDER BY seq`, run, input)
	if err != nil {
		return syncer.PageProgress{}, err
	}
	defer rows.Close()
	p := syncer.PageProgress{Seen: roaring.New()}
	for rows.Next() {
		var seen []byte
		if err := rows.Scan(&p.Next, &seen); err != nil {
			return p, err
		}
		m, err := readBitmap(seen)
		if err != nil {
			return p, err
		}
		p.Seen.Or(m)
		p.Pages++
	}
	p.Drained = p.Pages > 0 && p.Next == ""
	return p, explain(rows.Err(), db.place)
}

// DropPages forgets how far an input's reading got. What its pages changed
// stays noted, under a name of its own.
func (db *DB) DropPages(ctx context.Context, run int64, input string) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		moved, err := db.PageChanges(ctx, run, input)
		if err != nil {
			return err
		}
		if _, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM run_page WHERE run_id = $1 AND input = $2`, run, input); err != nil {
			return err
		}
		if moved.IsEmpty() {
			return nil
		}
		dropped := input + " (begun anew)"
		done, err := db.Pages(ctx, run, dropped)
		if err != nil {
			return err
		}
		return db.SavePage(ctx, syncer.RunPage{Run: run, Input: dropped, Seq: done.Pages + 1, Seen: roaring.New(), Changed: moved})
	})
}

// PageChanges returns what the pages of one input changed.
func (db *DB) PageChanges(ctx context.Context, run int64, input string) (*roaring.Bitmap, error) {
	return db.orBitmaps(ctx, `SELECT changed FROM run_page WHERE run_id = $1 AND input = $2`, run, input)
}

// Dirty returns the entries that differed since pages were pruned last, and
// those that were only told in full.
func (db *DB) Dirty(ctx context.Context, connection int64) (news, fuller *roaring.Bitmap, err error) {
	const pages = `SELECT p.changed FROM run_page p JOIN run r ON r.id = p.run_id WHERE r.connection_id = $1 AND p.input `
	if news, err = db.orBitmaps(ctx, pages+`<> $2`, connection, syncer.FullerInput); err != nil {
		return nil, nil, err
	}
	fuller, err = db.orBitmaps(ctx, pages+`= $2`, connection, syncer.FullerInput)
	return news, fuller, err
}

func (db *DB) orBitmaps(ctx context.Context, query string, args ...any) (*roaring.Bitmap, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := roaring.New()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		m, err := readBitmap(b)
		if err != nil {
			return nil, err
		}
		out.Or(m)
	}
	return out, explain(rows.Err(), db.place)
}

// PrunePages forgets the pages of a connection's runs up to one that has been
// planned and applied.
func (db *DB) PrunePages(ctx context.Context, connection, upTo int64) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM run_page WHERE run_id IN
		(SELECT id FROM run WHERE connection_id = $1 AND id <= $2)`, connection, upTo)
	return err
}

const leaseColumns = `fence, holder, host, pid, process_start, run_id, expires_at`

// TakeLease gives the lease to a new holder; see syncer.Store.
func (db *DB) TakeLease(ctx context.Context, connection int64, l syncer.Lease, now time.Time, dead func(syncer.Lease) bool) (syncer.Lease, error) {
	err := db.InTx(ctx, func(ctx context.Context) error {
		old, err := db.lease(ctx, connection)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil && old.Holder != "" && now.Before(old.Expires) && !dead(old) {
			return errs.New(errs.Conflict, "a sync of this connection is in progress: %s, process %d", old.Holder, old.Host.PID).
				WithHint("Wait for it to end; see it with: muster runs. A process that has died is replaced by itself within %d seconds.", 45)
		}
		l.Fence = old.Fence + 1
		_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO lease (connection_id, fence, holder, host, pid, process_start, run_id, cancelled, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8)
			ON CONFLICT (connection_id) DO UPDATE SET fence = excluded.fence, holder = excluded.holder, host = excluded.host,
				pid = excluded.pid, process_start = excluded.process_start, run_id = excluded.run_id, cancelled = FALSE, expires_at = excluded.expires_at
			WHERE lease.fence < excluded.fence`,
			connection, l.Fence, l.Holder, l.Host.Name, l.Host.PID, l.Host.Start, l.Run, micros(l.Expires))
		return err
	})
	if err != nil {
		return l, err
	}
	return l, db.CheckLease(ctx, connection, l.Fence)
}

func (db *DB) lease(ctx context.Context, connection int64) (syncer.Lease, error) {
	var l syncer.Lease
	var expires int64
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT `+leaseColumns+` FROM lease WHERE connection_id = $1`, connection).
		Scan(&l.Fence, &l.Holder, &l.Host.Name, &l.Host.PID, &l.Host.Start, &l.Run, &expires)
	l.Expires = fromMicros(expires)
	return l, err
}

// KeepLease extends a lease, or fails with Conflict when it has passed on. It
// reports whether somebody asked its holder to stop.
func (db *DB) KeepLease(ctx context.Context, connection int64, l syncer.Lease) (cancelled bool, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `UPDATE lease SET expires_at = $3 WHERE connection_id = $1 AND fence = $2 RETURNING cancelled`,
		connection, l.Fence, micros(l.Expires)).Scan(&cancelled)
	if errors.Is(err, sql.ErrNoRows) {
		return false, errs.New(errs.Conflict, "the lease has passed on")
	}
	return cancelled, err
}

// CancelLease asks the holder of a lease to stop. It reports whether there is one.
func (db *DB) CancelLease(ctx context.Context, connection int64, now time.Time) (bool, error) {
	res, err := db.conn(ctx).ExecContext(ctx, `UPDATE lease SET cancelled = TRUE WHERE connection_id = $1 AND holder <> '' AND expires_at > $2`,
		connection, micros(now))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// DropLease gives a lease back, if it is still held.
func (db *DB) DropLease(ctx context.Context, connection int64, l syncer.Lease) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE lease SET holder = '', expires_at = 0 WHERE connection_id = $1 AND fence = $2`, connection, l.Fence)
	return err
}

// CheckLease fails with Conflict when a newer holder has the lease.
func (db *DB) CheckLease(ctx context.Context, connection, fence int64) error {
	var now int64
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT fence FROM lease WHERE connection_id = $1`, connection).Scan(&now)
	if err != nil {
		return err
	}
	if now != fence {
		return errs.New(errs.Conflict, "another process took over this connection's sync").WithHint("Look at the newest run with: muster runs")
	}
	return nil
}

// EntriesOfChanges yields the entries of a run's changes in a state.
func (db *DB) EntriesOfChanges(ctx context.Context, run int64, state syncer.ChangeState) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		set, err := db.bitmap(ctx, `SELECT entry_id FROM change WHERE run_id = $1 AND state = $2`, run, int64(state))
		if err != nil {
			yield(0, fmt.Errorf("list the entries of held changes: %w", err))
			return
		}
		for it := set.Iterator(); it.HasNext(); {
			if !yield(int64(it.Next()), nil) {
				return
			}
		}
	}
}
