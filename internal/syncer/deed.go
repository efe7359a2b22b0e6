package syncer

import (
	"cmp"
	"context"
	"slices"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
)

// carryOut does deeds in the caller's transaction: records first, because
// logins are tied to them.
func (a *applier) carryOut(ctx context.Context, deeds []deed) error {
	if err := a.makeReferences(ctx, deeds); err != nil {
		return err
	}
	if err := a.doRecords(ctx, about(deeds, reconcile.Record)); err != nil {
		return err
	}
	return a.doLogins(ctx, about(deeds, reconcile.Login))
}

// carryFresh does deeds that are made anew whenever their transaction is.
func (a *applier) carryFresh(ctx context.Context, deeds []deed) error {
	clear(a.status) // a field made in a transaction that was rolled back is gone
	return a.carryOut(ctx, deeds)
}

// about returns the deeds about a kind of target that can still be done.
func about(deeds []deed, target reconcile.Target) []*deed {
	var out []*deed
	for i := range deeds {
		if deeds[i].first().Target == target && deeds[i].err == nil {
			out = append(out, &deeds[i])
		}
	}
	return out
}

// makeReferences creates the records that link fields name and that do not
// exist yet, each once.
func (a *applier) makeReferences(ctx context.Context, deeds []deed) error {
	wanted := map[int64]map[string]string{} // collection → key → label
	eachRef(deeds, func(f *reconcile.FieldChange) {
		if f.Ref.Create && f.Ref.Object.IsZero() {
			if wanted[f.Ref.Collection] == nil {
				wanted[f.Ref.Collection] = map[string]string{}
			}
			wanted[f.Ref.Collection][f.Ref.Text] = f.Ref.Label
		}
	})
	made := map[reconcile.RefKey]int64{}
	for collection, names := range wanted {
		if err := a.makeNamed(ctx, collection, names, made); err != nil {
			return err
		}
	}
	eachRef(deeds, func(f *reconcile.FieldChange) {
		if id := made[f.Ref.Key()]; id != 0 {
			f.After, f.Ref = datatype.OfRecord(id), nil
		}
	})
	return nil
}

func eachRef(deeds []deed, fn func(*reconcile.FieldChange)) {
	for i := range deeds {
		if deeds[i].err != nil {
			continue
		}
		for j := range deeds[i].changes {
			for k := range deeds[i].changes[j].Fields {
				if f := &deeds[i].changes[j].Fields[k]; f.Ref != nil {
					fn(f)
				}
			}
		}
	}
}

