package syncer

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/musterhq/muster/internal/directory"
)

// numbered gives n pages, then a fault if there is one, and tells when it is over.
func numbered(ctx context.Context, n int, fault error, over *bool) iter.Seq2[directory.Page, error] {
	return func(yield func(directory.Page, error) bool) {
		defer func() { *over = true }()
		objects := make([]directory.Object, 1) // used again for each page, as the client does
		for i := range n {
			objects[0].Doc = directory.Document{byte(i + 1)}
			if ctx.Err() != nil || !yield(directory.Page{Objects: objects, Total: i + 1}, nil) {
				return
			}
		}
		if fault != nil {
			yield(directory.Page{}, fault)
		}
	}
}

func TestReadingAheadGivesEveryPageAndTheFault(t *testing.T) {
	t.Parallel()
	cut, over := errors.New("cut off"), false
	pages, stop := ahead(t.Context(), numbered(t.Context(), 5, cut, &over))
	defer stop()
	next := 1
	var fault error
	for page, err := range pages {
		if err != nil {
			fault = err
			continue
		}
		if page.Total != next || page.Objects[0].Doc[0] != byte(next) {
			t.Errorf("page %d with %v came when %d was due", page.Total, page.Objects[0].Doc, next)
		}
		next++
	}
	if next != 6 || !errors.Is(fault, cut) {
		t.Errorf("%d pages and the fault %v, want 5 and the fault", next-1, fault)
	}
}

func TestReadingAheadBeginsBeforeItIsAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := false
		_, stop := ahead(t.Context(), func(yield func(directory.Page, error) bool) {
			begun = true
			yield(directory.Page{}, nil)
		})
		synctest.Wait()
		if !begun {
			t.Error("nothing is read before anybody asks for it")
		}
		stop()
	})
}

func TestReadingAheadEndsWhenItIsStopped(t *testing.T) {
	t.Parallel()
	over := false
	pages, stop := ahead(t.Context(), numbered(t.Context(), 1_000_000, nil, &over))
	for range pages {
		break
	}
	stop()
	if !over {
		t.Error("stop came back while the reading went on")
	}
}
