package web

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/sheet"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// runsShown and changesShown are the lengths of pages.
const (
	runsShown    = 30
	changesShown = 50
)

// runs lists a connection's runs with a chart of them.
func (s *Site) runs(v *visit) error {
	c, err := v.connectionHere()
	if err != nil {
		return err
	}
	list, err := s.Integrations.Runs(v.ctx(), v.who, c.ID, runsShown)
	if err != nil {
		return err
	}
	page := view.Runs{Crumbs: v.integrationCrumbs(c), Path: connectionPath(v.module.ID, c.ID) + "/runs", Configured: c.Configured()}
	for _, r := range list {
		page.Rows = append(page.Rows, v.runRow(c, r))
	}
	if page.Chart, err = v.chartOf(c, list); err != nil {
		return err
	}
	return v.show("Runs", view.RunsPage(v.frame, page))
}

// runRow is a run as lists show it.
func (v *visit) runRow(c syncer.Connection, r syncer.Run) view.RunRow {
	n := r.Counts
	row := view.RunRow{
		ID: r.ID, Path: runPath(v.module.ID, c.ID, r.ID), Mode: modeWord(r), State: stateBadge(r.State), Actor: r.Actor, Started: r.StartedAt,
		Added: n.Added, Changed: n.Changed, Deactivated: n.Deactivated, Held: n.Held, Failed: n.Failed,
		People: r.Stats.People, Drift: r.Stats.Drift,
	}
	if !r.FinishedAt.IsZero() {
		row.Took = r.FinishedAt.Sub(r.StartedAt)
	}
	return row
}

// runNotes are the notes of a run. One of them tells people at the command line
// what to type; here a link leads there.
func runNotes(run syncer.Run, module int64) []view.RunNote {
	var out []view.RunNote
	for _, text := range run.Notes {
		n := view.RunNote{Text: text}
		if before, typed := strings.CutSuffix(text, " See each with: muster holdings NAME"); typed {
			n = view.RunNote{Text: before, Path: modulePath(module) + "/leavers", Link: "Get them back"}
		}
		out = append(out, n)
	}
	return out
}

func modeWord(r syncer.Run) string {
	switch {
	case r.Scope.Draft:
		return "preview of an edit"
	case r.Scope.Person != "":
		return "one person"
	}
	return string(r.Mode)
}

// stateBadge is how a run's state looks.
func stateBadge(s syncer.State) view.Status {
	switch s {
	case syncer.Running:
		return view.Status{Tone: "blue", Icon: "refresh", Word: "Running"}
	case syncer.Held:
		return view.Status{Tone: "yellow", Icon: "hand-stop", Word: "Held"}
	case syncer.Succeeded:
		return view.Status{Tone: "green", Icon: "circle-check", Word: "Succeeded"}
	case syncer.Partial:
		return view.Status{Tone: "yellow", Icon: "alert-triangle", Word: "Partial"}
	case syncer.Failed:
		return view.Status{Tone: "red", Icon: "circle-x", Word: "Failed"}
	case syncer.Cancelled:
		return view.Status{Tone: "grey", Icon: "ban", Word: "Cancelled"}
	}
	return view.Status{Tone: "grey", Icon: "arrow-back-up", Word: "Undone"}
}

// startRun begins a run and shows it.
func (s *Site) startRun(v *visit) error {
	c, err := v.connectionHere()
	if err != nil {
		return err
	}
	id, err := s.Integrations.Start(v.ctx(), v.who, c.ID, integration.Order{
		Full: v.text("how") == "full", Preview: v.text("how") == "preview", Person: v.text("person"),
	})
	if err != nil {
		return err
	}
	return v.goTo(runPath(v.module.ID, c.ID, id))
}

// runHere loads the run of the path; one of another connection is not here.
func (v *visit) runHere() (syncer.Run, syncer.Connection, error) {
	c, err := v.connectionHere()
	if err != nil {
		return syncer.Run{}, c, err
	}
	id, err := v.number("run")
	if err != nil {
		return syncer.Run{}, c, err
	}
	run, err := v.site.Integrations.Run(v.ctx(), v.who, id)
	if err == nil && run.Connection != c.ID {
		err = notHere()
	}
	return run, c, err
}

