package guid

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbersComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := NewSpace(rapid.Uint64().Draw(t, "seed"))
		n := rapid.Uint64Range(0, 1<<61-1).Draw(t, "n")
		id := s.GUID(n)
		if got, ok := s.Number(strings.ToUpper(id)); !ok || got != n {
			t.Fatalf("%s decodes to %x %v, want %x", id, got, ok, n)
		}
		if id[14] != '4' || !strings.Contains("89ab", id[19:20]) {
			t.Fatalf("%s is not a version 4 GUID", id)
		}
	})
}

func TestForeignGUIDsAreRefused(t *testing.T) {
	t.Parallel()
	s := NewSpace(1)
	for _, id := range []string{New(), NewSpace(2).GUID(7), "", "not-a-guid", strings.Repeat("z", 36), s.GUID(7)[:35]} {
		if n, ok := s.Number(id); ok {
			t.Errorf("%q decoded to %d", id, n)
		}
	}
}
