package timing_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/timing"
)

// Clocks are put forward at two in Berlin and at midnight in São Paulo, where a
// day then begins at one; they were put back there until 2019.
func TestTimesAroundChangesOfTheClock(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, zone, words, after, want string }{
		{"midnight is skipped", "America/Sao_Paulo", "daily at 00:30", "2018-11-03T12:00:00-03:00", "2018-11-04T01:30:00-02:00"},
		{"and the next day it is there", "America/Sao_Paulo", "daily at 00:30", "2018-11-04T01:30:00-02:00", "2018-11-05T00:30:00-02:00"},
		{"the evening comes twice", "America/Sao_Paulo", "daily at 23:30", "2018-02-17T12:00:00-02:00", "2018-02-17T23:30:00-03:00"},
		{"and is taken once", "America/Sao_Paulo", "daily at 23:30", "2018-02-17T23:30:00-03:00", "2018-02-18T23:30:00-03:00"},
		{"half an hour of Lord Howe", "Australia/Lord_Howe", "daily at 02:15", "2026-10-03T12:00:00+10:30", "2026-10-04T02:45:00+11:00"},
		{"a leap day", "Europe/Berlin", "yearly on 29 February at 08:00", "2026-03-01T00:00:00+01:00", "2027-02-28T08:00:00+01:00"},
		{"in a leap year", "Europe/Berlin", "yearly on 29 February at 08:00", "2027-02-28T08:00:00+01:00", "2028-02-29T08:00:00+01:00"},
		{"cron skipped", "Europe/Berlin", "cron 30 2 * * *", "2026-03-28T12:00:00+01:00", "2026-03-29T03:30:00+02:00"},
		{"cron skipped, asked inside the gap", "Europe/Berlin", "cron 30 2 * * *", "2026-03-29T03:10:00+02:00", "2026-03-29T03:30:00+02:00"},
		{"cron skipped, once", "Europe/Berlin", "cron 30 2 * * *", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"},
		{"cron twice", "Europe/Berlin", "cron 30 2 * * *", "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+01:00"},
		{"cron twice, once", "Europe/Berlin", "cron 30 2 * * *", "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"},
		{"cron any hour goes on, back", "Europe/Berlin", "cron 0 * * * *", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"},
		{"cron any hour goes on, forward", "Europe/Berlin", "cron 0 * * * *", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"cron midnight is skipped", "America/Sao_Paulo", "cron 0 0 * * *", "2018-11-03T12:00:00-03:00", "2018-11-04T01:00:00-02:00"},
		{"cron every 20 minutes", "America/Sao_Paulo", "cron */20 * * * *", "2018-11-03T23:50:00-03:00", "2018-11-04T01:00:00-02:00"},
		{"cron on working days", "Europe/Berlin", "cron 0 8 * * 1-5", "2026-05-15T08:00:00+02:00", "2026-05-18T08:00:00+02:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tm, err := timing.Parse(tc.words)
			if err != nil {
				t.Fatal(err)
			}
			zone, after := place(t, tc.zone), instant(t, tc.after)
			if got := tm.Next(after, zone).In(zone).Format(time.RFC3339); got != tc.want {
				t.Errorf("after %s comes %s, want %s", tc.after, got, tc.want)
			}
		})
	}
}

// Whatever a clock does, a time of day comes once a day.
func TestATimeOfDayComesOnceADay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := place(t, rapid.SampledFrom([]string{"Europe/Berlin", "America/Sao_Paulo", "America/St_Johns", "Australia/Lord_Howe"}).Draw(t, "zone"))
		words := rapid.SampledFrom([]string{"daily at 02:30", "daily at 00:30", "cron 30 2 * * *", "cron 15 0 * * *", "daily at 23:30"}).Draw(t, "words")
		tm, err := timing.Parse(words)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(rapid.IntRange(2005, 2030).Draw(t, "year"), 1, 1, 12, 0, 0, 0, zone)
		for range 365 {
			next := tm.Next(at, zone)
			if gap := next.Sub(at); gap < 10*time.Hour || gap > 37*time.Hour {
				t.Fatalf("%s: %v between %v and %v", words, gap, at, next.In(zone))
			}
			at = next.In(zone)
		}
	})
}

func FuzzTimings(f *testing.F) {
	for _, seed := range []string{"daily at 02:30", "cron */5 0-4 * * mon", "yearly on 1 May at 00:00", "every 3 hours"} {
		f.Add(seed)
	}
	zone := place(f, "Europe/Berlin")
	after := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		tm, err := timing.Parse(text)
		if err != nil {
			return
		}
		again, err := timing.Parse(tm.String())
		if err != nil || again != tm {
			t.Errorf("%q became %+v, %v", tm, again, err)
		}
		if next := tm.Next(after, zone); !next.IsZero() && !next.After(after) {
			t.Errorf("%q after %v comes %v", text, after, next)
		}
	})
}

func place(t interface{ Fatal(...any) }, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func instant(t interface{ Fatal(...any) }, text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
