package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/musterhq/muster/internal/errs"
)

// OpenAlone opens a database to be read while nobody else uses it, and leaves it
// as it is. It fails with Conflict when another process has it open. A SQLite
// file stays closed to others until it is closed here; on PostgreSQL, who comes
// later is not kept out.
func OpenAlone(ctx context.Context, c Config) (*DB, error) {
	db := &DB{now: c.Now, stmts: map[string]*sql.Stmt{}}
	open := db.openSQLiteAlone
	if c.URL != "" {
		open = db.openPostgresAlone
	}
	if err := open(ctx, c); err != nil {
		db.Close()
		return nil, explain(err, db.place)
	}
	return db, nil
}

// inUse refuses a database that others have open.
func (db *DB) inUse(cause error) error {
	return errs.New(errs.Conflict, "another program has the database open").About("%s", db.place).Because(cause).
		WithHint("Stop muster serve and whatever else works with it, and begin again. What is written meanwhile would be lost.")
}

// openSQLiteAlone takes the file's exclusive lock, which nobody gets while
// another connection is open, idle or not. The mode of the journal is left
// alone: to set it ends the exclusive mode.
func (db *DB) openSQLiteAlone(ctx context.Context, c Config) (err error) {
	if db.place, err = filepath.Abs(c.Path); err != nil {
		return err
	}
	db.dialect = sqlite
	q := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(1000)", "locking_mode(exclusive)", "temp_store(memory)", "query_only(1)"}}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(db.place), RawQuery: q.Encode()}
	if err := checkPlace(db.place); err != nil {
		return err
	}
	if db.pool, err = sql.Open("sqlite", u.String()); err != nil {
		return err
	}
	db.pool.SetMaxOpenConns(1)
	var tables int
	err = db.pool.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema`).Scan(&tables)
	if code := sqliteCode(err) & 0xff; code == sqliteBusy || code == sqliteLocked {
		return db.inUse(err)
	}
	return err
}

func (db *DB) openPostgresAlone(ctx context.Context, c Config) error {
	if err := db.connectPostgres(c); err != nil {
		return err
	}
	db.pool.SetMaxOpenConns(1)
	// A process that has just ended is seen for a moment longer.
	const looks = 8
	for attempt := 1; ; attempt++ {
		var others int
		err := db.pool.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'muster' AND pid <> pg_backend_pid()`).Scan(&others)
		if err != nil || others == 0 {
			return err
		}
		if attempt == looks || pause(ctx, attempt) != nil {
			return db.inUse(nil)
		}
	}
}

// MovedTable is a table that arrived as it left.
type MovedTable struct {
	Name string
	Rows int64
}

// Absorb fills this empty database with everything of another, of either engine
// and the same schema, as it is at one instant. All of it is read back and
// compared before it is kept: number of rows and a sum over them, table by table.
// tell hears of each table that was compared; it may be nil. On a fault this
// database stays empty. The other is only read.
//
// The index of words is not part of it: the records are noted, to be indexed as
// if they had just been written.
func (db *DB) Absorb(ctx context.Context, from *DB, tell func(MovedTable)) error {
	err := from.inSnapshot(ctx, func(ctx context.Context) error {
		theirs, err := from.tables(ctx)
		if err != nil {
			return err
		}
		return db.InTx(ctx, func(ctx context.Context) error { return db.absorb(ctx, from, theirs, tell) })
	})
	return explain(err, db.place)
}

// absorb is Absorb in a transaction of both databases.
func (db *DB) absorb(ctx context.Context, from *DB, theirs []table, tell func(MovedTable)) error {
	tables, err := db.tables(ctx)
	if err != nil {
		return err
	}
	if err := sameTables(theirs, tables); err != nil {
		return err
	}
	if err := db.isEmpty(ctx, tables); err != nil {
		return err
	}
	if _, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM sequence`); err != nil {
		return err
	}
	for _, t := range tables {
		sent, err := db.copyTable(ctx, from, t)
		if err != nil {
			return errs.Wrap(err, "copy table "+t.Name)
		}
		if err := db.arrived(ctx, t, sent); err != nil {
			return err
		}
		if tell != nil {
			tell(MovedTable{t.Name, sent.rows})
		}
	}
	if err := db.noteAll(ctx); err != nil {
		return err
	}
	return db.advanceIdentities(ctx, tables)
}

// arrived compares a table with what was sent.
func (db *DB) arrived(ctx context.Context, t table, sent rowSum) error {
	there, err := db.sumTable(ctx, t, func([]byte) error { return nil })
	if err != nil {
		return errs.Wrap(err, "read table "+t.Name+" back")
	}
	if there != sent {
		return errs.New(errs.Internal, "table %s did not arrive as it was sent: %d rows of %d", t.Name, there.rows, sent.rows).
			WithHint("Nothing was kept. This is a fault of Muster: please report it.")
	}
	return nil
}

// sameTables refuses databases of different schemas.
func sameTables(theirs, ours []table) error {
	same := len(theirs) == len(ours)
	for _, t := range ours {
		same = same && slices.ContainsFunc(theirs, func(o table) bool { return o.Name == t.Name && slices.Equal(o.Columns, t.Columns) })
	}
	if !same {
		return errs.New(errs.Conflict, "the two databases are not of the same version of Muster").
			WithHint("Start this version on the old database once: it brings it forward. Then stop it and begin again.")
	}
	return nil
}

// copyTable inserts the rows of another database's table, a chunk at a time.
func (db *DB) copyTable(ctx context.Context, from *DB, t table) (rowSum, error) {
	var chunk [][]any
	flush := func() error {
		err := db.bulkInsert(ctx, t.Name, t.columnNames(), len(chunk), func(i int, dst []any) { copy(dst, chunk[i]) })
		chunk = chunk[:0]
		return err
	}
	sum, err := from.sumTable(ctx, t, func(line []byte) error {
		row := make([]any, len(t.Columns))
		if err := parseLine(&t, line, row); err != nil {
			return err
		}
		if chunk = append(chunk, row); len(chunk) < restoreChunk {
			return nil
		}
		return flush()
	})
	if err != nil {
		return sum, err
	}
	return sum, flush()
}

// sumTable calls fn with each row of a table, written as backups write it, and
// returns the sum over all. fn may keep nothing of the line.
func (db *DB) sumTable(ctx context.Context, t table, fn func(line []byte) error) (rowSum, error) {
	var sum rowSum
	rows, err := db.conn(ctx).QueryContext(ctx, "SELECT "+joinColumns(t.columnNames())+" FROM "+quoteName(t.Name))
	if err != nil {
		return sum, err
	}
	defer rows.Close()
	cells := newCells(t)
	var line []byte
	for rows.Next() {
		if err := rows.Scan(cells.dst...); err != nil {
			return sum, err
		}
		line = cells.append(line[:0])
		sum.add(line)
		if err := fn(line[:len(line)-1]); err != nil {
			return sum, err
		}
	}
	return sum, explain(rows.Err(), db.place)
}

// rowSum is the same for the same rows in whatever order: their number, and the
// sum of their SHA-256 in four lanes.
type rowSum struct {
	rows  int64
	lanes [4]uint64
}

func (s *rowSum) add(line []byte) {
	h := sha256.Sum256(line)
	s.rows++
	for i := range s.lanes {
		s.lanes[i] += binary.LittleEndian.Uint64(h[8*i:])
	}
}
