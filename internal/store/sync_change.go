package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
)

// changeDetail is the part of a change that is stored as a document. Its keys
// are short because there is one for each change ever made.
type changeDetail struct {
	Fields  []fieldDetail          `json:"f,omitempty"`
	Roles   []reconcile.RoleChange `json:"r,omitempty"`
	Issues  []reconcile.Issue      `json:"i,omitempty"`
	Status  [2]reconcile.Status    `json:"s,omitzero"` // before, after
	PurgeAt int64                  `json:"p,omitempty"`
	Name    [2]string              `json:"n,omitzero"`
	Email   [2]string              `json:"e,omitzero"`
	Note    string                 `json:"d,omitempty"`
	Moved   int64                  `json:"m,omitempty"` // the entry that a link was taken from
}

// fieldDetail is one field's part of a change.
type fieldDetail struct {
	Field  int64           `json:"f"`
	Before json.RawMessage `json:"b,omitempty"`
	After  json.RawMessage `json:"a,omitempty"`
	Source string          `json:"s,omitempty"`
	Ref    *refDetail      `json:"r,omitempty"`
}

type refDetail struct {
	Collection int64  `json:"c"`
	Object     string `json:"o,omitempty"`
	Text       string `json:"t,omitempty"`
	Label      string `json:"l,omitempty"`
	Create     bool   `json:"n,omitempty"`
	IfEmpty    bool   `json:"e,omitempty"`
}

func detailOf(ch *syncer.PlannedChange) changeDetail {
	d := changeDetail{
		Roles: ch.Roles, Issues: ch.Issues, Status: [2]reconcile.Status{ch.StatusBefore, ch.Status},
		Name: [2]string{ch.NameBefore, ch.LoginName}, Email: [2]string{ch.EmailBefore, ch.LoginEmail}, Note: ch.Detail,
		Moved: ch.EntryBefore,
	}
	if !ch.PurgeAt.IsZero() {
		d.PurgeAt = micros(ch.PurgeAt)
	}
	for _, f := range ch.Fields {
		fd := fieldDetail{Field: f.Field, Before: raw(f.Before), After: raw(f.After), Source: f.Source}
		if f.Ref != nil {
			fd.Ref = &refDetail{Collection: f.Ref.Collection, Text: f.Ref.Text, Label: f.Ref.Label, Create: f.Ref.Create, IfEmpty: f.Ref.IfEmpty}
			if !f.Ref.Object.IsZero() {
				fd.Ref.Object = f.Ref.Object.String()
			}
		}
		d.Fields = append(d.Fields, fd)
	}
	return d
}

