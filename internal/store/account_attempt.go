package store

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/account"
)

// Tries returns those that there are of keys, by key.
func (db *DB) Tries(ctx context.Context, keys [][32]byte) (map[[32]byte]account.Tries, error) {
	out := make(map[[32]byte]account.Tries, len(keys))
	for _, key := range keys {
		_, err := collect(ctx, db, func(row interface{ Scan(...any) error }) (t account.Tries, err error) {
			var last int64
			err = row.Scan(&t.N, &last)
			if last != 0 {
				t.Last = fromMicros(last)
			}
			out[key] = t
			return t, err
		}, `SELECT failures, last_at FROM attempt WHERE key = $1`, key[:])
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SetTries replaces what a key has, if that is still had.
func (db *DB) SetTries(ctx context.Context, key [32]byte, had, now account.Tries) (bool, error) {
	res, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO attempt (key, failures, last_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET failures = $2, last_at = $3 WHERE attempt.failures = $4 AND attempt.last_at = $5`,
		key[:], now.N, microsOrZero(now.Last), had.N, microsOrZero(had.Last))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// TakeBackTry undoes SetTries, whatever was counted since.
func (db *DB) TakeBackTry(ctx context.Context, key [32]byte, had, now account.Tries) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE attempt SET failures = failures - 1,
		last_at = CASE WHEN last_at = $2 THEN $3 ELSE last_at END WHERE key = $1 AND failures > 0`,
		key[:], microsOrZero(now.Last), microsOrZero(had.Last))
	return err
}

// DeleteTries forgets what keys have.
func (db *DB) DeleteTries(ctx context.Context, keys [][32]byte) error {
	for _, key := range keys {
		if _, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM attempt WHERE key = $1`, key[:]); err != nil {
			return err
		}
	}
	return nil
}

// DeleteTriesBefore forgets what was last counted before t.
func (db *DB) DeleteTriesBefore(ctx context.Context, t time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM attempt WHERE last_at < $1`, micros(t))
	return err
}
