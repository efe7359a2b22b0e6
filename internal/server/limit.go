package server

import (
	"io"
	"mime"
	"net/http"
	"time"
)

// The largest bodies that are read, in bytes.
const (
	mostBody   = 1 << 20  // forms and JSON
	mostUpload = 32 << 20 // multipart forms, which carry files
	// slowest is the rate in bytes a second that a body has to arrive at.
	slowest = 32 << 10
)

// limited refuses bodies that are too large, and does not wait long for those
// that do not come. A body that says its length is refused before it is read;
// reading another past the limit fails with *http.MaxBytesError.
func limited(p patience, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := int64(mostBody)
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
			most = mostUpload
		}
		if r.ContentLength > most {
			w.Header().Set("Connection", "close")
			http.Error(w, "That is too much at once. A form may have 1 MB, with files 32 MB.", http.StatusRequestEntityTooLarge)
			return
		}
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		b := &body{ReadCloser: http.MaxBytesReader(w, r.Body, most), control: http.NewResponseController(w)}
		b.allowed = p.body + time.Duration(most/slowest)*time.Second
		if r.ContentLength > 0 {
			b.allowed = p.body + time.Duration(r.ContentLength/slowest)*time.Second
		}
		r.Body = b
		defer b.leave(p.body)
		next.ServeHTTP(w, r)
	})
}

// body is a request's body that has to arrive in a time of its own, counted from
// the first look at it. Without a deadline left over, a handler may then work as
// long as it needs: a read deadline that passes would cancel it.
type body struct {
	io.ReadCloser
	control *http.ResponseController
	allowed time.Duration
	started bool
	over    bool // all of it arrived
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if !b.started {
		b.started = true
		_ = b.control.SetReadDeadline(time.Now().Add(b.allowed))
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && !b.over {
		b.over = true
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// leave bounds how long the rest of a body is waited for that was not read.
func (b *body) leave(patience time.Duration) {
	if !b.over {
		_ = b.control.SetReadDeadline(time.Now().Add(patience))
	}
}
