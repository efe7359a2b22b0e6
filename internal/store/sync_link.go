package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
)

const linkColumns = `entry_id, target, collection_id, target_id, connection_id, mapping_id, status, status_since, run_id, put_away`

func scanLink(row interface{ Scan(...any) error }) (syncer.Link, error) {
	var l syncer.Link
	var since int64
	err := row.Scan(&l.Entry, &l.Target, &l.Collection, &l.TargetID, &l.Connection, &l.Mapping, &l.Status, &since, &l.Run, &l.PutAway)
	l.StatusSince = fromMicros(since)
	return l, err
}

// Links returns the links of entries.
func (db *DB) Links(ctx context.Context, entries []int64) ([]syncer.Link, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	in, args := db.amongNumbers("entry_id", entries)
	return collect(ctx, db, scanLink, `SELECT `+linkColumns+` FROM link WHERE `+in+` ORDER BY entry_id, target, collection_id`, args...)
}

// LinksTo returns the links that lead to records and logins.
func (db *DB) LinksTo(ctx context.Context, targets []syncer.TargetKey) (map[syncer.TargetKey]syncer.Link, error) {
	out := make(map[syncer.TargetKey]syncer.Link, len(targets))
	for _, kind := range []reconcile.Target{reconcile.Record, reconcile.Login} {
		var ids []int64
		for _, t := range targets {
			if t.Target == kind {
				ids = append(ids, t.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		in, arg := db.inNumbers("target_id", 2, ids)
		links, err := collect(ctx, db, scanLink, `SELECT `+linkColumns+` FROM link WHERE target = $1 AND `+in, int64(kind), arg)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			out[syncer.TargetKey{Target: l.Target, ID: l.TargetID}] = l
		}
	}
	return out, nil
}

// InsertLinks stores new links. A record or login that is linked already is
// refused by a constraint (F21).
func (db *DB) InsertLinks(ctx context.Context, links []syncer.Link) error {
	if len(links) == 0 {
		return nil
	}
	return db.InTx(ctx, func(ctx context.Context) error {
		err := db.bulkInsert(ctx, "link",
			[]string{"entry_id", "target", "collection_id", "target_id", "connection_id", "mapping_id", "status", "status_since", "run_id", "put_away"},
			len(links), func(i int, dst []any) {
				l := &links[i]
				dst[0], dst[1], dst[2], dst[3], dst[4] = l.Entry, int64(l.Target), l.Collection, l.TargetID, l.Connection
				dst[5], dst[6], dst[7], dst[8], dst[9] = l.Mapping, int64(l.Status), microsOrZero(l.StatusSince), l.Run, l.PutAway
			})
		if err != nil {
			return err
		}
		return db.moreLinks(ctx, links[0].Connection, len(links))
	})
}

// moreLinks keeps a connection's count of links, all of which are of one
// connection in each call.
func (db *DB) moreLinks(ctx context.Context, connection int64, n int) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE connection SET links = links + $2 WHERE id = $1`, connection, int64(n))
	return err
}

// SetLinkStatus stores the status and its date of existing links.
func (db *DB) SetLinkStatus(ctx context.Context, links []syncer.Link) error {
	for _, l := range links {
		_, err := db.conn(ctx).ExecContext(ctx, `UPDATE link SET status = $4, status_since = $5, run_id = $6
			WHERE entry_id = $1 AND target = $2 AND collection_id = $3`,
			l.Entry, int64(l.Target), l.Collection, int64(l.Status), microsOrZero(l.StatusSince), l.Run)
		if err != nil {
			return err
		}
	}
	return nil
}

// MoveLink gives a record or login to another entry.
func (db *DB) MoveLink(ctx context.Context, to syncer.Link) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE link SET entry_id = $3, mapping_id = $4, status = $5, status_since = $6, run_id = $7
		WHERE target = $1 AND target_id = $2`,
		int64(to.Target), to.TargetID, to.Entry, to.Mapping, int64(to.Status), microsOrZero(to.StatusSince), to.Run)
	return err
}

// DropLink removes a link that an undone run had made.
func (db *DB) DropLink(ctx context.Context, l syncer.Link) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		var connection int64
		err := db.conn(ctx).QueryRowContext(ctx, `DELETE FROM link WHERE target = $1 AND target_id = $2 RETURNING connection_id`,
			int64(l.Target), l.TargetID).Scan(&connection)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return db.moreLinks(ctx, connection, -1)
	})
}

