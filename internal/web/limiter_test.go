package web

import (
	"fmt"
	"testing"
	"time"
)

func TestWaitsDoubleAndEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	l := newLimiter(func() time.Time { return now })
	c := count("ann")
	wait := func() time.Duration {
		began := now
		for l.ask(c) != nil {
			now = now.Add(time.Second)
		}
		return now.Sub(began)
	}
	for i, want := range []int{0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		l.failed(c)
		if got := wait(); got != time.Duration(want)*time.Second {
			t.Errorf("after %d failures one waits %s, want %ds", i+1, got, want)
		}
	}
	l.failed(c)
	if l.ask(count("ben")) != nil || l.ask(count("ben"), c) == nil {
		t.Error("somebody else waits, or who has to does not")
	}
	l.clear(c)
	if l.ask(c) != nil {
		t.Error("the wait goes on after the right password")
	}
	for range 6 {
		l.failed(c)
	}
	now = now.Add(forgetAfter + time.Second)
	l.failed(c)
	if l.ask(c) != nil {
		t.Error("failures of long ago still count")
	}
}

func TestACrowdDoesNotTakeAllMemory(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	l := newLimiter(func() time.Time { return now })
	for i := range 3 * mostKeys {
		l.failed(counter{fmt.Sprint(i), 0, longestWait}) // each of them waits
	}
	if len(l.bad) > mostKeys+1 {
		t.Errorf("%d are remembered, want at most %d", len(l.bad), mostKeys)
	}
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
		if got := network(address); got != want {
			t.Errorf("%s is counted as %s, want %s", address, got, want)
		}
	}
}
