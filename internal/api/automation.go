package api

import (
	"net/http"
	"time"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/secret"
)

// OnAutomation is the input of an operation on an automation.
type OnAutomation struct {
	InModule
	Automation int64 `path:"automation" minimum:"1" doc:"The number of the automation."`
}

const (
	automationsPath = "/modules/{module}/automations"
	automationPath  = automationsPath + "/{automation}"
	automationsTag  = "Automations"
	// aboutShown is how many subjects an answer names.
	aboutShown = 100
)

func (s *Server) automationOperations() {
	const may, tag = account.ManageIntegrations, automationsTag
	add(s, op{method: http.MethodGet, path: automationsPath, id: "list-automations", may: may, tag: tag, summary: "List what a module does by itself"},
		func(v *visit, in *InModule) (*body[client.List[client.Automation]], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Automations.List(v.ctx, v.who, m)
			return whole(each(list, automationOf)), err
		})
	add(s, op{method: http.MethodPost, path: automationsPath, id: "create-automation", may: may, tag: tag, summary: "Have a module do something by itself", status: http.StatusCreated},
		func(v *visit, in *struct {
			InModule
			Body client.AutomationInput
		}) (*tagged[client.Automation], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			a, err := v.Automations.Save(v.ctx, v.who, automationFrom(m, automation.Automation{}, in.Body))
			return automationShown(a), err
		})
	add(s, op{method: http.MethodGet, path: automationPath, id: "get-automation", may: may, tag: tag, summary: "Get an automation, without the keys that posts are signed with"},
		func(v *visit, in *OnAutomation) (*tagged[client.Automation], error) {
			a, _, err := v.automation(*in)
			return automationShown(a), err
		})
	add(s, op{method: http.MethodPut, path: automationPath, id: "save-automation", may: may, tag: tag, summary: "Make an automation this", text: "If-Match is required, as for records."},
		func(v *visit, in *struct {
			OnAutomation
			Matching
			Body client.AutomationInput
		}) (*tagged[client.Automation], error) {
			return v.saveAutomation(in.OnAutomation, in.IfMatch, in.Body)
		})
	add(s, op{method: http.MethodDelete, path: automationPath, id: "remove-automation", may: may, tag: tag, summary: "Remove an automation with its log"},
		func(v *visit, in *OnAutomation) (*none, error) {
			a, _, err := v.automation(*in)
			if err == nil {
				err = v.Automations.Remove(v.ctx, v.who, a.ID)
			}
			return nil, err
		})
	s.automationActs()
	s.firingOperations()
}

// automationActs are what can be done with automations besides changing them.
func (s *Server) automationActs() {
	const may, tag = account.ManageIntegrations, automationsTag
	add(s, op{method: http.MethodPost, path: automationPath + "/switch", id: "switch-automation", may: may, tag: tag, summary: "Switch an automation on or off"},
		func(v *visit, in *struct {
			OnAutomation
			Body client.AutomationSwitch
		}) (*tagged[client.Automation], error) {
			a, _, err := v.automation(in.OnAutomation)
			if err == nil {
				err = v.Automations.Switch(v.ctx, v.who, a.ID, in.Body.On)
			}
			if err != nil {
				return nil, err
			}
			a, _, err = v.automation(in.OnAutomation)
			return automationShown(a), err
		})
	add(s, op{method: http.MethodPost, path: automationPath + "/run", id: "run-automation", may: may, tag: tag, summary: "Have an automation do now what it does, on or off", text: "It is done within seconds; the entry of the log says what came of it.", status: http.StatusAccepted},
		func(v *visit, in *OnAutomation) (*body[client.Ran], error) {
			a, _, err := v.automation(*in)
			if err != nil {
				return nil, err
			}
			firing, err := v.Automations.RunNow(v.ctx, v.who, a.ID)
			return &body[client.Ran]{client.Ran{Firing: firing}}, err
		})
	add(s, op{method: http.MethodPost, path: automationsPath + "/dry-run", id: "dry-run-automation", may: may, tag: tag, summary: "Show what an automation would do now, saved or not"},
		func(v *visit, in *struct {
			InModule
			Body client.AutomationInput
		}) (*body[client.DryRun], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			subjects, plan, err := v.Automations.DryRun(v.ctx, v.who, automationFrom(m, automation.Automation{}, in.Body))
			if err != nil {
				return nil, err
			}
			return &body[client.DryRun]{v.dryRunOf(subjects, plan)}, nil
		})
}

