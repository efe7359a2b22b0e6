package register

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// Write is what is to become of one record.
type Write struct {
	Record     int64 // of a creation: a number from the sequence "record"
	Create     bool
	Account    int64
	Collection int64        // of an update: 0 for whichever it is in
	Version    int64        // of an update: the version expected; 0 for any
	Set        []FieldValue // by field number; an empty value clears
	Archive    bool         // put the record away
	Unarchive  bool         // bring it back
	// KeepPinned leaves pinned fields as they are, and IfEmpty those of its fields
	// that hold something by now: for values planned a while ago.
	KeepPinned bool
	IfEmpty    []int64
	Note       string
}

// Outcome is what became of a Write.
type Outcome struct {
	Record  int64
	Version int64
	Before  []FieldValue // of an update: what the fields set held before
	Err     error        // *Taken, *Stale, Invalid or NotFound; the write was not done
}

// WriteBatch creates and changes records, about a thousand at a time, with a
// handful of statements in all. A write that cannot be done for a reason of its
// own says so in its outcome, and the others are done; but when two records
// would share a unique value, the whole batch fails with a *Taken and leaves
// nothing, and the caller tries one record at a time. A batch of one reports it
// as the outcome.
//
// Each record may occur once in a batch. Required fields are not asked for, only
// kept from being cleared: a sync may know less than a person. With run set, no
// history is written, since the run's changes are the history; and a batch of
// several that fails leaves its work to the transaction around it to take back,
// because the savepoint that would costs SQLite a copy of each page it touches.
func (s *Service) WriteBatch(ctx context.Context, actor audit.Actor, run int64, writes []Write) ([]Outcome, error) {
	var out []Outcome
	within := s.store.Savepoint
	if run != 0 && len(writes) > 1 {
		within = s.store.InTx
	}
	err := within(ctx, func(ctx context.Context) error {
		b := batch{s: s, now: s.moment(), actor: actor, run: run, collections: map[int64]*shape{}, outcomes: make([]Outcome, len(writes)), more: map[int64]int{}}
		out = b.outcomes
		return b.do(ctx, writes)
	})
	if taken, ok := asTaken(err); ok && len(writes) == 1 {
		return []Outcome{{Record: writes[0].Record, Err: taken}}, nil
	}
	return out, err
}

// batch is the work of one WriteBatch.
type batch struct {
	s           *Service
	now         time.Time
	actor       audit.Actor
	run         int64
	collections map[int64]*shape
	outcomes    []Outcome

	created, updated, renamed []Record
	release, claim            []Key
	history                   []HistoryEntry
	more                      map[int64]int // records not put away, by collection
}

// shape is a collection with its fields.
type shape struct {
	account int64
	module  int64
	fields  []Field // by number
	title   int64
	status  int64       // the field of the integration status; 0 when there is none
	wanted  []EventKind // what anybody wants to hear of
	heard   map[EventKind][]EventItem
}

// field returns the field with a number, or nil.
func (c *shape) field(id int64) *Field {
	at := 0
	return c.next(&at, id)
}

// next is field for numbers asked for in ascending order: at is where the last
// one stood.
func (c *shape) next(at *int, id int64) *Field {
	for *at < len(c.fields) && c.fields[*at].ID < id {
		*at++
	}
	if *at == len(c.fields) || c.fields[*at].ID != id {
		return nil
	}
	return &c.fields[*at]
}

func (b *batch) do(ctx context.Context, writes []Write) error {
	current, err := b.current(ctx, writes)
	if err != nil {
		return err
	}
	linked, err := b.linked(ctx, writes, current)
	if err != nil {
		return err
	}
	for i := range writes {
		w := &writes[i]
		b.outcomes[i].Record = w.Record
		if b.outcomes[i].Err == nil {
			b.outcomes[i].Err = b.plan(w, current[w.Record], linked, &b.outcomes[i])
		}
	}
	return b.store(ctx)
}

