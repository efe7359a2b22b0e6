package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/musterhq/muster/internal/server"
)

// running is a server under test.
type running struct {
	t    *testing.T
	addr string
	log  *logBook
	stop context.CancelFunc
	done chan error
}

// logBook keeps what is logged.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start serves a handler until the test ends.
func start(t *testing.T, app http.HandlerFunc, o server.Options) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, addr: l.Addr().String(), log: &logBook{}, stop: cancel, done: make(chan error, 1)}
	o.Log = slog.New(slog.NewTextHandler(r.log, nil))
	go func() { r.done <- server.Serve(ctx, l, app, o) }()
	t.Cleanup(func() {
		cancel()
		<-r.done
	})
	return r
}

// ended waits for the server's end and returns its error, for this and the
// clean-up.
func (r *running) ended() error {
	err := <-r.done
	r.done <- err
	return err
}

// raw sends bytes over a connection of its own and returns all that comes back.
func (r *running) raw(text string) string {
	r.t.Helper()
	conn := r.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		r.t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(answer)
}

func (r *running) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	// A test that waits for ever fails here and not by the clock of all tests.
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// get asks with headers given in pairs.
func (r *running) get(path string, headers ...string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+r.addr+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.do(req, headers...)
}

func (r *running) do(req *http.Request, headers ...string) (*http.Response, string) {
	r.t.Helper()
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, string(body)
}

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }

func TestEveryAnswerIsSecured(t *testing.T) {
	t.Parallel()
	r := start(t, hello, server.Options{})
	for _, path := range []string{"/", "/nowhere", "/healthz"} {
		res, _ := r.get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Permissions-Policy": "camera=(), geolocation=(), microphone=()", "X-Frame-Options": "DENY", "X-Request-Id": "",
		} {
			if got := res.Header.Get(name); got == "" || !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want %q in it", path, name, got, want)
			}
		}
		if csp := res.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") {
			t.Errorf("the policy allows what is unsafe: %s", csp)
		}
		if got := res.Header.Get("Strict-Transport-Security"); got != "" {
			t.Errorf("plain HTTP promises https: %s", got)
		}
	}
}

func TestEachRequestIsOneLineInTheLogWithoutItsQuery(t *testing.T) {
	t.Parallel()
	r := start(t, hello, server.Options{})
	res, _ := r.get("/setup?token=hunter2", "X-Request-Id", "forged")
	id := res.Header.Get("X-Request-Id")
	r.get("/healthz")
	r.stop()
	r.ended()
	log := r.log.String()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "id="+id) || !strings.Contains(log, "path=/setup status=200 bytes=5") {
		t.Errorf("the log is %q, want one line with id %s", log, id)
	}
	if strings.Contains(log, "hunter2") || strings.Contains(log, "forged") {
		t.Errorf("the log tells what the client sent: %q", log)
	}
}

func TestAPanicIsAnAnswerAndTheServerGoesOn(t *testing.T) {
	t.Parallel()
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("out of cheese")
		}
		hello(w, r)
	}, server.Options{})
	res, body := r.get("/panic")
	if res.StatusCode != http.StatusInternalServerError || strings.Contains(body, "cheese") || !strings.Contains(body, res.Header.Get("X-Request-Id")) {
		t.Errorf("the answer is %d %q", res.StatusCode, body)
	}
	if _, body := r.get("/"); body != "hello" {
		t.Errorf("the next answer is %q", body)
	}
	if log := r.log.String(); !strings.Contains(log, "out of cheese") || !strings.Contains(log, "server_test.go") {
		t.Errorf("the log does not tell where it happened: %q", log)
	}
}

func TestAnAnswerThatAPanicCutsShortIsNotTakenForWhole(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"identity", "gzip"} {
		r := start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "half of it")
			http.NewResponseController(w).Flush()
			panic("out of cheese")
		}, server.Options{})
		req, err := http.NewRequest(http.MethodGet, "http://"+r.addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", encoding)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("%s: the half was read as if it were all", encoding)
		}
		res.Body.Close()
	}
}

func TestActsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	r := start(t, hello, server.Options{})
	for name, tt := range map[string]struct {
		headers []string
		want    int
	}{
		"from a page of ours":      {[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		"from a page of another":   {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"from a sister host":       {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"an older browser, ours":   {[]string{"Origin", "http://" + r.addr}, 200},
		"an older browser, theirs": {[]string{"Origin", "https://evil.example"}, 403},
		"a program":                {nil, 200},
	} {
		req, err := http.NewRequest(http.MethodPost, "http://"+r.addr+"/act", nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, body := r.do(req, tt.headers...); res.StatusCode != tt.want {
			t.Errorf("%s: got %d %q, want %d", name, res.StatusCode, body, tt.want)
		}
	}
	if res, _ := r.get("/", "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusOK {
		t.Errorf("a link from another site is refused: %d", res.StatusCode)
	}
}

func TestWatchersLearnWhetherTheProgramCanWork(t *testing.T) {
	t.Parallel()
	var broken error = errors.New("no such table")
	var mu sync.Mutex
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "muster_of_the_test", Help: "Seven."})
	gauge.Set(7)
	r := start(t, hello, server.Options{Metrics: []prometheus.Collector{gauge}, Ready: func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		return broken
	}})
	if res, body := r.get("/readyz"); res.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "table") {
		t.Errorf("readiness without a database is %d %q", res.StatusCode, body)
	}
	if res, _ := r.get("/healthz"); res.StatusCode != http.StatusOK {
		t.Errorf("health without a database is %d", res.StatusCode)
	}
	mu.Lock()
	broken = nil
	mu.Unlock()
	if res, _ := r.get("/readyz"); res.StatusCode != http.StatusOK {
		t.Errorf("readiness is %d", res.StatusCode)
	}
	r.get("/a/page/that/somebody/made/up")
	_, numbers := r.get("/metrics")
	for _, want := range []string{"muster_of_the_test 7", `muster_http_requests_total{class="page",status="200"} 1`, `{class="watch",status="503"} 1`, "go_goroutines"} {
		if !strings.Contains(numbers, want) {
			t.Errorf("the metrics do not have %q", want)
		}
	}
	if strings.Contains(numbers, "made/up") {
		t.Error("a path that somebody asked for became a label of its own")
	}
}

func TestAStopLetsRequestsFinishAndEndsStreams(t *testing.T) {
	t.Parallel()
	in, release := make(chan string, 2), make(chan bool)
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			w.Header().Set("Content-Type", "text/event-stream")
			w.WriteHeader(http.StatusOK)
			http.NewResponseController(w).Flush()
			in <- "stream"
			<-r.Context().Done()
			return
		}
		in <- "page"
		<-release
		if r.Context().Err() != nil {
			t.Error("the request was cancelled")
		}
		hello(w, r)
	}, server.Options{})
	bodies := make(chan string, 2)
	for _, path := range []string{"/stream", "/page"} {
		go func() {
			_, body := r.get(path)
			bodies <- path + " " + body
		}()
	}
	<-in
	<-in
	r.stop()
	if got := <-bodies; got != "/stream " {
		t.Errorf("the first to end is %q, want the stream", got)
	}
	release <- true
	if got := <-bodies; got != "/page hello" {
		t.Errorf("the page is %q", got)
	}
	if err := r.ended(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

func TestAStopDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	in := make(chan bool)
	r := start(t, func(_ http.ResponseWriter, r *http.Request) {
		in <- true
		<-r.Context().Done() // until the connection is broken off
	}, server.Options{Grace: time.Millisecond})
	conn := r.dial()
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-in
	r.stop()
	if err := r.ended(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if _, err := bufio.NewReader(conn).ReadByte(); err == nil {
		t.Error("the request was answered")
	}
}
