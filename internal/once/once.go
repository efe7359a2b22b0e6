// Package once has the same request done once, however often it is sent: a
// program that got no answer sends it again under the same key, and is answered
// what it would have been the first time.
//
//	what is known of the key        the request is
//	nothing                         done
//	done, the same request          answered as it was
//	begun, no answer yet            refused with Conflict
//	another request                 refused with Invalid
//
// An answer holds what whoever asked may see, and is kept sealed. A key is
// remembered for a day. A request whose process died in the middle of it
// stays begun for that long: nobody can tell whether it was done, and doing it
// twice would be worse.
package once

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// Kept is how long a key is remembered.
const Kept = 24 * time.Hour

// Key names a request for whoever sends it; Print is what it asks for.
type (
	Key   [sha256.Size]byte
	Print [sha256.Size]byte
)

// Answer is what a request was answered. Status 0 is that of one in progress.
type Answer struct {
	Status int
	Header map[string][]string
	Body   []byte // sealed in the store
}

// Entry is what is stored of a key.
type Entry struct {
	Key    Key
	Print  Print
	At     time.Time
	Answer Answer
}

// Store is the database as this package needs it.
type Store interface {
	// InsertAnswer stores an entry and reports whether there was none of its key.
	InsertAnswer(ctx context.Context, e Entry) (inserted bool, err error)
	Answer(ctx context.Context, key Key) (Entry, error) // NotFound
	SetAnswer(ctx context.Context, key Key, a Answer) error
	DeleteAnswer(ctx context.Context, key Key) error
	DeleteAnswersBefore(ctx context.Context, at time.Time) error
}

// Service keeps answers. It is safe for concurrent use.
type Service struct {
	store Store
	keys  *secret.Keyring
	now   func() time.Time

	mu      sync.Mutex
	cleaned time.Time
}

// New returns a service over a store that seals answers with keys. now is the
// clock; nil means time.Now.
func New(store Store, keys *secret.Keyring, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, keys: keys, now: now}
}

// Begin asks for leave to do a request. It returns the answer to give instead
// when it was done before; nil to go on, and Finish or Forget is next.
func (s *Service) Begin(ctx context.Context, key Key, print Print) (*Answer, error) {
	if err := s.clean(ctx); err != nil {
		return nil, err
	}
	fresh, err := s.store.InsertAnswer(ctx, Entry{Key: key, Print: print, At: s.now()})
	if err != nil || fresh {
		return nil, err
	}
	before, err := s.store.Answer(ctx, key)
	switch {
	case errs.Is(err, errs.NotFound):
		return nil, unanswered() // it has just failed, or grown too old, elsewhere
	case err != nil:
		return nil, err
	case before.Print != print:
		return nil, errs.New(errs.Invalid, "the idempotency key was used for another request").WithHint("Use a new key for each request.")
	case before.Answer.Status == 0:
		return nil, unanswered()
	}
	if before.Answer.Body, err = s.keys.Open(before.Answer.Body, subject(key)); err != nil {
		return nil, err
	}
	return &before.Answer, nil
}

// subject is what an answer is sealed for.
func subject(key Key) string { return "answer/" + hex.EncodeToString(key[:]) }

func unanswered() error {
	return errs.New(errs.Conflict, "the same request is in progress, or was broken off").
		WithHint("Try again in a moment. If it stays so, look whether it was done, and send it with another key if not.")
}

// Finish stores what a request was answered, for a repetition.
func (s *Service) Finish(ctx context.Context, key Key, a Answer) (err error) {
	if a.Body, err = s.keys.Seal(a.Body, subject(key)); err != nil {
		return err
	}
	return s.store.SetAnswer(ctx, key, a)
}

// Forget has a request that did nothing be sent again under its key.
func (s *Service) Forget(ctx context.Context, key Key) error { return s.store.DeleteAnswer(ctx, key) }

// cleanEvery is how often old answers are thrown away.
const cleanEvery = time.Minute

func (s *Service) clean(ctx context.Context) error {
	now := s.now()
	s.mu.Lock()
	due := now.Sub(s.cleaned) >= cleanEvery || now.Before(s.cleaned)
	if due {
		s.cleaned = now
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	return s.store.DeleteAnswersBefore(ctx, now.Add(-Kept))
}
