package reconcile

import (
	"bytes"
	"slices"
	"testing"
)

// The tests in this file guard rules of the sync by number. Those that need a
// reading, a database or a clock are guarded where these are.

// crowd returns n people with an open login each, all of one standing.
func crowd(n int, s Standing, wishes ...Desired) []Case {
	cases := make([]Case, n)
	for i := range cases {
		sub := subject(s)
		sub.Entry, sub.Object[0], sub.Object[1] = int64(i+1), byte(i>>8), byte(i)
		cur := login(grant(mapStaff, collaborator))
		cur.ID = int64(1000 + i)
		cases[i] = Case{Subject: sub, Desired: wishes, Current: []Current{cur}}
	}
	return cases
}

func planAll(cases []Case, f *Facts) (all []Change, tally Tally) {
	tally = Tally{}
	for _, c := range cases {
		for _, ch := range Plan(c, f) {
			tally.Count(&ch)
			all = append(all, ch)
		}
	}
	return all, tally
}

func heldClasses(tally Tally, base int) Class {
	bases := map[Class]int{}
	for _, class := range Classes() {
		bases[class] = base
	}
	return Held(Guard(tally, bases, DefaultLimits()))
}

func TestF1AFailedListingRemovesNobody(t *testing.T) {
	t.Parallel()
	for _, s := range []Standing{Unknown, Missing} {
		all, _ := planAll(crowd(50, s, loginWish(mapStaff, collaborator)), facts())
		if n := countActing(all); n != 0 {
			t.Errorf("standing %d: %d changes from a listing that proves nothing, want none", s, n)
		}
	}
}

func TestF3AnEmptyAnswerIsHeld(t *testing.T) {
	t.Parallel()
	_, tally := planAll(crowd(1000, NotFound, loginWish(mapStaff, collaborator)), facts())
	held := heldClasses(tally, 1000)
	if want := ClassDeactivation | ClassMissing; held&want != want {
		t.Errorf("held %q, want deactivations and missing", classesOf(held))
	}
}

func TestF4AnUnresolvedMemberShrinksNoRole(t *testing.T) {
	t.Parallel()
	got := planOf(Live, login(grant(mapAdmins, moduleAdmin)),
		undetermined(loginWish(mapAdmins, moduleAdmin)), loginWish(mapStaff, collaborator))
	check(t, got, ``)
}

func TestF5AnIncompleteUnitClosesNobody(t *testing.T) {
	t.Parallel()
	all, _ := planAll(crowd(10, Live, undetermined(loginWish(mapStaff, collaborator))), facts())
	if n := countActing(all); n != 0 {
		t.Errorf("got %d changes, want none", n)
	}
}

func TestF6AMissingUnitFreezesItsRoleAlone(t *testing.T) {
	t.Parallel()
	lost := loginWish(mapOther, viewer)
	lost.Role.Module = module2
	cur := login(grant(mapStaff, collaborator), Grant{Module: module2, Mapping: mapOther, Role: viewer})
	check(t, planOf(Live, cur, outside(loginWish(mapStaff, collaborator), OutsideUnits), undetermined(lost)),
		`set_roles login#50: left_unit; role in 1 of 11: 100 to 0 [role_losses]`)
}

func TestF7OneLookUpIsNoEvidence(t *testing.T) {
	t.Parallel()
	check(t, planOf(Missing, login(grant(mapStaff, collaborator)), outside(loginWish(mapStaff, collaborator), OutsideUnits)), ``)
	check(t, planOf(Missing, record(StatusActive), outside(recordWish(), OutsideConditions)), ``)
}

func TestF11TheLastMemberIsNeitherKeptNorWiped(t *testing.T) {
	t.Parallel()
	gone := outside(loginWish(mapStaff, collaborator), OutsideUnits)
	_, one := planAll(crowd(1, Live, gone), facts())
	if one[ClassDeactivation] != 1 || heldClasses(one, 1) != 0 {
		t.Errorf("the last member of a unit: %v, want one deactivation that goes through", one)
	}
	_, all := planAll(crowd(40, Live, gone), facts())
	if all[ClassDeactivation] != 40 || heldClasses(all, 40)&ClassDeactivation == 0 {
		t.Errorf("a unit emptied at once: %v, want 40 deactivations, held", all)
	}
}

