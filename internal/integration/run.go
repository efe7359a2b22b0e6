package integration

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

// Order says what run to start.
type Order struct {
	Full    bool
	Preview bool
	Person  string // only this person
	Mapping int64  // only this mapping
	Asked   string // hand (the default) or schedule
}

// Runs lists a connection's runs, the newest first.
func (s *Service) Runs(ctx context.Context, p account.Principal, id int64, limit int) ([]syncer.Run, error) {
	if _, err := s.allowed(ctx, p, account.ManageIntegrations, id); err != nil {
		return nil, err
	}
	return s.Sync.Runs(ctx, id, limit)
}

// RunsBefore lists the runs of a connection before one, the newest first; 0 from
// the newest.
func (s *Service) RunsBefore(ctx context.Context, p account.Principal, id, before int64, limit int) ([]syncer.Run, error) {
	if _, err := s.allowed(ctx, p, account.ManageIntegrations, id); err != nil {
		return nil, err
	}
	return s.Sync.RunsBefore(ctx, id, before, limit)
}

// Run returns a run.
func (s *Service) Run(ctx context.Context, p account.Principal, id int64) (syncer.Run, error) {
	run, _, err := s.run(ctx, p, account.ManageIntegrations, id)
	return run, err
}

// run loads a run whose connection a principal may do an action with.
func (s *Service) run(ctx context.Context, p account.Principal, action account.Action, id int64) (syncer.Run, syncer.Connection, error) {
	run, err := s.Sync.RunByID(ctx, id)
	if err != nil {
		return run, syncer.Connection{}, err
	}
	c, err := s.allowed(ctx, p, action, run.Connection)
	if err != nil {
		return syncer.Run{}, c, err
	}
	return run, c, nil
}

// Changes lists what a run planned, narrowed by a filter.
func (s *Service) Changes(ctx context.Context, p account.Principal, run int64, f syncer.ChangeFilter) ([]syncer.PlannedChange, error) {
	if _, _, err := s.run(ctx, p, account.ManageIntegrations, run); err != nil {
		return nil, err
	}
	return s.Sync.Changes(ctx, run, f)
}

// Start begins a run in the background and returns its number. It fails with
// Conflict when one is in progress.
func (s *Service) Start(ctx context.Context, p account.Principal, id int64, o Order) (int64, error) {
	c, err := s.allowed(ctx, p, account.ManageIntegrations, id)
	if err != nil {
		return 0, err
	}
	if err := s.ready(ctx, c); err != nil {
		return 0, err
	}
	req := syncer.Request{Connection: c.ID, Full: o.Full, Preview: o.Preview, Person: o.Person, Mapping: o.Mapping, Asked: o.Asked, Actor: p.Actor()}
	return s.runs.start(ctx, func(ctx context.Context, tell func(syncer.Progress)) (syncer.Report, error) {
		req.Progress = tell
		return s.Sync.Run(ctx, req)
	})
}

// ready refuses a run that could do nothing.
func (s *Service) ready(ctx context.Context, c syncer.Connection) error {
	if !c.Configured() {
		return notConfigured()
	}
	maps, err := s.Sync.Mappings(ctx, c.ID)
	if err == nil && len(maps) == 0 {
		err = errs.New(errs.Invalid, "the integration has no mapping yet").
			WithHint("Continue with mapping: say which people become records or users.")
	}
	return err
}

// Watch yields where a run is until it ends or ctx does. Of a run that another
// process carries out it tells what the database says.
func (s *Service) Watch(ctx context.Context, p account.Principal, id int64) (<-chan syncer.Progress, error) {
	run, _, err := s.run(ctx, p, account.ManageIntegrations, id)
	if err != nil {
		return nil, err
	}
	if s.runs.has(id) || run.State != syncer.Running {
		return s.runs.watch(ctx, id), nil
	}
	return s.follow(ctx, run), nil
}

// followEvery is how often a run of another process is looked at.
const followEvery = time.Second

