package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
)

// AuditEvents lists audit events, the newest first. What comes after an entry
// that is not there is nothing.
func (db *DB) AuditEvents(ctx context.Context, q account.EventQuery) ([]audit.Entry, error) {
	c := eventConditions(q)
	for _, part := range []struct{ column, text string }{{"actor_key", q.Actor}, {"subject_key", q.Subject}} {
		if any, err := db.addName(ctx, c, part.column, datatype.KeyOfText(part.text)); err != nil || !any {
			return nil, err
		}
	}
	if q.Before != 0 {
		var at int64
		err := db.conn(ctx).QueryRowContext(ctx, `SELECT at FROM audit_event WHERE id = $1`, q.Before).Scan(&at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		c.add("(at, id) < (?, ?)", at, q.Before)
	}
	query, args := c.query(q.Limit)
	return collect(ctx, db, scanAuditEntry, query, args...)
}

// conditions are the parts of a WHERE with their arguments.
type conditions struct {
	parts []string
	args  []any
}

// add adds a condition; a question mark stands for each argument.
func (c *conditions) add(text string, args ...any) {
	for _, a := range args {
		c.args = append(c.args, a)
		text = strings.Replace(text, "?", placeholder(len(c.args)), 1)
	}
	c.parts = append(c.parts, text)
}

// query is the statement for a page in the log's order.
func (c *conditions) query(limit int) (text string, args []any) {
	where := ""
	if len(c.parts) > 0 {
		where = " WHERE " + strings.Join(c.parts, " AND ")
	}
	return `SELECT ` + auditColumns + ` FROM audit_event` + where + ` ORDER BY at DESC, id DESC LIMIT ` + placeholder(len(c.args)+1),
		append(c.args, rowLimit(limit))
}

// eventConditions are those that compare a column with a value. Conditions that
// ask for nothing are left out instead of made true, so that an index serves
// the others.
func eventConditions(q account.EventQuery) *conditions {
	c := &conditions{}
	if !q.Everything {
		c.add("account_id = ?", q.Account)
	}
	if q.Module != 0 {
		c.add("module_id = ?", q.Module)
	}
	if q.SubjectKind != "" {
		c.add("subject_kind = ?", q.SubjectKind)
	}
	if q.SubjectID != 0 {
		c.add("subject_id = ?", q.SubjectID)
	}
	if q.Action != "" {
		c.add("action = ?", string(q.Action))
	}
	if !q.From.IsZero() {
		c.add("at >= ?", micros(q.From))
	}
	if !q.Until.IsZero() {
		c.add("at < ?", micros(q.Until))
	}
	return c
}

// addName asks for a name: for exactly that one when there is any event with it,
// which keeps the log's order in the index, else for those that begin with it.
// It reports whether there is any event to find.
func (db *DB) addName(ctx context.Context, c *conditions, column, key string) (found bool, err error) {
	if key == "" {
		return true, nil
	}
	var exact bool
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM audit_event WHERE `+column+` = $1),
		EXISTS (SELECT 1 FROM audit_event WHERE `+column+` >= $1 AND `+column+` < $2)`, key, key+lastCharacter).Scan(&exact, &found)
	if exact {
		c.add(column+" = ?", key)
	} else {
		c.add(column+" >= ?", key)
		c.add(column+" < ?", key+lastCharacter)
	}
	return found, err
}

// AuditActions lists the actions that occur in the log, by name. It leaps from
// one to the next through the index instead of reading every event.
func (db *DB) AuditActions(ctx context.Context) ([]audit.Action, error) {
	return collect(ctx, db, func(row scanner) (a audit.Action, err error) { return a, row.Scan(&a) }, `
		WITH RECURSIVE found (action) AS (
			SELECT MIN(action) FROM audit_event
			UNION ALL SELECT (SELECT MIN(action) FROM audit_event WHERE action > found.action) FROM found WHERE found.action IS NOT NULL)
		SELECT action FROM found WHERE action IS NOT NULL ORDER BY action`)
}
