package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
)

// shown is how many changes of each kind a report prints before it says how to
// see the rest.
const shown = 8

// report prints a run: counts first, then what is held, then examples of each
// kind of change with its reason.
func (h *house) report(ctx context.Context, c *console, rep syncer.Report, asJSON bool) error {
	if asJSON {
		return h.reportJSON(ctx, c, rep.Run)
	}
	if only := rep.Run.Scope.Mapping; only != 0 {
		c.line("Only what one mapping decides; the next run without --mapping does the rest.")
	}
	c.head(rep.Run)
	return h.examples(ctx, c, rep.Run)
}

// head prints a run's outcome in a few lines.
func (c *console) head(r syncer.Run) {
	n := r.Counts
	c.line("")
	c.line("Run %d · %s · %s%s", r.ID, r.Mode, r.State, took(r))
	c.line("  %d added   %d changed   %d deactivated   %d reactivated   %d unchanged   %d skipped   %d held   %d failed",
		n.Added, n.Changed, n.Deactivated, n.Reactivated, n.Unchanged, n.Skipped, n.Held, n.Failed)
	if n.Problems > 0 {
		c.line("  %d records have a field that could not be written", n.Problems)
	}
	u := r.Stats.Usage
	if u.Requests > 0 {
		c.line("  %d requests, %d of them again, %s waited, %s received", u.Requests, u.Retries, u.Waited.Round(time.Millisecond), bytesText(u.Bytes))
	}
	if r.Stats.Drift > 0 {
		c.line("  drift: %d differences that the changes since the last run had not told of", r.Stats.Drift)
	}
	for _, note := range r.Notes {
		c.line("  ! %s", note)
	}
	if r.Error != "" {
		c.line("  ✗ %s", r.Error)
	}
	if r.State == syncer.Held {
		c.line("")
		c.line("Held until somebody approves:")
		for _, hold := range r.Holds {
			c.line("  ⏸ %s", hold)
		}
		c.line("  → muster run show %d --state held      what exactly", r.ID)
		c.line("  → muster approve %d --all | --none | --change ID", r.ID)
	}
}

