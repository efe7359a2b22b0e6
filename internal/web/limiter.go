package web

import (
	"sync"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// limiter slows down guessing of passwords, per account and per address. It
// never locks anybody out for good: the wait is short, and the right password
// clears it. Addresses are counted apart, so that a stranger cannot keep an
// administrator from signing in elsewhere.
type limiter struct {
	now func() time.Time
	mu  sync.Mutex
	bad map[string]tries
}

// tries are the failures of late for one key.
type tries struct {
	n     int
	until time.Time // nothing is tried before
	last  time.Time
}

// Five failures are free, as everybody mistypes; each one after doubles the
// wait, up to the longest.
const (
	freeTries   = 5
	longestWait = 5 * time.Minute
	forgetAfter = time.Hour
	mostKeys    = 10_000
)

func newLimiter(now func() time.Time) *limiter { return &limiter{now: now, bad: map[string]tries{}} }

// ask fails when one of the keys has to wait.
func (l *limiter) ask(keys ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, k := range keys {
		if t := l.bad[k]; now.Before(t.until) {
			return errs.New(errs.Unavailable, "there were too many failed attempts").
				WithHint("Wait %s, then try again.", t.until.Sub(now).Round(time.Second))
		}
	}
	return nil
}

// failed counts a failure for the keys.
func (l *limiter) failed(keys ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.bad) > mostKeys {
		for k, t := range l.bad {
			if now.Sub(t.last) > forgetAfter || now.After(t.until) {
				delete(l.bad, k)
			}
		}
	}
	for _, k := range keys {
		t := l.bad[k]
		if now.Sub(t.last) > forgetAfter {
			t = tries{}
		}
		t.n, t.last = t.n+1, now
		if over := t.n - freeTries; over > 0 {
			t.until = now.Add(min(time.Second<<min(over, 10), longestWait))
		}
		l.bad[k] = t
	}
}

// clear forgets the failures of the keys.
func (l *limiter) clear(keys ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range keys {
		delete(l.bad, k)
	}
}