// follow tells of a run in another process until it is no longer running.
func (s *Service) follow(ctx context.Context, run syncer.Run) <-chan syncer.Progress {
	out := make(chan syncer.Progress, 1)
	go func() {
		defer close(out)
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for run.State == syncer.Running {
			select {
			case out <- syncer.Progress{Run: run.ID, Stage: run.Stage, Done: run.Stats.Objects}:
			default: // whoever watches is behind; the next look will do
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			var err error
			if run, err = s.Sync.RunByID(ctx, run.ID); err != nil {
				return
			}
		}
	}()
	return out
}

// Cancel stops a run between two batches. What was applied by then stays.
func (s *Service) Cancel(ctx context.Context, p account.Principal, id int64) error {
	run, c, err := s.run(ctx, p, account.ManageIntegrations, id)
	if err != nil {
		return err
	}
	if !s.runs.cancel(id) {
		if err := s.Sync.Cancel(ctx, run.Connection); err != nil {
			return err
		}
	}
	return s.audit(ctx, p, c, audit.RunCancelled, runDetail(id))
}

// Approve decides about what a run holds.
func (s *Service) Approve(ctx context.Context, p account.Principal, id int64, choice syncer.Choice, tell func(syncer.Progress)) (syncer.Report, error) {
	_, c, err := s.run(ctx, p, account.ApproveRuns, id)
	if err != nil {
		return syncer.Report{}, err
	}
	if err := s.mayTakeOver(ctx, p, id, choice); err != nil {
		return syncer.Report{}, err
	}
	rep, err := s.Sync.Approve(ctx, id, choice, p.Actor(), tell)
	if err != nil {
		return rep, err
	}
	return rep, s.audit(ctx, p, c, audit.RunApproved, runDetail(id), audit.Detail{Name: "decision", After: words(choice)})
}

// mayTakeOver refuses to have a user taken over by the directory, or by another
// object of it, whom the principal does not manage everywhere: whoever runs the
// directory signs in as that user afterwards.
func (s *Service) mayTakeOver(ctx context.Context, p account.Principal, run int64, choice syncer.Choice) error {
	if choice.None {
		return nil
	}
	held, err := s.Sync.Changes(ctx, run, syncer.ChangeFilter{
		States: []syncer.ChangeState{syncer.HeldBack}, Verbs: []reconcile.Verb{reconcile.Adopt, reconcile.Relink}, Seqs: choice.Changes,
	})
	for i := range held {
		if err == nil && held[i].Target == reconcile.Login {
			err = s.Accounts.Governs(ctx, p, held[i].TargetID)
		}
	}
	return err
}

// words tells a choice.
func words(c syncer.Choice) string {
	switch {
	case c.All:
		return "all of it approved"
	case c.None:
		return "all of it dismissed"
	}
	return fmt.Sprintf("changes %v approved", c.Changes)
}

// Undo takes back what a run did.
func (s *Service) Undo(ctx context.Context, p account.Principal, id int64, tell func(syncer.Progress)) (syncer.Report, error) {
	_, c, err := s.run(ctx, p, account.ApproveRuns, id)
	if err != nil {
		return syncer.Report{}, err
	}
	rep, err := s.Sync.Undo(ctx, id, p.Actor(), tell)
	if err != nil {
		return rep, err
	}
	return rep, s.audit(ctx, p, c, audit.RunUndone, runDetail(id))
}

func runDetail(id int64) audit.Detail { return audit.Detail{Name: "run", After: fmt.Sprint(id)} }

// Explain tells why a person of the directory is as they are in the register.
func (s *Service) Explain(ctx context.Context, p account.Principal, id int64, person string) (syncer.Explanation, error) {
	if _, err := s.allowed(ctx, p, account.ManageIntegrations, id); err != nil {
		return syncer.Explanation{}, err
	}
	return s.Sync.Explain(ctx, id, person)
}

// ExplainRecord tells why a record is as it is, to whoever may see the record.
// It fails with NotFound when no directory has to do with it.
func (s *Service) ExplainRecord(ctx context.Context, p account.Principal, acct, record int64) (syncer.Explanation, syncer.Connection, error) {
	if _, err := s.Records.Record(ctx, p, acct, record); err != nil {
		return syncer.Explanation{}, syncer.Connection{}, err
	}
	return s.Sync.ExplainRecord(ctx, record)
}

// Unpin lets the directory write a field of a record again, and writes what it said
// last, without asking it. What cannot be written yet, such as a link to somebody
// who is not there, is left to the next sync, which says so.
func (s *Service) Unpin(ctx context.Context, p account.Principal, acct, record, field int64) (register.Record, error) {
	rec, err := s.Records.Pin(ctx, p, acct, record, field, false)
	if err != nil {
		return rec, err
	}
	why, _, err := s.Sync.ExplainRecord(ctx, record)
	if errs.Is(err, errs.NotFound) {
		return rec, nil
	}
	if err != nil {
		return rec, err
	}
	said, ok := saidOf(why.Next, record, field)
	if !ok {
		return rec, nil
	}
	out, err := s.Records.WriteBatch(ctx, p.Actor(), 0, []register.Write{{
		Record: record, Account: acct, Set: []register.FieldValue{{Field: field, Value: said}}, KeepPinned: true, Note: "as the directory said last",
	}})
	if err != nil || out[0].Err != nil {
		return rec, err
	}
	return s.Records.Record(ctx, p, acct, record)
}

// saidOf is what planned changes would write into a field of a record.
func saidOf(next []reconcile.Change, record, field int64) (datatype.Value, bool) {
	for _, c := range next {
		if c.Target != reconcile.Record || c.TargetID != record {
			continue
		}
		for _, f := range c.Fields {
			if f.Field == field && f.Ref == nil {
				return f.After, true
			}
		}
	}
	return datatype.Value{}, false
}

// runs are the runs in progress in this process, by number.
type runs struct {
	mu     sync.Mutex
	base   context.Context
	stop   context.CancelFunc
	ending bool
	done   sync.WaitGroup
	live   map[int64]*live
}

// live is a run in progress with who watches it.
type live struct {
	cancel   context.CancelFunc
	last     syncer.Progress
	watchers map[chan syncer.Progress]bool
}

func (r *runs) open() {
	r.base, r.stop = context.WithCancel(context.Background())
	r.live = map[int64]*live{}
}

func (r *runs) close() {
	r.mu.Lock()
	r.ending = true
	r.mu.Unlock()
	r.stop()
	r.done.Wait()
}

// start runs fn in the background until it has told its run's number.
func (r *runs) start(ctx context.Context, fn func(ctx context.Context, tell func(syncer.Progress)) (syncer.Report, error)) (int64, error) {
	r.mu.Lock()
	if r.ending {
		r.mu.Unlock()
		return 0, context.Canceled
	}
	r.done.Add(1)
	r.mu.Unlock()
	runCtx, cancel := context.WithCancel(r.base)
	type began struct {
		run int64
		err error
	}
	first := make(chan began, 1) // room for one: nobody may be waiting any more
	go func() {
		defer r.done.Done()
		defer cancel()
		l := &live{cancel: cancel, watchers: map[chan syncer.Progress]bool{}}
		told := int64(0)
		rep, err := fn(runCtx, func(p syncer.Progress) {
			if p.Run != 0 && told != p.Run {
				r.put(p.Run, l, told)
				told = p.Run
				select {
				case first <- began{run: p.Run}:
				default:
				}
			}
			r.tell(l, p)
		})
		r.put(0, l, told)
		if told == 0 || rep.Run.ID == 0 {
			select {
			case first <- began{rep.Run.ID, err}:
			default:
			}
		}
	}()
	select {
	case b := <-first:
		return b.run, b.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// put files a run under its number, or with 0 ends it: nobody waits for more.
func (r *runs) put(run int64, l *live, before int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, before)
	if run != 0 {
		r.live[run] = l
		return
	}
	for w := range l.watchers {
		close(w)
	}
	l.watchers = nil
}

// tell passes progress on. A watcher that is behind misses some of it.
func (r *runs) tell(l *live, p syncer.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.last = p
	for w := range l.watchers {
		select {
		case w <- p:
		default:
		}
	}
}

func (r *runs) has(run int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live[run] != nil
}

func (r *runs) cancel(run int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.live[run]
	if l != nil {
		l.cancel()
	}
	return l != nil
}

// watch yields a run's progress until it ends; at once closed for one that is
// not in progress here.
func (r *runs) watch(ctx context.Context, run int64) <-chan syncer.Progress {
	w := make(chan syncer.Progress, 16)
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.live[run]
	if l == nil {
		close(w)
		return w
	}
	w <- l.last
	l.watchers[w] = true
	context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if l.watchers[w] {
			delete(l.watchers, w)
			close(w)
		}
	})
	return w
}
