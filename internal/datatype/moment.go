package datatype

import "time"

const (
	dateForm     = time.DateOnly
	dateTimeForm = "2006-01-02T15:04:05Z"
)

// parseDate reads a civil date, 2026-05-18. A time of day is let pass when it
// is midnight, as spreadsheets write dates; any other would make the day depend
// on a zone, and no zone is known here (F39).
func (a *Arena) parseDate(text string) (Value, error) {
	for _, form := range []string{dateForm, "2006-01-02 00:00:00", "2006-01-02T00:00:00", "2006-01-02T00:00:00Z"} {
		if t, err := time.Parse(form, text); err == nil && t.Year() > 0 {
			return a.ofPlain(text[:len(dateForm)]), nil
		}
	}
	return Value{}, invalid("%s is not a date; write it like 2026-05-18", clip(text))
}

// parseDateTime reads a date and time with a zone, or without one in UTC.
// Fractions of a second are cut off.
func (a *Arena) parseDateTime(text string) (Value, error) {
	for _, form := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", dateForm,
	} {
		t, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		if y := t.UTC().Year(); y < 1 || y > 9999 {
			break
		}
		if len(text) == len(dateTimeForm) && text[len(text)-1] == 'Z' && text[10] == 'T' {
			return a.ofPlain(text), nil
		}
		return OfInstant(t), nil
	}
	return Value{}, invalid("%s is not a date and time; write it like 2026-05-18T19:03:10Z", clip(text))
}

// OfDate returns the civil date that t shows in its own zone.
func OfDate(t time.Time) Value { return Value{`"` + t.Format(dateForm) + `"`} }

// OfInstant returns a date and time, to the second.
func OfInstant(t time.Time) Value { return Value{`"` + t.UTC().Format(dateTimeForm) + `"`} }

// Time returns the start of a date in UTC, or the instant of a date and time;
// ok is false for other values.
func (v Value) Time() (t time.Time, ok bool) {
	s := v.String()
	for _, form := range []string{dateTimeForm, dateForm} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
