package entrasim

import "github.com/musterhq/muster/internal/entrasim/estate"

// everyone lists all objects of a kind in one state.
func (t *Tenant) everyone(k estate.Kind, want estate.State) listing {
	return listing{set: t.Schemas[k].Set, kinds: []estate.Kind{k}, next: t.Each(k, want)}
}

// mixed lists objects of several kinds with @odata.type.
func (t *Tenant) mixed(kinds []estate.Kind, next func(estate.Ref) (estate.Ref, bool)) listing {
	return listing{set: "directoryObjects", kinds: kinds, typed: true, next: next}
}

// cast keeps one kind of a mixed listing.
func (t *Tenant) cast(l listing, k estate.Kind) listing {
	first, last := estate.MakeRef(k, 0), estate.MakeRef(k+1, 0)
	next := l.next
	return listing{set: t.Schemas[k].Set, kinds: []estate.Kind{k}, next: func(from estate.Ref) (estate.Ref, bool) {
		r, ok := next(max(from, first))
		return r, ok && r < last
	}}
}
