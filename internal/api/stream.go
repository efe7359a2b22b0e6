package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// stream begins an answer of server-sent events and returns how to send one: a
// value as JSON, under the name of its kind.
func (v *visit) stream(hc huma.Context) func(event string, value any) {
	_, w := humago.Unwrap(hc)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil {
		v.Log.Debug("the write deadline stays", "error", err)
	}
	w.WriteHeader(http.StatusOK)
	return func(event string, value any) {
		data, err := json.Marshal(value)
		if err != nil {
			v.Log.Error("an event could not be written", "error", err)
			return
		}
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, data)
		if err := out.Flush(); err != nil {
			v.Log.Debug("nobody listens any more", "error", err)
		}
	}
}
