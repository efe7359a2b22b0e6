package reconcile

import "testing"

// TestEvidenceOfLeaving has a row for each evidence that the directory can
// give, with what happens to the person's record and login together.
func TestEvidenceOfLeaving(t *testing.T) {
	t.Parallel()
	staff := loginWish(mapStaff, collaborator)
	rec, active := recordWish(), record(StatusActive)
	open := login(grant(mapStaff, collaborator))
	kept := login(grant(mapStaff, viewer))
	keeps, leaves := outside(staff, OutsideUnits), staff
	keeps.KeepWhenOutside = RoleWish{Module: module1, Role: viewer}
	leaves.LeaveWhenNotFound = true
	rows := []struct {
		name     string
		standing Standing
		wishes   []Desired
		current  []Current
		want     string
	}{
		{"account disabled", Disabled, []Desired{rec, staff}, []Current{active, open},
			"set_status record#40: disabled_in_directory; status \"Active\" to \"Disabled\"\n" +
				"deactivate login#50: disabled_in_directory [deactivations]"},
		{"in the deleted items", SoftDeleted, []Desired{rec, staff}, []Current{active, open},
			"set_status record#40: deleted_in_directory; status \"Active\" to \"Deleted\"; purge 2026-06-01\n" +
				"deactivate login#50: deleted_in_directory; purge 2026-06-01 [deactivations]"},
		{"purged", Gone, []Desired{rec, staff}, []Current{active, open},
			"set_status record#40: purged_in_directory; status \"Active\" to \"Purged\"\n" +
				"deactivate login#50: purged_in_directory [deactivations]"},
		{"purged after the deletion was seen", Gone, []Desired{rec, staff}, []Current{record(StatusDeleted), closed(open)},
			`set_status record#40: purged_in_directory; status "Deleted" to "Purged"`},
		{"missing twice and 404, deactivate", NotFound, []Desired{rec, staff}, []Current{active, open},
			"set_status record#40: not_found_in_directory; status \"Active\" to \"Not found\" [missing]\n" +
				"deactivate login#50: not_found_in_directory [deactivations missing]"},
		{"missing twice and 404, leave as it is", NotFound, []Desired{rec, leaves}, []Current{active, open},
			"set_status record#40: not_found_in_directory; status \"Active\" to \"Not found\" [missing]\n" +
				"skip login#50: not_found_in_directory"},
		{"missing once", Missing, []Desired{rec, staff}, []Current{active, open}, ``},
		{"left the unit, deactivate", Live, []Desired{outside(rec, OutsideUnits), outside(staff, OutsideUnits)}, []Current{active, open},
			"set_status record#40: left_unit; status \"Active\" to \"Out of scope\"\n" +
				"deactivate login#50: left_unit; role in 1 of 11: 100 to 0 [deactivations role_losses]"},
		{"left the unit, keep", Live, []Desired{outside(rec, OutsideUnits), keeps}, []Current{active, open},
			"set_status record#40: left_unit; status \"Active\" to \"Out of scope\"\n" +
				"set_roles login#50: left_unit; role in 1 of 11: 100 to 102 [role_losses]"},
		{"enabled again", Live, []Desired{rec, staff}, []Current{record(StatusDisabled), closed(open)},
			"set_status record#40: returned; status \"Disabled\" to \"Active\"\nreactivate login#50: returned"},
		{"restored", Live, []Desired{rec, staff}, []Current{record(StatusDeleted), closed(open)},
			"set_status record#40: returned; status \"Deleted\" to \"Active\"\nreactivate login#50: returned"},
		{"entered the unit again", Live, []Desired{rec, staff}, []Current{record(StatusOutOfScope), closed(login())},
			"set_status record#40: returned; status \"Out of scope\" to \"Active\"\n" +
				"reactivate login#50: returned; role in 1 of 11: 0 to 100"},
		{"enabled again outside of the unit, with the role that is kept", Live, []Desired{outside(rec, OutsideUnits), keeps}, []Current{record(StatusDisabled), closed(kept)},
			"set_status record#40: left_unit; status \"Disabled\" to \"Out of scope\"\nreactivate login#50: returned"},
		{"enabled again, having left the unit meanwhile, keep", Live, []Desired{keeps}, []Current{closed(open)},
			"reactivate login#50: returned; role in 1 of 11: 100 to 102 [role_losses]"},
		{"enabled again outside of the unit, with a role given by hand", Live, []Desired{outside(staff, OutsideUnits)},
			[]Current{closed(login(grant(0, collaborator)))}, `reactivate login#50: returned`},
		{"enabled again outside of the unit, no role left", Live, []Desired{outside(staff, OutsideUnits)}, []Current{closed(login())}, ``},
		{"enabled again, the unit not read", Live, []Desired{undetermined(staff)}, []Current{closed(kept)}, ``},
		{"enabled again outside of the unit, closed by hand", Live, []Desired{keeps}, []Current{byHand(kept)}, ``},
		{"deactivated by hand", Live, []Desired{rec, staff}, []Current{active, byHand(open)}, `skip login#50: deactivated_by_hand`},
		{"account enabled not said", Unknown, []Desired{rec, staff}, []Current{active, open}, ``},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, renderAll(Plan(Case{Subject: subject(r.standing), Desired: r.wishes, Current: r.current}, facts())), r.want)
		})
	}
}
