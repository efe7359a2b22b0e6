package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
)

const uploadColumns = `id, login_id, collection_id, name, encoding, size, standing, reader, beat_at, stopping, used_at`

func scanUpload(row scanner) (exchange.Upload, error) {
	var u exchange.Upload
	var standing string
	var beat, used int64
	err := row.Scan(&u.ID, &u.Login, &u.Collection, &u.Name, &u.Encoding, &u.Size, &standing, &u.Reader, &beat, &u.Stopping, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return u, errs.New(errs.NotFound, "there is no such upload")
	}
	if err != nil {
		return u, err
	}
	u.BeatAt, u.UsedAt = fromMicros(beat), fromMicros(used)
	return u, json.Unmarshal([]byte(standing), &u.Standing)
}

// InsertUpload stores what is known of a file; its bytes follow in parts.
func (db *DB) InsertUpload(ctx context.Context, u exchange.Upload) error {
	standing, err := json.Marshal(u.Standing)
	if err != nil {
		return err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO upload (`+uploadColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, FALSE, $8)`,
		u.ID, u.Login, u.Collection, u.Name, string(u.Encoding), u.Size, string(standing), micros(u.UsedAt))
	return err
}

// Upload returns an upload, or NotFound.
func (db *DB) Upload(ctx context.Context, id string) (exchange.Upload, error) {
	return scanUpload(db.conn(ctx).QueryRowContext(ctx, `SELECT `+uploadColumns+` FROM upload WHERE id = $1`, id))
}

// UploadsOf lists somebody's uploads into a collection, by name.
func (db *DB) UploadsOf(ctx context.Context, login, collection int64) ([]exchange.Upload, error) {
	return collect(ctx, db, scanUpload, `SELECT `+uploadColumns+` FROM upload WHERE login_id = $1 AND collection_id = $2 ORDER BY name, id`, login, collection)
}

// PutUploadPart stores a part of one of an upload's files.
func (db *DB) PutUploadPart(ctx context.Context, id string, file, seq int, data []byte) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO upload_part (upload_id, file, seq, data) VALUES ($1, $2, $3, $4)`, id, int64(file), int64(seq), data)
	return err
}

// UploadPart returns a part of one of an upload's files, or NotFound.
func (db *DB) UploadPart(ctx context.Context, id string, file, seq int) (data []byte, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT data FROM upload_part WHERE upload_id = $1 AND file = $2 AND seq = $3`, id, int64(file), int64(seq)).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errs.New(errs.NotFound, "there is no such part")
	}
	return data, err
}

// DropUploadParts removes one of an upload's files.
func (db *DB) DropUploadParts(ctx context.Context, id string, file int) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM upload_part WHERE upload_id = $1 AND file = $2`, id, int64(file))
	return err
}

// ClaimUpload makes somebody an upload's reader who stands at s, unless another
// has given a sign of life after a moment.
func (db *DB) ClaimUpload(ctx context.Context, id, reader string, s exchange.Standing, now, dead time.Time) (bool, error) {
	standing, err := json.Marshal(s)
	if err != nil {
		return false, err
	}
	return one(db.conn(ctx).ExecContext(ctx, `UPDATE upload SET reader = $2, standing = $3, beat_at = $4, used_at = $4, stopping = FALSE
		WHERE id = $1 AND (reader = '' OR beat_at < $5)`, id, reader, string(standing), micros(now), micros(dead)))
}

// TellUpload says how far an upload's reader is, and with ended that it no longer
// reads. It returns Conflict to one that is no longer its reader, and whether
// somebody asked it to stop.
func (db *DB) TellUpload(ctx context.Context, id, reader string, s exchange.Standing, now time.Time, ended bool) (stopping bool, err error) {
	standing, err := json.Marshal(s)
	if err != nil {
		return false, err
	}
	next := reader
	if ended {
		next = ""
	}
	err = db.conn(ctx).QueryRowContext(ctx, `UPDATE upload SET standing = $3, beat_at = $4, used_at = $4, reader = $5
		WHERE id = $1 AND reader = $2 RETURNING stopping`, id, reader, string(standing), micros(now), next).Scan(&stopping)
	if errors.Is(err, sql.ErrNoRows) {
		return false, errs.New(errs.Conflict, "somebody else reads the file now")
	}
	return stopping, err
}

// StopUpload asks an upload's reader to stop.
func (db *DB) StopUpload(ctx context.Context, id string) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE upload SET stopping = TRUE WHERE id = $1 AND reader <> ''`, id)
	return err
}

// TouchUpload notes that an upload was used.
func (db *DB) TouchUpload(ctx context.Context, id string, now time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE upload SET used_at = $2 WHERE id = $1`, id, micros(now))
	return err
}

// DeleteUploads removes the uploads that were not used since a moment.
func (db *DB) DeleteUploads(ctx context.Context, before time.Time) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM upload_part WHERE upload_id IN (SELECT id FROM upload WHERE used_at < $1)`, micros(before))
		if err != nil {
			return err
		}
		_, err = db.conn(ctx).ExecContext(ctx, `DELETE FROM upload WHERE used_at < $1`, micros(before))
		return err
	})
}
