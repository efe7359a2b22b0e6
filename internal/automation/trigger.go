package automation

import (
	"slices"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/timing"
)

// Kind is what sets an automation off. Its text is stored and stands in
// muster.yaml.
type Kind string

// The kinds.
//
//	kind                      is about          found by
//	schedule                  nothing, or the   time
//	                          records that match
//	record_created …archived  records           events
//	checked_out, checked_in   assets            events
//	due, overdue              assets            the calendar
//	person_left               people            events
//	leaver_holds              people            events; only of those who hold something
//	sync_finished …held       runs              events
//	secret_expires            connections       the calendar
//	sync_silent               connections       the calendar
const (
	Scheduled     Kind = "schedule"
	Created       Kind = "record_created"
	Changed       Kind = "record_changed"
	Archived      Kind = "record_archived"
	CheckedOut    Kind = "checked_out"
	CheckedIn     Kind = "checked_in"
	Due           Kind = "due"
	Overdue       Kind = "overdue"
	PersonLeft    Kind = "person_left"
	LeaverHolds   Kind = "leaver_holds"
	SyncFinished  Kind = "sync_finished"
	SyncFailed    Kind = "sync_failed"
	SyncHeld      Kind = "sync_held"
	SecretExpires Kind = "secret_expires"
	SyncSilent    Kind = "sync_silent"
)

// Kinds returns all kinds in the order in which they are offered.
func Kinds() []Kind {
	return []Kind{
		Scheduled, Created, Changed, Archived, CheckedOut, CheckedIn, Due, Overdue, PersonLeft, LeaverHolds,
		SyncFinished, SyncFailed, SyncHeld, SecretExpires, SyncSilent,
	}
}

// String returns the kind in words that follow "when".
func (k Kind) String() string {
	switch k {
	case Scheduled:
		return "a time comes round"
	case Created:
		return "a record is created"
	case Changed:
		return "a record is changed"
	case Archived:
		return "a record is archived"
	case CheckedOut:
		return "something is checked out"
	case CheckedIn:
		return "something is checked in"
	case Due:
		return "something is about to be due"
	case Overdue:
		return "something is overdue"
	case PersonLeft:
		return "a person has left"
	case LeaverHolds:
		return "a person has left who still holds something"
	case SyncFinished:
		return "a sync has finished"
	case SyncFailed:
		return "a sync has failed"
	case SyncHeld:
		return "a sync waits for approval"
	case SecretExpires:
		return "a client secret or certificate is about to expire"
	case SyncSilent:
		return "no sync has succeeded for a while"
	}
	return "something unknown happens"
}

// OfRecords reports whether the kind is about records, which conditions and
// changes of records then are about. A schedule is when it has a collection.
func (t *Trigger) OfRecords() bool {
	if t.Kind == Scheduled {
		return t.Collection != 0
	}
	return slices.Contains([]Kind{Created, Changed, Archived}, t.Kind) || t.Kind.ofCustody() || t.Kind.ofPeople()
}

func (k Kind) ofCustody() bool {
	return k == CheckedOut || k == CheckedIn || k == Due || k == Overdue
}

func (k Kind) ofPeople() bool { return k == PersonLeft || k == LeaverHolds }

// byCalendar reports whether the kind is found by looking, not told by an event.
func (k Kind) byCalendar() bool {
	return k == Due || k == Overdue || k == SecretExpires || k == SyncSilent
}

// Trigger is what sets an automation off. Fields that its kind does not use are
// zero.
type Trigger struct {
	Kind       Kind
	Schedule   string // a timing in words
	TimeZone   string
	Collection int64 // records of this collection only; 0 for any
	Field      int64 // of Changed: only when this field changes; 0 for any
	Days       []int // of SecretExpires: told once at each; of Due: the first, how long before
	Intervals  int   // of SyncSilent: how many of the connection's intervals
}

// Presets of triggers that say nothing about it.
const (
	defaultIntervals = 3
	mostDays         = 365
)

// secretDays is when an expiring secret is told of: at each once.
func secretDays() []int { return []int{30, 14, 7, 1} }

// check refuses what cannot be, and fills in what was left open.
func (t *Trigger) check() error {
	if !slices.Contains(Kinds(), t.Kind) {
		return errs.New(errs.Invalid, "there is no trigger %q", string(t.Kind))
	}
	if t.Kind == Scheduled {
		if err := t.checkSchedule(); err != nil {
			return err
		}
	} else {
		t.Schedule, t.TimeZone = "", ""
	}
	if t.Kind != Changed {
		t.Field = 0
	}
	if t.Kind != SyncSilent {
		t.Intervals = 0
	} else if t.Intervals <= 0 {
		t.Intervals = defaultIntervals
	}
	return t.checkDays()
}

func (t *Trigger) checkSchedule() error {
	parsed, err := timing.Parse(t.Schedule)
	if err != nil {
		return errs.New(errs.Invalid, "%q %s", t.Schedule, err).WithHint("%s.", timing.Forms)
	}
	if parsed.Rhythm == timing.Off {
		return errs.New(errs.Invalid, "the schedule is off").WithHint("Say when it comes round, or switch the automation off.")
	}
	if t.TimeZone == "" {
		t.TimeZone = "UTC"
	}
	if _, err := time.LoadLocation(t.TimeZone); err != nil || t.TimeZone == "Local" {
		return errs.New(errs.Invalid, "%q is no time zone", t.TimeZone).WithHint("Write it like Europe/Berlin.")
	}
	t.Schedule = parsed.String()
	return nil
}

func (t *Trigger) checkDays() error {
	switch t.Kind {
	case SecretExpires:
		if len(t.Days) == 0 {
			t.Days = secretDays()
		}
		slices.SortFunc(t.Days, func(a, b int) int { return b - a })
		t.Days = slices.Compact(t.Days)
	case Due:
		if len(t.Days) == 0 {
			t.Days = []int{1}
		}
		t.Days = t.Days[:1]
	default:
		t.Days = nil
	}
	for _, d := range t.Days {
		if d < 0 || d > mostDays {
			return errs.New(errs.Invalid, "%d days before is not between 0 and %d", d, mostDays)
		}
	}
	return nil
}

// next returns when a schedule comes round after a moment; zero for other kinds.
func (t *Trigger) next(after time.Time) time.Time {
	if t.Kind != Scheduled {
		return time.Time{}
	}
	parsed, err := timing.Parse(t.Schedule)
	zone, fault := time.LoadLocation(t.TimeZone)
	if err != nil || fault != nil { // it was checked when it was saved
		return time.Time{}
	}
	return parsed.Next(after, zone).UTC()
}

// heard maps the triggers that are told by events of the register to these.
func (k Kind) heard() (register.EventKind, bool) {
	switch k {
	case Created:
		return register.RecordCreated, true
	case Changed:
		return register.RecordChanged, true
	case Archived:
		return register.RecordArchived, true
	case CheckedOut:
		return register.ThingCheckedOut, true
	case CheckedIn:
		return register.ThingCheckedIn, true
	case PersonLeft, LeaverHolds:
		return register.PersonLeft, true
	}
	return "", false
}
