package account

import (
	"context"

	"github.com/musterhq/muster/internal/audit"
)

// EventQuery says which audit events to list, the newest first.
type EventQuery struct {
	Account     int64  // of one account; 0 with Everything unset: of the organization as a whole
	Module      int64  // of one module of the account; 0 for all
	Everything  bool   // of the organization and all accounts
	SubjectKind string // "" for any
	SubjectID   int64  // 0 for any
	Before      int64  // only entries with smaller numbers, for the next page; 0 from the newest
	Limit       int    // 0 for 100, at most 1,000
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