func TestF13OnlyWhatThisConnectionGaveIsTaken(t *testing.T) {
	t.Parallel()
	cur := login(grant(mapForeign, moduleAdmin), grant(0, moduleAdmin), grant(mapStaff, collaborator))
	check(t, planOf(Live, cur, outside(loginWish(mapStaff, collaborator), OutsideUnits)),
		`set_roles login#50: left_unit; role in 1 of 11: 100 to 0 [role_losses]`)
}

func TestF14SafeChangesPassWhileHarmfulOnesAreHeld(t *testing.T) {
	t.Parallel()
	clear := DesiredField{Field: fieldPhone, Said: true, Empty: ClearWhenEmpty}
	var cases []Case
	for i := range 40 {
		cur := record(StatusActive, holds(fieldPhone, "1"))
		cur.ID = int64(100 + i)
		cases = append(cases, Case{Subject: subject(Live), Desired: []Desired{recordWish(clear, says(fieldNote, "n"))}, Current: []Current{cur}})
	}
	cases = append(cases, crowd(40, Live, outside(loginWish(mapStaff, collaborator), OutsideUnits))...)
	all, tally := planAll(cases, facts())
	held := heldClasses(tally, 40)
	if want := ClassBlank | ClassRoleLoss | ClassDeactivation; held != want {
		t.Fatalf("held %q, want %q", classesOf(held), classesOf(want))
	}
	through := map[Verb]int{}
	for i := range all {
		if all[i].Class&held == 0 {
			through[all[i].Verb]++
		}
	}
	if through[Update] != 40 || len(through) != 1 {
		t.Errorf("through: %v, want the 40 updates alone", through)
	}
}

func TestF15AndF17ARenameStaysTheSamePerson(t *testing.T) {
	t.Parallel()
	wish := loginWish(mapStaff, collaborator)
	wish.LoginName, wish.LoginEmail = "Ada Lovelace", "ada.lovelace@example.com"
	c := Case{
		Subject: subject(Live),
		Desired: []Desired{recordWish(says(fieldName, "Ada Lovelace"), says(fieldEmail, "ada.lovelace@example.com")), wish},
		Current: []Current{
			record(StatusActive, holds(fieldName, "Ada Byron"), holds(fieldEmail, "ada@example.com")),
			login(grant(mapStaff, collaborator)),
		},
	}
	check(t, renderAll(Plan(c, facts())),
		`rename record#40: renamed; field 1 "Ada Byron" to "Ada Lovelace"; field 2 "ada@example.com" to "ada.lovelace@example.com" [renames]`+"\n"+
			`rename login#50: renamed; name "Ada Byron" to "Ada Lovelace"; email "ada@example.com" to "ada.lovelace@example.com" [renames]`)
}

func TestF19LifeCycleComesBeforeTheNewName(t *testing.T) {
	t.Parallel()
	wish := loginWish(mapStaff, collaborator)
	wish.LoginEmail = "somebody.else@example.com"
	c := Case{
		Subject: subject(Disabled), Desired: []Desired{recordWish(says(fieldName, "New Name")), wish},
		Current: []Current{login(grant(mapStaff, collaborator)), record(StatusActive, holds(fieldName, "Old Name"))},
	}
	check(t, renderAll(Plan(c, facts())),
		"set_status record#40: disabled_in_directory; status \"Active\" to \"Disabled\"\n"+
			"rename record#40: renamed; field 1 \"Old Name\" to \"New Name\" [renames]\n"+
			"deactivate login#50: disabled_in_directory [deactivations]")
}

