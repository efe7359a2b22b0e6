package account

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/musterhq/muster/internal/audit"
)

// EventQuery says which audit events to list, the newest first.
type EventQuery struct {
	Account     int64  // of one account; 0 with Everything unset: of the organization as a whole
	Module      int64  // of one module of the account; 0 for all
	Everything  bool   // of the organization and all accounts
	SubjectKind string // "" for any
	SubjectID   int64  // 0 for any
	Actor       string // whose name it is or, if there is none of that name, begins with; any case
	Subject     string // likewise
	Action      audit.Action
	From, Until time.Time // the first moment, and the first one after; zero for open
	Before      int64     // only entries before this one, for the next page; 0 from the newest
	Limit       int       // 0 for 100, at most 1,000
}

const (
	defaultEvents = 100
	mostEvents    = 1000
)

// Events lists audit events. Those of a module or an account are for who may
// view the audit of all of it; those of the organization, which name people of every account,
// for who may view all.
func (s *Service) Events(ctx context.Context, p Principal, q EventQuery) ([]audit.Entry, error) {
	if q.Everything {
		q.Account, q.Module = 0, 0
	}
	if err := p.May(ViewAudit, q.Account, q.Module, 0); err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = defaultEvents
	}
	q.Limit = min(q.Limit, mostEvents)
	return s.store.AuditEvents(ctx, q)
}

// VerifyAudit walks the whole audit log and says whether it was tampered with.
func (s *Service) VerifyAudit(ctx context.Context, p Principal) (audit.Finding, error) {
	if err := p.May(ViewAudit, 0, 0, 0); err != nil {
		return audit.Finding{}, err
	}
	return audit.Verify(s.store.AuditLog(ctx))
}

// Actions lists the actions that the log tells of, for a filter to choose from.
func (s *Service) Actions(ctx context.Context) ([]audit.Action, error) {
	return s.store.AuditActions(ctx)
}

// ExportEvents yields the events that Events would, all of them, in constant
// memory. That somebody took a copy of the log, and of which part, is in the log
// from then on; the copy begins with that.
func (s *Service) ExportEvents(ctx context.Context, p Principal, q EventQuery) (iter.Seq2[audit.Entry, error], error) {
	if q.Everything {
		q.Account, q.Module = 0, 0
	}
	if err := p.May(ViewAudit, q.Account, q.Module, 0); err != nil {
		return nil, err
	}
	err := s.writeIn(ctx, p, q.Account, q.Module, audit.LogExported, "audit log", 0, "", q.details()...)
	if err != nil {
		return nil, err
	}
	q.Before, q.Limit = 0, mostEvents
	return func(yield func(audit.Entry, error) bool) {
		for {
			list, err := s.store.AuditEvents(ctx, q)
			if err != nil {
				yield(audit.Entry{}, err)
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
				q.Before = e.ID
			}
			if len(list) < q.Limit {
				return
			}
		}
	}, nil
}

// details tells which part of the log a query asks for.
func (q EventQuery) details() []audit.Detail {
	var out []audit.Detail
	add := func(name, value string) {
		if value != "" {
			out = append(out, audit.Detail{Name: name, After: value})
		}
	}
	add("who", q.Actor)
	add("what", string(q.Action))
	add("on what", q.Subject)
	if q.SubjectID != 0 {
		add("on which", fmt.Sprintf("%s %d", q.SubjectKind, q.SubjectID))
	} else {
		add("kind", q.SubjectKind)
	}
	if !q.From.IsZero() {
		add("from", q.From.UTC().Format(time.RFC3339))
	}
	if !q.Until.IsZero() {
		add("before", q.Until.UTC().Format(time.RFC3339))
	}
	return out
}
