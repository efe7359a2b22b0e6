package reconcile

import (
	"testing"

	"github.com/musterhq/muster/internal/datatype"
)

func TestPlanRecord(t *testing.T) {
	t.Parallel()
	in := recordWish(says(fieldName, "Ada Byron"))
	out := outside(in, OutsideConditions)
	linked := record(StatusActive, holds(fieldName, "Ada Byron"))
	other := record(StatusActive, holds(fieldName, "Augusta Ada"))
	rows := []struct {
		name     string
		standing Standing
		cur      Current
		wish     Desired
		want     string
	}{
		{"live, in, not linked", Live, noRecord(), in, `add record: new_in_directory; status "" to "Active"; field 1 null to "Ada Byron"`},
		{"disabled, in, not linked", Disabled, noRecord(), in, `add record: new_in_directory; status "" to "Disabled"; field 1 null to "Ada Byron"`},
		{"live, in, linked, same", Live, linked, in, ``},
		{"live, in, linked, differs", Live, other, in, `rename record#40: renamed; field 1 "Augusta Ada" to "Ada Byron" [renames]`},
		{"live, in, linked, was disabled", Live, record(StatusDisabled, holds(fieldName, "Ada Byron")), in, `set_status record#40: returned; status "Disabled" to "Active"`},
		{"disabled, in, linked", Disabled, other, in, "set_status record#40: disabled_in_directory; status \"Active\" to \"Disabled\"\n" +
			`rename record#40: renamed; field 1 "Augusta Ada" to "Ada Byron" [renames]`},
		{"live, out, not linked", Live, noRecord(), out, `skip record: outside_conditions`},
		{"live, out, linked", Live, other, out, `set_status record#40: no_longer_matches_conditions; status "Active" to "Out of scope"`},
		{"live, out of unit, linked", Live, other, outside(in, OutsideUnits), `set_status record#40: left_unit; status "Active" to "Out of scope"`},
		{"live, mapping gone, linked", Live, other, loginWish(mapStaff, collaborator), `set_status record#40: mapping_removed; status "Active" to "Out of scope"`},
		{"live, undetermined, not linked", Live, noRecord(), undetermined(in), `skip record: unit_not_read_completely`},
		{"live, undetermined, linked", Live, other, undetermined(in), ``},
		{"disabled, out, linked", Disabled, other, out, `set_status record#40: disabled_in_directory; status "Active" to "Disabled"`},
		{"disabled, undetermined, linked", Disabled, other, undetermined(in), `set_status record#40: disabled_in_directory; status "Active" to "Disabled"`},
		{"soft-deleted, not linked", SoftDeleted, noRecord(), in, `skip record: not_active_in_directory`},
		{"soft-deleted, linked", SoftDeleted, other, in, `set_status record#40: deleted_in_directory; status "Active" to "Deleted"; purge 2026-06-01`},
		{"gone, not linked", Gone, noRecord(), in, `skip record: not_active_in_directory`},
		{"gone, linked", Gone, other, in, `set_status record#40: purged_in_directory; status "Active" to "Purged"`},
		{"not found, not linked", NotFound, noRecord(), in, `skip record: not_active_in_directory`},
		{"not found, linked", NotFound, other, in, `set_status record#40: not_found_in_directory; status "Active" to "Not found" [missing]`},
		{"unknown, not linked", Unknown, noRecord(), in, `skip record: account_enabled_unknown`},
		{"unknown, linked", Unknown, other, in, ``},
		{"missing, not linked", Missing, noRecord(), in, `skip record: missing_from_listing`},
		{"missing, linked", Missing, other, in, ``},
		{"gone already", Gone, record(StatusPurged), in, ``},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, planOf(r.standing, r.cur, r.wish), r.want)
		})
	}
}

