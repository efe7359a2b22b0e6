package automation

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/syncer"
)

// Bounds of texts, in bytes.
const (
	nameMost    = 120
	subjectMost = 200
	textMost    = 10_000
	keyLeast    = 16
)

// checked returns an automation as it is stored, or why it cannot be. What it
// refers to has to be in its module, or in its account for people and links.
func (s *Service) checked(ctx context.Context, p account.Principal, in, old Automation) (Automation, error) {
	a := in
	a.Looked, a.Fired, a.Ready = old.Looked, old.Fired, old.Ready
	if in.Ready != "" && old.ID == 0 {
		a.Ready = in.Ready
	}
	a.Name = strings.TrimSpace(a.Name)
	a.Conditions, a.Actions = slices.Clone(a.Conditions), slices.Clone(a.Actions)
	a.Trigger.Days = slices.Clone(a.Trigger.Days)
	switch {
	case a.Name == "" || len(a.Name) > nameMost || strings.ContainsFunc(a.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return a, errs.New(errs.Invalid, "an automation needs a name of at most %d characters", nameMost)
	case len(a.Actions) == 0:
		return a, errs.New(errs.Invalid, "the automation does nothing").WithHint("Add an action.")
	case len(a.Actions) > mostActions || len(a.Conditions) > mostConditions:
		return a, errs.New(errs.Invalid, "an automation has at most %d actions and %d conditions", mostActions, mostConditions)
	case !wholeMinutes(a.Digest):
		return a, errs.New(errs.Invalid, "messages are gathered for whole minutes, a week at most")
	}
	if a.Hourly == 0 {
		a.Hourly = DefaultHourly
	}
	if a.Hourly < 0 || a.Hourly > mostHourly {
		return a, errs.New(errs.Invalid, "between 1 and %d messages may leave an hour", mostHourly)
	}
	if err := a.Trigger.check(); err != nil {
		return a, err
	}
	if err := s.checkTrigger(ctx, p, &a); err != nil {
		return a, err
	}
	for i := range a.Actions {
		if err := s.checkAction(ctx, p, &a, i, old.Actions); err != nil {
			return a, errs.Wrap(err, fmt.Sprintf("action %d", i+1))
		}
	}
	return a, nil
}

// checkTrigger looks up the collection and fields of a trigger and conditions.
func (s *Service) checkTrigger(ctx context.Context, p account.Principal, a *Automation) error {
	t := &a.Trigger
	if t.Collection != 0 {
		c, err := s.Records.Collection(ctx, p, a.Account, t.Collection)
		if err != nil || c.Module != a.Module {
			return errs.New(errs.NotFound, "the module has no such collection")
		}
		if t.Kind != Scheduled && !t.OfRecords() {
			t.Collection = 0
		}
	}
	if len(a.Conditions) == 0 && t.Field == 0 {
		return nil
	}
	if !t.OfRecords() {
		return errs.New(errs.Invalid, "conditions need a trigger that is about records").WithHint("Leave the conditions out, or choose another trigger.")
	}
	if t.Collection == 0 && !t.Kind.ofPeople() && !t.Kind.ofCustody() {
		return errs.New(errs.Invalid, "conditions need a collection").WithHint("Choose the collection whose fields are compared.")
	}
	collection, err := s.collectionOf(ctx, a)
	if err != nil {
		return err
	}
	t.Collection = collection
	fields, err := s.Records.FieldsFor(ctx, p, a.Account, collection)
	if err != nil {
		return err
	}
	if t.Field != 0 {
		if _, err := fieldOf(fields, t.Field); err != nil {
			return errs.New(errs.NotFound, "the collection has no such field to watch")
		}
	}
	for i, c := range a.Conditions {
		f, err := fieldOf(fields, c.Field)
		if err != nil {
			return errs.New(errs.NotFound, "condition %d: the collection has no such field", i+1)
		}
		if _, err := listing.ParseCondition(f, c.Op, c.Text); err != nil {
			return errs.Wrap(err, fmt.Sprintf("condition %d", i+1))
		}
	}
	return nil
}

// checkAction looks up what an action refers to, and seals its key.
func (s *Service) checkAction(ctx context.Context, p account.Principal, a *Automation, seq int, old []Action) error {
	action := &a.Actions[seq]
	if err := action.check(&a.Trigger); err != nil {
		return err
	}
	if len(action.Subject) > subjectMost || len(action.Text) > textMost || len(action.Note) > textMost || len(action.Value) > textMost {
		return errs.New(errs.Invalid, "a text is too long: %d characters fit a subject, %d others", subjectMost, textMost)
	}
	switch action.Do {
	case Sync:
		list, err := s.connections(ctx, a)
		if err != nil {
			return err
		}
		if action.Connection != 0 && !slices.ContainsFunc(list, func(c syncer.Connection) bool { return c.ID == action.Connection }) {
			return errs.New(errs.NotFound, "the module has no such integration")
		}
	case Mail:
		return s.checkRecipients(ctx, p, a, action)
	case Post:
		if err := s.Post.checkAddress(action.URL); err != nil {
			return err
		}
		return s.sealKey(a, action, seq, old)
	case SetField:
		return s.checkSet(ctx, p, a, action)
	case CreateRecord:
		return s.checkCreate(ctx, p, a, action)
	}
	return nil
}

// checkRecipients looks up users and fields. A field may be of the records that
// the trigger is about, or of people, who hold them.
func (s *Service) checkRecipients(ctx context.Context, p account.Principal, a *Automation, action *Action) error {
	for _, r := range action.To {
		switch r.Kind {
		case User:
			if _, err := s.Accounts.Login(ctx, p, r.Login); err != nil {
				return errs.New(errs.NotFound, "there is no such user in this module")
			}
		case PersonField:
			fields, err := s.recipientFields(ctx, p, a)
			if err != nil {
				return err
			}
			if _, err := fieldOf(fields, r.Field); err != nil {
				return errs.New(errs.NotFound, "neither the record nor its holder has such a field to lead to a recipient")
			}
		}
	}
	return nil
}

// recipientFields returns the fields that can lead to a recipient.
func (s *Service) recipientFields(ctx context.Context, p account.Principal, a *Automation) ([]register.Field, error) {
	all, err := s.Records.Collections(ctx, p, a.Account, a.Module)
	var out []register.Field
	for _, c := range all {
		if a.Trigger.Collection != 0 && c.ID != a.Trigger.Collection && c.Kind != register.People {
			continue
		}
		fields, err := s.Records.FieldsFor(ctx, p, a.Account, c.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, fields...)
	}
	return out, err
}

func (s *Service) checkSet(ctx context.Context, p account.Principal, a *Automation, action *Action) error {
	collection, err := s.collectionOf(ctx, a)
	if err != nil {
		return err
	}
	a.Trigger.Collection = collection
	fields, err := s.Records.FieldsFor(ctx, p, a.Account, collection)
	if err != nil {
		return err
	}
	return s.checkText(ctx, fields, FieldText{action.Field, action.Value})
}

// checkText refuses a text that its field does not take. With words in braces it
// shows when they are filled in.
func (s *Service) checkText(ctx context.Context, fields []register.Field, text FieldText) error {
	f, err := fieldOf(fields, text.Field)
	switch {
	case err != nil:
		return errs.New(errs.NotFound, "the collection has no such field")
	case f.System:
		return errs.New(errs.Forbidden, "field %s is written by Muster only", f.Name)
	case strings.Contains(text.Text, "{"):
		return nil
	}
	_, err = s.value(ctx, f, text.Text)
	return err
}

func (s *Service) checkCreate(ctx context.Context, p account.Principal, a *Automation, action *Action) error {
	c, err := s.Records.Collection(ctx, p, a.Account, action.Collection)
	if err != nil || c.Module != a.Module {
		return errs.New(errs.NotFound, "the module has no such collection")
	}
	fields, err := s.Records.FieldsFor(ctx, p, a.Account, c.ID)
	if err != nil {
		return err
	}
	given := map[int64]bool{}
	for _, text := range action.Values {
		if given[text.Field] {
			return errs.New(errs.Invalid, "a field is set twice")
		}
		given[text.Field] = true
		if err := s.checkText(ctx, fields, text); err != nil {
			return err
		}
	}
	for _, f := range fields {
		if f.Spec.Required && !given[f.ID] {
			return errs.New(errs.Invalid, "field %s is required", f.Name)
		}
	}
	return nil
}

// sealKey puts the key of a post into its stored form. Without one it keeps the
// key that posts to the same address had, or gets one of its own.
func (s *Service) sealKey(a *Automation, action *Action, seq int, old []Action) error {
	action.Sealed = nil
	if action.Secret.IsZero() {
		for i := range old {
			if old[i].Do == Post && old[i].URL == action.URL && (i == seq || len(action.Sealed) == 0) {
				action.Sealed = old[i].Sealed
			}
		}
		if len(action.Sealed) > 0 {
			return nil
		}
		action.Secret = secret.New(rand.Text() + rand.Text())
	}
	if len(action.Secret.Reveal()) < keyLeast {
		return errs.New(errs.Invalid, "the key is too short: %d characters at least", keyLeast).WithHint("Leave it empty to have one made.")
	}
	sealed, err := s.Keys.Seal([]byte(action.Secret.Reveal()), keySubject(a.Module))
	action.Sealed, action.Secret = sealed, secret.Text{}
	return err
}

// keySubject is the additional data under which keys are sealed: they cannot be
// moved to another module.
func keySubject(module int64) string { return fmt.Sprintf("automation/%d", module) }

// signingKey returns what the posts of an action are signed with.
func (s *Service) signingKey(a *Automation, seq int) (secret.Text, error) {
	plain, err := s.Keys.Open(a.Actions[seq].Sealed, keySubject(a.Module))
	if err != nil {
		return secret.Text{}, errs.Wrap(err, "open the key of the post")
	}
	return secret.New(string(plain)), nil
}

// SigningKey returns the key of a post to an administrator, who gives it to the
// receiver.
func (s *Service) SigningKey(ctx context.Context, p account.Principal, id int64, seq int) (secret.Text, error) {
	a, err := s.Automation(ctx, p, id)
	if err != nil {
		return secret.Text{}, err
	}
	if seq < 0 || seq >= len(a.Actions) || a.Actions[seq].Do != Post {
		return secret.Text{}, errs.New(errs.NotFound, "the automation has no such post")
	}
	return s.signingKey(&a, seq)
}

// TrySecrets opens the key of each post, and returns how many there are and the
// first fault.
func (s *Service) TrySecrets(ctx context.Context) (n int, err error) {
	all, err := s.Store.Automations(ctx, 0)
	for i := range all {
		for j := range all[i].Actions {
			if len(all[i].Actions[j].Sealed) == 0 {
				continue
			}
			n++
			if _, fault := s.signingKey(&all[i], j); fault != nil && err == nil {
				err = fault
			}
		}
	}
	return n, err
}

// Reseal seals keys with the newest key of the keyring. It returns how many it
// changed.
func (s *Service) Reseal(ctx context.Context) (n int, err error) {
	all, err := s.Store.Automations(ctx, 0)
	for i := range all {
		a := &all[i]
		changed := 0
		for j := range a.Actions {
			if len(a.Actions[j].Sealed) == 0 || s.Keys.Current(a.Actions[j].Sealed) {
				continue
			}
			plain, err := s.signingKey(a, j)
			if err != nil {
				return n, err
			}
			if a.Actions[j].Sealed, err = s.Keys.Seal([]byte(plain.Reveal()), keySubject(a.Module)); err != nil {
				return n, err
			}
			changed++
		}
		if changed > 0 {
			if _, err := s.Store.SaveAutomation(ctx, *a, a.UpdatedAt); err != nil {
				return n, err
			}
			n += changed
		}
	}
	return n, err
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address"
	}
	return u.Host
}