// run is the report of one run, or its progress while it runs.
func (s *Site) run(v *visit) error {
	run, c, err := v.runHere()
	if err != nil {
		return err
	}
	if v.text("format") == "csv" {
		return v.runCSV(run)
	}
	page, err := v.report(run, c)
	if err != nil {
		return err
	}
	return v.show(fmt.Sprintf("Run %d", run.ID), view.RunPage(v.frame, page))
}

// report gathers a run's page: counts, and the changes of the part chosen.
func (v *visit) report(run syncer.Run, c syncer.Connection) (view.Run, error) {
	path := runPath(v.module.ID, c.ID, run.ID)
	page := view.Run{
		Row: v.runRow(c, run), Crumbs: append(v.integrationCrumbs(c), view.Crumb{Name: "Runs", Path: connectionPath(v.module.ID, c.ID) + "/runs"}),
		Path: path, Running: run.State == syncer.Running, Held: run.State == syncer.Held, Preview: run.Mode == syncer.Preview,
		MayApprove: v.mayApprove(), Holds: run.Holds, Notes: runNotes(run, v.module.ID), Error: run.Error, Hint: run.Hint,
		Part: v.text("part"), Counts: partsOf(run, path),
		Requests: run.Stats.Usage.Requests, Retries: run.Stats.Usage.Retries,
		Waited: run.Stats.Usage.Waited.Round(time.Millisecond).String(), Drift: run.Stats.Drift,
	}
	page.Undoable = !page.Preview && page.MayApprove && (run.State == syncer.Succeeded || run.State == syncer.Partial || run.State == syncer.Held)
	if page.Part == "" && page.Held {
		page.Part = "held"
	}
	if page.Running {
		return page, nil
	}
	f := filterOf(page.Part)
	f.After, f.Limit = v.numberIn("after"), changesShown+1
	list, err := v.site.Integrations.Changes(v.ctx(), v.who, run.ID, f)
	if err != nil {
		return page, err
	}
	if len(list) > changesShown {
		list = list[:changesShown]
		page.More = path + "?" + url.Values{"part": {page.Part}, "after": {strconv.FormatInt(list[changesShown-1].Seq, 10)}}.Encode()
	}
	page.Changes, err = v.changeRows(c, list)
	return page, err
}

// partsOf are the numbers of a report, each leading to its part.
func partsOf(run syncer.Run, path string) []view.Part {
	n := run.Counts
	all := []view.Part{
		{Key: "added", Label: "added", N: n.Added}, {Key: "changed", Label: "changed", N: n.Changed},
		{Key: "deactivated", Label: "deactivated", N: n.Deactivated}, {Key: "reactivated", Label: "reactivated", N: n.Reactivated},
		{Key: "held", Label: "held", N: n.Held}, {Key: "conflicts", Label: "conflicts", N: n.Conflicts},
		{Key: "failed", Label: "failed", N: n.Failed}, {Key: "problems", Label: "with a field left out", N: n.Problems},
		{Key: "skipped", Label: "skipped", N: n.Skipped - n.Conflicts},
	}
	for i := range all {
		all[i].Path = path + "?part=" + all[i].Key
	}
	return all
}

// filterOf narrows changes to a part of the report.
func filterOf(part string) syncer.ChangeFilter {
	if part == "held" {
		return syncer.ChangeFilter{States: []syncer.ChangeState{syncer.HeldBack}}
	}
	for _, g := range integration.Groups() {
		if g.Key == part {
			return syncer.ChangeFilter{Verbs: g.Verbs}
		}
	}
	return syncer.ChangeFilter{}
}

