package entra

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryAfterInEveryForm(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		header, date string
		want         time.Duration
		asked        bool
	}{
		"absent":                     {"", "", 0, false},
		"seconds":                    {"10", "", 10 * time.Second, true},
		"fraction":                   {" 2.128 ", "", 2128 * time.Millisecond, true},
		"zero":                       {"0", "", 0, true},
		"date":                       {"Sun, 01 Mar 2026 12:00:30 GMT", "", 30 * time.Second, true},
		"date by the sender's clock": {"Sun, 01 Mar 2026 13:00:30 GMT", "Sun, 01 Mar 2026 13:00:00 GMT", 30 * time.Second, true},
		"date in the past":           {"Sun, 01 Mar 2026 11:00:00 GMT", "", 0, true},
		"too long":                   {"86400", "", askedMost, true},
		"negative":                   {"-1", "", 0, false},
		"not a number":               {"NaN", "", 0, false},
		"nonsense":                   {"soon", "", 0, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			h.Set("Retry-After", tc.header)
			h.Set("Date", tc.date)
			got, asked := retryAfter(h, now)
			if got != tc.want || asked != tc.asked {
				t.Errorf("got %v, %v, want %v, %v", got, asked, tc.want, tc.asked)
			}
		})
	}
}

func TestWaitIsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var usage counters
		r := newRetrier(100, time.Hour, &usage)
		start, asked := time.Now(), time.Duration(0)
		for attempt := range 20 {
			f := &Fault{Status: 429, wait: time.Duration(attempt) * time.Second, asked: true}
			asked += f.wait
			if !r.wait(t.Context(), attempt, f) || !r.pass(t.Context()) {
				t.Fatal("gave up")
			}
		}
		got := time.Since(start)
		if got < asked || got > asked+asked/20 {
			t.Errorf("waited %v, asked for %v", got, asked)
		}
		if s := usage.snapshot(); s.Waited != got || s.Retries != 20 {
			t.Errorf("usage %+v, want %v", s, got)
		}
	})
}

func TestF54WithoutRetryAfterWaitsGrow(t *testing.T) {
	t.Parallel()
	for attempt := range 40 {
		low, high := min(firstWait<<min(attempt, 20), lastWait)/2, min(firstWait<<min(attempt, 20), lastWait)
		if got := backoff(attempt); got < low || got > high {
			t.Errorf("attempt %d waits %v, want %v to %v", attempt, got, low, high)
		}
	}
}

func TestWaitGivesUp(t *testing.T) {
	t.Parallel()
	busy := &Fault{Status: 503}
	tests := map[string]struct {
		max     int
		budget  time.Duration
		attempt int
		fault   *Fault
		want    bool
	}{
		"again":            {3, time.Minute, 2, busy, true},
		"no retry left":    {3, time.Minute, 3, busy, false},
		"no budget left":   {3, time.Second, 0, &Fault{Status: 429, wait: 2 * time.Second, asked: true}, false},
		"final":            {3, time.Minute, 0, &Fault{Status: 403}, false},
		"broken body":      {3, time.Minute, 0, &Fault{Status: 200, Damage: "cut"}, true},
		"none are allowed": {-1, time.Minute, 0, busy, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRetrier(tc.max, tc.budget, &counters{})
				if got := r.wait(t.Context(), tc.attempt, tc.fault); got != tc.want {
					t.Errorf("got %v, want %v", got, tc.want)
				}
			})
		})
	}
}

func TestThrottlingStopsTheOthersToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRetrier(3, time.Hour, &counters{})
		var wg sync.WaitGroup
		wg.Go(func() { r.wait(t.Context(), 0, &Fault{Status: 429, wait: 10 * time.Second, asked: true}) })
		defer wg.Wait()
		synctest.Wait()
		start := time.Now()
		if !r.pass(t.Context()) || time.Since(start) < 10*time.Second {
			t.Errorf("another request passed after %v", time.Since(start))
		}
	})
}

func TestWaitIsCancellable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRetrier(3, time.Hour, &counters{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if r.wait(ctx, 0, &Fault{Status: 429, wait: time.Minute, asked: true}) || time.Since(start) != time.Second {
			t.Errorf("waited %v", time.Since(start))
		}
	})
}
