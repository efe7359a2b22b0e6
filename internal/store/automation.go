package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

const automationColumns = `id, account_id, module_id, name, enabled, ready, definition, version, next_at, looked_at, fired_at, updated_at`

func scanAutomation(row interface{ Scan(...any) error }) (automation.Automation, error) {
	var a automation.Automation
	var definition string
	var next, looked, fired sql.NullInt64
	var updated int64
	err := row.Scan(&a.ID, &a.Account, &a.Module, &a.Name, &a.On, &a.Ready, &definition, &a.Version, &next, &looked, &fired, &updated)
	if err != nil {
		return a, err
	}
	a.Next, a.Looked, a.Fired, a.UpdatedAt = fromMicros(next.Int64), fromMicros(looked.Int64), fromMicros(fired.Int64), fromMicros(updated)
	if err := json.Unmarshal([]byte(definition), &a.Definition); err != nil {
		return a, damaged("an automation's definition", err)
	}
	return a, nil
}

// Automations returns a module's automations by name, or with module 0 those of
// all modules.
func (db *DB) Automations(ctx context.Context, module int64) ([]automation.Automation, error) {
	return collect(ctx, db, scanAutomation, `SELECT `+automationColumns+` FROM automation WHERE CAST($1 AS BIGINT) IN (0, module_id) ORDER BY module_id, name_key`, module)
}

// Automation returns one, or NotFound.
func (db *DB) Automation(ctx context.Context, id int64) (automation.Automation, error) {
	a, err := scanAutomation(db.conn(ctx).QueryRowContext(ctx, `SELECT `+automationColumns+` FROM automation WHERE id = $1`, id))
	return a, absent(err, "automation", id)
}

// SaveAutomation stores a new automation, or a changed one of which Version is
// the one expected.
func (db *DB) SaveAutomation(ctx context.Context, a automation.Automation, now time.Time) (automation.Automation, error) {
	definition, err := json.Marshal(a.Definition)
	if err != nil {
		return a, err
	}
	known := a.Version
	a.Version, a.UpdatedAt = known+1, now
	err = db.Savepoint(ctx, func(ctx context.Context) error {
		if a.ID == 0 {
			return db.conn(ctx).QueryRowContext(ctx, `INSERT INTO automation (account_id, module_id, name, name_key, enabled, ready, kind, definition, version,
				next_at, looked_at, fired_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, NULL, $11, $11) RETURNING id`,
				a.Account, a.Module, a.Name, datatype.KeyOfText(a.Name), a.On, a.Ready, string(a.Trigger.Kind), string(definition),
				microsOrNull(a.Next), microsOrNull(a.Looked), micros(now)).Scan(&a.ID)
		}
		result, err := db.conn(ctx).ExecContext(ctx, `UPDATE automation SET name = $3, name_key = $4, enabled = $5, kind = $6, definition = $7,
			version = $8, next_at = $9, looked_at = $10, updated_at = $11 WHERE id = $1 AND version = $2`,
			a.ID, known, a.Name, datatype.KeyOfText(a.Name), a.On, string(a.Trigger.Kind), string(definition), a.Version,
			microsOrNull(a.Next), microsOrNull(a.Looked), micros(now))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return errs.New(errs.Conflict, "somebody else changed the automation meanwhile").WithHint("Look at it as it is now, and change it again.")
	})
	if _, unique := db.isUnique(err); unique {
		return a, errs.New(errs.Conflict, "the module has an automation named %q", a.Name).WithHint("Choose another name.")
	}
	return a, err
}

// RemoveAutomation takes an automation away with its log.
func (db *DB) RemoveAutomation(ctx context.Context, id int64) error {
	for _, text := range []string{
		`DELETE FROM automation_act WHERE automation_id = $1`, `DELETE FROM automation_firing WHERE automation_id = $1`, `DELETE FROM automation WHERE id = $1`,
	} {
		if _, err := db.conn(ctx).ExecContext(ctx, text, id); err != nil {
			return err
		}
	}
	return nil
}

// MoveSchedule sets when an automation comes round next, if it is now as expected.
func (db *DB) MoveSchedule(ctx context.Context, id int64, from, to time.Time) (bool, error) {
	result, err := db.conn(ctx).ExecContext(ctx, `UPDATE automation SET next_at = $3 WHERE id = $1 AND next_at = $2 AND enabled`, id, micros(from), microsOrNull(to))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// MoveLooked notes up to when the calendar was looked through for an automation.
func (db *DB) MoveLooked(ctx context.Context, id int64, to time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE automation SET looked_at = $2 WHERE id = $1`, id, micros(to))
	return err
}

// NoteReady notes that a module has its ready-made automations.
func (db *DB) NoteReady(ctx context.Context, module int64, now time.Time) (first bool, err error) {
	result, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO automation_ready (module_id, at) VALUES ($1, $2) ON CONFLICT (module_id) DO NOTHING`, module, micros(now))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}
