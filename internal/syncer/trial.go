package syncer

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
)

// Trial is what a mapping that is being edited makes of one real object.
type Trial struct {
	Subject reconcile.Subject
	At, Of  int // its place among those that can be tried, from 0
	mapping.Explanation
}

// Try shows what a definition makes of the at-th object of its kind, at being
// taken round the end. The objects are the mirror's; while that is empty, those
// of the directory's first page. What the mirror does not know, because nothing
// asked for it yet, is asked of the directory. It fails with NotFound when there
// is no object at all.
func (s *Service) Try(ctx context.Context, connection int64, def mapping.Definition, at int) (Trial, error) {
	src, c, err := s.Connect(ctx, connection)
	if err != nil {
		return Trial{}, err
	}
	defer src.Close()
	compiled, _, err := s.compile(ctx, c, def)
	if err != nil {
		return Trial{}, err
	}
	e, of, err := s.specimen(ctx, src, c, compiled, def.Entity, &at)
	if err != nil {
		return Trial{}, err
	}
	p := newPick(compiled.Paths())
	values, err := e.Doc.Pick(p.fields, nil)
	if err != nil {
		return Trial{}, err
	}
	t := Trial{Subject: p.subject(&e, values), At: at, Of: of}
	t.Explanation = compiled.Mapper(p.fields).Explain(&t.Subject, values, reconcile.Member)
	return t, nil
}

// specimen returns the at-th object to try a mapping on, and how many there are.
func (s *Service) specimen(ctx context.Context, src Source, c Connection, compiled *mapping.Rule, kind directory.Kind, at *int) (Entry, int, error) {
	ids, err := s.store.EntryIDs(ctx, c.ID, kind, reconcile.Live, reconcile.Disabled)
	if err != nil {
		return Entry{}, 0, err
	}
	of := int(ids.GetCardinality())
	if of == 0 {
		return firstPage(ctx, src, compiled, kind, at)
	}
	*at = (*at%of + of) % of
	id, err := ids.Select(uint32(*at))
	if err != nil {
		return Entry{}, 0, err
	}
	found, err := s.store.EntriesByID(ctx, []int64{int64(id)}, true)
	if err != nil || len(found) == 0 {
		return Entry{}, 0, orNothing(err)
	}
	e := found[0]
	fresh, _, err := src.ByID(ctx, kind, []directory.ObjectID{e.Object}, selects(compiled))
	if err != nil || len(fresh) == 0 {
		return e, of, nil // what the mirror knows is better than nothing
	}
	if merged, _, err := e.Doc.Merge(fresh[0].Doc); err == nil {
		e.Doc = merged
	}
	return e, of, nil
}

// firstPage takes the specimen from the directory's first page.
func firstPage(ctx context.Context, src Source, compiled *mapping.Rule, kind directory.Kind, at *int) (Entry, int, error) {
	q := directory.Query{Kind: kind, Select: selects(compiled), Expand: compiled.Expand()}
	for page, err := range src.List(ctx, q) {
		if err != nil {
			return Entry{}, 0, err
		}
		of := len(page.Objects)
		if of == 0 {
			break
		}
		*at = (*at%of + of) % of
		o := page.Objects[*at]
		return Entry{Kind: kind, Object: o.ID, Standing: standingOf(kind, o.Doc, reconcile.Live), Doc: slices.Clone(o.Doc)}, of, nil
	}
	return Entry{}, 0, orNothing(nil)
}

// selects is what to ask for to try a mapping.
func selects(compiled *mapping.Rule) []string {
	return append(slices.Clone(compiled.Selects()), "id", "displayName", "userPrincipalName", "accountEnabled", "userType")
}

// orNothing returns err, or that there is nothing to try a mapping on.
func orNothing(err error) error {
	if err != nil {
		return err
	}
	return errs.New(errs.NotFound, "the directory has nothing of this kind to show")
}

// ExplainRecord explains the object that a record is linked to. It fails with
// NotFound when the record has nothing to do with a directory.
func (s *Service) ExplainRecord(ctx context.Context, record int64) (Explanation, Connection, error) {
	key := TargetKey{reconcile.Record, record}
	links, err := s.store.LinksTo(ctx, []TargetKey{key})
	if err != nil {
		return Explanation{}, Connection{}, err
	}
	link, ok := links[key]
	if !ok {
		return Explanation{}, Connection{}, errs.New(errs.NotFound, "the record is not linked to a directory")
	}
	entries, err := s.store.EntriesByID(ctx, []int64{link.Entry}, true)
	if err != nil || len(entries) == 0 {
		return Explanation{}, Connection{}, orNothing(err)
	}
	c, err := s.store.Connection(ctx, link.Connection)
	if err != nil {
		return Explanation{}, c, err
	}
	why, err := s.explain(ctx, c.ID, entries[0])
	return why, c, err
}
