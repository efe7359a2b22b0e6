package entrasim

import (
	"math/bits"
	"slices"
)

// deltaWriter renders one page of a delta round.
type deltaWriter struct {
	t       *Tenant
	c       *cursor
	size    int // objects a page
	budget  int // member links a page; a bigger group is spread over pages
	minimal bool

	b     []byte
	first int // length of the first item, for the duplicates fault
	n     int
	rec   record
}

// initial writes objects as they are, from the cursor on.
func (w *deltaWriter) initial() *cursor {
	t, k := w.t, w.c.Kind
	next := t.everyone(k, live).next
	if w.c.IDs != nil {
		next = among(t.idRefs(w.c.IDs, k), next)
	}
	member := ref(w.c.Member)
	for at, ok := next(ref(w.c.From)); ok; at, ok = next(at + 1) {
		if w.n == w.size {
			return w.at(uint64(at), 0)
		}
		w.open(at, ^uint64(0))
		var more bool
		if member, more = w.allLinks(at, member); more {
			w.close()
			return w.at(uint64(at), uint64(member))
		}
		w.close()
		member = 0
		if w.budget <= 0 {
			return w.at(uint64(at+1), 0)
		}
	}
	return nil
}

// at is the cursor of the next page of this round.
func (w *deltaWriter) at(from, member uint64) *cursor {
	c := *w.c
	c.From, c.Member = from, member
	return &c
}

