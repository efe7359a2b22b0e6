package reconcile

import (
	"slices"

	"github.com/musterhq/muster/internal/directory"
)

// Waiting is a link field that is going to be filled as soon as the object that
// it stands for has a record (F71). It is planned once; from then on nothing
// differs until the object comes or the directory names another.
type Waiting struct {
	Field  int64
	Object directory.ObjectID
}

// waits reports whether a change of a field is waited for already.
func (cur *Current) waits(fc *FieldChange) bool {
	return fc.Ref != nil && slices.Contains(cur.Waiting, Waiting{fc.Field, fc.Ref.Object})
}

// InVain returns which of the fields that a record waits to have filled are no
// longer to be: the object may come, but the field is not its any more.
//
//	what the mappings say today               the field
//	no mapping lets the person in             waits on: fields stay as they were
//	no row fills it                           in vain: the row was removed
//	not said, or it does not fit               waits on (F34)
//	the same object                           waits on
//	another object, or nothing                in vain
//	on create                                 waits on: it was wanted then
//	fill if empty, and it holds something     in vain
//	pinned                                    in vain
func (c *Case) InVain(cur *Current) []int64 {
	here := c.Subject.Standing == Live || c.Subject.Standing == Disabled
	if len(cur.Waiting) == 0 || !here {
		return nil
	}
	w := c.wishes(cur)
	if len(w.in) == 0 {
		return nil
	}
	wanted := mergedFields(w.in)
	var out []int64
	for _, wait := range cur.Waiting {
		at := slices.IndexFunc(wanted, func(d *DesiredField) bool { return d.Field == wait.Field })
		if at < 0 || containsField(cur.Pinned, wait.Field) || wanted[at].turnsFrom(wait.Object, cur) {
			out = append(out, wait.Field)
		}
	}
	return out
}

// turnsFrom reports whether a wanted field is not to be linked to an object.
func (d *DesiredField) turnsFrom(object directory.ObjectID, cur *Current) bool {
	switch {
	case d.Owner == OnCreate || d.Problem != nil || !d.Said:
		return false
	case d.Owner == FillIfEmpty && !fieldOf(cur.Fields, d.Field).IsEmpty():
		return true
	}
	return d.Ref == nil || d.Ref.Object != object
}
