package server

import (
	"net/http"
	"strings"
	"time"
)

// recorder passes an answer on and remembers what it was. Before each piece it
// gives the client a while to take it: an answer may take as long as it needs to
// be made, but a client that does not read it is let go.
type recorder struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	onStream func() // called when the answer turns out to be an event stream
	code     int
	sent     int64
}

func newRecorder(w http.ResponseWriter, patience time.Duration) *recorder {
	return &recorder{ResponseWriter: w, control: http.NewResponseController(w), patience: patience}
}

// Unwrap lets http.ResponseController reach what is below.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (rec *recorder) WriteHeader(code int) {
	if rec.code == 0 && code >= 200 {
		rec.code = code
		if rec.onStream != nil && isStream(rec.Header()) {
			rec.onStream()
		}
	}
	rec.hurry()
	rec.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (rec *recorder) Write(b []byte) (int, error) {
	if rec.code == 0 {
		rec.WriteHeader(http.StatusOK)
	}
	rec.hurry()
	n, err := rec.ResponseWriter.Write(b)
	rec.sent += int64(n)
	return n, err
}

// FlushError sends what was written so far; http.ResponseController calls it.
func (rec *recorder) FlushError() error {
	rec.hurry()
	return rec.control.Flush()
}

// hurry sets the time by which the client has to have taken what is written
// next. A connection that has no deadlines needs none.
func (rec *recorder) hurry() { _ = rec.control.SetWriteDeadline(time.Now().Add(rec.patience)) }

// status is the answer's, 200 for one without.
func (rec *recorder) status() int {
	if rec.code == 0 {
		return http.StatusOK
	}
	return rec.code
}

func isStream(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "text/event-stream")
}
