package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/once"
)

const (
	onceHeader  = "Idempotency-Key"
	onceLongest = 200     // characters of a key
	onceBody    = 2 << 20 // bytes of a request that may be sent again
	// replayed marks an answer that was given before.
	replayed = "Idempotency-Replayed"
)

// repeated has a POST with an idempotency key done once. Only success is kept:
// what was refused did nothing, and may be sent again.
func (s *Server) repeated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := r.Header.Get(onceHeader)
		if r.Method != http.MethodPost || given == "" {
			next.ServeHTTP(w, r)
			return
		}
		key, print, p := fingerprints(r, given)
		if p != nil {
			refuse(w, r, p)
			return
		}
		before, err := s.Once.Begin(r.Context(), key, print)
		switch {
		case err != nil:
			s.refuseError(w, r, err)
		case before != nil:
			w.Header().Set(replayed, "true")
			give(w, *before)
		default:
			s.doOnce(w, r, next, key)
		}
	})
}

// fingerprints are the key under which a request is kept, of this token only, and
// the print of what it asks for.
func fingerprints(r *http.Request, given string) (once.Key, once.Print, *client.Problem) {
	if len(given) > onceLongest {
		return once.Key{}, once.Print{}, refusal(http.StatusUnprocessableEntity, "the idempotency key is too long", fmt.Sprintf("It may have %d characters.", onceLongest))
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, onceBody+1))
	if err != nil {
		return once.Key{}, once.Print{}, refusal(http.StatusBadRequest, "the request broke off", "Send it again.")
	}
	if len(data) > onceBody {
		return once.Key{}, once.Print{}, refusal(http.StatusRequestEntityTooLarge, "the request is too large to be kept under a key", "Leave Idempotency-Key out.")
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	token, _ := r.Context().Value(tokenKey{}).([sha256.Size]byte)
	key := sha256.Sum256(append(token[:], given...))
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n%s\n%s\n", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), r.Header.Get("If-Match"))
	h.Write(data)
	return key, once.Print(h.Sum(nil)), nil
}

// doOnce does a request and keeps its answer. Whoever asked may be gone by then:
// the repetition will want to know all the same.
func (s *Server) doOnce(w http.ResponseWriter, r *http.Request, next http.Handler, key once.Key) {
	held := &recorder{header: http.Header{}, status: http.StatusOK}
	unsure := false
	next.ServeHTTP(held, r.WithContext(context.WithValue(r.Context(), unsureKey{}, &unsure)))
	ctx := context.WithoutCancel(r.Context())
	a := once.Answer{Status: held.status, Header: held.header, Body: held.body.Bytes()}
	var err error
	switch {
	case a.Status < http.StatusBadRequest:
		err = s.Once.Finish(ctx, key, a)
	case unsure: // it may have been done: whoever sends it again has to look
	default:
		err = s.Once.Forget(ctx, key)
	}
	if err != nil {
		s.Log.Error("an answer could not be kept", "error", err) // a repetition is refused for a day
	}
	give(w, a)
}

// unsureKey is where a request notes that nobody can tell whether it was done.
type unsureKey struct{}

// give writes an answer.
func give(w http.ResponseWriter, a once.Answer) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // nobody is waiting if this fails
}

// recorder holds an answer back.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
