package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/metrics"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
)

// session is one run in progress, with what its stages share.
type session struct {
	s       *Service
	run     Run
	conn    Connection
	rules   *rules
	units   []*unitState
	src     Source
	lease   *held
	actor   audit.Actor
	edit    edit                 // of the mappings, that nobody has looked at
	resumed bool                 // another process was killed in the middle of the run
	fresh   bool                 // begun by this session: what is stored of it, it stored
	last    int64                // of a fresh run: the number of its last change
	stale   *roaring.Bitmap      // entries looked at again without news of them
	draft   []mapping.Definition // of a preview: what to plan with instead of what is stored
	version string               // of the configuration when it was loaded
	tell    func(Progress)
}

// Run syncs one connection. A run that was cut short is finished first and
// reported instead, unless more was asked for than it does. The report comes
// with an error only when the run could not be carried through; a held or
// partial run is a report without error.
func (s *Service) Run(ctx context.Context, req Request) (Report, error) {
	if req.Progress == nil {
		req.Progress = func(Progress) {}
	}
	runCtx, lease, err := s.takeLease(ctx, req.Connection, req.Actor.Name)
	if err != nil {
		return Report{}, err
	}
	defer lease.stop()
	rep, resumed, err := s.resume(runCtx, req, lease)
	if resumed && (err != nil || !asksMore(req, rep.Run)) {
		return rep, lostLease(runCtx, err)
	}
	rep, err = s.start(runCtx, req, lease)
	return rep, lostLease(runCtx, err)
}

// lostLease replaces the error of a cancelled context by why it was cancelled.
func lostLease(ctx context.Context, err error) error {
	if err != nil && errors.Is(err, context.Canceled) {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
			return cause
		}
	}
	return err
}

// asksMore reports whether a request wants something that a resumed run did
// not do.
func asksMore(req Request, done Run) bool {
	return (req.Full && done.Mode != Full) || req.Preview || req.Draft != nil || done.Scope.Draft || req.Person != "" || req.Mapping != 0
}

// start creates a run and carries it through.
func (s *Service) start(ctx context.Context, req Request, lease *held) (Report, error) {
	asked := req.Asked
	if asked == "" {
		asked = "hand"
	}
	run := Run{
		Connection: req.Connection, Mode: Full, Asked: asked, State: Running, Stage: StageRead,
		Actor: req.Actor.Name, Scope: Scope{Person: req.Person, Mapping: req.Mapping}, StartedAt: s.now(),
	}
	run.Scope.Again = req.Full && asked == "hand"
	if req.Preview || req.Draft != nil {
		run.Mode, run.Scope.Draft = Preview, req.Draft != nil
	}
	run, err := s.store.CreateRun(ctx, run)
	if err != nil {
		return Report{}, err
	}
	s.log.InfoContext(ctx, "a sync began", "run", run.ID, "connection", run.Connection, "asked", run.Asked, "actor", run.Actor, "preview", run.Mode == Preview)
	req.Progress(Progress{Run: run.ID, Stage: StageRead})
	ses := &session{s: s, run: run, lease: lease, actor: req.Actor, draft: req.Draft, tell: req.Progress, fresh: true}
	return ses.conclude(ctx, ses.carryThrough(ctx, req.Full))
}

// resume finishes a connection's run that was cut short, if there is one.
func (s *Service) resume(ctx context.Context, req Request, lease *held) (Report, bool, error) {
	open, err := s.store.OpenRuns(ctx, req.Connection, Running)
	if err != nil || len(open) == 0 {
		return Report{}, false, err
	}
	var rep Report
	for _, run := range open {
		ses := &session{s: s, run: run, lease: lease, actor: req.Actor, tell: req.Progress, resumed: true}
		if run.Scope.Draft { // what it was to show is gone with the process that had it
			rep, err = ses.conclude(ctx, context.Canceled)
			continue
		}
		req.Progress(Progress{Run: run.ID, Stage: run.Stage, Message: fmt.Sprintf("Run %d was cut short while it was at %q; it goes on from there.", run.ID, run.Stage)})
		s.log.InfoContext(ctx, "a sync goes on that was cut short", "run", run.ID, "connection", run.Connection, "stage", run.Stage)
		ses.run.note("The run was cut short and continued by another process.")
		rep, err = ses.conclude(ctx, ses.carryThrough(ctx, run.Mode == Full))
		rep.Resumed = true
		if err != nil {
			break
		}
	}
	return rep, true, err
}

