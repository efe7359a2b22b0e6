package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/musterhq/muster/internal/errs"
)

// Condition is how a database stands.
type Condition struct {
	Engine  string // as DB.Engine
	Version string // of the engine
	Place   string // the file, or host and database without the password
	// Schema is the newest migration applied, 0 in an empty database; Newest is
	// the newest that this program knows, and Pending how many wait.
	Schema, Newest int64
	Pending        int
	Bytes          int64    // of the data
	LogBytes       int64    // of SQLite's write-ahead log
	Damage         []string // what is wrong inside, the first few
	Connections    int      // of PostgreSQL's server, in use by anybody
	MaxConnections int      // 0 on SQLite
}

// Examine looks at a database from the outside: it neither makes nor migrates it,
// and takes no lock that others wait for. It reads all of it to look for damage,
// which on SQLite takes about a second per gigabyte. NotFound says that there is
// no file yet.
func Examine(ctx context.Context, c Config) (Condition, error) {
	look := examineSQLite
	if c.URL != "" {
		look = examinePostgres
	}
	return look(ctx, c)
}

func examineSQLite(ctx context.Context, c Config) (Condition, error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return Condition{}, err
	}
	out := Condition{Engine: "sqlite", Place: path, Bytes: sizeOf(path), LogBytes: sizeOf(path + "-wal")}
	if err := checkPlace(path); err != nil {
		return out, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) { // opening it would make it
		return out, errs.New(errs.NotFound, "there is no database yet").About("%s", path)
	}
	pool, err := sql.Open("sqlite", sqliteName(path, "deferred", true))
	if err != nil {
		return out, err
	}
	defer pool.Close()
	db := &DB{dialect: sqlite, pool: pool, place: path}
	err = errors.Join(
		pool.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&out.Version),
		db.examineSchema(ctx, &out, `SELECT COUNT(*) FROM sqlite_schema WHERE name = 'goose_db_version'`),
	)
	if err != nil {
		return out, explain(err, path)
	}
	out.Damage, err = listTexts(ctx, pool, `PRAGMA quick_check(5)`)
	if len(out.Damage) == 1 && out.Damage[0] == "ok" {
		out.Damage = nil
	}
	return out, explain(err, path)
}

// sizeOf returns the bytes of a file, 0 when it cannot be seen.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func examinePostgres(ctx context.Context, c Config) (Condition, error) {
	conf, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return Condition{Engine: "postgres"}, badURL(c.URL)
	}
	out := Condition{Engine: "postgres", Place: "PostgreSQL database " + conf.Database + " on " + conf.Host}
	conf.ConnectTimeout = 10 * time.Second
	pool := stdlib.OpenDB(*conf)
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	db := &DB{dialect: postgres, pool: pool, place: out.Place}
	err = pool.QueryRowContext(ctx, `SELECT current_setting('server_version'), pg_database_size(current_database()),
		(SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), current_setting('max_connections')::int`).
		Scan(&out.Version, &out.Bytes, &out.Connections, &out.MaxConnections)
	if err != nil {
		return out, explain(err, out.Place)
	}
	err = db.examineSchema(ctx, &out, `SELECT COUNT(*) FROM pg_class WHERE relname = 'goose_db_version' AND relnamespace = current_schema()::regnamespace`)
	if err != nil {
		return out, explain(err, out.Place)
	}
	out.Damage, err = listTexts(ctx, pool, `SELECT 'the index ' || indexrelid::regclass || ' is not valid' FROM pg_index WHERE NOT indisvalid LIMIT 5`)
	return out, explain(err, out.Place)
}

// examineSchema compares the migrations applied with those known. versions counts
// the table in which goose keeps them.
func (db *DB) examineSchema(ctx context.Context, out *Condition, versions string) error {
	m, err := db.dialect.migrator(db.pool)
	if err != nil {
		return err
	}
	known := map[int64]bool{}
	for _, s := range m.ListSources() {
		known[s.Version] = true
		out.Newest = max(out.Newest, s.Version)
	}
	var there int
	if err := db.pool.QueryRowContext(ctx, versions).Scan(&there); err != nil {
		return err
	}
	if out.Pending = len(known); there == 0 {
		return nil
	}
	rows, err := db.pool.QueryContext(ctx, `SELECT DISTINCT version_id FROM goose_db_version WHERE is_applied`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return err
		}
		out.Schema = max(out.Schema, version)
		if known[version] {
			out.Pending--
		}
	}
	return explain(rows.Err(), db.place)
}

// listTexts returns the one column of a query.
func listTexts(ctx context.Context, pool *sql.DB, query string) ([]string, error) {
	rows, err := pool.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
