package reconcile

import (
	"github.com/musterhq/muster/internal/datatype"
)

// planRecord plans one record of one subject.
//
//	standing               not linked          linked
//	Live, Disabled, in     Add, Adopt…         fields; status Active or Disabled
//	Live, out              Skip                status Out of scope, fields as they were
//	Live, undetermined     Skip                nothing (F4, F6)
//	Disabled, out or und.  Skip                status Disabled, fields as they were (F74)
//	SoftDeleted            Skip                status Deleted; fields as they were (the UPN is mangled)
//	Gone                   Skip                status Purged
//	NotFound               Skip                status Not found
//	Unknown, Missing       Skip                nothing
//
// A record that an undo put away is told of, and brought back once there is news
// of somebody who is let in.
func planRecord(out []Change, c *Case, cur *Current, facts *Facts) []Change {
	w := c.wishes(cur)
	if cur.ID == 0 {
		return c.enterRecord(out, cur, &w, facts)
	}
	status, reason, said := c.statusOf(&w)
	if cur.PutAway {
		return c.recordPutAway(out, cur, &w, status, facts)
	}
	if !said {
		return out
	}
	if status != cur.Status {
		out = append(out, c.statusChange(cur, &w, status, reason))
	}
	if len(w.in) == 0 || (status != StatusActive && status != StatusDisabled) {
		return out
	}
	return append(out, c.fieldChanges(cur, cur.Fields, cur.Pinned, &w, facts)...)
}

// recordPutAway plans a record that an undo put away.
func (c *Case) recordPutAway(out []Change, cur *Current, w *wishes, status Status, facts *Facts) []Change {
	if len(w.in) == 0 || (status != StatusActive && status != StatusDisabled) {
		return out
	}
	if !c.News {
		return append(out, c.staysAway(cur, w))
	}
	ch := c.change(cur, Reactivate, ComesAgain)
	ch.Mapping, ch.Class = w.in[0].Mapping, c.linkClass(Add)
	ch.Status, ch.StatusBefore = status, cur.Status
	return append(append(out, ch), c.fieldChanges(cur, cur.Fields, cur.Pinned, w, facts)...)
}

// staysAway reports what an undo took back and nothing new is known of.
func (c *Case) staysAway(cur *Current, w *wishes) Change {
	ch := c.change(cur, Skip, StaysAway)
	ch.Mapping = w.in[0].Mapping
	return ch
}

// statusOf returns the integration status that the evidence calls for; said is
// false when nothing can be concluded.
func (c *Case) statusOf(w *wishes) (status Status, reason Reason, said bool) {
	switch c.Subject.Standing {
	case SoftDeleted:
		return StatusDeleted, DeletedInDirectory, true
	case Gone:
		return StatusPurged, PurgedInDirectory, true
	case NotFound:
		return StatusNotFound, NotFoundInDirectory, true
	case Unknown, Missing:
		return NoStatus, EnabledUnknown, false
	case Disabled:
		// Being disabled says more than having left a unit or a condition, and
		// conditions on the account being enabled must not hide it (F74).
		return StatusDisabled, DisabledInDirectory, true
	}
	if len(w.in) > 0 {
		return StatusActive, Returned, true
	}
	if w.undetermined {
		return NoStatus, UnitUnknown, false
	}
	_, why, _ := w.whyOut()
	return StatusOutOfScope, leaving(why), true
}

// leaving turns the reason for staying out into the reason for having left.
func leaving(why Reason) Reason {
	switch why {
	case OutsideUnits:
		return LeftUnit
	case OutsideConditions, GuestExcluded:
		return NoLongerMatches
	}
	return why
}

func (c *Case) statusChange(cur *Current, w *wishes, status Status, reason Reason) Change {
	ch := c.change(cur, SetStatus, reason)
	ch.Status, ch.StatusBefore, ch.PurgeAt = status, cur.Status, c.Subject.PurgeAt
	if len(w.in) > 0 {
		ch.Mapping = w.in[0].Mapping
	} else {
		var clause string
		if ch.Mapping, _, clause = w.whyOut(); status == StatusOutOfScope {
			ch.Detail = clause // it explains this status and no other
		}
	}
	if status == StatusNotFound {
		ch.Class |= ClassMissing
	}
	return ch
}

