// Package store is the database: the one place that knows SQL. It runs on
// SQLite for one machine and on PostgreSQL for several, with one SQL text; what
// differs between them is in one dialect value.
//
// A DB implements the Store interfaces that the domain packages declare. A
// transaction travels in the context, so that use cases of several packages
// commit together:
//
//	err := db.InTx(ctx, func(ctx context.Context) error {
//		if err := records.Create(ctx, …); err != nil {
//			return err
//		}
//		return log.Write(ctx, …)
//	})
//
// Inside a transaction use the context that it gives: under the outer one,
// SQLite's only writer would wait for itself. And read all rows of a query before
// starting the next one: PostgreSQL has one conversation per connection.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Config says where the database is.
type Config struct {
	Path string           // the SQLite file; made when missing
	URL  string           // postgres://…; wins over Path when set
	Now  func() time.Time // the clock, time.Now unless set
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect dialect
	pool    *sql.DB       // SQLite: readers only; PostgreSQL: all connections
	writers *sql.DB       // SQLite: the pool behind writer; nil on PostgreSQL
	writer  chan *session // SQLite: holds the one writing session while it is free
	now     func() time.Time
	upTo    int64  // the version to migrate to; 0 for the newest
	place   string // for messages: the file, or host and database without the password

	statistics statistics

	mu    sync.Mutex
	stmts map[string]*sql.Stmt // prepared reads of the SQLite pool, by text
}

// stmtLimit is how many statements a cache keeps. The texts are constants of
// this package, so the limit is a guard and not a policy: beyond it, statements
// run unprepared.
const stmtLimit = 512

// PostgresConnections is how many connections one process opens at most.
// PostgreSQL accepts 100 by default; three processes leave room for others.
const PostgresConnections = 20

// Open opens the database and migrates it forward. Several processes may do so
// at once: one migrates, the others wait. A database of a newer version than
// this program is refused, untouched.
func Open(ctx context.Context, c Config) (*DB, error) { return openAt(ctx, c, 0) }

// openAt opens a database and migrates it forward to a version; 0 is the newest.
func openAt(ctx context.Context, c Config, version int64) (*DB, error) {
	db := &DB{now: c.Now, upTo: version, stmts: map[string]*sql.Stmt{}}
	if db.now == nil {
		db.now = time.Now
	}
	open := db.openSQLite
	if c.URL != "" {
		open = db.openPostgres
	}
	if err := open(ctx, c); err != nil {
		db.Close()
		return nil, explain(err, db.place)
	}
	return db, nil
}

func (db *DB) openSQLite(ctx context.Context, c Config) error {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return err
	}
	db.dialect, db.place = sqlite, path
	if err := checkPlace(path); err != nil {
		return err
	}
	db.writers, err = sql.Open("sqlite", sqliteName(path, "immediate", false))
	if err != nil {
		return err
	}
	if err := db.writers.PingContext(ctx); err != nil {
		return err
	}
	if err := db.migrate(ctx, db.writers); err != nil {
		return err
	}
	s, err := db.newSession(ctx, db.writers)
	if err != nil {
		return err
	}
	db.writer = make(chan *session, 1)
	db.writer <- s
	db.pool, err = sql.Open("sqlite", sqliteName(path, "deferred", true))
	if err != nil {
		return err
	}
	readers := max(4, runtime.NumCPU())
	db.pool.SetMaxOpenConns(readers)
	db.pool.SetMaxIdleConns(readers)
	return db.pool.PingContext(ctx)
}

// sqliteName returns the driver's name for a file with its settings.
//
// synchronous=FULL syncs the log at each commit, so that a checkout confirmed
// to somebody survives a power cut; see Relaxed for what need not wait.
func sqliteName(path, lock string, readOnly bool) string {
	q := url.Values{"_txlock": {lock}}
	cache := sqliteWriterKiB
	if readOnly {
		cache = sqliteReaderKiB
	}
	pragmas := []string{
		"page_size(8192)", // of new files; 4096 made a first run 4 % dearer
		"busy_timeout(5000)",
		"journal_mode(wal)",
		"synchronous(full)",
		"foreign_keys(1)",
		"temp_store(memory)",
		"cache_size(-" + strconv.Itoa(cache) + ")",
		"wal_autocheckpoint(" + strconv.Itoa(sqliteCheckpointPages) + ")",
		"journal_size_limit(67108864)",
	}
	if readOnly {
		pragmas = append(pragmas, "query_only(1)")
	}
	q["_pragma"] = pragmas
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

// What SQLite may use, per connection. Files are not mapped into memory: it
// saved nothing measurable, and the pages count as the program's memory.
const (
	sqliteWriterKiB       = 16 << 10
	sqliteReaderKiB       = 4 << 10
	sqliteCheckpointPages = 5000 // 40 MiB of log between checkpoints
)

// postgresSettings are made on each connection. A batch looks up a thousand rows
// by number; with the price that PostgreSQL puts on random reads by default,
// made for turning disks, it would read the whole table for them instead.
const postgresSettings = `SET random_page_cost = 1.1; SET jit = off`

func (db *DB) openPostgres(ctx context.Context, c Config) error {
	if err := db.connectPostgres(c); err != nil {
		return err
	}
	if err := db.pool.PingContext(ctx); err != nil {
		return err
	}
	return db.migrate(ctx, db.pool)
}

// connectPostgres makes the pool, which connects when it is first used.
func (db *DB) connectPostgres(c Config) error {
	db.dialect, db.place = postgres, "PostgreSQL"
	conf, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return badURL(c.URL)
	}
	db.place = "PostgreSQL database " + conf.Database + " on " + conf.Host
	conf.ConnectTimeout = cmp.Or(conf.ConnectTimeout, 10*time.Second)
	if conf.RuntimeParams["application_name"] == "" {
		conf.RuntimeParams["application_name"] = "muster"
	}
	db.pool = stdlib.OpenDB(*conf, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, postgresSettings)
		return err
	}))
	db.pool.SetMaxOpenConns(PostgresConnections)
	db.pool.SetMaxIdleConns(PostgresConnections / 2)
	db.pool.SetConnMaxIdleTime(5 * time.Minute)
	return nil
}

// Engine returns "sqlite" or "postgres".
func (db *DB) Engine() string { return db.dialect.name }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return explain(db.pool.PingContext(ctx), db.place)
}

// Close waits for the transaction under way on SQLite and closes the database.
func (db *DB) Close() error {
	var first error
	keep := func(err error) { first = cmp.Or(first, err) }
	if db.writer != nil {
		s := <-db.writer
		keep(s.close())
	}
	for _, pool := range []*sql.DB{db.pool, db.writers} {
		if pool != nil {
			keep(pool.Close())
		}
	}
	return first
}

// NextIDs reserves n numbers of a sequence and returns the first. Numbers of a
// transaction that rolls back are given out again on PostgreSQL and SQLite
// alike, since the sequence is a row.
func (db *DB) NextIDs(ctx context.Context, name string, n int) (first int64, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `INSERT INTO sequence (name, next) VALUES ($1, 1 + CAST($2 AS BIGINT))
		ON CONFLICT (name) DO UPDATE SET next = sequence.next + CAST($2 AS BIGINT)
		RETURNING next - CAST($2 AS BIGINT)`, name, int64(n)).Scan(&first)
	return first, explain(err, db.place)
}

// micros is how an instant is stored: microseconds since 1970.
func micros(t time.Time) int64 { return t.UnixMicro() }

// fromMicros reads a stored instant; 0 is the zero time.
func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
