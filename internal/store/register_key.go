package store

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/register"
)

// keySet is the keys of one field, as parallel lists for a statement.
type keySet struct {
	collection, field int64
	texts             []string
	records           []int64
}

// keySets groups keys, which may come in any order, by field.
func keySets(keys []register.Key) []keySet {
	var out []keySet
	for _, k := range keys {
		i := slices.IndexFunc(out, func(s keySet) bool { return s.collection == k.Collection && s.field == k.Field })
		if i < 0 {
			out = append(out, keySet{collection: k.Collection, field: k.Field})
			i = len(out) - 1
		}
		out[i].texts = append(out[i].texts, k.Text)
		out[i].records = append(out[i].records, k.Record)
	}
	return out
}

// InsertKeys claims keys. Those that other records have are returned, with those
// records; what is claimed besides stays until the caller rolls back.
func (db *DB) InsertKeys(ctx context.Context, keys []register.Key) (taken []register.Key, err error) {
	for _, set := range keySets(keys) {
		n, err := db.insertKeySet(ctx, set)
		if err != nil {
			return nil, err
		}
		if n == int64(len(set.texts)) {
			continue
		}
		holders, err := db.FindKeys(ctx, set.collection, set.field, set.texts)
		if err != nil {
			return nil, err
		}
		for i, text := range set.texts {
			if other := holders[text]; other != 0 && other != set.records[i] {
				taken = append(taken, register.Key{Collection: set.collection, Field: set.field, Text: text, Record: other})
			}
		}
	}
	return taken, nil
}

// insertKeySet inserts the keys that are free and returns how many.
func (db *DB) insertKeySet(ctx context.Context, set keySet) (n int64, err error) {
	if db.dialect.isSQLite() {
		err = db.InTx(ctx, func(ctx context.Context) error {
			n, err = db.sessionOf(ctx).insertRows(ctx, "record_key", []string{"collection_id", "field_id", "value_key", "record_id"},
				len(set.texts), func(i int, dst []any) {
					dst[0], dst[1], dst[2], dst[3] = set.collection, set.field, set.texts[i], set.records[i]
				}, "ON CONFLICT DO NOTHING")
			return err
		})
		return n, err
	}
	db.statistics.added("record_key", len(set.texts))
	result, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO record_key (collection_id, field_id, value_key, record_id)
		SELECT $1, $2, key, record FROM unnest($3::text[], $4::bigint[]) AS claim (key, record)
		ON CONFLICT DO NOTHING`, set.collection, set.field, set.texts, set.records)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// DeleteKeys gives keys up. Keys that another record holds stay.
func (db *DB) DeleteKeys(ctx context.Context, keys []register.Key) error {
	for _, set := range keySets(keys) {
		texts, list := db.inStrings("value_key", 3, set.texts)
		records, ids := db.inNumbers("record_id", 4, set.records)
		_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM record_key WHERE collection_id = $1 AND field_id = $2
			AND `+texts+` AND `+records, set.collection, set.field, list, ids)
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteFieldKeys drops all keys of a field that is no longer unique.
func (db *DB) DeleteFieldKeys(ctx context.Context, collection, field int64) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM record_key WHERE collection_id = $1 AND field_id = $2`, collection, field)
	return err
}

// FindKeys returns the records that hold keys of a unique field.
func (db *DB) FindKeys(ctx context.Context, collection, field int64, texts []string) (map[string]int64, error) {
	in, arg := db.inStrings("value_key", 3, texts)
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT value_key, record_id FROM record_key
		WHERE collection_id = $1 AND field_id = $2 AND `+in, collection, field, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[string]int64, len(texts))
	for rows.Next() {
		var key string
		var id int64
		if err := rows.Scan(&key, &id); err != nil {
			return nil, err
		}
		out[key] = id
	}
	return out, explain(rows.Err(), db.place)
}
