package reconcile

import "testing"

func TestFirstContact(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name       string
		candidates []Candidate
		verb       Verb
		id         int64
		reason     Reason
	}{
		{"none", nil, Add, 0, NewInDirectory},
		{"one carrying the same object ID", []Candidate{{ID: 1, SameObject: true}}, Adopt, 1, MatchedIdentifier},
		{"one carrying the same object ID among others", []Candidate{{ID: 2}, {ID: 1, SameObject: true}, {ID: 3}}, Adopt, 1, MatchedIdentifier},
		{"two carrying the same object ID", []Candidate{{ID: 1, SameObject: true}, {ID: 2, SameObject: true}}, Conflict, 0, AmbiguousMatch},
		{"one carrying the same object ID, linked elsewhere", []Candidate{{ID: 1, SameObject: true, LinkedTo: 9, Other: Live}}, Conflict, 0, MatchTaken},
		{"one, free", []Candidate{{ID: 1}}, Adopt, 1, MatchedIdentifier},
		{"one, of a purged object", []Candidate{{ID: 1, LinkedTo: 9, Other: Gone}}, Relink, 1, MatchedIdentifier},
		{"one, of a deleted object", []Candidate{{ID: 1, LinkedTo: 9, Other: SoftDeleted}}, Relink, 1, MatchedIdentifier},
		{"one, of an object not found", []Candidate{{ID: 1, LinkedTo: 9, Other: NotFound}}, Relink, 1, MatchedIdentifier},
		{"one, of a live object", []Candidate{{ID: 1, LinkedTo: 9, Other: Live}}, Conflict, 0, MatchTaken},
		{"one, of a disabled object", []Candidate{{ID: 1, LinkedTo: 9, Other: Disabled}}, Conflict, 0, MatchTaken},
		{"one, of an unknown object", []Candidate{{ID: 1, LinkedTo: 9, Other: Unknown}}, Conflict, 0, MatchTaken},
		{"one, of a missing object", []Candidate{{ID: 1, LinkedTo: 9, Other: Missing}}, Conflict, 0, MatchTaken},
		{"several", []Candidate{{ID: 1}, {ID: 2}}, Conflict, 0, AmbiguousMatch},
		{"several, one taken", []Candidate{{ID: 1}, {ID: 2, LinkedTo: 9, Other: Gone}}, Conflict, 0, AmbiguousMatch},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got := firstContact(r.candidates)
			var id int64
			if got.candidate != nil {
				id = got.candidate.ID
			}
			if got.verb != r.verb || id != r.id || got.reason != r.reason {
				t.Errorf("got %s #%d %s, want %s #%d %s", got.verb, id, got.reason, r.verb, r.id, r.reason)
			}
		})
	}
}

func TestTallyCountsWhatActs(t *testing.T) {
	t.Parallel()
	tally := Tally{}
	for _, c := range []Change{
		{Verb: Deactivate, Class: ClassDeactivation | ClassMissing},
		{Verb: Skip, Class: ClassDeactivation},
		{Verb: Conflict, Class: ClassGuest},
		{Verb: Adopt, Class: ClassRelink},
		{Verb: Update, Class: ClassRelink | ClassGuest},
	} {
		tally.Count(&c)
	}
	for class, want := range map[Class]int{ClassDeactivation: 1, ClassMissing: 1, ClassGuest: 0, ClassRelink: 1} {
		if tally[class] != want {
			t.Errorf("%s: got %d, want %d", class, tally[class], want)
		}
	}
}

func TestNameFallsBack(t *testing.T) {
	t.Parallel()
	sub := subject(Live)
	for _, want := range []string{"Ada Byron", "ada@example.com", "00000000-0000-0000-0000-000000000001"} {
		c := Case{Subject: sub, Desired: []Desired{recordWish()}, Current: []Current{noRecord()}}
		if got := Plan(c, facts())[0].Name; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if sub.Name == "" {
			sub.Principal = ""
		}
		sub.Name = ""
	}
}

func TestTallyCountsOnePersonsFiveFieldsOnce(t *testing.T) {
	t.Parallel()
	var fields []DesiredField
	var before []FieldValue
	for id := range int64(5) {
		fields = append(fields, DesiredField{Field: 100 + id, Said: true, Empty: ClearWhenEmpty})
		before = append(before, holds(100+id, "something"))
	}
	_, tally := planAll([]Case{{
		Subject: subject(Live), Desired: []Desired{recordWish(fields...)}, Current: []Current{record(StatusActive, before...)},
	}}, facts())
	if tally[ClassBlank] != 1 {
		t.Errorf("one person's five emptied fields count %d times for the limit", tally[ClassBlank])
	}
}
