package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
)

const recordColumns = `id, account_id, collection_id, version, title, title_key, fields, pinned, created_at, updated_at, archived_at`

func scanRecord(row interface{ Scan(...any) error }) (register.Record, error) {
	var r register.Record
	var fields, pinned string
	var created, updated int64
	var archived sql.NullInt64
	err := row.Scan(&r.ID, &r.Account, &r.Collection, &r.Version, &r.Title, &r.TitleKey, &fields, &pinned, &created, &updated, &archived)
	if err != nil {
		return r, err
	}
	r.CreatedAt, r.UpdatedAt, r.ArchivedAt = fromMicros(created), fromMicros(updated), fromMicros(archived.Int64)
	if r.Pinned, err = parseNumbers(pinned); err != nil {
		return r, err
	}
	r.Fields, err = parseFields(fields)
	return r, err
}

// Records returns those of the given records that exist, by number. With lock,
// nobody else may change them until the transaction ends.
func (db *DB) Records(ctx context.Context, ids []int64, lock bool) ([]register.Record, error) {
	in, arg := db.inNumbers("id", 1, ids)
	query := `SELECT ` + recordColumns + ` FROM record WHERE ` + in + ` ORDER BY id`
	if lock {
		query += db.dialect.locking("FOR UPDATE")
	}
	return collect(ctx, db, scanRecord, query, arg)
}

// Places returns the account and the collection of records that exist.
func (db *DB) Places(ctx context.Context, ids []int64) (map[int64][2]int64, error) {
	in, arg := db.inNumbers("id", 1, ids)
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT id, account_id, collection_id FROM record WHERE `+in, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[int64][2]int64, len(ids))
	for rows.Next() {
		var id, account, collection int64
		if err := rows.Scan(&id, &account, &collection); err != nil {
			return nil, err
		}
		out[id] = [2]int64{account, collection}
	}
	return out, explain(rows.Err(), db.place)
}

// InsertRecords stores new records with the numbers they carry.
func (db *DB) InsertRecords(ctx context.Context, records []register.Record) error {
	if err := db.noteWritten(ctx, records); err != nil {
		return err
	}
	return db.bulkInsert(ctx, "record", strings.Split(recordColumns, ", "), len(records), func(i int, dst []any) {
		r := &records[i]
		dst[0], dst[1], dst[2], dst[3], dst[4], dst[5] = r.ID, r.Account, r.Collection, r.Version, r.Title, r.TitleKey
		dst[6], dst[7] = string(appendFields(nil, r.Fields)), string(appendNumbers(nil, r.Pinned))
		dst[8], dst[9], dst[10] = micros(r.CreatedAt), micros(r.UpdatedAt), nil
		if r.Archived() {
			dst[10] = micros(r.ArchivedAt)
		}
	})
}

// UpdateRecords stores all of records but their place and their beginning. The
// titles are left alone unless they changed, since a statement that names them
// makes SQLite move their index entries. The caller holds the lock.
func (db *DB) UpdateRecords(ctx context.Context, records []register.Record, titles bool) error {
	if err := db.noteWritten(ctx, records); err != nil {
		return err
	}
	columns := []column{{"version", "bigint"}, {"fields", "text"}, {"pinned", "text"}, {"updated_at", "bigint"}, {"archived_at", "bigint"}}
	if titles {
		columns = append(columns, column{"title", "text"}, column{"title_key", "text"})
	}
	return db.bulkUpdate(ctx, "record", columns, len(records), func(i int, dst []any) {
		r := &records[i]
		dst[0], dst[1] = r.ID, r.Version
		dst[2], dst[3] = string(appendFields(nil, r.Fields)), string(appendNumbers(nil, r.Pinned))
		dst[4], dst[5] = micros(r.UpdatedAt), nil
		if r.Archived() {
			dst[5] = micros(r.ArchivedAt)
		}
		if titles {
			dst[6], dst[7] = r.Title, r.TitleKey
		}
	})
}

// lastCharacter ends the range of keys with a common beginning.
const lastCharacter = "\U0010FFFF"

// ListRecords returns a page of a collection's records by title, or by number.
func (db *DB) ListRecords(ctx context.Context, q register.Query) ([]register.Record, error) {
	var b strings.Builder
	in := `collection_id`
	if q.ByID {
		// The sign keeps SQLite from the index by title, whose rows it would sort
		// by number anew for each page.
		in = `+collection_id`
	}
	b.WriteString(`SELECT ` + recordColumns + ` FROM record WHERE ` + in + ` = $1 AND account_id = $2`)
	args := []any{q.Collection, q.Account}
	add := func(values ...any) int {
		args = append(args, values...)
		return len(args)
	}
	if !q.Archived {
		b.WriteString(` AND archived_at IS NULL`)
	}
	if q.Prefix != "" {
		key := datatype.KeyOfText(q.Prefix)
		n := add(key, key+lastCharacter)
		b.WriteString(` AND title_key >= ` + placeholder(n-1) + ` AND title_key < ` + placeholder(n))
	}
	if q.Match.Field != 0 {
		db.matchField(&b, q.Match, add)
	}
	order := ` ORDER BY title_key, id`
	switch {
	case q.ByID:
		b.WriteString(` AND id > ` + placeholder(add(q.After.ID)))
		order = ` ORDER BY id`
	case q.After != register.Cursor{}:
		n := add(q.After.TitleKey, q.After.ID)
		b.WriteString(` AND (title_key, id) > (` + placeholder(n-1) + `, ` + placeholder(n) + `)`)
	}
	b.WriteString(order + ` LIMIT ` + placeholder(add(int64(q.Limit))))
	return collect(ctx, db, scanRecord, b.String(), args...)
}

// matchField adds the condition that a field holds exactly a value. The document
// is compact and quotes inside texts are escaped, so the member's text stands in
// it exactly when the field holds the value.
func (db *DB) matchField(b *strings.Builder, f register.FieldValue, add func(...any) int) {
	member := memberStart(f.Field) + f.Value.JSON()
	if f.Value.IsEmpty() {
		n := add(memberStart(f.Field))
		b.WriteString(` AND ` + db.dialect.position("fields", placeholder(n)) + ` = 0`)
		return
	}
	n := add(member+",", member+"}")
	b.WriteString(` AND (` + db.dialect.position("fields", placeholder(n-1)) + ` > 0 OR ` +
		db.dialect.position("fields", placeholder(n)) + ` > 0)`)
}

// memberStart is how a field's member begins in the column fields.
func memberStart(field int64) string { return `"` + strconv.FormatInt(field, 10) + `":` }

// HasRecords reports whether a collection holds a record that is not put away.
func (db *DB) HasRecords(ctx context.Context, collection int64) (any bool, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM record WHERE collection_id = $1 AND archived_at IS NULL)`,
		collection).Scan(&any)
	return any, err
}

