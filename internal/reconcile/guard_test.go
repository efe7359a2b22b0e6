package reconcile

import "testing"

func TestLimitAllows(t *testing.T) {
	t.Parallel()
	usual := Limit{Count: 500, Percent: 20, Floor: 5}
	rows := []struct {
		name  string
		limit Limit
		base  int
		want  int
	}{
		{"nothing there", usual, 0, 5},
		{"a small tenant has the floor", usual, 20, 5},
		{"a fifth", usual, 100, 20},
		{"a fifth, rounded down", usual, 104, 20},
		{"500 at most", usual, 100_000, 500},
		{"always asked", Limit{}, 100_000, 0},
		{"administrators", Limit{Floor: 3}, 100_000, 3},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if got := r.limit.Allows(r.base); got != r.want {
				t.Errorf("got %d, want %d", got, r.want)
			}
		})
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name    string
		class   Class
		planned int
		base    int
		allowed int // -1 when nothing is held
	}{
		{"nothing planned", ClassDeactivation, 0, 1000, -1},
		{"deactivations at the limit", ClassDeactivation, 200, 1000, -1},
		{"deactivations above the limit", ClassDeactivation, 201, 1000, 200},
		{"role gains above the limit", ClassRoleGain, 201, 1000, 200},
		{"role losses above the limit", ClassRoleLoss, 201, 1000, 200},
		{"blanked fields above the limit", ClassBlank, 201, 1000, 200},
		{"renames above the limit", ClassRename, 201, 1000, 200},
		{"missing above the limit", ClassMissing, 201, 1000, 200},
		{"guests above the limit", ClassGuest, 201, 1000, 200},
		{"guests in the first run", ClassGuest, 201, 0, -1},
		{"deactivations with nothing to compare with", ClassDeactivation, 6, 0, 5},
		{"three administrators", ClassAdministrator, 3, 1000, -1},
		{"four administrators", ClassAdministrator, 4, 1000, 3},
		{"one moved link", ClassRelink, 1, 1000, 0},
		{"one adopted login", ClassAdoption, 1, 1000, 0},
		{"a small tenant, five leave", ClassDeactivation, 5, 6, -1},
		{"a small tenant, all leave", ClassDeactivation, 6, 6, 5},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got := Guard(Tally{r.class: r.planned}, map[Class]int{r.class: r.base}, DefaultLimits())
			switch {
			case r.allowed < 0 && len(got) != 0:
				t.Errorf("held: %s", got[0].Sentence())
			case r.allowed >= 0 && (len(got) != 1 || got[0] != Hold{r.class, r.planned, r.allowed, r.base}):
				t.Errorf("got %+v, want one hold with %d allowed", got, r.allowed)
			}
		})
	}
}

func TestGuardLeavesClassesWithoutALimitAlone(t *testing.T) {
	t.Parallel()
	if got := Guard(Tally{ClassBlank: 1000}, nil, Limits{}); len(got) != 0 {
		t.Errorf("got %+v, want none", got)
	}
}

func TestHoldsComeInAFixedOrder(t *testing.T) {
	t.Parallel()
	all := Tally{}
	for _, class := range Classes() {
		all[class] = 10_000
	}
	bases := map[Class]int{ClassGuest: 1}
	for range 20 {
		holds := Guard(all, bases, DefaultLimits())
		if len(holds) != len(Classes()) {
			t.Fatalf("got %d holds, want %d: a class has no limit by default", len(holds), len(Classes()))
		}
		for i, class := range Classes() {
			if holds[i].Class != class {
				t.Fatalf("hold %d: got %s, want %s", i, holds[i].Class, class)
			}
			if Held(holds)&class == 0 {
				t.Errorf("%s is not among the held", class)
			}
		}
	}
}

func TestClassNames(t *testing.T) {
	t.Parallel()
	for _, class := range Classes() {
		got, ok := ClassNamed(class.String())
		if !ok || got != class {
			t.Errorf("%s: does not come back from its name", class)
		}
	}
	if _, ok := ClassNamed("deletions"); ok {
		t.Error("an unknown name was taken for a class")
	}
}

func TestHoldSentence(t *testing.T) {
	t.Parallel()
	rows := []struct {
		hold Hold
		want string
	}{
		{Hold{ClassDeactivation, 840, 500, 4000}, "840 of 4000 logins would be deactivated (limit 500)"},
		{Hold{ClassRelink, 1, 0, 0}, "links would move to another directory object: 1 (limit 0)"},
	}
	for _, r := range rows {
		if got := r.hold.Sentence(); got != r.want {
			t.Errorf("got %q, want %q", got, r.want)
		}
	}
}
