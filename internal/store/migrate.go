package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/musterhq/muster/internal/errs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migration is one step of the schema, as text for both engines.
type migration struct {
	version int64
	name    string
	text    string
}

// steps returns the migrations in order.
func steps() ([]migration, error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var out []migration
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", f.Name(), err)
		}
		text, err := migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, migration{version, f.Name(), string(text)})
	}
	slices.SortFunc(out, func(a, b migration) int { return int(a.version - b.version) })
	return out, nil
}

// migrate brings the schema up to date. Several processes may try at once: one
// does it, the others wait.
func (db *DB) migrate(ctx context.Context) error {
	list, err := steps()
	if err != nil {
		return err
	}
	var goSteps []*goose.Migration
	for _, m := range list {
		text := db.tokens.Replace(m.text)
		goSteps = append(goSteps, goose.NewGoMigration(m.version, &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, text)
				return err
			},
		}, nil))
	}
	options := []goose.ProviderOption{
		goose.WithGoMigrations(goSteps...), goose.WithDisableGlobalRegistry(true),
	}
	if db.postgres() {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(goose.Dialect(db.goose), db.write, nil, options...)
	if err != nil {
		return err
	}
	last := list[len(list)-1].version
	return db.upTo(ctx, provider, last)
}

func (db *DB) upTo(ctx context.Context, provider *goose.Provider, last int64) error {
	var err error
	for range transactionTries {
		if _, err = provider.Up(ctx); err == nil {
			break
		}
		// Another process may have been faster: then there is nothing left to do.
		if at, verr := provider.GetDBVersion(ctx); verr == nil && at == last {
			err = nil
			break
		}
		if !db.passing(err) {
			break
		}
	}
	at, verr := provider.GetDBVersion(ctx)
	if err := errors.Join(err, verr); err != nil {
		return err
	}
	if at > last {
		return errs.New(errs.Conflict, "the database has schema version %d, this Muster knows up to %d", at, last).
			WithHint("It was used by a newer Muster. Run that version, or restore a backup from before.")
	}
	return nil
}