func took(r syncer.Run) string {
	if r.FinishedAt.IsZero() {
		return ""
	}
	return " in " + r.FinishedAt.Sub(r.StartedAt).Round(time.Millisecond).String()
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// examples prints the first changes of each kind.
func (h *house) examples(ctx context.Context, c *console, r syncer.Run) error {
	for _, g := range integration.Groups() {
		list, err := h.work.Changes(ctx, h.me, r.ID, syncer.ChangeFilter{Verbs: g.Verbs, Limit: shown + 1})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		names, err := h.work.Names(ctx, h.me, r.Connection, list)
		if err != nil {
			return err
		}
		c.line("")
		c.line("%s", g.Title)
		for i := range list {
			if i == shown {
				c.line("  … all of them: muster run show %d", r.ID)
				break
			}
			c.change(&names, &list[i])
		}
	}
	return nil
}

// symbols mark verbs in listings.
var symbols = map[reconcile.Verb]string{
	reconcile.Add: "+", reconcile.Adopt: "=", reconcile.Relink: "=", reconcile.Update: "~", reconcile.Rename: "~",
	reconcile.Blank: "~", reconcile.SetStatus: "~", reconcile.SetRoles: "~", reconcile.Deactivate: "⏻",
	reconcile.Reactivate: "⏼", reconcile.Archive: "-", reconcile.Skip: "·", reconcile.Conflict: "!", reconcile.Fail: "✗", reconcile.Problem: "⚠",
}

// changeLine is the first line of a change: what, whom, where, its number and why.
const changeLine = "  %s %-28s %-7s #%-5d %s%s%s"

// change prints one change: who, what, why, what to do about it, and each value
// before and after.
func (c *console) change(names *integration.Names, ch *syncer.PlannedChange) {
	state := ""
	if ch.State != syncer.Planned {
		state = " [" + ch.State.String() + "]"
	}
	detail := ""
	if ch.Detail != "" {
		detail = " (" + ch.Detail + ")"
	}
	c.line(changeLine, symbols[ch.Verb], ch.Name, ch.Target, ch.Seq, ch.Reason.Sentence(), detail, state)
	if remedy := ch.Reason.Remedy(); remedy != "" {
		c.line("      → %s", remedy)
	}
	if ch.Verb == reconcile.Add {
		return
	}
	for _, l := range names.Lines(ch) {
		if l.Note != "" {
			c.line("      ⚠ %s: %s", l.Label, l.Note)
		} else {
			c.line("      %s: %s → %s", l.Label, value(l.Before), value(l.After))
		}
	}
}

func value(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// runsCmd lists runs.
type runsCmd struct {
	Limit int  `help:"How many." default:"20"`
	JSON  bool `help:"Print them as JSON."`
}

// Run lists the newest runs first.
func (cmd *runsCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	list, err := h.sync.Runs(ctx, 0, cmd.Limit)
	if err != nil {
		return err
	}
	return cmd.print(c, list)
}

func (cmd *runsCmd) print(c *console, list []syncer.Run) error {
	if cmd.JSON {
		out := make([]runJSON, len(list))
		for i, r := range list {
			out[i] = toRunJSON(r)
		}
		return c.json(out)
	}
	if len(list) == 0 {
		c.line("Nothing has run yet. Start with: muster sync")
		return nil
	}
	c.line("%5s  %-12s %-10s %-25s %7s %7s %7s %7s %7s", "run", "mode", "state", "started", "added", "changed", "closed", "held", "failed")
	for _, r := range list {
		n := r.Counts
		c.line("%5d  %-12s %-10s %-25s %7d %7d %7d %7d %7d", r.ID, r.Mode, r.State, r.StartedAt.Local().Format("2006-01-02 15:04:05 MST"),
			n.Added, n.Changed, n.Deactivated, n.Held, n.Failed)
	}
	return nil
}

// runCmd looks at one run.
type runCmd struct {
	Show runShowCmd `cmd:"" help:"Print a run with every change."`
}

// runShowCmd prints a run.
type runShowCmd struct {
	Run_  int64    `arg:"" name:"run" help:"The run's number."`
	Verb  []string `help:"Only changes with this verb, such as add, update, deactivate, skip." placeholder:"VERB"`
	State []string `help:"Only changes in this state: planned, held, applied, dismissed, failed, stale, undone." placeholder:"STATE"`
	JSON  bool     `help:"Print it as JSON."`
}

// Run prints the run.
func (cmd *runShowCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	run, err := h.sync.RunByID(ctx, cmd.Run_)
	if err != nil {
		return err
	}
	if cmd.JSON {
		return h.reportJSON(ctx, c, run)
	}
	c.head(run)
	c.line("")
	return h.eachPage(ctx, run.ID, func(list []syncer.PlannedChange) error {
		names, err := h.work.Names(ctx, h.me, run.Connection, list)
		if err != nil {
			return err
		}
		for i := range list {
			if match(cmd.Verb, list[i].Verb.String()) && match(cmd.State, list[i].State.String()) {
				c.change(&names, &list[i])
			}
		}
		return nil
	})
}

func match(wanted []string, got string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, got) })
}

// eachPage calls fn with all changes of a run, a thousand at a time.
func (h *house) eachPage(ctx context.Context, run int64, fn func([]syncer.PlannedChange) error) error {
	after := int64(0)
	for {
		list, err := h.sync.Changes(ctx, run, syncer.ChangeFilter{After: after, Limit: 1000})
		if err != nil || len(list) == 0 {
			return err
		}
		if err := fn(list); err != nil {
			return err
		}
		after = list[len(list)-1].Seq
	}
}