// changeRows turns changes into rows that people read.
func (v *visit) changeRows(c syncer.Connection, list []syncer.PlannedChange) ([]view.ChangeRow, error) {
	names, err := v.site.Integrations.Names(v.ctx(), v.who, c.ID, list)
	if err != nil {
		return nil, err
	}
	out := make([]view.ChangeRow, len(list))
	for i := range list {
		ch := &list[i]
		out[i] = view.ChangeRow{
			Seq: ch.Seq, Name: ch.Name, Target: ch.Target.String(), Verb: verbBadge(ch.Verb), Reason: ch.Reason.Sentence(),
			Detail: ch.Detail, Mapping: names.Mapping(ch.Mapping), State: ch.State.String(), Held: ch.State == syncer.HeldBack, By: ch.DecidedBy,
		}
		if ch.State == syncer.Planned || ch.State == syncer.Applied && ch.DecidedBy == "" {
			out[i].State = "" // the usual: it was done
		}
		if !ch.Verb.Acts() || ch.State != syncer.Applied {
			out[i].Remedy = ch.Reason.Remedy()
		}
		for _, l := range names.Lines(ch) {
			out[i].Lines = append(out[i].Lines, view.Line(l))
		}
		out[i].Spent = ch.Verb == reconcile.Add && ch.Target == reconcile.Record && ch.State == syncer.Applied && len(out[i].Lines) == 0
		switch id := names.Target(ch); {
		case id == 0:
		case ch.Target == reconcile.Record:
			out[i].Path = recordPath(v.module.ID, ch.Collection, id)
		case v.frame.Module.Users:
			out[i].Path = v.usersPath() + "/" + view.Num(id)
		}
	}
	return out, nil
}

// verbBadge is how a verb looks.
func verbBadge(verb reconcile.Verb) view.Status {
	switch verb {
	case reconcile.Add:
		return view.Status{Tone: "green", Icon: "circle-plus", Word: "Added"}
	case reconcile.Adopt, reconcile.Relink:
		return view.Status{Tone: "green", Icon: "link", Word: "Linked"}
	case reconcile.Deactivate:
		return view.Status{Tone: "red", Icon: "lock", Word: "Deactivated"}
	case reconcile.Reactivate:
		return view.Status{Tone: "green", Icon: "user-check", Word: "Reactivated"}
	case reconcile.Archive:
		return view.Status{Tone: "grey", Icon: "archive", Word: "Put away"}
	case reconcile.Skip:
		return view.Status{Tone: "grey", Icon: "circle-dashed", Word: "Skipped"}
	case reconcile.Conflict:
		return view.Status{Tone: "yellow", Icon: "alert-triangle", Word: "Conflict"}
	case reconcile.Fail:
		return view.Status{Tone: "red", Icon: "circle-x", Word: "Failed"}
	case reconcile.Problem:
		return view.Status{Tone: "yellow", Icon: "alert-triangle", Word: "Field left out"}
	}
	return view.Status{Tone: "blue", Icon: "pencil", Word: "Changed"}
}

