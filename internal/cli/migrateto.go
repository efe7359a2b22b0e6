package cli

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
)

// migrateToCmd moves everything into a database of the other kind.
type migrateToCmd struct {
	Target string `arg:"" help:"A postgres:// address of an empty database, or sqlite for the embedded database in the data folder."`
}

// Run copies, compares, and makes the records findable in the new place. The old
// database is only read, and nobody else may have it open meanwhile.
func (cmd *migrateToCmd) Run(ctx context.Context, c *console, p *program) error {
	from, to, err := cmd.places(p)
	if err != nil {
		return err
	}
	if _, err := p.keys(c); err != nil { // before the work, not after it
		return err
	}
	if err := current(ctx, from); err != nil {
		return err
	}
	rows, err := move(ctx, c, from, to)
	if err != nil {
		return err
	}
	there := *p
	there.Database = to.URL
	h, err := there.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.settle(ctx, c); err != nil {
		return err
	}
	c.line("Moved %d rows, and compared them. The old database is as it was.", rows)
	c.line("%s", cmd.next(p))
	return nil
}

// places returns where from and where to.
func (cmd *migrateToCmd) places(p *program) (from, to store.Config, err error) {
	file := filepath.Join(p.Data, "muster.db")
	from = store.Config{Path: file, URL: p.Database}
	switch {
	case cmd.Target == "sqlite" && p.Database == "":
		err = errs.New(errs.Invalid, "the database is the embedded one already").WithHint("Give the address of the PostgreSQL database to move from with --database.")
	case cmd.Target == "sqlite":
		to = store.Config{Path: file}
	case strings.HasPrefix(cmd.Target, "postgres://") || strings.HasPrefix(cmd.Target, "postgresql://"):
		if to.URL = cmd.Target; p.Database != "" {
			err = errs.New(errs.Invalid, "the database is on PostgreSQL already").
				WithHint("From one PostgreSQL server to another use its own pg_dump and pg_restore. Leave --database and MUSTER_DATABASE_URL out to move the embedded database.")
		}
	default:
		err = errs.New(errs.Invalid, "the place to move to is neither a postgres:// address nor sqlite").
			WithHint("It looks like postgres://user:password@host:5432/database?sslmode=verify-full")
	}
	return from, to, err
}

// next says what is to be done now.
func (cmd *migrateToCmd) next(p *program) string {
	if cmd.Target == "sqlite" {
		return "Start muster serve without --database and MUSTER_DATABASE_URL, and with the same key. Start nothing on the old database any more: the two would go apart."
	}
	return "Set MUSTER_DATABASE_URL to the new address and start muster serve with the same key (" + filepath.Join(p.Data, "key") +
		", or MUSTER_KEY). Start nothing on the old database any more: the two would go apart."
}

// current refuses a database that this version would have to bring forward, or is
// not there.
func current(ctx context.Context, from store.Config) error {
	state, err := store.Examine(ctx, from)
	if err != nil {
		return errs.Wrap(err, "look at the database to move")
	}
	switch {
	case len(state.Damage) > 0:
		return errs.New(errs.Internal, "the database to move is damaged inside: %s", state.Damage[0]).
			WithHint("Restore the last backup first, with: muster restore")
	case state.Schema != state.Newest || state.Pending > 0:
		return errs.New(errs.Conflict, "the database to move is of another version of Muster").
			WithHint("Start this version on it once, which brings it forward. Then stop it and begin again.")
	}
	return nil
}

// move copies everything and returns the number of rows.
func move(ctx context.Context, c *console, from, to store.Config) (rows int64, err error) {
	source, err := store.OpenAlone(ctx, from)
	if err != nil {
		return 0, errs.Wrap(err, "open the database to move")
	}
	defer source.Close()
	target, err := store.Open(ctx, to)
	if err != nil {
		return 0, errs.Wrap(err, "open the new database")
	}
	err = target.Absorb(ctx, source, func(t store.MovedTable) {
		if rows += t.Rows; t.Rows > 0 {
			c.warn("%s: %d rows", t.Name, t.Rows)
		}
	})
	return rows, errors.Join(err, target.Close())
}

// settle makes the records findable, and opens every secret with the key.
func (h *house) settle(ctx context.Context, c *console) error {
	for more := true; more; {
		var err error
		if more, err = h.lists.Index(ctx); err != nil {
			return errs.Wrap(err, "make the records findable")
		}
	}
	c.warn("the records are findable")
	for _, try := range h.sealers() {
		if _, err := try(ctx); err != nil {
			return errs.Wrap(err, "open the stored secrets in the new place")
		}
	}
	return nil
}
