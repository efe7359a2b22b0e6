package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/once"
)

// InsertAnswer stores an entry and reports whether there was none of its key.
func (db *DB) InsertAnswer(ctx context.Context, e once.Entry) (inserted bool, err error) {
	header, err := json.Marshal(e.Answer.Header)
	if err != nil {
		return false, err
	}
	body := e.Answer.Body
	if body == nil {
		body = []byte{}
	}
	res, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO kept_answer (key, request, created_at, status, header, body)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING`, e.Key[:], e.Print[:], micros(e.At), e.Answer.Status, string(header), body)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// Answer returns what is stored of a key, or NotFound.
func (db *DB) Answer(ctx context.Context, key once.Key) (once.Entry, error) {
	e := once.Entry{Key: key}
	var print []byte
	var at int64
	var header string
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT request, created_at, status, header, body FROM kept_answer WHERE key = $1`, key[:]).
		Scan(&print, &at, &e.Answer.Status, &header, &e.Answer.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return e, errs.New(errs.NotFound, "there is no answer under this key")
	}
	if err != nil {
		return e, err
	}
	copy(e.Print[:], print)
	e.At = fromMicros(at)
	return e, json.Unmarshal([]byte(header), &e.Answer.Header)
}

// SetAnswer stores the answer of a key.
func (db *DB) SetAnswer(ctx context.Context, key once.Key, a once.Answer) error {
	header, err := json.Marshal(a.Header)
	if err != nil {
		return err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `UPDATE kept_answer SET status = $2, header = $3, body = $4 WHERE key = $1`, key[:], a.Status, string(header), a.Body)
	return err
}

// DeleteAnswer forgets a key.
func (db *DB) DeleteAnswer(ctx context.Context, key once.Key) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM kept_answer WHERE key = $1`, key[:])
	return err
}

// DeleteAnswersBefore forgets the keys from before an instant.
func (db *DB) DeleteAnswersBefore(ctx context.Context, at time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM kept_answer WHERE created_at < $1`, micros(at))
	return err
}