func TestF20TheSpellingOfAnEmailIsNoChange(t *testing.T) {
	t.Parallel()
	cur := login(grant(mapStaff, collaborator))
	cur.Login.Email = "ADA@Example.COM"
	check(t, planOf(Live, cur, loginWish(mapStaff, collaborator)), ``)
}

func TestF21AmbiguityGoesToAPerson(t *testing.T) {
	t.Parallel()
	for _, candidates := range [][]Candidate{
		{{ID: 1}, {ID: 2}},
		{{ID: 1, LinkedTo: 9, Other: Live}},
	} {
		all := Plan(Case{
			Subject: subject(Live), Desired: []Desired{recordWish(), loginWish(mapStaff, collaborator)},
			Current: []Current{noRecord(candidates...), noLogin(candidates...)},
		}, facts())
		for i := range all {
			if all[i].Verb != Conflict {
				t.Errorf("got %s, want a conflict", render(&all[i]))
			}
		}
	}
}

func TestF22AReturnerIsAProposal(t *testing.T) {
	t.Parallel()
	left := Candidate{ID: 41, LinkedTo: 9, Other: Gone}
	all, tally := planAll([]Case{{
		Subject: subject(Live), Desired: []Desired{recordWish(says(fieldNote, "n")), loginWish(mapStaff, collaborator)},
		Current: []Current{noRecord(left), noLogin(left)},
	}}, facts())
	held := heldClasses(tally, 100_000)
	for i := range all {
		if all[i].Class&held == 0 {
			t.Errorf("goes through unasked: %s", render(&all[i]))
		}
	}
	if tally[ClassRelink] != 2 {
		t.Errorf("got %d relinks, want the record's and the login's", tally[ClassRelink])
	}
}

func TestF23AKeyCountsAtFirstContactOnly(t *testing.T) {
	t.Parallel()
	wish := recordWish()
	wish.Match = []MatchKey{{Field: fieldNote, Key: "employee 7, edited to somebody else's"}}
	cur := record(StatusActive)
	cur.Candidates = []Candidate{{ID: 99}}
	check(t, planOf(Live, cur, wish), ``)
}

func TestF24TheRecreatedDoNotCollideWithThemselves(t *testing.T) {
	t.Parallel()
	former := Candidate{ID: 51, LinkedTo: 9, Other: SoftDeleted, Login: LoginState{Email: "ada@example.com", Deactivated: true}}
	check(t, planOf(Live, noLogin(former), loginWish(mapStaff, collaborator)),
		`relink login#51: matched_by_identifier; name "" to "Ada Byron"; role in 1 of 11: 0 to 100 [role_gains relinks]`)
}

func TestF25ALocalUserIsAdoptedByAPersonAndKeepsItsEmail(t *testing.T) {
	t.Parallel()
	wish := loginWish(mapStaff, collaborator)
	wish.LoginEmail = "attacker@example.com"
	all, tally := planAll([]Case{{
		Subject: subject(Live), Desired: []Desired{wish},
		Current: []Current{noLogin(Candidate{ID: 51, Login: LoginState{Email: "victim@example.com"}})},
	}}, facts())
	if all[0].LoginEmail != "" {
		t.Errorf("the adoption would write the email %q", all[0].LoginEmail)
	}
	if all[0].Class&heldClasses(tally, 100_000) == 0 {
		t.Errorf("goes through unasked: %s", render(&all[0]))
	}
}

func TestF27AndF28ARestoredPersonIsTheSameUnderAnyName(t *testing.T) {
	t.Parallel()
	wish := loginWish(mapStaff, collaborator)
	wish.LoginEmail = "ada2@example.com" // the old name was taken meanwhile
	c := Case{
		Subject: subject(Live), Desired: []Desired{recordWish(), wish},
		Current: []Current{record(StatusDeleted), closed(login(grant(mapStaff, collaborator)))},
	}
	check(t, renderAll(Plan(c, facts())),
		"set_status record#40: returned; status \"Deleted\" to \"Active\"\n"+
			"reactivate login#50: returned\n"+
			`rename login#50: renamed; email "ada@example.com" to "ada2@example.com" [renames]`)
}

