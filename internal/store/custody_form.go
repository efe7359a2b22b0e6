package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/musterhq/muster/internal/register"
)

// formatAnswers is how answers are stored; "" for none.
func formatAnswers(list []register.Answer) string {
	if len(list) == 0 {
		return ""
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings can be written as JSON
	}
	return string(text)
}

func parseAnswers(text string, into *[]register.Answer) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// CheckForm returns what a module asks at check-out and check-in; the zero form
// when nobody has made one.
func (db *DB) CheckForm(ctx context.Context, module int64) (f register.CheckForm, err error) {
	var text string
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT form FROM check_form WHERE module_id = $1`, module).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal([]byte(text), &f)
}

// SaveCheckForm stores what a module asks.
func (db *DB) SaveCheckForm(ctx context.Context, module int64, f register.CheckForm) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO check_form (module_id, form) VALUES ($1, $2)
		ON CONFLICT (module_id) DO UPDATE SET form = excluded.form`, module, string(text))
	return err
}

// InsertTold stores that somebody was told.
func (db *DB) InsertTold(ctx context.Context, t register.Told) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO told (account_id, holder_id, about, told, at, by_name) VALUES ($1, $2, $3, $4, $5, $6)`,
		t.Account, t.Holder, t.About, t.To, micros(t.At), t.By)
	return err
}

// LastTold returns the latest of each person.
func (db *DB) LastTold(ctx context.Context, account int64, about string, holders []int64) (map[int64]register.Told, error) {
	in, arg := db.inNumbers("holder_id", 3, holders)
	list, err := collect(ctx, db, scanTold, `SELECT account_id, holder_id, about, told, at, by_name FROM told
		WHERE account_id = $1 AND about = $2 AND `+in+` ORDER BY id`, account, about, arg)
	out := map[int64]register.Told{}
	for _, t := range list {
		out[t.Holder] = t
	}
	return out, err
}

func scanTold(row interface{ Scan(...any) error }) (register.Told, error) {
	var t register.Told
	var at int64
	err := row.Scan(&t.Account, &t.Holder, &t.About, &t.To, &at, &t.By)
	t.At = fromMicros(at)
	return t, err
}
