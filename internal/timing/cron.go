package timing

import (
	"errors"
	"time"

	"github.com/robfig/cron/v3"
)

// everyHour is the hour field of an expression that does not limit hours.
const everyHour = 1<<24 - 1

// cronTries bounds how many times in a row that lie before the moment asked
// about are passed over when the clock was put back: an hour of minutes, twice.
const cronTries = 240

// parseCron reads the five fields of a cron expression. Names of months and days
// are taken, shorthands such as @daily and zones are not: there are words and a
// field for these.
func parseCron(text string) (*cron.SpecSchedule, error) {
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return nil, errors.New("is no cron expression of five fields")
	}
	s, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("is no cron expression of five fields")
	}
	s.Location = time.UTC
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("never comes round")
	}
	return s, nil
}

// nextCron returns when an expression comes round after a moment.
//
//	expression                   when the clock is put forward   put back
//	of any hour ("*/20 * * * *") goes on by time that passes     goes on by time that passes
//	of certain hours             what is skipped comes after     comes once
func nextCron(text string, after time.Time, zone *time.Location) time.Time {
	s, err := parseCron(text)
	if err != nil {
		return time.Time{}
	}
	if s.Hour&everyHour == everyHour {
		s.Location = zone
		return s.Next(after.In(zone))
	}
	t := after.In(zone)
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	// An hour back, for times that the clock skipped and that are still to come.
	wall = wall.Add(-time.Hour)
	for range cronTries {
		if wall = s.Next(wall); wall.IsZero() {
			return wall
		}
		if at := onWall(wall, zone); at.After(after) {
			return at
		}
	}
	return time.Time{}
}
