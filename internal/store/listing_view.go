package store

import (
	"context"
	"errors"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
)

// Views lists a login's views of a collection and everybody's, by name.
func (db *DB) Views(ctx context.Context, collection, login int64) ([]listing.View, error) {
	return collect(ctx, db, func(row interface{ Scan(...any) error }) (v listing.View, err error) {
		var created int64
		err = row.Scan(&v.ID, &v.Account, &v.Collection, &v.Login, &v.Name, &v.Query, &created)
		v.CreatedAt = fromMicros(created)
		return v, err
	}, `SELECT id, account_id, collection_id, login_id, name, query, created_at FROM saved_view
		WHERE collection_id = $1 AND login_id IN (0, $2) ORDER BY name_key, id`, collection, login)
}

// PutView stores a view, in the place of one of the same owner and name.
func (db *DB) PutView(ctx context.Context, v listing.View) (id int64, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `INSERT INTO saved_view (account_id, collection_id, login_id, name, name_key, query, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (collection_id, login_id, name_key) DO UPDATE SET name = excluded.name, query = excluded.query
		RETURNING id`, v.Account, v.Collection, v.Login, v.Name, datatype.KeyOfText(v.Name), v.Query, micros(v.CreatedAt)).Scan(&id)
	return id, err
}

// DeleteView removes a view, or fails with NotFound.
func (db *DB) DeleteView(ctx context.Context, collection, id int64) error {
	res, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM saved_view WHERE collection_id = $1 AND id = $2`, collection, id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errs.New(errs.NotFound, "there is no such view"))
	}
	return nil
}