// FindTitles finds records that are not put away by the keys of their titles.
func (db *DB) FindTitles(ctx context.Context, collection int64, keys []string) (map[string][]int64, error) {
	in, arg := db.inStrings("title_key", 2, keys)
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT title_key, id FROM record
		WHERE collection_id = $1 AND `+in+` AND archived_at IS NULL ORDER BY id`, collection, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[string][]int64, len(keys))
	for rows.Next() {
		var key string
		var id int64
		if err := rows.Scan(&key, &id); err != nil {
			return nil, err
		}
		out[key] = append(out[key], id)
	}
	return out, explain(rows.Err(), db.place)
}

// EachValue calls fn with the value of a field in each record that has one and
// is not put away, by number. fn must not use the database.
func (db *DB) EachValue(ctx context.Context, collection, field int64, fn func(record int64, v datatype.Value) error) error {
	start := memberStart(field)
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT id, fields FROM record WHERE collection_id = $1 AND archived_at IS NULL
		AND `+db.dialect.position("fields", "$2")+` > 0 ORDER BY id`, collection, start)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var doc string
		if err := rows.Scan(&id, &doc); err != nil {
			return err
		}
		fields, err := parseFields(doc)
		if err != nil {
			return err
		}
		r := register.Record{Fields: fields}
		if err := fn(id, r.Value(field)); err != nil {
			return err
		}
	}
	return explain(rows.Err(), db.place)
}
