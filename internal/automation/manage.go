package automation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
)

// manage is what it takes to see, change and run a module's automations: whoever
// may that is an administrator of the module, as an automation is.
const manage = account.ManageIntegrations

// List returns a module's automations, by name.
func (s *Service) List(ctx context.Context, p account.Principal, m account.Module) ([]Automation, error) {
	if err := p.May(manage, m.Account, m.ID, 0); err != nil {
		return nil, err
	}
	return s.Store.Automations(ctx, m.ID)
}

// LastFirings returns the latest firing of each of a module's automations that
// has one, without its subjects.
func (s *Service) LastFirings(ctx context.Context, p account.Principal, m account.Module) (map[int64]Firing, error) {
	if err := p.May(manage, m.Account, m.ID, 0); err != nil {
		return nil, err
	}
	return s.Store.LastFirings(ctx, m.ID)
}

// Automation returns one automation. One of another account gives NotFound.
func (s *Service) Automation(ctx context.Context, p account.Principal, id int64) (Automation, error) {
	a, err := s.Store.Automation(ctx, id)
	if err != nil {
		return a, err
	}
	if err := p.May(manage, a.Account, a.Module, 0); err != nil {
		return Automation{}, err
	}
	return a, nil
}

// Save stores a new automation, or with a number a changed one, whose Version is
// the one that the person saw. An action that posts keeps its key unless it is
// given another.
func (s *Service) Save(ctx context.Context, p account.Principal, in Automation) (a Automation, err error) {
	if err := p.May(manage, in.Account, in.Module, 0); err != nil {
		return a, err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		var old Automation
		if in.ID != 0 {
			if old, err = s.Automation(ctx, p, in.ID); err != nil {
				return err
			}
			if old.Module != in.Module {
				return errs.New(errs.NotFound, "the module has no such automation")
			}
		}
		if a, err = s.checked(ctx, p, in, old); err != nil {
			return err
		}
		now := s.moment()
		a.Next = a.Trigger.next(now)
		if a, err = s.Store.SaveAutomation(ctx, a, now); err != nil {
			return err
		}
		return s.audit(ctx, p, &a, audit.AutomationSaved, audit.Detail{Name: "does", Before: summary(&old), After: summary(&a)})
	})
	return a, err
}

// summary is what an automation does, as the audit log tells it.
func summary(a *Automation) string {
	if a.ID == 0 && a.Name == "" {
		return ""
	}
	var deeds []string
	for i := range a.Actions {
		action := &a.Actions[i]
		text := action.Do.String()
		if action.Do == Mail {
			text += " to " + strconv.Itoa(len(action.To)) + " recipient"
			if len(action.To) != 1 {
				text += "s"
			}
		}
		if action.Do == Post {
			text += " of " + hostOf(action.URL)
		}
		deeds = append(deeds, text)
	}
	when := "when " + a.Trigger.Kind.String()
	if a.Trigger.Kind == Scheduled {
		when = a.Trigger.Schedule + " " + a.Trigger.TimeZone
	}
	return when + ": " + strings.Join(deeds, ", ")
}

// Remove takes an automation away with its log.
func (s *Service) Remove(ctx context.Context, p account.Principal, id int64) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		a, err := s.Automation(ctx, p, id)
		if err != nil {
			return err
		}
		if err := s.Store.RemoveAutomation(ctx, id); err != nil {
			return err
		}
		return s.audit(ctx, p, &a, audit.AutomationRemoved)
	})
}

// Switch switches an automation on or off. A schedule that was off comes round
// from now on: what was missed is not made up for.
func (s *Service) Switch(ctx context.Context, p account.Principal, id int64, on bool) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		a, err := s.Automation(ctx, p, id)
		if err != nil || a.On == on {
			return err
		}
		now := s.moment()
		a.On, a.Next = on, a.Trigger.next(now)
		action := audit.AutomationOff
		if on {
			action, a.Looked = audit.AutomationOn, now
		}
		if a, err = s.Store.SaveAutomation(ctx, a, now); err != nil {
			return err
		}
		return s.audit(ctx, p, &a, action)
	})
}

// Planned is an action with what it would do.
type Planned struct {
	Do    Deed
	Steps []Step
	Err   error // why it could not be done
}

