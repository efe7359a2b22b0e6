package web

import (
	"net/netip"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// limiter slows guessing down. It never locks anybody out for good: the wait is
// short, and the right password clears it. See guesses for what is counted.
type limiter struct {
	now func() time.Time
	mu  sync.Mutex
	bad map[string]tries
}

// counter is one thing that failures are counted for. The first few are free, as
// everybody mistypes; each one after doubles the wait, up to the longest.
type counter struct {
	key     string
	free    int
	longest time.Duration
}

// tries are the failures of late for one key.
type tries struct {
	n     int
	until time.Time // nothing is tried before
	last  time.Time
}

const (
	freeTries   = 5
	longestWait = 5 * time.Minute
	forgetAfter = time.Hour
	mostKeys    = 10_000
)

// count is the usual counter.
func count(key string) counter { return counter{key, freeTries, longestWait} }

func newLimiter(now func() time.Time) *limiter { return &limiter{now: now, bad: map[string]tries{}} }

// ask fails when one of the counters has to wait.
func (l *limiter) ask(counters ...counter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, c := range counters {
		if t := l.bad[c.key]; now.Before(t.until) {
			return errs.New(errs.Unavailable, "there were too many failed attempts").
				WithHint("Wait %s, then try again.", t.until.Sub(now).Round(time.Second))
		}
	}
	return nil
}

// failed counts a failure.
func (l *limiter) failed(counters ...counter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.bad) > mostKeys {
		l.sweep(now)
	}
	for _, c := range counters {
		t := l.bad[c.key]
		if now.Sub(t.last) > forgetAfter {
			t = tries{}
		}
		t.n, t.last = t.n+1, now
		if over := t.n - c.free; over > 0 {
			t.until = now.Add(min(time.Second<<min(over, 10), c.longest))
		}
		l.bad[c.key] = t
	}
}

// sweep forgets those who do not wait any more, and some of the others when a
// crowd makes all of them wait: memory has an end.
func (l *limiter) sweep(now time.Time) {
	for k, t := range l.bad {
		if now.Sub(t.last) > forgetAfter || now.After(t.until) {
			delete(l.bad, k)
		}
	}
	for k := range l.bad {
		if len(l.bad) <= mostKeys/2 {
			return
		}
		delete(l.bad, k)
	}
}

// network is what an address is counted as: a house gets a whole /64 of IPv6
// addresses, and could use another one for each guess.
func network(address string) string {
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

// clear forgets the failures of the counters.
func (l *limiter) clear(counters ...counter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range counters {
		delete(l.bad, c.key)
	}
}
