package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/syncer"
)

// syncCmd syncs connections.
type syncCmd struct {
	Full    bool   `help:"Read everything, even where the changes since the last run would do."`
	Person  string `help:"Sync one person, by user principal name, email or object ID." placeholder:"NAME"`
	Module  string `help:"Only this module's connection." placeholder:"NAME"`
	Mapping string `help:"Only do what this mapping decides." placeholder:"NAME"`
	JSON    bool   `help:"Print the reports as JSON."`
}

// Run syncs each connection in turn.
func (cmd *syncCmd) Run(ctx context.Context, c *console, p *program) error {
	return p.runAll(ctx, c, cmd.Module, cmd.Mapping, cmd.JSON, syncer.Request{Full: cmd.Full, Person: cmd.Person})
}

// planCmd previews a sync.
type planCmd struct {
	Full    bool   `help:"Read everything first."`
	Module  string `help:"Only this module's connection." placeholder:"NAME"`
	Mapping string `help:"Only what this mapping decides." placeholder:"NAME"`
	JSON    bool   `help:"Print the report as JSON."`
}

// Run plans for each connection and shows the changes.
func (cmd *planCmd) Run(ctx context.Context, c *console, p *program) error {
	return p.runAll(ctx, c, cmd.Module, cmd.Mapping, cmd.JSON, syncer.Request{Preview: true, Full: cmd.Full})
}

// runAll runs every connection asked for and reports each. With a mapping's
// name those are the connections that have it.
func (p *program) runAll(ctx context.Context, c *console, module, mapping string, asJSON bool, req syncer.Request) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	list, err := h.connections(ctx, module)
	if err != nil {
		return err
	}
	only, err := h.mappingNamed(ctx, list, mapping)
	if err != nil {
		return err
	}
	worst := ExitDone
	for _, conn := range list {
		if req.Mapping = only[conn.ID]; mapping != "" && req.Mapping == 0 {
			continue
		}
		req.Connection, req.Actor = conn.ID, h.me.Actor()
		bar := c.progress()
		req.Progress = bar.show
		rep, err := h.sync.Run(ctx, req)
		bar.done()
		if err != nil {
			return err
		}
		if err := h.report(ctx, c, rep, asJSON); err != nil {
			return err
		}
		worst = worse(worst, exitOf(rep.Run))
	}
	if worst != ExitDone {
		return exit{worst}
	}
	return nil
}

// mappingNamed returns the mapping of that name in each connection that has one.
// It fails with NotFound when none has.
func (h *house) mappingNamed(ctx context.Context, list []syncer.Connection, name string) (map[int64]int64, error) {
	if name == "" {
		return nil, nil
	}
	found := map[int64]int64{}
	var names []string
	for _, conn := range list {
		all, err := h.sync.Mappings(ctx, conn.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			names = append(names, m.Name)
			if strings.EqualFold(m.Name, name) {
				found[conn.ID] = m.ID
			}
		}
	}
	if len(found) == 0 {
		return nil, errs.New(errs.NotFound, "there is no mapping %q", name).WithHint("The mappings are: %s", strings.Join(names, ", "))
	}
	return found, nil
}

// exitOf is the exit code that a run's state asks for.
func exitOf(r syncer.Run) int {
	switch r.State {
	case syncer.Held:
		return ExitHeld
	case syncer.Partial:
		return ExitPartial
	case syncer.Failed, syncer.Cancelled:
		return ExitFailed
	}
	return ExitDone
}

