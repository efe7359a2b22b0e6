package automation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
)

// waits returns how long an act waits after each try that failed for a reason
// that may pass. After the last it has failed.
func waits() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 8 * time.Hour, 24 * time.Hour}
}

// carry carries out acts of one action that are at the same attempt: messages as
// one, together with those that are gathered for it, others one after the other.
func (s *Service) carry(ctx context.Context, group []Act) error {
	a, err := s.Store.Automation(ctx, group[0].Automation)
	if err != nil {
		return err
	}
	seq := group[0].Seq
	if seq >= len(a.Actions) {
		return s.settle(ctx, group, 0, "", errs.New(errs.Conflict, "the automation has been changed since and no longer does that"))
	}
	if a.Actions[seq].Do.message() {
		return s.carryMessage(ctx, &a, seq, group)
	}
	for i := range group {
		if err := s.carryOne(ctx, &a, group[i]); err != nil {
			return err
		}
	}
	return nil
}

// byHand is how the causes of firings that somebody asked for begin.
const byHand = "hand "

// firing loads the firing of an act. One that waits since before its automation
// was switched off is not carried out.
func (s *Service) firing(ctx context.Context, a *Automation, act Act) (Firing, error) {
	f, err := s.Store.Firing(ctx, act.Firing)
	if err == nil && !a.On && !strings.HasPrefix(f.Key, byHand) {
		err = errs.New(errs.Conflict, "the automation has been switched off since")
	}
	return f, err
}

// carryOne carries out an act that is not a message.
func (s *Service) carryOne(ctx context.Context, a *Automation, act Act) error {
	f, err := s.firing(ctx, a, act)
	if err != nil {
		return s.settle(ctx, []Act{act}, 0, "", err)
	}
	ctx = withChain(ctx, append(f.Chain[:len(f.Chain):len(f.Chain)], a.ID))
	if a.Actions[act.Seq].Do == Sync {
		outcome, err := s.startSyncs(ctx, a, act.Seq)
		return s.settle(ctx, []Act{act}, 0, outcome, err)
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		steps, err := s.plan(ctx, a, act.Seq, f.Subjects, "")
		if err != nil {
			return err
		}
		outcome, err := s.changeRecords(ctx, a, steps)
		if err != nil {
			return err
		}
		return s.settle(ctx, []Act{act}, 0, outcome, nil)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	return s.settle(ctx, []Act{act}, 0, "", err)
}

// startSyncs starts a run of each connection. One that is being synced is left
// alone.
func (s *Service) startSyncs(ctx context.Context, a *Automation, seq int) (string, error) {
	steps, err := s.plan(ctx, a, seq, nil, "")
	if err != nil {
		return "", err
	}
	var said []string
	for _, step := range steps {
		before, err := s.Store.RunChain(ctx, step.connection)
		if err != nil {
			return "", err
		}
		// First who led to it, since the run can end at once.
		if err := s.Store.NoteRunChain(ctx, step.connection, chainOf(ctx)); err != nil {
			return "", err
		}
		run, err := s.Runs.Start(ctx, a.actor(), step.connection, integration.Order{Full: a.Actions[seq].Full, Asked: askedByAutomation})
		if err == nil {
			said = append(said, fmt.Sprintf("Run %d was started.", run))
			continue
		}
		if fault := s.Store.NoteRunChain(ctx, step.connection, before); fault != nil {
			return "", fault
		}
		if !errs.Is(err, errs.Conflict) {
			return "", err
		}
		said = append(said, "A sync is in progress already: none was started.")
	}
	return strings.Join(said, " "), nil
}

// changeRecords carries out steps in the caller's transaction. A record that
// cannot be changed is told of, and the others are.
func (s *Service) changeRecords(ctx context.Context, a *Automation, steps []Step) (string, error) {
	var said, faults []string
	done, more := 0, 0
	for _, step := range steps {
		if step.Idle {
			said = append(said, step.Text)
			continue
		}
		n, refused, err := s.change(ctx, a, step)
		if err != nil {
			return "", err
		}
		done += n
		switch {
		case n > 0 && len(said) < 3:
			said = append(said, step.Text)
		case n > 0:
			more++
		}
		faults = append(faults, refused...)
	}
	if more > 0 {
		said = append(said, fmt.Sprintf("And %d more like that.", more))
	}
	if len(faults) > 0 {
		said = append(said, fmt.Sprintf("%d could not be done: %s.", len(faults), listed(faults)))
	}
	if done == 0 && len(faults) > 0 {
		return "", errs.New(errs.Conflict, "%s", listed(faults))
	}
	return strings.Join(said, " "), nil
}

// change carries out one step and returns how many records it changed and why
// others could not be.
func (s *Service) change(ctx context.Context, a *Automation, step Step) (n int, refused []string, err error) {
	if step.many != nil {
		done, err := s.Records.ChangeMany(ctx, a.actor(), *step.many)
		for _, f := range done.Failed {
			refused = append(refused, f.Title+": "+f.Err.Error())
		}
		return done.Changed, refused, err
	}
	err = s.Store.Savepoint(ctx, func(ctx context.Context) error {
		switch {
		case step.create != nil:
			_, err := s.Records.Create(ctx, a.actor(), *step.create)
			n = 1
			return err
		case step.checkIn.person:
			back, err := s.Records.CheckInAll(ctx, a.actor(), step.checkIn.record, register.CheckIn{Account: a.Account, Note: step.checkIn.note})
			n = len(back)
			return err
		}
		_, err := s.Records.CheckIn(ctx, a.actor(), register.CheckIn{Account: a.Account, Asset: step.checkIn.record, Note: step.checkIn.note})
		n = 1
		return err
	})
	if err != nil && !fleeting(err) {
		return 0, []string{err.Error()}, nil
	}
	return n, nil, err
}

// carryMessage sends one message for several acts. At the first try those that
// are gathered for later go with it.
func (s *Service) carryMessage(ctx context.Context, a *Automation, seq int, group []Act) error {
	if group[0].Attempts == 1 && a.Digest > 0 {
		err := s.Store.InTx(ctx, func(ctx context.Context) error {
			more, err := s.Store.TakeGathered(ctx, a.ID, seq, s.moment().Add(claimFor))
			group = append(group[:len(group):len(group)], more...)
			return err
		})
		if err != nil {
			return err
		}
	}
	var subjects []Subject
	var kept []Act
	var at time.Time // of the first firing: numbers of acts can be given again
	for _, act := range group {
		f, err := s.firing(ctx, a, act)
		if err != nil {
			if err := s.settle(ctx, []Act{act}, 0, "", err); err != nil {
				return err
			}
			continue
		}
		if len(kept) == 0 {
			at = f.At
		}
		subjects, kept = append(subjects, f.Subjects...), append(kept, act)
	}
	if len(kept) == 0 {
		return nil
	}
	key := fmt.Sprintf("automation act %d %d", kept[0].ID, at.UnixMicro())
	send := s.sendLetters
	if a.Actions[seq].Do == Post {
		send = s.sendPost
	}
	err := send(ctx, a, seq, subjects, key, kept)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return s.settle(ctx, kept, 0, "", err)
}

// sendLetters hands letters over and settles their acts in one transaction.
func (s *Service) sendLetters(ctx context.Context, a *Automation, seq int, subjects []Subject, key string, acts []Act) error {
	if s.Mail == nil {
		return noMail()
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		steps, err := s.plan(ctx, a, seq, subjects, key)
		if err != nil {
			return err
		}
		sent := 0
		var said []string
		for _, step := range steps {
			if step.letter == nil {
				said = append(said, step.Text)
				continue
			}
			err := s.Mail(ctx, *step.letter)
			if errs.Is(err, errs.Invalid) { // one address that is none does not keep the others from theirs
				said = append(said, fmt.Sprintf("Not sent to %s: %s.", step.letter.To, err))
				continue
			}
			if err != nil {
				return err
			}
			if sent++; sent <= 3 {
				said = append(said, fmt.Sprintf("Sent to %s.", step.letter.To))
			}
		}
		if sent > 3 {
			said = append(said, fmt.Sprintf("%d letters in all.", sent))
		}
		return s.settle(ctx, acts, sent, strings.Join(said, " "), nil)
	})
}

