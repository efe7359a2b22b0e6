package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

// newAutomation is the form of another automation, for the trigger that was
// chosen.
func (s *Site) newAutomation(v *visit) error {
	kind := automation.Kind(v.text("when"))
	if !slices.Contains(automation.Kinds(), kind) {
		return v.goTo(automationsPath(v.module.ID) + "#add")
	}
	a := automation.Automation{On: true, Definition: automation.Definition{
		Trigger: automation.Trigger{Kind: kind, Schedule: "daily at 08:00", TimeZone: zoneName(v), Intervals: 3},
		Actions: []automation.Action{{Do: automation.Mail, To: []automation.Recipient{{Kind: automation.Administrators}}}},
		Digest:  automation.DefaultDigest, Hourly: automation.DefaultHourly,
	}}
	return v.showAutomation(http.StatusOK, a, formExtra{})
}

// zoneName is the viewer's time zone by name.
func zoneName(v *visit) string {
	if name := v.frame.Zone.String(); name != "Local" {
		return name
	}
	return "UTC"
}

// editAutomation is the form of an automation.
func (s *Site) editAutomation(v *visit) error {
	a, err := v.automationOf()
	if err != nil {
		return err
	}
	return v.showAutomation(http.StatusOK, a, formExtra{})
}

// createAutomation and saveAutomation do what the form's button says: save, or
// show the form once more with another row, other fields, or a dry run.
func (s *Site) createAutomation(v *visit) error {
	return v.actOnAutomation(automation.Automation{})
}

func (s *Site) saveAutomation(v *visit) error {
	old, err := v.automationOf()
	if err != nil {
		return err
	}
	return v.actOnAutomation(old)
}

func (v *visit) actOnAutomation(old automation.Automation) error {
	a := v.readAutomation(old)
	act, what, _ := strings.Cut(v.text("act"), ":")
	switch act {
	case "dry":
		return v.dryRun(a)
	case "key":
		return v.showKey(old, a, what)
	case "add":
		if slices.Contains(automation.Deeds(), automation.Deed(what)) {
			a.Actions = append(a.Actions, automation.Action{Do: automation.Deed(what)})
		}
		return v.showAutomation(http.StatusOK, a, formExtra{})
	case "remove":
		if i, err := strconv.Atoi(strings.TrimPrefix(what, "a")); err == nil && i >= 0 && i < len(a.Actions) {
			a.Actions = slices.Delete(a.Actions, i, i+1)
		}
		return v.showAutomation(http.StatusOK, a, formExtra{})
	case "condition":
		return v.showAutomation(http.StatusOK, a, formExtra{spare: 1})
	case "refresh":
		return v.showAutomation(http.StatusOK, a, formExtra{})
	}
	if a.ID != 0 && a.Version != old.Version {
		a.Version = old.Version // of which the form now knows
		return v.showAutomation(http.StatusConflict, a, formExtra{overtaken: v.overtaken(subject{"automation", a.ID})})
	}
	saved, err := v.site.Automations.Save(v.ctx(), v.who, a)
	if refused(err) || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Forbidden) {
		return v.showAutomation(http.StatusUnprocessableEntity, a, formExtra{fault: sentence(err, http.StatusUnprocessableEntity), hint: errs.HintOf(err)})
	}
	if err != nil {
		return err
	}
	v.flash(true, saved.Name+" is saved.")
	return v.goTo(automationsPath(v.module.ID))
}

// dryRun shows the form with what the automation would do, as it is in the form.
func (v *visit) dryRun(a automation.Automation) error {
	if a.Name == "" {
		a.Name = "Automation"
	}
	subjects, plan, err := v.site.Automations.DryRun(v.ctx(), v.who, a)
	if refused(err) || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Forbidden) {
		return v.showAutomation(http.StatusUnprocessableEntity, a, formExtra{fault: sentence(err, http.StatusUnprocessableEntity), hint: errs.HintOf(err)})
	}
	if err != nil {
		return err
	}
	dry := &view.DryRun{}
	dry.About, dry.More = aboutLines(subjects)
	for _, p := range plan {
		one := view.DryAction{Title: titleCase(p.Do.String())}
		if p.Err != nil {
			one.Fault, one.Hint = sentence(p.Err, http.StatusUnprocessableEntity), errs.HintOf(p.Err)
		}
		for _, step := range p.Steps {
			one.Steps = append(one.Steps, view.DryStep{Text: step.Text, Body: step.Body, Idle: step.Idle})
		}
		dry.Actions = append(dry.Actions, one)
	}
	return v.showAutomation(http.StatusOK, a, formExtra{dry: dry})
}

// showKey shows the form with the key that a stored post is signed with.
func (v *visit) showKey(old, a automation.Automation, prefix string) error {
	seq, err := strconv.Atoi(strings.TrimPrefix(prefix, "a"))
	if err != nil {
		return notHere()
	}
	key, err := v.site.Automations.SigningKey(v.ctx(), v.who, old.ID, seq)
	if errs.Is(err, errs.NotFound) {
		return v.showAutomation(http.StatusUnprocessableEntity, a, formExtra{fault: "The post has no key yet.", hint: "Save the automation first."})
	}
	if err != nil {
		return err
	}
	return v.showAutomation(http.StatusOK, a, formExtra{key: key, keyOf: seq})
}

