package register

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
)

// What a history entry says was done.
const (
	ActionCreate    = "create"
	ActionUpdate    = "update"
	ActionArchive   = "archive"
	ActionUnarchive = "unarchive"
	ActionPin       = "pin"
	ActionUnpin     = "unpin"
)

// FieldDiff is one field's part of a change.
type FieldDiff struct {
	Field         int64
	Before, After datatype.Value
}

// HistoryEntry is one act on a record.
type HistoryEntry struct {
	ID      int64
	Record  int64
	Version int64 // the version that the act made
	At      time.Time
	Actor   audit.Actor
	Run     int64 // 0 unless a sync did it
	Action  string
	Note    string
	Changes []FieldDiff
}

// RecordHistory returns what was done to a record, latest first, older than the
// entry with the number before; 0 starts at the latest. What syncs did is in
// their runs.
func (s *Service) RecordHistory(ctx context.Context, p account.Principal, acct, record, before int64, limit int) ([]HistoryEntry, error) {
	if _, err := s.record(ctx, p, account.View, acct, record); err != nil {
		return nil, err
	}
	return s.store.History(ctx, record, before, limit)
}
