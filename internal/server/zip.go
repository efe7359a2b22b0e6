package server

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"
)

// zipped compresses pages, listings and downloads of text for clients that take
// it. Event streams and what is compressed already pass through.
func zipped(next http.Handler) http.Handler {
	pool := &sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead || !takesGzip(r.Header.Values("Accept-Encoding")) {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipper{ResponseWriter: w, pool: pool}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

// takesGzip reads Accept-Encoding; a quality of 0 is a refusal.
func takesGzip(accept []string) bool {
	for _, m := range members(accept) {
		name, quality, _ := strings.Cut(m, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.ReplaceAll(quality, " ", "")
			return q != "q=0" && !strings.HasPrefix(q, "q=0.0")
		}
	}
	return false
}

// zipper decides when the header is known.
type zipper struct {
	http.ResponseWriter
	pool  *sync.Pool
	z     *gzip.Writer // nil while, or when, nothing is compressed
	began bool
}

// Unwrap lets http.ResponseController reach what is below.
func (z *zipper) Unwrap() http.ResponseWriter { return z.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (z *zipper) WriteHeader(code int) {
	if !z.began && code >= 200 {
		z.began = true
		z.begin(code)
	}
	z.ResponseWriter.WriteHeader(code)
}

func (z *zipper) begin(code int) {
	h := z.Header()
	if !isText(h.Get("Content-Type")) {
		return
	}
	h.Add("Vary", "Accept-Encoding")
	if h.Get("Content-Encoding") != "" || code == http.StatusNoContent || code == http.StatusNotModified || code == http.StatusPartialContent {
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	z.z = z.pool.Get().(*gzip.Writer)
	z.z.Reset(z.ResponseWriter)
}

// isText reports whether a type of content is worth compressing.
func isText(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	switch strings.TrimSpace(kind) {
	case "text/html", "text/csv", "text/plain", "application/json", "application/problem+json":
		return true
	}
	return false
}

// Write implements http.ResponseWriter.
func (z *zipper) Write(b []byte) (int, error) {
	if !z.began {
		if z.Header().Get("Content-Type") == "" {
			z.Header().Set("Content-Type", http.DetectContentType(b))
		}
		z.WriteHeader(http.StatusOK)
	}
	if z.z == nil {
		return z.ResponseWriter.Write(b)
	}
	return z.z.Write(b)
}

// FlushError sends what was written so far.
func (z *zipper) FlushError() error {
	if z.z != nil {
		if err := z.z.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(z.ResponseWriter).Flush()
}

// close writes what is left. After a panic the answer is cut off below.
func (z *zipper) close() {
	if z.z == nil {
		return
	}
	_ = z.z.Close() // the client went away, which the log line tells
	z.z.Reset(io.Discard)
	z.pool.Put(z.z)
}
