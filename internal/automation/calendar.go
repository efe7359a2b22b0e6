package automation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/timing"
)

// lookThrough looks once a minute for what has come about with time alone: what
// is due, secrets that expire, syncs that stay away. It also gives modules their
// ready-made automations, and throws old firings away.
func (s *Service) lookThrough(ctx context.Context) error {
	now := s.moment()
	s.mu.Lock()
	look, prune := now.Sub(s.looked) >= calendarEvery, now.Sub(s.pruned) >= pruneEvery
	s.mu.Unlock()
	if !look {
		return nil
	}
	faults := []error{s.equip(ctx)}
	all, err := s.Store.Automations(ctx, 0)
	faults = append(faults, err)
	for i := range all {
		if a := &all[i]; a.On && a.Trigger.Kind.byCalendar() {
			faults = append(faults, s.lookFor(ctx, a, now))
		}
	}
	if prune {
		faults = append(faults, s.Store.PruneFirings(ctx, now.Add(-keepFirings)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked = now
	if prune {
		s.pruned = now
	}
	return errors.Join(faults...)
}

// lookFor fires an automation for what the calendar shows since it was last
// looked at.
func (s *Service) lookFor(ctx context.Context, a *Automation, now time.Time) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		// One process at a time, which sees how far the other looked.
		if _, err := s.Store.NextIDs(ctx, "automation", 1); err != nil {
			return err
		}
		fresh, err := s.Store.Automation(ctx, a.ID)
		if err != nil || !fresh.On || fresh.Looked.After(now) {
			return err
		}
		if err := s.fireFound(ctx, &fresh, now); err != nil {
			return err
		}
		return s.Store.MoveLooked(ctx, a.ID, now)
	})
}

func (s *Service) fireFound(ctx context.Context, a *Automation, now time.Time) error {
	switch a.Trigger.Kind {
	case Due, Overdue:
		subjects, err := s.heldSubjects(ctx, a, now, false)
		if err != nil || len(subjects) == 0 {
			return err
		}
		_, err = s.fire(ctx, a, Firing{
			Key: "calendar " + strconv.FormatInt(now.UnixMicro(), 10), Cause: fmt.Sprintf("%d things are %s.", len(subjects), a.Trigger.Kind), Subjects: subjects,
		})
		return err
	case SecretExpires:
		return s.fireEach(ctx, a, s.expiring)
	}
	return s.fireEach(ctx, a, s.silent)
}

// fireEach fires once for each connection that find names, and for each thing
// that it says of it: find is given a function to which it tells the key of the
// cause.
func (s *Service) fireEach(ctx context.Context, a *Automation, find func(context.Context, *Automation, func(Subject, string) error) ([]Subject, error)) error {
	_, err := find(ctx, a, func(subject Subject, key string) error {
		known, err := s.Store.HasFired(ctx, a.ID, key)
		if err != nil || known {
			return err
		}
		_, err = s.fire(ctx, a, Firing{Key: key, Cause: subject.Text + ".", Subjects: []Subject{subject}})
		return err
	})
	return err
}

// heldSubjects returns what is due or overdue: all of it, or what was not when
// the calendar was last looked through.
func (s *Service) heldSubjects(ctx context.Context, a *Automation, now time.Time, all bool) ([]Subject, error) {
	// Overdue is what was due between then and now; due is what will be within so
	// many days, given out meanwhile or not.
	from, until := a.Looked, now
	since := now.Add(time.Hour) // nothing was given out after that
	if a.Trigger.Kind == Due {
		ahead := time.Duration(a.Trigger.Days[0]) * 24 * time.Hour
		since, until = a.Looked, now.Add(ahead)
		if from = a.Looked.Add(ahead); a.Looked.IsZero() {
			from = now
		}
	}
	if all {
		from = time.Time{}
		if a.Trigger.Kind == Due {
			from, since = now, now.Add(time.Hour)
		}
	}
	list, err := s.Store.DueCustodies(ctx, a.Account, a.Module, from, until, since, subjectsMost+1)
	if err != nil {
		return nil, err
	}
	return s.heldThat(ctx, a, list)
}

// heldThat turns custodies into subjects, of the assets that satisfy the
// automation's conditions.
func (s *Service) heldThat(ctx context.Context, a *Automation, list []register.Custody) ([]Subject, error) {
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].Asset
	}
	assets, err := s.Records.Load(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*register.Record, len(assets))
	for i := range assets {
		byID[assets[i].ID] = &assets[i]
	}
	collection, err := s.collectionOf(ctx, a)
	if err != nil {
		return nil, err
	}
	fits, err := s.condition(ctx, a, collection)
	var out []Subject
	for _, c := range list {
		asset := byID[c.Asset]
		if asset == nil || a.Trigger.Collection != 0 && asset.Collection != collection || len(a.Conditions) > 0 && !fits(asset) {
			continue
		}
		out = append(out, Subject{
			Record: c.Asset, Collection: asset.Collection, Title: c.AssetTitle, Custody: c.ID, Holder: c.Holder, HolderTitle: c.HolderTitle, Due: c.Due,
			Text: fmt.Sprintf("%s, held by %s, %s due on %s", c.AssetTitle, c.HolderTitle, map[bool]string{true: "is", false: "was"}[a.Trigger.Kind == Due], c.Due.Format(time.DateOnly)),
		})
	}
	return out, err
}

