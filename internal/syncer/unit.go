package syncer

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

// groupsInput names the cursor that follows the groups in use.
const groupsInput = "groups in use"

// groupsPerRound is how many groups one round of changes can be narrowed to.
// https://learn.microsoft.com/graph/api/group-delta
const groupsPerRound = 50

// unitState is a unit in use with its members, shared by the rules that name it.
type unitState struct {
	UnitRow
	read  bool // read in this run
	moved bool // the groups inside are others than those stored
}

// membership tells whether an entry is in any of a rule's units. One unit that
// is not known makes everybody outside the others undetermined (F4, F6).
func (rl *rule) membership(entry int64) reconcile.Membership {
	if len(rl.units) == 0 {
		return reconcile.Member
	}
	out := reconcile.Outside
	for _, u := range rl.units {
		switch {
		case !u.Known:
			out = reconcile.Undetermined
		case u.Members.Contains(uint32(entry)):
			return reconcile.Member
		}
	}
	return out
}

// units gives each rule its units, as they were last stored.
func (r *rules) attachUnits(rows []UnitRow) []*unitState {
	var all []*unitState
	for _, rl := range r.list {
		rl.units = nil
		for _, ref := range rl.def.Units {
			rl.units = append(rl.units, unitFor(&all, rows, ref))
		}
	}
	return all
}

func unitFor(all *[]*unitState, rows []UnitRow, ref directory.UnitRef) *unitState {
	for _, u := range *all {
		if u.Ref == ref {
			return u
		}
	}
	u := &unitState{UnitRow: UnitRow{Ref: ref, Members: roaring.New(), Problem: "not read yet"}}
	for _, row := range rows {
		if row.Ref == ref {
			u.UnitRow = row
		}
	}
	*all = append(*all, u)
	return u
}

// unitsFull reads the members of every unit in use.
func (r *reader) unitsFull(ctx context.Context, units []*unitState) error {
	for _, u := range units {
		if u.read {
			continue
		}
		if err := r.locate(ctx, u); err != nil {
			return err
		}
	}
	if err := r.followGroups(ctx, units); err != nil {
		return err
	}
	for _, u := range units {
		if u.Problem == "" {
			if err := r.unit(ctx, u); err != nil {
				return err
			}
		}
	}
	return nil
}

// locate finds the directory's object for a unit, and the groups inside. One
// that is not found or may not be read freezes the mappings that name it: nobody
// enters or leaves, loudly (F6).
func (r *reader) locate(ctx context.Context, u *unitState) error {
	found, err := r.src.FindUnit(ctx, u.Ref)
	if err == nil {
		u.moved = u.moved || u.Object != found.ID || u.Name != found.Name
		u.Object, u.Name, u.Problem = found.ID, found.Name, ""
		err = r.nested(ctx, u)
	}
	switch {
	case err == nil:
		return nil
	case concernsUnit(err) || errs.KindOf(err) == errs.Conflict:
		return r.freeze(ctx, u, err)
	}
	return errs.Wrap(err, "look for the unit "+u.Ref.Name)
}

// concernsUnit reports whether an error is about one unit alone, so that the
// run goes on without it.
func concernsUnit(err error) bool {
	kind := errs.KindOf(err)
	return kind == errs.NotFound || kind == errs.Forbidden || kind == errs.Invalid || kind == errs.Incomplete
}

// nested lists the groups inside a unit, whose changes concern it too.
func (r *reader) nested(ctx context.Context, u *unitState) error {
	if !u.Ref.Nested || u.Ref.Kind != directory.Group {
		return nil
	}
	groups, err := r.src.NestedGroups(ctx, r.directoryUnit(u))
	if err != nil {
		return errs.Wrap(err, "list the groups inside "+u.Name)
	}
	slices.SortFunc(groups, compareIDs)
	groups = slices.Compact(groups)
	if !slices.Equal(groups, u.Groups) {
		u.Groups, u.moved = groups, true
	}
	return nil
}

func compareIDs(a, b directory.ObjectID) int { return slices.Compare(a[:], b[:]) }

// freeze makes a unit unknown and says so.
func (r *reader) freeze(ctx context.Context, u *unitState, cause error) error {
	u.Known, u.Problem, u.read = false, cause.Error(), true
	hint := errs.HintOf(cause)
	if hint != "" {
		hint = " " + hint
	}
	r.run.problem("The %s %q could not be read: %s. Until it can, nobody enters or leaves through it.%s", u.Ref.Kind, u.Ref.Name, cause, hint)
	return r.inTx(ctx, func(ctx context.Context) error { return r.s.store.SaveUnit(ctx, r.conn.ID, u.UnitRow) })
}