// CountLinks counts a connection's links, or those of a person or a mapping.
func (db *DB) CountLinks(ctx context.Context, connection int64, of syncer.Scope) (n int, err error) {
	if of.Entry == 0 && of.Mapping == 0 {
		err = db.conn(ctx).QueryRowContext(ctx, `SELECT links FROM connection WHERE id = $1`, connection).Scan(&n)
		return n, err
	}
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COUNT(*) FROM link WHERE connection_id = $1
		AND (entry_id = $2 OR $2 = 0) AND (mapping_id = $3 OR $3 = 0)`, connection, of.Entry, of.Mapping).Scan(&n)
	return n, err
}

// SetPutAway stores which run's undo took the targets of links back.
func (db *DB) SetPutAway(ctx context.Context, links []syncer.Link) error {
	for _, l := range links {
		_, err := db.conn(ctx).ExecContext(ctx, `UPDATE link SET put_away = $4 WHERE entry_id = $1 AND target = $2 AND collection_id = $3`,
			l.Entry, int64(l.Target), l.Collection, l.PutAway)
		if err != nil {
			return err
		}
	}
	return nil
}

// away finds the links whose target an undo took back and nobody has brought
// back, of those who are in the directory.
const away = ` FROM link l JOIN entry e ON e.id = l.entry_id
	WHERE l.connection_id = $1 AND l.put_away <> 0 AND e.standing IN ($2, $3)
	AND CASE WHEN l.target = 1 THEN EXISTS (SELECT 1 FROM record r WHERE r.id = l.target_id AND r.archived_at IS NOT NULL)
		ELSE EXISTS (SELECT 1 FROM login u WHERE u.id = l.target_id AND u.state = 'deactivated') END`

// here holds for links whose record is not away.
const here = `(l.put_away = 0 OR EXISTS (SELECT 1 FROM record r WHERE r.id = l.target_id AND r.archived_at IS NULL))`

// AwayEntries returns the entries of those whose record or login is away.
func (db *DB) AwayEntries(ctx context.Context, connection int64) (*roaring.Bitmap, error) {
	return db.bitmap(ctx, `SELECT l.entry_id`+away, connection, int64(reconcile.Live), int64(reconcile.Disabled))
}

// CountAway counts the records and logins that are away.
func (db *DB) CountAway(ctx context.Context, connection int64) (n int, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COUNT(*)`+away, connection, int64(reconcile.Live), int64(reconcile.Disabled)).Scan(&n)
	return n, err
}

// LinkedRecords returns the records of a collection that stand for objects,
// without those that an undo put away.
func (db *DB) LinkedRecords(ctx context.Context, connection, collection int64, objects []directory.ObjectID) (map[directory.ObjectID]int64, error) {
	out := make(map[directory.ObjectID]int64, len(objects))
	if len(objects) == 0 {
		return out, nil
	}
	in, arg := db.inObjects("e.object_id", 3, objects)
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT e.object_id, l.target_id FROM entry e
		JOIN link l ON l.entry_id = e.id AND l.target = 1 AND l.collection_id = $2 AND `+here+`
		WHERE e.connection_id = $1 AND `+in, connection, collection, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var object []byte
		var record int64
		if err := rows.Scan(&object, &record); err != nil {
			return nil, err
		}
		var id directory.ObjectID
		copy(id[:], object)
		out[id] = record
	}
	return out, explain(rows.Err(), db.place)
}

// AddPending notes link fields that wait for their object; a field waits for
// one object at a time.
func (db *DB) AddPending(ctx context.Context, connection int64, refs []syncer.PendingReference) error {
	return db.bulkInsert(ctx, "pending_reference", []string{"connection_id", "record_id", "field_id", "object_id", "collection_id", "if_empty"},
		len(refs), func(i int, dst []any) {
			ref := &refs[i]
			dst[0], dst[1], dst[2], dst[3], dst[4], dst[5] = connection, ref.Record, ref.Field, ref.Object[:], ref.Collection, ref.IfEmpty
		}, `ON CONFLICT (record_id, field_id) DO UPDATE SET object_id = excluded.object_id, collection_id = excluded.collection_id,
			if_empty = excluded.if_empty`)
}

// Pending returns the references that wait in the given records.
func (db *DB) Pending(ctx context.Context, connection int64, records []int64) ([]syncer.PendingReference, error) {
	if len(records) == 0 {
		return nil, nil
	}
	in, arg := db.inNumbers("record_id", 2, records)
	return collect(ctx, db, scanPending, `SELECT record_id, field_id, object_id, collection_id, if_empty
		FROM pending_reference WHERE connection_id = $1 AND `+in+` ORDER BY record_id, field_id`, connection, arg)
}

func scanPending(row interface{ Scan(...any) error }) (syncer.PendingReference, error) {
	var ref syncer.PendingReference
	var object []byte
	err := row.Scan(&ref.Record, &ref.Field, &object, &ref.Collection, &ref.IfEmpty)
	copy(ref.Object[:], object)
	return ref, err
}

// ResolvePending returns waiting references whose object has a record by now; with
// a mapping, only those in records that it keeps.
func (db *DB) ResolvePending(ctx context.Context, connection, mapping int64, limit int) (refs []syncer.PendingReference, records []int64, err error) {
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT p.record_id, p.field_id, p.object_id, p.collection_id, p.if_empty, l.target_id
		FROM pending_reference p
		JOIN entry e ON e.connection_id = p.connection_id AND e.object_id = p.object_id
		JOIN link l ON l.entry_id = e.id AND l.target = 1 AND l.collection_id = p.collection_id AND `+here+`
		WHERE p.connection_id = $1 AND ($3 = 0 OR EXISTS
			(SELECT 1 FROM link o WHERE o.target = 1 AND o.target_id = p.record_id AND o.mapping_id = $3))
		ORDER BY p.record_id, p.field_id LIMIT $2`, connection, limit, mapping)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var ref syncer.PendingReference
		var object []byte
		var record int64
		if err := rows.Scan(&ref.Record, &ref.Field, &object, &ref.Collection, &ref.IfEmpty, &record); err != nil {
			return nil, nil, err
		}
		copy(ref.Object[:], object)
		refs, records = append(refs, ref), append(records, record)
	}
	return refs, records, explain(rows.Err(), db.place)
}

