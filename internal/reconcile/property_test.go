package reconcile

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// everyPlan checks each change of made-up plans.
func everyPlan(t *testing.T, check func(t *rapid.T, c *Case, ch *Change)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		c, f := drawCase(t)
		for _, ch := range Plan(c, f) {
			check(t, &c, &ch)
		}
	})
}

func TestPlanningAgainFindsNothingToDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, f := drawCase(t)
		m := newModel(c, f)
		applied := m.run(m.plan())
		// A login that was taken over follows the directory from the next run on:
		// adopting and rewriting are never one step (F25).
		if slices.ContainsFunc(applied, func(ch Change) bool {
			return ch.Target == Login && (ch.Verb == Adopt || ch.Verb == Relink)
		}) {
			m.run(m.plan())
		}
		if again := m.plan(); countActing(again) > 0 {
			t.Fatalf("the plan was\n%s\nand after it\n%s", renderAll(applied), renderAll(again))
		}
	})
}

func TestOrderOfWhatIsHeldDecidesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, f := drawCase(t)
		want := canonicalPlan(Plan(c, f))
		c.Current = rapid.Permutation(c.Current).Draw(t, "current")
		for i := range c.Current {
			cur := &c.Current[i]
			cur.Candidates = rapid.Permutation(cur.Candidates).Draw(t, "candidates")
			cur.Pinned = rapid.Permutation(cur.Pinned).Draw(t, "pinned")
			cur.Login.Grants = rapid.Permutation(cur.Login.Grants).Draw(t, "grants")
		}
		if got := canonicalPlan(Plan(c, f)); !bytes.Equal(got, want) {
			t.Fatalf("another order, another plan:\n%s", renderAll(Plan(c, f)))
		}
	})
}

func TestOrderOfSubjectsDecidesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var cases []Case
		for n := range rapid.IntRange(2, 5).Draw(t, "subjects") {
			c, _ := drawCase(t)
			c.Subject.Entry = int64(n + 1)
			cases = append(cases, c)
		}
		shared := facts()
		outcome := func(cases []Case) []byte {
			all, _ := planAll(cases, shared)
			slices.SortStableFunc(all, func(a, b Change) int { return int(a.Entry - b.Entry) })
			return canonicalPlan(all)
		}
		want := outcome(cases)
		if got := outcome(rapid.Permutation(cases).Draw(t, "order")); !bytes.Equal(got, want) {
			t.Fatal("planning one subject has changed the plan of another")
		}
	})
}

func TestF12NothingIsRemovedWithoutEvidence(t *testing.T) {
	t.Parallel()
	everyPlan(t, func(t *rapid.T, c *Case, ch *Change) {
		s := c.Subject.Standing
		if ch.Verb.Acts() && (s == Unknown || s == Missing) {
			t.Fatalf("standing %d proves nothing, and yet: %s", s, render(ch))
		}
		if ch.Verb == Deactivate && s == Live && !saidToHaveLeft(c, ch) {
			t.Fatalf("nobody said that the person has left: %s", render(ch))
		}
		for _, r := range ch.Roles {
			if r.After == 0 && !saidOf(c, r.Mapping) && r.Mapping != mapRemoved {
				t.Fatalf("nobody said that the role is gone: %s", render(ch))
			}
		}
		for _, f := range ch.Fields {
			if f.After.IsEmpty() && f.Ref == nil && !saidToBeEmpty(c, f.Field) {
				t.Fatalf("nobody said that field %d is empty: %s", f.Field, render(ch))
			}
		}
	})
}

// saidToHaveLeft reports whether every login mapping is known to keep the
// subject out, and there is one, or one that was removed.
func saidToHaveLeft(c *Case, ch *Change) bool {
	said := slices.ContainsFunc(ch.Roles, func(r RoleChange) bool { return r.Mapping == mapRemoved })
	for _, d := range c.Desired {
		if d.Target == Login {
			if d.Enters || d.Undetermined {
				return false
			}
			said = true
		}
	}
	return said
}