// json prints a value as indented JSON.
func (c *console) json(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// runJSON is a run as machines read it.
type runJSON struct {
	ID         int64        `json:"id"`
	Mode       syncer.Mode  `json:"mode"`
	State      syncer.State `json:"state"`
	Asked      string       `json:"asked"`
	Actor      string       `json:"actor"`
	Person     string       `json:"person,omitempty"`
	Mapping    int64        `json:"mapping,omitempty"`
	StartedAt  time.Time    `json:"started_at"`
	FinishedAt *time.Time   `json:"finished_at"`
	Counts     countsJSON   `json:"counts"`
	Requests   int          `json:"requests"`
	Retries    int          `json:"retries"`
	Drift      int          `json:"drift"`
	Holds      []string     `json:"holds"`
	Notes      []string     `json:"notes"`
	Error      string       `json:"error,omitempty"`
	Hint       string       `json:"hint,omitempty"`
	Changes    []changeJSON `json:"changes,omitempty"`
}

type countsJSON struct {
	Added       int `json:"added"`
	Changed     int `json:"changed"`
	Deactivated int `json:"deactivated"`
	Reactivated int `json:"reactivated"`
	Unchanged   int `json:"unchanged"`
	Held        int `json:"held"`
	Skipped     int `json:"skipped"`
	Failed      int `json:"failed"`
	Conflicts   int `json:"conflicts"`
	Problems    int `json:"problems"`
}

func toRunJSON(r syncer.Run) runJSON {
	out := runJSON{
		ID: r.ID, Mode: r.Mode, State: r.State, Asked: r.Asked, Actor: r.Actor, Person: r.Scope.Person, Mapping: r.Scope.Mapping, StartedAt: r.StartedAt,
		Counts: countsJSON(r.Counts), Requests: r.Stats.Usage.Requests, Retries: r.Stats.Usage.Retries, Drift: r.Stats.Drift,
		Holds: r.Holds, Notes: r.Notes, Error: r.Error, Hint: r.Hint,
	}
	if !r.FinishedAt.IsZero() {
		out.FinishedAt = &r.FinishedAt
	}
	if out.Holds == nil {
		out.Holds = []string{}
	}
	if out.Notes == nil {
		out.Notes = []string{}
	}
	return out
}

// changeJSON is a change as machines read it.
type changeJSON struct {
	ID        int64       `json:"id"`
	Name      string      `json:"name"`
	Verb      string      `json:"verb"`
	Target    string      `json:"target"`
	State     string      `json:"state"`
	Reason    string      `json:"reason"`
	Sentence  string      `json:"sentence"`
	Detail    string      `json:"detail,omitempty"`
	Mapping   string      `json:"mapping,omitempty"`
	Fields    []fieldJSON `json:"fields,omitempty"`
	Roles     []fieldJSON `json:"roles,omitempty"`
	Issues    []issueJSON `json:"issues,omitempty"`
	DecidedBy string      `json:"decided_by,omitempty"`
}

type fieldJSON struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

type issueJSON struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

func toChangeJSON(names *integration.Names, ch *syncer.PlannedChange) changeJSON {
	out := changeJSON{
		ID: ch.Seq, Name: ch.Name, Verb: ch.Verb.String(), Target: ch.Target.String(), State: ch.State.String(),
		Reason: string(ch.Reason), Sentence: ch.Reason.Sentence(), Detail: ch.Detail, Mapping: names.Mapping(ch.Mapping), DecidedBy: ch.DecidedBy,
	}
	for _, f := range ch.Fields {
		out.Fields = append(out.Fields, fieldJSON{names.Field(f.Field), f.Before.String(), names.After(f)})
	}
	if ch.Verb == reconcile.SetStatus {
		out.Fields = append(out.Fields, fieldJSON{"Integration status", ch.StatusBefore.String(), ch.Status.String()})
	}
	if ch.LoginName != "" {
		out.Fields = append(out.Fields, fieldJSON{"Name", ch.NameBefore, ch.LoginName})
	}
	if ch.LoginEmail != "" {
		out.Fields = append(out.Fields, fieldJSON{"Email", ch.EmailBefore, ch.LoginEmail})
	}
	for _, r := range ch.Roles {
		out.Roles = append(out.Roles, fieldJSON{names.Mapping(r.Mapping), names.Role(r.Before), names.Role(r.After)})
	}
	for _, i := range ch.Issues {
		out.Issues = append(out.Issues, issueJSON{names.Field(i.Field), string(i.Reason), i.Detail})
	}
	return out
}

func (h *house) reportJSON(ctx context.Context, c *console, r syncer.Run) error {
	out := toRunJSON(r)
	err := h.eachPage(ctx, r.ID, func(list []syncer.PlannedChange) error {
		names, err := h.work.Names(ctx, h.me, r.Connection, list)
		for i := range list {
			out.Changes = append(out.Changes, toChangeJSON(&names, &list[i]))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.json(out)
}

// explain prints why a person is as they are.
func (h *house) explain(ctx context.Context, c *console, conn syncer.Connection, why syncer.Explanation, asJSON bool) error {
	names, err := h.work.Names(ctx, h.me, conn.ID, why.History)
	if err != nil {
		return err
	}
	if asJSON {
		return c.json(explanationJSON(&names, why))
	}
	standing := [...]string{"not known to be enabled", "enabled", "disabled", "deleted, restorable", "purged", "missing once", "not found"}
	c.line("%s · %s · %s", value(why.Subject.Name), value(why.Subject.Principal), why.Subject.Object)
	c.line("In the directory: %s%s", standing[min(int(why.Subject.Standing), len(standing)-1)], purged(why.Subject.PurgeAt))
	for _, m := range why.Mappings {
		c.mapping(&names, m)
	}
	if len(why.Next) > 0 {
		c.line("")
		c.line("The next run would do:")
		for _, ch := range why.Next {
			c.change(&names, &syncer.PlannedChange{Change: ch})
		}
	}
	if len(why.History) > 0 {
		c.line("")
		c.line("What runs did:")
		for _, ch := range why.History {
			c.line("  run %d", ch.Run)
			c.change(&names, &ch)
		}
	}
	return nil
}

// purged says when a deleted person will be gone for good.
func purged(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return ", purged on " + at.Local().Format(time.DateOnly)
}

// mapping prints what one mapping makes of a person: the clauses, the
// units, and each row from attribute to field.
func (c *console) mapping(names *integration.Names, m syncer.MappingView) {
	verdict := "does not let this person in"
	for _, d := range m.Desired {
		if d.Enters {
			verdict = "lets this person in"
		} else if d.Why != "" {
			verdict = d.Why.Sentence()
		}
	}
	c.line("")
	c.line("Mapping %s: %s", m.Mapping.Name, verdict)
	for _, u := range m.Units {
		switch {
		case !u.Known:
			c.line("  ? unit %s: %s", u.Name, u.Problem)
		case u.Member:
			c.line("  ✓ member of %s", u.Name)
		default:
			c.line("  ✗ not a member of %s", u.Name)
		}
	}
	for _, clause := range m.Clauses {
		mark := "✗"
		if clause.Holds {
			mark = "✓"
		}
		c.line("  %s %s (is %s)", mark, clause.Words, value(clause.Actual.Text))
	}
	for _, row := range m.Rows {
		from := make([]string, len(row.Sources))
		for i, s := range row.Sources {
			from[i] = fmt.Sprintf("%s %q", s.Path, s.Text)
		}
		c.line("  %s ← %s", names.Field(row.Field), strings.Join(from, ", else "))
		if p := row.Result.Problem; p != nil {
			c.line("      ⚠ %s %s", p.Reason.Sentence(), p.Detail)
		}
	}
}

// explanation is what explain prints for machines.
type explanation struct {
	ObjectID string          `json:"object_id"`
	Name     string          `json:"name"`
	UPN      string          `json:"user_principal_name"`
	Standing int             `json:"standing"`
	Mappings []mappingJSON   `json:"mappings"`
	Next     []changeJSON    `json:"next"`
	History  []historyChange `json:"history"`
}

type mappingJSON struct {
	Name   string     `json:"name"`
	Enters bool       `json:"enters"`
	Reason string     `json:"reason,omitempty"`
	Detail string     `json:"detail,omitempty"`
	Units  []unitJSON `json:"units,omitempty"`
}

type unitJSON struct {
	Name   string `json:"name"`
	Known  bool   `json:"known"`
	Member bool   `json:"member"`
}

type historyChange struct {
	Run int64 `json:"run"`
	changeJSON
}

func explanationJSON(names *integration.Names, why syncer.Explanation) explanation {
	out := explanation{
		ObjectID: why.Subject.Object.String(), Name: why.Subject.Name, UPN: why.Subject.Principal,
		Standing: int(why.Subject.Standing), Mappings: []mappingJSON{}, Next: []changeJSON{}, History: []historyChange{},
	}
	for _, m := range why.Mappings {
		mj := mappingJSON{Name: m.Mapping.Name}
		for _, d := range m.Desired {
			mj.Enters = mj.Enters || d.Enters
			mj.Reason, mj.Detail = string(d.Why), d.Detail
		}
		for _, u := range m.Units {
			mj.Units = append(mj.Units, unitJSON{u.Name, u.Known, u.Member})
		}
		out.Mappings = append(out.Mappings, mj)
	}
	for _, ch := range why.Next {
		out.Next = append(out.Next, toChangeJSON(names, &syncer.PlannedChange{Change: ch}))
	}
	for _, ch := range why.History {
		out.History = append(out.History, historyChange{ch.Run, toChangeJSON(names, &ch)})
	}
	return out
}
