package entra_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
)

func TestPassingFaultsCostARequestOnly(t *testing.T) {
	t.Parallel()
	tests := map[string]entrasim.Fault{
		"429 in seconds":     {Kind: entrasim.FaultThrottle, RetryAfter: "0.02", Match: "^/users", After: 1, Times: 2},
		"429 without a wait": {Kind: entrasim.FaultThrottle, Match: "^/users", After: 1, Times: 1},
		"503":                {Kind: entrasim.FaultStatus, Status: 503, RetryAfter: "0", Match: "^/users", After: 1, Times: 2},
		"500":                {Kind: entrasim.FaultStatus, Status: 500, Match: "^/users", Times: 1},
		"504":                {Kind: entrasim.FaultStatus, Status: 504, RetryAfter: "0.01", Match: "^/users", Times: 3},
		"cut connection":     {Kind: entrasim.FaultCut, Fraction: 0.7, Match: "^/users", After: 1, Times: 2},
		"truncated body":     {Kind: entrasim.FaultTruncate, Match: "^/users", After: 2, Times: 1},
		"malformed body":     {Kind: entrasim.FaultMalformed, Match: "^/users", Times: 1},
		"token refused":      {Kind: entrasim.FaultUnauthorized, Match: "^/users", After: 1, Times: 1},
		"sign-in throttled":  {Kind: entrasim.FaultSignIn, Code: 90033, Times: 1},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, entrasim.Config{People: 700}, func(c *entra.Config) { c.PageSize = 200 })
			s.inject(t, fault)
			all, _ := mustCollect(t, s.List(soon(t), userQuery))
			if want := s.people(); len(all) != want || len(ids(all)) != want {
				t.Errorf("got %d users, %d distinct, want %d", len(all), len(ids(all)), want)
			}
			if got, want := s.Usage().Retries, fault.Times; got != want {
				t.Errorf("%d retries, want %d", got, want)
			}
		})
	}
}

func TestF1LastingFaultsMakeTheReadingFail(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault entrasim.Fault
		want  errs.Kind
		says  []string
	}{
		"throttled for ever (F54)":  {entrasim.Fault{Kind: entrasim.FaultThrottle, RetryAfter: "0.001", Match: "^/users", After: 1}, errs.Unavailable, []string{"list users", "429", "TooManyRequests", "request-id"}},
		"always cut":                {entrasim.Fault{Kind: entrasim.FaultCut, Match: "^/users", After: 1}, errs.Incomplete, []string{"broke off"}},
		"always truncated":          {entrasim.Fault{Kind: entrasim.FaultTruncate, Match: "^/users", After: 1}, errs.Incomplete, []string{"ends too early", "request-id"}},
		"always malformed":          {entrasim.Fault{Kind: entrasim.FaultMalformed, Match: "^/users", After: 1}, errs.Incomplete, []string{"not JSON"}},
		"forbidden":                 {entrasim.Fault{Kind: entrasim.FaultStatus, Status: 403, Match: "^/users", After: 1}, errs.Forbidden, []string{"list users", "403"}},
		"refused for ever":          {entrasim.Fault{Kind: entrasim.FaultUnauthorized, Match: "^/users", After: 1}, errs.Unauthenticated, []string{"401", "InvalidAuthenticationToken"}},
		"the same page again (F48)": {entrasim.Fault{Kind: entrasim.FaultRepeatPage, Match: "^/users", After: 1}, errs.Incomplete, []string{"same link twice"}},
		"no end (F48)":              {entrasim.Fault{Kind: entrasim.FaultEndlessNext, Match: "^/users"}, errs.Incomplete, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, entrasim.Config{People: 300}, func(c *entra.Config) { c.PageSize, c.MaxRetries, c.MaxPages = 100, 2, 50 })
			s.inject(t, tc.fault)
			_, _, err := collect(t, s.List(soon(t), userQuery))
			if !errs.Is(err, tc.want) {
				t.Fatalf("got %v (%v), want %v", err, errs.KindOf(err), tc.want)
			}
			for _, part := range tc.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func TestUnusablePagesMakeTheReadingFail(t *testing.T) {
	t.Parallel()
	const user = `{"id":"00000000-0000-4000-8000-000000000001"}`
	tests := map[string]struct {
		body  string
		round bool
		says  string
	}{
		"an ID that is none":           {`{"value":[{"id":"someone"}]}`, false, "someone"},
		"no ID":                        {`{"value":[{"displayName":"x"}]}`, false, "object ID"},
		"no list":                      {`{"error":null}`, false, "no list"},
		"a link to another host":       {`{"value":[],"@odata.nextLink":"https://graph.example/v1.0/users"}`, false, "another host"},
		"a link to another port":       {`{"value":[],"@odata.nextLink":"http://127.0.0.1:1/v1.0/users"}`, false, "another host"},
		"a link with a user":           {`{"value":[],"@odata.nextLink":"http://graph@HOST/v1.0/users"}`, false, "another host"},
		"a round without a delta link": {`{"value":[` + user + `]}`, true, "without a link"},
		"an empty round without one":   {`{"value":[]}`, true, "without a link"},
		"both links":                   {`{"value":[],"@odata.nextLink":"http://HOST/v1.0/a","@odata.deltaLink":"http://HOST/v1.0/b"}`, true, "both"},
		"two texts":                    {`{"value":[]}{}`, false, "broken"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(c *entra.Config) { c.MaxRetries = -1 })
			h.handle = func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, strings.ReplaceAll(tc.body, "HOST", r.Host))
			}
			pages := h.client.List(soon(t), userQuery)
			if tc.round {
				pages = h.client.Changes(soon(t), userQuery)
			}
			_, _, err := collect(t, pages)
			if !errs.Is(err, errs.Incomplete) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v (%v), want incomplete and %q", err, errs.KindOf(err), tc.says)
			}
		})
	}
}