// carryThrough takes a run from its stage to the end.
func (ses *session) carryThrough(ctx context.Context, full bool) error {
	ctx = ses.s.store.Relaxed(ctx)
	if err := ses.load(ctx); err != nil {
		return err
	}
	defer ses.src.Close()
	suspects := roaring.New()
	if ses.run.Stage == StageRead {
		began := ses.s.now()
		var err error
		if suspects, err = ses.read(ctx, full); err != nil {
			return err
		}
		ses.run.Stats.Read = ses.s.now().Sub(began)
		ses.run.Stage = StagePlan
		if ses.run.Stats.Objects > 0 { // else a run killed here has little to read again
			if err := ses.save(ctx); err != nil {
				return err
			}
		}
	}
	if ses.run.Stage == StagePlan {
		if err := ses.plan(ctx, suspects); err != nil {
			return err
		}
	}
	return ses.apply(ctx)
}

// load gathers the configuration as it is now and connects to the directory.
func (ses *session) load(ctx context.Context) error {
	var err error
	if ses.version, err = ses.s.store.ConfigurationVersion(ctx, ses.run.Connection); err != nil {
		return err
	}
	if ses.src, ses.conn, err = ses.s.Connect(ctx, ses.run.Connection); err != nil {
		return err
	}
	if ses.rules, err = ses.s.loadRules(ctx, ses.conn, ses.draft); err != nil {
		return err
	}
	if only := ses.run.Scope.Mapping; only != 0 && !ses.rules.known[only] {
		return errs.New(errs.NotFound, "the connection has no mapping number %d", only)
	}
	rows, err := ses.s.store.Units(ctx, ses.conn.ID)
	if err != nil {
		return err
	}
	ses.units = ses.rules.attachUnits(rows)
	if ses.run.Stage == StageApply && ses.run.Configuration != ses.rules.print {
		// The mappings were edited since the plan was made: make it anew.
		if err := ses.s.store.DropChanges(ctx, ses.run.ID, ses.run.Applied); err != nil {
			return err
		}
		ses.run.Stage = StagePlan
	}
	ses.run.Configuration = ses.rules.print
	return nil
}

// save stores the run's row.
func (ses *session) save(ctx context.Context) error {
	ses.run.Stats.Usage = ses.usage()
	return ses.s.fenced(ctx, ses.run.Connection, ses.lease, func(ctx context.Context) error {
		return ses.s.store.SaveRun(ctx, ses.run)
	})
}

func (ses *session) usage() directory.Usage {
	if ses.src == nil {
		return ses.run.Stats.Usage
	}
	return ses.src.Usage()
}

// read brings the mirror up to date: by changes where that is possible, else in
// full. It returns the entries whose absence is not believed.
func (ses *session) read(ctx context.Context, full bool) (*roaring.Bitmap, error) {
	r := &reader{
		s: ses.s, run: &ses.run, conn: ses.conn, src: ses.src, rules: ses.rules, lease: ses.lease,
		tell: ses.tell, account: directory.NewReading(), known: map[directory.Kind]StandingCounts{}, returned: ses.resumed,
	}
	if ses.run.Scope.Person != "" {
		return roaring.New(), ses.readPerson(ctx, r)
	}
	if !full {
		ok, err := ses.readChanges(ctx, r)
		if ok || err != nil {
			return roaring.New(), err
		}
	}
	return ses.readFull(ctx, r)
}

// readChanges reads incrementally. ok is false when that cannot be done, and a
// full read is due.
func (ses *session) readChanges(ctx context.Context, r *reader) (ok bool, err error) {
	cursors, err := ses.canFollow(ctx, r)
	if err != nil || cursors == nil {
		return false, err
	}
	if ses.run.Mode != Preview {
		ses.run.Mode = Incremental
	}
	for _, kind := range ses.rules.kinds() {
		_, list, after, _ := inputs(kind)
		if c := cursors[kind]; !c.IsZero() {
			err = r.round(ctx, kind, after, c)
		} else { // no changes to follow for this kind: list it
			_, err = r.list(ctx, kind, list)
		}
		if errs.Is(err, errs.Expired) {
			ses.backToFull("The directory no longer keeps the changes since the last run, so everything was read.")
			return false, ses.s.store.DropCursors(ctx, ses.conn.ID)
		}
		if err != nil {
			return false, err
		}
	}
	if err := r.unknowns(ctx); err != nil {
		return false, err
	}
	return true, r.unitsChanged(ctx, ses.units)
}