// enterRecord plans a subject that has no record in the collection yet.
func (c *Case) enterRecord(out []Change, cur *Current, w *wishes, facts *Facts) []Change {
	if len(w.in) == 0 || (c.Subject.Standing != Live && c.Subject.Standing != Disabled) {
		return append(out, c.staysOut(cur, w))
	}
	m := firstContact(cur.Candidates)
	ch := c.change(cur, m.verb, m.reason)
	ch.Mapping = w.in[0].Mapping
	ch.Status = StatusActive
	if c.Subject.Standing == Disabled {
		ch.Status = StatusDisabled
	}
	switch m.verb {
	case Conflict:
		ch.Status, ch.Detail = NoStatus, describeCandidates(cur.Candidates)
		return append(out, ch)
	case Add:
		return append(out, c.addRecord(ch, w, facts))
	}
	ch.Class = c.linkClass(m.verb)
	ch.TargetID, ch.TargetVersion = m.candidate.ID, m.candidate.Version
	ch.EntryBefore = m.candidate.LinkedTo
	out = append(out, ch)
	adopted := *cur
	adopted.ID, adopted.Version = m.candidate.ID, m.candidate.Version
	follow := c.fieldChanges(&adopted, m.candidate.Fields, m.candidate.Pinned, w, facts)
	for i := range follow {
		if follow[i].Verb.Acts() {
			follow[i].Class |= ch.Class // what follows a held link is held with it
		}
	}
	return append(out, follow...)
}

// linkClass classifies a change that makes or moves a link.
func (c *Case) linkClass(verb Verb) Class {
	var class Class
	if c.Subject.Guest {
		class |= ClassGuest
	}
	if verb == Relink {
		class |= ClassRelink
	}
	return class
}

// staysOut reports a subject that is not brought in, with the clause.
func (c *Case) staysOut(cur *Current, w *wishes) Change {
	ch := c.change(cur, Skip, NotActive)
	if len(w.in) > 0 {
		ch.Mapping = w.in[0].Mapping
		switch c.Subject.Standing {
		case Unknown:
			ch.Reason = EnabledUnknown
		case Missing:
			ch.Reason = MissingFromListing
		}
		return ch
	}
	ch.Mapping, ch.Reason, ch.Detail = w.whyOut()
	return ch
}

// addRecord completes an Add with the fields that hold something. A required
// field without a value turns it into a Fail.
func (c *Case) addRecord(ch Change, w *wishes, facts *Facts) Change {
	ch.Class = c.linkClass(Add)
	for _, d := range mergedFields(w.in) {
		if d.Problem != nil {
			ch.Issues = append(ch.Issues, *d.Problem)
			if d.Problem.Reason == RequiredFieldEmpty {
				ch.Verb, ch.Reason = Fail, RequiredFieldEmpty
			}
			continue
		}
		if !d.Said {
			continue
		}
		value, ref, issue := resolve(d, facts)
		if issue != nil {
			ch.Issues = append(ch.Issues, *issue)
		}
		if value.IsEmpty() && ref == nil {
			continue
		}
		ch.Fields = append(ch.Fields, FieldChange{Field: d.Field, After: value, Ref: ref, Source: d.Source})
	}
	if ch.Verb == Fail {
		ch.Class, ch.Status, ch.Fields = 0, NoStatus, nil
	}
	return ch
}

// mergedFields returns the fields of the mappings that let the subject in:
// where several write one field, the first in the order decides.
func mergedFields(in []*Desired) []*DesiredField {
	if len(in) == 0 {
		return nil
	}
	all := make([]*DesiredField, 0, len(in[0].Fields))
	for _, d := range in {
		for i := range d.Fields {
			if f := &d.Fields[i]; !hasField(all, f.Field) {
				all = append(all, f)
			}
		}
	}
	return all
}

