package syncer

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// candidates finds, for subjects that enter without a link, what the register
// already holds under their unique identifier.
func (p *planner) candidates(ctx context.Context, cases []reconcile.Case) error {
	if err := p.recordCandidates(ctx, cases); err != nil {
		return err
	}
	return p.loginCandidates(ctx, cases)
}

// asked is a place that waits for candidates.
type asked struct {
	cur *reconcile.Current
	key string
}

// fieldKey is a field of a collection.
type fieldKey struct{ collection, field int64 }

func (p *planner) recordCandidates(ctx context.Context, cases []reconcile.Case) error {
	wanted := map[fieldKey][]asked{}
	eachEntering(cases, reconcile.Record, func(_ *reconcile.Case, d *reconcile.Desired, cur *reconcile.Current) {
		for _, k := range d.Match {
			if k.Field != 0 && k.Key != "" {
				fk := fieldKey{d.Collection, k.Field}
				wanted[fk] = append(wanted[fk], asked{cur, k.Key})
			}
		}
	})
	for fk, list := range wanted {
		if blank, err := p.blank(ctx, fk.collection); err != nil {
			return err
		} else if blank {
			continue
		}
		found, err := p.s.records.FindByKey(ctx, fk.collection, fk.field, keysOf(list))
		if err != nil {
			return err
		}
		for _, a := range list {
			for _, id := range found[a.key] {
				addCandidate(a.cur, reconcile.Candidate{ID: id})
			}
		}
	}
	return p.describe(ctx, cases, reconcile.Record)
}

// blank reports whether a collection held nothing when the plan was begun, so
// that there are no candidates in it.
func (p *planner) blank(ctx context.Context, collection int64) (bool, error) {
	if blank, known := p.blanks[collection]; known {
		return blank, nil
	}
	any, err := p.s.records.HasRecords(ctx, collection)
	if err != nil {
		return false, err
	}
	if p.blanks == nil {
		p.blanks = map[int64]bool{}
	}
	p.blanks[collection] = !any
	return !any, nil
}

// loginCandidates looks for logins that carry the subject's object ID, and for
// any with its email: two users never share one (F25).
func (p *planner) loginCandidates(ctx context.Context, cases []reconcile.Case) error {
	var byEmail []asked
	objects := map[directory.ObjectID]*reconcile.Current{}
	var ids []directory.ObjectID
	eachEntering(cases, reconcile.Login, func(c *reconcile.Case, d *reconcile.Desired, cur *reconcile.Current) {
		objects[c.Subject.Object] = cur
		ids = append(ids, c.Subject.Object)
		for _, k := range d.Match {
			if k.Field == 0 && k.Key != "" {
				byEmail = append(byEmail, asked{cur, k.Key})
			}
		}
	})
	if len(ids) == 0 {
		return nil
	}
	same, err := p.s.logins.FindByObject(ctx, p.conn.Realm(), ids)
	if err != nil {
		return err
	}
	for object, id := range same {
		addCandidate(objects[object], reconcile.Candidate{ID: id, SameObject: true})
	}
	found, err := p.s.logins.FindByEmailKeys(ctx, keysOf(byEmail))
	if err != nil {
		return err
	}
	for _, a := range byEmail {
		if id := found[a.key]; id != 0 {
			addCandidate(a.cur, reconcile.Candidate{ID: id})
		}
	}
	return p.describe(ctx, cases, reconcile.Login)
}

// eachEntering calls fn for each target of each subject that enters and has no
// link yet, with the first mapping that lets it in.
func eachEntering(cases []reconcile.Case, target reconcile.Target, fn func(*reconcile.Case, *reconcile.Desired, *reconcile.Current)) {
	for i := range cases {
		c := &cases[i]
		for j := range c.Current {
			cur := &c.Current[j]
			if cur.Target != target || cur.ID != 0 {
				continue
			}
			for k := range c.Desired {
				d := &c.Desired[k]
				if d.Enters && d.Target == target && d.Collection == cur.Collection {
					fn(c, d, cur)
					break
				}
			}
		}
	}
}

func keysOf(list []asked) []string {
	keys := make([]string, len(list))
	for i, a := range list {
		keys[i] = a.key
	}
	return keys
}

func addCandidate(cur *reconcile.Current, k reconcile.Candidate) {
	for i := range cur.Candidates {
		if cur.Candidates[i].ID == k.ID {
			cur.Candidates[i].SameObject = cur.Candidates[i].SameObject || k.SameObject
			return
		}
	}
	cur.Candidates = append(cur.Candidates, k)
}

