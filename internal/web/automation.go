package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/web/view"
)

func automationsPath(module int64) string { return modulePath(module) + "/automations" }

func automationPath(module, id int64) string {
	return fmt.Sprintf("%s/automations/%d", modulePath(module), id)
}

// automations lists what the module does by itself: its automations, and the
// schedules of its integrations.
func (s *Site) automations(v *visit) error {
	if err := v.equip(); err != nil {
		return err
	}
	list, err := s.Automations.List(v.ctx(), v.who, v.module)
	if err != nil {
		return err
	}
	last, err := s.Automations.LastFirings(v.ctx(), v.who, v.module)
	if err != nil {
		return err
	}
	page := view.Automations{Crumbs: v.crumbs(), Path: automationsPath(v.module.ID), Kinds: kindOptions()}
	if page.Schedules, err = v.scheduleRows(); err != nil {
		return err
	}
	for i := range list {
		a := &list[i]
		row := view.AutomationRow{
			Name: a.Name, Path: automationPath(a.Module, a.ID), When: whenOf(a), Does: doesOf(a), On: a.On, Next: a.Next,
		}
		if f, ok := last[a.ID]; ok {
			row.Last, row.LastAt = firingStatus(f.State()), f.At
		}
		page.List = append(page.List, row)
	}
	if slices.ContainsFunc(list, mails) {
		ready, err := s.Mail.SetUp(v.ctx())
		if err != nil {
			return err
		}
		page.Unmailed, page.MaySetUp = !ready, v.who.OrganizationAdmin()
	}
	return v.show("Automations", view.AutomationsPage(v.frame, page))
}

// mails reports whether an automation is on and sends letters.
func mails(a automation.Automation) bool {
	return a.On && slices.ContainsFunc(a.Actions, func(x automation.Action) bool { return x.Do == automation.Mail })
}

// equip gives the module its ready-made automations when it has a mapping, so
// that they are there when the page of the first mapping leads here.
func (v *visit) equip() error {
	list, err := v.site.Integrations.InModule(v.ctx(), v.who, v.module)
	for _, c := range list {
		if err != nil {
			break
		}
		maps, fault := v.site.Integrations.Mappings(v.ctx(), v.who, c.ID)
		if err = fault; err == nil && len(maps) > 0 {
			err = v.site.Automations.Equip(v.ctx(), v.who, v.module)
		}
	}
	return err
}

// scheduleRows are the integrations that sync by themselves.
func (v *visit) scheduleRows() ([]view.ScheduleRow, error) {
	list, err := v.site.Integrations.InModule(v.ctx(), v.who, v.module)
	var out []view.ScheduleRow
	for _, c := range list {
		var when []string
		if words := c.Schedule.Incremental; words != "" && words != "off" {
			when = append(when, "changes "+words)
		}
		if words := c.Schedule.Full; words != "" && words != "off" {
			when = append(when, "everything "+words)
		}
		if len(when) == 0 {
			continue
		}
		next, _, err := v.site.Integrations.Next(v.ctx(), c, v.now())
		if err != nil {
			return nil, err
		}
		out = append(out, view.ScheduleRow{
			Name: "Sync of Microsoft Entra ID", Path: connectionPath(v.module.ID, c.ID), When: strings.Join(when, ", "), Next: next,
		})
	}
	return out, err
}

// kindOptions are the triggers to choose from.
func kindOptions() []view.Option {
	var out []view.Option
	for _, k := range automation.Kinds() {
		out = append(out, view.Option{Value: string(k), Label: k.String()})
	}
	return out
}

// whenOf is what sets an automation off, after "When".
func whenOf(a *automation.Automation) string {
	if a.Trigger.Kind == automation.Scheduled {
		return "it is time: " + a.Trigger.Schedule + " (" + a.Trigger.TimeZone + ")"
	}
	return a.Trigger.Kind.String()
}

