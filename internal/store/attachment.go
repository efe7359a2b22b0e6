package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/errs"
)

const fileColumns = `id, account_id, record_id, name, media_type, size, sum, added_by, added_at`

func scanFile(row interface{ Scan(...any) error }) (attachment.File, error) {
	var f attachment.File
	var sum []byte
	var added int64
	err := row.Scan(&f.ID, &f.Account, &f.Record, &f.Name, &f.Type, &f.Size, &sum, &f.AddedBy, &added)
	if errors.Is(err, sql.ErrNoRows) {
		return f, errs.New(errs.NotFound, "there is no such file here")
	}
	copy(f.Sum[:], sum)
	f.AddedAt = fromMicros(added)
	return f, err
}

// InsertFile stores what is known of a file and returns its number.
func (db *DB) InsertFile(ctx context.Context, f attachment.File) (id int64, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `INSERT INTO attachment (account_id, record_id, name, media_type, size, sum, added_by, added_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
		f.Account, f.Record, f.Name, f.Type, f.Size, f.Sum[:], f.AddedBy, micros(f.AddedAt)).Scan(&id)
	return id, err
}

// InsertFilePart stores a part of a file's bytes.
func (db *DB) InsertFilePart(ctx context.Context, file int64, seq int, data []byte) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO attachment_part (attachment_id, seq, data) VALUES ($1, $2, $3)`, file, int64(seq), data)
	return err
}

// Files lists a record's files, oldest first.
func (db *DB) Files(ctx context.Context, record int64) ([]attachment.File, error) {
	return collect(ctx, db, scanFile, `SELECT `+fileColumns+` FROM attachment WHERE record_id = $1 ORDER BY id`, record)
}

// File returns a file, or NotFound.
func (db *DB) File(ctx context.Context, id int64) (attachment.File, error) {
	return scanFile(db.conn(ctx).QueryRowContext(ctx, `SELECT `+fileColumns+` FROM attachment WHERE id = $1`, id))
}

// FilePart returns a part of a file's bytes, or NotFound.
func (db *DB) FilePart(ctx context.Context, file int64, seq int) (data []byte, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT data FROM attachment_part WHERE attachment_id = $1 AND seq = $2`, file, int64(seq)).Scan(&data)
	return data, absent(err, "part of file", file)
}

// DeleteFile removes a file with its bytes.
func (db *DB) DeleteFile(ctx context.Context, id int64) error {
	if _, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM attachment_part WHERE attachment_id = $1`, id); err != nil {
		return err
	}
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM attachment WHERE id = $1`, id)
	return err
}
