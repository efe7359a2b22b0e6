package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

const collectionColumns = `id, account_id, module_id, name, kind, position`

func scanCollection(row interface{ Scan(...any) error }) (register.Collection, error) {
	var c register.Collection
	err := row.Scan(&c.ID, &c.Account, &c.Module, &c.Name, &c.Kind, &c.Position)
	return c, err
}

// Collection returns a collection by number, or NotFound.
func (db *DB) Collection(ctx context.Context, id int64) (register.Collection, error) {
	c, err := scanCollection(db.conn(ctx).QueryRowContext(ctx, `SELECT `+collectionColumns+` FROM collection WHERE id = $1`, id))
	return c, absent(err, "collection", id)
}

// absent turns "no rows" into NotFound.
func absent(err error, noun string, id int64) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errs.New(errs.NotFound, "there is no %s with the number %d", noun, id)
	}
	return err
}

// Collections returns the collections of a module in order, or with module 0
// those of all modules of the account.
func (db *DB) Collections(ctx context.Context, account, module int64) ([]register.Collection, error) {
	return collect(ctx, db, scanCollection, `SELECT `+collectionColumns+` FROM collection
		WHERE account_id = $1 AND (module_id = $2 OR $2 = 0) ORDER BY module_id, position, id`, account, module)
}

// InsertCollection adds a collection. A name that the module has already gives
// Conflict.
func (db *DB) InsertCollection(ctx context.Context, c register.Collection, now time.Time) (id int64, err error) {
	err = db.Savepoint(ctx, func(ctx context.Context) error {
		return db.conn(ctx).QueryRowContext(ctx, `INSERT INTO collection (account_id, module_id, name, name_key, kind, position, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			c.Account, c.Module, c.Name, datatype.KeyOfText(c.Name), string(c.Kind), c.Position, micros(now)).Scan(&id)
	})
	return id, db.nameTaken(err, "collection", c.Name)
}

// nameTaken turns the violation of a unique name into Conflict.
func (db *DB) nameTaken(err error, noun, name string) error {
	if _, unique := db.isUnique(err); unique {
		return errs.New(errs.Conflict, "there is a %s %q already", noun, name).WithHint("Choose another name.")
	}
	return err
}

// UpdateCollection stores a collection's name and position.
func (db *DB) UpdateCollection(ctx context.Context, c register.Collection) error {
	err := db.Savepoint(ctx, func(ctx context.Context) error {
		_, err := db.conn(ctx).ExecContext(ctx, `UPDATE collection SET name = $2, name_key = $3, position = $4 WHERE id = $1`,
			c.ID, c.Name, datatype.KeyOfText(c.Name), c.Position)
		return err
	})
	return db.nameTaken(err, "collection", c.Name)
}

// LockCollection keeps others from changing a collection's fields until the
// transaction ends; alone also keeps them from writing its records.
func (db *DB) LockCollection(ctx context.Context, id int64, alone bool) error {
	if db.dialect.isSQLite() { // it has one writer at a time
		return nil
	}
	query := `SELECT id FROM collection WHERE id = $1 FOR SHARE`
	if alone {
		query = `SELECT id FROM collection WHERE id = $1 FOR UPDATE`
	}
	return absent(db.conn(ctx).QueryRowContext(ctx, query, id).Scan(&id), "collection", id)
}

const fieldColumns = `id, account_id, collection_id, name, type, position, is_title, is_required, is_unique,
	is_hidden, is_system, choices, max_length, link_collection_id, currency`

func scanField(row interface{ Scan(...any) error }) (register.Field, error) {
	var f register.Field
	var choices string
	err := row.Scan(&f.ID, &f.Account, &f.Collection, &f.Name, &f.Spec.Type, &f.Position, &f.Title, &f.Spec.Required, &f.Spec.Unique,
		&f.Hidden, &f.System, &choices, &f.Spec.MaxLength, &f.Spec.Collection, &f.Spec.Currency)
	if err != nil || choices == "[]" {
		return f, err
	}
	if err := json.Unmarshal([]byte(choices), &f.Spec.Choices); err != nil {
		return f, damaged("a field's choices", err)
	}
	return f, nil
}

// Field returns a field by number, or NotFound.
func (db *DB) Field(ctx context.Context, id int64) (register.Field, error) {
	f, err := scanField(db.conn(ctx).QueryRowContext(ctx, `SELECT `+fieldColumns+` FROM field WHERE id = $1`, id))
	return f, absent(err, "field", id)
}

// Fields returns the fields of a collection in order.
func (db *DB) Fields(ctx context.Context, collection int64) ([]register.Field, error) {
	return collect(ctx, db, scanField, `SELECT `+fieldColumns+` FROM field WHERE collection_id = $1 ORDER BY position, id`, collection)
}

// InsertField adds a field. A name that the collection has already gives
// Conflict.
func (db *DB) InsertField(ctx context.Context, f register.Field, now time.Time) (id int64, err error) {
	err = db.Savepoint(ctx, func(ctx context.Context) error {
		return db.conn(ctx).QueryRowContext(ctx, `INSERT INTO field (account_id, collection_id, name, name_key, type, position, is_title,
			is_required, is_unique, is_hidden, is_system, choices, max_length, link_collection_id, currency, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id`,
			f.Account, f.Collection, f.Name, datatype.KeyOfText(f.Name), string(f.Spec.Type), f.Position, f.Title,
			f.Spec.Required, f.Spec.Unique, f.Hidden, f.System, listJSON(f.Spec.Choices), int64(f.Spec.MaxLength),
			f.Spec.Collection, f.Spec.Currency, micros(now)).Scan(&id)
	})
	return id, db.nameTaken(err, "field", f.Name)
}

// UpdateField stores all of a field but where it belongs.
func (db *DB) UpdateField(ctx context.Context, f register.Field) error {
	err := db.Savepoint(ctx, func(ctx context.Context) error {
		_, err := db.conn(ctx).ExecContext(ctx, `UPDATE field SET name = $2, name_key = $3, position = $4, is_title = $5, is_required = $6,
			is_unique = $7, is_hidden = $8, choices = $9, max_length = $10, currency = $11, type = $12, link_collection_id = $13 WHERE id = $1`,
			f.ID, f.Name, datatype.KeyOfText(f.Name), f.Position, f.Title, f.Spec.Required,
			f.Spec.Unique, f.Hidden, listJSON(f.Spec.Choices), int64(f.Spec.MaxLength), f.Spec.Currency, string(f.Spec.Type), f.Spec.Collection)
		return err
	})
	return db.nameTaken(err, "field", f.Name)
}

// DeleteField removes a field, with the links that wait to be written into it.
// Its values and keys are the caller's.
func (db *DB) DeleteField(ctx context.Context, id int64) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		if err := db.ForgetReferences(ctx, id); err != nil {
			return err
		}
		_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM field WHERE id = $1`, id)
		return err
	})
}

// ForgetReferences drops the links that wait to be written into a field.
func (db *DB) ForgetReferences(ctx context.Context, field int64) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM pending_reference WHERE field_id = $1`, field)
	return err
}

// listJSON returns a list of texts as JSON, "[]" for none.
func listJSON(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	doc, err := json.Marshal(list)
	if err != nil { // a list of strings always marshals
		return "[]"
	}
	return string(doc)
}
