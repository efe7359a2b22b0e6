package syncer

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

// RunChange is a change with what is to be known of its run.
type RunChange struct {
	PlannedChange
	At       time.Time // when the run began
	Actor    string    // who asked for it
	Asked    string    // hand, schedule, undo
	RunState State
}

// recordStore answers what runs have to do with records.
type recordStore interface {
	// RecordChanges returns what runs did to a linked record, the latest first,
	// before a place; run 0 stands for the latest.
	RecordChanges(ctx context.Context, l Link, run, seq int64, limit int) ([]RunChange, error)
	// LeftLinks returns the links of a collection's records whose objects have
	// left, the last first, before a place; the zero link stands for the beginning.
	LeftLinks(ctx context.Context, collection int64, before Link, limit int) ([]Link, error)
}

// RecordChanges returns what runs did to a record, the latest first, before the
// place (run, seq); run 0 stands for the latest. A record without a link has
// none.
func (s *Service) RecordChanges(ctx context.Context, record, run, seq int64, limit int) ([]RunChange, error) {
	links, err := s.LinksOf(ctx, []int64{record})
	if err != nil || len(links) == 0 {
		return nil, err
	}
	return s.store.RecordChanges(ctx, links[record], run, seq, limit)
}

// LinksOf returns the links of records that have one.
func (s *Service) LinksOf(ctx context.Context, records []int64) (map[int64]Link, error) {
	keys := make([]TargetKey, len(records))
	for i, id := range records {
		keys[i] = TargetKey{reconcile.Record, id}
	}
	found, err := s.store.LinksTo(ctx, keys)
	out := make(map[int64]Link, len(found))
	for key, l := range found {
		out[key.ID] = l
	}
	return out, err
}

// Left returns the links of a collection's records whose objects have left, the
// last first, before a place; the zero link stands for the beginning.
func (s *Service) Left(ctx context.Context, collection int64, before Link, limit int) ([]Link, error) {
	return s.store.LeftLinks(ctx, collection, before, limit)
}

// PersonOf returns a linked record's connection, and by what to ask for its
// object in a Request. It fails with NotFound when the record has no link.
func (s *Service) PersonOf(ctx context.Context, record int64) (Connection, string, error) {
	links, err := s.LinksOf(ctx, []int64{record})
	if err != nil {
		return Connection{}, "", err
	}
	link, ok := links[record]
	if !ok {
		return Connection{}, "", errs.New(errs.NotFound, "the record is not linked to a directory")
	}
	entries, err := s.store.EntriesByID(ctx, []int64{link.Entry}, true)
	if err != nil || len(entries) == 0 {
		return Connection{}, "", orNothing(err)
	}
	c, err := s.store.Connection(ctx, link.Connection)
	return c, entries[0].Object.String(), err
}
