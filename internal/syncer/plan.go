package syncer

import (
	"context"
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
)

// planBatch is how many mirror entries are planned together: their current
// state is fetched in a handful of queries, so that memory stays constant.
// planGroup of them go into one transaction. The keys of records come in no
// order, so each commit writes anew nearly all pages of their indexes: fewer
// commits made a first run of 100,000 people a fifth cheaper.
const (
	planBatch = 1000
	planGroup = 5 * planBatch
)

// planner makes a run's plan out of the mirror.
type planner struct {
	s        *Service
	run      *Run
	conn     Connection
	rules    *rules
	lease    *held
	tell     func(Progress)
	suspects *roaring.Bitmap // entries whose absence is not believed
	stale    *roaring.Bitmap // entries of whom there is no news since they were planned last; nil for none
	tally    reconcile.Tally
	seq      int64
	scratch  []directory.Value
	edit     edit               // of the mappings, that nobody has looked at
	vain     []PendingReference // references that the batch being planned waits for no more
	blanks   map[int64]bool     // collections that held nothing when the plan was begun
	version  string             // of the configuration, as loaded
	keepDocs bool               // the plan must stand by itself: previews and held parts
	// carry makes new records together with their plan; nil in previews. No
	// limit holds plain additions of records, so they need not wait for the
	// guard, and their values are mapped once instead of twice.
	carry func(ctx context.Context, deeds []deed) error
}

// plan writes the changes for the given entries, group by group.
func (p *planner) plan(ctx context.Context, entries *roaring.Bitmap) error {
	p.tally = reconcile.Tally{}
	total, done := int(entries.GetCardinality()), 0
	for ids := range chunks(entries, planGroup) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.group(ctx, ids); err != nil {
			return err
		}
		done += len(ids)
		p.tell(Progress{Run: p.run.ID, Stage: StagePlan, Done: done, Total: total})
	}
	return nil
}

// group plans some batches in one transaction. When one of the additions that
// go with it cannot be made, the group is planned without making any: the
// applying stage then makes them, and finds out whose fault it is.
func (p *planner) group(ctx context.Context, ids []int64) error {
	err := p.tryGroup(ctx, ids, p.carry)
	if p.carry != nil && perPerson(err) {
		return p.tryGroup(ctx, ids, nil)
	}
	return err
}

func (p *planner) tryGroup(ctx context.Context, ids []int64, carry func(context.Context, []deed) error) error {
	before, seq := maps.Clone(p.tally), p.seq
	return p.s.fenced(ctx, p.conn.ID, p.lease, func(ctx context.Context) error {
		p.tally, p.seq = maps.Clone(before), seq // a transaction may run more than once
		if err := p.unedited(ctx); err != nil {
			return err
		}
		for batch := range slices.Chunk(ids, planBatch) {
			changes, err := p.batch(ctx, batch)
			if err != nil {
				return err
			}
			if err := p.save(ctx, batch, changes, carry); err != nil {
				return err
			}
		}
		return nil
	})
}

// unedited fails when the mappings are others than those planned with (F69).
func (p *planner) unedited(ctx context.Context) error {
	now, err := p.s.store.ConfigurationVersion(ctx, p.conn.ID)
	if err != nil {
		return err
	}
	if p.version != "" && now != p.version {
		return errEdited
	}
	return nil
}

// batch plans one batch.
func (p *planner) batch(ctx context.Context, ids []int64) ([]reconcile.Change, error) {
	cases, facts, err := p.cases(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]reconcile.Change, 0, len(cases)+len(cases)/4)
	p.vain = p.vain[:0]
	for i := range cases {
		p.inVain(&cases[i])
		changes := reconcile.Plan(cases[i], facts)
		if p.suspects != nil && p.suspects.Contains(uint32(cases[i].Subject.Entry)) {
			suspect(changes)
		}
		p.edit.mark(cases[i].Subject.Entry, changes)
		out = append(out, changes...)
	}
	return out, nil
}

// inVain notes the references of a case that need not be waited for any more.
func (p *planner) inVain(c *reconcile.Case) {
	for i := range c.Current {
		cur := &c.Current[i]
		for _, field := range c.InVain(cur) {
			p.vain = append(p.vain, PendingReference{Record: cur.ID, Field: field})
		}
	}
}

// suspect marks changes that rest on an absence which is in doubt: they are
// held together, whatever else they would be.
func suspect(changes []reconcile.Change) {
	for i := range changes {
		if changes[i].Verb.Acts() {
			changes[i].Class |= reconcile.ClassMissing
			changes[i].Reason = reconcile.MissingFromListing
		}
	}
}

