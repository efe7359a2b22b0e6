package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/errs"
)

// automationsCmd groups the commands about what modules do by themselves.
type automationsCmd struct {
	List automationsListCmd `cmd:"" help:"List a module's automations."`
	Run  automationsRunCmd  `cmd:"" help:"Have an automation do now what it does."`
	Log  automationsLogCmd  `cmd:"" help:"Show what an automation had to do, and what came of it."`
}

// automationsListCmd lists a module's automations.
type automationsListCmd struct {
	Module string `help:"The module, when there are several." placeholder:"NAME"`
	JSON   bool   `name:"json" help:"Print a list with stable keys."`
}

// automationRow is an automation in JSON.
type automationRow struct {
	ID      int64      `json:"id"`
	Name    string     `json:"name"`
	On      bool       `json:"on"`
	Trigger string     `json:"trigger"`
	Actions []string   `json:"actions"`
	LastAt  *time.Time `json:"last_at"`
	NextAt  *time.Time `json:"next_at"`
}

// Run prints the list.
func (cmd *automationsListCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	list, err := h.automations.List(ctx, h.me, m)
	if err != nil {
		return err
	}
	rows := make([]automationRow, len(list))
	for i, a := range list {
		rows[i] = automationRow{ID: a.ID, Name: a.Name, On: a.On, Trigger: string(a.Trigger.Kind), Actions: []string{}, LastAt: instantOrNull(a.Fired), NextAt: instantOrNull(a.Next)}
		for _, action := range a.Actions {
			rows[i].Actions = append(rows[i].Actions, string(action.Do))
		}
	}
	if cmd.JSON {
		return c.json(rows)
	}
	for _, r := range rows {
		state := "on "
		if !r.On {
			state = "off"
		}
		c.line("%s  %s: %s → %s", state, r.Name, r.Trigger, strings.Join(r.Actions, ", "))
	}
	return nil
}

func instantOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// automationNamed finds a module's automation by name.
func (h *house) automationNamed(ctx context.Context, module, name string) (automation.Automation, error) {
	m, err := h.module(ctx, module)
	if err != nil {
		return automation.Automation{}, err
	}
	list, err := h.automations.List(ctx, h.me, m)
	if err != nil {
		return automation.Automation{}, err
	}
	i := slices.IndexFunc(list, func(a automation.Automation) bool { return strings.EqualFold(a.Name, name) })
	if i < 0 {
		return automation.Automation{}, errs.New(errs.NotFound, "%s has no automation %q", m.Name, name).WithHint("List them with: muster automations list")
	}
	return list[i], nil
}

// automationsRunCmd has an automation do now what it does.
type automationsRunCmd struct {
	Name   string `arg:"" help:"The automation."`
	DryRun bool   `help:"Only say what it would do."`
	Module string `help:"The module, when there are several." placeholder:"NAME"`
}

// Run leaves the work to a process that serves, or says what it would be.
func (cmd *automationsRunCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	a, err := h.automationNamed(ctx, cmd.Module, cmd.Name)
	if err != nil {
		return err
	}
	if cmd.DryRun {
		return h.dryRun(ctx, c, a)
	}
	if _, err := h.automations.RunNow(ctx, h.me, a.ID); err != nil {
		return err
	}
	c.line("%s runs within seconds where muster serve does. See what comes of it with: muster automations log %q", a.Name, a.Name)
	return nil
}

func (h *house) dryRun(ctx context.Context, c *console, a automation.Automation) error {
	_, plan, err := h.automations.DryRun(ctx, account.CommandLine(), a)
	if err != nil {
		return err
	}
	for _, action := range plan {
		c.line("%s:", action.Do)
		if action.Err != nil {
			c.line("  %s", action.Err)
		}
		for _, step := range action.Steps {
			c.line("  %s", step.Text)
		}
	}
	c.line("Dry run: nothing was done.")
	return nil
}

// automationsLogCmd shows an automation's log.
type automationsLogCmd struct {
	Name   string `arg:"" help:"The automation."`
	Limit  int    `help:"At most so many entries." default:"20"`
	Module string `help:"The module, when there are several." placeholder:"NAME"`
	JSON   bool   `name:"json" help:"Print a list with stable keys."`
}

// firingEntry is an entry of a log in JSON.
type firingEntry struct {
	ID      int64      `json:"id"`
	At      time.Time  `json:"at"`
	State   string     `json:"state"`
	Cause   string     `json:"cause"`
	Stopped string     `json:"stopped"`
	Actions []actEntry `json:"actions"`
}

type actEntry struct {
	Do       string `json:"do"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	Outcome  string `json:"outcome"`
}

// Run prints the log, the latest entry first.
func (cmd *automationsLogCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	a, err := h.automationNamed(ctx, cmd.Module, cmd.Name)
	if err != nil {
		return err
	}
	list, err := h.automations.History(ctx, h.me, a.ID, 0, cmd.Limit)
	if err != nil {
		return err
	}
	rows := make([]firingEntry, len(list))
	for i, f := range list {
		rows[i] = firingEntry{ID: f.ID, At: f.At, State: f.State(), Cause: f.Cause, Stopped: f.Stopped, Actions: []actEntry{}}
		for _, act := range f.Acts {
			one := actEntry{State: string(act.State), Attempts: act.Attempts, Outcome: act.Outcome}
			if act.Seq < len(a.Actions) {
				one.Do = string(a.Actions[act.Seq].Do)
			}
			rows[i].Actions = append(rows[i].Actions, one)
		}
	}
	if cmd.JSON {
		return c.json(rows)
	}
	for _, r := range rows {
		c.line("%s  %s  %s %s", r.At.Format(time.DateTime), r.State, r.Cause, r.Stopped)
		for _, act := range r.Actions {
			c.line("  %s: %s %s", act.Do, act.State, act.Outcome)
		}
	}
	return nil
}
