package register

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/audit"
)

// EventKind is something that happened to records. Its text is stored.
type EventKind string

// The kinds. A record that is brought back, or that a sync finds to have left
// when it is created, gives none.
const (
	RecordCreated   EventKind = "record_created"
	RecordChanged   EventKind = "record_changed" // its fields
	RecordArchived  EventKind = "record_archived"
	PersonLeft      EventKind = "person_left" // the directory's status says so from now on
	ThingCheckedOut EventKind = "checked_out"
	ThingCheckedIn  EventKind = "checked_in"
)

// Event is what a transaction did to records of one collection.
type Event struct {
	Kind                        EventKind
	Account, Module, Collection int64
	At                          time.Time
	Actor                       audit.Actor
	Items                       []EventItem
}

// EventItem is one of the records.
type EventItem struct {
	Record  int64
	Fields  []int64 // of RecordChanged: those that hold something else now
	Custody int64   // of ThingCheckedOut and ThingCheckedIn
	Holder  int64   // likewise
}

// Witness hears of what happens to records. automation.Service is the one
// implementation; that package imports this one.
type Witness interface {
	// Listening returns which events of a module anybody wants to hear of. It is
	// asked once a transaction and collection, however much is written.
	Listening(ctx context.Context, module int64) ([]EventKind, error)
	// Happened is told in the transaction in which it happens: what fails there
	// takes back what was done.
	Happened(ctx context.Context, e Event) error
}

// HeardBy says who hears of what happens. Call it before the first use case;
// without it nobody does.
func (s *Service) HeardBy(w Witness) { s.witness = w }

// listening returns what anybody wants to hear of in a module.
func (s *Service) listening(ctx context.Context, module int64) ([]EventKind, error) {
	if s.witness == nil {
		return nil, nil
	}
	return s.witness.Listening(ctx, module)
}

// hear notes what a write did to a record, if anybody wants to know. before is
// what the fields of set held.
func (c *shape) hear(rec *Record, set, before []FieldValue, created, moved bool) {
	note := func(kind EventKind, item EventItem) {
		if slices.Contains(c.wanted, kind) {
			c.heard[kind] = append(c.heard[kind], item)
		}
	}
	if created {
		note(RecordCreated, EventItem{Record: rec.ID})
		return
	}
	if moved && rec.Archived() {
		note(RecordArchived, EventItem{Record: rec.ID})
	}
	var changed []int64
	for i := range set {
		if before[i].Value == set[i].Value {
			continue
		}
		changed = append(changed, set[i].Field)
		if set[i].Field == c.status && isLeft(set[i].Value.String()) && !isLeft(before[i].Value.String()) {
			note(PersonLeft, EventItem{Record: rec.ID})
		}
	}
	if len(changed) > 0 {
		note(RecordChanged, EventItem{Record: rec.ID, Fields: changed})
	}
}

func isLeft(status string) bool { return slices.Contains(LeftStatuses(), status) }

// announce tells what the batch did.
func (b *batch) announce(ctx context.Context) error {
	for _, collection := range slices.Sorted(maps.Keys(b.collections)) {
		sh := b.collections[collection]
		for _, kind := range sh.wanted {
			if len(sh.heard[kind]) == 0 {
				continue
			}
			err := b.s.witness.Happened(ctx, Event{
				Kind: kind, Account: sh.account, Module: sh.module, Collection: collection, At: b.now, Actor: b.actor, Items: sh.heard[kind],
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// announceCustody tells that an asset went out or came back.
func (s *Service) announceCustody(ctx context.Context, kind EventKind, c Custody, actor audit.Actor) error {
	if s.witness == nil {
		return nil
	}
	in, err := s.store.Collection(ctx, c.AssetCollection)
	if err != nil {
		return err
	}
	wanted, err := s.listening(ctx, in.Module)
	if err != nil || !slices.Contains(wanted, kind) {
		return err
	}
	return s.witness.Happened(ctx, Event{
		Kind: kind, Account: in.Account, Module: in.Module, Collection: in.ID, At: s.moment(), Actor: actor,
		Items: []EventItem{{Record: c.Asset, Custody: c.ID, Holder: c.Holder}},
	})
}
