package estate

import (
	"testing"

	"pgregory.net/rapid"
)

// TestMembershipEnumerates compares a circle with a plain set under random
// joins and leaves.
func TestMembershipEnumerates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.IntRange(1, 5).Draw(t, "step")
		c := &Roster{base: span{step: step, offset: step - 1, end: 40}}
		want := map[Ref]bool{}
		for i := step - 1; i < 40; i += step {
			want[MakeRef(KindUser, i)] = true
		}
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			r := MakeRef(Kind(rapid.IntRange(1, 3).Draw(t, "kind")), rapid.IntRange(0, 50).Draw(t, "i"))
			if rapid.Bool().Draw(t, "join") {
				if c.add(r) == want[r] {
					t.Fatalf("add %x reported the wrong thing", r)
				}
				want[r] = true
			} else {
				if c.remove(r) != want[r] {
					t.Fatalf("remove %x reported the wrong thing", r)
				}
				delete(want, r)
			}
		}
		got, last := 0, Ref(0)
		for r, ok := c.Next(0); ok; r, ok = c.Next(r + 1) {
			if got++; !want[r] || r <= last {
				t.Fatalf("%x is enumerated wrongly after %x", r, last)
			}
			last = r
		}
		if got != len(want) {
			t.Fatalf("%d members, want %d", got, len(want))
		}
	})
}