func TestEnterRecord(t *testing.T) {
	t.Parallel()
	wish := recordWish(says(fieldName, "Ada Byron"), says(fieldPhone, "+44 20 7946 0018"))
	free := Candidate{ID: 41, Version: 2, Fields: []FieldValue{holds(fieldName, "A. Byron")}}
	required := recordWish(says(fieldName, "Ada Byron"),
		DesiredField{Field: fieldNote, Problem: &Issue{Field: fieldNote, Reason: RequiredFieldEmpty}})
	misfit := recordWish(says(fieldName, "Ada Byron"),
		DesiredField{Field: fieldPhone, Problem: &Issue{Field: fieldPhone, Reason: ValueDoesNotFit}})
	rows := []struct {
		name string
		cur  Current
		wish Desired
		want string
	}{
		{"a free record is adopted and brought in line", noRecord(free), wish,
			"adopt record#41: matched_by_identifier; status \"\" to \"Active\"\n" +
				"rename record#41: renamed; field 1 \"A. Byron\" to \"Ada Byron\" [renames]\n" +
				`update record#41: attribute_changed; field 3 null to "+44 20 7946 0018"`},
		{"two records", noRecord(Candidate{ID: 43}, Candidate{ID: 41}), wish, `conflict record: several_matches`},
		{"required field empty", noRecord(), required, `fail record: required_field_empty; issue 5 required_field_empty`},
		{"value does not fit", noRecord(), misfit,
			`add record: new_in_directory; status "" to "Active"; field 1 null to "Ada Byron"; issue 3 value_does_not_fit`},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, planOf(Live, r.cur, r.wish), r.want)
		})
	}
}

func TestConflictNamesTheCandidates(t *testing.T) {
	t.Parallel()
	c := Case{Subject: subject(Live), Desired: []Desired{recordWish()},
		Current: []Current{noRecord(Candidate{ID: 43}, Candidate{ID: 41})}}
	if got, want := Plan(c, facts())[0].Detail, "#41, #43"; got != want {
		t.Errorf("detail: got %q, want %q", got, want)
	}
}

func TestFollowersOfAHeldLinkAreHeldWithIt(t *testing.T) {
	t.Parallel()
	guest := subject(Live)
	guest.Guest = true
	gone := Candidate{ID: 41, LinkedTo: 9, Other: Gone, Fields: []FieldValue{holds(fieldName, "A. Byron")}}
	plan := Plan(Case{
		Subject: guest, Desired: []Desired{recordWish(says(fieldName, "Ada"), says(fieldNote, "n"))},
		Current: []Current{noRecord(gone)},
	}, facts())
	tally := Tally{}
	for i := range plan {
		tally.Count(&plan[i])
		if want := ClassRelink | ClassGuest; plan[i].Class&want != want {
			t.Errorf("change %d could go through alone: %s", i, render(&plan[i]))
		}
	}
	if len(plan) != 3 || tally[ClassRelink] != 1 || tally[ClassGuest] != 1 {
		t.Errorf("got %d changes, %d relinks and %d guests; want 3, 1 and 1:\n%s",
			len(plan), tally[ClassRelink], tally[ClassGuest], renderAll(plan))
	}
	if plan[0].EntryBefore != 9 {
		t.Errorf("the link moves from entry %d, want 9", plan[0].EntryBefore)
	}
}

func TestFirstMappingOwnsAField(t *testing.T) {
	t.Parallel()
	first := recordWish(says(fieldNote, "first"), says(fieldNote, "twice in one mapping"))
	second := recordWish(says(fieldNote, "second"), says(fieldPhone, "1"))
	second.Mapping = mapRecords + 1
	got := planOf(Live, record(StatusActive), first, second)
	check(t, got, `update record#40: attribute_changed; field 5 null to "first"; field 3 null to "1"`)
}