// worse returns the code that says more: failed before held before partial.
func worse(a, b int) int {
	rank := map[int]int{ExitDone: 0, ExitPartial: 1, ExitHeld: 2, ExitFailed: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// progress shows where a run is: a moving bar on a terminal, else a line for
// each stage.
type progress struct {
	c    *console
	bar  *progressbar.ProgressBar
	what string
	last time.Time
}

func (c *console) progress() *progress { return &progress{c: c} }

// show takes one report of progress.
func (p *progress) show(s syncer.Progress) {
	if s.Message != "" {
		fmt.Fprintln(p.c.err, s.Message)
		return
	}
	if s.Stage == syncer.StageRead && s.Input == "" {
		return // it has only begun
	}
	what := map[syncer.Stage]string{
		syncer.StageRead: "reading " + s.Input, syncer.StagePlan: "planning", syncer.StageApply: "applying",
	}[s.Stage]
	fresh := what != p.what
	if fresh {
		p.done()
		p.what, p.last = what, time.Now()
	}
	switch {
	case !p.c.fancy && fresh:
		fmt.Fprintf(p.c.err, "%s …\n", what)
	case !p.c.fancy && time.Since(p.last) > 5*time.Second:
		p.last = time.Now()
		fmt.Fprintf(p.c.err, "%s … %d\n", what, s.Done)
	case p.c.fancy:
		p.move(what, s)
	}
}

func (p *progress) move(what string, s syncer.Progress) {
	if p.bar == nil {
		total := int64(s.Total)
		if total <= 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.c.err), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionSetWidth(24), progressbar.OptionThrottle(65*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	p.bar.Set(s.Done) // an error is the terminal's and nothing to stop for
}

// done ends the bar on screen.
func (p *progress) done() {
	if p.bar != nil {
		p.bar.Finish()
		p.bar.Clear()
		p.bar = nil
	}
}

// checkCmd checks connections.
type checkCmd struct {
	Module string `help:"Only this module's connection." placeholder:"NAME"`
	JSON   bool   `help:"Print the checklist as JSON."`
}

// Run checks each connection and prints a line a fact.
func (cmd *checkCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	list, err := h.connections(ctx, cmd.Module)
	if err != nil {
		return err
	}
	failed := false
	for _, conn := range list {
		rep, err := h.check(ctx, conn.ID)
		if err != nil {
			return err
		}
		if cmd.JSON {
			if err := c.json(rep); err != nil {
				return err
			}
		} else {
			c.line("%s", strings.TrimRight(rep.Format(), "\n"))
		}
		failed = failed || rep.State() == entra.Fail
	}
	if failed {
		return exit{ExitFailed}
	}
	return nil
}

// check runs the checklist of one connection, for what its mappings need.
func (h *house) check(ctx context.Context, id int64) (entra.Report, error) {
	conn, err := h.sync.Connection(ctx, id)
	if err != nil {
		return entra.Report{}, err
	}
	client, err := h.connect(conn)
	if err != nil {
		return entra.Report{}, err
	}
	defer client.Close()
	maps, err := h.sync.Mappings(ctx, id)
	if err != nil {
		return entra.Report{}, err
	}
	var needs entra.Needs
	for _, m := range maps {
		needs.Devices = needs.Devices || m.Entity == directory.Device
		for _, u := range m.Units {
			needs.AdministrativeUnits = needs.AdministrativeUnits || u.Kind == directory.AdministrativeUnit
		}
	}
	rep := client.Check(ctx, needs, nil)
	return rep, h.sync.NoteVerdict(ctx, conn, syncer.Verdict{At: time.Now(), Passed: rep.State() != entra.Fail, CredentialEnds: rep.CredentialEnds})
}

// approveCmd decides about a held run.
type approveCmd struct {
	Run_   int64   `arg:"" name:"run" help:"The run's number."`
	All    bool    `help:"Approve everything that is held."`
	None   bool    `help:"Dismiss everything that is held."`
	Change []int64 `help:"Approve one change, by its number in the run; may be repeated." placeholder:"ID"`
	JSON   bool    `help:"Print the report as JSON."`
}

// Run decides.
func (cmd *approveCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	bar := c.progress()
	rep, err := h.sync.Approve(ctx, cmd.Run_, syncer.Choice{All: cmd.All, None: cmd.None, Changes: cmd.Change}, h.me.Actor(), bar.show)
	bar.done()
	if err != nil {
		return err
	}
	if err := h.report(ctx, c, rep, cmd.JSON); err != nil {
		return err
	}
	if code := exitOf(rep.Run); code != ExitDone {
		return exit{code}
	}
	return nil
}

// undoCmd takes a run back.
type undoCmd struct {
	Run_ int64 `arg:"" name:"run" help:"The run's number."`
	JSON bool  `help:"Print the report as JSON."`
}

// Run takes the run back.
func (cmd *undoCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	bar := c.progress()
	rep, err := h.sync.Undo(ctx, cmd.Run_, h.me.Actor(), bar.show)
	bar.done()
	if err != nil {
		return err
	}
	return h.report(ctx, c, rep, cmd.JSON)
}

// explainCmd answers "why?".
type explainCmd struct {
	Person string `arg:"" help:"User principal name, email, display name or object ID."`
	Module string `help:"The module whose connection to ask." placeholder:"NAME"`
	JSON   bool   `help:"Print it as JSON."`
}

// Run explains one person, for the first connection that knows them.
func (cmd *explainCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	list, err := h.connections(ctx, cmd.Module)
	if err != nil {
		return err
	}
	var last error
	for _, conn := range list {
		why, err := h.sync.Explain(ctx, conn.ID, cmd.Person)
		if errs.Is(err, errs.NotFound) {
			last = err
			continue
		}
		if err != nil {
			return err
		}
		return h.explain(ctx, c, conn, why, cmd.JSON)
	}
	return last
}
