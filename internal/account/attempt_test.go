package account_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// counter is an organization whose clock stands still until it is told.
type counter struct {
	*world
	at time.Time
}

func newCounter(t *testing.T, db *store.DB) *counter {
	t.Helper()
	c := &counter{world: newWorld(t, db), at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	c.svc = c.process()
	return c
}

// process is another process on the database.
func (c *counter) process() *account.Service {
	return account.NewService(c.db, func() time.Time { return c.at })
}

var errWrong = errs.New(errs.Unauthenticated, "wrong")

// wrong guesses wrong and reports whether it got as far.
func (w *counter) wrong(svc *account.Service, guesses ...account.Guess) (tried bool) {
	w.t.Helper()
	err := svc.Attempt(w.t.Context(), func() error { tried = true; return errWrong }, guesses...)
	if tried != errors.Is(err, errWrong) || !tried && !errs.Is(err, errs.Unavailable) {
		w.t.Errorf("a wrong guess: tried %v, answered %v", tried, err)
	}
	return tried
}

// right is the right password.
func (w *counter) right(svc *account.Service, guesses ...account.Guess) (tried bool) {
	w.t.Helper()
	err := svc.Attempt(w.t.Context(), func() error { tried = true; return nil }, guesses...)
	if tried != (err == nil) {
		w.t.Errorf("a right guess: tried %v, answered %v", tried, err)
	}
	return tried
}

func TestWaitsDoubleAndEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ann, ben := newCounter(t, db), account.GuessAt("ann"), account.GuessAt("ben")
		for i, want := range []int{0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
			if !w.wrong(w.svc, ann) {
				t.Fatalf("guess %d has to wait longer than it should", i+1)
			}
			if want == 0 {
				continue
			}
			w.at = w.at.Add(time.Duration(want)*time.Second - time.Millisecond)
			if w.right(w.svc, ann) {
				t.Errorf("after %d failures one need not wait %ds", i+1, want)
			}
			w.at = w.at.Add(time.Millisecond)
		}
		w.wrong(w.svc, ann)
		if !w.right(w.svc, ben) || w.right(w.svc, ben, ann) {
			t.Error("somebody else waits, or who has to does not")
		}
		w.at = w.at.Add(5 * time.Minute)
		if !w.right(w.svc, ann) {
			t.Fatal("the wait does not end")
		}
		for range 5 {
			if !w.wrong(w.svc, ann) {
				t.Fatal("the right password does not clear the wait")
			}
		}
		w.at = w.at.Add(time.Hour + time.Second)
		for range 6 {
			if !w.wrong(w.svc, ann) {
				t.Fatal("failures of long ago still count")
			}
		}
	})
}

// Two processes on one database count together, and what one has used once is
// used for the other.
func TestProcessesCountGuessesTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newCounter(t, db)
		both := []*account.Service{w.svc, w.process()}
		for i := range 6 {
			w.wrong(both[i%2], account.GuessAt("ann"))
		}
		for i, svc := range both {
			if w.right(svc, account.GuessAt("ann")) {
				t.Errorf("process %d counts by itself", i)
			}
		}
		first, err := both[0].Once(t.Context(), "a state")
		w.must(err)
		again, err := both[1].Once(t.Context(), "a state")
		w.must(err)
		if !first || again {
			t.Errorf("used the first time: %v; the second, elsewhere: %v", first, again)
		}
	})
}

// A thousand guesses in the same moment are no way around the wait: each counts
// before its outcome is known.
func TestGuessesAtOnceAreCountedBeforeTheirOutcome(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newCounter(t, db)
		var tried atomic.Int64
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				_ = w.svc.Attempt(t.Context(), func() error { tried.Add(1); return errWrong }, account.GuessAt("ann"))
			})
		}
		all.Wait()
		if n := tried.Load(); n < 1 || n > 6 {
			t.Errorf("%d of 40 guesses at once were tried, want 6 at most", n)
		}
	})
}

// What an office shares is not cleared by one who is right, nor made longer by
// them; and a fault of Muster counts against nobody.
func TestWhoIsRightTakesBackTheirOwnTryOnly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newCounter(t, db)
		office := account.GuessFrom("192.0.2.1", "passwords", 5*time.Minute)
		for i := range 20 {
			w.wrong(w.svc, office, account.GuessAt(fmt.Sprint("guess at ", i)))
		}
		for range 30 {
			if !w.right(w.svc, office, account.GuessAt("ann")) {
				t.Fatal("people who sign in make their office wait")
			}
		}
		broken := errs.New(errs.Internal, "the database is gone")
		for range 30 {
			if err := w.svc.Attempt(t.Context(), func() error { return broken }, office); !errors.Is(err, broken) {
				t.Fatalf("a fault of Muster counts: %v", err)
			}
		}
		w.wrong(w.svc, office)
		if w.right(w.svc, office, account.GuessAt("ann")) {
			t.Error("those who are right clear what was guessed from their office")
		}
	})
}

func TestAHouseIsOneAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"2001:db8:1:2::1":      "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::9": "2001:db8:1:2::/64",
		"fe80::1%eth0":         "fe80::/64",
		"::ffff:192.0.2.1":     "::ffff:192.0.2.1",
		"not an address":       "not an address",
	} {
		if got := account.Network(address); got != want {
			t.Errorf("%s is counted as %s, want %s", address, got, want)
		}
	}
}