func TestF30AndF31WithoutEmailThereIsARecordAndNoLogin(t *testing.T) {
	t.Parallel()
	wish := loginWish(mapStaff, collaborator)
	wish.LoginEmail = ""
	null := DesiredField{Field: fieldEmail, Said: true}
	c := Case{
		Subject: subject(Live), Desired: []Desired{recordWish(says(fieldName, "Ada Byron"), null), wish},
		Current: []Current{noRecord(), noLogin()},
	}
	check(t, renderAll(Plan(c, facts())),
		"add record: new_in_directory; status \"\" to \"Active\"; field 1 null to \"Ada Byron\"\nfail login: no_email_for_login")
}

func TestF32AGroupWithoutANameIsPlanned(t *testing.T) {
	t.Parallel()
	c := Case{Subject: Subject{Entry: 1, Standing: Live}, Desired: []Desired{recordWish()}, Current: []Current{noRecord()}}
	all := Plan(c, facts())
	if len(all) != 1 || all[0].Verb != Add || all[0].Name == "" {
		t.Errorf("got %s for %q, want an add with the object ID for a name", renderAll(all), all[0].Name)
	}
}

func TestF33GuestsAreCountedOrExcluded(t *testing.T) {
	t.Parallel()
	guest := subject(Live)
	guest.Guest = true
	in := Case{Subject: guest, Desired: []Desired{recordWish()}, Current: []Current{noRecord()}}
	check(t, renderAll(Plan(in, facts())), `add record: new_in_directory; status "" to "Active" [new_guests]`)
	out := Case{Subject: guest, Desired: []Desired{outside(recordWish(), GuestExcluded)}, Current: []Current{noRecord()}}
	check(t, renderAll(Plan(out, facts())), `skip record: guest_excluded`)
}

func TestF34WhatWasNotSaidChangesNothing(t *testing.T) {
	t.Parallel()
	unsaid := DesiredField{Field: fieldPhone, Empty: ClearWhenEmpty}
	check(t, planOf(Live, record(StatusActive, holds(fieldPhone, "1")), recordWish(unsaid)), ``)
	check(t, planOf(Unknown, login(grant(mapStaff, collaborator)), loginWish(mapStaff, collaborator)), ``)
}

func TestF35EmptyFlowsOnlyWhereTheRowSaysSoAndUnderABrake(t *testing.T) {
	t.Parallel()
	held := record(StatusActive, holds(fieldPhone, "1"))
	keep := DesiredField{Field: fieldPhone, Said: true}
	clear := DesiredField{Field: fieldPhone, Said: true, Empty: ClearWhenEmpty}
	check(t, planOf(Live, held, recordWish(keep)), ``)
	check(t, planOf(Live, held, recordWish()), ``) // unmapping never clears
	check(t, planOf(Live, held, recordWish(clear)), `blank record#40: attribute_emptied; field 3 "1" to null [blanked]`)
}

func TestF36LocalCorrectionsStay(t *testing.T) {
	t.Parallel()
	pinned := record(StatusActive, holds(fieldPhone, "by hand"))
	pinned.Pinned = []int64{fieldPhone}
	check(t, planOf(Live, pinned, recordWish(says(fieldPhone, "1"))), ``)
	for _, owner := range []Owner{FillIfEmpty, OnCreate} {
		d := says(fieldPhone, "1")
		d.Owner = owner
		check(t, planOf(Live, record(StatusActive, holds(fieldPhone, "by hand")), recordWish(d)), ``)
	}
	adopted := Candidate{ID: 41, Fields: []FieldValue{holds(fieldPhone, "by hand")}, Pinned: []int64{fieldPhone}}
	check(t, planOf(Live, noRecord(adopted), recordWish(says(fieldPhone, "1"))),
		`adopt record#41: matched_by_identifier; status "" to "Active"`)
}

