package automation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Subject is one thing that a firing is about.
type Subject struct {
	Record, Collection int64
	Title              string
	Custody, Holder    int64 // of what is held
	HolderTitle        string
	Due                time.Time
	Connection, Run    int64
	Text               string // what happened, as a sentence
}

// Firing is that an automation had something to do.
type Firing struct {
	ID, Automation int64
	Key            string // the cause, told apart from others
	At             time.Time
	Cause          string // a sentence
	Subjects       []Subject
	Chain          []int64 // the automations that led to it
	Stopped        string  // why nothing was done; "" otherwise
	Acts           []Act
}

// ActState is where an act has got to. Its text is stored.
type ActState string

// The states.
//
//	waiting ──► done | failed    (after an error that may pass: waiting, until the last try)
const (
	Waiting ActState = "waiting"
	Done    ActState = "done"
	Failed  ActState = "failed"
)

// Act is one action of a firing.
type Act struct {
	ID, Firing, Automation int64
	Seq                    int // which of the automation's actions
	State                  ActState
	Due                    time.Time // when it is done, or tried again
	Attempts               int       // this one included
	Sent                   int       // messages that left
	DoneAt                 time.Time
	Outcome                string // a sentence; while it waits, what went wrong so far
}

// State sums up a firing: what is worst of its acts.
func (f *Firing) State() string {
	has := func(state ActState) bool {
		return slices.ContainsFunc(f.Acts, func(a Act) bool { return a.State == state })
	}
	switch {
	case f.Stopped != "":
		return "stopped"
	case has(Failed):
		return string(Failed)
	case has(Waiting):
		return string(Waiting)
	}
	return string(Done)
}

// fire notes that an automation has something to do, with its acts. The same
// cause fires once. A chain that is too long is stopped here.
func (s *Service) fire(ctx context.Context, a *Automation, f Firing) (id int64, err error) {
	f.Automation, f.At = a.ID, s.moment()
	if len(f.Subjects) > subjectsMost {
		f.Cause += fmt.Sprintf(" Of %d, the first %d are dealt with.", len(f.Subjects), subjectsMost)
		f.Subjects = f.Subjects[:subjectsMost]
	}
	if len(f.Chain) >= chainMost {
		f.Stopped = stoppedBy(f.Chain, a.ID)
		s.Log.Warn("an automation was stopped", "automation", a.ID, "name", a.Name, "why", f.Stopped)
	} else {
		for i := range a.Actions {
			due, err := s.dueOf(ctx, a, i)
			if err != nil {
				return 0, err
			}
			f.Acts = append(f.Acts, Act{Automation: a.ID, Seq: i, State: Waiting, Due: due})
		}
	}
	id, _, err = s.Store.InsertFiring(ctx, f)
	return id, err
}

// stoppedBy says why a chain of automations ends.
func stoppedBy(chain []int64, next int64) string {
	if slices.Contains(chain, next) {
		return fmt.Sprintf("Automations set one another off in a circle: it was stopped after %d.", len(chain))
	}
	return fmt.Sprintf("%d automations in a row led to it: it was stopped here.", len(chain))
}

// dueOf returns when an action of a new firing is done: messages wait until the
// digest of the last one that left is over.
func (s *Service) dueOf(ctx context.Context, a *Automation, seq int) (time.Time, error) {
	now := s.moment()
	if !a.Actions[seq].Do.message() || a.Digest == 0 {
		return now, nil
	}
	_, last, err := s.Store.Messages(ctx, a.ID, seq, now.Add(-a.Digest))
	if err != nil || last.IsZero() {
		return now, err
	}
	if due := last.Add(a.Digest); due.After(now) {
		return due, nil
	}
	return now, nil
}

// told gives a few names of subjects for a sentence: "A, B and 3 more".
func told(subjects []Subject) string {
	const most = 3
	var names []string
	for i := range subjects[:min(most, len(subjects))] {
		names = append(names, subjects[i].Title)
	}
	if more := len(subjects) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}
