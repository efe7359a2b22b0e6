package entra

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What waiting between two attempts obeys.
const (
	firstWait = 250 * time.Millisecond // doubled with every attempt when no wait was asked for
	lastWait  = 30 * time.Second
	askedMost = 5 * time.Minute // a longer Retry-After is asked again after this
	jitter    = 0.05            // added to what was asked for, at most
)

// retrier decides how long to wait before a request is sent again. All requests
// of a client share one budget, and one gate: when Graph throttles it means the
// whole application, so nobody asks while anybody has to wait.
type retrier struct {
	max    int
	budget time.Duration
	usage  *counters

	mu    sync.Mutex
	spent time.Duration
	gate  time.Time // no request before this
}

func newRetrier(most int, budget time.Duration, usage *counters) *retrier {
	return &retrier{max: most, budget: budget, usage: usage}
}

// wait waits before attempt+1, the first attempt being 0. It returns false
// when the fault is final, retries or budget are used up, or ctx ends.
func (r *retrier) wait(ctx context.Context, attempt int, f *Fault) bool {
	if !f.transient() || attempt >= r.max || ctx.Err() != nil {
		return false
	}
	d := backoff(attempt)
	if f.asked {
		d = min(f.wait, askedMost)
		d += time.Duration(float64(d) * jitter * rand.Float64())
	}
	if !r.spend(d, f.Status == http.StatusTooManyRequests) {
		return false
	}
	r.usage.retries.Add(1)
	r.usage.waited.Add(int64(d))
	return sleep(ctx, d)
}

// spend takes d from the budget and, when throttled, closes the gate for it.
func (r *retrier) spend(d time.Duration, throttled bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spent+d > r.budget {
		return false
	}
	r.spent += d
	if until := time.Now().Add(d); throttled && until.After(r.gate) {
		r.gate = until
	}
	return true
}

// pass waits while the gate is closed for somebody else's sake.
func (r *retrier) pass(ctx context.Context) bool {
	r.mu.Lock()
	d := time.Until(r.gate)
	r.mu.Unlock()
	return sleep(ctx, d)
}

// backoff is the wait when none was asked for: doubling, half of it random.
func backoff(attempt int) time.Duration {
	d := lastWait
	if attempt < 7 {
		d = min(firstWait<<attempt, lastWait)
	}
	return d/2 + rand.N(d/2)
}

// sleep waits, and returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// retryAfter reads how long the answer asks to wait: whole seconds, seconds
// with a fraction ("2.128"), or a date. A date is taken relative to the
// answer's own clock, so a wrong clock here does no harm. A form that cannot be
// read counts as absent.
func retryAfter(h http.Header, now time.Time) (d time.Duration, asked bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if seconds < 0 || seconds != seconds {
			return 0, false
		}
		return time.Duration(min(seconds, askedMost.Seconds()) * float64(time.Second)), true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0), true
}
