package estate

import (
	"strings"
	"testing"
)

func TestSignInNamesAreUniqueAndFindTheirPerson(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 500, 20_000} {
		p := newPopulation(uint64(n), n)
		seen := map[string]int{}
		for i := range n {
			person := p.person(i)
			upn := strings.ToLower(person.upn())
			if other, twice := seen[upn]; twice {
				t.Fatalf("%d people: %s belongs to %d and %d", n, upn, other, i)
			}
			seen[upn] = i
			if got, ok := p.byUPN(upn); !ok || got != i {
				t.Fatalf("%d people: %s found %d %v, want %d", n, upn, got, ok, i)
			}
		}
	}
}