// idRefs keeps the ids of a $filter that are of the kind.
func (t *Tenant) idRefs(ids []string, k Kind) []ref {
	out := []ref{}
	for _, id := range ids {
		if r, ok := t.refOf(id); ok && r.kind() == k {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// open writes the properties of one object, without the closing brace. changed
// is used with return=minimal only.
func (w *deltaWriter) open(at ref, changed uint64) {
	w.t.fill(at, w.c.Select, &w.rec)
	s := w.t.schemas[w.c.Kind]
	mask := w.c.Select &^ s.links &^ 1
	if w.minimal {
		mask &= changed
	}
	w.b = append(w.b, `{"id":"`...)
	w.b = append(append(w.b, w.rec.id...), '"')
	for ; mask != 0; mask &= mask - 1 {
		bit := bits.TrailingZeros64(mask)
		if w.rec.vals[bit].kind == isAbsent {
			continue // never set: delta says nothing about it
		}
		w.b = append(w.b, ',', '"')
		w.b = append(w.b, s.props[bit].name...)
		w.b = append(w.b, '"', ':')
		if s.props[bit].list && w.rec.vals[bit].kind == isNull {
			w.b = append(w.b, '[', ']')
			continue
		}
		w.b = w.rec.vals[bit].appendJSON(w.b)
	}
}

func (w *deltaWriter) close() {
	w.b = append(w.b, '}', ',')
	w.n++
	if w.n == 1 {
		w.first = len(w.b)
	}
}

// removed writes {"id","@removed":{"reason"}}. The reason "changed" means that
// the object can still be restored; "deleted" that it is gone.
func (w *deltaWriter) removed(at ref) {
	reason := "deleted"
	if w.t.stateOf(at) == soft {
		reason = "changed"
	}
	w.b = append(w.b, `{"id":"`+w.t.id(at)+`","@removed":{"reason":"`+reason+`"}`...)
	w.close()
}

// allLinks writes the manager or the members of an object in the initial
// round, from member on. more means that the budget of the page is used up.
func (w *deltaWriter) allLinks(at, member ref) (next ref, more bool) {
	k := at.kind()
	switch {
	case k == KindUser && w.c.Select>>uManager&1 == 1:
		if m, ok := w.t.manager(at.index()); ok {
			w.links("manager", []link{{m, true}})
		}
	case k == KindGroup && w.c.Select>>gMembers&1 == 1, k == KindUnit && w.c.Select>>aMembers&1 == 1:
		next, more = w.members(w.t.circles[k][at.index()], member)
	}
	if k == KindGroup && w.c.Select>>gOwners&1 == 1 && member == 0 {
		var owners []link
		for _, o := range w.t.circles[k][at.index()].owners {
			owners = append(owners, link{o, true})
		}
		w.links("owners", owners)
	}
	return next, more
}

// members includes soft-deleted people: their membership is kept until the
// purge, and no later round would tell of it when they come back.
func (w *deltaWriter) members(c *circle, from ref) (ref, bool) {
	var part []link
	r, ok := c.next(from)
	for ; ok && w.budget > 0; r, ok = c.next(r + 1) {
		if w.t.stateOf(r) != purged {
			part = append(part, link{r, true})
			w.budget--
		}
	}
	w.links("members", part)
	return r, ok
}

// link is one entry of members@delta or manager@delta.
type link struct {
	to    ref
	added bool
}

// links writes name@delta; a removed link has the reason "deleted", whatever
// became of the object at its other end.
func (w *deltaWriter) links(name string, list []link) {
	if len(list) == 0 {
		return
	}
	w.b = append(w.b, `,"`+name+`@delta":[`...)
	for i, l := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, `{"@odata.type":"`...)
		w.b = append(w.b, w.t.schemas[l.to.kind()].odata...)
		w.b = append(w.b, `","id":"`...)
		w.b = append(w.b, w.t.id(l.to)...)
		w.b = append(w.b, '"')
		if !l.added {
			w.b = append(w.b, `,"@removed":{"reason":"deleted"}`...)
		}
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, ']')
}

// ghosts writes @removed entries of long-deleted users into an initial round.
func (w *deltaWriter) ghosts() {
	next := w.t.everyone(w.c.Kind, soft).next
	at, ok := next(0)
	for i := 0; ok && i < 3; i++ {
		w.removed(at)
		at, ok = next(at + 1)
	}
}

// touched is what a round tells about one object.
type touched struct {
	at        ref
	mask      uint64
	lifecycle bool // created, deleted or restored
	links     []link
	seen      map[ref]int // where a link stands in links
}

// changes writes a page of a later round.
func (w *deltaWriter) changes() *cursor {
	list := w.gather()
	skip := int(w.c.Member)
	for pos := int(w.c.From); pos < len(list); pos++ {
		if w.n == w.size || w.budget <= 0 {
			return w.at(uint64(pos), uint64(skip))
		}
		o := list[pos]
		if w.t.stateOf(o.at) != live {
			w.removed(o.at)
			continue
		}
		changed := o.mask
		if o.lifecycle {
			changed = ^uint64(0)
		}
		w.open(o.at, changed)
		part := o.links[min(skip, len(o.links)):]
		part = part[:min(len(part), w.budget)]
		w.links(linkName(w.c.Kind), part)
		w.budget -= len(part)
		w.close()
		if skip += len(part); skip < len(o.links) {
			return w.at(uint64(pos), uint64(skip))
		}
		skip = 0
	}
	return nil
}

func linkName(k Kind) string {
	if k == KindUser {
		return "manager"
	}
	return "members"
}

// gather merges the journal of the round: one entry per object that the token
// tracks, in order of its first change.
func (w *deltaWriter) gather() []*touched {
	var order []*touched
	byIndex := map[int]*touched{}
	for _, ch := range w.t.since(w.c.Kind, w.c.Seq, w.c.Until) {
		linked := ch.op == opLink || ch.op == opUnlink
		if (linked || ch.op == opUpdate) && ch.mask&w.c.Select == 0 {
			continue
		}
		o := byIndex[ch.index]
		if o == nil {
			o = &touched{at: makeRef(w.c.Kind, ch.index)}
			if !w.wanted(o.at) {
				continue
			}
			byIndex[ch.index] = o
			order = append(order, o)
		}
		if linked {
			o.setLink(ch.link, ch.op == opLink)
			continue
		}
		o.mask |= ch.mask
		o.lifecycle = o.lifecycle || ch.op != opUpdate
	}
	return order
}

func (w *deltaWriter) wanted(at ref) bool {
	return w.c.IDs == nil || slices.Contains(w.c.IDs, w.t.id(at))
}

// setLink keeps the last word on each link.
func (o *touched) setLink(to ref, added bool) {
	if at, ok := o.seen[to]; ok {
		o.links[at].added = added
		return
	}
	if o.seen == nil {
		o.seen = map[ref]int{}
	}
	o.seen[to] = len(o.links)
	o.links = append(o.links, link{to, added})
}