// sendPost posts and settles the acts.
func (s *Service) sendPost(ctx context.Context, a *Automation, seq int, subjects []Subject, key string, acts []Act) error {
	now := s.moment()
	sent, _, err := s.Store.Messages(ctx, a.ID, -1, now.Add(-time.Hour))
	if err != nil {
		return err
	}
	if sent >= a.Hourly {
		return errs.New(errs.Unavailable, "the limit of %d messages an hour is reached", a.Hourly)
	}
	steps, err := s.plan(ctx, a, seq, subjects, key)
	if err != nil {
		return err
	}
	signing, err := s.signingKey(a, seq)
	if err != nil {
		return err
	}
	if err := s.Post.send(ctx, a.Actions[seq].URL, steps[0].body, signing, key, now); err != nil {
		return err
	}
	return s.settle(ctx, acts, 1, strings.Replace(steps[0].Text, "Post to", "Posted to", 1), nil)
}

// settle stores what became of acts that were one. sent counts for the first.
func (s *Service) settle(ctx context.Context, acts []Act, sent int, outcome string, fault error) error {
	now := s.moment()
	for i := range acts {
		act := acts[i]
		act.State, act.DoneAt, act.Outcome, act.Sent = Done, now, outcome, 0
		if i == 0 {
			act.Sent = sent
		} else if fault == nil {
			act.Outcome = fmt.Sprintf("It went with the message of firing %d.", acts[0].Firing)
		}
		if fault != nil {
			act.State, act.Outcome = Failed, said(fault)
			if list := waits(); fleeting(fault) && act.Attempts <= len(list) {
				act.State, act.DoneAt, act.Due = Waiting, time.Time{}, now.Add(list[act.Attempts-1])
			}
		}
		if err := s.Store.SaveAct(ctx, act); err != nil {
			return err
		}
	}
	return nil
}
