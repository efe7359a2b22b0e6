package server_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/server"
)

func TestPagesTravelCompressed(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("<p>a page</p>", 1000)
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		if kind := r.URL.Query().Get("kind"); kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		if r.URL.Query().Has("encoded") {
			w.Header().Set("Content-Encoding", "br")
		}
		io.WriteString(w, page)
	}, server.Options{})
	for name, tt := range map[string]struct {
		path, accept string
		zipped       bool
	}{
		"a page":                          {"/?kind=text/html;charset=utf-8", "gzip, deflate, br", true},
		"a page that does not say so":     {"/", "gzip", true},
		"a download":                      {"/?kind=text/csv", "br;q=1, GZIP;q=0.8", true},
		"for who does not want it":        {"/?kind=text/html", "br", false},
		"for who refuses it":              {"/?kind=text/html", "gzip;q=0, br", false},
		"for who refuses it at length":    {"/?kind=text/html", "gzip; q=0.000", false},
		"a picture":                       {"/?kind=image/png", "gzip", false},
		"an event stream":                 {"/?kind=text/event-stream", "gzip", false},
		"something that is compressed":    {"/?kind=text/html&encoded", "gzip", false},
		"what only sounds like a page":    {"/?kind=text/htmlx", "gzip", false},
		"for who says nothing about it":   {"/?kind=text/html", "", false},
		"for who likes anything at all":   {"/?kind=text/html", "*", false},
		"a problem, told to a program":    {"/?kind=application/problem%2Bjson", "gzip", true},
		"a script, which has its own zip": {"/?kind=text/javascript", "gzip", false},
	} {
		res, body := r.get(tt.path, "Accept-Encoding", tt.accept)
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != tt.zipped {
			t.Errorf("%s: compressed is %v, want %v", name, got, tt.zipped)
			continue
		}
		if tt.zipped {
			z, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			plain, err := io.ReadAll(z)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			body = string(plain)
		}
		if body != page {
			t.Errorf("%s: %d bytes arrived, want %d", name, len(body), len(page))
		}
		if strings.Contains(tt.path, "text/html") && tt.zipped && !strings.Contains(res.Header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: caches are not told that there are two forms", name)
		}
	}
}

func TestAnswersWithoutABodyStayWithout(t *testing.T) {
	t.Parallel()
	r := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNoContent)
	}, server.Options{})
	if res, body := r.get("/", "Accept-Encoding", "gzip"); body != "" || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("an answer of no content has %q", body)
	}
}
