package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresParameters is how many parameters one statement may have.
const postgresParameters = 65_535

// bulkInsert inserts n rows the fastest way of the engine: COPY on PostgreSQL,
// a prepared statement run without database/sql's overhead on SQLite. row fills
// dst, one value a column, with int64, float64, bool, string, []byte or nil.
//
// conflict is an ON CONFLICT clause, at most one. With it PostgreSQL takes the
// rows through VALUES, since COPY knows no conflicts.
func (db *DB) bulkInsert(ctx context.Context, table string, columns []string, n int, row func(i int, dst []any), conflict ...string) error {
	if n == 0 {
		return nil
	}
	db.statistics.added(table, n)
	return db.InTx(ctx, func(ctx context.Context) error {
		s := db.sessionOf(ctx)
		clause := strings.Join(conflict, " ")
		switch {
		case db.dialect.isSQLite():
			_, err := s.insertRows(ctx, table, columns, n, row, clause)
			return err
		case clause == "":
			return s.copyRows(ctx, table, columns, n, row)
		}
		return s.insertValues(ctx, table, columns, n, row, clause)
	})
}

// copyRows sends the rows through COPY on the transaction's connection.
func (s *session) copyRows(ctx context.Context, table string, columns []string, n int, row func(i int, dst []any)) error {
	dst := make([]any, len(columns))
	source := pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		row(i, dst)
		return dst, nil
	})
	return s.conn.Raw(func(raw any) error {
		_, err := raw.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, source)
		return err
	})
}

// insertValues sends the rows in statements of many VALUES.
func (s *session) insertValues(ctx context.Context, table string, columns []string, n int, row func(i int, dst []any), clause string) error {
	most := min(500, postgresParameters/len(columns))
	dst := make([]any, most*len(columns))
	for start := 0; start < n; start += most {
		count := min(most, n-start)
		for i := range count {
			row(start+i, dst[i*len(columns):(i+1)*len(columns)])
		}
		_, err := s.conn.ExecContext(ctx, s.db.dialect.insertText(table, columns, count, clause), dst[:count*len(columns)]...)
		if err != nil {
			return err
		}
	}
	return nil
}

// insertText returns an INSERT of a number of rows. SQLite's placeholders are
// bare: its driver looks up the name of each named one for each row.
func (d dialect) insertText(table string, columns []string, rows int, clause string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", quoteName(table), joinColumns(columns))
	for i := range rows * len(columns) {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%len(columns) == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		if d.isSQLite() {
			b.WriteByte('?')
		} else {
			b.WriteString(placeholder(i + 1))
		}
	}
	b.WriteString(") ")
	b.WriteString(clause)
	return b.String()
}

// rowsPerStatement is how many rows one statement inserts on SQLite: opening the
// table and its indexes anew for each row costs a quarter of a short row.
const rowsPerStatement = 20

// insertRows runs prepared statements of some rows on the driver itself, and
// returns how many rows were inserted.
func (s *session) insertRows(ctx context.Context, table string, columns []string, n int, row func(i int, dst []any), clause string) (inserted int64, err error) {
	width, full := len(columns), n-n%rowsPerStatement
	inserted, err = s.execMany(ctx, s.db.dialect.insertText(table, columns, rowsPerStatement, clause), rowsPerStatement*width, full/rowsPerStatement,
		func(i int, dst []any) {
			for k := range rowsPerStatement {
				row(i*rowsPerStatement+k, dst[k*width:(k+1)*width])
			}
		})
	if err != nil {
		return 0, err
	}
	rest, err := s.execMany(ctx, s.db.dialect.insertText(table, columns, 1, clause), width, n-full,
		func(i int, dst []any) { row(full+i, dst) })
	return inserted + rest, err
}

// checkEvery is how many rows run between two looks at the context. The rows
// themselves run without it, since watching one costs more than a row.
const checkEvery = 256

// execMany runs a statement n times on the driver itself, SQLite only, and
// returns how many rows it changed in all.
func (s *session) execMany(ctx context.Context, query string, parameters, n int, row func(i int, dst []any)) (changed int64, err error) {
	if n == 0 {
		return 0, nil
	}
	err = s.conn.Raw(func(raw any) error {
		stmt, err := s.rawStmt(ctx, raw, query)
		if err != nil {
			return err
		}
		dst := make([]any, parameters)
		args := make([]driver.NamedValue, parameters)
		for i := range args {
			args[i].Ordinal = i + 1
		}
		for i := range n {
			if i%checkEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			row(i, dst)
			for j, v := range dst {
				if args[j].Value, err = driver.DefaultParameterConverter.ConvertValue(v); err != nil {
					return fmt.Errorf("parameter %d: %w", j+1, err)
				}
			}
			result, err := stmt.ExecContext(context.Background(), args)
			if err != nil {
				return err
			}
			rows, err := result.RowsAffected()
			if err != nil {
				return err
			}
			changed += rows
		}
		return nil
	})
	return changed, err
}

// rawStmt returns the session's driver statement for a text.
func (s *session) rawStmt(ctx context.Context, raw any, query string) (driver.StmtExecContext, error) {
	if stmt, ok := s.raw[query]; ok {
		return stmt.(driver.StmtExecContext), nil
	}
	preparer, ok := raw.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.New("store: the SQLite driver does not prepare statements")
	}
	stmt, err := preparer.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil, err
	}
	s.raw[query] = stmt
	return stmt.(driver.StmtExecContext), nil
}

// column is a column to update, with its type on PostgreSQL.
type column struct{ name, kind string }

// bulkUpdate updates n rows by their id: through unnested lists on PostgreSQL,
// with a prepared statement on SQLite. row fills dst with the id and then one
// value a column. Rows that are not there are passed over.
func (db *DB) bulkUpdate(ctx context.Context, table string, columns []column, n int, row func(i int, dst []any)) error {
	if n == 0 {
		return nil
	}
	if db.dialect.isSQLite() {
		return db.InTx(ctx, func(ctx context.Context) error {
			_, err := db.sessionOf(ctx).execMany(ctx, updateText(table, columns), len(columns)+1, n, row)
			return err
		})
	}
	lists := make([]any, len(columns)+1)
	for j := range lists {
		lists[j] = make([]any, n)
	}
	dst := make([]any, len(columns)+1)
	for i := range n {
		row(i, dst)
		for j, v := range dst {
			lists[j].([]any)[i] = v
		}
	}
	_, err := db.conn(ctx).ExecContext(ctx, unnestText(table, columns), lists...)
	return err
}

// updateText returns the UPDATE of one row by its id, which is $1.
func updateText(table string, columns []column) string {
	sets := make([]string, len(columns))
	for j, c := range columns {
		sets[j] = c.name + " = " + placeholder(j+2)
	}
	return "UPDATE " + table + " SET " + strings.Join(sets, ", ") + " WHERE id = $1"
}

// unnestText returns the UPDATE of many rows from one list a column.
func unnestText(table string, columns []column) string {
	sets, names, lists := make([]string, len(columns)), []string{"id"}, []string{"$1::bigint[]"}
	for j, c := range columns {
		sets[j] = c.name + " = new." + c.name
		names = append(names, c.name)
		lists = append(lists, placeholder(j+2)+"::"+c.kind+"[]")
	}
	return "UPDATE " + table + " AS old SET " + strings.Join(sets, ", ") + " FROM unnest(" + strings.Join(lists, ", ") +
		") AS new (" + strings.Join(names, ", ") + ") WHERE old.id = new.id"
}
