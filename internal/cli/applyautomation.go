package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
)

// automation makes or changes an automation of a module.
func (s *setUp) automation(ctx context.Context, m account.Module, in config.Automation) error {
	all, err := s.automations.List(ctx, s.me, m)
	if err != nil {
		return err
	}
	var old automation.Automation
	if i := slices.IndexFunc(all, func(a automation.Automation) bool { return strings.EqualFold(a.Name, in.Name) }); i >= 0 {
		old = all[i]
	}
	want, err := s.automationFrom(ctx, m, in)
	if err != nil {
		return err
	}
	want.ID, want.Version = old.ID, old.Version
	if old.ID == 0 {
		s.say("+ automation %s", in.Name)
	} else {
		same, err := s.automations.Same(ctx, s.me, want)
		if err != nil || same {
			return err
		}
		s.say("~ automation %s", in.Name)
	}
	_, err = s.automations.Save(ctx, s.me, want)
	return err
}

// automationFrom resolves the names of a file.
func (s *setUp) automationFrom(ctx context.Context, m account.Module, in config.Automation) (automation.Automation, error) {
	out := automation.Automation{Account: m.Account, Module: m.ID, Name: in.Name, On: in.On}
	out.Any, out.Digest, out.Hourly = in.Match == "any", time.Duration(in.DigestMinutes)*time.Minute, in.MessagesPerHour
	out.Trigger = automation.Trigger{Kind: automation.Kind(in.Trigger.When), Days: in.Trigger.Days, Intervals: in.Trigger.Intervals}
	if out.Trigger.Kind == automation.Scheduled {
		out.Trigger.Schedule, out.Trigger.TimeZone = in.Trigger.Schedule.String(), in.Trigger.TimeZone
	}
	about, err := s.aboutFields(ctx, m, in, &out.Trigger)
	if err != nil {
		return out, err
	}
	if in.Trigger.Field != "" {
		if out.Trigger.Field, err = fieldNamed(about, in.Trigger.Field); err != nil {
			return out, at(in.Trigger.At("field"), err)
		}
	}
	for _, c := range in.Conditions {
		field, err := fieldNamed(about, c.Field)
		if err != nil {
			return out, at(c.At("field"), err)
		}
		out.Conditions = append(out.Conditions, automation.Condition{Field: field, Op: listing.Op(c.Operator), Text: c.Value})
	}
	for _, a := range in.Actions {
		action, err := s.actionFrom(ctx, m, a, about)
		if err != nil {
			return out, at(a.Pos, err)
		}
		out.Actions = append(out.Actions, action)
	}
	return out, nil
}

// aboutFields returns the fields of the collection that an automation is about:
// the one it names, else the people or the assets.
func (s *setUp) aboutFields(ctx context.Context, m account.Module, in config.Automation, t *automation.Trigger) ([]register.Field, error) {
	all, err := s.records.ModuleCollections(ctx, m.Account, m.ID)
	if err != nil {
		return nil, err
	}
	kind := register.Main
	if t.Kind == automation.PersonLeft || t.Kind == automation.LeaverHolds {
		kind = register.People
	}
	for _, c := range all {
		switch {
		case in.Trigger.Collection != "" && strings.EqualFold(c.Name, in.Trigger.Collection):
			t.Collection = c.ID
		case in.Trigger.Collection == "" && c.Kind == kind:
		default:
			continue
		}
		return s.records.Fields(ctx, m.Account, c.ID)
	}
	return nil, at(in.Trigger.At("collection"), errs.New(errs.NotFound, "there is no collection %q", in.Trigger.Collection))
}

func fieldNamed(fields []register.Field, name string) (int64, error) {
	i := slices.IndexFunc(fields, func(f register.Field) bool { return strings.EqualFold(f.Name, name) })
	if i < 0 {
		return 0, errs.New(errs.NotFound, "there is no field %q", name)
	}
	return fields[i].ID, nil
}

func (s *setUp) actionFrom(ctx context.Context, m account.Module, in config.Action, about []register.Field) (automation.Action, error) {
	out := automation.Action{
		Do: automation.Deed(in.Do), Full: in.Full, Subject: in.Subject, Text: in.Text,
		URL: in.URL, Shape: automation.Shape(in.Shape), Secret: in.Key, Value: in.Value, Note: in.Note,
	}
	var err error
	if in.Field != "" {
		if out.Field, err = fieldNamed(about, in.Field); err != nil {
			return out, err
		}
	}
	for _, text := range in.To {
		r, err := s.recipientFrom(ctx, m, text, about)
		if err != nil {
			return out, err
		}
		out.To = append(out.To, r)
	}
	if in.Collection == "" {
		return out, nil
	}
	c, err := s.collection(ctx, m, in.Collection)
	if err != nil {
		return out, err
	}
	fields, err := s.records.Fields(ctx, m.Account, c.ID)
	if err != nil {
		return out, err
	}
	out.Collection = c.ID
	for _, v := range in.Values {
		field, err := fieldNamed(fields, v.Field)
		if err != nil {
			return out, err
		}
		out.Values = append(out.Values, automation.FieldText{Field: field, Text: v.Text})
	}
	return out, nil
}

// recipientFrom reads a recipient: "administrators", "holder", "field NAME",
// "user EMAIL", or an address.
func (s *setUp) recipientFrom(ctx context.Context, m account.Module, text string, about []register.Field) (automation.Recipient, error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch {
	case rest == "" && (word == string(automation.Administrators) || word == string(automation.Holder)):
		return automation.Recipient{Kind: automation.RecipientKind(word)}, nil
	case word == string(automation.User) && rest != "":
		l, err := s.accounts.FindLogin(ctx, s.me, strings.TrimSpace(rest))
		return automation.Recipient{Kind: automation.User, Login: l.ID}, err
	case word == "field" && rest != "":
		field, err := fieldNamed(about, strings.TrimSpace(rest))
		if err != nil { // of who holds the thing
			people, fault := s.collectionOfPeople(ctx, m)
			if fault != nil {
				return automation.Recipient{}, fault
			}
			field, err = fieldNamed(people, strings.TrimSpace(rest))
		}
		return automation.Recipient{Kind: automation.PersonField, Field: field}, err
	}
	return automation.Recipient{Kind: automation.Address, Address: text}, nil
}

func (s *setUp) collectionOfPeople(ctx context.Context, m account.Module) ([]register.Field, error) {
	all, err := s.records.ModuleCollections(ctx, m.Account, m.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Kind == register.People {
			return s.records.Fields(ctx, m.Account, c.ID)
		}
	}
	return nil, nil
}