func saidOf(c *Case, mapping int64) bool {
	return slices.ContainsFunc(c.Desired, func(d Desired) bool { return d.Mapping == mapping && !d.Undetermined })
}

func saidToBeEmpty(c *Case, field int64) bool {
	for _, d := range c.Desired {
		for _, f := range d.Fields {
			if f.Field == field && d.Enters && f.Said && f.Value.IsEmpty() && f.Empty == ClearWhenEmpty && f.Owner == DirectoryWins {
				return true
			}
		}
	}
	return false
}

func TestF12AndF76NoPathLeadsToAProtectedLogin(t *testing.T) {
	t.Parallel()
	everyPlan(t, func(t *rapid.T, c *Case, ch *Change) {
		if ch.Target != Login || !ch.Verb.Acts() {
			return
		}
		cur := c.Current[1]
		if cur.Login.Protected {
			t.Fatalf("protected, and yet: %s", render(ch))
		}
		for _, k := range cur.Candidates {
			if k.ID == ch.TargetID && k.Login.Protected {
				t.Fatalf("protected, and yet taken over: %s", render(ch))
			}
		}
	})
}

func TestF73OnlyTheLiveAreLetIn(t *testing.T) {
	t.Parallel()
	everyPlan(t, func(t *rapid.T, c *Case, ch *Change) {
		opens := ch.Target == Login && (ch.Verb == Add || ch.Verb == Adopt || ch.Verb == Relink || ch.Verb == Reactivate)
		if opens && c.Subject.Standing != Live {
			t.Fatalf("standing %d lets in: %s", c.Subject.Standing, render(ch))
		}
		if ch.Status == StatusActive && c.Subject.Standing != Live {
			t.Fatalf("standing %d reads active: %s", c.Subject.Standing, render(ch))
		}
		if c.Current[1].Login.ByHand && ch.Verb == Reactivate {
			t.Fatalf("closed by a person and opened by a plan: %s", render(ch))
		}
	})
}

func TestRolesOfOthersAreNeverTouched(t *testing.T) {
	t.Parallel()
	everyPlan(t, func(t *rapid.T, c *Case, ch *Change) {
		for _, r := range ch.Roles {
			if r.Mapping == 0 || r.Mapping == mapForeign {
				t.Fatalf("the role is not the sync's: %s", render(ch))
			}
			if r.Before == r.After {
				t.Fatalf("a role exchanged for itself: %s", render(ch))
			}
		}
	})
}

func TestEveryChangeSaysWhy(t *testing.T) {
	t.Parallel()
	everyPlan(t, func(t *rapid.T, c *Case, ch *Change) {
		if ch.Reason == "" || ch.Verb == NoVerb || ch.Name == "" {
			t.Fatalf("verb %q, reason %q, name %q", ch.Verb, ch.Reason, ch.Name)
		}
		if _, ok := sentences[ch.Reason]; !ok {
			t.Fatalf("%q has no sentence", ch.Reason)
		}
		if !ch.Verb.Acts() && (ch.Class != 0 || len(ch.Fields)+len(ch.Roles) > 0) {
			t.Fatalf("changes nothing and yet carries changes: %s", render(ch))
		}
	})
}

func TestPinnedFieldsAreNeverWritten(t *testing.T) {
	t.Parallel()
	everyPlan(t, func(t *rapid.T, c *Case, ch *Change) {
		for _, f := range ch.Fields {
			if ch.Verb != Add && slices.Contains(pinnedOn(c, ch.TargetID), f.Field) {
				t.Fatalf("field %d is pinned: %s", f.Field, render(ch))
			}
		}
	})
}

func pinnedOn(c *Case, id int64) []int64 {
	for _, cur := range c.Current {
		if cur.Target != Record {
			continue
		}
		if cur.ID == id {
			return cur.Pinned
		}
		for _, k := range cur.Candidates {
			if k.ID == id {
				return k.Pinned
			}
		}
	}
	return nil
}
