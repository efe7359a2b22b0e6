package store

import (
	"context"
	"fmt"
	"strings"
)

// bulkInsert inserts n rows; row fills dst with the values of row i. It must
// run in a transaction to be fast.
func (db *DB) bulkInsert(ctx context.Context, table string, columns []string, n int, row func(i int, dst []any)) error {
	if n == 0 {
		return nil
	}
	if db.postgres() {
		return db.unnest(ctx, table, columns, n, row)
	}
	marks := make([]string, len(columns))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	query := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	return db.InTx(ctx, func(ctx context.Context) error {
		dst := make([]any, len(columns))
		for i := range n {
			row(i, dst)
			if _, err := db.conn(ctx).ExecContext(ctx, query, dst...); err != nil {
				return err
			}
		}
		return nil
	})
}

// unnest sends the columns as arrays in one statement, which takes PostgreSQL
// one round trip for any number of rows.
func (db *DB) unnest(ctx context.Context, table string, columns []string, n int, row func(i int, dst []any)) error {
	types, err := db.columnTypes(ctx, table, columns)
	if err != nil {
		return err
	}
	arrays := make([][]any, len(columns))
	for c := range arrays {
		arrays[c] = make([]any, n)
	}
	dst := make([]any, len(columns))
	for i := range n {
		row(i, dst)
		for c := range dst {
			arrays[c][i] = dst[c]
		}
	}
	args, marks := make([]any, len(columns)), make([]string, len(columns))
	for c := range columns {
		args[c] = typedArray(types[c], arrays[c])
		marks[c] = fmt.Sprintf("$%d::%s[]", c+1, types[c])
	}
	_, err = db.conn(ctx).ExecContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+
		") SELECT * FROM unnest("+strings.Join(marks, ", ")+")", args...)
	return err
}

// columnTypes asks the database for the types of columns.
func (db *DB) columnTypes(ctx context.Context, table string, columns []string) ([]string, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT column_name::text, data_type::text FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	byName := map[string]string{}
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return nil, err
		}
		byName[name] = typ
	}
	out := make([]string, len(columns))
	for i, c := range columns {
		if byName[c] == "" {
			return nil, fmt.Errorf("table %s has no column %s", table, c)
		}
		out[i] = byName[c]
	}
	return out, rows.Err()
}

// typedArray converts values to the slice that the driver encodes as an array.
func typedArray(typ string, values []any) any {
	switch typ {
	case "bigint":
		return arrayOf[int64](values)
	case "boolean":
		return arrayOf[bool](values)
	case "bytea":
		out := make([][]byte, len(values))
		for i, v := range values {
			out[i], _ = v.([]byte)
		}
		return out
	}
	return arrayOf[string](values)
}

func arrayOf[T any](values []any) []*T {
	out := make([]*T, len(values))
	for i, v := range values {
		if t, ok := v.(T); ok {
			out[i] = &t
		}
	}
	return out
}
