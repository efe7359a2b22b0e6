package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// answers is a server that gives answers in turn, the last one for ever, and the
// client of it. Waits take no time and are noted.
func answers(t *testing.T, list ...func(w http.ResponseWriter)) (*Client, *[]*http.Request, *[]time.Duration) {
	t.Helper()
	var asked []*http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r)
		list[min(len(asked), len(list))-1](w)
	}))
	t.Cleanup(srv.Close)
	c, err := New(srv.URL, "mst_x")
	if err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	c.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	return c, &asked, &waits
}

func busy(status int, after string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(status)
	}
}

func says(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { io.WriteString(w, text) }
}

// broken ends the connection in the middle of an answer.
func broken(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

func TestABusyServerIsAskedAgainAfterTheWaitThatItWants(t *testing.T) {
	t.Parallel()
	c, asked, waits := answers(t, busy(429, "7"), busy(503, ""), busy(503, "99999"), says(`{"id": 4}`))
	r, err := c.Record(t.Context(), 1, 4)
	if err != nil || r.ID != 4 || len(*asked) != 4 {
		t.Errorf("got %+v, %v after %d requests", r, err, len(*asked))
	}
	if want := []time.Duration{7 * time.Second, 2 * time.Second, longest}; !slices.Equal(*waits, want) {
		t.Errorf("waited %v, want %v", *waits, want)
	}
}

func TestARequestThatIsSentAgainCarriesTheSameKey(t *testing.T) {
	t.Parallel()
	c, asked, _ := answers(t, broken, busy(503, "0"), says(`{"id": 4}`))
	if _, err := c.CreateRecord(t.Context(), 1, 2, RecordInput{Fields: Values{"Name": "x"}}); err != nil {
		t.Fatal(err)
	}
	first := (*asked)[0].Header.Get("Idempotency-Key")
	for i, r := range *asked {
		if key := r.Header.Get("Idempotency-Key"); key == "" || key != first {
			t.Errorf("request %d has the key %q, want %q", i+1, key, first)
		}
	}
	if _, err := c.CreateRecord(t.Context(), 1, 2, RecordInput{}); err != nil || (*asked)[3].Header.Get("Idempotency-Key") == first {
		t.Errorf("another request has the same key (%v)", err)
	}
}

func TestAChangeThatMayHaveBeenDoneIsNotSentAgain(t *testing.T) {
	t.Parallel()
	c, asked, _ := answers(t, broken, says(`{"id": 4}`))
	if _, err := c.ChangeRecord(t.Context(), 1, 4, 2, RecordInput{}); err == nil || len(*asked) != 1 {
		t.Errorf("a change whose answer was lost: %v after %d requests, want an error after one", err, len(*asked))
	}
}

func TestARefusalIsAProblem(t *testing.T) {
	t.Parallel()
	c, asked, _ := answers(t, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, `{"status": 409, "kind": "conflict", "detail": "it is held", "hint": "Check it in first."}`)
	}, func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html>nginx</html>")
	})
	_, err := c.CheckOut(t.Context(), 1, CheckOut{})
	if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != "conflict" || len(*asked) != 1 {
		t.Errorf("got %v after %d requests, want the problem after one", err, len(*asked))
	}
	_, err = c.Me(t.Context())
	if p, ok := errors.AsType[*Problem](err); !ok || p.Status != http.StatusBadGateway || strings.Contains(p.Detail, "html") {
		t.Errorf("a proxy's page: %v, want a problem that says what it is", err)
	}
}

func TestATokenGoesNowhereInTheClearAndFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://assets.example.com", "assets.example.com", "ftp://localhost", "https://user:pw@example.com", "http://10.0.0.8:8080", ""} {
		if _, err := New(address, "mst_x"); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
	for _, address := range []string{"https://assets.example.com", "http://localhost:8080/", "http://127.0.0.1:1", "http://[::1]:8080"} {
		if _, err := New(address, "mst_x\n"); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := New("https://assets.example.com", " "); err == nil {
		t.Error("no token is taken")
	}
	c, asked, _ := answers(t, func(w http.ResponseWriter) {
		w.Header().Set("Location", "http://elsewhere.example/")
		w.WriteHeader(http.StatusFound)
	})
	if _, err := c.Me(t.Context()); err == nil || len(*asked) != 1 {
		t.Errorf("a redirect gives %v after %d requests, want an error after one", err, len(*asked))
	}
}

func TestPagesEndWithAnErrorOrWithTheLast(t *testing.T) {
	t.Parallel()
	c, asked, _ := answers(t, says(`{"items": [{"id": 1}, {"id": 2}], "next": "a b"}`), says(`{"items": [{"id": 3}]}`))
	var got []int64
	for r, err := range c.Records(t.Context(), 1, 2, RecordQuery{Filters: []string{"Price.at-least.1", "Name.has.x"}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID)
	}
	if !slices.Equal(got, []int64{1, 2, 3}) || (*asked)[1].URL.Query().Get("cursor") != "a b" || len((*asked)[1].URL.Query()["filter"]) != 2 {
		t.Errorf("got %v by %v", got, (*asked)[1].URL)
	}
	c, _, _ = answers(t, says(`{"items": [{"id": 1}], "next": "x"}`), busy(404, ""))
	n := 0
	var last error
	for _, err := range c.Records(t.Context(), 1, 2, RecordQuery{}) {
		n, last = n+1, err
	}
	if n != 2 || last == nil {
		t.Errorf("a page that is refused: %d items, then %v; want the one before and the error", n, last)
	}
}

func TestARunIsFollowedBeyondAStreamThatBreaksOff(t *testing.T) {
	t.Parallel()
	c, asked, _ := answers(t,
		says("event: progress\ndata: {\"run\": 4, \"stage\": \"read\", \"done\": 10}\n\nevent: progress\ndata: {\"ru"),
		says(`{"id": 4, "state": "running"}`),
		says(": a comment\nevent: run\ndata: {\"id\": 4,\ndata: \"state\": \"held\"}\n\n"))
	var told []Progress
	run, err := c.Watch(t.Context(), 1, 4, func(p Progress) { told = append(told, p) })
	if err != nil || run.State != "held" || len(*asked) != 3 || len(told) != 1 || told[0].Done != 10 {
		t.Errorf("got %+v, %v, told %+v after %d requests", run, err, told, len(*asked))
	}
}

// Whatever a stream holds, reading it ends.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{"event: run\ndata: {}\n\n", "data\n\n", ":\n\n", "data: a\ndata: b\n\nevent", "\r\n\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := events(strings.NewReader(text), func(_, data string) error {
			if data == "" {
				t.Error("an event without data is told")
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}
