package automation

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

// askedByAutomation is what a run that an automation started says of who asked
// for it.
const askedByAutomation = "automation"

// Event is something that happened, as it waits to be looked at. Its numbers
// tell the order.
type Event struct {
	ID                          int64
	Key                         string // tells it apart for good; numbers can be given again
	Kind                        Kind   // of an ended run: SyncFinished, whatever came of it
	Account, Module, Collection int64
	At                          time.Time
	Actor                       string
	Items                       []register.EventItem
	Connection, Run             int64
	State                       syncer.State // of the run
	Chain                       []int64      // the automations that led to it, the first one first
}

// note stores an event.
func (s *Service) note(ctx context.Context, e Event) error {
	e.Key = "event " + rand.Text()
	return s.Store.InsertEvent(ctx, e)
}

type chainKey struct{}

// withChain returns a context in which what happens is noted as led to by
// automations.
func withChain(ctx context.Context, chain []int64) context.Context {
	return context.WithValue(ctx, chainKey{}, chain)
}

func chainOf(ctx context.Context) []int64 {
	chain, _ := ctx.Value(chainKey{}).([]int64)
	return chain
}

// Listening implements register.Witness.
func (s *Service) Listening(ctx context.Context, module int64) ([]register.EventKind, error) {
	kinds, err := s.Store.Listening(ctx, module)
	var out []register.EventKind
	for _, k := range kinds {
		if heard, ok := k.heard(); ok && !slices.Contains(out, heard) {
			out = append(out, heard)
		}
	}
	return out, err
}

// Happened implements register.Witness. Kinds of events are called as the
// triggers that they set off.
func (s *Service) Happened(ctx context.Context, e register.Event) error {
	return s.note(ctx, Event{
		Kind: Kind(e.Kind), Account: e.Account, Module: e.Module, Collection: e.Collection, At: e.At, Actor: e.Actor.Name,
		Items: e.Items, Chain: chainOf(ctx),
	})
}

// RunEnded notes that a run has ended, if an automation listens.
func (s *Service) RunEnded(ctx context.Context, r syncer.Run) error {
	c, err := s.connection(ctx, r.Connection)
	if err != nil {
		return err
	}
	kinds, err := s.Store.Listening(ctx, c.Module)
	if err != nil || !slices.ContainsFunc(kinds, func(k Kind) bool { return k.meets(r.State) }) {
		return err
	}
	e := Event{
		Kind: SyncFinished, Account: c.Account, Module: c.Module, At: s.moment(), Actor: r.Actor,
		Connection: c.ID, Run: r.ID, State: r.State,
	}
	if r.Asked == askedByAutomation {
		if e.Chain, err = s.Store.RunChain(ctx, c.ID); err != nil {
			return err
		}
	}
	return s.note(ctx, e)
}

// connection returns a connection without its secret.
func (s *Service) connection(ctx context.Context, id int64) (syncer.Connection, error) {
	all, err := s.Sync.Connections(ctx)
	if err != nil {
		return syncer.Connection{}, err
	}
	i := slices.IndexFunc(all, func(c syncer.Connection) bool { return c.ID == id })
	if i < 0 {
		return syncer.Connection{}, errs.New(errs.NotFound, "there is no connection %d", id)
	}
	return all[i], nil
}

// cause is what happened, as a sentence.
func (e *Event) cause() string {
	if e.Run != 0 {
		return fmt.Sprintf("Run %d ended: %s.", e.Run, e.State)
	}
	what := map[Kind]string{
		Created: "created", Changed: "changed", Archived: "archived", CheckedOut: "checked out", CheckedIn: "checked in", PersonLeft: "found to have left",
	}[e.Kind]
	if len(e.Items) == 1 {
		return fmt.Sprintf("A record was %s by %s.", what, e.Actor)
	}
	return fmt.Sprintf("%d records were %s by %s.", len(e.Items), what, e.Actor)
}

// meets reports whether a trigger is set off by a run that ended in a state.
// Cancelled ones set off nothing: somebody knows.
func (k Kind) meets(state syncer.State) bool {
	switch k {
	case SyncFinished:
		return state == syncer.Succeeded || state == syncer.Partial
	case SyncFailed:
		return state == syncer.Failed
	case SyncHeld:
		return state == syncer.Held
	}
	return false
}

// setsOff reports whether an event sets off an automation, as far as can be said
// without looking at the records.
func (e *Event) setsOff(a *Automation) bool {
	t := &a.Trigger
	if !a.On || a.Module != e.Module || t.Collection != 0 && t.Collection != e.Collection {
		return false
	}
	if e.Run != 0 {
		return t.Kind.meets(e.State)
	}
	heard, ok := t.Kind.heard()
	return ok && Kind(heard) == e.Kind
}
