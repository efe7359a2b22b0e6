package syncer

import (
	"context"
	"iter"

	"github.com/musterhq/muster/internal/directory"
)

// arrival is a page that came, or why none did.
type arrival struct {
	page directory.Page
	err  error
}

// ahead begins to read at once, in a goroutine, and has the first page ready
// before it is asked for. A page is good until the next one is asked for, as
// with any reading. The pages can be read once. Stop ends the reading and waits
// for its end; it must be called, and may be at any time.
func ahead(ctx context.Context, all iter.Seq2[directory.Page, error]) (pages iter.Seq2[directory.Page, error], stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	arrivals, next := make(chan arrival), make(chan struct{})
	go func() {
		defer close(arrivals)
		for page, err := range all {
			select {
			case arrivals <- arrival{page, err}:
			case <-ctx.Done():
				return
			}
			select {
			case <-next: // the page's memory may be used again from here on
			case <-ctx.Done():
				return
			}
		}
	}()
	pages = func(yield func(directory.Page, error) bool) {
		for a := range arrivals {
			if !yield(a.page, a.err) {
				return
			}
			select {
			case next <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}
	return pages, func() {
		cancel()
		for range arrivals { // until the goroutine is gone
		}
	}
}
