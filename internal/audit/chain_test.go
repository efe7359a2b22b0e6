package audit_test

import (
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/audit"
)

func event() audit.Event {
	return audit.Event{
		At: time.Unix(1_700_000_000, 0), Account: 1, Actor: audit.Actor{Kind: audit.User, ID: 2, Name: "Ann", Address: "127.0.0.1"},
		Action: audit.RoleGranted, SubjectKind: "login", SubjectID: 3, SubjectName: "Ben",
		Details: []audit.Detail{{Name: "role", Before: "", After: "Collaborator"}},
	}
}

func TestEveryPartOfAnEventChangesItsHash(t *testing.T) {
	t.Parallel()
	want := audit.Chain(audit.Hash{}, event())
	if got := audit.Chain(audit.Hash{}, event()); got != want {
		t.Fatal("equal events have different hashes")
	}
	for name, change := range map[string]func(*audit.Event){
		"time":            func(e *audit.Event) { e.At = e.At.Add(time.Microsecond) },
		"account":         func(e *audit.Event) { e.Account = 9 },
		"actor's kind":    func(e *audit.Event) { e.Actor.Kind = audit.Sync },
		"actor's number":  func(e *audit.Event) { e.Actor.ID = 9 },
		"actor's name":    func(e *audit.Event) { e.Actor.Name = "An"; e.Actor.Address = "n127.0.0.1" },
		"address":         func(e *audit.Event) { e.Actor.Address = "" },
		"action":          func(e *audit.Event) { e.Action = audit.RoleRevoked },
		"subject's kind":  func(e *audit.Event) { e.SubjectKind = "module" },
		"subject":         func(e *audit.Event) { e.SubjectID = 4 },
		"subject's name":  func(e *audit.Event) { e.SubjectName = "Bea" },
		"detail's name":   func(e *audit.Event) { e.Details[0].Name = "name" },
		"detail before":   func(e *audit.Event) { e.Details[0].Before = "x" },
		"detail after":    func(e *audit.Event) { e.Details[0].After = "Module Admin" },
		"another detail":  func(e *audit.Event) { e.Details = append(e.Details, audit.Detail{}) },
		"no detail":       func(e *audit.Event) { e.Details = nil },
		"text moved over": func(e *audit.Event) { e.SubjectKind, e.SubjectName = "loginB", "en" },
	} {
		e := event()
		change(&e)
		if audit.Chain(audit.Hash{}, e) == want {
			t.Errorf("%s: another event has the same hash", name)
		}
	}
	if audit.Chain(audit.Hash{1}, event()) == want {
		t.Error("the hash does not depend on the one before")
	}
}

// logOf chains n events.
func logOf(n int) []audit.Entry {
	var out []audit.Entry
	var last audit.Hash
	for i := range n {
		e := event()
		e.SubjectID = int64(i)
		last = audit.Chain(last, e)
		out = append(out, audit.Entry{ID: int64(10 + i), Event: e, Hash: last})
	}
	return out
}

func each(log []audit.Entry) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		for _, e := range log {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestVerifyFindsTheFirstEntryThatDoesNotFollow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		tamper func([]audit.Entry) []audit.Entry
		events int64
		broken int64
	}{
		{"nothing", func(l []audit.Entry) []audit.Entry { return l }, 5, 0},
		{"an empty log", func([]audit.Entry) []audit.Entry { return nil }, 0, 0},
		{"the first one changed", func(l []audit.Entry) []audit.Entry { l[0].SubjectName = "x"; return l }, 0, 10},
		{"one changed", func(l []audit.Entry) []audit.Entry { l[2].Actor.Name = "Eve"; return l }, 2, 12},
		{"one changed and its hash too", func(l []audit.Entry) []audit.Entry {
			l[2].Actor.Name = "Eve"
			l[2].Hash = audit.Chain(l[1].Hash, l[2].Event)
			return l
		}, 3, 13},
		{"one taken out", func(l []audit.Entry) []audit.Entry { return slices.Delete(l, 1, 2) }, 1, 12},
		{"two swapped", func(l []audit.Entry) []audit.Entry { l[3], l[4] = l[4], l[3]; return l }, 3, 14},
		{"the first one taken out", func(l []audit.Entry) []audit.Entry { return l[1:] }, 0, 11},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := audit.Verify(each(tt.tamper(logOf(5))))
			if err != nil || got.Events != tt.events || got.Broken != tt.broken || got.Intact() != (tt.broken == 0) {
				t.Errorf("got %+v, %v; want %d right ones and %d broken", got, err, tt.events, tt.broken)
			}
		})
	}
}

func TestVerifyReturnsTheFaultOfTheLog(t *testing.T) {
	t.Parallel()
	bad := errors.New("disk")
	_, err := audit.Verify(func(yield func(audit.Entry, error) bool) { yield(audit.Entry{}, bad) })
	if !errors.Is(err, bad) {
		t.Errorf("got %v, want the log's fault", err)
	}
}

// Any two different events have different hashes: texts cannot run together.
func TestTextsInTheChainCannotRunTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func() audit.Event {
			word := rapid.SampledFrom([]string{"", "a", "ab", "b", "ba", "\x00"})
			e := audit.Event{At: time.Unix(0, 0), SubjectKind: word.Draw(t, "kind"), SubjectName: word.Draw(t, "name")}
			for range rapid.IntRange(0, 2).Draw(t, "details") {
				e.Details = append(e.Details, audit.Detail{Name: word.Draw(t, "d"), Before: word.Draw(t, "b"), After: word.Draw(t, "a")})
			}
			return e
		}
		a, b := draw(), draw()
		same := a.SubjectKind == b.SubjectKind && a.SubjectName == b.SubjectName && slices.Equal(a.Details, b.Details)
		if (audit.Chain(audit.Hash{}, a) == audit.Chain(audit.Hash{}, b)) != same {
			t.Fatalf("%+v and %+v: same hash does not mean same event", a, b)
		}
	})
}
