package entrasim

import (
	"math/bits"
	"slices"

	"github.com/musterhq/muster/internal/entrasim/estate"
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
	rec   estate.Record
}

// initial writes objects as they are, from the cursor on.
func (w *deltaWriter) initial() *cursor {
	t, k := w.t, w.c.Kind
	next := t.everyone(k, estate.Live).next
	if w.c.IDs != nil {
		next = among(t.idRefs(w.c.IDs, k), next)
	}
	member := estate.Ref(w.c.Member)
	for at, ok := next(estate.Ref(w.c.From)); ok; at, ok = next(at + 1) {
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
func (t *Tenant) idRefs(ids []string, k estate.Kind) []estate.Ref {
	out := []estate.Ref{}
	for _, id := range ids {
		if r, ok := t.RefOf(id); ok && r.Kind() == k {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// open writes the properties of one object, without the closing brace. changed
// is used with return=minimal only.
func (w *deltaWriter) open(at estate.Ref, changed uint64) {
	w.t.Fill(at, w.c.Select, &w.rec)
	s := w.t.Schemas[w.c.Kind]
	mask := w.c.Select &^ s.Links &^ 1
	if w.minimal {
		mask &= changed
	}
	w.b = append(w.b, `{"id":"`...)
	w.b = append(append(w.b, w.rec.ID...), '"')
	for ; mask != 0; mask &= mask - 1 {
		bit := bits.TrailingZeros64(mask)
		if w.rec.Vals[bit].Kind == estate.IsAbsent {
			continue // never set: delta says nothing about it
		}
		w.b = append(w.b, ',', '"')
		w.b = append(w.b, s.Props[bit].Name...)
		w.b = append(w.b, '"', ':')
		if s.Props[bit].Items && w.rec.Vals[bit].Kind == estate.IsNull {
			w.b = append(w.b, '[', ']')
			continue
		}
		w.b = w.rec.Vals[bit].AppendJSON(w.b)
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
func (w *deltaWriter) removed(at estate.Ref) {
	reason := "deleted"
	if w.t.StateOf(at) == estate.SoftDeleted {
		reason = "changed"
	}
	w.b = append(w.b, `{"id":"`+w.t.ID(at)+`","@removed":{"reason":"`+reason+`"}`...)
	w.close()
}

// allLinks writes the manager or the members of an object in the initial
// round, from member on. more means that the budget of the page is used up.
func (w *deltaWriter) allLinks(at, member estate.Ref) (next estate.Ref, more bool) {
	k := at.Kind()
	switch {
	case k == estate.KindUser && w.c.Select>>estate.UserManager&1 == 1:
		if m, ok := w.t.Manager(at.Index()); ok {
			w.links("manager", []link{{m, true}})
		}
	case k == estate.KindGroup && w.c.Select>>estate.GroupMembers&1 == 1, k == estate.KindUnit && w.c.Select>>estate.UnitMembers&1 == 1:
		next, more = w.members(w.t.Circles[k][at.Index()], member)
	}
	if k == estate.KindGroup && w.c.Select>>estate.GroupOwners&1 == 1 && member == 0 {
		var owners []link
		for _, o := range w.t.Circles[k][at.Index()].Owners {
			owners = append(owners, link{o, true})
		}
		w.links("owners", owners)
	}
	return next, more
}

// members includes soft-deleted people: their membership is kept until the
// purge, and no later round would tell of it when they come back.
func (w *deltaWriter) members(c *estate.Roster, from estate.Ref) (estate.Ref, bool) {
	var part []link
	r, ok := c.Next(from)
	for ; ok && w.budget > 0; r, ok = c.Next(r + 1) {
		if w.t.StateOf(r) != estate.Purged {
			part = append(part, link{r, true})
			w.budget--
		}
	}
	w.links("members", part)
	return r, ok
}

// link is one entry of members@delta or manager@delta.
type link struct {
	to    estate.Ref
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
		w.b = append(w.b, w.t.Schemas[l.to.Kind()].OData...)
		w.b = append(w.b, `","id":"`...)
		w.b = append(w.b, w.t.ID(l.to)...)
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
	next := w.t.everyone(w.c.Kind, estate.SoftDeleted).next
	at, ok := next(0)
	for i := 0; ok && i < 3; i++ {
		w.removed(at)
		at, ok = next(at + 1)
	}
}

// touched is what a round tells about one object.
type touched struct {
	at        estate.Ref
	mask      uint64
	lifecycle bool // created, deleted or restored
	links     []link
	seen      map[estate.Ref]int // where a link stands in links
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
		if w.t.StateOf(o.at) != estate.Live {
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

func linkName(k estate.Kind) string {
	if k == estate.KindUser {
		return "manager"
	}
	return "members"
}

// gather merges the journal of the round: one entry per object that the token
// tracks, in order of its first change.
func (w *deltaWriter) gather() []*touched {
	var order []*touched
	byIndex := map[int]*touched{}
	for _, ch := range w.t.Since(w.c.Kind, w.c.Seq, w.c.Until) {
		linked := ch.Op == estate.OpLink || ch.Op == estate.OpUnlink
		if (linked || ch.Op == estate.OpUpdate) && ch.Mask&w.c.Select == 0 {
			continue
		}
		o := byIndex[ch.Index]
		if o == nil {
			o = &touched{at: estate.MakeRef(w.c.Kind, ch.Index)}
			if !w.wanted(o.at) {
				continue
			}
			byIndex[ch.Index] = o
			order = append(order, o)
		}
		if linked {
			o.setLink(ch.Link, ch.Op == estate.OpLink)
			continue
		}
		o.mask |= ch.Mask
		o.lifecycle = o.lifecycle || ch.Op != estate.OpUpdate
	}
	return order
}

func (w *deltaWriter) wanted(at estate.Ref) bool {
	return w.c.IDs == nil || slices.Contains(w.c.IDs, w.t.ID(at))
}

// setLink keeps the last word on each link.
func (o *touched) setLink(to estate.Ref, added bool) {
	if at, ok := o.seen[to]; ok {
		o.links[at].added = added
		return
	}
	if o.seen == nil {
		o.seen = map[estate.Ref]int{}
	}
	o.seen[to] = len(o.links)
	o.links = append(o.links, link{to, added})
}