// unit reads one unit's members and stores the set when it differs. The
// entries that entered or left are noted in the same transaction.
func (r *reader) unit(ctx context.Context, u *unitState) error {
	members, err := r.members(ctx, u)
	if err != nil {
		if concernsUnit(err) {
			return r.freeze(ctx, u, err)
		}
		return err
	}
	return r.saveMembers(ctx, u, members)
}

func (r *reader) directoryUnit(u *unitState) directory.Unit {
	return directory.Unit{Kind: u.Ref.Kind, ID: u.Object, Name: u.Name, Nested: u.Ref.Nested}
}

// saveMembers stores a unit's members if anything differs.
func (r *reader) saveMembers(ctx context.Context, u *unitState, members *roaring.Bitmap) error {
	old := u.Members
	if !u.Known && u.ReadAt.IsZero() {
		old = roaring.New()
	}
	moved := roaring.Xor(old, members)
	wasKnown := u.Known
	u.read = true
	if wasKnown && moved.IsEmpty() && !u.moved {
		return nil
	}
	if !wasKnown { // everybody concerned may decide differently from now on
		moved = roaring.Or(old, members)
	}
	u.Members, u.Known, u.Problem, u.ReadAt = members, true, "", r.s.now()
	return r.inTx(ctx, func(ctx context.Context) error {
		if err := r.s.store.SaveUnit(ctx, r.conn.ID, u.UnitRow); err != nil {
			return err
		}
		return r.appendPage(ctx, "unit "+u.Object.String(), moved)
	})
}

