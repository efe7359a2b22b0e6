package automation

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// Rhythm and amounts of the work.
const (
	calendarEvery = time.Minute     // how often the calendar is looked through
	claimFor      = 5 * time.Minute // how long an act is left to the process that took it
	eventsAtOnce  = 50              // events of a transaction
	actsAtOnce    = 20              // acts taken at once
	keepFirings   = 90 * 24 * time.Hour
	pruneEvery    = 24 * time.Hour
)

// Turn does all that is due: schedules, what happened, the calendar, and the
// acts that come of these. Any number of processes may call it; each thing is
// done by one of them. It returns when nothing is left that is due now.
//
// A fault of one automation is in its log and not returned.
func (s *Service) Turn(ctx context.Context) error {
	calendar := func(ctx context.Context) error { return s.lookThrough(ctx) }
	var faults []error
	for _, step := range []func(context.Context) error{s.schedules, s.events, calendar, s.acts} {
		if err := step(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// schedules fires what comes round.
func (s *Service) schedules(ctx context.Context) error {
	all, err := s.Store.Automations(ctx, 0)
	if err != nil {
		return err
	}
	now := s.moment()
	var faults []error
	for i := range all {
		a := &all[i]
		if a.On && a.Trigger.Kind == Scheduled && !a.Next.IsZero() && !a.Next.After(now) {
			faults = append(faults, s.comeRound(ctx, a, now))
		}
	}
	return errors.Join(faults...)
}

// comeRound fires a schedule, and says when it comes round next. What was missed
// while no process ran is done once.
func (s *Service) comeRound(ctx context.Context, a *Automation, now time.Time) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		next := a.Trigger.next(a.Next)
		if !next.IsZero() && !next.After(now) {
			next = a.Trigger.next(now)
		}
		mine, err := s.Store.MoveSchedule(ctx, a.ID, a.Next, next)
		if err != nil || !mine {
			return err
		}
		subjects, err := s.now(ctx, a)
		if err != nil {
			return err
		}
		if a.Trigger.OfRecords() && len(subjects) == 0 {
			return nil // no record matches: nothing to do
		}
		_, err = s.fire(ctx, a, Firing{Key: "schedule " + strconv.FormatInt(a.Next.UnixMicro(), 10), Cause: "The schedule came round.", Subjects: subjects})
		return err
	})
}

// events works off what happened, some at a time, in order.
func (s *Service) events(ctx context.Context) error {
	for {
		// First without the lock, which would be written every few seconds.
		if there, _, err := s.Store.AutomationsPending(ctx, s.moment()); err != nil || !there {
			return err
		}
		n := 0
		err := s.Store.InTx(ctx, func(ctx context.Context) error {
			// One process at a time, so that the order is kept.
			if _, err := s.Store.NextIDs(ctx, "automation", 1); err != nil {
				return err
			}
			list, err := s.Store.TakeEvents(ctx, eventsAtOnce)
			if err != nil {
				return err
			}
			n = len(list)
			return s.hear(ctx, list)
		})
		if err != nil || n < eventsAtOnce {
			return err
		}
	}
}

// hear fires what events set off.
func (s *Service) hear(ctx context.Context, list []Event) error {
	byModule := map[int64][]Automation{}
	for i := range list {
		e := &list[i]
		if _, known := byModule[e.Module]; !known {
			var err error
			if byModule[e.Module], err = s.Store.Automations(ctx, e.Module); err != nil {
				return err
			}
		}
		for j := range byModule[e.Module] {
			a := &byModule[e.Module][j]
			if !e.setsOff(a) {
				continue
			}
			if err := s.answer(ctx, a, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// answer fires an automation for an event. What cannot be answered any more,
// because its collection or field is gone, is noted in the log of the automation.
func (s *Service) answer(ctx context.Context, a *Automation, e *Event) error {
	f := Firing{Key: e.Key, Cause: e.cause(), Chain: e.Chain}
	err := s.Store.Savepoint(ctx, func(ctx context.Context) (err error) {
		f.Subjects, err = s.about(ctx, a, e)
		return err
	})
	switch {
	case fleeting(err):
		return err
	case err != nil:
		f.Stopped = said(err)
		_, _, err = s.Store.InsertFiring(ctx, s.stamped(a, f))
		return err
	case len(f.Subjects) == 0:
		return nil
	}
	_, err = s.fire(ctx, a, f)
	return err
}

func (s *Service) stamped(a *Automation, f Firing) Firing {
	f.Automation, f.At = a.ID, s.moment()
	return f
}

// fleeting reports whether an error may be gone the next time, so that nothing
// is to be concluded from it.
func fleeting(err error) bool {
	if err == nil {
		return false
	}
	k := errs.KindOf(err)
	return !slices.Contains([]errs.Kind{errs.Invalid, errs.NotFound, errs.Conflict, errs.Forbidden}, k)
}

// said is an error as the log tells it, with its next step.
func said(err error) string {
	text := strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + "."
	if hint := errs.HintOf(err); hint != "" {
		text += " " + hint
	}
	return text
}

// acts does what is due, some at a time.
func (s *Service) acts(ctx context.Context) error {
	for {
		now := s.moment()
		if _, there, err := s.Store.AutomationsPending(ctx, now); err != nil || !there {
			return err
		}
		var list []Act
		err := s.Store.InTx(ctx, func(ctx context.Context) (err error) {
			list, err = s.Store.TakeActs(ctx, now, now.Add(claimFor), actsAtOnce)
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, group := range grouped(list) {
			if err := s.carry(ctx, group); err != nil {
				return err
			}
		}
	}
}

// grouped puts the acts of one action that are at the same attempt together, in
// the order in which they came.
func grouped(list []Act) [][]Act {
	var out [][]Act
	for _, a := range list {
		i := slices.IndexFunc(out, func(g []Act) bool {
			return g[0].Automation == a.Automation && g[0].Seq == a.Seq && g[0].Attempts == a.Attempts
		})
		if i < 0 {
			out = append(out, []Act{a})
		} else {
			out[i] = append(out[i], a)
		}
	}
	return out
}
