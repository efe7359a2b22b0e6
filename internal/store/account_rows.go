package store

import (
	"context"
	"fmt"
	"strings"
)

// rowSet is rows that a statement works through, given as its parameters.
type rowSet struct {
	n       int
	columns []rowColumn
}

// rowColumn is one column of a rowSet.
type rowColumn struct {
	name  string
	kind  string // PostgreSQL's type: bigint, text, boolean, bytea
	value func(i int) any
}

// execRows runs a statement that names a rowSet as {{rows}} and calls its
// columns v.name, and returns how many rows it changed. PostgreSQL gets the set
// as one array a column and runs the statement once; SQLite, which has no
// conversation to save, runs it prepared, once a row.
func (db *DB) execRows(ctx context.Context, text string, set rowSet) (changed int64, err error) {
	if set.n == 0 {
		return 0, nil
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		s := db.sessionOf(ctx)
		if db.dialect.isSQLite() {
			changed, err = s.execEachRow(ctx, strings.ReplaceAll(text, "{{rows}}", set.selected()), set)
			return err
		}
		result, err := s.ExecContext(ctx, strings.ReplaceAll(text, "{{rows}}", set.unnested()), set.arrays()...)
		if err != nil {
			return err
		}
		changed, err = result.RowsAffected()
		return err
	})
	return changed, err
}

// execEachRow runs a statement for each row, on SQLite.
func (s *session) execEachRow(ctx context.Context, text string, set rowSet) (int64, error) {
	return s.execMany(ctx, text, len(set.columns), set.n, func(i int, dst []any) {
		for j := range set.columns {
			dst[j] = set.columns[j].value(i)
		}
	})
}

// selected returns one row as a table, for SQLite.
func (set rowSet) selected() string {
	parts := make([]string, len(set.columns))
	for i, c := range set.columns {
		parts[i] = fmt.Sprintf("$%d AS %s", i+1, c.name)
	}
	return "(SELECT " + strings.Join(parts, ", ") + ") AS v"
}

// unnested returns all rows as a table, for PostgreSQL.
func (set rowSet) unnested() string {
	arrays, names := make([]string, len(set.columns)), make([]string, len(set.columns))
	for i, c := range set.columns {
		arrays[i], names[i] = fmt.Sprintf("$%d::%s[]", i+1, c.kind), c.name
	}
	return "unnest(" + strings.Join(arrays, ", ") + ") AS v (" + strings.Join(names, ", ") + ")"
}

// arrays returns the columns as PostgreSQL takes them.
func (set rowSet) arrays() []any {
	out := make([]any, len(set.columns))
	for j, c := range set.columns {
		switch c.kind {
		case "bigint":
			out[j] = columnOf[int64](set.n, c)
		case "boolean":
			out[j] = columnOf[bool](set.n, c)
		case "bytea":
			out[j] = columnOf[[]byte](set.n, c)
		default:
			out[j] = columnOf[string](set.n, c)
		}
	}
	return out
}

func columnOf[T any](n int, c rowColumn) []T {
	out := make([]T, n)
	for i := range out {
		out[i], _ = c.value(i).(T)
	}
	return out
}