// plainJSON encodes without escaping HTML characters: a value's text must come
// back letter for letter, since values are compared by it.
func plainJSON(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func raw(v datatype.Value) json.RawMessage {
	if v.IsEmpty() {
		return nil
	}
	return json.RawMessage(v.JSON())
}

func (d *changeDetail) into(ch *syncer.PlannedChange) error {
	ch.Roles, ch.Issues, ch.Detail, ch.EntryBefore = d.Roles, d.Issues, d.Note, d.Moved
	ch.StatusBefore, ch.Status = d.Status[0], d.Status[1]
	ch.NameBefore, ch.LoginName = d.Name[0], d.Name[1]
	ch.EmailBefore, ch.LoginEmail = d.Email[0], d.Email[1]
	if d.PurgeAt != 0 {
		ch.PurgeAt = fromMicros(d.PurgeAt)
	}
	for _, f := range d.Fields {
		fc := reconcile.FieldChange{
			Field: f.Field, Before: datatype.FromJSON(string(f.Before)), After: datatype.FromJSON(string(f.After)), Source: f.Source,
		}
		if f.Ref != nil {
			fc.Ref = &reconcile.Ref{Collection: f.Ref.Collection, Text: f.Ref.Text, Label: f.Ref.Label, Create: f.Ref.Create, IfEmpty: f.Ref.IfEmpty}
			if f.Ref.Object != "" {
				id, err := directory.ParseObjectID(f.Ref.Object)
				if err != nil {
					return err
				}
				fc.Ref.Object = id
			}
		}
		ch.Fields = append(ch.Fields, fc)
	}
	return nil
}

// plain reports whether an addition has nothing to tell beyond its row.
func plain(ch *syncer.PlannedChange) bool {
	return ch.Verb == reconcile.Add && ch.Target == reconcile.Record && len(ch.Fields) == 0 &&
		len(ch.Issues) == 0 && ch.Status == reconcile.StatusActive
}

// InsertChanges stores changes with the numbers they carry.
func (db *DB) InsertChanges(ctx context.Context, run int64, changes []syncer.PlannedChange) error {
	details := make([]string, len(changes))
	for i := range changes {
		if plain(&changes[i]) {
			continue // the usual addition: no document for each of a hundred thousand
		}
		b, err := plainJSON(detailOf(&changes[i]))
		if err != nil {
			return err
		}
		details[i] = b
	}
	return db.bulkInsert(ctx, "change",
		[]string{"run_id", "seq", "entry_id", "entry_version", "target", "collection_id", "target_id", "target_version",
			"mapping_id", "verb", "reason", "class", "state", "name", "detail", "decided_by"},
		len(changes), func(i int, dst []any) {
			c := &changes[i]
			dst[0], dst[1], dst[2], dst[3] = run, c.Seq, c.Entry, c.EntryVersion
			dst[4], dst[5], dst[6], dst[7] = int64(c.Target), c.Collection, c.TargetID, c.TargetVersion
			dst[8], dst[9], dst[10], dst[11] = c.Mapping, int64(c.Verb), string(c.Reason), int64(c.Class)
			dst[12], dst[13], dst[14], dst[15] = int64(c.State), c.Name, details[i], c.DecidedBy
		})
}

// DropChanges forgets a run's changes above a number, to plan them anew. What
// was carried out together with its plan stays.
func (db *DB) DropChanges(ctx context.Context, run, after int64) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM change WHERE run_id = $1 AND seq > $2 AND state <> $3`, run, after, int64(syncer.Applied))
	return err
}

const changeColumns = `run_id, seq, entry_id, entry_version, target, collection_id, target_id, target_version,
	mapping_id, verb, reason, class, state, name, detail, decided_by`

func scanChange(row interface{ Scan(...any) error }) (syncer.PlannedChange, error) {
	var c syncer.PlannedChange
	var detail string
	err := row.Scan(&c.Run, &c.Seq, &c.Entry, &c.EntryVersion, &c.Target, &c.Collection, &c.TargetID, &c.TargetVersion,
		&c.Mapping, &c.Verb, &c.Reason, &c.Class, &c.State, &c.Name, &detail, &c.DecidedBy)
	if err != nil {
		return c, err
	}
	if detail == "" {
		c.Status = reconcile.StatusActive
		return c, nil
	}
	var d changeDetail
	if err := json.Unmarshal([]byte(detail), &d); err != nil {
		return c, err
	}
	return c, d.into(&c)
}

// Changes returns a run's changes in order, narrowed by a filter.
func (db *DB) Changes(ctx context.Context, run int64, f syncer.ChangeFilter) ([]syncer.PlannedChange, error) {
	where := []string{"run_id = $1", "seq > $2"}
	args := []any{run, f.After}
	in := func(column string, numbers []int64) {
		cond, arg := db.inNumbers(column, len(args)+1, numbers)
		where, args = append(where, cond), append(args, arg)
	}
	if len(f.States) > 0 {
		in("state", numbersOf(f.States))
	}
	if len(f.Verbs) > 0 {
		in("verb", numbersOf(f.Verbs))
	}
	if f.Due {
		args = append(args, int64(syncer.Planned), int64(reconcile.Skip))
		where = append(where, fmt.Sprintf("state = $%d AND verb < $%d", len(args)-1, len(args)))
	}
	if f.UpTo != 0 {
		args = append(args, f.UpTo)
		where = append(where, fmt.Sprintf("seq <= $%d", len(args)))
	}
	if len(f.Seqs) > 0 {
		in("seq", f.Seqs)
	}
	if f.Entry != 0 {
		in("entry_id", []int64{f.Entry})
	}
	if f.Target.ID != 0 {
		in("target", []int64{int64(f.Target.Target)})
		in("target_id", []int64{f.Target.ID})
	}
	query := `SELECT ` + changeColumns + ` FROM change WHERE ` + strings.Join(where, " AND ") + ` ORDER BY seq`
	if f.Limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", f.Limit)
	}
	return collect(ctx, db, scanChange, query, args...)
}

func numbersOf[T ~uint8](list []T) []int64 {
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = int64(v)
	}
	return out
}

// ChangesOf returns the newest changes of an entry first, over all runs.
func (db *DB) ChangesOf(ctx context.Context, entry int64, limit int) ([]syncer.PlannedChange, error) {
	return collect(ctx, db, scanChange, `SELECT `+changeColumns+` FROM change WHERE entry_id = $1 ORDER BY run_id DESC, seq LIMIT $2`, entry, limit)
}

// HoldChanges holds the acting changes of a run that are of the given classes.
func (db *DB) HoldChanges(ctx context.Context, run int64, classes reconcile.Class) (int, error) {
	if classes == 0 {
		return 0, nil
	}
	res, err := db.conn(ctx).ExecContext(ctx, `UPDATE change SET state = $3 WHERE run_id = $1 AND class & $2 <> 0 AND verb < $4 AND state = 0`,
		run, int64(classes), int64(syncer.HeldBack), int64(reconcile.Skip))
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// SetChangeStates notes what became of changes. A detail replaces the reason's
// note only when it is given.
func (db *DB) SetChangeStates(ctx context.Context, run int64, seqs []int64, state syncer.ChangeState, by, detail string) error {
	if len(seqs) == 0 {
		return nil
	}
	in, arg := db.inNumbers("seq", 4, seqs)
	if _, err := db.conn(ctx).ExecContext(ctx, `UPDATE change SET state = $2, decided_by = $3 WHERE run_id = $1 AND `+in,
		run, int64(state), by, arg); err != nil || detail == "" {
		return err
	}
	list, err := db.Changes(ctx, run, syncer.ChangeFilter{Seqs: seqs})
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Detail = detail
		b, err := plainJSON(detailOf(&list[i]))
		if err != nil {
			return err
		}
		if _, err := db.conn(ctx).ExecContext(ctx, `UPDATE change SET detail = $3 WHERE run_id = $1 AND seq = $2`, run, list[i].Seq, b); err != nil {
			return err
		}
	}
	return nil
}

// LastSeq returns the highest number among a run's changes.
func (db *DB) LastSeq(ctx context.Context, run int64) (n int64, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM change WHERE run_id = $1`, run).Scan(&n)
	return n, err
}
