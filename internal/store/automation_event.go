package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/register"
)

// Listening returns the triggers of a module's automations that are on.
func (db *DB) Listening(ctx context.Context, module int64) ([]automation.Kind, error) {
	return collect(ctx, db, func(row interface{ Scan(...any) error }) (k automation.Kind, err error) {
		return k, row.Scan(&k)
	}, `SELECT DISTINCT kind FROM automation WHERE module_id = $1 AND enabled`, module)
}

// InsertEvent notes that something happened.
func (db *DB) InsertEvent(ctx context.Context, e automation.Event) error {
	document, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO automation_event (module_id, document) VALUES ($1, $2)`, e.Module, string(document))
	return err
}

// TakeEvents returns the oldest events, which are gone when the transaction ends.
func (db *DB) TakeEvents(ctx context.Context, limit int) ([]automation.Event, error) {
	list, err := collect(ctx, db, func(row interface{ Scan(...any) error }) (e automation.Event, err error) {
		var id int64
		var document string
		if err := row.Scan(&id, &document); err != nil {
			return e, err
		}
		if err := json.Unmarshal([]byte(document), &e); err != nil {
			return e, damaged("an event", err)
		}
		e.ID = id
		return e, nil
	}, `SELECT id, document FROM automation_event ORDER BY id LIMIT $1`, int64(limit))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	_, err = db.conn(ctx).ExecContext(ctx, `DELETE FROM automation_event WHERE id `+db.dialect.inIDs("$1"), db.dialect.ids(ids))
	return list, err
}

// AutomationsPending reports whether there are events, and acts that are due.
func (db *DB) AutomationsPending(ctx context.Context, now time.Time) (events, acts bool, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM automation_event),
		EXISTS (SELECT 1 FROM automation_act WHERE state = 'waiting' AND due_at <= $1)`, micros(now)).Scan(&events, &acts)
	return events, acts, err
}

// NoteRunChain keeps which automations led to a run that one asks for.
func (db *DB) NoteRunChain(ctx context.Context, connection int64, chain []int64) error {
	text, err := json.Marshal(chain)
	if err != nil {
		return err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO automation_chain (connection_id, chain) VALUES ($1, $2)
		ON CONFLICT (connection_id) DO UPDATE SET chain = excluded.chain`, connection, string(text))
	return err
}

// RunChain returns which automations led to the latest run that one asked for.
func (db *DB) RunChain(ctx context.Context, connection int64) (chain []int64, err error) {
	var text string
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT chain FROM automation_chain WHERE connection_id = $1`, connection).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return chain, json.Unmarshal([]byte(text), &chain)
}

// DueCustodies returns what is due until a moment and is either due after from or
// was given out after since.
func (db *DB) DueCustodies(ctx context.Context, acct, module int64, from, until, since time.Time, limit int) ([]register.Custody, error) {
	return collect(ctx, db, scanCustody, custodySelect+` JOIN collection k ON k.id = a.collection_id
		WHERE c.account_id = $1 AND k.module_id = $2 AND c.checked_in_at IS NULL AND c.due_at IS NOT NULL
		AND c.due_at <= $3 AND (c.due_at > $4 OR c.checked_out_at > $5) ORDER BY c.due_at, c.id LIMIT $6`,
		acct, module, micros(until), moment(from), moment(since), int64(limit))
}

// moment is how an instant is compared; the zero time comes before all others.
func moment(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micros(t)
}
