package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

const sessionColumns = `id, login_id, created_at, seen_at, address, agent`

func scanSession(row interface{ Scan(...any) error }) (account.Session, error) {
	var s account.Session
	var created, seen int64
	err := row.Scan(&s.ID, &s.Login, &created, &seen, &s.Address, &s.Agent)
	if errors.Is(err, sql.ErrNoRows) {
		return s, errs.New(errs.NotFound, "there is no such session")
	}
	s.CreatedAt, s.SeenAt = fromMicros(created), fromMicros(seen)
	return s, err
}

// InsertSession stores a session under its token's hash and returns it with its number.
func (db *DB) InsertSession(ctx context.Context, token [32]byte, s account.Session) (account.Session, error) {
	err := db.conn(ctx).QueryRowContext(ctx, `INSERT INTO session (token, login_id, created_at, seen_at, address, agent)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		token[:], s.Login, micros(s.CreatedAt), micros(s.SeenAt), s.Address, s.Agent).Scan(&s.ID)
	return s, err
}

// SessionByToken returns the session of a token's hash, or NotFound.
func (db *DB) SessionByToken(ctx context.Context, token [32]byte) (account.Session, error) {
	return scanSession(db.conn(ctx).QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM session WHERE token = $1`, token[:]))
}

// TouchSession notes when and from where a session was used.
func (db *DB) TouchSession(ctx context.Context, id int64, at time.Time, address string) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE session SET seen_at = $2, address = $3 WHERE id = $1`, id, micros(at), address)
	return err
}

// Sessions lists a login's sessions, the last used first.
func (db *DB) Sessions(ctx context.Context, login int64) ([]account.Session, error) {
	return collect(ctx, db, scanSession, `SELECT `+sessionColumns+` FROM session WHERE login_id = $1 ORDER BY seen_at DESC, id DESC`, login)
}

// DeleteSession ends one session of a login, or fails with NotFound.
func (db *DB) DeleteSession(ctx context.Context, login, id int64) error {
	res, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM session WHERE login_id = $1 AND id = $2`, login, id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errs.New(errs.NotFound, "there is no such session"))
	}
	return nil
}

// DeleteSessionsOf ends all sessions of logins.
func (db *DB) DeleteSessionsOf(ctx context.Context, logins []int64) error {
	in, arg := db.inNumbers("login_id", 1, logins)
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM session WHERE `+in, arg)
	return err
}

// DeleteSessionsBefore clears sessions not used since seen or made before created.
func (db *DB) DeleteSessionsBefore(ctx context.Context, seen, created time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM session WHERE seen_at < $1 OR created_at < $2`, micros(seen), micros(created))
	return err
}