// DropPending forgets references that have been resolved.
func (db *DB) DropPending(ctx context.Context, refs []syncer.PendingReference) error {
	for _, ref := range refs {
		_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM pending_reference WHERE record_id = $1 AND field_id = $2`, ref.Record, ref.Field)
		if err != nil {
			return err
		}
	}
	return nil
}

// RetryEntries returns the entries that have to be looked at again.
func (db *DB) RetryEntries(ctx context.Context, connection int64) (*roaring.Bitmap, error) {
	return db.bitmap(ctx, `SELECT entry_id FROM outcome WHERE connection_id = $1`, connection)
}

// SaveOutcomes replaces what is known to be wrong with the evaluated entries by
// what is open now.
func (db *DB) SaveOutcomes(ctx context.Context, connection, run int64, evaluated []int64, open []syncer.PlannedChange) error {
	if len(evaluated) > 0 {
		in, arg := db.inNumbers("entry_id", 2, evaluated)
		if _, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM outcome WHERE connection_id = $1 AND `+in, connection, arg); err != nil {
			return err
		}
	}
	for i := range open {
		ch := &open[i]
		detail, err := plainJSON(detailOf(ch))
		if err != nil {
			return err
		}
		_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO outcome (connection_id, entry_id, target, collection_id, run_id, reason, detail, retry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE)
			ON CONFLICT (connection_id, entry_id, target, collection_id) DO UPDATE SET run_id = excluded.run_id,
				reason = excluded.reason, detail = excluded.detail`,
			connection, ch.Entry, int64(ch.Target), ch.Collection, run, string(ch.Reason), detail)
		if err != nil {
			return err
		}
	}
	return nil
}

// Bases counts what the guard's shares refer to: open directory logins for
// what happens to logins, linked records for what happens to records, both for
// who may vanish. What a run has made itself while it was planned does not count.
func (db *DB) Bases(ctx context.Context, connection, run int64) (map[reconcile.Class]int, error) {
	var logins, records int
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT COUNT(*) FROM link l JOIN login u ON u.id = l.target_id
		WHERE l.connection_id = $1 AND l.target = 2 AND u.state <> 'deactivated'`, connection).Scan(&logins)
	if err != nil {
		return nil, err
	}
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COUNT(*) FROM link WHERE connection_id = $1 AND target = 1 AND run_id <> $2`, connection, run).Scan(&records)
	if err != nil {
		return nil, err
	}
	return map[reconcile.Class]int{
		reconcile.ClassDeactivation: logins, reconcile.ClassRoleGain: logins, reconcile.ClassRoleLoss: logins,
		reconcile.ClassAdministrator: logins, reconcile.ClassAdoption: logins,
		reconcile.ClassBlank: records, reconcile.ClassRename: max(records, logins), reconcile.ClassRelink: records,
		reconcile.ClassGuest: records + logins, reconcile.ClassMissing: records + logins,
	}, nil
}
