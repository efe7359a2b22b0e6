package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// scanner is a row to read columns from.
type scanner = interface{ Scan(dst ...any) error }

// Organization returns the organization, or NotFound before the set-up.
func (db *DB) Organization(ctx context.Context) (account.Organization, error) {
	var o account.Organization
	var created int64
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT name, created_at FROM organization WHERE id = 1`).Scan(&o.Name, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return o, errs.New(errs.NotFound, "Muster is not set up yet").WithHint("Describe your organization in a file and run: muster apply -f muster.yaml")
	}
	o.CreatedAt = fromMicros(created)
	return o, err
}

// CreateOrganization stores the one organization; Conflict when there is one.
func (db *DB) CreateOrganization(ctx context.Context, o account.Organization) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO organization (id, name, created_at) VALUES (1, $1, $2)`, o.Name, micros(o.CreatedAt))
	if _, unique := db.isUnique(err); unique {
		return errs.New(errs.Conflict, "the organization is set up already").Because(err)
	}
	return err
}

func scanAccount(row scanner) (account.Account, error) {
	var a account.Account
	var created int64
	err := row.Scan(&a.ID, &a.Name, &created)
	a.CreatedAt = fromMicros(created)
	return a, err
}

// Accounts lists all accounts, by name.
func (db *DB) Accounts(ctx context.Context) ([]account.Account, error) {
	return collect(ctx, db, scanAccount, `SELECT id, name, created_at FROM account ORDER BY name_key`)
}

// CreateAccount stores an account; Conflict when the name is taken.
func (db *DB) CreateAccount(ctx context.Context, a account.Account) (account.Account, error) {
	err := db.conn(ctx).QueryRowContext(ctx, `INSERT INTO account (name, name_key, created_at) VALUES ($1, $2, $3) RETURNING id`,
		a.Name, nameKey(a.Name), micros(a.CreatedAt)).Scan(&a.ID)
	return a, db.taken(err, "an account", a.Name)
}

// taken turns the violation of a unique name into a Conflict that says so; what
// comes with its article.
func (db *DB) taken(err error, what, name string) error {
	if _, unique := db.isUnique(err); unique {
		return errs.New(errs.Conflict, "there is %s named %q already", what, name).Because(err)
	}
	return err
}

func scanModule(row scanner) (account.Module, error) {
	var m account.Module
	var created int64
	err := row.Scan(&m.ID, &m.Account, &m.Name, &created)
	m.CreatedAt = fromMicros(created)
	return m, err
}

// Modules lists the modules of an account, or with 0 all of them.
func (db *DB) Modules(ctx context.Context, acct int64) ([]account.Module, error) {
	return collect(ctx, db, scanModule, `SELECT id, account_id, name, created_at FROM module
		WHERE account_id = $1 OR $1 = 0 ORDER BY account_id, name_key`, acct)
}

// CreateModule stores a module; Conflict when the name is taken in its account.
func (db *DB) CreateModule(ctx context.Context, m account.Module) (account.Module, error) {
	err := db.conn(ctx).QueryRowContext(ctx, `INSERT INTO module (account_id, name, name_key, created_at)
		VALUES ($1, $2, $3, $4) RETURNING id`, m.Account, m.Name, nameKey(m.Name), micros(m.CreatedAt)).Scan(&m.ID)
	return m, db.taken(err, "a module", m.Name)
}

// UpdateAccount stores an account's name; Conflict when it is taken.
func (db *DB) UpdateAccount(ctx context.Context, a account.Account) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE account SET name = $2, name_key = $3 WHERE id = $1`, a.ID, a.Name, nameKey(a.Name))
	return db.taken(err, "an account", a.Name)
}

// UpdateModule stores a module's name; Conflict when it is taken in its account.
func (db *DB) UpdateModule(ctx context.Context, m account.Module) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE module SET name = $2, name_key = $3 WHERE id = $1`, m.ID, m.Name, nameKey(m.Name))
	return db.taken(err, "a module", m.Name)
}

func scanID(row scanner) (id int64, err error) { return id, row.Scan(&id) }

// CollectionNames returns the names of a module's collections by number.
func (db *DB) CollectionNames(ctx context.Context, module int64) (map[int64]string, error) {
	return collectMap(ctx, db, func(row scanner) (id int64, name string, err error) {
		return id, name, row.Scan(&id, &name)
	}, `SELECT id, name FROM collection WHERE module_id = $1`, module)
}
