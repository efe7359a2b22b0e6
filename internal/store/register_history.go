package store

import (
	"context"

	"github.com/musterhq/muster/internal/register"
)

// InsertHistory adds history entries.
func (db *DB) InsertHistory(ctx context.Context, entries []register.HistoryEntry) error {
	columns := []string{"record_id", "version", "at", "actor_kind", "actor_id", "actor_name", "run_id", "action", "note", "changes"}
	return db.bulkInsert(ctx, "record_history", columns, len(entries), func(i int, dst []any) {
		e := &entries[i]
		dst[0], dst[1], dst[2] = e.Record, e.Version, micros(e.At)
		dst[3], dst[4], dst[5], dst[6] = e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Run
		dst[7], dst[8], dst[9] = e.Action, e.Note, string(appendDiffs(nil, e.Changes))
	})
}

// History returns a record's entries, latest first, older than the one with the
// number before; 0 starts at the latest, and limit 0 has none.
func (db *DB) History(ctx context.Context, record, before int64, limit int) ([]register.HistoryEntry, error) {
	return collect(ctx, db, scanHistory, `SELECT id, record_id, version, at, actor_kind, actor_id, actor_name, run_id, action, note, changes
		FROM record_history WHERE record_id = $1 AND (id < $2 OR $2 = 0) ORDER BY id DESC LIMIT $3`, record, before, rowLimit(limit))
}

// rowLimit is the argument of LIMIT for a limit that may be 0 for none.
func rowLimit(limit int) int64 {
	if limit <= 0 {
		return 1 << 40
	}
	return int64(limit)
}

func scanHistory(row interface{ Scan(...any) error }) (register.HistoryEntry, error) {
	var e register.HistoryEntry
	var at int64
	var changes string
	err := row.Scan(&e.ID, &e.Record, &e.Version, &at, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Run, &e.Action, &e.Note, &changes)
	if err != nil {
		return e, err
	}
	e.At = fromMicros(at)
	e.Changes, err = parseDiffs(changes)
	return e, err
}
