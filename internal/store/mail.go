package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mail"
)

// MailServer returns the server that takes letters, or NotFound.
func (db *DB) MailServer(ctx context.Context) (mail.Sealed, error) {
	var s mail.Sealed
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT host, port, security, username, sealed, sender, sender_name, ca_pem FROM mail_server WHERE id = 1`).
		Scan(&s.Host, &s.Port, &s.Security, &s.Username, &s.Sealed, &s.Sender, &s.SenderName, &s.CA)
	if errors.Is(err, sql.ErrNoRows) {
		return s, errs.New(errs.NotFound, "no mail server is set up")
	}
	return s, err
}

// SaveMailServer stores the server that takes letters, in place of the one there was.
func (db *DB) SaveMailServer(ctx context.Context, s mail.Sealed) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO mail_server (id, host, port, security, username, sealed, sender, sender_name, ca_pem)
		VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET host = excluded.host, port = excluded.port,
			security = excluded.security, username = excluded.username, sealed = excluded.sealed, sender = excluded.sender,
			sender_name = excluded.sender_name, ca_pem = excluded.ca_pem`,
		s.Host, s.Port, string(s.Security), s.Username, s.Sealed, s.Sender, s.SenderName, s.CA)
	return err
}

// DeleteMailServer takes the server away.
func (db *DB) DeleteMailServer(ctx context.Context) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM mail_server`)
	return err
}

const letterColumns = `id, account_id, module_id, recipient, subject, body, secret, COALESCE(key, ''), state, attempts, next_at, error, created_at, done_at`

func scanLetter(row interface{ Scan(...any) error }) (mail.Letter, error) {
	var l mail.Letter
	var next, created, done int64
	err := row.Scan(&l.ID, &l.Account, &l.Module, &l.To, &l.Subject, &l.Text, &l.Secret, &l.Key, &l.State, &l.Attempts, &next, &l.Error, &created, &done)
	if errors.Is(err, sql.ErrNoRows) {
		return l, errs.New(errs.NotFound, "there is no such letter")
	}
	l.NextAt, l.CreatedAt, l.DoneAt = fromMicros(next), fromMicros(created), fromMicros(done)
	return l, err
}

// InsertLetter queues a letter, unless one of its key is there.
func (db *DB) InsertLetter(ctx context.Context, l mail.Letter) error {
	var key any
	if l.Key != "" {
		key = l.Key
	}
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO letter
		(account_id, module_id, recipient, subject, body, secret, key, state, attempts, next_at, error, created_at, done_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, '', $10, 0) ON CONFLICT DO NOTHING`,
		l.Account, l.Module, l.To, l.Subject, l.Text, l.Secret, key, string(l.State), micros(l.NextAt), micros(l.CreatedAt))
	return err
}

// ClaimLetter gives the letter that is due the longest to the caller until a
// moment, or fails with NotFound.
func (db *DB) ClaimLetter(ctx context.Context, now, until time.Time) (l mail.Letter, err error) {
	// Mostly there is none, and then no writer is disturbed.
	var due bool
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM letter WHERE state = 'queued' AND next_at <= $1)`, micros(now)).Scan(&due)
	if err != nil || !due {
		return l, cmp.Or[error](err, errs.New(errs.NotFound, "no letter is due"))
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		l, err = scanLetter(db.conn(ctx).QueryRowContext(ctx, `SELECT `+letterColumns+` FROM letter WHERE state = 'queued' AND next_at <= $1
			ORDER BY next_at, id LIMIT 1`+db.dialect.locking("FOR UPDATE SKIP LOCKED"), micros(now)))
		if err != nil {
			return err
		}
		_, err = db.conn(ctx).ExecContext(ctx, `UPDATE letter SET next_at = $2 WHERE id = $1`, l.ID, micros(until))
		return err
	})
	return l, err
}

// SaveLetter stores what became of a letter.
func (db *DB) SaveLetter(ctx context.Context, l mail.Letter) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE letter SET body = $2, state = $3, attempts = $4, next_at = $5, error = $6, created_at = $7, done_at = $8
		WHERE id = $1`, l.ID, l.Text, string(l.State), l.Attempts, micros(l.NextAt), l.Error, micros(l.CreatedAt), microsOrZero(l.DoneAt))
	return err
}

// Letter returns the letter with a number, or NotFound.
func (db *DB) Letter(ctx context.Context, id int64) (mail.Letter, error) {
	return scanLetter(db.conn(ctx).QueryRowContext(ctx, `SELECT `+letterColumns+` FROM letter WHERE id = $1`, id))
}

// Letters lists the letters before a number, the newest first; 0 from the newest.
func (db *DB) Letters(ctx context.Context, before int64, limit int) ([]mail.Letter, error) {
	return collect(ctx, db, scanLetter, `SELECT `+letterColumns+` FROM letter WHERE id < $1 OR $1 = 0 ORDER BY id DESC LIMIT $2`, before, int64(limit))
}

// CountLetters counts letters by state.
func (db *DB) CountLetters(ctx context.Context) (map[mail.State]int, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT state, COUNT(*) FROM letter GROUP BY state`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[mail.State]int{}
	for rows.Next() {
		var state mail.State
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		out[state] = n
	}
	return out, explain(rows.Err(), db.place)
}

// DeleteLetters forgets letters that were done before a moment.
func (db *DB) DeleteLetters(ctx context.Context, before time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM letter WHERE done_at > 0 AND done_at < $1`, micros(before))
	return err
}