// readAutomation reads the form. What the form does not have is as it was.
func (v *visit) readAutomation(old automation.Automation) automation.Automation {
	a := old
	a.Account, a.Module, a.Name, a.On = v.module.Account, v.module.ID, v.text("name"), v.text("on") == "yes"
	a.Version = v.numberIn("version")
	a.Trigger = automation.Trigger{
		Kind: automation.Kind(v.text("kind")), Schedule: v.text("schedule"), TimeZone: v.text("zone"),
		Collection: v.numberIn("collection"), Field: v.numberIn("field"), Days: numbersIn(v.text("days")), Intervals: int(v.numberIn("intervals")),
	}
	a.Any = v.text("any") == "yes"
	a.Conditions = v.readComparisons()
	a.Actions = nil
	for i := range 100 { // more than can be saved
		prefix := fmt.Sprintf("a%d", i)
		if v.text(prefix+"_do") == "" {
			break
		}
		a.Actions = append(a.Actions, v.readAction(prefix))
	}
	if minutes, err := strconv.Atoi(v.text("digest")); err == nil {
		a.Digest = time.Duration(minutes) * time.Minute
	}
	if n := v.numberIn("hourly"); n != 0 {
		a.Hourly = int(n)
	}
	return a
}

// numbersIn reads numbers with anything between them.
func numbersIn(text string) []int {
	var out []int
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(word); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// readComparisons reads the rows of conditions; those without a field are left out.
func (v *visit) readComparisons() []automation.Condition {
	at := func(name string, i int) string {
		if values := v.r.Form[name]; i < len(values) {
			return strings.TrimSpace(values[i])
		}
		return ""
	}
	var out []automation.Condition
	for i := range v.r.Form["condition_field"] {
		field, err := strconv.ParseInt(at("condition_field", i), 10, 64)
		if err != nil {
			continue
		}
		c := automation.Condition{Field: field, Op: listing.Op(at("condition_op", i)), Text: at("condition_text", i)}
		if !c.Op.Needs() {
			c.Text = ""
		}
		out = append(out, c)
	}
	return out
}

func (v *visit) readAction(prefix string) automation.Action {
	text := func(name string) string { return v.text(prefix + "_" + name) }
	a := automation.Action{Do: automation.Deed(text("do")), Note: text("note")}
	switch a.Do {
	case automation.Sync:
		a.Connection, a.Full = v.numberIn(prefix+"_connection"), text("full") == "yes"
	case automation.Mail:
		a.To, a.Subject, a.Text = v.readRecipients(prefix), text("subject"), text("text")
	case automation.Post:
		a.URL, a.Shape, a.Text, a.Secret = text("url"), automation.Shape(text("shape")), text("text"), secret.New(text("secret"))
	case automation.SetField:
		a.Field, a.Value = v.numberIn(prefix+"_set"), text("value")
	case automation.CreateRecord:
		a.Collection = v.numberIn(prefix + "_collection")
		for name := range v.r.Form {
			field, ok := strings.CutPrefix(name, prefix+"_v")
			if id, err := strconv.ParseInt(field, 10, 64); ok && err == nil && v.text(name) != "" {
				a.Values = append(a.Values, automation.FieldText{Field: id, Text: v.text(name)})
			}
		}
		slices.SortFunc(a.Values, func(x, y automation.FieldText) int { return cmp.Compare(x.Field, y.Field) })
	}
	return a
}

func (v *visit) readRecipients(prefix string) []automation.Recipient {
	var out []automation.Recipient
	if v.text(prefix+"_admins") == "yes" {
		out = append(out, automation.Recipient{Kind: automation.Administrators})
	}
	if v.text(prefix+"_holder") == "yes" {
		out = append(out, automation.Recipient{Kind: automation.Holder})
	}
	for _, text := range v.r.Form[prefix+"_user"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			out = append(out, automation.Recipient{Kind: automation.User, Login: id})
		}
	}
	for _, text := range v.r.Form[prefix+"_person"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			out = append(out, automation.Recipient{Kind: automation.PersonField, Field: id})
		}
	}
	for _, address := range strings.FieldsFunc(v.text(prefix+"_addresses"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		out = append(out, automation.Recipient{Kind: automation.Address, Address: address})
	}
	return out
}

// usersOffered is how many users a list of recipients offers at most.
const usersOffered = 200

// userOptions are the users of the module to choose a recipient from.
func (v *visit) userOptions() ([]view.Option, error) {
	out := []view.Option{{Value: "", Label: "nobody"}}
	list, _, err := v.site.Accounts.PageLogins(v.ctx(), v.who, account.LoginQuery{
		LoginFilter: account.LoginFilter{Account: v.module.Account, Module: v.module.ID, State: account.Active}, Limit: usersOffered,
	})
	for _, l := range list {
		out = append(out, view.Option{Value: view.Num(l.ID), Label: cmp.Or(l.Name, l.Email)})
	}
	return out, err
}
