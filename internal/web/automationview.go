package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

// formExtra is what the form of an automation shows besides the automation.
type formExtra struct {
	fault, hint string
	spare       int // empty rows of conditions
	dry         *view.DryRun
	key         secret.Text // to be shown, of the action keyOf
	keyOf       int
	overtaken   string // who was faster; "" for nobody
}

// showAutomation shows an automation as a form.
func (v *visit) showAutomation(status int, a automation.Automation, x formExtra) error {
	b, err := v.formBuilder(&a)
	if err != nil {
		return err
	}
	page := b.page(x)
	for i := range a.Actions {
		form, err := b.action(i, x)
		if err != nil {
			return err
		}
		page.Actions = append(page.Actions, form)
	}
	return v.showStatus(status, page.Title, view.AutomationPage(page))
}

// formBuilder turns an automation into a form.
type formBuilder struct {
	v           *visit
	a           *automation.Automation
	collections []register.Collection
	fields      map[int64][]register.Field // by collection
	about       int64                      // the collection that it is about; 0 for several
	users       []view.Option
}

func (v *visit) formBuilder(a *automation.Automation) (*formBuilder, error) {
	b := &formBuilder{v: v, a: a, fields: map[int64][]register.Field{}}
	var err error
	if b.collections, err = v.site.Records.Collections(v.ctx(), v.who, v.module.Account, v.module.ID); err != nil {
		return nil, err
	}
	for _, c := range b.collections {
		if b.fields[c.ID], err = v.site.Records.FieldsFor(v.ctx(), v.who, v.module.Account, c.ID); err != nil {
			return nil, err
		}
	}
	if b.users, err = v.userOptions(); err != nil {
		return nil, err
	}
	t := &a.Trigger
	b.about = t.Collection
	for _, c := range b.collections {
		people := t.Kind == automation.PersonLeft || t.Kind == automation.LeaverHolds
		if people && c.Kind == register.People || b.about == 0 && !people && custodyKind(t.Kind) && c.Kind == register.Main {
			b.about = c.ID
		}
	}
	return b, nil
}

func custodyKind(k automation.Kind) bool {
	return slices.Contains([]automation.Kind{automation.CheckedOut, automation.CheckedIn, automation.Due, automation.Overdue}, k)
}

// page is the form without its actions.
func (b *formBuilder) page(x formExtra) view.AutomationForm {
	a, t := b.a, &b.a.Trigger
	page := view.AutomationForm{
		Crumbs: b.v.crumbs(view.Crumb{Name: "Automations", Path: automationsPath(b.v.module.ID)}),
		Title:  cmp.Or(a.Name, "Add an automation"), Path: automationPath(b.v.module.ID, a.ID), LogPath: automationPath(b.v.module.ID, a.ID) + "/log",
		Fault: x.fault, Hint: x.hint, Name: a.Name, On: a.On, Kind: string(t.Kind), When: t.Kind.String(), Version: view.Num(a.Version), Guard: view.Guard{Path: b.v.r.URL.Path, Told: x.overtaken},
		Any: a.Any, Hourly: view.Num(int64(a.Hourly)), Digest: minutes(a.Digest), Dry: x.dry, Words: automation.Words(),
	}
	if a.ID == 0 {
		page.New, page.Title, page.Path = true, "Add an automation", automationsPath(b.v.module.ID)+"/new"
	}
	for _, d := range automation.Deeds() {
		page.Deeds = append(page.Deeds, view.Option{Value: string(d), Label: d.String()})
	}
	for _, d := range automation.Everyday() {
		page.Digests = append(page.Digests, view.Option{Value: minutes(d), Label: digestWord(d)})
	}
	if !slices.Contains(automation.Everyday(), a.Digest) {
		page.Digests = append(page.Digests, view.Option{Value: minutes(a.Digest), Label: digestWord(a.Digest)})
	}
	page.Messages = slices.ContainsFunc(a.Actions, func(x automation.Action) bool { return x.Do == automation.Mail || x.Do == automation.Post })
	b.trigger(&page)
	b.conditions(&page, x.spare)
	return page
}