func hasField(all []*DesiredField, id int64) bool {
	for _, f := range all {
		if f.Field == id {
			return true
		}
	}
	return false
}

// resolve turns a wanted link into a record number where that is known. The
// reference comes back when it still has to be made or waited for.
func resolve(d *DesiredField, facts *Facts) (datatype.Value, *Ref, *Issue) {
	if d.Ref == nil {
		return d.Value, nil, nil
	}
	if id := facts.Resolve[d.Ref.Key()]; id != 0 {
		return datatype.OfRecord(id), nil, nil
	}
	if !d.Ref.Object.IsZero() || d.Ref.Create {
		return datatype.Value{}, d.Ref, nil
	}
	return datatype.Value{}, nil, &Issue{Field: d.Field, Reason: ReferenceNotFound, Detail: d.Ref.Label}
}

// fieldChanges compares wanted and held fields and returns up to three
// changes, since the guard may hold one and let the others through: a rename,
// an update, a blanking. Problems ride on the first, or on a Problem of their own.
func (c *Case) fieldChanges(cur *Current, held []FieldValue, pinned []int64, w *wishes, facts *Facts) []Change {
	var update, rename, blank []FieldChange
	var issues []Issue
	for _, d := range mergedFields(w.in) {
		fc, issue := compareField(d, held, pinned, facts)
		if issue != nil {
			issues = append(issues, *issue)
		}
		switch {
		case fc == nil || cur.waits(fc):
		case fc.After.IsEmpty() && fc.Ref == nil:
			blank = append(blank, *fc)
		case containsField(facts.Identity[cur.Collection], fc.Field) && !fc.Before.IsEmpty():
			rename = append(rename, *fc)
		default:
			update = append(update, *fc)
		}
	}
	var out []Change
	add := func(verb Verb, reason Reason, class Class, fields []FieldChange) {
		if len(fields) == 0 {
			return
		}
		ch := c.change(cur, verb, reason)
		ch.Mapping, ch.Class, ch.Fields = w.in[0].Mapping, class, fields
		out = append(out, ch)
	}
	add(Rename, Renamed, ClassRename, rename)
	add(Update, AttributeChanged, 0, update)
	add(Blank, AttributeEmptied, ClassBlank, blank)
	if len(issues) > 0 {
		ch := c.change(cur, Problem, issues[0].Reason)
		ch.Mapping, ch.Issues = w.in[0].Mapping, issues
		out = append(out, ch)
	}
	return out
}

// compareField decides one field; nil when nothing is to be written.
//
//	attribute   owner           field holds   outcome
//	absent      any             any           nothing: unknown is not empty (F34)
//	empty       any, keep       any           nothing
//	empty       directory wins, something     blank
//	            clear
//	value       directory wins  another       write
//	value       fill if empty   something     nothing
//	value       on create       any           nothing
//	does not    directory wins  any           nothing, and an issue
//	fit
//	required    directory wins  something     nothing: the field is not empty
//	but empty
//	any         any, pinned     any           nothing (F36)
func compareField(d *DesiredField, held []FieldValue, pinned []int64, facts *Facts) (*FieldChange, *Issue) {
	if containsField(pinned, d.Field) || d.Owner == OnCreate {
		return nil, nil
	}
	before := fieldOf(held, d.Field)
	if d.Owner == FillIfEmpty && !before.IsEmpty() {
		return nil, nil
	}
	if d.Problem != nil {
		if d.Problem.Reason == RequiredFieldEmpty && !before.IsEmpty() {
			return nil, nil
		}
		return nil, d.Problem
	}
	if !d.Said {
		return nil, nil
	}
	after, ref, issue := resolve(d, facts)
	if issue != nil {
		return nil, issue
	}
	if after == before && ref == nil {
		return nil, nil
	}
	if after.IsEmpty() && ref == nil && (d.Empty == KeepWhenEmpty || before.IsEmpty()) {
		return nil, nil
	}
	return &FieldChange{Field: d.Field, Before: before, After: after, Ref: ref, Source: d.Source}, nil
}
