package timing_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/timing"
)

func TestTimingsAreReadAndWritten(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ words, want string }{
		{"off", "off"},
		{"Hourly", "hourly"},
		{"every hour", "hourly"},
		{"every 60 minutes", "hourly"},
		{"every minute", "every minute"},
		{"  every   15 minutes", "every 15 minutes"},
		{"yearly on 29 february at 8:05", "yearly on 29 February at 08:05"},
		{"cron 30 2 * * mon-fri", "cron 30 2 * * mon-fri"},
		{"every 90 minutes", "every 90 minutes"},
		{"every 2 hours", "every 2 hours"},
		{"daily at 2:30", "daily at 02:30"},
		{"weekly on monday at 23:59", "weekly on Monday at 23:59"},
		{"monthly on 31 at 00:00", "monthly on 31 at 00:00"},
	} {
		got, err := timing.Parse(tc.words)
		if err != nil || got.String() != tc.want {
			t.Errorf("%q: got %q, %v, want %q", tc.words, got, err, tc.want)
		}
	}
}

func TestBadTimingsAreRefused(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"":                              "no timing",
		"sometimes":                     "no timing",
		"daily":                         "no timing",
		"every 0 minutes":               "between a minute and a week",
		"every 200 hours":               "between a minute and a week",
		"daily at 24:00":                "no such time of day",
		"daily at 12:60":                "no such time of day",
		"weekly on mon at 12:00":        "no such day of the week",
		"monthly on 32 at 12:00":        "no such day of the month",
		"monthly on 0 at 12:00":         "no such day of the month",
		"yearly on 31 april at 12:00":   "no such day of the year",
		"yearly on 1 brumaire at 12:00": "no such day of the year",
		"cron 61 * * * *":               "no cron expression",
		"cron @daily":                   "no cron expression",
		"cron 0 0 30 2 *":               "never comes round",
		"cron TZ=UTC 0 0 * * *":         "no cron expression",
	} {
		if got, err := timing.Parse(words); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want %q", words, got, err, want)
		}
	}
}

func TestNextTimeOfATiming(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, words, after, want string }{
		{"interval", "every 15 minutes", "2026-05-01T10:07:00+02:00", "2026-05-01T10:22:00+02:00"},
		{"later today", "daily at 02:30", "2026-05-01T02:29:59+02:00", "2026-05-01T02:30:00+02:00"},
		{"not again at the same moment", "daily at 02:30", "2026-05-01T02:30:00+02:00", "2026-05-02T02:30:00+02:00"},
		{"by the zone's day", "daily at 00:30", "2026-05-01T22:15:00Z", "2026-05-02T00:30:00+02:00"},
		{"summer time skips it", "daily at 02:30", "2026-03-29T00:00:00+01:00", "2026-03-29T03:30:00+02:00"},
		{"winter time has it", "daily at 02:30", "2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+01:00"},
		{"once", "daily at 02:30", "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"},
		{"next week", "weekly on Monday at 06:00", "2026-05-04T06:00:00+02:00", "2026-05-11T06:00:00+02:00"},
		{"end of a short month", "monthly on 31 at 12:00", "2026-01-31T12:00:00+01:00", "2026-02-28T12:00:00+01:00"},
		{"end of a long month", "monthly on 31 at 12:00", "2026-02-28T12:00:00+01:00", "2026-03-31T12:00:00+02:00"},
		{"early in the month", "monthly on 1 at 12:00", "2026-12-01T12:00:00+01:00", "2027-01-01T12:00:00+01:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tm, err := timing.Parse(tc.words)
			if err != nil {
				t.Fatal(err)
			}
			after, err := time.Parse(time.RFC3339, tc.after)
			if err != nil {
				t.Fatal(err)
			}
			if got := tm.Next(after, berlin).In(berlin).Format(time.RFC3339); got != tc.want {
				t.Errorf("after %s comes %s, want %s", tc.after, got, tc.want)
			}
		})
	}
	if got := (timing.Timing{}).Next(time.Now(), berlin); !got.IsZero() {
		t.Errorf("off comes at %v", got)
	}
}

func TestTimingsSurviveTheirWordsAndAlwaysComeLater(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hour, minute := rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")
		tm := rapid.SampledFrom([]timing.Timing{
			{Rhythm: timing.Interval, Every: time.Duration(rapid.IntRange(1, 7*24*60).Draw(t, "every")) * time.Minute},
			{Rhythm: timing.Daily, Hour: hour, Minute: minute},
			{Rhythm: timing.Weekly, Hour: hour, Minute: minute, Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday"))},
			{Rhythm: timing.Monthly, Hour: hour, Minute: minute, Day: rapid.IntRange(1, 31).Draw(t, "day")},
		}).Draw(t, "timing")
		again, err := timing.Parse(tm.String())
		if err != nil || again != tm {
			t.Fatalf("%+v became %+v through %q: %v", tm, again, tm, err)
		}
		zone, err := time.LoadLocation(rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"}).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		after := time.Unix(rapid.Int64Range(1_100_000_000, 2_500_000_000).Draw(t, "after"), 0)
		next := tm.Next(after, zone)
		if !next.After(after) || next.Sub(after) > 367*24*time.Hour {
			t.Fatalf("%s after %v: %v", tm, after, next)
		}
	})
}
