package reconcile

import "slices"

// Case is one subject with all that is wanted of it and all there is.
type Case struct {
	Subject Subject
	Desired []Desired // in the administrator's order of mappings
	Current []Current // one per target and collection that is wanted or linked
}

// Plan returns the changes for one subject, records before logins, and within
// a target the life cycle before values (F19). It never fails: what cannot be
// decided becomes a Skip, a Conflict or a Fail with its reason.
func Plan(c Case, facts *Facts) []Change {
	var out []Change
	for i := range c.Current {
		if cur := &c.Current[i]; cur.Target == Record {
			out = planRecord(out, &c, cur, facts)
		}
	}
	for i := range c.Current {
		if cur := &c.Current[i]; cur.Target == Login {
			out = planLogin(out, &c, cur, facts)
		}
	}
	return out
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
	in           []*Desired
	out          []*Desired
	undetermined bool
}

func (c *Case) wishes(cur *Current) wishes {
	var w wishes
	for i := range c.Desired {
		d := &c.Desired[i]
		if d.Target != cur.Target || d.Collection != cur.Collection {
			continue
		}
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

// whyOut returns the reason and clause that kept the subject out.
func (w *wishes) whyOut() (mapping int64, reason Reason, detail string) {
	if len(w.out) == 0 {
		return 0, MappingGone, ""
	}
	d := w.out[0]
	if d.Undetermined && d.Why == "" {
		return d.Mapping, UnitUnknown, d.Detail
	}
	return d.Mapping, d.Why, d.Detail
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
//	one carrying the same object ID       Adopt
//	one, free                             Adopt
//	one, of an object that has gone       Relink: a proposal for a person (F22)
//	one, of an object that is there       Conflict (F21)
//	several                               Conflict, never "first hit" (F21)
func firstContact(candidates []Candidate) match {
	for i := range candidates {
		if candidates[i].SameObject && candidates[i].LinkedTo == 0 {
			return match{&candidates[i], Adopt, MatchedIdentifier}
		}
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

// Tally counts what a plan would do, by class, for the guard.
type Tally map[Class]int

// Count adds a change to the tally, once for each class it belongs to.
func (t Tally) Count(c *Change) {
	for _, class := range Classes() {
		if c.Class&class != 0 {
			t[class]++
		}
	}
}

func containsField(ids []int64, id int64) bool { return slices.Contains(ids, id) }
