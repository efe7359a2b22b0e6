package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// requestID is the header, of the request and of its answer, that has a
// request's number.
const requestID = "X-Request-Id"

// tracer numbers each request, logs it in one line when it is done, counts it,
// and turns a panic into an answer.
type tracer struct {
	stopping context.Context // ends event streams
	log      *slog.Logger
	meter    *meter
	patience patience
	next     http.Handler
}

// ServeHTTP implements http.Handler.
func (t *tracer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	tr := &trace{tracer: t, id: newID(), start: time.Now(), r: r.WithContext(ctx), rec: newRecorder(w, t.patience.write)}
	tr.r.Header.Set(requestID, tr.id)
	w.Header().Set(requestID, tr.id)
	tr.rec.onStream = func() { context.AfterFunc(t.stopping, cancel) }
	defer tr.end()
	t.next.ServeHTTP(tr.rec, tr.r)
}

// trace is one request under way.
type trace struct {
	*tracer
	id    string
	start time.Time
	r     *http.Request
	rec   *recorder
}

// end is deferred. Of an answer that a panic cut short the connection is cut,
// too: the client must not take the half for the whole.
func (t *trace) end() {
	fault := recover()
	half := false
	switch err, _ := fault.(error); {
	case fault == nil:
	case errors.Is(err, http.ErrAbortHandler):
		half = true
	default:
		t.log.Error("a handler panicked", "id", t.id, "path", t.r.URL.Path, "panic", fault, "stack", string(debug.Stack()))
		if half = t.rec.code != 0; !half {
			http.Error(t.rec, "Something went wrong inside Muster. The log says what, under "+t.id+".", http.StatusInternalServerError)
		}
	}
	t.rec.hurry()
	t.tell()
	if half {
		panic(http.ErrAbortHandler)
	}
}

// tell writes the log's line. It has no query, which may carry secrets.
func (t *trace) tell() {
	took, status := time.Since(t.start), t.rec.status()
	t.meter.count(classOf(t.r, isStream(t.rec.Header())), status, took)
	level := slog.LevelInfo
	switch {
	case status >= 500:
		level = slog.LevelError
	case t.r.Pattern == patternHealth || t.r.Pattern == patternReady || t.r.Pattern == patternMetrics:
		level = slog.LevelDebug
	}
	t.log.Log(t.r.Context(), level, "request", "id", t.id, "method", t.r.Method, "path", t.r.URL.Path, "status", status,
		"bytes", t.rec.sent, "ms", took.Milliseconds(), "client", t.r.RemoteAddr)
}

func newID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
