package account

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// Guess is one thing that wrong passwords and codes are counted for. The first
// few are free, as everybody mistypes; each one after doubles the wait, up to the
// longest. Nobody is locked out for good: the wait is short, and the right
// password clears it.
type Guess struct {
	About   string // what it is; kept as a hash
	Free    int
	Longest time.Duration
	Shared  bool // by people who have nothing to do with each other: who is right takes back their own try only
}

// GuessAt is the usual Guess.
func GuessAt(about string) Guess { return Guess{About: about, Free: 5, Longest: 5 * time.Minute} }

// GuessFrom counts what comes from a network address, which a whole office may
// share, at one of the ways in.
func GuessFrom(address, way string, longest time.Duration) Guess {
	return Guess{About: way + " from " + Network(address), Free: 20, Longest: longest, Shared: true}
}

// Tries are how often somebody was wrong of late, and when last.
type Tries struct {
	N    int
	Last time.Time
}

type attemptStore interface {
	// Tries returns those that there are of keys, by key.
	Tries(ctx context.Context, keys [][32]byte) (map[[32]byte]Tries, error)
	// SetTries replaces what a key has, if that is still had; else it reports
	// false. Zero had is that there is nothing.
	SetTries(ctx context.Context, key [32]byte, had, now Tries) (bool, error)
	// TakeBackTry undoes SetTries, whatever was counted since.
	TakeBackTry(ctx context.Context, key [32]byte, had, now Tries) error
	DeleteTries(ctx context.Context, keys [][32]byte) error
	DeleteTriesBefore(ctx context.Context, t time.Time) error
}

// forgetTries is after how long a key's tries count no more.
const forgetTries = time.Hour

// wait is how long nothing is tried after so many tries.
func (g Guess) wait(n int) time.Duration {
	over := n - g.Free
	if over <= 0 {
		return 0
	}
	return min(time.Second<<min(over, 10), g.Longest)
}

func (g Guess) key() [32]byte { return sha256.Sum256([]byte(g.About)) }

// counted is what an attempt counted for one Guess.
type counted struct {
	Guess
	had, now Tries
}

// errRaced says that somebody else counted at the same moment.
var errRaced = errors.New("counted by somebody else meanwhile")

// racesMost is how often counting is begun anew: so many tries at one thing in
// the same instant are no people.
const racesMost = 8

// Attempt does what only the right password or code lets somebody do, and counts.
// It fails with Unavailable, and does nothing, while one of the guesses has to
// wait. Every process on the database counts together, and a try counts before
// its outcome is known: a thousand at once are no way around the wait.
//
//	do returns                     counts
//	nil                            no more; a shared Guess has this try taken back
//	Unauthenticated, Forbidden     stays
//	any other fault                is taken back: nothing was learned
func (s *Service) Attempt(ctx context.Context, do func() error, guesses ...Guess) error {
	list, err := s.countTries(ctx, guesses)
	if err != nil {
		return err
	}
	err = do()
	switch errs.KindOf(err) {
	case errs.Unauthenticated, errs.Forbidden:
		return err
	}
	if undone := s.settle(ctx, list, err == nil); undone != nil {
		return undone
	}
	return err
}

// countTries counts a try for each guess, or none when one has to wait.
func (s *Service) countTries(ctx context.Context, guesses []Guess) (list []counted, err error) {
	if err := s.sweepTries(ctx); err != nil {
		return nil, err
	}
	for range racesMost {
		err = s.store.InTx(ctx, func(ctx context.Context) error {
			list, err = s.countOnce(ctx, guesses)
			return err
		})
		if !errors.Is(err, errRaced) {
			return list, err
		}
	}
	return nil, tooMany(time.Second)
}

func tooMany(wait time.Duration) error {
	return errs.New(errs.Unavailable, "there were too many failed attempts").WithHint("Wait %s, then try again.", max(wait.Round(time.Second), time.Second))
}

func (s *Service) countOnce(ctx context.Context, guesses []Guess) ([]counted, error) {
	keys := make([][32]byte, len(guesses))
	list := make([]counted, len(guesses))
	for i, g := range guesses {
		keys[i], list[i].Guess = g.key(), g
	}
	had, err := s.store.Tries(ctx, keys)
	if err != nil {
		return nil, err
	}
	now := s.now()
	for i := range list {
		c := &list[i]
		c.had = had[keys[i]]
		if left := c.had.Last.Add(c.wait(c.had.N)).Sub(now); left > 0 {
			return nil, tooMany(left)
		}
		c.now = Tries{N: c.had.N + 1, Last: now}
		if now.Sub(c.had.Last) > forgetTries {
			c.now.N = 1
		}
	}
	// In one order, so that two attempts never wait for each other.
	slices.SortFunc(list, func(a, b counted) int { ka, kb := a.key(), b.key(); return bytes.Compare(ka[:], kb[:]) })
	for _, c := range list {
		if ok, err := s.store.SetTries(ctx, c.key(), c.had, c.now); err != nil || !ok {
			return nil, errors.Join(err, errRaced)
		}
	}
	return list, nil
}

// settle clears what was counted, or takes it back.
func (s *Service) settle(ctx context.Context, list []counted, right bool) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		for _, c := range list {
			var err error
			if right && !c.Shared {
				err = s.store.DeleteTries(ctx, [][32]byte{c.key()})
			} else {
				err = s.store.TakeBackTry(ctx, c.key(), c.had, c.now)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Once reports whether something is used for the first time, on any process, and
// uses it. It is remembered for an hour.
func (s *Service) Once(ctx context.Context, what string) (bool, error) {
	return s.store.SetTries(ctx, sha256.Sum256([]byte("once "+what)), Tries{}, Tries{N: 1, Last: s.now()})
}

// sweepTries forgets those of long ago, at most once a minute.
func (s *Service) sweepTries(ctx context.Context) error {
	now := s.now()
	last := s.swept.Load()
	if now.UnixNano()-last < int64(time.Minute) || !s.swept.CompareAndSwap(last, now.UnixNano()) {
		return nil
	}
	return s.store.DeleteTriesBefore(ctx, now.Add(-forgetTries))
}

// Network is what a network address is counted as: a house gets a whole /64 of
// IPv6 addresses, and could use another one for each guess.
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || !a.Is6() || a.Is4In6() {
		return address
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
