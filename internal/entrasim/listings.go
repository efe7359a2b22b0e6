package entrasim

// everyone lists all objects of a kind in one state.
func (t *Tenant) everyone(k Kind, want state) listing {
	return listing{set: t.schemas[k].set, kinds: []Kind{k}, next: t.all(k, want)}
}

// mixed lists objects of several kinds with @odata.type.
func (t *Tenant) mixed(kinds []Kind, next func(ref) (ref, bool)) listing {
	return listing{set: "directoryObjects", kinds: kinds, typed: true, next: next}
}

// cast keeps one kind of a mixed listing.
func (t *Tenant) cast(l listing, k Kind) listing {
	first, last := makeRef(k, 0), makeRef(k+1, 0)
	next := l.next
	return listing{set: t.schemas[k].set, kinds: []Kind{k}, next: func(from ref) (ref, bool) {
		r, ok := next(max(from, first))
		return r, ok && r < last
	}}
}