// firingOperations are about what automations had to do.
func (s *Server) firingOperations() {
	const may, tag = account.ManageIntegrations, automationsTag
	add(s, op{method: http.MethodGet, path: automationPath + "/log", id: "list-firings", may: may, tag: tag, summary: "List what an automation had to do, the latest first"},
		func(v *visit, in *struct {
			OnAutomation
			Counted
		}) (*body[client.Page[client.Firing]], error) {
			a, _, err := v.automation(in.OnAutomation)
			if err != nil {
				return nil, err
			}
			list, err := v.Automations.History(v.ctx, v.who, a.ID, in.Cursor, in.Limit+1)
			return counted(in.Counted, each(list, firingOf), func(f client.Firing) int64 { return f.ID }), err
		})
	add(s, op{method: http.MethodGet, path: automationPath + "/log/{firing}", id: "get-firing", may: may, tag: tag, summary: "Get an entry of an automation's log, with what it was about"},
		func(v *visit, in *struct {
			OnAutomation
			Firing int64 `path:"firing" minimum:"1" doc:"The number of the entry."`
		}) (*body[client.Firing], error) {
			a, _, err := v.automation(in.OnAutomation)
			if err != nil {
				return nil, err
			}
			f, err := v.Automations.Firing(v.ctx, v.who, a.ID, in.Firing)
			return &body[client.Firing]{firingOf(f)}, err
		})
}

// automation finds the automation of the path; one of another module is not here.
func (v *visit) automation(in OnAutomation) (automation.Automation, account.Module, error) {
	m, err := v.module(in.InModule)
	if err != nil {
		return automation.Automation{}, m, err
	}
	a, err := v.Automations.Automation(v.ctx, v.who, in.Automation)
	if err == nil && a.Module != m.ID {
		a, err = automation.Automation{}, notHere("automation", in.Automation)
	}
	return a, m, err
}

func (v *visit) saveAutomation(in OnAutomation, ifMatch string, b client.AutomationInput) (*tagged[client.Automation], error) {
	old, m, err := v.automation(in)
	if err != nil {
		return nil, err
	}
	version, err := matched(ifMatch, old.Version, true)
	if err != nil {
		return nil, err
	}
	if version != old.Version {
		return nil, otherwise()
	}
	next := automationFrom(m, old, b)
	next.Version = version // which is compared once more where it is written
	a, err := v.Automations.Save(v.ctx, v.who, next)
	return automationShown(a), err
}

func automationShown(a automation.Automation) *tagged[client.Automation] {
	return &tagged[client.Automation]{etag(a.Version), automationOf(a)}
}

func automationOf(a automation.Automation) client.Automation {
	out := client.Automation{ID: a.ID, Version: a.Version, Ready: a.Ready, Next: moment(a.Next), Fired: moment(a.Fired)}
	t := a.Trigger
	out.AutomationInput = client.AutomationInput{
		Name: a.Name, On: a.On, Any: a.Any, Digest: int(a.Digest / time.Minute), Hourly: a.Hourly,
		Trigger: client.Trigger{When: string(t.Kind), Schedule: t.Schedule, TimeZone: t.TimeZone, Collection: t.Collection, Field: t.Field, Days: t.Days, Intervals: t.Intervals},
		Conditions: each(a.Conditions, func(c automation.Condition) client.AutomationCondition {
			return client.AutomationCondition{Field: c.Field, Operator: string(c.Op), Value: c.Text}
		}),
		Actions: each(a.Actions, actionOf),
	}
	return out
}

