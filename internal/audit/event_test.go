package audit_test

import (
	"testing"
	"time"

	"github.com/musterhq/muster/internal/audit"
)

func TestEveryPartOfAnEventChangesItsLink(t *testing.T) {
	t.Parallel()
	base := func() audit.Event {
		return audit.Event{
			At: time.Unix(1_700_000_000, 0), Account: 1, Actor: audit.Actor{Kind: "user", ID: 2, Name: "Ann", Address: "127.0.0.1"},
			Action: audit.RoleGranted, SubjectKind: "login", SubjectID: 3, SubjectName: "Ben",
			Details: []audit.Detail{{Name: "role", Before: "", After: "Collaborator"}},
		}
	}
	want := audit.Chain([32]byte{}, base())
	if got := audit.Chain([32]byte{}, base()); got != want {
		t.Fatal("equal events have different links")
	}
	for name, change := range map[string]func(*audit.Event){
		"time":    func(e *audit.Event) { e.At = e.At.Add(time.Microsecond) },
		"account": func(e *audit.Event) { e.Account = 9 },
		"actor":   func(e *audit.Event) { e.Actor.Name = "An"; e.Actor.Address = "n127.0.0.1" },
		"action":  func(e *audit.Event) { e.Action = audit.RoleRevoked },
		"subject": func(e *audit.Event) { e.SubjectID = 4 },
		"detail":  func(e *audit.Event) { e.Details[0].After = "Module Admin" },
		"more":    func(e *audit.Event) { e.Details = append(e.Details, audit.Detail{}) },
	} {
		e := base()
		change(&e)
		if audit.Chain([32]byte{}, e) == want {
			t.Errorf("a change of the %s leaves the link as it was", name)
		}
	}
	if audit.Chain([32]byte{1}, base()) == want {
		t.Error("the link does not depend on the one before")
	}
}
