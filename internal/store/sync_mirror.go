package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
)

// entryColumns are an entry's columns without its document, which is large and
// often not needed.
const entryColumns = `id, kind, object_id, version, standing, missing, deleted_at, purge_at, hash`

func scanEntry(row interface{ Scan(...any) error }, doc bool) (syncer.Entry, error) {
	var e syncer.Entry
	var object sql.RawBytes
	var hash, body []byte
	var deleted, purge int64
	dst := []any{&e.ID, &e.Kind, &object, &e.Version, &e.Standing, &e.Missing, &deleted, &purge, &hash}
	if doc {
		dst = append(dst, &body)
	}
	if err := row.Scan(dst...); err != nil {
		return e, err
	}
	copy(e.Object[:], object)
	e.Hash, e.Doc = hash, body
	e.DeletedAt, e.PurgeAt = fromMicros(deleted), fromMicros(purge)
	return e, nil
}

// EntriesByObject returns the known ones of the given objects, with their
// documents if docs is set.
func (db *DB) EntriesByObject(ctx context.Context, connection int64, ids []directory.ObjectID, docs bool) (map[directory.ObjectID]syncer.Entry, error) {
	out := make(map[directory.ObjectID]syncer.Entry, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	columns := entryColumns
	if docs {
		columns += ", doc"
	}
	in, arg := db.inObjects("object_id", 2, ids)
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM entry WHERE connection_id = $1 AND `+in, connection, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows, docs)
		if err != nil {
			return nil, err
		}
		out[e.Object] = e
	}
	return out, explain(rows.Err(), db.place)
}

// EntriesByID returns entries by number, with their documents if docs is set.
func (db *DB) EntriesByID(ctx context.Context, ids []int64, docs bool) ([]syncer.Entry, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := db.amongNumbers("id", ids)
	columns := entryColumns
	if docs {
		columns += ", doc"
	}
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM entry WHERE `+in+` ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]syncer.Entry, 0, len(ids))
	for rows.Next() {
		e, err := scanEntry(rows, docs)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, explain(rows.Err(), db.place)
}

// EntriesFrom returns the entries of a connection whose numbers are among the n
// from first on, without their documents. The plus keeps SQLite from taking the
// index over connections, which is nearly all rows.
func (db *DB) EntriesFrom(ctx context.Context, connection, first int64, n int) ([]syncer.Entry, error) {
	scan := func(row interface{ Scan(...any) error }) (syncer.Entry, error) { return scanEntry(row, false) }
	return collect(ctx, db, scan, `SELECT `+entryColumns+` FROM entry WHERE id BETWEEN $2 AND $3 AND +connection_id = $1 ORDER BY id`,
		connection, first, first+int64(n)-1)
}

// EntryNumbers returns the numbers of the known ones of the given objects. The
// index over objects has them, so that no entry is read.
func (db *DB) EntryNumbers(ctx context.Context, connection int64, ids []directory.ObjectID) (map[directory.ObjectID]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, arg := db.inObjects("object_id", 2, ids)
	return db.entryNumbers(ctx, len(ids), `SELECT object_id, id FROM entry WHERE connection_id = $1 AND `+in, connection, arg)
}

// EntryNumbersFrom returns the numbers of the objects of a connection whose
// entries are among the n from first on. The plus is that of EntriesFrom.
func (db *DB) EntryNumbersFrom(ctx context.Context, connection, first int64, n int) (map[directory.ObjectID]int64, error) {
	return db.entryNumbers(ctx, n, `SELECT object_id, id FROM entry WHERE id BETWEEN $2 AND $3 AND +connection_id = $1`,
		connection, first, first+int64(n)-1)
}

// entryNumbers collects about n objects with their entries' numbers.
func (db *DB) entryNumbers(ctx context.Context, n int, query string, args ...any) (map[directory.ObjectID]int64, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[directory.ObjectID]int64, n)
	var object sql.RawBytes
	var number int64
	for rows.Next() {
		if err := rows.Scan(&object, &number); err != nil {
			return nil, err
		}
		out[directory.ObjectID(object)] = number
	}
	return out, explain(rows.Err(), db.place)
}

// FindEntries finds entries by object ID, or by a text that stands as a whole
// value in the document: a principal name, an email, a display name.
func (db *DB) FindEntries(ctx context.Context, connection int64, kind directory.Kind, text string, limit int) ([]syncer.Entry, error) {
	if id, err := directory.ParseObjectID(text); err == nil {
		known, err := db.EntriesByObject(ctx, connection, []directory.ObjectID{id}, true)
		if e, ok := known[id]; ok {
			return []syncer.Entry{e}, err
		}
		return nil, err
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, err
	}
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT `+entryColumns+`, doc FROM entry
		WHERE connection_id = $1 AND kind = $2 AND `+db.docContains("doc", 3)+` ORDER BY id`,
		connection, int64(kind), strings.ToLower(string(quoted)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []syncer.Entry
	for rows.Next() && len(out) < limit {
		e, err := scanEntry(rows, true)
		if err != nil {
			return nil, err
		}
		if named(e.Doc, text) {
			out = append(out, e)
		}
	}
	return out, explain(rows.Err(), db.place)
}

// named reports whether a document's object goes by a text.
func named(doc directory.Document, text string) bool {
	for _, path := range []string{"userPrincipalName", "mail", "displayName", "mailNickname", "employeeId"} {
		if strings.EqualFold(doc.Get(path).String(), text) {
			return true
		}
	}
	return false
}

// InsertEntries stores new entries with the numbers they carry.
func (db *DB) InsertEntries(ctx context.Context, connection, run int64, entries []syncer.Entry) error {
	return db.bulkInsert(ctx, "entry",
		[]string{"id", "connection_id", "kind", "object_id", "version", "standing", "missing", "deleted_at", "purge_at", "run_id", "hash", "doc"},
		len(entries), func(i int, dst []any) {
			e := &entries[i]
			dst[0], dst[1], dst[2], dst[3] = e.ID, connection, int64(e.Kind), e.Object[:]
			dst[4], dst[5], dst[6] = e.Version, int64(e.Standing), int64(e.Missing)
			dst[7], dst[8], dst[9] = microsOrZero(e.DeletedAt), microsOrZero(e.PurgeAt), run
			dst[10], dst[11] = bytesOrNil(e.Hash), []byte(e.Doc)
		})
}

// UpdateEntries stores what moved of known entries. An entry without a
// document keeps the one it has.
func (db *DB) UpdateEntries(ctx context.Context, run int64, entries []syncer.Entry) error {
	var silent, speaking []syncer.Entry
	for _, e := range entries {
		if e.Doc == nil {
			silent = append(silent, e)
		} else {
			speaking = append(speaking, e)
		}
	}
	if err := db.updateEntries(ctx, run, silent, false); err != nil {
		return err
	}
	return db.updateEntries(ctx, run, speaking, true)
}

// updateEntries stores what moved, and the documents if docs is set.
func (db *DB) updateEntries(ctx context.Context, run int64, entries []syncer.Entry, docs bool) error {
	columns := []column{
		{"version", "bigint"}, {"standing", "bigint"}, {"missing", "bigint"}, {"deleted_at", "bigint"}, {"purge_at", "bigint"}, {"run_id", "bigint"},
	}
	if docs {
		columns = append(columns, column{"hash", "bytea"}, column{"doc", "bytea"})
	}
	return db.bulkUpdate(ctx, "entry", columns, len(entries), func(i int, dst []any) {
		e := &entries[i]
		dst[0], dst[1], dst[2], dst[3] = e.ID, e.Version, int64(e.Standing), int64(e.Missing)
		dst[4], dst[5], dst[6] = microsOrZero(e.DeletedAt), microsOrZero(e.PurgeAt), run
		if docs {
			dst[7], dst[8] = bytesOrNil(e.Hash), []byte(e.Doc)
		}
	})
}

// CountStandings counts the entries of a kind by standing.
func (db *DB) CountStandings(ctx context.Context, connection int64, kind directory.Kind) (syncer.StandingCounts, error) {
	rows, err := db.conn(ctx).QueryContext(ctx,
		`SELECT standing, COUNT(*) FROM entry WHERE connection_id = $1 AND kind = $2 GROUP BY standing`, connection, int64(kind))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := syncer.StandingCounts{}
	for rows.Next() {
		var standing, n int64
		if err := rows.Scan(&standing, &n); err != nil {
			return nil, err
		}
		out[reconcile.Standing(standing)] = int(n) // #nosec G115 -- written by us, below ten
	}
	return out, explain(rows.Err(), db.place)
}

// EntryIDs returns the numbers of a kind's entries in the given standings, or
// of all when none is given.
func (db *DB) EntryIDs(ctx context.Context, connection int64, kind directory.Kind, standings ...reconcile.Standing) (*roaring.Bitmap, error) {
	query := `SELECT id FROM entry WHERE connection_id = $1 AND kind = $2`
	args := []any{connection, int64(kind)}
	if len(standings) > 0 {
		ids := make([]int64, len(standings))
		for i, s := range standings {
			ids[i] = int64(s)
		}
		in, arg := db.inNumbers("standing", 3, ids)
		query, args = query+" AND "+in, append(args, arg)
	}
	return db.bitmap(ctx, query, args...)
}

// bitmap collects the numbers that a query yields.
func (db *DB) bitmap(ctx context.Context, query string, args ...any) (*roaring.Bitmap, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := roaring.New()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out.Add(uint32(id))
	}
	return out, explain(rows.Err(), db.place)
}

// Units returns a connection's units with their members.
func (db *DB) Units(ctx context.Context, connection int64) ([]syncer.UnitRow, error) {
	return collect(ctx, db, scanUnit, `SELECT id, kind, ref, nested, object_id, name, known, problem, members, groups, read_at
		FROM unit WHERE connection_id = $1 ORDER BY id`, connection)
}

func scanUnit(row interface{ Scan(...any) error }) (syncer.UnitRow, error) {
	var u syncer.UnitRow
	var object, members []byte
	var groups string
	var read int64
	err := row.Scan(&u.ID, &u.Ref.Kind, &u.Ref.Name, &u.Ref.Nested, &object, &u.Name, &u.Known, &u.Problem, &members, &groups, &read)
	if err != nil {
		return u, err
	}
	copy(u.Object[:], object)
	u.ReadAt = fromMicros(read)
	if u.Members, err = readBitmap(members); err != nil {
		return u, err
	}
	var spelled []string
	if err := json.Unmarshal([]byte(groups), &spelled); err != nil {
		return u, err
	}
	for _, s := range spelled {
		id, err := directory.ParseObjectID(s)
		if err != nil {
			return u, err
		}
		u.Groups = append(u.Groups, id)
	}
	return u, nil
}

// SaveUnit stores a unit under the reference that mappings use.
func (db *DB) SaveUnit(ctx context.Context, connection int64, u syncer.UnitRow) error {
	spelled := make([]string, len(u.Groups))
	for i, g := range u.Groups {
		spelled[i] = g.String()
	}
	groups, err := json.Marshal(spelled)
	if err != nil {
		return err
	}
	members, err := bitmapBytes(u.Members)
	if err != nil {
		return err
	}
	var object []byte
	if !u.Object.IsZero() {
		object = u.Object[:]
	}
	_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO unit (connection_id, kind, ref, nested, object_id, name, known, problem, members, groups, read_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (connection_id, kind, ref, nested) DO UPDATE SET object_id = excluded.object_id, name = excluded.name,
			known = excluded.known, problem = excluded.problem, members = excluded.members, groups = excluded.groups, read_at = excluded.read_at`,
		connection, int64(u.Ref.Kind), u.Ref.Name, u.Ref.Nested, object, u.Name, u.Known, u.Problem, members, string(groups), microsOrZero(u.ReadAt))
	return err
}

// Cursor returns a stored cursor and whether there is one.
func (db *DB) Cursor(ctx context.Context, connection int64, input string) (syncer.StoredCursor, bool, error) {
	var c syncer.StoredCursor
	var taken int64
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT link, taken_at, fingerprint FROM cursor WHERE connection_id = $1 AND input = $2`,
		connection, input).Scan(&c.Link, &taken, &c.Fingerprint)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	c.Taken = fromMicros(taken)
	return c, err == nil, err
}

// SaveCursor stores a cursor in place of the one there was.
func (db *DB) SaveCursor(ctx context.Context, connection int64, input string, c syncer.StoredCursor) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO cursor (connection_id, input, link, taken_at, fingerprint)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (connection_id, input) DO UPDATE SET link = excluded.link,
			taken_at = excluded.taken_at, fingerprint = excluded.fingerprint`,
		connection, input, c.Link, microsOrZero(c.Taken), c.Fingerprint)
	return err
}

// DropCursors forgets a connection's cursors: the next run reads in full.
func (db *DB) DropCursors(ctx context.Context, connection int64) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM cursor WHERE connection_id = $1`, connection)
	return err
}

func readBitmap(b []byte) (*roaring.Bitmap, error) {
	out := roaring.New()
	if len(b) == 0 {
		return out, nil
	}
	_, err := out.FromBuffer(append([]byte(nil), b...))
	return out, err
}

func bitmapBytes(m *roaring.Bitmap) ([]byte, error) {
	if m == nil {
		m = roaring.New()
	}
	m.RunOptimize()
	return m.ToBytes()
}

func bytesOrNil(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// microsOrZero stores an instant; the zero time becomes 0.
func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
