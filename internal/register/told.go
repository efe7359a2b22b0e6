package register

import (
	"context"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// Told is that somebody was written to about what a person holds.
type Told struct {
	Account int64
	Holder  int64
	About   string // TellLeaver or TellOverdue
	To      string // whom, by name or address
	At      time.Time
	By      string
}

// What somebody can be told about.
const (
	TellLeaver  = "leaver"
	TellOverdue = "overdue"
)

// toldLimit is the longest name of whom somebody told, in bytes.
const toldLimit = 500

// NoteTold notes that a person's manager, or the person, was written to about
// what the person holds.
func (s *Service) NoteTold(ctx context.Context, p account.Principal, t Told) error {
	if t.About != TellLeaver && t.About != TellOverdue {
		return errs.New(errs.Invalid, "%q is nothing to tell about", t.About)
	}
	if t.To = strings.TrimSpace(t.To); t.To == "" || len(t.To) > toldLimit {
		return errs.New(errs.Invalid, "it has to be noted who was told")
	}
	if _, err := s.record(ctx, p, account.CheckOut, t.Account, t.Holder); err != nil {
		return err
	}
	t.At, t.By = s.moment(), p.Actor().Name
	return s.store.InsertTold(ctx, t)
}

// LastTold returns, by person, when somebody was last told about what they hold.
// People of whom nobody was told are not in it. It checks no permission beyond
// the account: the caller has listed the people.
func (s *Service) LastTold(ctx context.Context, acct int64, about string, holders []int64) (map[int64]Told, error) {
	if len(holders) == 0 {
		return nil, nil
	}
	return s.store.LastTold(ctx, acct, about, holders)
}
