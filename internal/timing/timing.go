// Package timing reads when something happens again and again, written in words
// or as a cron expression, and says when that is next: by the clock on the wall
// of a time zone, and right when that clock is put forward or back.
package timing

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
	Yearly
	Cron
)

// Timing is when something happens again and again.
//
//	words                        rhythm    uses
//	off                          Off
//	every 15 minutes, hourly     Interval  Every
//	daily at 02:30               Daily     Hour, Minute
//	weekly on Monday at 02:30    Weekly    Weekday, Hour, Minute
//	monthly on 31 at 02:30       Monthly   Day, Hour, Minute; in a short month its last day
//	yearly on 1 March at 02:30   Yearly    Month, Day, Hour, Minute; 29 February is the 28th in other years
//	cron 30 2 * * 1-5            Cron      Expression: minute, hour, day, month, day of the week
type Timing struct {
	Rhythm       Rhythm
	Every        time.Duration
	Weekday      time.Weekday
	Month        time.Month
	Day          int
	Hour, Minute int
	Expression   string
}

// Forms tells people how a timing is written.
const Forms = `write "every 15 minutes", "every 2 hours", "hourly", "daily at 02:30", "weekly on Monday at 02:30", "monthly on 1 at 02:30", "yearly on 1 March at 02:30", "cron 30 2 * * 1-5" or "off"`

var (
	everyWords = regexp.MustCompile(`^every (?:(\d{1,4}) )?(minutes?|hours?)$`)
	clockWords = regexp.MustCompile(`^(daily|weekly on ([a-z]+)|monthly on (\d{1,2})|yearly on (\d{1,2}) ([a-z]+)) at (\d{1,2}):(\d{2})$`)
)

// Parse reads a timing in words, in any letter case.
func Parse(text string) (Timing, error) {
	words := strings.Join(strings.Fields(strings.ToLower(text)), " ")
	switch words {
	case "off":
		return Timing{}, nil
	case "hourly":
		return Timing{Rhythm: Interval, Every: time.Hour}, nil
	}
	if expression, ok := strings.CutPrefix(words, "cron "); ok {
		_, err := parseCron(expression)
		return Timing{Rhythm: Cron, Expression: expression}, err
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
	t.Hour, _ = strconv.Atoi(m[6])
	t.Minute, _ = strconv.Atoi(m[7])
	if t.Hour > 23 || t.Minute > 59 {
		return Timing{}, errors.New("has no such time of day")
	}
	switch {
	case m[2] != "":
		return t.onWeekday(m[2])
	case m[3] != "":
		t.Rhythm = Monthly
		t.Day, _ = strconv.Atoi(m[3])
		if t.Day < 1 || t.Day > 31 {
			return Timing{}, errors.New("has no such day of the month")
		}
	case m[4] != "":
		return t.onDate(m[4], m[5])
	}
	return t, nil
}

func (t Timing) onWeekday(name string) (Timing, error) {
	t.Rhythm = Weekly
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			t.Weekday = d
			return t, nil
		}
	}
	return Timing{}, errors.New("has no such day of the week")
}

func (t Timing) onDate(day, month string) (Timing, error) {
	t.Rhythm = Yearly
	t.Day, _ = strconv.Atoi(day)
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(m.String(), month) {
			t.Month = m
		}
	}
	// 2024 has a 29 February.
	if t.Month == 0 || t.Day < 1 || time.Date(2024, t.Month, t.Day, 0, 0, 0, 0, time.UTC).Month() != t.Month {
		return Timing{}, errors.New("has no such day of the year")
	}
	return t, nil
}

// String returns the timing in words that Parse reads.
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
	case Yearly:
		return "yearly on " + strconv.Itoa(t.Day) + " " + t.Month.String() + clock
	case Cron:
		return "cron " + t.Expression
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

// longestWay is how many days a calendar timing looks ahead: to the next year's day.
const longestWay = 367

// Next returns the first time after a moment, with days as they are in the
// zone, or the zero time when there is none. A time of day that the change to
// summer time skips happens as much later as the clock was put forward; one that
// happens twice is taken once, by the clock that stays.
func (t Timing) Next(after time.Time, zone *time.Location) time.Time {
	switch t.Rhythm {
	case Off:
		return time.Time{}
	case Interval:
		return after.Add(t.Every)
	case Cron:
		return nextCron(t.Expression, after, zone)
	}
	y, m, d := after.In(zone).Date()
	for i := range longestWay {
		date := time.Date(y, m, d+i, t.Hour, t.Minute, 0, 0, time.UTC)
		if !t.falls(date) {
			continue
		}
		if at := onWall(date, zone); at.After(after) {
			return at
		}
	}
	return time.Time{}
}

// falls reports whether the timing happens on a day.
func (t Timing) falls(day time.Time) bool {
	last := day.AddDate(0, 0, 1).Day() == 1
	switch t.Rhythm {
	case Weekly:
		return day.Weekday() == t.Weekday
	case Monthly:
		return day.Day() == t.Day || (last && t.Day > day.Day())
	case Yearly:
		return day.Month() == t.Month && (day.Day() == t.Day || (last && t.Day > day.Day()))
	}
	return true
}

// onWall returns when the clock on the wall of a zone shows what wall, in UTC,
// reads.
//
//	the clock shows it   returned
//	once                 that instant
//	twice                the second, by the clock that stays
//	never                as much after the gap as wall is into it
func onWall(wall time.Time, zone *time.Location) time.Time {
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, then := wall.Add(24 * time.Hour).In(zone).Zone()
	for _, offset := range []int{min(before, then), max(before, then)} { // the smaller offset is the later instant
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if at.Day() == wall.Day() && at.Hour() == wall.Hour() && at.Minute() == wall.Minute() {
			return at
		}
	}
	return wall.Add(-time.Duration(before) * time.Second).In(zone)
}
