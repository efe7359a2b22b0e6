package listing

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/errs"
)

// Note says that records were written and are to be indexed.
type Note struct {
	ID     int64
	Ranges []Range
}

// Range is the numbers from First to Last, both included. Not all of them need
// be records.
type Range struct{ First, Last int64 }

// RangesOf returns numbers, in any order, as ranges.
func RangesOf(ids []int64) []Range {
	if !slices.IsSorted(ids) {
		ids = slices.Sorted(slices.Values(ids))
	}
	var out []Range
	for _, id := range ids {
		if n := len(out); n > 0 && id <= out[n-1].Last+1 {
			out[n-1].Last = id
			continue
		}
		out = append(out, Range{id, id})
	}
	return out
}

func (n *Note) size() int {
	sum := int64(0)
	for _, r := range n.Ranges {
		sum += r.Last - r.First + 1
	}
	return int(min(sum, 1<<31))
}

// indexAtOnce is how many records one transaction indexes: short enough that
// nobody who writes waits long for SQLite's one writer.
const indexAtOnce = 500

// Index brings the index forward by some records and reports whether any are
// left. Several processes may call it at once: one works, the others wait.
func (s *Service) Index(ctx context.Context) (more bool, err error) {
	notes, err := s.store.Waiting(ctx, 1, false)
	if err != nil || len(notes) == 0 {
		return false, errs.Wrap(err, "look for records to index")
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		notes, err := s.store.Waiting(ctx, indexAtOnce, true)
		if err != nil {
			return err
		}
		left := indexAtOnce
		for _, n := range notes {
			if err := s.indexNote(ctx, n, &left); err != nil {
				return err
			}
			if left <= 0 {
				break
			}
		}
		return s.store.FoldCounts(ctx)
	})
	return true, errs.Wrap(err, "index records")
}

// IndexAll works off all that waits.
func (s *Service) IndexAll(ctx context.Context) error {
	for {
		more, err := s.Index(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// indexNote indexes what a note names, left records at most, and stores the rest
// of the note.
func (s *Service) indexNote(ctx context.Context, n Note, left *int) error {
	for len(n.Ranges) > 0 && *left > 0 {
		r := &n.Ranges[0]
		records, err := s.store.RecordsBetween(ctx, r.First, r.Last, *left)
		if err != nil {
			return err
		}
		ids, tokens := numbersOf(records), make([][]string, len(records))
		held, err := s.store.HeldBy(ctx, ids)
		if err != nil {
			return err
		}
		for i := range records {
			tokens[i] = Tokens(&records[i], held[ids[i]] != 0)
		}
		if err := s.store.PutTokens(ctx, ids, tokens); err != nil {
			return err
		}
		if err := s.reordered(ctx, records); err != nil {
			return err
		}
		if len(records) == *left && records[len(records)-1].ID < r.Last {
			r.First = records[len(records)-1].ID + 1
		} else {
			n.Ranges = n.Ranges[1:]
		}
		*left -= len(records) + 1
	}
	return s.store.SetNote(ctx, n)
}
