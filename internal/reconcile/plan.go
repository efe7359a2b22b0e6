package reconcile

import (
	"cmp"
	"slices"
)

// Case is one subject with all that is wanted of it and all there is.
type Case struct {
	Subject Subject
	Desired []Desired // in the administrator's order of mappings
	Current []Current // one per target and collection that is wanted or linked, in any order
	// News is set when there is something new to go by: the directory said
	// something else, a mapping was edited, or somebody asked for this subject. It
	// is not when the subject is only looked at again because something is open.
	News bool
}

// Plan returns the changes for one subject, records before logins, and within
// a target the life cycle before values (F19). It never fails: what cannot be
// decided becomes a Skip, a Conflict or a Fail with its reason.
func Plan(c Case, facts *Facts) []Change {
	var out []Change
	current := inOrder(c.Current)
	for i := range current {
		switch cur := &current[i]; cur.Target {
		case Record:
			out = planRecord(out, &c, cur, facts)
		case Login:
			out = planLogin(out, &c, cur, facts)
		}
	}
	return out
}

// inOrder returns records before logins, by collection. Callers mostly give
// that order already, which costs nothing.
func inOrder(current []Current) []Current {
	byTarget := func(a, b Current) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Collection, b.Collection))
	}
	if slices.IsSortedFunc(current, byTarget) {
		return current
	}
	current = slices.Clone(current)
	slices.SortStableFunc(current, byTarget)
	return current
}

// change returns a change about a target with what all changes share.
func (c *Case) change(cur *Current, verb Verb, reason Reason) Change {
	name := c.Subject.Name
	if name == "" {
		name = c.Subject.Principal
	}
	if name == "" {
		name = c.Subject.Object.String()
	}
	return Change{
		Entry: c.Subject.Entry, EntryVersion: c.Subject.Version,
		Target: cur.Target, Collection: cur.Collection,
		TargetID: cur.ID, TargetVersion: cur.Version,
		Verb: verb, Reason: reason, Name: name,
	}
}

// wishes are the desired entries for one target, sorted into those that let
// the subject in and those that do not.
type wishes struct {
	all          []*Desired // in the administrator's order
	in           []*Desired
	out          []*Desired
	undetermined bool
	linked       int64 // the mapping whose link there is
}

func (c *Case) wishes(cur *Current) wishes {
	w := wishes{linked: cur.Mapping}
	for i := range c.Desired {
		d := &c.Desired[i]
		if d.Target != cur.Target || d.Collection != cur.Collection {
			continue
		}
		w.all = append(w.all, d)
		switch {
		case d.Undetermined:
			w.undetermined = true
			w.out = append(w.out, d)
		case d.Enters:
			w.in = append(w.in, d)
		default:
			w.out = append(w.out, d)
		}
	}
	return w
}

// whyOut returns the reason and clause that kept the subject out: those of the
// mapping that had let it in, else of the first in the order.
func (w *wishes) whyOut() (mapping int64, reason Reason, detail string) {
	if len(w.out) == 0 {
		return 0, MappingGone, ""
	}
	d := w.out[0]
	if at := slices.IndexFunc(w.out, func(d *Desired) bool { return d.Mapping == w.linked }); at >= 0 {
		d = w.out[at]
	}
	return d.Mapping, d.why(), d.Detail
}

// why returns the reason for staying out, never an empty one.
func (d *Desired) why() Reason {
	switch {
	case d.Why != "":
		return d.Why
	case d.Undetermined:
		return UnitUnknown
	}
	return OutsideConditions
}

// match is the outcome of first contact.
type match struct {
	candidate *Candidate
	verb      Verb // Add, Adopt, Relink or Conflict
	reason    Reason
}

// firstContact decides which candidate is the subject.
//
//	candidates                            outcome
//	none                                  Add
//	exactly one with the same object ID   Adopt, whatever else there is
//	one, free                             Adopt
//	one, of an object that has gone       Relink: a proposal for a person (F22)
//	one, of an object that is there       Conflict (F21)
//	several                               Conflict, never "first hit" (F21)
func firstContact(candidates []Candidate) match {
	if k := sameObject(candidates); k != nil {
		return match{k, Adopt, MatchedIdentifier}
	}
	switch len(candidates) {
	case 0:
		return match{nil, Add, NewInDirectory}
	case 1:
	default:
		return match{nil, Conflict, AmbiguousMatch}
	}
	k := &candidates[0]
	switch {
	case k.LinkedTo == 0:
		return match{k, Adopt, MatchedIdentifier}
	case k.Other == Gone || k.Other == NotFound || k.Other == SoftDeleted:
		return match{k, Relink, MatchedIdentifier}
	}
	return match{nil, Conflict, MatchTaken}
}

// sameObject returns the one free candidate that carries the subject's own
// object ID, or nil when there is none or more than one.
func sameObject(candidates []Candidate) *Candidate {
	var found *Candidate
	for i := range candidates {
		if k := &candidates[i]; k.SameObject && k.LinkedTo == 0 {
			if found != nil {
				return nil
			}
			found = k
		}
	}
	return found
}

// Tally counts what a plan would do, by class, for the guard. It counts changes,
// so that a person with a record and a login may count twice.
type Tally map[Class]int

// linkClasses are counted on the change that links. What follows it carries
// them too, but only to be held with it.
const linkClasses = ClassRelink | ClassGuest | ClassAdoption

// Count adds a change to the tally, once for each class it belongs to. What
// only reports does no harm and is not counted.
func (t Tally) Count(c *Change) {
	held := c.Class
	switch {
	case !c.Verb.Acts():
		return
	case c.Verb != Add && c.Verb != Adopt && c.Verb != Relink:
		held &^= linkClasses
	}
	for _, class := range Classes() {
		if held&class != 0 {
			t[class]++
		}
	}
}

func containsField(ids []int64, id int64) bool { return slices.Contains(ids, id) }