func minutes(d time.Duration) string { return view.Num(int64(d / time.Minute)) }

func digestWord(d time.Duration) string {
	if d == 0 {
		return "not at all: each goes at once"
	}
	if d%time.Hour == 0 {
		return fmt.Sprintf("for %d h", d/time.Hour)
	}
	return fmt.Sprintf("for %d min", d/time.Minute)
}

// trigger fills in what the kind of trigger asks for.
func (b *formBuilder) trigger(page *view.AutomationForm) {
	t := &b.a.Trigger
	days := make([]string, len(t.Days))
	for i, d := range t.Days {
		days[i] = view.Num(int64(d))
	}
	page.Collection, page.Field, page.Days = view.Num(t.Collection), view.Num(t.Field), strings.Join(days, ", ")
	switch t.Kind {
	case automation.Scheduled:
		page.Scheduled, page.Schedule, page.Zone = true, t.Schedule, t.TimeZone
		page.Collections = b.collectionOptions("no records: it is only about the time")
	case automation.Created, automation.Changed, automation.Archived:
		page.Collections = b.collectionOptions("any")
	case automation.CheckedOut, automation.CheckedIn, automation.Due, automation.Overdue:
		page.Collections = b.collectionOptions("any")
	case automation.SecretExpires:
		page.DaysLabel = "Days before, each told once"
		page.Days = cmp.Or(page.Days, "30, 14, 7, 1")
	case automation.SyncSilent:
		page.IntervalsLabel, page.Intervals = "After how many of the schedule's intervals", view.Num(int64(max(1, t.Intervals)))
	}
	if t.Kind == automation.Due {
		page.DaysLabel, page.Days = "How many days before", cmp.Or(page.Days, "1")
	}
	if t.Kind == automation.Changed && b.about != 0 {
		page.Watch = append([]view.Option{{Value: "0", Label: "any field"}}, fieldOptions(b.fields[b.about])...)
	}
}

func (b *formBuilder) collectionOptions(none string) []view.Option {
	out := []view.Option{{Value: "0", Label: none}}
	for _, c := range b.collections {
		out = append(out, view.Option{Value: view.Num(c.ID), Label: c.Name})
	}
	return out
}

func fieldOptions(fields []register.Field) []view.Option {
	var out []view.Option
	for _, f := range fields {
		if !f.Hidden {
			out = append(out, view.Option{Value: view.Num(f.ID), Label: f.Name})
		}
	}
	return out
}

// conditions fills in the rows of conditions, with an empty one at the end.
func (b *formBuilder) conditions(page *view.AutomationForm, spare int) {
	if b.about == 0 {
		return
	}
	page.Fields = fieldOptions(b.fields[b.about])
	for _, op := range []listing.Op{listing.Is, listing.IsNot, listing.Has, listing.AtLeast, listing.AtMost, listing.Empty, listing.NotEmpty} {
		page.Ops = append(page.Ops, view.Option{Value: string(op), Label: opWord(op)})
	}
	for _, c := range b.a.Conditions {
		page.Conditions = append(page.Conditions, view.ComparisonRow{Field: view.Num(c.Field), Op: string(c.Op), Text: c.Text})
	}
	for range 1 + spare {
		page.Conditions = append(page.Conditions, view.ComparisonRow{})
	}
}

