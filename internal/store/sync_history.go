package store

import (
	"context"

	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
)

// RecordChanges returns what runs did to a record, the latest first, before a
// place: with run 0, from the latest on. Previews and what was merely skipped
// are left out.
func (db *DB) RecordChanges(ctx context.Context, l syncer.Link, run, seq int64, limit int) ([]syncer.RunChange, error) {
	return collect(ctx, db, scanRunChange, `SELECT c.run_id, c.seq, c.entry_id, c.entry_version, c.target, c.collection_id, c.target_id,
		c.target_version, c.mapping_id, c.verb, c.reason, c.class, c.state, c.name, c.detail, c.decided_by, r.started_at, r.actor, r.asked, r.state
		FROM change c JOIN run r ON r.id = c.run_id
		WHERE c.entry_id = $1 AND c.target = 1 AND c.collection_id = $2 AND c.target_id IN (0, $3) AND c.verb <> $4 AND r.mode <> 'preview'
		AND (c.run_id < $5 OR (c.run_id = $5 AND c.seq < $6) OR $5 = 0)
		ORDER BY c.run_id DESC, c.seq DESC LIMIT $7`,
		l.Entry, l.Collection, l.TargetID, int64(reconcile.Skip), run, seq, rowLimit(limit))
}

// tail scans what follows the columns of a change.
type tail struct {
	row  interface{ Scan(...any) error }
	more []any
}

func (t tail) Scan(dst ...any) error { return t.row.Scan(append(dst, t.more...)...) }

func scanRunChange(row interface{ Scan(...any) error }) (syncer.RunChange, error) {
	var c syncer.RunChange
	var at int64
	var err error
	c.PlannedChange, err = scanChange(tail{row, []any{&at, &c.Actor, &c.Asked, &c.RunState}})
	c.At = fromMicros(at)
	return c, err
}

// LeftLinks returns the links of a collection's records whose objects have left,
// the last first, before a place: the zero link stands for the beginning.
func (db *DB) LeftLinks(ctx context.Context, collection int64, before syncer.Link, limit int) ([]syncer.Link, error) {
	return collect(ctx, db, scanLink, `SELECT `+linkColumns+` FROM link
		WHERE collection_id = $1 AND target = 1 AND status >= 2 AND status <= $2 AND put_away = 0
		AND (status_since < $3 OR (status_since = $3 AND target_id < $4) OR $4 = 0)
		ORDER BY status_since DESC, target_id DESC LIMIT $5`,
		collection, int64(reconcile.StatusOutOfScope), microsOrZero(before.StatusSince), before.TargetID, rowLimit(limit))
}