// members reads a unit to its last page and returns the entries of every kind
// that a rule over it looks for. A hollow member, or one that cannot be resolved,
// makes the reading incomplete (F4, F61).
func (r *reader) members(ctx context.Context, u *unitState) (*roaring.Bitmap, error) {
	out := roaring.New()
	for _, kind := range r.memberKinds(u) {
		if err := r.membersOf(ctx, u, kind, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// membersOf adds a unit's members of one kind to a set.
func (r *reader) membersOf(ctx context.Context, u *unitState, kind directory.Kind, set *roaring.Bitmap) error {
	var strangers []directory.ObjectID
	arrived := 0
	known := &roll{store: r.s.store, connection: r.conn.ID}
	for page, err := range r.src.Members(ctx, r.directoryUnit(u), kind, directory.Cursor{}) {
		if err != nil {
			return err
		}
		ids := make([]directory.ObjectID, 0, len(page.Objects))
		for i := range page.Objects {
			if page.Objects[i].Hollow {
				return errs.New(errs.Incomplete, "the directory shows members of %s without their names", u.Name).
					WithHint("Grant the application permission User.Read.All and consent to it; members must be readable.")
			}
			ids = append(ids, page.Objects[i].ID)
		}
		if strangers, err = known.add(ctx, set, strangers, ids); err != nil {
			return err
		}
		arrived += len(page.Objects)
		r.tell(Progress{Run: r.run.ID, Stage: StageRead, Input: "members of " + u.Name, Done: arrived, Total: page.Total})
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.strangers(ctx, u, kind, set, strangers)
}

// memberKinds are the kinds of member that the rules over a unit look for.
func (r *reader) memberKinds(u *unitState) []directory.Kind {
	var kinds []directory.Kind
	for _, rl := range r.rules.list {
		if slices.Contains(rl.units, u) && !slices.Contains(kinds, rl.def.Entity) {
			kinds = append(kinds, rl.def.Entity)
		}
	}
	return kinds
}

// roll finds the entries of a unit's members. Directories mostly list members in
// the order in which they list everybody, which is the mirror's: while most of a
// page stand behind the last one, they are looked for there first, at a fifth of
// what looking for each costs.
type roll struct {
	store      Store
	connection int64
	expect     int64 // the entry that may come next; 0 for no idea
	scattered  bool  // the members stand elsewhere
}

// add adds known objects to a set and returns the unknown ones.
func (r *roll) add(ctx context.Context, set *roaring.Bitmap, strangers, ids []directory.ObjectID) ([]directory.ObjectID, error) {
	if len(ids) == 0 {
		return strangers, nil
	}
	numbers, rest := map[directory.ObjectID]int64{}, ids
	if r.expect != 0 {
		var err error
		if numbers, err = r.store.EntryNumbersFrom(ctx, r.connection, r.expect, len(ids)+len(ids)/4); err != nil {
			return nil, err
		}
		rest = slices.DeleteFunc(slices.Clone(ids), func(id directory.ObjectID) bool { return numbers[id] != 0 })
		r.scattered = len(rest) > len(ids)/2
	}
	others, err := r.store.EntryNumbers(ctx, r.connection, rest)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if n := cmp.Or(numbers[id], others[id]); n != 0 {
			set.Add(uint32(n))
		} else {
			strangers = append(strangers, id)
		}
	}
	r.expect = 0
	last := ids[len(ids)-1]
	if n := cmp.Or(numbers[last], others[last]); n != 0 && !r.scattered {
		r.expect = n + 1
	}
	return strangers, nil
}

// strangers asks by ID for members that the mirror does not know: people hired
// since the listing, as a rule. One that the directory does not know either has
// been deleted meanwhile and is no member (F63).
func (r *reader) strangers(ctx context.Context, u *unitState, kind directory.Kind, set *roaring.Bitmap, ids []directory.ObjectID) error {
	for chunk := range slices.Chunk(ids, 200) {
		found, _, err := r.src.ByID(ctx, kind, chunk, r.rules.query(kind).Select)
		if err != nil {
			return errs.Wrap(err, "ask for members of "+u.Name)
		}
		if err := r.takeSingles(ctx, kind, found, askedInput(kind)); err != nil {
			return err
		}
		known := roll{store: r.s.store, connection: r.conn.ID}
		if _, err := known.add(ctx, set, nil, chunk); err != nil {
			return err
		}
	}
	return nil
}

// tracked returns the groups whose changes concern the units: those named and
// those inside nested ones.
func tracked(units []*unitState) []directory.ObjectID {
	var ids []directory.ObjectID
	for _, u := range units {
		if u.Ref.Kind == directory.Group && !u.Object.IsZero() {
			ids = append(ids, u.Object)
			ids = append(ids, u.Groups...)
		}
	}
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}

// followGroups takes cursors for the groups in use before their members are
// read, so that the next incremental run knows what changed since.
func (r *reader) followGroups(ctx context.Context, units []*unitState) error {
	for n, groups := range rounds(tracked(units)) {
		cursor, err := r.src.LatestGroups(ctx, groups)
		if noDelta(err) {
			r.run.note("The directory offers no changes of groups to follow, so each run reads their members in full.")
			return nil
		}
		if err != nil {
			return errs.Wrap(err, "ask for the latest changes of groups")
		}
		err = r.inTx(ctx, func(ctx context.Context) error {
			return r.s.store.SaveCursor(ctx, r.conn.ID, roundName(n), StoredCursor{cursor, fmt.Sprint(groups)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func rounds(groups []directory.ObjectID) iter.Seq2[int, []directory.ObjectID] {
	return func(yield func(int, []directory.ObjectID) bool) {
		n := 0
		for chunk := range slices.Chunk(groups, groupsPerRound) {
			if !yield(n, chunk) {
				return
			}
			n++
		}
	}
}

func roundName(n int) string { return fmt.Sprintf("%s %d", groupsInput, n) }

// unitsChanged brings units up to date from what the directory tells about
// their groups. Administrative units, units not known and units whose cursor
// is no longer good are read in full, and all units when somebody came back: the
// directory need not have told which groups they were taken out of while they
// were deleted (F46, F72).
func (r *reader) unitsChanged(ctx context.Context, units []*unitState) error {
	told, cursors, ok, err := r.groupChanges(ctx, units)
	if err != nil {
		return err
	}
	if !ok {
		return r.unitsFull(ctx, units)
	}
	var again []*unitState
	for _, u := range units {
		whole := !u.Known || u.Ref.Kind != directory.Group || r.returned
		if !whole {
			if whole, err = r.mergeMembers(ctx, u, told); err != nil {
				return err
			}
		}
		if whole {
			again = append(again, u)
		}
	}
	for _, u := range again {
		if err := r.locate(ctx, u); err != nil {
			return err
		}
		if u.Problem != "" {
			continue
		}
		if err := r.unit(ctx, u); err != nil {
			return err
		}
	}
	if len(cursors) == 0 {
		return nil
	}
	// Only now: a run killed before has told of the changes again.
	return r.inTx(ctx, func(ctx context.Context) error {
		for name, c := range cursors {
			if err := r.s.store.SaveCursor(ctx, r.conn.ID, name, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// groupChanges reads the rounds of changes of the groups in use. Parts of one
// group add up over pages (F47). ok is false when a cursor is missing, expired
// or follows other groups than those in use now.
func (r *reader) groupChanges(ctx context.Context, units []*unitState) (told map[directory.ObjectID]*groupNews, cursors map[string]StoredCursor, ok bool, err error) {
	told, cursors = map[directory.ObjectID]*groupNews{}, map[string]StoredCursor{}
	for n, groups := range rounds(tracked(units)) {
		c, found, err := r.s.store.Cursor(ctx, r.conn.ID, roundName(n))
		if err != nil {
			return nil, nil, false, err
		}
		if !found || c.Fingerprint != fmt.Sprint(groups) || r.s.now().Sub(c.Taken) >= deltaLife {
			return nil, nil, false, nil
		}
		next, err := r.groupRound(ctx, groups, c.Cursor, told)
		if errs.Is(err, errs.Expired) || noDelta(err) {
			return nil, nil, false, nil
		}
		if err != nil {
			return nil, nil, false, errs.Wrap(err, "read the changes of groups")
		}
		if next.Taken.IsZero() {
			next.Taken = r.s.now()
		}
		cursors[roundName(n)] = StoredCursor{next, c.Fingerprint}
	}
	return told, cursors, true, nil
}

// groupNews is what a round told about one group.
type groupNews struct {
	removed bool
	members map[directory.ObjectID]directory.MemberChange
}

func (r *reader) groupRound(ctx context.Context, groups []directory.ObjectID, from directory.Cursor, told map[directory.ObjectID]*groupNews) (directory.Cursor, error) {
	var next directory.Cursor
	for page, err := range r.src.GroupChanges(ctx, groups, from) {
		if err != nil {
			return next, err
		}
		for i := range page.Objects {
			o := &page.Objects[i]
			news := told[o.ID]
			if news == nil {
				news = &groupNews{members: map[directory.ObjectID]directory.MemberChange{}}
				told[o.ID] = news
			}
			news.removed = o.Removed != directory.NotRemoved
			for _, m := range o.Members {
				news.members[m.ID] = m // the last occurrence wins (F49)
			}
		}
		next = page.Delta
	}
	if next.IsZero() {
		return next, errs.New(errs.Expired, "the round of group changes ended without a cursor")
	}
	return next, ctx.Err()
}

// mergeMembers applies what was told to a unit's set. whole asks for the unit
// to be read in full: a group came or went inside it, or somebody left one of
// several groups and may still be in another.
func (r *reader) mergeMembers(ctx context.Context, u *unitState, told map[directory.ObjectID]*groupNews) (whole bool, err error) {
	members := u.Members.Clone()
	for _, group := range append([]directory.ObjectID{u.Object}, u.Groups...) {
		news := told[group]
		if news == nil {
			continue
		}
		if news.removed {
			return true, nil
		}
		for id, m := range news.members {
			if m.Kind == directory.Group && u.Ref.Nested {
				return true, nil
			}
			if m.Removed && len(u.Groups) > 0 {
				return true, nil
			}
			if m.Kind != directory.NoKind && !slices.Contains(r.memberKinds(u), m.Kind) {
				continue
			}
			if err := r.mergeMember(ctx, u, members, id, m); err != nil {
				return false, err
			}
		}
	}
	if members.Equals(u.Members) {
		u.read = true
		return false, nil
	}
	return false, r.saveMembers(ctx, u, members)
}

func (r *reader) mergeMember(ctx context.Context, u *unitState, set *roaring.Bitmap, id directory.ObjectID, m directory.MemberChange) error {
	known, err := r.s.store.EntriesByObject(ctx, r.conn.ID, []directory.ObjectID{id}, false)
	if err != nil {
		return err
	}
	e, ok := known[id]
	switch {
	case m.Removed && ok:
		set.Remove(uint32(e.ID))
	case m.Removed:
	case ok:
		set.Add(uint32(e.ID))
	case m.Kind != directory.NoKind:
		return r.strangers(ctx, u, m.Kind, set, []directory.ObjectID{id})
	default:
		for _, kind := range r.memberKinds(u) {
			if err := r.strangers(ctx, u, kind, set, []directory.ObjectID{id}); err != nil {
				return err
			}
		}
	}
	return nil
}
