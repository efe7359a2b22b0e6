package estate

import (
	"slices"
	"time"
)

// Roster is anything with members: a group or an administrative unit. Members
// come from a rule over the base population, plus extras, minus removed; so a
// group of a million costs nothing until it is read.
type Roster struct {
	kind  Kind
	index int
	id    string
	vals  []Value // by property bit of the kind's schema
	ever  uint64  // properties that were ever set
	state State
	gone  time.Time // of the soft deletion

	base    span
	extras  []Ref // sorted
	removed map[Ref]bool
	Owners  []Ref
	// rule, for a dynamic group, decides by a person's properties.
	rule func(*Record) bool
}

// span is a set of base people by index: a step pattern or a predicate.
type span struct {
	step, offset int            // step > 0: offset, offset+step, ...
	has          func(int) bool // step 0: nil means nobody
	end          int
}

// next returns the first member at or after from, or -1.
func (s span) next(from int) int {
	if s.step > 0 {
		n := s.offset
		if from > n {
			n += (from - n + s.step - 1) / s.step * s.step
		}
		if n < s.end {
			return n
		}
		return -1
	}
	if s.has == nil {
		return -1
	}
	for ; from < s.end; from++ {
		if s.has(from) {
			return from
		}
	}
	return -1
}

func (s span) contains(i int) bool {
	switch {
	case i >= s.end:
		return false
	case s.step > 0:
		return i%s.step == s.offset
	}
	return s.has != nil && s.has(i)
}

// Next returns the first member at or after from, in order of kind and index.
func (c *Roster) Next(from Ref) (Ref, bool) {
	at, _ := slices.BinarySearch(c.extras, from)
	extra, ok := Ref(0), at < len(c.extras)
	if ok {
		extra = c.extras[at]
	}
	if from >= MakeRef(KindGroup, 0) {
		return extra, ok
	}
	start := 0
	if from > MakeRef(KindUser, 0) {
		start = from.Index()
	}
	for i := c.base.next(start); i >= 0; i = c.base.next(i + 1) {
		r := MakeRef(KindUser, i)
		if ok && extra < r {
			break
		}
		if !c.removed[r] {
			return r, true
		}
	}
	return extra, ok
}

func (c *Roster) contains(r Ref) bool {
	if _, ok := slices.BinarySearch(c.extras, r); ok {
		return true
	}
	return r.Kind() == KindUser && c.base.contains(r.Index()) && !c.removed[r]
}

// add returns false when r is a member already.
func (c *Roster) add(r Ref) bool {
	if c.contains(r) {
		return false
	}
	if r.Kind() == KindUser && c.base.contains(r.Index()) {
		delete(c.removed, r)
		return true
	}
	at, _ := slices.BinarySearch(c.extras, r)
	c.extras = slices.Insert(c.extras, at, r)
	return true
}

// remove returns false when r is no member.
func (c *Roster) remove(r Ref) bool {
	if at, ok := slices.BinarySearch(c.extras, r); ok {
		c.extras = slices.Delete(c.extras, at, at+1)
		return true
	}
	if !c.contains(r) {
		return false
	}
	if c.removed == nil {
		c.removed = map[Ref]bool{}
	}
	c.removed[r] = true
	return true
}

func (c *Roster) set(bit int, v Value) {
	c.vals[bit] = v
	c.ever |= 1 << bit
}

func (c *Roster) ref() Ref     { return MakeRef(c.kind, c.index) }
func (c *Roster) name() string { return c.vals[c.nameBit()].Raw }

func (c *Roster) nameBit() int {
	if c.kind == KindUnit {
		return aDisplayName
	}
	return gDisplayName
}

// unified tells Microsoft 365 groups, the only ones with soft deletion.
func (c *Roster) unified() bool {
	return c.kind == KindGroup && slices.Contains(c.vals[gGroupTypes].Items, "Unified")
}
