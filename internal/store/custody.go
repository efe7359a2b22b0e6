package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

const custodySelect = `SELECT c.id, c.account_id, c.asset_id, c.holder_id, c.checked_out_at, c.checked_out_by, c.due_at, c.note,
	c.override_reason, c.checked_in_at, c.checked_in_by, c.check_in_note, c.condition, c.written_off, c.answers, c.in_answers,
	a.title, a.collection_id, h.title
	FROM custody c JOIN record a ON a.id = c.asset_id JOIN record h ON h.id = c.holder_id`

func scanCustody(row interface{ Scan(...any) error }) (register.Custody, error) {
	var c register.Custody
	var out int64
	var due, in sql.NullInt64
	var answers, inAnswers string
	err := row.Scan(&c.ID, &c.Account, &c.Asset, &c.Holder, &out, &c.CheckedOutBy, &due, &c.Note,
		&c.OverrideReason, &in, &c.CheckedInBy, &c.CheckInNote, &c.Condition, &c.WrittenOff, &answers, &inAnswers,
		&c.AssetTitle, &c.AssetCollection, &c.HolderTitle)
	if err != nil {
		return c, err
	}
	c.CheckedOutAt, c.Due, c.CheckedInAt = fromMicros(out), fromMicros(due.Int64), fromMicros(in.Int64)
	if err := parseAnswers(answers, &c.Answers); err != nil {
		return c, err
	}
	return c, parseAnswers(inAnswers, &c.InAnswers)
}

// microsOrNull stores an instant; the zero time becomes NULL.
func microsOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// InsertCustody opens a custody. An asset that has an open one gives Conflict:
// the unique index decides between rivals.
func (db *DB) InsertCustody(ctx context.Context, c register.Custody) (id int64, err error) {
	err = db.Savepoint(ctx, func(ctx context.Context) error {
		if err := db.noteNumber(ctx, c.Asset); err != nil {
			return err
		}
		return db.conn(ctx).QueryRowContext(ctx, `INSERT INTO custody (account_id, asset_id, holder_id, checked_out_at, checked_out_by,
			due_at, note, override_reason, checked_in_at, checked_in_by, check_in_note, condition, written_off, answers, in_answers)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, '', '', '', FALSE, $9, '') RETURNING id`,
			c.Account, c.Asset, c.Holder, micros(c.CheckedOutAt), c.CheckedOutBy, microsOrNull(c.Due), c.Note, c.OverrideReason, formatAnswers(c.Answers)).Scan(&id)
	})
	if _, unique := db.isUnique(err); unique {
		return 0, errs.New(errs.Conflict, "%s was checked out at the same moment", c.AssetTitle).WithHint("See who has it now.")
	}
	return id, err
}

// CloseCustody stores how an open custody ended; Conflict when it has ended
// already.
func (db *DB) CloseCustody(ctx context.Context, c register.Custody) error {
	if err := db.noteNumber(ctx, c.Asset); err != nil {
		return err
	}
	result, err := db.conn(ctx).ExecContext(ctx, `UPDATE custody SET checked_in_at = $2, checked_in_by = $3, check_in_note = $4, condition = $5,
		written_off = $6, in_answers = $7
		WHERE id = $1 AND checked_in_at IS NULL`, c.ID, micros(c.CheckedInAt), c.CheckedInBy, c.CheckInNote, c.Condition, c.WrittenOff, formatAnswers(c.InAnswers))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errs.New(errs.Conflict, "%s is checked in already", c.AssetTitle)
}

// OpenCustody returns the open custody of an asset, or NotFound.
func (db *DB) OpenCustody(ctx context.Context, account, asset int64) (register.Custody, error) {
	c, err := scanCustody(db.conn(ctx).QueryRowContext(ctx,
		custodySelect+` WHERE c.account_id = $1 AND c.asset_id = $2 AND c.checked_in_at IS NULL`, account, asset))
	return c, absent(err, "open custody of asset", asset)
}

// ReopenCustody takes back that a custody ended. The unique index decides
// between rivals.
func (db *DB) ReopenCustody(ctx context.Context, id int64) error {
	err := db.Savepoint(ctx, func(ctx context.Context) error {
		var asset int64
		err := db.conn(ctx).QueryRowContext(ctx, `UPDATE custody SET checked_in_at = NULL, checked_in_by = '', check_in_note = '', condition = '',
			written_off = FALSE, in_answers = '' WHERE id = $1 RETURNING asset_id`, id).Scan(&asset)
		if err != nil {
			return absent(err, "custody", id)
		}
		return db.noteNumber(ctx, asset)
	})
	if _, unique := db.isUnique(err); unique {
		return errs.New(errs.Conflict, "somebody else has it by now")
	}
	return err
}

// ListCustody returns custodies: those of one asset or person latest first, the
// others by number.
func (db *DB) ListCustody(ctx context.Context, q register.CustodyQuery) ([]register.Custody, error) {
	where, args := db.whereCustody(q)
	order := ` ORDER BY c.id`
	if q.Asset != 0 || q.Holder != 0 {
		order = ` ORDER BY c.id DESC`
	}
	args = append(args, rowLimit(q.Limit))
	return collect(ctx, db, scanCustody, custodySelect+where+order+` LIMIT `+placeholder(len(args)), args...)
}

// CountCustody counts custodies, and the people among their holders.
func (db *DB) CountCustody(ctx context.Context, q register.CustodyQuery) (things, people int, err error) {
	where, args := db.whereCustody(q)
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COUNT(*), COUNT(DISTINCT c.holder_id) FROM custody c
		JOIN record a ON a.id = c.asset_id JOIN record h ON h.id = c.holder_id`+where, args...).Scan(&things, &people)
	return things, people, err
}

// whereCustody is the condition of a query; a is the asset, h the holder.
func (db *DB) whereCustody(q register.CustodyQuery) (string, []any) {
	var b strings.Builder
	b.WriteString(` WHERE c.account_id = $1`)
	args := []any{q.Account}
	where := func(condition string, value any) {
		args = append(args, value)
		b.WriteString(` AND ` + condition + placeholder(len(args)))
	}
	among := func(column string, list []int64) {
		if list != nil {
			args = append(args, db.dialect.ids(list))
			b.WriteString(` AND ` + column + ` ` + db.dialect.inIDs(placeholder(len(args))))
		}
	}
	if q.Asset != 0 {
		where(`c.asset_id = `, q.Asset)
	}
	if q.Holder != 0 {
		where(`c.holder_id = `, q.Holder)
	}
	among(`c.asset_id`, q.Assets)
	among(`c.holder_id`, q.Holders)
	among(`a.collection_id`, q.Collections)
	if q.OpenOnly {
		b.WriteString(` AND c.checked_in_at IS NULL`)
	}
	if !q.DueBefore.IsZero() {
		where(`c.due_at < `, micros(q.DueBefore))
	}
	if q.After != 0 {
		where(`c.id > `, q.After)
	}
	if q.Left {
		args = db.whereLeft(&b, q.LeftIn, args)
	}
	return b.String(), args
}

// whereLeft adds the condition that the holder has one of the values.
func (db *DB) whereLeft(b *strings.Builder, values []register.FieldValue, args []any) []any {
	b.WriteString(` AND (`)
	for i, v := range values {
		if i > 0 {
			b.WriteString(` OR `)
		}
		args = append(args, memberStart(v.Field)+v.Value.JSON()) // a text: its quote ends it
		b.WriteString(db.dialect.position("h.fields", placeholder(len(args))) + ` > 0`)
	}
	b.WriteString(`)`)
	return args
}
