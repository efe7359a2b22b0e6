package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

const stepColumns = `login_id, sealed, last_used, since`

func scanStep(row interface{ Scan(...any) error }) (s account.SecondStep, err error) {
	var since int64
	err = row.Scan(&s.Login, &s.Sealed, &s.LastUsed, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return s, errs.New(errs.NotFound, "the user has no second step")
	}
	s.Since = fromMicros(since)
	return s, err
}

// SecondStep returns a login's second step, or NotFound.
func (db *DB) SecondStep(ctx context.Context, login int64) (account.SecondStep, error) {
	return scanStep(db.conn(ctx).QueryRowContext(ctx, `SELECT `+stepColumns+` FROM second_step WHERE login_id = $1`, login))
}

// SecondSteps returns all second steps.
func (db *DB) SecondSteps(ctx context.Context) ([]account.SecondStep, error) {
	return collect(ctx, db, scanStep, `SELECT `+stepColumns+` FROM second_step ORDER BY login_id`)
}

// ResealSecondStep stores a second step's secret as it is sealed now.
func (db *DB) ResealSecondStep(ctx context.Context, login int64, sealed []byte) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE second_step SET sealed = $2 WHERE login_id = $1`, login, sealed)
	return err
}

// SaveSecondStep stores a login's second step and recovery codes in place of
// those that it had.
func (db *DB) SaveSecondStep(ctx context.Context, s account.SecondStep, codes [][32]byte) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		if err := db.DeleteSecondStep(ctx, s.Login); err != nil {
			return err
		}
		_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO second_step (login_id, sealed, last_used, since) VALUES ($1, $2, $3, $4)`,
			s.Login, s.Sealed, s.LastUsed, micros(s.Since))
		for _, c := range codes {
			if err == nil {
				_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO recovery_code (login_id, code) VALUES ($1, $2)`, s.Login, c[:])
			}
		}
		return err
	})
}

// DeleteSecondStep takes a login's second step and recovery codes away.
func (db *DB) DeleteSecondStep(ctx context.Context, login int64) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM recovery_code WHERE login_id = $1`, login)
	if err == nil {
		_, err = db.conn(ctx).ExecContext(ctx, `DELETE FROM second_step WHERE login_id = $1`, login)
	}
	return err
}

// UseStep notes the time step of a code that is taken. It fails with Conflict
// when that step or a later one was used before.
func (db *DB) UseStep(ctx context.Context, login, step int64) error {
	res, err := db.conn(ctx).ExecContext(ctx, `UPDATE second_step SET last_used = $2 WHERE login_id = $1 AND last_used < $2`, login, step)
	return oneRow(res, err, errs.New(errs.Conflict, "the code was used already"))
}

// UseRecoveryCode uses a recovery code up, or fails with NotFound.
func (db *DB) UseRecoveryCode(ctx context.Context, login int64, code [32]byte) error {
	res, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM recovery_code WHERE login_id = $1 AND code = $2`, login, code[:])
	return oneRow(res, err, errs.New(errs.NotFound, "there is no such recovery code"))
}

// RecoveryCodesLeft counts a login's unused recovery codes.
func (db *DB) RecoveryCodesLeft(ctx context.Context, login int64) (left int64, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM recovery_code WHERE login_id = $1`, login).Scan(&left)
	return left, err
}

// SaveResetLink stores a login's reset link, by its token's hash, in place of
// the one that it had.
func (db *DB) SaveResetLink(ctx context.Context, login int64, token [32]byte, expires time.Time) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		if _, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM reset_link WHERE login_id = $1`, login); err != nil {
			return err
		}
		_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO reset_link (login_id, token, expires_at) VALUES ($1, $2, $3)`, login, token[:], micros(expires))
		return err
	})
}

// ResetLink returns whose link a token's hash is and until when, or NotFound.
func (db *DB) ResetLink(ctx context.Context, token [32]byte) (login int64, expires time.Time, err error) {
	var at int64
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT login_id, expires_at FROM reset_link WHERE token = $1`, token[:]).Scan(&login, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, expires, errs.New(errs.NotFound, "there is no such link")
	}
	return login, fromMicros(at), err
}

// UseResetLink uses a link up, or fails with NotFound.
func (db *DB) UseResetLink(ctx context.Context, token [32]byte) error {
	res, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM reset_link WHERE token = $1`, token[:])
	return oneRow(res, err, errs.New(errs.NotFound, "there is no such link"))
}

// oneRow returns none when a statement changed no row.
func oneRow(res sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, none)
	}
	return nil
}

// DeleteResetLinksOf ends the links of logins.
func (db *DB) DeleteResetLinksOf(ctx context.Context, logins []int64) error {
	in, arg := db.inNumbers("login_id", 1, logins)
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM reset_link WHERE `+in, arg)
	return err
}
