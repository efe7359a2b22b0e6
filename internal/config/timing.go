package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Rhythm is how a timing repeats.
type Rhythm uint8

// The rhythms. The zero rhythm never comes round.
const (
	Off Rhythm = iota
	Interval
	Daily
	Weekly
	Monthly
)

// Timing is when something happens again and again.
//
//	words                       rhythm    uses
//	off                         Off
//	every 15 minutes, hourly    Interval  Every
//	daily at 02:30              Daily     Hour, Minute
//	weekly on Monday at 02:30   Weekly    Weekday, Hour, Minute
//	monthly on 31 at 02:30      Monthly   Day, Hour, Minute; in a short month its last day
type Timing struct {
	Rhythm       Rhythm
	Every        time.Duration
	Weekday      time.Weekday
	Day          int
	Hour, Minute int
}

const timingForms = `write "every 15 minutes", "every 2 hours", "hourly", "daily at 02:30", "weekly on Monday at 02:30", "monthly on 1 at 02:30" or "off"`

var (
	everyWords = regexp.MustCompile(`^every (?:(\d{1,4}) )?(minutes?|hours?)$`)
	clockWords = regexp.MustCompile(`^(daily|weekly on ([a-z]+)|monthly on (\d{1,2})) at (\d{1,2}):(\d{2})$`)
)

// ParseTiming reads a timing in words, in any letter case.
func ParseTiming(text string) (Timing, error) {
	words := strings.Join(strings.Fields(strings.ToLower(text)), " ")
	switch words {
	case "off":
		return Timing{}, nil
	case "hourly":
		return Timing{Rhythm: Interval, Every: time.Hour}, nil
	}
	if m := everyWords.FindStringSubmatch(words); m != nil {
		return parseInterval(m[1], m[2])
	}
	if m := clockWords.FindStringSubmatch(words); m != nil {
		return parseClock(m)
	}
	return Timing{}, errors.New("is no timing")
}

func parseInterval(count, unit string) (Timing, error) {
	n, err := 1, error(nil)
	if count != "" {
		n, err = strconv.Atoi(count)
	}
	every := time.Duration(n) * time.Minute
	if strings.HasPrefix(unit, "hour") {
		every = time.Duration(n) * time.Hour
	}
	if err != nil || every < time.Minute || every > 7*24*time.Hour {
		return Timing{}, errors.New("is not between a minute and a week")
	}
	return Timing{Rhythm: Interval, Every: every}, nil
}

// parseClock reads the parts that clockWords found.
func parseClock(m []string) (Timing, error) {
	t := Timing{Rhythm: Daily}
	t.Hour, _ = strconv.Atoi(m[4])
	t.Minute, _ = strconv.Atoi(m[5])
	if t.Hour > 23 || t.Minute > 59 {
		return Timing{}, errors.New("has no such time of day")
	}
	switch {
	case m[2] != "":
		t.Rhythm, t.Weekday = Weekly, -1
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(d.String(), m[2]) {
				t.Weekday = d
			}
		}
		if t.Weekday < 0 {
			return Timing{}, errors.New("has no such day of the week")
		}
	case m[3] != "":
		t.Rhythm = Monthly
		t.Day, _ = strconv.Atoi(m[3])
		if t.Day < 1 || t.Day > 31 {
			return Timing{}, errors.New("has no such day of the month")
		}
	}
	return t, nil
}

// String returns the timing in words that ParseTiming reads.
func (t Timing) String() string {
	clock := fmt.Sprintf(" at %02d:%02d", t.Hour, t.Minute)
	switch t.Rhythm {
	case Interval:
		return intervalWords(t.Every)
	case Daily:
		return "daily" + clock
	case Weekly:
		return "weekly on " + t.Weekday.String() + clock
	case Monthly:
		return "monthly on " + strconv.Itoa(t.Day) + clock
	}
	return "off"
}

func intervalWords(d time.Duration) string {
	n, unit := int(d/time.Minute), "minute"
	if d%time.Hour == 0 {
		n, unit = int(d/time.Hour), "hour"
	}
	switch {
	case n == 1 && unit == "hour":
		return "hourly"
	case n == 1:
		return "every " + unit
	}
	return fmt.Sprintf("every %d %ss", n, unit)
}

// Next returns the first time after a moment, with days as they are in the
// zone, or the zero time for Off. A time of day that the change to summer time
// skips happens an hour off; one that happens twice is taken once.
func (t Timing) Next(after time.Time, zone *time.Location) time.Time {
	switch t.Rhythm {
	case Off:
		return time.Time{}
	case Interval:
		return after.Add(t.Every)
	}
	y, m, d := after.In(zone).Date()
	for i := range 63 { // two months: the longest way to the next one
		day := time.Date(y, m, d+i, t.Hour, t.Minute, 0, 0, zone)
		if t.falls(time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)) && day.After(after) {
			return day
		}
	}
	return time.Time{}
}

// falls reports whether the timing happens on a day.
func (t Timing) falls(day time.Time) bool {
	switch t.Rhythm {
	case Weekly:
		return day.Weekday() == t.Weekday
	case Monthly:
		last := day.AddDate(0, 0, 1).Day() == 1
		return day.Day() == t.Day || (last && t.Day > day.Day())
	}
	return true
}