func (ses *session) backToFull(note string) {
	if ses.run.Mode != Preview {
		ses.run.Mode = Full
	}
	ses.run.note("%s", note)
}

// canFollow returns the cursors to follow, zero for a kind that has no changes to
// follow; nil unless there are cursors for all that has, and a complete full read
// behind them.
func (ses *session) canFollow(ctx context.Context, r *reader) (map[directory.Kind]directory.Cursor, error) {
	_, err := ses.s.store.LastPlanned(ctx, ses.conn.ID, Full)
	if errs.Is(err, errs.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cursors := map[directory.Kind]directory.Cursor{}
	for _, kind := range ses.rules.kinds() {
		c, good, err := r.cursor(ctx, kind)
		if err != nil {
			return nil, err
		}
		if !good && (kind == directory.User || !c.IsZero()) {
			if !c.IsZero() && c.Fingerprint != r.print(kind) {
				ses.backToFull("The mappings ask for other attributes than before, so everything was read.")
			} else if !c.IsZero() {
				ses.backToFull("The last run was too long ago for the directory to tell what changed since, so everything was read.")
			}
			return nil, nil
		}
		cursors[kind] = c.Cursor
	}
	return cursors, nil
}

// readFull reads everything and concludes who is absent.
func (ses *session) readFull(ctx context.Context, r *reader) (*roaring.Bitmap, error) {
	r.blank = true
	for _, kind := range ses.rules.kinds() {
		counts, err := ses.s.store.CountStandings(ctx, ses.conn.ID, kind)
		if err != nil {
			return nil, err
		}
		r.known[kind] = counts
		r.blank = r.blank && len(counts) == 0
	}
	for _, kind := range ses.rules.kinds() {
		if err := r.full(ctx, kind); err != nil {
			return nil, err
		}
	}
	if err := r.unknowns(ctx); err != nil {
		return nil, err
	}
	if err := r.unitsFull(ctx, ses.units); err != nil {
		return nil, err
	}
	return ses.conclusions(ctx, r)
}

// conclusions draws from a complete reading who is absent. Without the proof of
// completeness nothing is concluded.
func (ses *session) conclusions(ctx context.Context, r *reader) (*roaring.Bitmap, error) {
	suspects := roaring.New()
	proof, err := r.account.Complete()
	if err != nil {
		ses.run.problem("The reading was not complete, so nobody counts as absent: %s.", err)
		return suspects, nil
	}
	for _, kind := range ses.rules.kinds() {
		s, err := r.absent(ctx, kind, proof)
		if err != nil {
			return nil, err
		}
		suspects.Or(s)
	}
	if suspects.IsEmpty() {
		return suspects, nil
	}
	// Kept with the run, for it to be planned again should the process be killed.
	return suspects, r.inTx(ctx, func(ctx context.Context) error { return r.appendPage(ctx, suspectsInput, suspects) })
}

// suspectsInput names the pages that keep a run's suspects.
const suspectsInput = "suspects"

// plan plans for everyone whose entry differs, who has to be looked at again,
// or, when the mappings changed, for all.
func (ses *session) plan(ctx context.Context, suspects *roaring.Bitmap) error {
	began := ses.s.now()
	p := ses.planner()
	if ses.run.Mode != Preview {
		p.carry = (&applier{planner: p, actor: ses.actor, status: map[int64]int64{}}).carryFresh
	}
	if !ses.fresh {
		if err := ses.takeUp(ctx, p, suspects); err != nil {
			return err
		}
	}
	concerned, err := ses.concerned(ctx)
	if err != nil {
		return err
	}
	concerned.Or(suspects)
	if err := ses.measure(ctx); err != nil {
		return err
	}
	p.suspects, p.stale, p.edit = suspects, ses.stale, ses.edit
	if err := p.plan(ctx, concerned); err != nil {
		return err
	}
	bases, err := ses.bases(ctx, p.tally)
	if err != nil {
		return err
	}
	holds := ses.guard(p, bases)
	ses.last = p.seq
	ses.run.Stats.Planned = ses.s.now().Sub(began)
	ses.run.Stage = StageApply
	return ses.s.fenced(ctx, ses.conn.ID, ses.lease, func(ctx context.Context) error {
		ses.run.Holds = nil
		for _, h := range holds {
			ses.run.Holds = append(ses.run.Holds, h.Sentence())
		}
		if _, err := ses.s.store.HoldChanges(ctx, ses.run.ID, reconcile.Held(holds)); err != nil {
			return err
		}
		return ses.s.store.SaveRun(ctx, ses.run)
	})
}

// takeUp prepares the planning of a run that another process began: what it had
// planned and not carried out is planned anew, with the suspects that it kept.
func (ses *session) takeUp(ctx context.Context, p *planner, suspects *roaring.Bitmap) error {
	if err := ses.s.store.DropChanges(ctx, ses.run.ID, ses.run.Applied); err != nil {
		return err
	}
	last, err := ses.s.store.LastSeq(ctx, ses.run.ID)
	if err != nil {
		return err
	}
	p.seq = max(last, ses.run.Applied)
	kept, err := ses.s.store.PageChanges(ctx, ses.run.ID, suspectsInput)
	if err != nil {
		return err
	}
	suspects.Or(kept)
	return nil
}

// lastSeq is the number of the run's last change; 0 for none.
func (ses *session) lastSeq(ctx context.Context) (int64, error) {
	if ses.fresh {
		return ses.last, nil
	}
	return ses.s.store.LastSeq(ctx, ses.run.ID)
}

// bases counts what shares refer to, when the plan is large enough for a share to
// matter: counting goes through all links, and most runs are small.
func (ses *session) bases(ctx context.Context, planned reconcile.Tally) (map[reconcile.Class]int, error) {
	for class, n := range planned {
		limit, guarded := ses.conn.Limits[class]
		if n > 0 && (class == reconcile.ClassMissing || guarded && n > limit.Floor) {
			return ses.s.store.Bases(ctx, ses.conn.ID, ses.run.ID)
		}
	}
	return nil, nil
}

// guard asks the limits. What rests on an absence in doubt is held whatever its
// number, since few of many missing people may be linked (F3).
func (ses *session) guard(p *planner, bases map[reconcile.Class]int) []reconcile.Hold {
	holds := reconcile.Guard(p.tally, bases, ses.conn.Limits)
	if n := p.tally[reconcile.ClassEdit]; n > 0 {
		holds = append(holds, reconcile.Hold{Class: reconcile.ClassEdit, Planned: n})
	}
	n := p.tally[reconcile.ClassMissing]
	if p.suspects.IsEmpty() || n == 0 || reconcile.Held(holds)&reconcile.ClassMissing != 0 {
		return holds
	}
	return append(holds, reconcile.Hold{Class: reconcile.ClassMissing, Planned: n, Base: bases[reconcile.ClassMissing]})
}

func (ses *session) planner() *planner {
	return &planner{
		s: ses.s, run: &ses.run, conn: ses.conn, rules: ses.rules, lease: ses.lease,
		tell: ses.tell, version: ses.version, keepDocs: ses.run.Mode == Preview,
	}
}

// concerned returns the entries to plan for.
func (ses *session) concerned(ctx context.Context) (*roaring.Bitmap, error) {
	if e := ses.run.Scope.Entry; e != 0 {
		return roaring.BitmapOf(uint32(e)), nil
	}
	last, err := ses.lastPlanned(ctx)
	if err != nil {
		return nil, err
	}
	if ses.edit, err = ses.unseenEdit(ctx, last); err != nil {
		return nil, err
	}
	if last.ID == 0 || last.Configuration != ses.run.Configuration {
		return ses.everyone(ctx)
	}
	dirty, fuller, err := ses.s.store.Dirty(ctx, ses.conn.ID)
	if err != nil {
		return nil, err
	}
	if dirty.IsEmpty() {
		ses.run.Stats.People = last.Stats.People // the mirror is as it was
	}
	again, err := ses.s.store.RetryEntries(ctx, ses.conn.ID)
	if err != nil {
		return nil, err
	}
	again.Or(fuller)
	if err := ses.heldBefore(ctx, again); err != nil {
		return nil, err
	}
	if ses.run.Scope.Again {
		away, err := ses.s.store.AwayEntries(ctx, ses.conn.ID)
		if err != nil {
			return nil, err
		}
		dirty.Or(away)
	}
	ses.stale = roaring.AndNot(again, dirty)
	return roaring.Or(dirty, again), nil
}

// measure counts the people in the directory, for the chart of its size, unless
// nothing differs from the last run, or the run is about one person.
func (ses *session) measure(ctx context.Context) error {
	if ses.run.Stats.People != 0 || ses.run.Scope.Person != "" {
		return nil
	}
	counts, err := ses.s.store.CountStandings(ctx, ses.conn.ID, directory.User)
	ses.run.Stats.People = counts[reconcile.Live] + counts[reconcile.Disabled] + counts[reconcile.Unknown]
	return err
}

// tellAway says how many records and logins an undo keeps away, since nobody
// should have to wonder why somebody is missing.
func (ses *session) tellAway(ctx context.Context) error {
	n, err := ses.s.store.CountAway(ctx, ses.run.Connection)
	if err == nil && n > 0 {
		ses.run.note("%d records and logins stay away, because a run that had added them was undone. Each comes again when the directory "+
			"says something new of its person or a mapping is edited; all of them with: muster sync --full; one with: muster sync --person NAME", n)
	}
	return err
}

// tellHolders lists what people hold who have left, so that the run ends in a
// list of work and not just in a status (F78).
func (ses *session) tellHolders(ctx context.Context) error {
	const most, named = 500, 5
	list, err := ses.s.records.Leavers(ctx, account.CommandLine(), ses.conn.Account, 0, 0, most)
	if err != nil || len(list) == 0 {
		return err
	}
	what := make([]string, 0, named+1)
	for _, c := range list[:min(len(list), named)] {
		what = append(what, c.HolderTitle+" holds "+c.AssetTitle)
	}
	if len(list) > named {
		what = append(what, "and so on")
	}
	count := fmt.Sprint(len(list))
	if len(list) == most {
		count = "at least " + count
	}
	ses.run.note("%s things are to be fetched from people who have left: %s. See each with: muster holdings NAME", count, strings.Join(what, ", "))
	return nil
}

func (ses *session) everyone(ctx context.Context) (*roaring.Bitmap, error) {
	all := roaring.New()
	for _, kind := range ses.rules.kinds() {
		ids, err := ses.s.store.EntryIDs(ctx, ses.conn.ID, kind)
		if err != nil {
			return nil, err
		}
		all.Or(ids)
	}
	return all, nil
}

// heldBefore adds the entries of changes that an earlier run holds: this run
// plans them anew and takes that run's place.
func (ses *session) heldBefore(ctx context.Context, set *roaring.Bitmap) error {
	open, err := ses.s.store.OpenRuns(ctx, ses.conn.ID, Held)
	if err != nil {
		return err
	}
	for _, run := range open {
		for entry, err := range ses.s.store.EntriesOfChanges(ctx, run.ID, HeldBack) {
			if err != nil {
				return err
			}
			set.Add(uint32(entry))
		}
	}
	return nil
}

// apply carries out what the guard let through, and settles what waits.
func (ses *session) apply(ctx context.Context) error {
	began := ses.s.now()
	a := &applier{planner: ses.planner(), actor: ses.actor, status: map[int64]int64{}}
	total, err := ses.lastSeq(ctx)
	if err != nil {
		return err
	}
	if total > 0 {
		if err := a.rest(ctx, int(total)); err != nil {
			return err
		}
	}
	if ses.run.Mode != Preview {
		if _, err := a.references(ctx); err != nil {
			return err
		}
	}
	ses.run.Stats.Applied = ses.s.now().Sub(began)
	return nil
}

// conclude gives a run its final state, whatever happened, and reports it.
func (ses *session) conclude(ctx context.Context, fault error) (Report, error) {
	// The end is noted even when the run was cancelled.
	ctx = context.WithoutCancel(ctx)
	switch {
	case errors.Is(fault, errLeaseLost):
		return Report{Run: ses.run}, errs.New(errs.Conflict, "another process took over this connection's sync").
			WithHint("Look at the newest run with: muster runs")
	case errors.Is(fault, errEdited):
		ses.run.State = Cancelled
		ses.run.note("A mapping was edited while the run was in progress. What was applied by then stays; run again for the rest.")
		fault = nil
	case errors.Is(fault, context.Canceled) || errors.Is(fault, context.DeadlineExceeded):
		ses.run.State = Cancelled
		ses.run.note("The run was cancelled. What was applied by then stays; the next run does the rest.")
	case fault != nil:
		ses.run.State, ses.run.Error, ses.run.Hint = Failed, fault.Error(), errs.HintOf(fault)
	}
	if err := ses.close(ctx); err != nil {
		return Report{Run: ses.run}, errors.Join(fault, err)
	}
	ses.logEnd(ctx)
	ses.s.over(ses.run)
	return Report{Run: ses.run}, fault
}

// logEnd writes what became of a run into the log, in numbers.
func (ses *session) logEnd(ctx context.Context) {
	r, level := &ses.run, slog.LevelInfo
	n := &r.Counts
	told := []any{"run", r.ID, "connection", r.Connection, "mode", r.Mode, "state", r.State, "ms", r.FinishedAt.Sub(r.StartedAt).Milliseconds(),
		"added", n.Added, "changed", n.Changed, "deactivated", n.Deactivated, "held", n.Held, "failed", n.Failed,
		"requests", r.Stats.Usage.Requests, "retries", r.Stats.Usage.Retries}
	if r.Error != "" {
		level, told = slog.LevelError, append(told, "error", r.Error, "next step", r.Hint)
	}
	ses.s.log.Log(ctx, level, "a sync ended", told...)
}

// close counts what became of the plan and stores the run's end.
func (ses *session) close(ctx context.Context) error {
	if err := ses.count(ctx); err != nil {
		return err
	}
	finished := ses.run.State == Running
	if finished {
		ses.run.State = ses.finalState()
		if err := errors.Join(ses.tellAway(ctx), ses.tellHolders(ctx)); err != nil {
			return err
		}
	}
	ses.run.FinishedAt = ses.s.now()
	ses.run.Stats.PeakHeap = heapInUse()
	ses.run.Stats.Usage = ses.usage()
	if finished {
		ses.run.Stage = StageDone
	}
	return ses.s.fenced(ctx, ses.run.Connection, ses.lease, func(ctx context.Context) error {
		if finished && ses.run.Mode != Preview && !ses.run.Scope.narrow() {
			if err := ses.supersede(ctx); err != nil {
				return err
			}
			if err := ses.s.store.PrunePages(ctx, ses.run.Connection, ses.run.ID); err != nil {
				return err
			}
		}
		if err := ses.s.store.SaveRun(ctx, ses.run); err != nil || ses.s.ended == nil || ses.run.Mode == Preview {
			return err
		}
		return ses.s.ended(ctx, ses.run)
	})
}

// finalState is the state of a run that got to its end.
func (ses *session) finalState() State {
	switch {
	case ses.run.Mode == Preview:
		return Succeeded
	case ses.run.Counts.Held > 0:
		return Held
	case ses.run.Counts.Failed > 0 || ses.run.Stats.Problems > 0:
		return Partial
	}
	return Succeeded
}

// supersede closes earlier held runs: what they held has been planned anew.
func (ses *session) supersede(ctx context.Context) error {
	open, err := ses.s.store.OpenRuns(ctx, ses.run.Connection, Held)
	if err != nil {
		return err
	}
	for _, old := range open {
		if old.ID == ses.run.ID {
			continue
		}
		held, err := ses.s.store.Changes(ctx, old.ID, ChangeFilter{States: []ChangeState{HeldBack}})
		if err != nil {
			return err
		}
		if err := ses.s.store.SetChangeStates(ctx, old.ID, seqsOf(held), Stale, "", string(reconcile.SupersededByRun)); err != nil {
			return err
		}
		old.State = Partial
		old.Counts.Held = 0
		old.note("Run %d planned anew what this run held, and takes its place.", ses.run.ID)
		if err := ses.s.store.SaveRun(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

func seqsOf(changes []PlannedChange) []int64 {
	out := make([]int64, len(changes))
	for i := range changes {
		out[i] = changes[i].Seq
	}
	return out
}

// count sums up the changes by what became of them.
func (ses *session) count(ctx context.Context) error {
	counts, err := ses.countChanges(ctx)
	if err != nil {
		return err
	}
	if links, err := ses.s.store.CountLinks(ctx, ses.run.Connection, ses.run.Scope); err != nil {
		return err
	} else if ses.run.Mode != Preview {
		counts.Unchanged = max(0, links-counts.Added-counts.Changed-counts.Deactivated-counts.Reactivated-counts.Held)
	} else {
		counts.Unchanged = max(0, links-counts.Changed-counts.Deactivated-counts.Reactivated-counts.Held)
	}
	ses.run.Counts = counts
	return nil
}

func (ses *session) countChanges(ctx context.Context) (counts Counts, err error) {
	if last, err := ses.lastSeq(ctx); err != nil || last == 0 {
		return counts, err
	}
	tallies, err := ses.s.store.TallyChanges(ctx, ses.run.ID)
	if err != nil {
		return counts, err
	}
	for _, t := range tallies {
		one := Counts{}
		one.add(&reconcile.Change{Verb: t.Verb})
		switch t.State {
		case HeldBack:
			one = Counts{Held: 1}
		case Errored, Stale:
			one = Counts{Failed: 1}
		case Dismissed:
			one = Counts{Skipped: 1}
		}
		counts.plus(one, t.Count)
	}
	return counts, nil
}

// plus adds n times what another count counts.
func (c *Counts) plus(o Counts, n int) {
	c.Added += o.Added * n
	c.Changed += o.Changed * n
	c.Deactivated += o.Deactivated * n
	c.Reactivated += o.Reactivated * n
	c.Held += o.Held * n
	c.Skipped += o.Skipped * n
	c.Failed += o.Failed * n
	c.Conflicts += o.Conflicts * n
	c.Problems += o.Problems * n
}

// heapInUse is the memory that the process holds for objects, in bytes.
func heapInUse() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64()) // #nosec G115 -- memory of this machine
}

// readPerson reads a single person and what changed in the units.
func (ses *session) readPerson(ctx context.Context, r *reader) error {
	found, err := ses.src.FindUser(ctx, ses.run.Scope.Person, ses.rules.query(directory.User).Select)
	if errs.Is(err, errs.NotFound) {
		return ses.readLeaver(ctx, r, err)
	}
	if err != nil {
		return errs.Wrap(err, "look for "+ses.run.Scope.Person)
	}
	if err := r.takeSingles(ctx, directory.User, []directory.Object{found}, "person"); err != nil {
		return err
	}
	if err := ses.scopeTo(ctx, found.ID); err != nil {
		return err
	}
	return r.unitsChanged(ctx, ses.units)
}

// readLeaver looks for somebody who is no longer among the users: in the mirror
// by what was known, and in the deleted items by ID.
func (ses *session) readLeaver(ctx context.Context, r *reader, notFound error) error {
	known, err := ses.s.store.FindEntries(ctx, ses.conn.ID, directory.User, ses.run.Scope.Person, 2)
	if err != nil {
		return err
	}
	if len(known) != 1 {
		return notFound
	}
	o, ok, err := ses.src.DeletedByID(ctx, known[0].Object)
	if err != nil {
		return err
	}
	if !ok {
		ses.run.note("The directory knows %s no longer. One look-up is no evidence of deletion: a full run decides.", ses.run.Scope.Person)
		return ses.scopeTo(ctx, known[0].Object)
	}
	err = r.inTx(ctx, func(ctx context.Context) error {
		m := mirror{store: ses.s.store, connection: ses.conn.ID, run: ses.run.ID, now: ses.s.now()}
		got, err := m.apply(ctx, directory.User, []directory.Object{o}, deleted)
		if err != nil {
			return err
		}
		return r.appendPage(ctx, "person", got.moved)
	})
	if err != nil {
		return err
	}
	return ses.scopeTo(ctx, o.ID)
}

// scopeTo narrows the run to one object's entry.
func (ses *session) scopeTo(ctx context.Context, id directory.ObjectID) error {
	known, err := ses.s.store.EntriesByObject(ctx, ses.conn.ID, []directory.ObjectID{id}, false)
	if err != nil {
		return err
	}
	e, ok := known[id]
	if !ok {
		return errs.New(errs.NotFound, "%s is not in the mirror", id)
	}
	ses.run.Scope.Entry = e.ID
	return nil
}
