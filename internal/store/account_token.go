package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

const tokenColumns = `id, name, scope, login_id, account_id, module_id, role_id, created_by, created_at, expires_at, seen_at, address` // #nosec G101 -- names of columns

func scanToken(row interface{ Scan(...any) error }) (account.Token, error) {
	var t account.Token
	var created, expires, seen int64
	err := row.Scan(&t.ID, &t.Name, &t.Scope, &t.Login, &t.Account, &t.Module, &t.Role, &t.CreatedBy, &created, &expires, &seen, &t.Address)
	if errors.Is(err, sql.ErrNoRows) {
		return t, errs.New(errs.NotFound, "there is no such API token")
	}
	t.CreatedAt, t.ExpiresAt, t.SeenAt = fromMicros(created), fromMicros(expires), fromMicros(seen)
	return t, err
}

// InsertToken stores an API token under its hash and returns it with its number.
func (db *DB) InsertToken(ctx context.Context, token [32]byte, t account.Token) (account.Token, error) {
	err := db.conn(ctx).QueryRowContext(ctx, `INSERT INTO api_token
		(token, name, scope, login_id, account_id, module_id, role_id, created_by, created_at, expires_at, seen_at, address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id`,
		token[:], t.Name, string(t.Scope), t.Login, t.Account, t.Module, t.Role, t.CreatedBy,
		micros(t.CreatedAt), micros(t.ExpiresAt), microsOrZero(t.SeenAt), t.Address).Scan(&t.ID)
	return t, err
}

// TokenByHash returns the API token of a hash, or NotFound.
func (db *DB) TokenByHash(ctx context.Context, token [32]byte) (account.Token, error) {
	return scanToken(db.conn(ctx).QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM api_token WHERE token = $1`, token[:]))
}

// Token returns the API token with a number, or NotFound.
func (db *DB) Token(ctx context.Context, id int64) (account.Token, error) {
	return scanToken(db.conn(ctx).QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM api_token WHERE id = $1`, id))
}

// Tokens lists the tokens of a login, or the services of a module, the newest first.
func (db *DB) Tokens(ctx context.Context, f account.TokenFilter) ([]account.Token, error) {
	where, arg := `login_id = $1`, f.Login
	if f.Login == 0 {
		where, arg = `login_id = 0 AND module_id = $1`, f.Module
	}
	return collect(ctx, db, scanToken, `SELECT `+tokenColumns+` FROM api_token WHERE `+where+` ORDER BY id DESC`, arg)
}

// TouchToken notes when and from where a token was used.
func (db *DB) TouchToken(ctx context.Context, id int64, at time.Time, address string) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE api_token SET seen_at = $2, address = $3 WHERE id = $1`, id, micros(at), address)
	return err
}

// DeleteToken ends a token, or fails with NotFound.
func (db *DB) DeleteToken(ctx context.Context, id int64) error {
	res, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM api_token WHERE id = $1`, id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errs.New(errs.NotFound, "there is no such API token"))
	}
	return nil
}

// DeleteTokensOf ends all tokens of logins.
func (db *DB) DeleteTokensOf(ctx context.Context, logins []int64) error {
	in, arg := db.inNumbers("login_id", 1, logins)
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM api_token WHERE `+in, arg)
	return err
}
