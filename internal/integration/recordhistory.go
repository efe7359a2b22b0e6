package integration

import (
	"context"
	"fmt"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

// Event is one thing that happened to a record: what somebody did, or what a
// run did. One of the two is set.
type Event struct {
	At   time.Time
	Hand *register.HistoryEntry
	Run  *syncer.RunChange
}

// Place is a place in a record's history. The zero Place is its latest end.
type Place struct{ Entry, Run, Seq int64 }

// String returns the place as a text that ParsePlace reads; "" for the latest.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", p.Entry, p.Run, p.Seq)
}

// ParsePlace reads what String returned.
func ParsePlace(text string) (p Place, err error) {
	if text == "" {
		return p, nil
	}
	n, err := fmt.Sscanf(text, "%d.%d.%d", &p.Entry, &p.Run, &p.Seq)
	if err != nil || n != 3 || p.String() != text || min(p.Entry, p.Run, p.Seq) < 0 {
		return Place{}, errs.New(errs.Invalid, "%q is not a place in a history", text).WithHint("Start again from the record.")
	}
	return p, nil
}

// RecordHistory returns what happened to a record before a place, the latest
// first: the deeds of people and of runs, merged by time. next is the place
// behind the last of them; zero when there is nothing older.
func (s *Service) RecordHistory(ctx context.Context, p account.Principal, acct, record int64, before Place, limit int) (list []Event, next Place, err error) {
	hands, err := s.Records.RecordHistory(ctx, p, acct, record, before.Entry, limit+1)
	if err != nil {
		return nil, next, err
	}
	runs, err := s.Sync.RecordChanges(ctx, record, before.Run, before.Seq, limit+1)
	if err != nil {
		return nil, next, err
	}
	at := before
	for len(list) < limit && len(hands)+len(runs) > 0 {
		if len(runs) == 0 || len(hands) > 0 && !hands[0].At.Before(runs[0].At) {
			list = append(list, Event{At: hands[0].At, Hand: &hands[0]})
			at.Entry, hands = hands[0].ID, hands[1:]
			continue
		}
		list = append(list, Event{At: runs[0].At, Run: &runs[0]})
		at.Run, at.Seq, runs = runs[0].Run, runs[0].Seq, runs[1:]
	}
	if len(hands)+len(runs) > 0 {
		next = at
	}
	return list, next, nil
}

// SyncRecord begins a run for the one object that a record stands for, and
// returns the connection and the run's number. It fails with NotFound when the
// record has nothing to do with a directory.
func (s *Service) SyncRecord(ctx context.Context, p account.Principal, acct, record int64) (connection, run int64, err error) {
	if _, err := s.Records.Record(ctx, p, acct, record); err != nil {
		return 0, 0, err
	}
	c, person, err := s.Sync.PersonOf(ctx, record)
	if err != nil {
		return 0, 0, err
	}
	run, err = s.Start(ctx, p, c.ID, Order{Person: person})
	return c.ID, run, err
}