// module returns the connections of an automation's module.
func (s *Service) connections(ctx context.Context, a *Automation) ([]syncer.Connection, error) {
	all, err := s.Sync.Connections(ctx)
	var out []syncer.Connection
	for _, c := range all {
		if c.Module == a.Module {
			out = append(out, c)
		}
	}
	return out, err
}

// expiring returns the connections whose secret or certificate ends within the
// first of the trigger's days. tell is told of each, with the day that was
// passed last as its key, so that each is told once: when a connection was set up
// with ten days left, it is told of seven days next.
func (s *Service) expiring(ctx context.Context, a *Automation, tell func(Subject, string) error) ([]Subject, error) {
	list, err := s.connections(ctx, a)
	var out []Subject
	for _, c := range list {
		ends := c.Verdict.CredentialEnds
		left := ends.Sub(s.moment())
		passed := -1
		for _, d := range a.Trigger.Days { // the largest first
			if left <= time.Duration(d)*24*time.Hour {
				passed = d
			}
		}
		if ends.IsZero() || passed < 0 {
			continue
		}
		subject := Subject{Connection: c.ID, Title: "Microsoft Entra ID", Text: credentialText(c, left)}
		out = append(out, subject)
		if tell != nil {
			if err := tell(subject, fmt.Sprintf("credential %d %s %d", c.ID, ends.Format(time.RFC3339), passed)); err != nil {
				return nil, err
			}
		}
	}
	return out, err
}

func credentialText(c syncer.Connection, left time.Duration) string {
	noun := "client secret"
	if c.Credential == syncer.ClientCertificate {
		noun = "certificate"
	}
	day := c.Verdict.CredentialEnds.Format(time.DateOnly)
	if left <= 0 {
		return fmt.Sprintf("The %s of Microsoft Entra ID expired on %s: nothing is synced any more", noun, day)
	}
	days := int((left + 24*time.Hour - 1) / (24 * time.Hour))
	word := "days"
	if days == 1 {
		word = "day"
	}
	return fmt.Sprintf("The %s of Microsoft Entra ID expires in %d %s, on %s", noun, days, word, day)
}

// silent returns the connections of which no sync has succeeded for as many of
// their intervals as the trigger says. tell is told of each, once a silence.
func (s *Service) silent(ctx context.Context, a *Automation, tell func(Subject, string) error) ([]Subject, error) {
	list, err := s.connections(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []Subject
	for _, c := range list {
		last, since, err := s.lastSuccess(ctx, c)
		if err != nil {
			return nil, err
		}
		limit := after(c, since, a.Trigger.Intervals)
		if !c.Configured() || limit.IsZero() || limit.After(s.moment()) {
			continue
		}
		text := "No sync of Microsoft Entra ID has succeeded since " + since.Format("2006-01-02 15:04") + " UTC"
		if last == 0 {
			text = "No sync of Microsoft Entra ID has succeeded yet"
		}
		subject := Subject{Connection: c.ID, Title: "Microsoft Entra ID", Text: text}
		out = append(out, subject)
		if tell != nil {
			if err := tell(subject, fmt.Sprintf("silence %d %d", c.ID, last)); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// lastSuccess returns the latest run of a connection that got through, with when
// it ended; 0 and when the connection was set up when there is none.
func (s *Service) lastSuccess(ctx context.Context, c syncer.Connection) (run int64, at time.Time, err error) {
	const looked = 200 // runs
	runs, err := s.Sync.Runs(ctx, c.ID, looked)
	at = c.UpdatedAt
	for _, r := range runs { // the newest first
		if r.Mode == syncer.Preview {
			continue
		}
		switch r.State {
		case syncer.Succeeded, syncer.Partial, syncer.Held, syncer.Undone:
			return r.ID, r.FinishedAt, err
		}
		at = r.StartedAt // older ones are not known: the oldest failure at least
	}
	return 0, at, err
}

// after returns when a connection's schedule has come round so many times since a
// moment; zero when nothing is scheduled.
func after(c syncer.Connection, since time.Time, times int) time.Time {
	zone, err := time.LoadLocation(c.Schedule.TimeZone)
	if err != nil {
		return time.Time{}
	}
	words := c.Schedule.Incremental
	if t, err := timing.Parse(words); err != nil || t.Rhythm == timing.Off {
		words = c.Schedule.Full
	}
	t, err := timing.Parse(words)
	if err != nil {
		return time.Time{}
	}
	for range times {
		if since = t.Next(since, zone); since.IsZero() {
			return since
		}
	}
	return since
}

// latestRuns returns the last run of each connection in the state that the
// trigger is about, for runs by hand.
func (s *Service) latestRuns(ctx context.Context, a *Automation) ([]Subject, error) {
	list, err := s.connections(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []Subject
	for _, c := range list {
		runs, err := s.Sync.Runs(ctx, c.ID, 50)
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			if r.Mode != syncer.Preview && a.Trigger.Kind.meets(r.State) {
				one, err := s.aboutRun(ctx, a, &Event{Connection: c.ID, Run: r.ID, State: r.State})
				if err != nil && !errs.Is(err, errs.NotFound) {
					return nil, err
				}
				out = append(out, one...)
				break
			}
		}
	}
	return out, nil
}
