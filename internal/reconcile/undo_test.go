package reconcile

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestInverse(t *testing.T) {
	t.Parallel()
	fields := []FieldChange{
		{Field: fieldPhone, Before: text("1"), After: text("2")},
		{Field: fieldNote, After: text("n")},
	}
	lost := []RoleChange{{Module: module1, Mapping: mapStaff, Before: collaborator}}
	gained := []RoleChange{{Module: module1, Mapping: mapStaff, After: collaborator}}
	of := func(verb Verb, target Target, with Change) Change {
		with.Verb, with.Target, with.Reason = verb, target, Renamed
		if target == Record {
			with.Collection = people
		}
		return with
	}
	rec := func(phone, note string) Current {
		return record(StatusActive, holds(fieldPhone, phone), holds(fieldNote, note))
	}
	pinned := rec("2", "n")
	pinned.Pinned = []int64{fieldNote}
	named := of(Rename, Login, Change{LoginName: "Ada Byron", NameBefore: "A. Byron", LoginEmail: "b@example.com", EmailBefore: "a@example.com"})
	ref := of(Update, Record, Change{Fields: []FieldChange{{Field: fieldDept, Ref: &Ref{Label: "late"}}}})
	rows := []struct {
		name    string
		applied Change
		now     Current
		want    string
	}{
		{"update", of(Update, Record, Change{Fields: fields}), rec("2", "n"), `update record#40: undone; field 3 "2" to "1"; field 5 "n" to null`},
		{"rename of a record", of(Rename, Record, Change{Fields: fields[:1]}), rec("2", ""), `update record#40: undone; field 3 "2" to "1"`},
		{"blank", of(Blank, Record, Change{Fields: []FieldChange{{Field: fieldPhone, Before: text("1")}}}), rec("", ""), `update record#40: undone; field 3 null to "1"`},
		{"update, one field moved", of(Update, Record, Change{Fields: fields}), rec("3", "n"), `update record#40: undone; field 5 "n" to null; issue 3 ground_moved`},
		{"update, all moved", of(Update, Record, Change{Fields: fields}), rec("3", "m"), `skip record#40: ground_moved; issue 3 ground_moved; issue 5 ground_moved`},
		{"update, pinned since", of(Update, Record, Change{Fields: fields}), pinned, `update record#40: undone; field 3 "2" to "1"; issue 5 field_pinned`},
		{"update, as it was already", of(Update, Record, Change{Fields: fields}), record(StatusActive, holds(fieldPhone, "1")), ``},
		{"update, reference never came", ref, record(StatusActive), ``},
		{"update, reference written by somebody", ref, record(StatusActive, holds(fieldDept, "x")), `skip record#40: ground_moved; issue 4 ground_moved`},
		{"add of a record", of(Add, Record, Change{Fields: fields[1:]}), rec("", "n"), `archive record#40: undone`},
		{"add of a record, edited since", of(Add, Record, Change{Fields: fields[1:]}), rec("", "by hand"), `skip record#40: ground_moved; issue 5 ground_moved`},
		{"no longer linked", of(Add, Record, Change{Fields: fields[1:]}), noRecord(), `skip record: ground_moved; issue 0 ground_moved`},
		{"linked to another", of(Update, Record, Change{TargetID: 41, Fields: fields}), rec("2", "n"), `skip record#40: ground_moved; issue 0 ground_moved`},
		{"status", of(SetStatus, Record, Change{Status: StatusDisabled, StatusBefore: StatusActive}), record(StatusDisabled), `set_status record#40: undone; status "Disabled" to "Active"`},
		{"status, moved", of(SetStatus, Record, Change{Status: StatusDisabled, StatusBefore: StatusActive}), record(StatusDeleted), `skip record#40: ground_moved; issue 0 ground_moved`},
		{"status, as it was already", of(SetStatus, Record, Change{Status: StatusDisabled, StatusBefore: StatusActive}), record(StatusActive), ``},
		{"adopt of a record", of(Adopt, Record, Change{TargetID: 40}), rec("1", ""), `adopt record#40: undone`},
		{"relink of a record", of(Relink, Record, Change{TargetID: 40}), rec("1", ""), `relink record#40: undone`},
		{"adopt of a login", of(Adopt, Login, Change{LoginName: "Ada Byron", NameBefore: "Ada", Roles: gained}), login(grant(mapStaff, collaborator)),
			`adopt login#50: undone; name "Ada Byron" to "Ada"; role in 1 of 11: 100 to 0`},
		{"add of a login", of(Add, Login, Change{LoginName: "Ada Byron", Roles: gained}), login(grant(mapStaff, collaborator)),
			`deactivate login#50: undone; role in 1 of 11: 100 to 0`},
		{"add of a login, closed since", of(Add, Login, Change{}), byHand(login()), ``},
		{"add of a login, given another role since", of(Add, Login, Change{Roles: gained}), login(grant(mapStaff, viewer)),
			`skip login#50: ground_moved; issue 0 ground_moved`},
		{"add of a login, now the last administrator", of(Add, Login, Change{Roles: gained}), protected(login(grant(mapStaff, collaborator))),
			`skip login#50: protected_login; issue 0 protected_login`},
		{"rename of a login, email moved", named, login(), `rename login#50: undone; name "Ada Byron" to "A. Byron"; issue 0 ground_moved`},
		{"rename of a login, no name before", of(Rename, Login, Change{LoginName: "Ada Byron"}), login(), `skip login#50: required_field_empty; issue 0 required_field_empty`},
		{"roles", of(SetRoles, Login, Change{Roles: gained}), login(grant(mapStaff, collaborator), grant(0, viewer)), `set_roles login#50: undone; role in 1 of 11: 100 to 0`},
		{"roles, moved", of(SetRoles, Login, Change{Roles: gained}), login(grant(mapStaff, viewer)), `skip login#50: ground_moved; issue 0 ground_moved`},
		{"roles, as they were already", of(SetRoles, Login, Change{Roles: gained}), login(), ``},
		{"deactivate", of(Deactivate, Login, Change{Roles: lost}), closed(login()), `reactivate login#50: undone; role in 1 of 11: 0 to 100`},
		{"deactivate, closed by hand since", of(Deactivate, Login, Change{Roles: lost}), byHand(login()), `skip login#50: deactivated_by_hand; issue 0 deactivated_by_hand`},
		{"deactivate, opened since", of(Deactivate, Login, Change{Roles: lost}), login(), `set_roles login#50: undone; role in 1 of 11: 0 to 100`},
		{"deactivate, as it was already", of(Deactivate, Login, Change{}), login(), ``},
		{"reactivate", of(Reactivate, Login, Change{Roles: gained}), login(grant(mapStaff, collaborator)), `deactivate login#50: undone; role in 1 of 11: 100 to 0`},
		{"reactivate, closed since", of(Reactivate, Login, Change{}), closed(login()), ``},
		{"skip", of(Skip, Login, Change{}), login(), ``},
		{"conflict", of(Conflict, Record, Change{}), noRecord(), ``},
		{"archive", of(Archive, Record, Change{}), rec("1", ""), ``},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			undo, kept := Inverse(r.applied, r.now)
			got := ""
			if undo.Verb != NoVerb {
				got = render(&undo)
			}
			check(t, got, r.want)
			if !slices.Equal(undo.Issues, kept) {
				t.Errorf("the undo lists %v, returned were %v", undo.Issues, kept)
			}
		})
	}
}