// action is the form of one action.
func (b *formBuilder) action(i int, x formExtra) (view.ActionForm, error) {
	a := &b.a.Actions[i]
	form := view.ActionForm{
		Prefix: fmt.Sprintf("a%d", i), Do: string(a.Do), Title: titleCase(a.Do.String()), OfRecords: b.a.Trigger.OfRecords(),
		Subject: a.Subject, Text: a.Text, Note: a.Note, Full: a.Full,
	}
	switch a.Do {
	case automation.Mail:
		b.mail(&form, a)
	case automation.Post:
		form.URL, form.Shape = a.URL, string(a.Shape)
		form.Shapes = []view.Option{{Value: "muster", Label: "JSON with all that is known"}, {Value: "slack", Label: "Slack"}, {Value: "teams", Label: "Microsoft Teams"}}
		form.HasKey = len(a.Sealed) > 0 || b.a.ID != 0
		if x.keyOf == i {
			form.Key = x.key.Reveal() // an administrator asked for it, to give it to the receiver
		}
	case automation.SetField:
		form.Field, form.Value, form.SetOptions = view.Num(a.Field), a.Value, b.writable(b.about)
	case automation.CreateRecord:
		form.Collection, form.Collections = view.Num(a.Collection), b.collectionOptions("choose one")
		form.Values = b.valueInputs(form.Prefix, a)
	case automation.Sync:
		return form, b.sync(&form, a)
	}
	return form, nil
}

func (b *formBuilder) sync(form *view.ActionForm, a *automation.Action) error {
	list, err := b.v.site.Integrations.InModule(b.v.ctx(), b.v.who, b.v.module)
	form.Connection, form.Connections = view.Num(a.Connection), []view.Option{{Value: "0", Label: "all of this module"}}
	for _, c := range list {
		form.Connections = append(form.Connections, view.Option{Value: view.Num(c.ID), Label: "Microsoft Entra ID"})
	}
	return err
}

func (b *formBuilder) mail(form *view.ActionForm, a *automation.Action) {
	form.UserOptions = b.users
	var addresses []string
	for _, r := range a.To {
		switch r.Kind {
		case automation.Administrators:
			form.Admins = true
		case automation.Holder:
			form.Holder = true
		case automation.User:
			form.Users = append(form.Users, view.Num(r.Login))
		case automation.PersonField:
			form.PersonFields = append(form.PersonFields, view.Num(r.Field))
		case automation.Address:
			addresses = append(addresses, r.Address)
		}
	}
	form.Addresses = strings.Join(addresses, ", ")
	if len(form.Users) == 0 {
		form.Users = []string{""}
	}
	if len(form.PersonFields) == 0 {
		form.PersonFields = []string{""}
	}
	form.FieldOptions = []view.Option{{Value: "", Label: "nobody"}}
	for _, c := range b.collections {
		if b.about != 0 && c.ID != b.about && c.Kind != register.People {
			continue
		}
		for _, f := range b.fields[c.ID] {
			if f.Spec.Type == datatype.Email || f.Spec.Type == datatype.Link && b.isPeople(f.Spec.Collection) {
				form.FieldOptions = append(form.FieldOptions, view.Option{Value: view.Num(f.ID), Label: c.Name + ": " + f.Name})
			}
		}
	}
}

func (b *formBuilder) isPeople(collection int64) bool {
	return slices.ContainsFunc(b.collections, func(c register.Collection) bool { return c.ID == collection && c.Kind == register.People })
}

// writable are the fields that an automation can set.
func (b *formBuilder) writable(collection int64) []view.Option {
	return fieldOptions(slices.DeleteFunc(slices.Clone(b.fields[collection]), func(f register.Field) bool { return f.System }))
}

// valueInputs are the fields of a record to be created.
func (b *formBuilder) valueInputs(prefix string, a *automation.Action) []view.Field {
	var out []view.Field
	for _, f := range b.fields[a.Collection] {
		if f.System || f.Hidden {
			continue
		}
		in := view.Field{Name: prefix + "_v" + view.Num(f.ID), Label: f.Name}
		if f.Title {
			in.Help = "Words like {record} are filled in."
		}
		for _, text := range a.Values {
			if text.Field == f.ID {
				in.Value = text.Text
			}
		}
		out = append(out, in)
	}
	return out
}