func TestF51AnUnknownRemovalIsNothing(t *testing.T) {
	t.Parallel()
	for _, s := range []Standing{SoftDeleted, Gone, NotFound, Missing} {
		all := Plan(Case{
			Subject: subject(s), Desired: []Desired{recordWish(), loginWish(mapStaff, collaborator)},
			Current: []Current{noRecord(), noLogin()},
		}, facts())
		if n := countActing(all); n != 0 {
			t.Errorf("standing %d: got %s", s, renderAll(all))
		}
	}
}

func TestF52DeletedAndPurgedBothCloseAndReadApart(t *testing.T) {
	t.Parallel()
	for s, want := range map[Standing]Status{SoftDeleted: StatusDeleted, Gone: StatusPurged} {
		all := Plan(Case{
			Subject: subject(s), Desired: []Desired{recordWish(), loginWish(mapStaff, collaborator)},
			Current: []Current{record(StatusActive), login(grant(mapStaff, collaborator))},
		}, facts())
		if len(all) != 2 || all[0].Status != want || all[1].Verb != Deactivate {
			t.Errorf("got %s, want the status %s and a deactivation", renderAll(all), want)
		}
	}
}

func TestF69AChangeCarriesTheVersionsOfItsGround(t *testing.T) {
	t.Parallel()
	c := Case{
		Subject: subject(Live), Desired: []Desired{recordWish(says(fieldNote, "n")), loginWish(mapAdmins, moduleAdmin)},
		Current: []Current{record(StatusActive), login()},
	}
	before := canonicalPlan(Plan(c, facts()))
	for i, ch := range Plan(c, facts()) {
		if ch.EntryVersion != c.Subject.Version || ch.TargetVersion != c.Current[i].Version || ch.Mapping == 0 {
			t.Errorf("%s: entry version %d, target version %d, mapping %d", render(&ch), ch.EntryVersion, ch.TargetVersion, ch.Mapping)
		}
	}
	c.Current = slices.Clone(c.Current)
	c.Current[1].Version++
	if bytes.Equal(before, canonicalPlan(Plan(c, facts()))) {
		t.Error("the plan reads the same although its ground has moved")
	}
}

func TestF71ALateManagerIsLinkedOnceThere(t *testing.T) {
	t.Parallel()
	manager := &Ref{Collection: people, Object: [16]byte{1}, Label: "Charles"}
	wish := recordWish(DesiredField{Field: fieldDept, Said: true, Ref: manager})
	cur := record(StatusActive)
	check(t, planOf(Live, cur, wish), `update record#40: attribute_changed; field 4 null to null by reference "Charles"`)
	f := facts()
	f.Resolve[manager.Key()] = 77
	c := Case{Subject: subject(Live), Desired: []Desired{wish}, Current: []Current{cur}}
	check(t, renderAll(Plan(c, f)), `update record#40: attribute_changed; field 4 null to 77`)
	c.Current[0].Fields = Plan(c, f)[0].after()
	check(t, renderAll(Plan(c, f)), ``)
}

func (c Change) after() []FieldValue {
	var out []FieldValue
	for _, f := range c.Fields {
		out = append(out, FieldValue{f.Field, f.After})
	}
	return out
}

func TestF72RestorationRecomputesRolesAndFields(t *testing.T) {
	t.Parallel()
	c := Case{
		Subject: subject(Live),
		Desired: []Desired{recordWish(says(fieldNote, "new")), outside(loginWish(mapAdmins, moduleAdmin), OutsideUnits), loginWish(mapStaff, collaborator)},
		Current: []Current{record(StatusDeleted, holds(fieldNote, "old")), closed(login(grant(mapAdmins, moduleAdmin)))},
	}
	check(t, renderAll(Plan(c, facts())),
		"set_status record#40: returned; status \"Deleted\" to \"Active\"\n"+
			"update record#40: attribute_changed; field 5 \"old\" to \"new\"\n"+
			"reactivate login#50: returned; role in 1 of 10: 101 to 0; role in 1 of 11: 0 to 100 [role_losses]")
}

