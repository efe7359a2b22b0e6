package automation

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// Step is one thing that an action does. Nothing is left to decide when it is
// carried out: a dry run shows steps, and a run does them.
type Step struct {
	Text string // what it does, as a sentence
	Body string // what a message says; "" for other steps
	Idle bool   // nothing is done, and Text says why

	letter     *Letter
	body       []byte // of a post
	connection int64
	many       *register.Many
	create     *register.Input
	checkIn    *checkIn
}

// checkIn is what is taken back: an asset, or all that a person holds.
type checkIn struct {
	record int64
	person bool
	note   string
}

func idle(format string, args ...any) Step {
	return Step{Text: fmt.Sprintf(format, args...), Idle: true}
}

// plan says what an action does about subjects. key tells the message that it
// makes, if any, apart from others.
func (s *Service) plan(ctx context.Context, a *Automation, seq int, subjects []Subject, key string) ([]Step, error) {
	action := &a.Actions[seq]
	w, err := s.writing(ctx, a, subjects)
	if err != nil {
		return nil, err
	}
	switch action.Do {
	case Sync:
		return s.planSync(ctx, a, action)
	case Mail:
		return s.planMail(ctx, w, seq, key)
	case Post:
		return s.planPost(w, action)
	case SetField:
		return s.planSet(ctx, w, action)
	case CreateRecord:
		return s.planCreate(ctx, w, action)
	case CheckIn:
		return s.planCheckIn(ctx, w, action)
	}
	return nil, errs.New(errs.Invalid, "there is no action %q", string(action.Do))
}

func (s *Service) writing(ctx context.Context, a *Automation, subjects []Subject) (*writing, error) {
	w := &writing{automation: a, baseURL: s.BaseURL, at: s.moment(), subjects: subjects}
	modules, err := s.Accounts.Modules(ctx, account.System(), a.Account)
	for _, m := range modules {
		if m.ID == a.Module {
			w.module = m.Name
		}
	}
	return w, err
}

// about narrows a writing to some of its subjects.
func (w *writing) about(subjects []Subject) *writing {
	narrow := *w
	narrow.subjects = subjects
	return &narrow
}

func (s *Service) planSync(ctx context.Context, a *Automation, action *Action) ([]Step, error) {
	list, err := s.connections(ctx, a)
	var out []Step
	for _, c := range list {
		if action.Connection != 0 && c.ID != action.Connection {
			continue
		}
		text := "Start a sync of Microsoft Entra ID."
		if action.Full {
			text = "Start a full sync of Microsoft Entra ID."
		}
		out = append(out, Step{Text: text, connection: c.ID})
	}
	if len(out) == 0 && err == nil {
		err = errs.New(errs.NotFound, "the integration to be synced is gone").WithHint("Edit the automation.")
	}
	return out, err
}