// describe completes candidates with what they hold and whose they are.
func (p *planner) describe(ctx context.Context, cases []reconcile.Case, target reconcile.Target) error {
	var ids []int64
	var keys []TargetKey
	eachCandidate(cases, target, func(k *reconcile.Candidate) {
		ids = append(ids, k.ID)
		keys = append(keys, TargetKey{target, k.ID})
	})
	if len(ids) == 0 {
		return nil
	}
	owners, standings, err := p.owners(ctx, keys)
	if err != nil {
		return err
	}
	recs, err := p.loadRecords(ctx, only(ids, target == reconcile.Record))
	if err != nil {
		return err
	}
	logs, err := p.loadLogins(ctx, only(ids, target == reconcile.Login))
	if err != nil {
		return err
	}
	made := func(k reconcile.Candidate) bool { // by this run, while it is being planned: not there yet, for the plan
		return owners[TargetKey{target, k.ID}].Run == p.run.ID && recs[k.ID].Version == 1
	}
	eachCurrent(cases, target, func(cur *reconcile.Current) { cur.Candidates = slices.DeleteFunc(cur.Candidates, made) })
	eachCandidate(cases, target, func(k *reconcile.Candidate) {
		if l, ok := owners[TargetKey{target, k.ID}]; ok {
			k.LinkedTo, k.Other = l.Entry, standings[l.Entry]
		}
		if rec, ok := recs[k.ID]; ok {
			k.Version, k.Fields, k.Pinned = rec.Version, fieldValues(rec.Fields), rec.Pinned
		}
		if login, ok := logs[k.ID]; ok {
			k.Version, k.Login = login.Version, loginState(login)
		}
	})
	return nil
}

// owners returns the links of targets and the standing of the entries linked.
func (p *planner) owners(ctx context.Context, keys []TargetKey) (map[TargetKey]Link, map[int64]reconcile.Standing, error) {
	owners, err := p.s.store.LinksTo(ctx, keys)
	if err != nil || len(owners) == 0 {
		return owners, nil, err
	}
	var ids []int64
	for _, l := range owners {
		ids = append(ids, l.Entry)
	}
	entries, err := p.s.store.EntriesByID(ctx, ids, true)
	standings := make(map[int64]reconcile.Standing, len(entries))
	for _, e := range entries {
		standings[e.ID] = e.Standing
	}
	return owners, standings, err
}

func only(ids []int64, yes bool) []int64 {
	if yes {
		return ids
	}
	return nil
}

func eachCurrent(cases []reconcile.Case, target reconcile.Target, fn func(*reconcile.Current)) {
	for i := range cases {
		for j := range cases[i].Current {
			if cur := &cases[i].Current[j]; cur.Target == target {
				fn(cur)
			}
		}
	}
}

func eachCandidate(cases []reconcile.Case, target reconcile.Target, fn func(*reconcile.Candidate)) {
	eachCurrent(cases, target, func(cur *reconcile.Current) {
		for k := range cur.Candidates {
			fn(&cur.Candidates[k])
		}
	})
}

// resolve looks up the links that the batch wants: people through their own
// links, names through the linked collection's title.
func (p *planner) resolve(ctx context.Context, cases []reconcile.Case, facts *reconcile.Facts) error {
	objects, names := wantedRefs(cases)
	return p.lookUp(ctx, objects, names, facts)
}

// lookUp resolves references: objects through their links, names through titles.
func (p *planner) lookUp(ctx context.Context, objects map[int64][]directory.ObjectID, names map[int64][]string, facts *reconcile.Facts) error {
	for collection, ids := range objects {
		found, err := p.s.store.LinkedRecords(ctx, p.conn.ID, collection, ids)
		if err != nil {
			return err
		}
		for object, id := range found {
			facts.Resolve[reconcile.RefKey{Collection: collection, Object: object}] = id
		}
	}
	for collection, keys := range names {
		found, err := p.s.records.FindByTitle(ctx, collection, keys)
		if err != nil {
			return err
		}
		for key, ids := range found {
			if len(ids) > 0 {
				facts.Resolve[reconcile.RefKey{Collection: collection, Text: key}] = ids[0]
			}
		}
	}
	return nil
}

func wantedRefs(cases []reconcile.Case) (objects map[int64][]directory.ObjectID, names map[int64][]string) {
	objects, names = map[int64][]directory.ObjectID{}, map[int64][]string{}
	seen := map[reconcile.RefKey]bool{}
	for i := range cases {
		for j := range cases[i].Desired {
			for k := range cases[i].Desired[j].Fields {
				ref := cases[i].Desired[j].Fields[k].Ref
				if ref == nil || seen[ref.Key()] {
					continue
				}
				seen[ref.Key()] = true
				if ref.Object.IsZero() {
					names[ref.Collection] = append(names[ref.Collection], ref.Text)
				} else {
					objects[ref.Collection] = append(objects[ref.Collection], ref.Object)
				}
			}
		}
	}
	return objects, names
}
