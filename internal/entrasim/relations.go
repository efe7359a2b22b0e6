package entrasim

import "slices"

// all enumerates the objects of a kind in one state.
func (t *estate) all(k Kind, want state) func(ref) (ref, bool) {
	return func(from ref) (ref, bool) {
		i := 0
		if from > makeRef(k, 0) {
			i = from.index()
		}
		end := t.count[k]
		if k == KindGroup || k == KindUnit {
			end = len(t.circles[k])
		}
		if from >= makeRef(k+1, 0) {
			return 0, false
		}
		for ; i < end; i++ {
			if r := makeRef(k, i); t.stateOf(r) == want {
				return r, true
			}
		}
		return 0, false
	}
}

// alive drops objects that are not live from an enumeration.
func (t *estate) alive(next func(ref) (ref, bool)) func(ref) (ref, bool) {
	return func(from ref) (ref, bool) {
		for r, ok := next(from); ok; r, ok = next(r + 1) {
			if t.stateOf(r) == live {
				return r, true
			}
		}
		return 0, false
	}
}

// liveMembers are the direct members. Soft-deleted people keep their
// membership but are not shown.
func (t *estate) liveMembers(c *circle) func(ref) (ref, bool) { return t.alive(c.next) }

func (t *estate) fromList(list []ref) func(ref) (ref, bool) {
	sorted := slices.Sorted(slices.Values(list))
	return t.alive(func(from ref) (ref, bool) {
		at, _ := slices.BinarySearch(sorted, from)
		if at == len(sorted) {
			return 0, false
		}
		return sorted[at], true
	})
}

// closure is a circle and every group nested in it, each once, cycles or not.
func (t *estate) closure(c *circle) []*circle {
	seen := map[*circle]bool{c: true}
	all := []*circle{c}
	for i := 0; i < len(all); i++ {
		for _, r := range all[i].extras {
			if r.kind() != KindGroup || t.stateOf(r) != live {
				continue
			}
			if g := t.circles[KindGroup][r.index()]; !seen[g] {
				seen[g] = true
				all = append(all, g)
			}
		}
	}
	return all
}

// transitiveMembers flattens nesting: people once each, nested groups too, the
// group itself never.
func (t *estate) transitiveMembers(c *circle) func(ref) (ref, bool) {
	all := t.closure(c)
	return t.alive(func(from ref) (ref, bool) {
		for {
			least, found := ref(0), false
			for _, g := range all {
				if r, ok := g.next(from); ok && (!found || r < least) {
					least, found = r, true
				}
			}
			if !found || least != c.ref() {
				return least, found
			}
			from = least + 1
		}
	})
}

// memberOf lists the groups and units that contain an object directly.
func (t *estate) memberOf(at ref) func(ref) (ref, bool) {
	var in []ref
	for _, k := range []Kind{KindGroup, KindUnit} {
		for _, c := range t.circles[k] {
			if c.state == live && c.contains(at) {
				in = append(in, c.ref())
			}
		}
	}
	return t.fromList(in)
}

// transitiveMemberOf adds the groups around those groups.
func (t *estate) transitiveMemberOf(at ref) func(ref) (ref, bool) {
	var in []ref
	for _, k := range []Kind{KindGroup, KindUnit} {
		for _, c := range t.circles[k] {
			if c.state == live && slices.ContainsFunc(t.closure(c), func(g *circle) bool { return g.contains(at) }) {
				in = append(in, c.ref())
			}
		}
	}
	return t.fromList(in)
}

func (t *estate) ownedDevices(user ref) func(ref) (ref, bool) {
	return t.alive(func(from ref) (ref, bool) {
		start := 0
		if from > makeRef(KindDevice, 0) {
			start = from.index()
		}
		i, ok := t.nextOwned(user, start)
		return makeRef(KindDevice, i), ok
	})
}

func (t *estate) reports(boss ref) func(ref) (ref, bool) {
	return func(from ref) (ref, bool) {
		for r, ok := t.all(KindUser, live)(from); ok; r, ok = t.all(KindUser, live)(r + 1) {
			if m, has := t.manager(r.index()); has && m == boss {
				return r, true
			}
		}
		return 0, false
	}
}