// cases gathers what is wanted of a batch and what there is.
func (p *planner) cases(ctx context.Context, ids []int64) ([]reconcile.Case, *reconcile.Facts, error) {
	entries, err := p.s.store.EntriesByID(ctx, ids, true)
	if err != nil {
		return nil, nil, err
	}
	p.rules.reset()
	cases := make([]reconcile.Case, len(entries))
	for i := range entries {
		if cases[i], err = p.wanted(&entries[i]); err != nil {
			return nil, nil, err
		}
	}
	facts := &reconcile.Facts{Mappings: p.rules.known, Identity: p.rules.identity, Resolve: map[reconcile.RefKey]int64{}}
	if err := p.current(ctx, ids, cases); err != nil {
		return nil, nil, err
	}
	return cases, facts, p.resolve(ctx, cases, facts)
}

// wanted maps one entry through every mapping of its kind.
func (p *planner) wanted(e *Entry) (reconcile.Case, error) {
	pick := p.rules.picks[e.Kind]
	if pick == nil { // a unit, which no mapping is about
		return reconcile.Case{Subject: reconcile.Subject{Entry: e.ID, Version: e.Version, Object: e.Object, Kind: e.Kind, Standing: e.Standing}}, nil
	}
	values, err := e.Doc.Pick(pick.fields, p.scratch)
	if err != nil {
		return reconcile.Case{}, errs.Wrap(err, "read the mirror of "+e.Object.String())
	}
	p.scratch = values
	c := reconcile.Case{Subject: pick.subject(e, values), News: p.stale == nil || !p.stale.Contains(uint32(e.ID))}
	if p.suspects != nil && p.suspects.Contains(uint32(e.ID)) {
		c.Subject.Standing = reconcile.NotFound
	}
	for _, rl := range p.rules.list {
		if rl.def.Entity == e.Kind {
			c.Desired = rl.mapper.Map(c.Desired, &c.Subject, values, rl.membership(e.ID))
		}
	}
	return c, nil
}

// current fills in what the register holds: through links where there are
// some, else candidates by the unique identifier.
func (p *planner) current(ctx context.Context, ids []int64, cases []reconcile.Case) error {
	links, err := p.s.store.Links(ctx, ids)
	if err != nil {
		return err
	}
	byEntry := make(map[int64][]Link, len(ids))
	for _, l := range links {
		byEntry[l.Entry] = append(byEntry[l.Entry], l)
	}
	for i := range cases {
		c := &cases[i]
		for _, l := range byEntry[c.Subject.Entry] {
			c.Current = append(c.Current, reconcile.Current{
				Target: l.Target, Collection: l.Collection, ID: l.TargetID, Mapping: l.Mapping, Status: l.Status, PutAway: l.PutAway != 0,
			})
		}
		for j := range c.Desired {
			d := &c.Desired[j]
			if !hasTarget(c.Current, d.Target, d.Collection) {
				c.Current = append(c.Current, reconcile.Current{Target: d.Target, Collection: d.Collection})
			}
		}
	}
	if err := p.linked(ctx, cases); err != nil {
		return err
	}
	return p.candidates(ctx, cases)
}

func hasTarget(current []reconcile.Current, target reconcile.Target, collection int64) bool {
	for i := range current {
		if current[i].Target == target && current[i].Collection == collection {
			return true
		}
	}
	return false
}

// linked loads the records and logins that links lead to.
func (p *planner) linked(ctx context.Context, cases []reconcile.Case) error {
	var records, logins []int64
	for i := range cases {
		for _, cur := range cases[i].Current {
			switch {
			case cur.ID == 0:
			case cur.Target == reconcile.Record:
				records = append(records, cur.ID)
			default:
				logins = append(logins, cur.ID)
			}
		}
	}
	recs, err := p.loadRecords(ctx, records)
	if err != nil {
		return err
	}
	logs, err := p.loadLogins(ctx, logins)
	if err != nil {
		return err
	}
	waits, err := p.loadWaits(ctx, records)
	if err != nil {
		return err
	}
	for i := range cases {
		for j := range cases[i].Current {
			cur := &cases[i].Current[j] // #nosec G602 -- j ranges over it
			if rec, ok := recs[cur.ID]; ok && cur.Target == reconcile.Record {
				cur.Version, cur.Fields, cur.Pinned = rec.Version, fieldValues(rec.Fields), rec.Pinned
				cur.Waiting = waits[cur.ID]
				cur.PutAway = cur.PutAway && rec.Archived() // else somebody has brought it back
			}
			if login, ok := logs[cur.ID]; ok && cur.Target == reconcile.Login {
				cur.Version, cur.Login = login.Version, loginState(login)
				cur.PutAway = cur.PutAway && cur.Login.Deactivated
			}
		}
	}
	return nil
}