// runCSV downloads all of a run's changes, a line each.
func (v *visit) runCSV(run syncer.Run) error {
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="run-%d.csv"`, run.ID))
	out := csv.NewWriter(v.w)
	if err := out.Write([]string{"number", "name", "what", "target", "state", "reason", "detail", "changes"}); err != nil {
		return nil // nobody reads any more
	}
	for after := int64(0); ; {
		list, err := v.site.Integrations.Changes(v.ctx(), v.who, run.ID, syncer.ChangeFilter{After: after, Limit: 1000})
		if err != nil || len(list) == 0 {
			break // the file ends here; its headers are out already
		}
		names, err := v.site.Integrations.Names(v.ctx(), v.who, run.Connection, list)
		if err != nil {
			break
		}
		for i := range list {
			ch := &list[i]
			var parts []string
			for _, l := range names.Lines(ch) {
				parts = append(parts, l.Label+": "+l.Before+" → "+l.After+l.Note)
			}
			out.Write([]string{fmt.Sprint(ch.Seq), sheet.Harmless(ch.Name), ch.Verb.String(), ch.Target.String(), ch.State.String(),
				ch.Reason.Sentence(), sheet.Harmless(ch.Detail), sheet.Harmless(strings.Join(parts, "; "))})
			after = ch.Seq
		}
	}
	out.Flush()
	return nil
}

// runProgress tells a script where a run is, until it ends.
func (s *Site) runProgress(v *visit) error {
	run, c, err := v.runHere()
	if err != nil {
		return err
	}
	progress, err := s.Integrations.Watch(v.ctx(), v.who, run.ID)
	if err != nil {
		return err
	}
	send := v.stream()
	last := time.Time{}
	for p := range progress {
		if now := time.Now(); now.Sub(last) > 100*time.Millisecond {
			send("", view.ProgressPart(progressView(p)))
			last = now
		}
	}
	send("", view.ProgressEnd(runPath(v.module.ID, c.ID, run.ID)))
	return nil
}

func progressView(p syncer.Progress) view.Progress {
	out := view.Progress{Done: p.Done, Total: p.Total}
	switch p.Stage {
	case syncer.StageRead:
		out.Step, out.What = 1, "Reading "+p.Input
	case syncer.StagePlan:
		out.Step, out.What = 2, "Working out what to change"
	default:
		out.Step, out.What = 3, "Applying"
	}
	if p.Input == "" && p.Stage == syncer.StageRead {
		out.What = "Reading the directory"
	}
	return out
}

// approveRun decides about what a run holds.
func (s *Site) approveRun(v *visit) error {
	run, c, err := v.runHere()
	if err != nil {
		return err
	}
	var choice syncer.Choice
	switch v.text("choice") {
	case "all":
		choice.All = true
	case "none":
		choice.None = true
	default:
		for _, text := range v.r.Form["change"] {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				choice.Changes = append(choice.Changes, n)
			}
		}
	}
	back := runPath(v.module.ID, c.ID, run.ID)
	if !choice.All && !choice.None && len(choice.Changes) == 0 {
		v.flash(false, "Nothing was selected. Tick what to approve, or approve all of it.")
		return v.goTo(back)
	}
	rep, err := s.Integrations.Approve(v.ctx(), v.who, run.ID, choice, nil)
	if refused(err) {
		v.flash(false, strings.TrimSpace(sentence(err, statusOf(err))+" "+errs.HintOf(err)))
		return v.goTo(back)
	}
	if err != nil {
		return err
	}
	v.flash(true, decided(choice, rep.Run))
	return v.goTo(back)
}

// decided says what became of a decision.
func decided(choice syncer.Choice, run syncer.Run) string {
	switch {
	case choice.None:
		return "All of it is dismissed. The next sync plans anew, and may hold it again."
	case run.Counts.Held == 0:
		return "Approved. Nothing waits any more."
	case run.Counts.Held == 1:
		return "Approved. One change still waits."
	}
	return fmt.Sprintf("Approved. %d changes still wait.", run.Counts.Held)
}

// undoRun takes back what a run did.
func (s *Site) undoRun(v *visit) error {
	run, c, err := v.runHere()
	if err != nil {
		return err
	}
	rep, err := s.Integrations.Undo(v.ctx(), v.who, run.ID, nil)
	if err != nil {
		return err
	}
	text := "Undone."
	if len(rep.Run.Notes) > 0 {
		text = rep.Run.Notes[len(rep.Run.Notes)-1]
	}
	v.flash(true, text)
	return v.goTo(runPath(v.module.ID, c.ID, run.ID))
}

// cancelRun stops a run between two batches.
func (s *Site) cancelRun(v *visit) error {
	run, c, err := v.runHere()
	if err != nil {
		return err
	}
	if err := s.Integrations.Cancel(v.ctx(), v.who, run.ID); err != nil {
		return err
	}
	v.flash(true, "The run stops within a few seconds. What was applied by then stays.")
	return v.goTo(runPath(v.module.ID, c.ID, run.ID))
}
