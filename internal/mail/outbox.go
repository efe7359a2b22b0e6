package mail

import (
	"context"
	"encoding/base64"
	"net/mail"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// State is where a letter is on its way. Its text is stored.
type State string

// The states of a letter.
const (
	Queued State = "queued"
	Sent   State = "sent"   // the server took it
	Failed State = "failed" // given up
)

// Letter is a letter to one person.
type Letter struct {
	ID              int64
	Account, Module int64 // what it is about; 0 for the organization
	To              string
	Subject         string
	Text            string // plain; lines that begin with "- " are a list
	Secret          bool   // the text lets somebody in: it is sealed, and forgotten once it is sent
	Key             string // "" for none; of letters with the same key one is sent

	State     State
	Attempts  int
	NextAt    time.Time // when it is tried next
	Error     string    // of the last attempt
	CreatedAt time.Time
	DoneAt    time.Time // when it was sent or given up
}

// How long a letter is tried, and how long it can be looked at afterwards.
const (
	tryFor  = 3 * 24 * time.Hour
	keepFor = 30 * 24 * time.Hour
)

// holdFor is how long a letter belongs to the process that sends it: longer than
// sending can take.
const holdFor = 3 * time.Minute

// longest is the longest subject and text, in bytes.
const (
	longestSubject = 500
	longestText    = 200_000
)

// Queue puts a letter on its way, in the caller's transaction. It fails with
// Conflict while no server is set up, and with Invalid for an address that is none.
func (s *Service) Queue(ctx context.Context, l Letter) error {
	if err := checkRecipient(l.To); err != nil {
		return err
	}
	if up, err := s.SetUp(ctx); err != nil || !up {
		if err == nil {
			err = errs.New(errs.Conflict, "Muster sends no mail yet").WithHint("An Organization Admin sets it up under Settings > Mail.")
		}
		return err
	}
	l.Subject = strings.Join(strings.Fields(l.Subject), " ")
	l.Subject, l.Text = cut(l.Subject, longestSubject), cut(l.Text, longestText)
	if l.Secret {
		sealed, err := s.keys.Seal([]byte(l.Text), letterSubject)
		if err != nil {
			return err
		}
		l.Text = base64.StdEncoding.EncodeToString(sealed)
	}
	l.State, l.CreatedAt = Queued, s.now()
	l.NextAt = l.CreatedAt
	return s.store.InsertLetter(ctx, l)
}

func checkRecipient(to string) error {
	if a, err := mail.ParseAddress(to); err != nil || a.Address != to {
		return errs.New(errs.Invalid, "%q is no email address", to)
	}
	return nil
}

// cut shortens a text to whole characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}

// Deliver sends letters that are due, one after the other, until there is none or
// the server does not answer. It returns how many the server took. That it could
// not be reached is noted with the letter, and no error of Deliver's.
func (s *Service) Deliver(ctx context.Context) (sent int, err error) {
	server, err := s.open(ctx)
	if errs.Is(err, errs.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		l, err := s.store.ClaimLetter(ctx, s.now(), s.now().Add(holdFor))
		if errs.Is(err, errs.NotFound) {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
		fault := s.sendOpened(ctx, server, l)
		if ctx.Err() != nil {
			return sent, ctx.Err() // it is tried again when it is free: perhaps it was taken
		}
		if err := s.store.SaveLetter(ctx, l.after(fault, s.now())); err != nil {
			return sent, err
		}
		if errs.Is(fault, errs.Unavailable) {
			return sent, nil // the others would wait for the same server
		}
		if fault == nil {
			sent++
		}
	}
	return sent, ctx.Err()
}

// letterSubject is what the texts of secret letters are sealed for.
const letterSubject = "letter"

// sendOpened sends a letter with its text in the clear.
func (s *Service) sendOpened(ctx context.Context, server Server, l Letter) error {
	if l.Secret {
		sealed, err := base64.StdEncoding.DecodeString(l.Text)
		if err != nil {
			return errs.New(errs.Invalid, "the text of the letter is damaged").Because(err)
		}
		plain, err := s.keys.Open(sealed, letterSubject)
		if err != nil {
			return err
		}
		l.Text = string(plain)
	}
	return send(ctx, server, l)
}

// Tidy forgets letters that were sent or given up a month ago.
func (s *Service) Tidy(ctx context.Context) error {
	return s.store.DeleteLetters(ctx, s.now().Add(-keepFor))
}

// after returns a letter after an attempt that ended with fault.
//
//	the attempt                               the letter
//	succeeded                                 sent; its text is forgotten if it is secret
//	failed for good: the server refuses it    failed
//	failed for now, within three days         queued, later each time
//	failed for now, after three days          failed
func (l Letter) after(fault error, now time.Time) Letter {
	l.Attempts++
	l.Error = ""
	if fault != nil {
		l.Error = fault.Error()
	}
	switch {
	case fault == nil:
		l.State, l.DoneAt = Sent, now
	case !errs.Is(fault, errs.Unavailable) || now.Sub(l.CreatedAt) > tryFor:
		l.State, l.DoneAt = Failed, now
	default:
		l.NextAt = now.Add(patience(l.Attempts))
	}
	if l.State == Sent && l.Secret {
		l.Text = ""
	}
	return l
}

// patience is how long to wait after an attempt: half a minute at first, twice as
// long each time, three hours at most.
func patience(attempts int) time.Duration {
	const first, most = 30 * time.Second, 3 * time.Hour
	if attempts > 9 {
		return most
	}
	return min(first<<(attempts-1), most)
}

// Letters lists letters before a number, the newest first; 0 from the newest.
func (s *Service) Letters(ctx context.Context, p account.Principal, before int64, limit int) ([]Letter, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	list, err := s.store.Letters(ctx, before, limit)
	for i := range list {
		if list[i].Secret {
			list[i].Text = ""
		}
	}
	return list, err
}

// Counts returns how many letters are in each state, for the program itself.
func (s *Service) Counts(ctx context.Context) (map[State]int, error) {
	return s.store.CountLetters(ctx)
}

// Retry sends a letter again that was given up, or one that waits, at once.
func (s *Service) Retry(ctx context.Context, p account.Principal, id int64) error {
	if err := may(p); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		l, err := s.store.Letter(ctx, id)
		if err != nil {
			return err
		}
		if l.State == Sent {
			return errs.New(errs.Conflict, "this letter was sent")
		}
		// The days in which it is tried begin anew.
		l.State, l.NextAt, l.DoneAt, l.CreatedAt = Queued, s.now(), time.Time{}, s.now()
		return s.store.SaveLetter(ctx, l)
	})
}
