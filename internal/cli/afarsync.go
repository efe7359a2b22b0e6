package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/syncer"
)

// afar syncs the connection of a module.
func (cmd *syncCmd) afar(ctx context.Context, c *console, a *afar) error {
	return a.sync(ctx, c, cmd.Module, cmd.Mapping, client.RunOrder{Full: cmd.Full, Person: cmd.Person}, cmd.JSON)
}

// afar plans for the connection of a module and shows the changes.
func (cmd *planCmd) afar(ctx context.Context, c *console, a *afar) error {
	return a.sync(ctx, c, cmd.Module, cmd.Mapping, client.RunOrder{Preview: true, Full: cmd.Full}, cmd.JSON)
}

// sync starts a run, follows it to its end and reports it.
func (a *afar) sync(ctx context.Context, c *console, module, mapping string, order client.RunOrder, asJSON bool) error {
	conn, err := a.connection(ctx, module)
	if err != nil {
		return err
	}
	if order.Mapping, err = a.mappingNamed(ctx, conn, mapping); err != nil {
		return err
	}
	run, err := a.StartRun(ctx, conn.Module, conn.ID, order)
	if err != nil {
		return err
	}
	bar := c.progress()
	run, err = a.Watch(ctx, conn.Module, run.ID, func(p client.Progress) {
		bar.show(syncer.Progress{Run: p.Run, Stage: syncer.Stage(p.Stage), Input: p.Input, Done: p.Done, Total: p.Total, Message: p.Message})
	})
	bar.done()
	if err != nil {
		return err
	}
	return a.report(ctx, c, conn.Module, run, asJSON)
}

// mappingNamed is the number of a connection's mapping; 0 without a name.
func (a *afar) mappingNamed(ctx context.Context, conn client.Connection, name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	list, err := a.Mappings(ctx, conn.Module, conn.ID)
	if err != nil {
		return 0, err
	}
	var names []string
	for _, m := range list {
		if strings.EqualFold(m.Name, name) {
			return m.ID, nil
		}
		names = append(names, m.Name)
	}
	return 0, errs.New(errs.NotFound, "there is no mapping %q", name).WithHint("The mappings are: %s", strings.Join(names, ", "))
}

// report prints a run with its changes, and exits as its state asks for.
func (a *afar) report(ctx context.Context, c *console, module int64, run client.Run, asJSON bool) error {
	if err := a.show(ctx, c, module, run, asJSON, func(client.Change) bool { return true }); err != nil {
		return err
	}
	if code := exitOf(runFrom(run)); code != ExitDone {
		return exit{code}
	}
	return nil
}

// show prints a run with those of its changes that are wanted.
func (a *afar) show(ctx context.Context, c *console, module int64, run client.Run, asJSON bool, want func(client.Change) bool) error {
	if !asJSON {
		c.head(runFrom(run))
		c.line("")
	}
	out := toRunJSON(runFrom(run))
	for ch, err := range a.Changes(ctx, module, run.ID, "") {
		switch {
		case err != nil:
			return err
		case asJSON:
			out.Changes = append(out.Changes, changeFrom(ch))
		case want(ch):
			c.changeAfar(ch)
		}
	}
	if asJSON {
		return c.json(out)
	}
	return nil
}

// runFrom is a run as the reports of this program take it.
func runFrom(r client.Run) syncer.Run {
	out := syncer.Run{
		ID: r.ID, Connection: r.Connection, Mode: syncer.Mode(r.Mode), State: syncer.State(r.State), Asked: r.Asked, Actor: r.Actor,
		StartedAt: r.StartedAt, Counts: syncer.Counts(r.Counts), Notes: r.Notes, Holds: r.Holds, Error: r.Error, Hint: r.Hint,
	}
	out.Scope.Person, out.Scope.Mapping = r.Person, r.Mapping
	out.Stats.Usage.Requests, out.Stats.Usage.Retries, out.Stats.Drift = r.Requests, r.Retries, r.Drift
	out.Stats.Usage.Waited, out.Stats.Usage.Bytes = time.Duration(r.WaitedMS)*time.Millisecond, r.Received
	if r.FinishedAt != nil {
		out.FinishedAt = *r.FinishedAt
	}
	return out
}

func changeFrom(ch client.Change) changeJSON {
	out := changeJSON{
		ID: ch.ID, Name: ch.Name, Verb: ch.Verb, Target: ch.Target, State: ch.State, Reason: ch.Reason, Sentence: ch.Sentence, Detail: ch.Detail,
		Mapping: ch.Mapping, DecidedBy: ch.DecidedBy,
	}
	for _, f := range ch.Fields {
		out.Fields = append(out.Fields, fieldJSON(f))
	}
	for _, r := range ch.Roles {
		out.Roles = append(out.Roles, fieldJSON(r))
	}
	for _, i := range ch.Issues {
		out.Issues = append(out.Issues, issueJSON(i))
	}
	return out
}