// planMail writes a letter to each recipient. What is above the hour's limit goes
// to the administrators, as one letter that names who was not written to.
func (s *Service) planMail(ctx context.Context, w *writing, seq int, key string) ([]Step, error) {
	a := w.automation
	action := &a.Actions[seq]
	book, err := s.recipients(ctx, a, action, w.subjects)
	if err != nil {
		return nil, err
	}
	sent, _, err := s.Store.Messages(ctx, a.ID, -1, w.at.Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	var out []Step
	fit := min(max(0, a.Hourly-sent), len(book.list))
	for _, to := range book.list[:fit] {
		narrow := w.about(to.subjects)
		out = append(out, letterStep(a, to.email, narrow.subject(action), narrow.body(action), key))
	}
	if rest := book.list[fit:]; len(rest) > 0 {
		step, err := s.planRest(ctx, w, rest, key)
		if err != nil {
			return nil, err
		}
		out = append(out, step...)
	}
	if len(book.unknown) > 0 {
		out = append(out, idle("Nobody is written to about %s: no email address is known.", told(book.unknown)))
	}
	if len(out) == 0 {
		out = append(out, idle("There is nobody to write to."))
	}
	return out, nil
}

func letterStep(a *Automation, to, subject, body, key string) Step {
	return Step{
		Text: fmt.Sprintf("Send to %s: %s.", to, subject), Body: body,
		letter: &Letter{Account: a.Account, Module: a.Module, To: to, Subject: subject, Text: body, Key: key + " " + to},
	}
}

// planRest tells the administrators who was not written to.
func (s *Service) planRest(ctx context.Context, w *writing, rest []addressed, key string) ([]Step, error) {
	a := w.automation
	list, err := s.Accounts.Administrators(ctx, a.Account, a.Module)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(rest))
	for i := range rest {
		names[i] = rest[i].email
	}
	const most = 100
	text := fmt.Sprintf("The automation %q of %s may send %d messages an hour. These %d were not written to:\n\n", a.Name, w.module, a.Hourly, len(rest))
	for _, name := range names[:min(most, len(names))] {
		text += "- " + name + "\n"
	}
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf("- and %d more\n", more)
	}
	text += "\nRun it by hand later, or raise its limit.\n"
	out := []Step{idle("%d are not written to, because the limit of %d messages an hour is reached: %s.", len(rest), a.Hourly, listed(names))}
	for _, l := range list {
		out = append(out, letterStep(a, l.Email, fmt.Sprintf("%s: %d were not written to", a.Name, len(rest)), text, key+" rest"))
	}
	return out, nil
}

func (s *Service) planPost(w *writing, action *Action) ([]Step, error) {
	u, err := url.Parse(action.URL)
	if err != nil {
		return nil, errs.New(errs.Invalid, "the address to post to is not a web address")
	}
	body, err := w.postBody(action)
	return []Step{{Text: fmt.Sprintf("Post to %s: %s.", u.Host, w.headline()), Body: string(body), body: body}}, err
}

// planSet sets a field of the records that do not hold the value already.
func (s *Service) planSet(ctx context.Context, w *writing, action *Action) ([]Step, error) {
	byCollection := map[int64][]int64{}
	var order []int64
	for i := range w.subjects {
		c := w.subjects[i].Collection
		if byCollection[c] == nil {
			order = append(order, c)
		}
		byCollection[c] = append(byCollection[c], w.subjects[i].Record)
	}
	var out []Step
	for _, collection := range order {
		step, err := s.planSetIn(ctx, w, action, collection, byCollection[collection])
		if err != nil {
			return nil, err
		}
		out = append(out, step)
	}
	if len(out) == 0 {
		out = append(out, idle("There is no record to change."))
	}
	return out, nil
}

func (s *Service) planSetIn(ctx context.Context, w *writing, action *Action, collection int64, ids []int64) (Step, error) {
	a := w.automation
	fields, err := s.Records.FieldsFor(ctx, a.actor(), a.Account, collection)
	if err != nil {
		return Step{}, err
	}
	f, err := fieldOf(fields, action.Field)
	if err != nil {
		return Step{}, err
	}
	v, err := s.value(ctx, f, w.fill(action.Value))
	if err != nil {
		return Step{}, err
	}
	records, err := s.Records.Load(ctx, ids)
	if err != nil {
		return Step{}, err
	}
	many := &register.Many{Account: a.Account, Collection: collection, Set: []register.FieldValue{{Field: f.ID, Value: v}}, Note: noteOf(a, action)}
	var changed []Subject
	for i := range records {
		if r := &records[i]; r.Value(f.ID) != v && !r.Archived() {
			many.Records = append(many.Records, r.ID)
			changed = append(changed, Subject{Title: r.Title})
		}
	}
	if len(changed) == 0 {
		return idle("%s is as it should be already.", f.Name), nil
	}
	to := "to " + w.fill(action.Value)
	if v.IsEmpty() {
		to = "to nothing"
	}
	return Step{Text: fmt.Sprintf("Set %s of %s %s.", f.Name, told(changed), to), many: many}, nil
}

