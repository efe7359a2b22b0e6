package store

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/musterhq/muster/internal/errs"
)

//go:embed migrations/*.sql
var migrationTexts embed.FS

// rendered returns the migrations in the engine's own words.
func (d dialect) rendered() (fs.FS, error) {
	names, err := fs.Glob(migrationTexts, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	for _, name := range names {
		text, err := migrationTexts.ReadFile(name)
		if err != nil {
			return nil, err
		}
		out[name[len("migrations/"):]] = &fstest.MapFile{Data: []byte(d.tokens.Replace(string(text)))}
	}
	return out, nil
}

// migrator returns goose over the rendered migrations. On PostgreSQL an
// advisory lock makes rivals wait for each other; SQLite's own lock does.
//
// Migrations only go forward: one that was released is never edited. One with a
// lower number than the newest applied is still applied, so that two lines of
// work can each add their own.
func (d dialect) migrator(pool *sql.DB) (*goose.Provider, error) {
	texts, err := d.rendered()
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()), goose.WithAllowOutofOrder(true)}
	if d.isSQLite() {
		return goose.NewProvider(goose.DialectSQLite3, pool, texts, options...)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, pool, texts, append(options, goose.WithSessionLocker(locker))...)
}

// migrate brings the schema forward to this program's version, each migration
// in a transaction.
//
// On SQLite, a rival that read the version before somebody else migrated finds
// the tables there already and fails; on the next attempt it finds nothing to do.
func (db *DB) migrate(ctx context.Context, pool *sql.DB) error {
	m, err := db.dialect.migrator(pool)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := db.bringForward(ctx, m)
		if err == nil || errs.Is(err, errs.Conflict) {
			return err
		}
		if !db.dialect.isSQLite() || attempt == attempts || pause(ctx, attempt) != nil {
			return errs.Wrap(explain(err, db.place), "migrate the database")
		}
	}
}

func (db *DB) bringForward(ctx context.Context, m *goose.Provider) error {
	current, newest, err := m.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > newest {
		return errs.New(errs.Conflict, "the database has schema version %d and this program knows versions up to %d", current, newest).
			About("%s", db.place).WithHint("A newer Muster wrote this database. Start that version or a later one, or restore a backup made by this one.")
	}
	if db.upTo > 0 {
		_, err = m.UpTo(ctx, db.upTo)
		return err
	}
	pending, err := m.HasPending(ctx)
	if err != nil || !pending {
		return err
	}
	_, err = m.Up(ctx)
	return err
}

// SchemaVersion returns the number of the last migration applied.
func (db *DB) SchemaVersion(ctx context.Context) (version int64, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&version)
	return version, explain(err, db.place)
}