// current locks and returns the records to be changed, and learns the shape of
// every collection concerned.
func (b *batch) current(ctx context.Context, writes []Write) (map[int64]*Record, error) {
	var ids []int64
	for i := range writes {
		if !writes[i].Create {
			ids = append(ids, writes[i].Record)
		}
	}
	out := make(map[int64]*Record, len(ids))
	var found []Record
	var err error
	if len(ids) > 0 {
		if found, err = b.s.store.Records(ctx, ids, true); err != nil {
			return nil, err
		}
	}
	for i := range found {
		out[found[i].ID] = &found[i]
		if err := b.learn(ctx, found[i].Collection); err != nil {
			return nil, err
		}
	}
	for i := range writes {
		if writes[i].Create {
			if err := b.learn(ctx, writes[i].Collection); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// learn reads a collection's fields and keeps them from changing until the
// transaction ends: a field that becomes unique must not miss a record.
func (b *batch) learn(ctx context.Context, id int64) error {
	if b.collections[id] != nil {
		return nil
	}
	if err := b.s.store.LockCollection(ctx, id, false); err != nil {
		return err
	}
	c, err := b.s.store.Collection(ctx, id)
	if err != nil {
		return err
	}
	fields, err := b.s.store.Fields(ctx, id)
	if err != nil {
		return err
	}
	slices.SortFunc(fields, func(x, y Field) int { return cmp.Compare(x.ID, y.ID) })
	wanted, err := b.s.listening(ctx, c.Module)
	if err != nil {
		return err
	}
	sh := &shape{account: c.Account, module: c.Module, fields: fields, wanted: wanted, heard: map[EventKind][]EventItem{}}
	if f := statusField(fields); f != nil {
		sh.status = f.ID
	}
	for _, f := range fields {
		if f.Title {
			sh.title = f.ID
		}
	}
	b.collections[id] = sh
	return nil
}

// place is where a record is, as far as a link to it cares.
type place struct{ account, collection int64 }

// linked looks up all records that the writes link to. Those that the same batch
// creates count as there.
func (b *batch) linked(ctx context.Context, writes []Write, current map[int64]*Record) (map[int64]place, error) {
	out := map[int64]place{}
	var ids []int64
	for i := range writes {
		w := &writes[i]
		sh := b.collections[w.Collection]
		if rec := current[w.Record]; rec != nil && !w.Create {
			sh = b.collections[rec.Collection]
		}
		if sh == nil {
			continue
		}
		at := 0
		for _, set := range w.Set {
			if f := sh.next(&at, set.Field); f != nil && f.Spec.Type == datatype.Link && !set.Value.IsEmpty() {
				ids = append(ids, set.Value.Record())
			}
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	slices.Sort(ids)
	found, err := b.s.store.Places(ctx, slices.Compact(ids))
	for id, at := range found {
		out[id] = place{at[0], at[1]}
	}
	for i := range writes {
		if writes[i].Create {
			out[writes[i].Record] = place{writes[i].Account, writes[i].Collection}
		}
	}
	return out, err
}

// plan works out what one write does and adds it to the batch.
func (b *batch) plan(w *Write, old *Record, linked map[int64]place, o *Outcome) error {
	if w.Create {
		return b.planCreate(w, linked, o)
	}
	if old == nil || old.Account != w.Account || (w.Collection != 0 && w.Collection != old.Collection) {
		return notFound("record", w.Record)
	}
	if w.Version != 0 && w.Version != old.Version {
		return &Stale{w.Record, w.Version, old.Version}
	}
	sh := b.collections[old.Collection]
	if w.KeepPinned || len(w.IfEmpty) > 0 {
		still := *w
		still.Set = w.stillWanted(old)
		w = &still
	}
	if err := check(sh, w, linked, false); err != nil {
		return err
	}
	o.Version = old.Version
	o.Before = before(old, w.Set)
	archived := (old.Archived() || w.Archive) && !w.Unarchive
	moved := archived != old.Archived()
	if !moved && slices.Equal(o.Before, w.Set) {
		return nil // nothing changes, so no version either
	}
	rec := *old
	rec.Fields = merge(old.Fields, w.Set)
	rec.Version++
	rec.UpdatedAt = b.now
	if moved {
		rec.ArchivedAt = time.Time{}
		b.more[rec.Collection]++
		if archived {
			rec.ArchivedAt = b.now
			b.more[rec.Collection] -= 2
		}
	}
	rec.setTitle(sh.title)
	o.Version = rec.Version
	if rec.Title == old.Title && rec.TitleKey == old.TitleKey {
		b.updated = append(b.updated, rec)
	} else {
		b.renamed = append(b.renamed, rec)
	}
	b.rekey(sh, old, &rec)
	b.note(w, &rec, o.Before)
	if len(sh.wanted) > 0 {
		sh.hear(&rec, w.Set, o.Before, false, moved)
	}
	return nil
}

// stillWanted returns the values that a record's pins and its values of today
// leave to be written.
func (w *Write) stillWanted(rec *Record) []FieldValue {
	return slices.DeleteFunc(slices.Clone(w.Set), func(set FieldValue) bool {
		pinned := w.KeepPinned && slices.Contains(rec.Pinned, set.Field)
		return pinned || slices.Contains(w.IfEmpty, set.Field) && !rec.Value(set.Field).IsEmpty()
	})
}

func (b *batch) planCreate(w *Write, linked map[int64]place, o *Outcome) error {
	sh := b.collections[w.Collection]
	if sh.account != w.Account {
		return notFound("collection", w.Collection)
	}
	if err := check(sh, w, linked, true); err != nil {
		return err
	}
	rec := Record{
		ID: w.Record, Account: w.Account, Collection: w.Collection, Version: 1,
		Fields: merge(nil, w.Set), CreatedAt: b.now, UpdatedAt: b.now,
	}
	if w.Archive {
		rec.ArchivedAt = b.now
	} else {
		b.more[rec.Collection]++
	}
	rec.setTitle(sh.title)
	o.Version = 1
	b.created = append(b.created, rec)
	b.rekey(sh, nil, &rec)
	b.note(w, &rec, nil)
	if len(sh.wanted) > 0 {
		sh.hear(&rec, w.Set, nil, true, false)
	}
	return nil
}

// check refuses values that their fields do not take.
func check(sh *shape, w *Write, linked map[int64]place, create bool) error {
	at := 0
	for i, set := range w.Set {
		if i > 0 && w.Set[i-1].Field >= set.Field {
			return errs.New(errs.Invalid, "field %d is set twice", set.Field)
		}
		f := sh.next(&at, set.Field)
		if f == nil {
			return notFound("field", set.Field)
		}
		if create && set.Value.IsEmpty() {
			continue // as good as not given
		}
		if err := datatype.Check(f.Spec, set.Value); err != nil {
			return errs.New(errs.Invalid, "field %s", f.Name).Because(err)
		}
		if f.Spec.Type != datatype.Link || set.Value.IsEmpty() {
			continue
		}
		if at, ok := linked[set.Value.Record()]; !ok || at != (place{w.Account, f.Spec.Collection}) {
			return errs.New(errs.Invalid, "field %s: the linked collection has no record %d", f.Name, set.Value.Record())
		}
	}
	return nil
}

// before returns what the fields of set hold in a record, empty ones included.
func before(rec *Record, set []FieldValue) []FieldValue {
	out := make([]FieldValue, len(set))
	for i := range set {
		out[i] = FieldValue{set[i].Field, rec.Value(set[i].Field)}
	}
	return out
}

// rekey works out which keys of unique fields a record gives up and which it
// claims. A record put away has none.
func (b *batch) rekey(sh *shape, old, rec *Record) {
	for i := range sh.fields {
		f := &sh.fields[i]
		if !f.Spec.Unique {
			continue
		}
		had, has := "", ""
		if old != nil && !old.Archived() {
			had = datatype.Key(old.Value(f.ID))
		}
		if !rec.Archived() {
			has = datatype.Key(rec.Value(f.ID))
		}
		if had == has {
			continue
		}
		if had != "" {
			b.release = append(b.release, Key{rec.Collection, f.ID, had, rec.ID})
		}
		if has != "" {
			b.claim = append(b.claim, Key{rec.Collection, f.ID, has, rec.ID})
		}
	}
}

// note adds a history entry for what a person did.
func (b *batch) note(w *Write, rec *Record, was []FieldValue) {
	if b.run != 0 {
		return
	}
	e := HistoryEntry{Record: rec.ID, Version: rec.Version, At: b.now, Actor: b.actor, Action: ActionUpdate, Note: w.Note}
	switch {
	case w.Create:
		e.Action = ActionCreate
	case w.Archive:
		e.Action = ActionArchive
	case w.Unarchive:
		e.Action = ActionUnarchive
	}
	for i, set := range w.Set {
		d := FieldDiff{Field: set.Field, After: set.Value}
		if was != nil {
			d.Before = was[i].Value
		}
		if d.Before != d.After {
			e.Changes = append(e.Changes, d)
		}
	}
	b.history = append(b.history, e)
}

// store writes the batch. Keys are given up before others are claimed, so that
// two records can swap a value.
func (b *batch) store(ctx context.Context) error {
	st := b.s.store
	if err := st.DeleteKeys(ctx, b.release); err != nil {
		return err
	}
	slices.SortFunc(b.claim, compareKeys)
	for i := 1; i < len(b.claim); i++ {
		if x, y := b.claim[i-1], b.claim[i]; x.Collection == y.Collection && x.Field == y.Field && x.Text == y.Text {
			return b.taken(ctx, y, x.Record)
		}
	}
	clash, err := st.InsertKeys(ctx, b.claim)
	if err != nil {
		return err
	}
	for _, k := range clash {
		i, _ := slices.BinarySearchFunc(b.claim, k, compareKeys)
		return b.taken(ctx, b.claim[i], k.Record)
	}
	if err := st.InsertRecords(ctx, b.created); err != nil {
		return err
	}
	if err := st.UpdateRecords(ctx, b.updated, false); err != nil {
		return err
	}
	if err := st.UpdateRecords(ctx, b.renamed, true); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(b.more)) {
		if n := b.more[id]; n != 0 {
			if err := st.AddCount(ctx, id, n); err != nil {
				return err
			}
		}
	}
	if err := st.InsertHistory(ctx, b.history); err != nil {
		return err
	}
	return b.announce(ctx)
}

// compareKeys orders keys as their table does, so that rival batches take them
// in the same order and wait instead of deadlocking.
func compareKeys(x, y Key) int {
	return cmp.Or(cmp.Compare(x.Collection, y.Collection), cmp.Compare(x.Field, y.Field), cmp.Compare(x.Text, y.Text))
}

// taken describes a claim that other was faster with.
func (b *batch) taken(ctx context.Context, claim Key, other int64) error {
	t := &Taken{Record: claim.Record, Field: claim.Field, Value: claim.Text, Other: other}
	if f := b.collections[claim.Collection].field(claim.Field); f != nil {
		t.FieldName = f.Name
	}
	for _, r := range b.created {
		if r.ID == other {
			t.OtherTitle = r.Title
		}
	}
	found, err := b.s.store.Records(ctx, []int64{other}, false)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		t.OtherTitle = found[0].Title
	}
	return t
}

// writeOne does one write for a person.
func (s *Service) writeOne(ctx context.Context, p account.Principal, w Write) (Record, error) {
	out, err := s.WriteBatch(ctx, p.Actor(), 0, []Write{w})
	if err != nil {
		return Record{}, err
	}
	if out[0].Err != nil {
		return Record{}, out[0].Err
	}
	return s.recordOf(ctx, w.Account, w.Record)
}