func actionOf(a automation.Action) client.AutomationAction {
	return client.AutomationAction{
		Do: string(a.Do), Subject: a.Subject, Text: a.Text, URL: a.URL, Shape: string(a.Shape), Connection: a.Connection, Full: a.Full,
		Field: a.Field, Value: a.Value, Collection: a.Collection, Note: a.Note,
		Values: each(a.Values, func(f automation.FieldText) client.AutomationText { return client.AutomationText(f) }),
		To: each(a.To, func(r automation.Recipient) client.Recipient {
			return client.Recipient{Kind: string(r.Kind), User: r.Login, Field: r.Field, Address: r.Address}
		}),
	}
}

// automationFrom reads an automation of a module; old is what there is of it.
func automationFrom(m account.Module, old automation.Automation, in client.AutomationInput) automation.Automation {
	t := in.Trigger
	a := automation.Automation{ID: old.ID, Version: old.Version, Account: m.Account, Module: m.ID, Name: in.Name, On: in.On}
	a.Definition = automation.Definition{
		Trigger: automation.Trigger{Kind: automation.Kind(t.When), Schedule: t.Schedule, TimeZone: t.TimeZone, Collection: t.Collection, Field: t.Field, Days: t.Days, Intervals: t.Intervals},
		Any:     in.Any, Digest: time.Duration(in.Digest) * time.Minute, Hourly: in.Hourly,
		Conditions: each(in.Conditions, func(c client.AutomationCondition) automation.Condition {
			return automation.Condition{Field: c.Field, Op: listing.Op(c.Operator), Text: c.Value}
		}),
		Actions: each(in.Actions, actionFrom),
	}
	return a
}

func actionFrom(a client.AutomationAction) automation.Action {
	return automation.Action{
		Do: automation.Deed(a.Do), Subject: a.Subject, Text: a.Text, URL: a.URL, Shape: automation.Shape(a.Shape), Secret: secret.New(a.Key),
		Connection: a.Connection, Full: a.Full, Field: a.Field, Value: a.Value, Collection: a.Collection, Note: a.Note,
		Values: each(a.Values, func(f client.AutomationText) automation.FieldText { return automation.FieldText(f) }),
		To: each(a.To, func(r client.Recipient) automation.Recipient {
			return automation.Recipient{Kind: automation.RecipientKind(r.Kind), Login: r.User, Field: r.Field, Address: r.Address}
		}),
	}
}

func (v *visit) dryRunOf(subjects []automation.Subject, plan []automation.Planned) client.DryRun {
	out := client.DryRun{About: aboutOf(subjects), More: max(0, len(subjects)-aboutShown)}
	out.Actions = each(plan, func(p automation.Planned) client.DryAction {
		one := client.DryAction{Do: string(p.Do), Steps: each(p.Steps, func(s automation.Step) client.DryStep {
			return client.DryStep{Text: s.Text, Body: s.Body, Idle: s.Idle}
		})}
		if p.Err != nil {
			one.Fault, one.Hint = v.told(p.Err), errs.HintOf(p.Err)
		}
		return one
	})
	return out
}

// aboutOf are the first of what a firing is about, a sentence each.
func aboutOf(subjects []automation.Subject) []string {
	return each(subjects[:min(aboutShown, len(subjects))], func(s automation.Subject) string { return s.Text })
}

func firingOf(f automation.Firing) client.Firing {
	return client.Firing{
		ID: f.ID, At: f.At.UTC(), Cause: f.Cause, State: f.State(), Stopped: f.Stopped, About: aboutOf(f.Subjects),
		Acts: each(f.Acts, func(a automation.Act) client.Deed {
			d := client.Deed{Action: a.Seq, State: string(a.State), Outcome: a.Outcome, Attempts: a.Attempts}
			if a.State == automation.Waiting {
				d.Due = moment(a.Due)
			}
			return d
		}),
	}
}