func TestUnlinks(t *testing.T) {
	t.Parallel()
	for verb := NoVerb; verb <= Problem; verb++ {
		for _, reason := range []Reason{Undone, MatchedIdentifier} {
			want := reason == Undone && (verb == Adopt || verb == Relink)
			if got := (&Change{Verb: verb, Reason: reason}).Unlinks(); got != want {
				t.Errorf("%s, %s: got %t, want %t", verb, reason, got, want)
			}
		}
	}
}

func TestRelinkUndoneKnowsWhoseLinkItWas(t *testing.T) {
	t.Parallel()
	undo, _ := Inverse(Change{Entry: 7, EntryBefore: 9, Verb: Relink, Target: Record, Collection: people, TargetID: 40}, record(StatusActive))
	if undo.Entry != 7 || undo.EntryBefore != 9 {
		t.Errorf("got the link of %d going to %d, want 7 and 9", undo.Entry, undo.EntryBefore)
	}
}

func TestUndoingARunRestoresEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, f := drawCase(t)
		m := newModel(c, f)
		before := m.String()
		applied := m.run(m.plan())
		after := m.String()
		for _, ch := range slices.Backward(applied) {
			undo, kept := Inverse(ch, m.c.Current[m.find(&ch)])
			if len(kept) > 0 {
				t.Fatalf("kept %v of %s although nothing moved", kept, render(&ch))
			}
			if undo.Verb.Acts() {
				m.apply(undo)
			}
		}
		if got := m.String(); got != before {
			t.Fatalf("before\n%safter %s\n%sundone\n%s", before, renderAll(applied), after, got)
		}
	})
}

func TestUndoingTwiceDoesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, f := drawCase(t)
		m := newModel(c, f)
		for _, ch := range m.run(m.plan()) {
			undo, _ := Inverse(ch, m.c.Current[m.find(&ch)])
			if !undo.Verb.Acts() {
				continue
			}
			m.apply(undo)
			if again, _ := Inverse(ch, m.c.Current[m.find(&ch)]); again.Verb.Acts() {
				t.Fatalf("%s undone twice: %s", render(&ch), render(&again))
			}
			return
		}
	})
}

// away is what an undo put away.
func away(cur Current) Current {
	cur.PutAway = true
	return cur
}

func TestWhatAnUndoPutAwayStaysAwayUntilThereIsNews(t *testing.T) {
	t.Parallel()
	staff, rec := loginWish(mapStaff, collaborator), recordWish(says(fieldNote, "new"))
	closedLogin := away(closed(login()))
	hold := record(StatusActive, holds(fieldNote, "old"))
	keeps := outside(staff, OutsideUnits)
	keeps.KeepWhenOutside = RoleWish{Module: module1, Role: viewer}
	rows := []struct {
		name     string
		standing Standing
		news     bool
		wishes   []Desired
		current  []Current
		want     string
	}{
		{"no news", Live, false, []Desired{rec, staff}, []Current{away(hold), closedLogin},
			"skip record#40: stays_away_after_undo\nskip login#50: stays_away_after_undo"},
		{"news", Live, true, []Desired{rec, staff}, []Current{away(hold), closedLogin},
			"reactivate record#40: comes_again\nupdate record#40: attribute_changed; field 5 \"old\" to \"new\"\n" +
				"reactivate login#50: comes_again; role in 1 of 11: 0 to 100"},
		{"news of somebody disabled", Disabled, true, []Desired{rec, staff}, []Current{away(record(StatusActive)), closedLogin},
			"reactivate record#40: comes_again; status \"Active\" to \"Disabled\"\nupdate record#40: attribute_changed; field 5 null to \"new\""},
		{"news of somebody deleted", SoftDeleted, true, []Desired{rec, staff}, []Current{away(hold), closedLogin}, ``},
		{"news of somebody outside", Live, true, []Desired{outside(rec, OutsideUnits), outside(staff, OutsideUnits)}, []Current{away(hold), closedLogin}, ``},
		{"news of somebody outside who would keep a role", Live, true, []Desired{keeps},
			[]Current{away(closed(login(grant(mapStaff, viewer))))}, ``},
		{"nothing known", Unknown, true, []Desired{rec, staff}, []Current{away(hold), closedLogin}, ``},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			c := Case{Subject: subject(r.standing), Desired: r.wishes, Current: r.current, News: r.news}
			check(t, renderAll(Plan(c, facts())), r.want)
		})
	}
}

func TestPutsAway(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		change Change
		want   bool
	}{
		"an addition of a record, undone": {Change{Verb: Archive, Reason: Undone}, true},
		"an addition of a login, undone":  {Change{Verb: Deactivate, Reason: Undone}, true},
		"a deactivation":                  {Change{Verb: Deactivate, Reason: DisabledInDirectory}, false},
		"a deactivation, undone":          {Change{Verb: Reactivate, Reason: Undone}, false},
	} {
		if got := r.change.PutsAway(); got != r.want {
			t.Errorf("%s: %v, want %v", name, got, r.want)
		}
	}
}