// DryRun says what an automation would do now, of what there is now, and does
// nothing of it. It need not have been saved.
func (s *Service) DryRun(ctx context.Context, p account.Principal, in Automation) ([]Subject, []Planned, error) {
	if err := p.May(manage, in.Account, in.Module, 0); err != nil {
		return nil, nil, err
	}
	old := Automation{}
	if in.ID != 0 {
		var err error
		if old, err = s.Automation(ctx, p, in.ID); err != nil {
			return nil, nil, err
		}
	}
	a, err := s.checked(ctx, p, in, old)
	if err != nil {
		return nil, nil, err
	}
	subjects, err := s.now(ctx, &a)
	if err != nil {
		return nil, nil, err
	}
	mailUp, err := s.mailUp(ctx)
	if err != nil {
		return nil, nil, err
	}
	out := make([]Planned, len(a.Actions))
	for i := range a.Actions {
		out[i].Do = a.Actions[i].Do
		if len(subjects) == 0 && a.Trigger.Kind != Scheduled || len(subjects) == 0 && a.Trigger.OfRecords() {
			out[i].Steps = []Step{idle("There is nothing that it is about at the moment.")}
			continue
		}
		if a.Actions[i].Do == Mail && !mailUp {
			out[i].Err = noMail()
			continue
		}
		out[i].Steps, out[i].Err = s.plan(ctx, &a, i, subjects, "")
		if fleeting(out[i].Err) {
			return nil, nil, out[i].Err
		}
	}
	return subjects, out, nil
}

func (s *Service) mailUp(ctx context.Context) (bool, error) {
	if s.Mail == nil || s.MailUp == nil {
		return s.Mail != nil, nil
	}
	return s.MailUp(ctx)
}

// RunNow has an automation do what it does of what there is now, on or off. The
// acts are done by the next Turn. It returns the number of the firing.
func (s *Service) RunNow(ctx context.Context, p account.Principal, id int64) (firing int64, err error) {
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		a, err := s.Automation(ctx, p, id)
		if err != nil {
			return err
		}
		subjects, err := s.now(ctx, &a)
		if err != nil {
			return err
		}
		if len(subjects) == 0 && (a.Trigger.Kind != Scheduled || a.Trigger.OfRecords()) {
			return errs.New(errs.Conflict, "there is nothing that %s is about at the moment", a.Name).WithHint("It runs by itself when %s.", a.Trigger.Kind)
		}
		n, err := s.Store.NextIDs(ctx, "automation", 1)
		if err != nil {
			return err
		}
		firing, err = s.fire(ctx, &a, Firing{Key: byHand + strconv.FormatInt(n, 10), Cause: fmt.Sprintf("%s ran it by hand.", p.Actor().Name), Subjects: subjects})
		if err != nil {
			return err
		}
		return s.audit(ctx, p, &a, audit.AutomationRun)
	})
	return firing, err
}

// History returns what an automation had to do, the latest first, without subjects;
// before is the number of the last one of the page before, or 0.
func (s *Service) History(ctx context.Context, p account.Principal, id, before int64, limit int) ([]Firing, error) {
	if _, err := s.Automation(ctx, p, id); err != nil {
		return nil, err
	}
	return s.Store.Firings(ctx, id, before, limit)
}

// Firing returns one entry of an automation's log with what it was about.
func (s *Service) Firing(ctx context.Context, p account.Principal, automation, id int64) (Firing, error) {
	if _, err := s.Automation(ctx, p, automation); err != nil {
		return Firing{}, err
	}
	f, err := s.Store.Firing(ctx, id)
	if err == nil && f.Automation != automation {
		err = errs.New(errs.NotFound, "the automation has no such entry in its log")
	}
	return f, err
}

func (s *Service) audit(ctx context.Context, p account.Principal, a *Automation, action audit.Action, details ...audit.Detail) error {
	return s.Store.WriteAudit(ctx, audit.Event{
		At: s.moment(), Account: a.Account, Module: a.Module, Actor: p.Actor(), Action: action,
		SubjectKind: "automation", SubjectID: a.ID, SubjectName: a.Name, Details: details,
	})
}

func noMail() error {
	return errs.New(errs.Invalid, "no mail is set up").WithHint("An Organization Admin sets it up under Settings > Mail.")
}

// wholeMinutes reports whether a length of time is whole minutes within bounds.
func wholeMinutes(d time.Duration) bool { return d >= 0 && d <= mostDigest && d%time.Minute == 0 }

// Same reports whether saving an automation would change nothing of the one that
// has its number. A key that is given counts as the same when it is.
func (s *Service) Same(ctx context.Context, p account.Principal, in Automation) (bool, error) {
	old, err := s.Automation(ctx, p, in.ID)
	if err != nil {
		return false, err
	}
	for i, action := range in.Actions {
		if !action.Secret.IsZero() && i < len(old.Actions) && len(old.Actions[i].Sealed) > 0 {
			key, err := s.signingKey(&old, i)
			if err != nil || key != action.Secret {
				return false, err
			}
		}
	}
	a, err := s.checked(ctx, p, in, old)
	if err != nil {
		return false, err
	}
	before, err := json.Marshal(unsealed(old.Definition))
	if err != nil {
		return false, err
	}
	after, err := json.Marshal(unsealed(a.Definition))
	return a.Name == old.Name && a.On == old.On && bytes.Equal(before, after), err
}

// unsealed is a definition without keys, which are sealed differently each time.
func unsealed(d Definition) Definition {
	d.Actions = slices.Clone(d.Actions)
	for i := range d.Actions {
		d.Actions[i].Sealed = nil
	}
	return d
}