// doesOf is what an automation does.
func doesOf(a *automation.Automation) string {
	var out []string
	for i := range a.Actions {
		if text := a.Actions[i].Do.String(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// firingStatus is how a firing or an act stands.
func firingStatus(state string) view.Status {
	switch state {
	case "done":
		return view.Status{Tone: "green", Icon: "circle-check", Word: "Done"}
	case "waiting":
		return view.Status{Tone: "blue", Icon: "clock", Word: "Waiting"}
	case "failed":
		return view.Status{Tone: "red", Icon: "circle-x", Word: "Failed"}
	}
	return view.Status{Tone: "yellow", Icon: "hand-stop", Word: "Stopped"}
}

// automationOf loads the automation of the path, which has to be of its module.
func (v *visit) automationOf() (automation.Automation, error) {
	id, err := v.number("automation")
	if err != nil {
		return automation.Automation{}, err
	}
	a, err := v.site.Automations.Automation(v.ctx(), v.who, id)
	if err == nil && a.Module != v.module.ID {
		err = notHere()
	}
	return a, err
}

// switchAutomation switches an automation on or off.
func (s *Site) switchAutomation(v *visit) error {
	a, err := v.automationOf()
	if err != nil {
		return err
	}
	on := v.text("on") == "yes"
	if err := s.Automations.Switch(v.ctx(), v.who, a.ID, on); err != nil {
		return err
	}
	v.flash(true, a.Name+map[bool]string{true: " is switched on.", false: " is switched off."}[on])
	return v.goTo(automationsPath(v.module.ID))
}

// runAutomation has an automation do now what it does.
func (s *Site) runAutomation(v *visit) error {
	a, err := v.automationOf()
	if err != nil {
		return err
	}
	firing, err := s.Automations.RunNow(v.ctx(), v.who, a.ID)
	if refused(err) {
		v.flash(false, sentence(err, http.StatusConflict))
		return v.goTo(automationsPath(v.module.ID))
	}
	if err != nil {
		return err
	}
	v.flash(true, a.Name+" runs within seconds. Here stands what comes of it.")
	return v.goTo(fmt.Sprintf("%s/log/%d", automationPath(a.Module, a.ID), firing))
}

// removeAutomation takes an automation away.
func (s *Site) removeAutomation(v *visit) error {
	a, err := v.automationOf()
	if err != nil {
		return err
	}
	if err := s.Automations.Remove(v.ctx(), v.who, a.ID); err != nil {
		return err
	}
	v.flash(true, a.Name+" is removed.")
	return v.goTo(automationsPath(v.module.ID))
}

// firingsShown is how many entries a page of a log has.
const firingsShown = 50

// automationLog shows what an automation had to do.
func (s *Site) automationLog(v *visit) error {
	a, err := v.automationOf()
	if err != nil {
		return err
	}
	list, err := s.Automations.History(v.ctx(), v.who, a.ID, v.numberIn("before"), firingsShown+1)
	if err != nil {
		return err
	}
	page := v.logPage(&a)
	if len(list) > firingsShown {
		list = list[:firingsShown]
		page.Next = fmt.Sprintf("%s/log?before=%d", page.Path, list[firingsShown-1].ID)
	}
	names, err := v.automationNames()
	if err != nil {
		return err
	}
	for _, f := range list {
		page.List = append(page.List, firingRow(&a, f, names))
	}
	return v.show("Log of "+a.Name, view.AutomationLogPage(v.frame, page))
}

// automationFiring shows one entry of a log with what it was about.
func (s *Site) automationFiring(v *visit) error {
	a, err := v.automationOf()
	if err != nil {
		return err
	}
	id, err := v.number("firing")
	if err != nil {
		return err
	}
	f, err := s.Automations.Firing(v.ctx(), v.who, a.ID, id)
	if err != nil {
		return err
	}
	names, err := v.automationNames()
	if err != nil {
		return err
	}
	page := v.logPage(&a)
	page.Crumbs = append(page.Crumbs, view.Crumb{Name: "Log", Path: page.Path + "/log"})
	row := firingRow(&a, f, names)
	page.Open = &row
	page.About, page.More = aboutLines(f.Subjects)
	return v.show("Log of "+a.Name, view.AutomationLogPage(v.frame, page))
}

func (v *visit) logPage(a *automation.Automation) view.AutomationLog {
	path := automationPath(a.Module, a.ID)
	return view.AutomationLog{
		Crumbs: v.crumbs(view.Crumb{Name: "Automations", Path: automationsPath(a.Module)}, view.Crumb{Name: a.Name, Path: path}),
		Name:   a.Name, Path: path,
	}
}

// automationNames are the names of the module's automations, by number.
func (v *visit) automationNames() (map[int64]string, error) {
	list, err := v.site.Automations.List(v.ctx(), v.who, v.module)
	names := make(map[int64]string, len(list))
	for i := range list {
		names[list[i].ID] = list[i].Name
	}
	return names, err
}

func firingRow(a *automation.Automation, f automation.Firing, names map[int64]string) view.FiringRow {
	row := view.FiringRow{
		Path:  fmt.Sprintf("%s/log/%d", automationPath(a.Module, a.ID), f.ID),
		Cause: f.Cause, Stopped: f.Stopped, At: f.At, State: firingStatus(f.State()),
	}
	for _, id := range f.Chain {
		if names[id] != "" { // those that were removed, or are another module's, have no page here
			row.Chain = append(row.Chain, view.Crumb{Name: names[id], Path: automationPath(a.Module, id)})
		}
	}
	for _, act := range f.Acts {
		one := view.ActRow{Title: "An action that is gone", Outcome: act.Outcome, State: firingStatus(string(act.State)), Attempts: act.Attempts}
		if act.Seq < len(a.Actions) {
			one.Title = titleCase(a.Actions[act.Seq].Do.String())
		}
		if act.State == automation.Waiting {
			one.Due = act.Due
		}
		row.Acts = append(row.Acts, one)
	}
	return row
}

// aboutShown is how many subjects a page names.
const aboutShown = 100

func aboutLines(subjects []automation.Subject) (lines []string, more int) {
	shown := subjects[:min(aboutShown, len(subjects))]
	for i := range shown {
		lines = append(lines, shown[i].Text)
	}
	return lines, len(subjects) - len(shown)
}

func titleCase(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// automationCount counts a module's automations, for the card of its settings.
func (v *visit) automationCount(m *view.Module) (int, error) {
	list, err := v.site.Automations.List(v.ctx(), v.who, account.Module{ID: m.ID, Account: m.AccountID, Name: m.Name})
	return len(list), err
}