// makeNamed finds or creates the records of a collection with the given names.
func (a *applier) makeNamed(ctx context.Context, collection int64, names map[string]string, made map[reconcile.RefKey]int64) error {
	keys := make([]string, 0, len(names))
	for key := range names {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	found, err := a.s.records.FindByTitle(ctx, collection, keys)
	if err != nil {
		return err
	}
	title, err := a.s.records.TitleField(ctx, collection)
	if err != nil {
		return err
	}
	var fresh []string
	for _, key := range keys {
		if ids := found[key]; len(ids) > 0 {
			made[reconcile.RefKey{Collection: collection, Text: key}] = ids[0]
		} else {
			fresh = append(fresh, key)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return a.makeFresh(ctx, collection, title, fresh, names, made)
}

// makeFresh creates the records of names that nothing goes by yet.
func (a *applier) makeFresh(ctx context.Context, collection, title int64, keys []string, names map[string]string, made map[reconcile.RefKey]int64) error {
	first, err := a.recordNumbers(ctx, len(keys))
	if err != nil {
		return err
	}
	writes := make([]register.Write, len(keys))
	for i, key := range keys {
		writes[i] = register.Write{
			Record: first + int64(i), Create: true, Account: a.conn.Account, Collection: collection,
			Set: []register.FieldValue{{Field: title, Value: datatype.OfText(names[key])}},
		}
		made[reconcile.RefKey{Collection: collection, Text: key}] = writes[i].Record
	}
	out, err := a.s.records.WriteBatch(ctx, a.actor, a.run.ID, writes)
	if err != nil {
		return err
	}
	for _, o := range out {
		if o.Err != nil {
			return o.Err
		}
	}
	return nil
}

// doRecords writes records and their links.
func (a *applier) doRecords(ctx context.Context, deeds []*deed) error {
	if len(deeds) == 0 {
		return nil
	}
	writes := make([]register.Write, len(deeds))
	fresh := 0
	for i, d := range deeds {
		w, err := a.write(ctx, d)
		if err != nil {
			return err
		}
		if w.Create {
			fresh++
		}
		writes[i] = w
	}
	next, err := a.recordNumbers(ctx, fresh)
	if err != nil {
		return err
	}
	for i := range writes {
		if writes[i].Create {
			writes[i].Record = next
			next++
		}
	}
	outcomes, err := a.s.records.WriteBatch(ctx, a.actor, a.run.ID, writes)
	if err != nil {
		return err
	}
	for i, d := range deeds {
		d.target, d.err = outcomes[i].Record, outcomes[i].Err
		if d.target == 0 {
			d.target = writes[i].Record
		}
		if d.err != nil && len(deeds) > 1 {
			return d.err // the batch is done again one by one
		}
	}
	return a.tie(ctx, deeds)
}

func (a *applier) recordNumbers(ctx context.Context, n int) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	return a.s.store.NextIDs(ctx, "record", n)
}

// write turns a deed into the register's terms.
func (a *applier) write(ctx context.Context, d *deed) (register.Write, error) {
	ch := d.first()
	w := register.Write{
		Record: ch.TargetID, Create: ch.Verb == reconcile.Add, Account: a.conn.Account,
		Collection: ch.Collection, Version: ch.TargetVersion,
	}
	for i := range d.changes {
		for _, f := range d.changes[i].Fields {
			if f.Ref == nil && !slices.Contains(d.drop, f.Field) {
				w.Set = append(w.Set, register.FieldValue{Field: f.Field, Value: f.After})
			}
		}
	}
	if s := d.has(reconcile.Add, reconcile.Adopt, reconcile.Relink, reconcile.SetStatus, reconcile.Reactivate); s != nil {
		field, err := a.statusField(ctx, ch.Collection)
		if err != nil {
			return w, err
		}
		w.Set = append(w.Set, register.FieldValue{Field: field, Value: datatype.OfText(s.Status.String())})
	}
	if arch := d.has(reconcile.Archive); arch != nil {
		w.Archive = true
	}
	w.Unarchive = d.has(reconcile.Reactivate) != nil
	byField := func(x, y register.FieldValue) int { return cmp.Compare(x.Field, y.Field) }
	if !slices.IsSortedFunc(w.Set, byField) {
		slices.SortFunc(w.Set, byField)
	}
	return w, nil
}

// statusField returns a collection's field Integration status.
func (a *applier) statusField(ctx context.Context, collection int64) (int64, error) {
	if id := a.status[collection]; id != 0 {
		return id, nil
	}
	id, err := a.s.records.EnsureStatusField(ctx, collection)
	if err == nil {
		a.status[collection] = id
	}
	return id, err
}

// tie writes the links of deeds, their status, and the references that wait.
func (a *applier) tie(ctx context.Context, deeds []*deed) error {
	var fresh, status, moved []Link
	var pending []PendingReference
	now := a.s.now()
	for _, d := range deeds {
		if d.err != nil {
			continue
		}
		ch := d.first()
		l := Link{
			Entry: ch.Entry, Target: ch.Target, Collection: ch.Collection, TargetID: d.target,
			Connection: a.conn.ID, Mapping: ch.Mapping, Status: ch.Status, StatusSince: now, Run: a.run.ID,
		}
		switch {
		case ch.Unlinks():
			if err := a.untie(ctx, l, ch); err != nil {
				return err
			}
		case d.has(reconcile.Add, reconcile.Adopt) != nil:
			fresh = append(fresh, l)
		case d.has(reconcile.Relink) != nil:
			if err := a.s.store.MoveLink(ctx, l); err != nil {
				return err
			}
		}
		if s := d.has(reconcile.SetStatus, reconcile.Reactivate); s != nil && ch.Target == reconcile.Record {
			l.Status = s.Status
			status = append(status, l)
		}
		if ch.PutsAway() {
			l.PutAway = a.run.ID
		}
		if ch.PutsAway() || d.has(reconcile.Reactivate) != nil {
			moved = append(moved, l)
		}
		pending = append(pending, waiting(d)...)
	}
	if err := a.s.store.InsertLinks(ctx, fresh); err != nil {
		return err
	}
	if err := a.s.store.SetLinkStatus(ctx, status); err != nil {
		return err
	}
	if err := a.s.store.SetPutAway(ctx, moved); err != nil {
		return err
	}
	return a.s.store.AddPending(ctx, a.conn.ID, pending)
}

// untie takes a link back that an undone run had made or moved.
func (a *applier) untie(ctx context.Context, l Link, ch *PlannedChange) error {
	if ch.Verb == reconcile.Adopt || ch.EntryBefore == 0 {
		return a.s.store.DropLink(ctx, l)
	}
	l.Entry = ch.EntryBefore
	return a.s.store.MoveLink(ctx, l)
}

// waiting returns the link fields of a deed whose object is not here yet.
func waiting(d *deed) []PendingReference {
	var out []PendingReference
	for i := range d.changes {
		for _, f := range d.changes[i].Fields {
			if f.Ref != nil && !f.Ref.Object.IsZero() {
				out = append(out, PendingReference{
					Record: d.target, Field: f.Field, Object: f.Ref.Object, Collection: f.Ref.Collection, IfEmpty: f.Ref.IfEmpty,
				})
			}
		}
	}
	return out
}

// doLogins writes logins and their links.
func (a *applier) doLogins(ctx context.Context, deeds []*deed) error {
	if len(deeds) == 0 {
		return nil
	}
	people, err := a.people(ctx, deeds)
	if err != nil {
		return err
	}
	fresh := 0
	logins := make([]account.SyncLogin, len(deeds))
	for i, d := range deeds {
		logins[i] = a.login(d, people[d.first().Entry])
		if logins[i].Create {
			fresh++
		}
	}
	if fresh > 0 {
		next, err := a.s.store.NextIDs(ctx, "login", fresh)
		if err != nil {
			return err
		}
		for i := range logins {
			if logins[i].Create {
				logins[i].Login = next
				next++
			}
		}
	}
	outcomes, err := a.s.logins.ApplyBatch(ctx, a.actor, a.run.ID, logins)
	if err != nil {
		return err
	}
	for i, d := range deeds {
		d.target, d.err = logins[i].Login, outcomes[i].Err
		if d.err != nil && len(deeds) > 1 {
			return errs.As(d.err, errs.Conflict)
		}
	}
	return a.tie(ctx, deeds)
}

// people returns the record of each deed's person: the login is tied to it.
func (a *applier) people(ctx context.Context, deeds []*deed) (map[int64]int64, error) {
	var ids []int64
	for _, d := range deeds {
		if d.has(reconcile.Add, reconcile.Adopt, reconcile.Relink) != nil {
			ids = append(ids, d.first().Entry)
		}
	}
	out := make(map[int64]int64, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	links, err := a.s.store.Links(ctx, ids)
	for _, l := range links {
		if l.Target == reconcile.Record && (out[l.Entry] == 0 || l.TargetID < out[l.Entry]) {
			out[l.Entry] = l.TargetID
		}
	}
	return out, err
}

// login turns a deed into the account package's terms.
func (a *applier) login(d *deed, person int64) account.SyncLogin {
	ch := d.first()
	l := account.SyncLogin{Login: ch.TargetID, Create: ch.Verb == reconcile.Add, Version: ch.TargetVersion}
	for i := range d.changes {
		c := &d.changes[i]
		switch c.Verb {
		case reconcile.Add, reconcile.Adopt, reconcile.Relink:
			if c.Unlinks() {
				break
			}
			l.Tenant, l.Object = a.conn.Realm(), d.entry.Object
			if c.Verb == reconcile.Add { // whether one taken over may be opened is the next run's to decide
				l.State = stateOf(account.Active)
			}
			if person != 0 {
				l.Person = &person
			}
		case reconcile.Reactivate:
			l.State = stateOf(account.Active)
		case reconcile.Deactivate:
			l.State = stateOf(account.Deactivated)
			l.ReleaseEmail = c.Reason == reconcile.PurgedInDirectory // its address may be given out again (F24)
		}
		if c.LoginName != "" {
			l.Name = &c.LoginName
		}
		if c.LoginEmail != "" {
			l.Email = &c.LoginEmail
		}
		a.roles(&l, c.Roles)
	}
	return l
}

func stateOf(s account.State) *account.State { return &s }

func (a *applier) roles(l *account.SyncLogin, roles []reconcile.RoleChange) {
	for _, r := range roles {
		key := account.GrantKey{Account: a.conn.Account, Module: r.Module, Mapping: r.Mapping}
		if r.After == 0 {
			l.Revokes = append(l.Revokes, key)
			continue
		}
		l.Grants = append(l.Grants, account.Grant{
			Account: key.Account, Module: key.Module, Mapping: key.Mapping, Role: r.After,
		})
	}
}

// referenceWrites turns resolved references, which come in order of record and
// field, into one write a record.
func referenceWrites(refs []PendingReference, records []int64, account int64) []register.Write {
	var out []register.Write
	for i, ref := range refs {
		if n := len(out); n == 0 || out[n-1].Record != ref.Record {
			out = append(out, register.Write{Record: ref.Record, Account: account, KeepPinned: true})
		}
		w := &out[len(out)-1]
		w.Set = append(w.Set, register.FieldValue{Field: ref.Field, Value: datatype.OfRecord(records[i])})
		if ref.IfEmpty {
			w.IfEmpty = append(w.IfEmpty, ref.Field)
		}
	}
	return out
}

// references gives waiting link fields their record, now that its object may
// have one (F71). It returns how many it could resolve.
func (a *applier) references(ctx context.Context) (int, error) {
	done := 0
	for {
		refs, records, err := a.s.store.ResolvePending(ctx, a.conn.ID, a.run.Scope.Mapping, applyBatch)
		if err != nil || len(refs) == 0 {
			return done, err
		}
		writes := referenceWrites(refs, records, a.conn.Account)
		err = a.s.fenced(ctx, a.conn.ID, a.lease, func(ctx context.Context) error {
			if _, err := a.s.records.WriteBatch(ctx, a.actor, a.run.ID, writes); err != nil {
				return err
			}
			return a.s.store.DropPending(ctx, refs)
		})
		if err != nil {
			return done, err
		}
		done += len(refs)
	}
}