func TestCompareField(t *testing.T) {
	t.Parallel()
	type row struct {
		name    string
		want    DesiredField
		held    string
		pinned  bool
		outcome string // "before>after", "" for nothing, "issue …"
	}
	unsaid := func(o Owner) DesiredField { return DesiredField{Field: fieldNote, Owner: o} }
	said := func(v string, o Owner, e EmptyRule) DesiredField {
		return DesiredField{Field: fieldNote, Said: true, Value: text(v), Owner: o, Empty: e}
	}
	misfit := func(r Reason, o Owner) DesiredField {
		return DesiredField{Field: fieldNote, Said: true, Owner: o, Problem: &Issue{Field: fieldNote, Reason: r}}
	}
	ref := func(label string, create bool) DesiredField {
		return DesiredField{Field: fieldNote, Said: true, Ref: &Ref{Collection: 2, Text: label, Label: label, Create: create}}
	}
	rows := []row{
		{"absent, directory wins", unsaid(DirectoryWins), "old", false, ""},
		{"absent, fill if empty", unsaid(FillIfEmpty), "", false, ""},
		{"absent, on create", unsaid(OnCreate), "old", false, ""},
		{"empty, keep", said("", DirectoryWins, KeepWhenEmpty), "old", false, ""},
		{"empty, clear, something held", said("", DirectoryWins, ClearWhenEmpty), "old", false, "old>"},
		{"empty, clear, nothing held", said("", DirectoryWins, ClearWhenEmpty), "", false, ""},
		{"empty, clear, fill if empty", said("", FillIfEmpty, ClearWhenEmpty), "old", false, ""},
		{"value, another held", said("new", DirectoryWins, KeepWhenEmpty), "old", false, "old>new"},
		{"value, the same held", said("old", DirectoryWins, KeepWhenEmpty), "old", false, ""},
		{"value, fill if empty, something held", said("new", FillIfEmpty, KeepWhenEmpty), "old", false, ""},
		{"value, fill if empty, nothing held", said("new", FillIfEmpty, KeepWhenEmpty), "", false, ">new"},
		{"value, on create", said("new", OnCreate, KeepWhenEmpty), "", false, ""},
		{"value, pinned", said("new", DirectoryWins, KeepWhenEmpty), "old", true, ""},
		{"empty, clear, pinned", said("", DirectoryWins, ClearWhenEmpty), "old", true, ""},
		{"does not fit", misfit(ValueDoesNotFit, DirectoryWins), "old", false, "issue value_does_not_fit"},
		{"does not fit, but would not be written", misfit(ValueDoesNotFit, FillIfEmpty), "old", false, ""},
		{"required but empty, something held", misfit(RequiredFieldEmpty, DirectoryWins), "old", false, ""},
		{"required but empty, nothing held", misfit(RequiredFieldEmpty, DirectoryWins), "", false, "issue required_field_empty"},
		{"reference, known", ref("sales", false), "", false, ">70"},
		{"reference, unknown", ref("marketing", false), "", false, "issue reference_not_found"},
		{"reference, to be made", ref("marketing", true), "", false, "> by reference"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			var held []FieldValue
			if r.held != "" {
				held = []FieldValue{holds(fieldNote, r.held)}
			}
			var pinned []int64
			if r.pinned {
				pinned = []int64{fieldNote}
			}
			change, issue := compareField(&r.want, held, pinned, facts())
			if got := outcomeOf(change, issue); got != r.outcome {
				t.Errorf("got %q, want %q", got, r.outcome)
			}
		})
	}
}

func outcomeOf(f *FieldChange, issue *Issue) string {
	switch {
	case issue != nil:
		return "issue " + string(issue.Reason)
	case f == nil:
		return ""
	case f.Ref != nil:
		return f.Before.String() + ">" + f.After.String() + " by reference"
	}
	return f.Before.String() + ">" + f.After.String()
}

func TestFieldChangesAreSplitForTheGuard(t *testing.T) {
	t.Parallel()
	clear := DesiredField{Field: fieldPhone, Said: true, Empty: ClearWhenEmpty}
	bad := DesiredField{Field: fieldDept, Problem: &Issue{Field: fieldDept, Reason: ValueDoesNotFit}}
	cur := record(StatusActive, holds(fieldName, "A"), holds(fieldPhone, "1"), FieldValue{fieldNote, datatype.Value{}})
	got := planOf(Live, cur, recordWish(says(fieldName, "B"), clear, says(fieldNote, "n"), bad))
	check(t, got, "rename record#40: renamed; field 1 \"A\" to \"B\" [renames]\n"+
		"update record#40: attribute_changed; field 5 null to \"n\"\n"+
		"blank record#40: attribute_emptied; field 3 \"1\" to null [blanked]\n"+
		"problem record#40: value_does_not_fit; issue 4 value_does_not_fit")
}

// Why somebody is out of scope is said of the mapping that had let them in.
func TestOutOfScopeNamesTheMappingThatHadLetThemIn(t *testing.T) {
	t.Parallel()
	first, theirs := outside(recordWish(), OutsideConditions), outside(recordWish(), OutsideUnits)
	first.Mapping, theirs.Mapping, theirs.Detail = mapOther, mapRecords, "their clause"
	cur := record(StatusActive)
	cur.Mapping = mapRecords
	got := Plan(Case{Subject: subject(Live), Desired: []Desired{first, theirs}, Current: []Current{cur}}, facts())
	if len(got) != 1 || got[0].Mapping != mapRecords || got[0].Reason != LeftUnit || got[0].Detail != "their clause" {
		t.Errorf("got %+v, want the reason of mapping %d", got, mapRecords)
	}
}