func (p *planner) loadRecords(ctx context.Context, ids []int64) (map[int64]register.Record, error) {
	out := make(map[int64]register.Record, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	list, err := p.s.records.Load(ctx, ids)
	for _, rec := range list {
		out[rec.ID] = rec
	}
	return out, err
}

func (p *planner) loadLogins(ctx context.Context, ids []int64) (map[int64]account.Login, error) {
	out := make(map[int64]account.Login, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	list, err := p.s.logins.LoadLogins(ctx, ids)
	for _, l := range list {
		out[l.ID] = l
	}
	return out, err
}

// loadWaits returns the link fields of records that wait for their object.
func (p *planner) loadWaits(ctx context.Context, records []int64) (map[int64][]reconcile.Waiting, error) {
	if len(records) == 0 {
		return nil, nil
	}
	refs, err := p.s.store.Pending(ctx, p.conn.ID, records)
	out := make(map[int64][]reconcile.Waiting, len(refs))
	for _, ref := range refs {
		out[ref.Record] = append(out[ref.Record], reconcile.Waiting{Field: ref.Field, Object: ref.Object})
	}
	return out, err
}

func fieldValues(in []register.FieldValue) []reconcile.FieldValue {
	out := make([]reconcile.FieldValue, len(in))
	for i, f := range in {
		out[i] = reconcile.FieldValue{Field: f.Field, Value: f.Value}
	}
	return out
}

func loginState(l account.Login) reconcile.LoginState {
	s := reconcile.LoginState{
		Name: l.Name, Email: l.Email,
		Deactivated: l.State == account.Deactivated,
		ByHand:      l.State == account.Deactivated && l.DeactivatedBy == account.ByHand,
		Protected:   l.Protected,
	}
	for _, g := range l.Grants {
		s.Grants = append(s.Grants, reconcile.Grant{
			Module: g.Module, Mapping: g.Mapping, Role: g.Role, Administrator: g.Administrator,
		})
	}
	return s
}

// save writes a batch's changes as rows, adds them to the tally, and makes the
// additions that need not wait. What the mirror says by itself is not written
// twice: the values of an addition are the mapping of the entry at the version
// noted. A run for one mapping keeps the changes that this mapping decides and
// leaves the rest to the next run: what is wanted was worked out from all
// mappings, since they may share a record.
func (p *planner) save(ctx context.Context, evaluated []int64, changes []reconcile.Change, carry func(context.Context, []deed) error) error {
	rows := make([]PlannedChange, 0, len(changes))
	var open []PlannedChange
	var now []deed
	for i := range changes {
		ch := &changes[i]
		if p.outside(ch) {
			continue
		}
		if retries(ch) {
			open = append(open, PlannedChange{Change: *ch, Run: p.run.ID})
		}
		if only := p.run.Scope.Mapping; only != 0 && ch.Mapping != only {
			continue
		}
		p.seq++
		p.tally.Count(ch)
		if ch.Class&reconcile.ClassEdit != 0 {
			p.tally[reconcile.ClassEdit]++
		}
		row := PlannedChange{Change: *ch, Run: p.run.ID, Seq: p.seq}
		if carry != nil && free(ch) {
			row.State = Applied
			now = append(now, deed{changes: []PlannedChange{row}})
		}
		if ch.Verb == reconcile.Add && !p.keepDocs {
			row.Fields = nil
		}
		rows = append(rows, row)
	}
	if err := p.s.store.InsertChanges(ctx, p.run.ID, rows); err != nil {
		return err
	}
	if err := p.s.store.SaveOutcomes(ctx, p.conn.ID, p.run.ID, evaluated, open); err != nil {
		return err
	}
	if p.run.Mode != Preview {
		if err := p.s.store.DropPending(ctx, p.vain); err != nil {
			return err
		}
	}
	if len(now) == 0 {
		return nil
	}
	return p.carryNow(ctx, now, carry)
}

// carryNow makes additions inside the plan's transaction.
func (p *planner) carryNow(ctx context.Context, deeds []deed, carry func(context.Context, []deed) error) error {
	if err := carry(ctx, deeds); err != nil {
		return err
	}
	for i := range deeds {
		if deeds[i].err != nil {
			return deeds[i].err
		}
	}
	return nil
}

// free reports whether a change is the addition of a record that no limit can
// hold.
func free(ch *reconcile.Change) bool {
	return ch.Verb == reconcile.Add && ch.Target == reconcile.Record && ch.Class == 0
}

// outside reports whether a change only says that somebody without a link is
// in none of a mapping's units. That is no news of a hundred thousand people;
// a run for one person says it all the same.
func (p *planner) outside(ch *reconcile.Change) bool {
	return ch.Verb == reconcile.Skip && ch.Reason == reconcile.OutsideUnits && p.run.Scope.Entry == 0
}

// retries reports whether a change tells of something that may mend by itself
// or by a person's hand, so that each run looks at it again (F44). A required
// field that the directory leaves empty mends only when the directory says
// more: somebody who is in the register is told of once, until they change.
func retries(ch *reconcile.Change) bool {
	switch ch.Verb {
	case reconcile.Conflict, reconcile.Fail:
		return true
	case reconcile.Problem:
		return slices.ContainsFunc(ch.Issues, func(i reconcile.Issue) bool { return i.Reason != reconcile.RequiredFieldEmpty })
	case reconcile.Skip:
		return ch.Reason == reconcile.EnabledUnknown || ch.Reason == reconcile.UnitUnknown
	}
	return false
}