func TestF73DisabledThenDeletedStaysClosed(t *testing.T) {
	t.Parallel()
	cur := login(grant(mapStaff, collaborator))
	for _, s := range []Standing{Disabled, SoftDeleted, Gone, NotFound, Missing, Unknown} {
		all := Plan(Case{Subject: subject(s), Desired: []Desired{loginWish(mapStaff, collaborator)}, Current: []Current{cur}}, facts())
		for i := range all {
			if v := all[i].Verb; v == Reactivate || (cur.Login.Deactivated && v.Acts()) {
				t.Errorf("standing %d: got %s", s, render(&all[i]))
			}
		}
		cur = closed(cur)
	}
}

func TestF74AFilterThatHidesTheDisabledHidesNoLeaver(t *testing.T) {
	t.Parallel()
	c := Case{
		Subject: subject(Disabled),
		Desired: []Desired{outside(recordWish(), OutsideConditions), outside(loginWish(mapStaff, collaborator), OutsideConditions)},
		Current: []Current{record(StatusActive), login(grant(mapStaff, collaborator))},
	}
	check(t, renderAll(Plan(c, facts())),
		"set_status record#40: disabled_in_directory; status \"Active\" to \"Disabled\"\n"+
			"deactivate login#50: disabled_in_directory [deactivations]")
}

func TestF76AProtectedLoginIsReportedAndLeftAlone(t *testing.T) {
	t.Parallel()
	in, renamed := loginWish(mapStaff, collaborator), loginWish(mapStaff, collaborator)
	renamed.LoginName = "Somebody Else"
	cur := protected(login(grant(mapStaff, collaborator)))
	rows := []struct {
		name     string
		standing Standing
		cur      Current
		wish     Desired
		detail   string
	}{
		{"disabled", Disabled, cur, in, DisabledInDirectory.Sentence()},
		{"deleted", SoftDeleted, cur, in, DeletedInDirectory.Sentence()},
		{"not found", NotFound, cur, in, NotFoundInDirectory.Sentence()},
		{"left the unit", Live, cur, outside(in, OutsideUnits), LeftUnit.Sentence()},
		{"another role", Live, protected(login(grant(mapStaff, moduleAdmin))), in, EnteredUnit.Sentence()},
		{"renamed", Live, cur, renamed, Renamed.Sentence()},
		{"closed", Live, protected(closed(login(grant(mapStaff, collaborator)))), in, Returned.Sentence()},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			all := Plan(Case{Subject: subject(r.standing), Desired: []Desired{r.wish}, Current: []Current{r.cur}}, facts())
			if len(all) != 1 || render(&all[0]) != render(&Change{Verb: Skip, Target: Login, TargetID: 50, Reason: ProtectedLogin, PurgeAt: all[0].PurgeAt}) {
				t.Fatalf("got %s, want one report", renderAll(all))
			}
			if all[0].Detail != r.detail {
				t.Errorf("detail: got %q, want %q", all[0].Detail, r.detail)
			}
		})
	}
	check(t, planOf(Live, cur, in), ``)
}

func TestF77NobodyIsEverArchivedByAPlan(t *testing.T) {
	t.Parallel()
	for s := Unknown; s <= NotFound; s++ {
		for _, wish := range []Desired{recordWish(), outside(recordWish(), OutsideConditions), undetermined(recordWish())} {
			for _, ch := range Plan(Case{Subject: subject(s), Desired: []Desired{wish}, Current: []Current{record(StatusConflict)}}, facts()) {
				if ch.Verb != SetStatus || ch.Status == NoStatus {
					t.Errorf("standing %d: got %s, want a status and nothing else", s, render(&ch))
				}
			}
		}
	}
}

func canonicalPlan(changes []Change) []byte {
	var b []byte
	for i := range changes {
		b = AppendCanonical(b, &changes[i])
	}
	return b
}