func TestEmptyListIsAnEnd(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	h.handle = func(w http.ResponseWriter, _ *http.Request) { h.page(w, "") }
	all, last := mustCollect(t, h.client.List(soon(t), userQuery))
	if len(all) != 0 || !last.Last() {
		t.Errorf("got %d objects", len(all))
	}
}

func TestBodiesHaveACap(t *testing.T) {
	t.Parallel()
	for name, announced := range map[string]bool{"announced": true, "streamed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(c *entra.Config) { c.MaxBody, c.MaxRetries = 100_000, -1 })
			body := `{"value":[` + strings.Repeat(" ", 200_000) + `]}`
			h.handle = func(w http.ResponseWriter, _ *http.Request) {
				if announced {
					w.Header().Set("Content-Length", strconv.Itoa(len(body)))
				}
				fmt.Fprint(w, body)
			}
			_, _, err := collect(t, h.client.List(soon(t), userQuery))
			if !errs.Is(err, errs.Incomplete) || !strings.Contains(err.Error(), "100000") {
				t.Errorf("got %v, want incomplete", err)
			}
		})
	}
}

func TestWrongContentLengthIsNoAnswer(t *testing.T) {
	t.Parallel()
	h := newHost(t, func(c *entra.Config) { c.MaxRetries = 1 })
	n := 0
	h.handle = func(w http.ResponseWriter, _ *http.Request) {
		n++
		if n == 1 {
			w.Header().Set("Content-Length", "500")
		}
		h.page(w, "")
	}
	mustCollect(t, h.client.List(soon(t), userQuery))
	if n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestExpiryIsReadFromInnerErrorsInAnyCase(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"SYNCSTATENOTFOUND", "resyncRequired", "directory_expiredPageToken", "other"} {
		h := newHost(t, nil)
		h.handle = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error":{"code":"Request_BadRequest","message":"m","innererror":{"code":"x","innerError":{"code":%q}}}}`, code)
		}
		_, _, err := collect(t, h.client.Changes(soon(t), userQuery))
		if got, want := errs.Is(err, errs.Expired), code != "other"; got != want {
			t.Errorf("%s: %v, want expired %v", code, err, want)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	h := newHost(t, func(c *entra.Config) { c.MaxRetries = -1 })
	h.handle = func(w http.ResponseWriter, _ *http.Request) { h.fault(w, 403, "Authorization_RequestDenied") }
	_, _, err := collect(t, h.client.List(soon(t), directory.Query{Kind: directory.Device}))
	if hint := errs.HintOf(err); !strings.Contains(hint, "Device.Read.All") {
		t.Errorf("the hint %q does not name the permission", hint)
	}
	f, ok := errors.AsType[*entra.Fault](err)
	if !ok || f.Status != 403 || f.RequestID != "r-403" || f.ClientRequestID == "" || f.Codes[1] != "inner" {
		t.Errorf("fault %+v", f)
	}
}

func TestCancelledReadingStops(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 300}, func(c *entra.Config) { c.PageSize = 100 })
	s.inject(t, entrasim.Fault{Kind: entrasim.FaultThrottle, RetryAfter: "60", Match: "^/users", After: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, _, err := collect(t, s.List(ctx, userQuery))
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 20*time.Second {
		t.Errorf("got %v after %v", err, time.Since(start))
	}
}

func TestRequestsIntroduceThemselves(t *testing.T) {
	t.Parallel()
	h := newHost(t, func(c *entra.Config) { c.UserAgent = "muster/test" })
	seen := map[string]bool{}
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("client-request-id")
		if len(id) != 36 || seen[id] || r.Header.Get("User-Agent") != "muster/test" ||
			r.Header.Get("x-ms-throttle-priority") != "Low" || r.Header.Get("Authorization") != "Bearer t" {
			t.Errorf("headers %v", r.Header)
		}
		seen[id] = true
		h.page(w, "")
	}
	for range 2 {
		mustCollect(t, h.client.List(soon(t), userQuery))
	}
	if h.tokens != 1 {
		t.Errorf("%d tokens were asked for, want 1", h.tokens)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	h := newHost(t, func(c *entra.Config) { c.MaxRetries = -1 })
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "elsewhere") {
			t.Error("the token went along with a redirect")
		}
		http.Redirect(w, r, "/v1.0/elsewhere", http.StatusFound)
	}
	if _, _, err := collect(t, h.client.List(soon(t), userQuery)); err == nil {
		t.Error("a redirect passed for a page")
	}
}
