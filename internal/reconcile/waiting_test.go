package reconcile

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/directory"
)

var bossID, otherID = directory.ObjectID{15: 7}, directory.ObjectID{15: 8}

func wantsBoss(id directory.ObjectID) DesiredField {
	return DesiredField{Field: fieldDept, Said: true, Ref: &Ref{Collection: people, Object: id}, Source: "manager"}
}

func waitingFor(id directory.ObjectID, fields ...FieldValue) Current {
	cur := record(StatusActive, fields...)
	cur.Waiting = []Waiting{{fieldDept, id}}
	return cur
}

// F71: a manager who is not here yet is planned once, and waited for.
func TestF71AWaitingReferenceIsPlannedOnce(t *testing.T) {
	t.Parallel()
	check(t, planOf(Live, record(StatusActive), recordWish(wantsBoss(bossID))),
		"update record#40: attribute_changed; field 4 null to null by reference \"\"")
	check(t, planOf(Live, waitingFor(bossID), recordWish(wantsBoss(bossID))), ``)
	check(t, planOf(Live, waitingFor(bossID), recordWish(wantsBoss(otherID))),
		"update record#40: attribute_changed; field 4 null to null by reference \"\"")
}

func TestReferencesAreWaitedForInVain(t *testing.T) {
	t.Parallel()
	with := func(change func(d *DesiredField)) DesiredField {
		d := wantsBoss(bossID)
		change(&d)
		return d
	}
	pinned := waitingFor(bossID)
	pinned.Pinned = []int64{fieldDept}
	rows := map[string]struct {
		standing Standing
		cur      Current
		wish     Desired
		vain     bool
	}{
		"the same object":                      {Live, waitingFor(bossID), recordWish(wantsBoss(bossID)), false},
		"the same object, disabled":            {Disabled, waitingFor(bossID), recordWish(wantsBoss(bossID)), false},
		"another object":                       {Live, waitingFor(bossID), recordWish(wantsBoss(otherID)), true},
		"nothing, said so":                     {Live, waitingFor(bossID), recordWish(with(func(d *DesiredField) { d.Ref = nil })), true},
		"nothing, not said":                    {Live, waitingFor(bossID), recordWish(with(func(d *DesiredField) { d.Ref, d.Said = nil, false })), false},
		"a value that does not fit":            {Live, waitingFor(bossID), recordWish(with(func(d *DesiredField) { d.Ref, d.Problem = nil, &Issue{} })), false},
		"no row any more":                      {Live, waitingFor(bossID), recordWish(says(fieldName, "Ada")), true},
		"no row any more, but deleted":         {SoftDeleted, waitingFor(bossID), recordWish(), false},
		"no row any more, but not known":       {Unknown, waitingFor(bossID), recordWish(), false},
		"out of scope":                         {Live, waitingFor(bossID), outside(recordWish(), OutsideUnits), false},
		"pinned":                               {Live, pinned, recordWish(wantsBoss(bossID)), true},
		"on create, another by now":            {Live, waitingFor(bossID), recordWish(with(func(d *DesiredField) { d.Ref.Object, d.Owner = otherID, OnCreate })), false},
		"fill if empty, empty":                 {Live, waitingFor(bossID), recordWish(with(func(d *DesiredField) { d.Owner = FillIfEmpty })), false},
		"fill if empty, filled by hand since":  {Live, waitingFor(bossID, holds(fieldDept, "x")), recordWish(with(func(d *DesiredField) { d.Owner = FillIfEmpty })), true},
		"directory wins, something else there": {Live, waitingFor(bossID, holds(fieldDept, "x")), recordWish(wantsBoss(bossID)), false},
	}
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Case{Subject: subject(r.standing), Desired: []Desired{r.wish}}
			if got := slices.Contains(c.InVain(&r.cur), fieldDept); got != r.vain {
				t.Errorf("in vain: %v, want %v", got, r.vain)
			}
		})
	}
}
