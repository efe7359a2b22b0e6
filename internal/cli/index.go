package cli

import (
	"context"
	"log/slog"
	"time"
)

// indexEvery is how often it is looked whether records were written. A search
// sees the few that are not indexed yet by itself.
const indexEvery = 2 * time.Second

// keepIndex makes records findable by their words, as they are written, until
// the context ends. Between two steps it leaves the writer to others.
func (h *house) keepIndex(ctx context.Context, log *slog.Logger) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		began := time.Now()
		more, err := h.lists.Index(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			log.Error("records could not be indexed for searching", "error", err)
			wait.Reset(15 * indexEvery)
		case more:
			wait.Reset(time.Since(began)) // half of the time, while there is a lot
		default:
			wait.Reset(indexEvery)
		}
	}
}
