package estate

import "slices"

// Each enumerates the objects of a kind in one state.
func (t *Directory) Each(k Kind, want State) func(Ref) (Ref, bool) {
	return func(from Ref) (Ref, bool) {
		i := 0
		if from > MakeRef(k, 0) {
			i = from.Index()
		}
		end := t.count[k]
		if k == KindGroup || k == KindUnit {
			end = len(t.Circles[k])
		}
		if from >= MakeRef(k+1, 0) {
			return 0, false
		}
		for ; i < end; i++ {
			if r := MakeRef(k, i); t.StateOf(r) == want {
				return r, true
			}
		}
		return 0, false
	}
}

// alive drops objects that are not live from an enumeration.
func (t *Directory) alive(next func(Ref) (Ref, bool)) func(Ref) (Ref, bool) {
	return func(from Ref) (Ref, bool) {
		for r, ok := next(from); ok; r, ok = next(r + 1) {
			if t.StateOf(r) == Live {
				return r, true
			}
		}
		return 0, false
	}
}

// LiveMembers are the direct members. Soft-deleted people keep their
// membership but are not shown.
func (t *Directory) LiveMembers(c *Roster) func(Ref) (Ref, bool) { return t.alive(c.Next) }

// FromList enumerates the live objects of a short list.
func (t *Directory) FromList(list []Ref) func(Ref) (Ref, bool) {
	sorted := slices.Sorted(slices.Values(list))
	return t.alive(func(from Ref) (Ref, bool) {
		at, _ := slices.BinarySearch(sorted, from)
		if at == len(sorted) {
			return 0, false
		}
		return sorted[at], true
	})
}

// closure is a circle and every group nested in it, each once, cycles or not.
func (t *Directory) closure(c *Roster) []*Roster {
	seen := map[*Roster]bool{c: true}
	all := []*Roster{c}
	for i := 0; i < len(all); i++ {
		for _, r := range all[i].extras {
			if r.Kind() != KindGroup || t.StateOf(r) != Live {
				continue
			}
			if g := t.Circles[KindGroup][r.Index()]; !seen[g] {
				seen[g] = true
				all = append(all, g)
			}
		}
	}
	return all
}

// TransitiveMembers flattens nesting: people once each, nested groups too, the
// group itself never.
func (t *Directory) TransitiveMembers(c *Roster) func(Ref) (Ref, bool) {
	all := t.closure(c)
	return t.alive(func(from Ref) (Ref, bool) {
		for {
			least, found := Ref(0), false
			for _, g := range all {
				if r, ok := g.Next(from); ok && (!found || r < least) {
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

// MemberOf lists the groups and units that contain an object directly.
func (t *Directory) MemberOf(at Ref) func(Ref) (Ref, bool) {
	var in []Ref
	for _, k := range []Kind{KindGroup, KindUnit} {
		for _, c := range t.Circles[k] {
			if c.state == Live && c.contains(at) {
				in = append(in, c.ref())
			}
		}
	}
	return t.FromList(in)
}

// TransitiveMemberOf adds the groups around those groups.
func (t *Directory) TransitiveMemberOf(at Ref) func(Ref) (Ref, bool) {
	var in []Ref
	for _, k := range []Kind{KindGroup, KindUnit} {
		for _, c := range t.Circles[k] {
			if c.state == Live && slices.ContainsFunc(t.closure(c), func(g *Roster) bool { return g.contains(at) }) {
				in = append(in, c.ref())
			}
		}
	}
	return t.FromList(in)
}

// OwnedDevices enumerates the devices that a user owns.
func (t *Directory) OwnedDevices(user Ref) func(Ref) (Ref, bool) {
	return t.alive(func(from Ref) (Ref, bool) {
		start := 0
		if from > MakeRef(KindDevice, 0) {
			start = from.Index()
		}
		i, ok := t.nextOwned(user, start)
		return MakeRef(KindDevice, i), ok
	})
}

// Reports enumerates the people whose manager is boss.
func (t *Directory) Reports(boss Ref) func(Ref) (Ref, bool) {
	return func(from Ref) (Ref, bool) {
		for r, ok := t.Each(KindUser, Live)(from); ok; r, ok = t.Each(KindUser, Live)(r + 1) {
			if m, has := t.Manager(r.Index()); has && m == boss {
				return r, true
			}
		}
		return 0, false
	}
}