// changeAfar prints one change as change does.
func (c *console) changeAfar(ch client.Change) {
	symbol, state, detail := "", "", ""
	for verb, s := range symbols {
		if verb.String() == ch.Verb {
			symbol = s
		}
	}
	if ch.State != syncer.Planned.String() {
		state = " [" + ch.State + "]"
	}
	if ch.Detail != "" {
		detail = " (" + ch.Detail + ")"
	}
	c.line(changeLine, symbol, ch.Name, ch.Target, ch.ID, ch.Sentence, detail, state)
	if ch.Remedy != "" {
		c.line("      → %s", ch.Remedy)
	}
	if ch.Verb == "add" {
		return
	}
	for _, f := range append(ch.Fields, ch.Roles...) {
		c.line("      %s: %s → %s", f.Field, value(f.Before), value(f.After))
	}
	for _, i := range ch.Issues {
		c.line("      ⚠ %s: %s %s", i.Field, i.Reason, i.Detail)
	}
}

// afar lists the newest runs of every module that the token sees.
func (cmd *runsCmd) afar(ctx context.Context, c *console, a *afar) error {
	accounts, err := a.Accounts(ctx)
	if err != nil {
		return err
	}
	var list []syncer.Run
	for _, acct := range accounts {
		for _, m := range acct.Modules {
			conns, err := a.Connections(ctx, m.ID)
			if err != nil {
				return err
			}
			for _, conn := range conns {
				runs, err := a.Runs(ctx, m.ID, conn.ID, min(max(cmd.Limit, 1), 500))
				if err != nil {
					return err
				}
				for _, r := range runs {
					list = append(list, runFrom(r))
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b syncer.Run) int { return cmp.Compare(b.ID, a.ID) })
	return cmd.print(c, list[:min(len(list), max(cmd.Limit, 0))])
}

// afar prints the run.
func (cmd *runShowCmd) afar(ctx context.Context, c *console, a *afar) error {
	run, module, err := a.runOf(ctx, cmd.Run_)
	if err != nil {
		return err
	}
	return a.show(ctx, c, module, run, cmd.JSON, func(ch client.Change) bool { return match(cmd.Verb, ch.Verb) && match(cmd.State, ch.State) })
}

// afar decides.
func (cmd *approveCmd) afar(ctx context.Context, c *console, a *afar) error {
	_, module, err := a.runOf(ctx, cmd.Run_)
	if err != nil {
		return err
	}
	run, err := a.Approve(ctx, module, cmd.Run_, client.Decision{All: cmd.All, None: cmd.None, Changes: cmd.Change})
	if err != nil {
		return err
	}
	return a.report(ctx, c, module, run, cmd.JSON)
}

// afar takes the run back.
func (cmd *undoCmd) afar(ctx context.Context, c *console, a *afar) error {
	_, module, err := a.runOf(ctx, cmd.Run_)
	if err != nil {
		return err
	}
	run, err := a.Undo(ctx, module, cmd.Run_)
	if err != nil {
		return err
	}
	return a.show(ctx, c, module, run, cmd.JSON, func(client.Change) bool { return true })
}

// afar explains one person, by the connection of a module.
func (cmd *explainCmd) afar(ctx context.Context, c *console, a *afar) error {
	conn, err := a.connection(ctx, cmd.Module)
	if err != nil {
		return err
	}
	why, err := a.Explain(ctx, conn.Module, conn.ID, cmd.Person)
	if err != nil {
		return err
	}
	if cmd.JSON {
		return c.json(explanationFrom(why))
	}
	c.line("%s · %s · %s", value(why.Name), value(why.UPN), why.ObjectID)
	for _, m := range why.Mappings {
		verdict := "does not let this person in"
		if m.Enters {
			verdict = "lets this person in"
		}
		c.line("Mapping %s: %s %s", m.Name, verdict, m.Detail)
		for _, u := range m.Units {
			mark := map[bool]string{true: "✓ member of", false: "✗ not a member of"}[u.Member]
			c.line("  %s %s", mark, u.Name)
		}
	}
	for _, part := range []struct {
		title string
		list  []client.Change
	}{{"The next run would do:", why.Next}, {"What runs did:", why.History}} {
		if len(part.list) > 0 {
			c.line("")
			c.line("%s", part.title)
		}
		for _, ch := range part.list {
			c.changeAfar(ch)
		}
	}
	return nil
}

func explanationFrom(why client.Explanation) explanation {
	out := explanation{ObjectID: why.ObjectID, Name: why.Name, UPN: why.UPN, Standing: why.Standing, Mappings: []mappingJSON{}, Next: []changeJSON{}, History: []historyChange{}}
	for _, m := range why.Mappings {
		mj := mappingJSON{Name: m.Name, Enters: m.Enters, Reason: m.Reason, Detail: m.Detail}
		for _, u := range m.Units {
			mj.Units = append(mj.Units, unitJSON(u))
		}
		out.Mappings = append(out.Mappings, mj)
	}
	for _, ch := range why.Next {
		out.Next = append(out.Next, changeFrom(ch))
	}
	for _, ch := range why.History {
		out.History = append(out.History, historyChange{ch.Run, changeFrom(ch)})
	}
	return out
}
