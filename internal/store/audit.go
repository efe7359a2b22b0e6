package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
)

// detailDoc is an event's detail as its row keeps it.
type detailDoc struct {
	Name   string `json:"name"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// WriteAudit appends an event to the chain. Transactions that write events wait
// for each other from here to their end, so that each follows from one before
// it: write events last.
func (db *DB) WriteAudit(ctx context.Context, e audit.Event) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		if _, err := db.NextIDs(ctx, "lock on audit", 1); err != nil {
			return err
		}
		var last []byte
		err := db.conn(ctx).QueryRowContext(ctx, `SELECT chain FROM audit_event ORDER BY id DESC LIMIT 1`).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var before audit.Hash
		copy(before[:], last)
		hash := audit.Chain(before, e)
		docs := make([]detailDoc, len(e.Details))
		for i, d := range e.Details {
			docs[i] = detailDoc(d)
		}
		details, err := json.Marshal(docs)
		if err != nil {
			return err
		}
		_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO audit_event (at, account_id, module_id, actor_kind, actor_id, actor_name, address, action,
			subject_kind, subject_id, subject_name, details, chain, actor_key, subject_key)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			micros(e.At), e.Account, e.Module, e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Address, string(e.Action),
			e.SubjectKind, e.SubjectID, e.SubjectName, string(details), hash[:],
			datatype.KeyOfText(e.Actor.Name), datatype.KeyOfText(e.SubjectName))
		return err
	})
}

const auditColumns = `id, at, account_id, module_id, actor_kind, actor_id, actor_name, address, action,
	subject_kind, subject_id, subject_name, details, chain`

func scanAuditEntry(row scanner) (audit.Entry, error) {
	var e audit.Entry
	var at int64
	var details string
	var hash []byte
	err := row.Scan(&e.ID, &at, &e.Account, &e.Module, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Actor.Address, &e.Action,
		&e.SubjectKind, &e.SubjectID, &e.SubjectName, &details, &hash)
	if err != nil {
		return e, err
	}
	e.At = fromMicros(at)
	copy(e.Hash[:], hash)
	var docs []detailDoc
	err = json.Unmarshal([]byte(details), &docs)
	for _, d := range docs {
		e.Details = append(e.Details, audit.Detail(d))
	}
	return e, err
}

// auditBatch is how many entries AuditLog reads at a time.
const auditBatch = 1000

// AuditLog yields the whole log, the oldest entry first, in constant memory. An
// entry that cannot be read as one ends it with the error.
func (db *DB) AuditLog(ctx context.Context) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		for last := int64(-1 << 63); ; {
			batch, err := collect(ctx, db, scanAuditEntry, `SELECT `+auditColumns+` FROM audit_event WHERE id > $1 ORDER BY id LIMIT $2`, last, auditBatch)
			for _, e := range batch {
				if !yield(e, nil) {
					return
				}
				last = e.ID
			}
			if err != nil {
				yield(audit.Entry{}, err)
				return
			}
			if len(batch) < auditBatch {
				return
			}
		}
	}
}
