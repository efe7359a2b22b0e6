package syncer

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
)

// Explanation answers "why?" for one person: what the directory said, what each
// mapping made of it, what the register holds, and what past runs did (F37).
type Explanation struct {
	Subject  reconcile.Subject
	Entry    Entry
	Mappings []MappingView
	Links    []Link
	Next     []reconcile.Change // what the next run would do, and what it would leave away after an undo; empty when all is in line
	History  []PlannedChange    // newest first
}

// MappingView is what one mapping makes of a person.
type MappingView struct {
	Mapping    Mapping
	Membership reconcile.Membership
	Units      []UnitView
	mapping.Explanation
}

// UnitView is one unit of a mapping and whether the person is in it.
type UnitView struct {
	Name    string
	Nested  bool
	Known   bool
	Problem string
	Member  bool
}

// historyShown is how many past changes an explanation carries.
const historyShown = 50

// Explain finds a person in the mirror by user principal name, email, display
// name or object ID, and explains them. It asks nothing of the directory. It
// fails with NotFound when nobody is known by that name and with Conflict when
// several are.
func (s *Service) Explain(ctx context.Context, connection int64, person string) (Explanation, error) {
	found, err := s.store.FindEntries(ctx, connection, directory.User, person, 3)
	if err != nil {
		return Explanation{}, err
	}
	switch len(found) {
	case 0:
		return Explanation{}, errs.New(errs.NotFound, "nobody in the mirror goes by %q", person).
			WithHint("Give the user principal name, email, display name or object ID. Somebody new is known after the next sync: muster sync --person %s", person)
	case 1:
	default:
		return Explanation{}, errs.New(errs.Conflict, "several people go by %q", person).
			WithHint("Give the user principal name or the object ID.")
	}
	return s.explain(ctx, connection, found[0])
}

func (s *Service) explain(ctx context.Context, connection int64, e Entry) (Explanation, error) {
	p, err := s.viewer(ctx, Run{Connection: connection})
	if err != nil {
		return Explanation{}, err
	}
	p.stale = roaring.BitmapOf(uint32(e.ID)) // what the next run would do by itself
	pick := p.rules.picks[e.Kind]
	values, err := e.Doc.Pick(pick.fields, nil)
	if err != nil {
		return Explanation{}, err
	}
	out := Explanation{Subject: pick.subject(&e, values), Entry: e}
	for _, rl := range p.rules.list {
		if rl.def.Entity == e.Kind {
			out.Mappings = append(out.Mappings, rl.view(out.Subject, values))
		}
	}
	if out.Links, err = s.store.Links(ctx, []int64{e.ID}); err != nil {
		return out, err
	}
	changes, err := p.batch(ctx, []int64{e.ID})
	if err != nil {
		return out, err
	}
	for _, ch := range changes {
		if ch.Verb.Acts() || ch.Reason == reconcile.StaysAway {
			out.Next = append(out.Next, ch)
		}
	}
	out.History, err = s.store.ChangesOf(ctx, e.ID, historyShown)
	return out, err
}

// view shows one mapping at work on one person.
func (rl *rule) view(s reconcile.Subject, values []directory.Value) MappingView {
	v := MappingView{Mapping: rl.def, Membership: rl.membership(s.Entry)}
	v.Explanation = rl.mapper.Explain(&s, values, v.Membership)
	for _, u := range rl.units {
		name := u.Name
		if name == "" {
			name = u.Ref.Name
		}
		v.Units = append(v.Units, UnitView{
			Name: name, Nested: u.Ref.Nested, Known: u.Known, Problem: u.Problem,
			Member: u.Members.Contains(uint32(s.Entry)),
		})
	}
	return v
}