// noteOf is what the history of a record says.
func noteOf(a *Automation, action *Action) string {
	if action.Note != "" {
		return action.Note
	}
	return "by the automation " + a.Name
}

// value reads a text for a field; links are by the name of the record.
func (s *Service) value(ctx context.Context, f register.Field, text string) (datatype.Value, error) {
	if text == "" {
		return datatype.Value{}, nil
	}
	if f.Spec.Type != datatype.Link {
		v, err := datatype.Parse(f.Spec, text)
		if err != nil {
			return v, errs.New(errs.Invalid, "field %s", f.Name).Because(err)
		}
		return v, nil
	}
	key := datatype.KeyOfText(text)
	found, err := s.Records.FindByTitle(ctx, f.Spec.Collection, []string{key})
	if err != nil {
		return datatype.Value{}, err
	}
	if len(found[key]) != 1 {
		return datatype.Value{}, errs.New(errs.NotFound, "field %s: there are %d records named %q", f.Name, len(found[key]), text)
	}
	return datatype.OfRecord(found[key][0]), nil
}

// planCreate creates a record for each subject, or one when it is about nothing.
func (s *Service) planCreate(ctx context.Context, w *writing, action *Action) ([]Step, error) {
	a := w.automation
	c, err := s.Records.Collection(ctx, a.actor(), a.Account, action.Collection)
	if err != nil {
		return nil, err
	}
	fields, err := s.Records.FieldsFor(ctx, a.actor(), a.Account, c.ID)
	if err != nil {
		return nil, err
	}
	each := [][]Subject{nil}
	if len(w.subjects) > 0 {
		each = slices.Collect(slices.Chunk(w.subjects, 1))
	}
	out := make([]Step, len(each))
	for i, subjects := range each {
		one := w.about(subjects)
		in := &register.Input{Account: a.Account, Collection: c.ID, Note: noteOf(a, action)}
		name := "a record"
		for _, text := range action.Values {
			f, err := fieldOf(fields, text.Field)
			if err != nil {
				return nil, err
			}
			v, err := s.value(ctx, f, one.fill(text.Text))
			if err != nil {
				return nil, err
			}
			in.Set = append(in.Set, register.FieldValue{Field: f.ID, Value: v})
			if f.Title {
				name = v.String()
			}
		}
		out[i] = Step{Text: fmt.Sprintf("Create %s in %s.", name, c.Name), create: in}
	}
	return out, nil
}

// planCheckIn takes back assets that are held, and of people all that they hold.
func (s *Service) planCheckIn(ctx context.Context, w *writing, action *Action) ([]Step, error) {
	a := w.automation
	var out []Step
	for _, chunk := range slicesOf(w.subjects, 200) {
		ids := make([]int64, len(chunk))
		for i := range chunk {
			ids[i] = chunk[i].Record
		}
		held, err := s.Records.Held(ctx, a.actor(), a.Account, ids)
		if err != nil {
			return nil, err
		}
		holding, err := s.Records.HeldBy(ctx, a.actor(), a.Account, ids)
		if err != nil {
			return nil, err
		}
		things := map[int64][]string{}
		for _, c := range holding {
			things[c.Holder] = append(things[c.Holder], c.AssetTitle)
		}
		for _, one := range chunk {
			if c, ok := held[one.Record]; ok {
				out = append(out, Step{Text: fmt.Sprintf("Check in %s from %s.", c.AssetTitle, c.HolderTitle), checkIn: &checkIn{record: one.Record, note: noteOf(a, action)}})
			} else if names := things[one.Record]; len(names) > 0 {
				out = append(out, Step{Text: fmt.Sprintf("Check in %s from %s.", listed(names), one.Title), checkIn: &checkIn{record: one.Record, person: true, note: noteOf(a, action)}})
			}
		}
	}
	if len(out) == 0 {
		out = append(out, idle("Nothing is checked out."))
	}
	return out, nil
}

func slicesOf(list []Subject, n int) [][]Subject { return slices.Collect(slices.Chunk(list, n)) }
