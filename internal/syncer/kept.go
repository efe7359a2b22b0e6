package syncer

import (
	"cmp"
	"context"
	"slices"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
)

// Kept returns, of records that stand for objects of a directory, the fields in
// which a hand edit would not outlive the next look at the object.
// register.Service refuses such edits.
//
//	the object                    the row                      kept
//	there, let in by the mapping  directory wins               yes
//	there, let in                 fill if empty, on create     no
//	there, let in                 empty and "keep", a problem  no: nothing is written
//	there, units not read         as let in
//	outside, deleted, not found   any                          no: fields stay as they were
func (s *Service) Kept(ctx context.Context, records []int64) (map[int64][]register.Kept, error) {
	keys := make([]TargetKey, len(records))
	for i, id := range records {
		keys[i] = TargetKey{reconcile.Record, id}
	}
	links, err := s.store.LinksTo(ctx, keys)
	if err != nil || len(links) == 0 {
		return nil, err
	}
	byConnection := map[int64]map[int64]Link{} // and by entry
	for _, l := range links {
		if byConnection[l.Connection] == nil {
			byConnection[l.Connection] = map[int64]Link{}
		}
		byConnection[l.Connection][l.Entry] = l
	}
	out := map[int64][]register.Kept{}
	for connection, links := range byConnection {
		if err := s.keptBy(ctx, connection, links, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// keptBy adds what one connection keeps on the records of links, by entry.
func (s *Service) keptBy(ctx context.Context, connection int64, links map[int64]Link, out map[int64][]register.Kept) error {
	p, err := s.viewer(ctx, Run{Connection: connection})
	if errs.Is(err, errs.Invalid) { // no mapping any more
		return nil
	}
	if err != nil {
		return err
	}
	ids := make([]int64, 0, len(links))
	for id := range links {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	entries, err := s.store.EntriesByID(ctx, ids, true)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		link := links[e.ID]
		if link.PutAway != 0 || e.Standing.Departed() {
			continue
		}
		kept, err := p.rules.kept(e, link.Collection)
		if err != nil {
			return err
		}
		out[link.TargetID] = kept
	}
	return nil
}

// kept returns the fields of a collection that the mappings keep for an entry.
// Where several write one field, the first in the order decides.
func (r *rules) kept(e *Entry, collection int64) ([]register.Kept, error) {
	pick := r.picks[e.Kind]
	values, err := e.Doc.Pick(pick.fields, nil)
	if err != nil {
		return nil, err
	}
	subject := pick.subject(e, values)
	var out []register.Kept
	seen := map[int64]bool{}
	for _, rl := range r.list {
		if rl.def.Entity != e.Kind || rl.def.Collection != collection {
			continue
		}
		x := rl.mapper.Explain(&subject, values, rl.membership(e.ID))
		for _, d := range x.Desired {
			if d.Target != reconcile.Record || !d.Enters && !d.Undetermined {
				continue
			}
			for i := range d.Fields {
				f := &d.Fields[i]
				if !seen[f.Field] && writes(f) {
					out = append(out, keptField(f, rl.def.Name))
				}
				seen[f.Field] = true
			}
		}
	}
	slices.SortFunc(out, func(a, b register.Kept) int { return cmp.Compare(a.Field, b.Field) })
	return out, nil
}

// writes reports whether a row would overwrite what somebody typed. What the
// directory has not mentioned counts: it may any time.
func writes(f *reconcile.DesiredField) bool {
	if f.Owner != reconcile.DirectoryWins || f.Problem != nil {
		return false
	}
	empty := f.Value.IsEmpty() && f.Ref == nil
	return !f.Said || !empty || f.Empty == reconcile.ClearWhenEmpty
}

func keptField(f *reconcile.DesiredField, mapping string) register.Kept {
	k := register.Kept{Field: f.Field, From: f.Source, Mapping: mapping, Said: f.Said, Wants: f.Value.String()}
	if f.Ref != nil {
		k.Wants = f.Ref.Label
	}
	return k
}
