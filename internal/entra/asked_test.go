package entra_test

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/errs"
)

// next is the member that leads to the page of a token.
func (h *host) next(token string) string {
	return fmt.Sprintf(`"@odata.nextLink":"%s/v1.0/users?$skiptoken=%s"`, h.url, token)
}

// begin writes the beginning of a page of which more is announced than comes
// when the handler returns, and sends it off.
func (h *host) begin(w http.ResponseWriter, beside string) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprintf(w, `{%s,"value":[`, beside)
	http.NewResponseController(w).Flush()
}

// names returns the users of a reading by the last digits of their IDs.
func names(t *testing.T, h *host) (string, error) {
	t.Helper()
	var got []string
	for p, err := range h.client.List(soon(t), userQuery) {
		if err != nil {
			return strings.Join(got, " "), err
		}
		for _, o := range p.Objects {
			got = append(got, strings.TrimLeft(o.ID.String()[24:], "0"))
		}
	}
	return strings.Join(got, " "), nil
}

// TestNextPageIsAskedForWhileOneArrives has a host that finishes its first page
// only when the second is asked for.
func TestNextPageIsAskedForWhileOneArrives(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	second := make(chan bool)
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("$skiptoken") == "2" {
			close(second)
			h.page(w, "", `{"id":"`+userID(2)+`"}`)
			return
		}
		fmt.Fprintf(w, `{%s,"value":[`, h.next("2"))
		http.NewResponseController(w).Flush()
		select {
		case <-second:
			fmt.Fprintf(w, `{"id":%q}]}`, userID(1))
		case <-r.Context().Done():
		}
	}
	if got, err := names(t, h); got != "1 2" || err != nil {
		t.Errorf("got users %q, %v; want 1 2", got, err)
	}
}

// TestPageThatComesAnewLeadsOn breaks off a page whose next one has been asked
// for already, and sends it with another link when it is asked for again.
func TestPageThatComesAnewLeadsOn(t *testing.T) {
	t.Parallel()
	for _, again := range []string{"same", "other"} {
		t.Run(again+" link", func(t *testing.T) {
			t.Parallel()
			h := newHost(t, nil)
			asked := make(chan bool, 1)
			broken := make(chan bool, 1)
			broken <- true
			h.handle = func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Query().Get("$skiptoken") {
				case "same":
					select {
					case asked <- true:
					default:
					}
					h.page(w, "", `{"id":"`+userID(2)+`"}`)
				case "other":
					h.page(w, "", `{"id":"`+userID(3)+`"}`)
				default:
					select {
					case <-broken:
						h.begin(w, h.next("same"))
						<-asked
					default:
						h.page(w, h.next(again), `{"id":"`+userID(1)+`"}`)
					}
				}
			}
			want := map[string]string{"same": "1 2", "other": "1 3"}[again]
			if got, err := names(t, h); got != want || err != nil {
				t.Errorf("got users %q, %v; want %s", got, err, want)
			}
		})
	}
}

// TestGoodPageComesBeforeTheFaultOfTheNext has the next page fail while the
// first one arrives.
func TestGoodPageComesBeforeTheFaultOfTheNext(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		link string
		want errs.Kind
	}{
		"the next page is refused": {"%s/v1.0/users?$skiptoken=2", errs.Forbidden},
		"the link leads elsewhere": {"https://elsewhere.example/%.0s", errs.Incomplete},
		"the link leads in circle": {"%s/v1.0/users?$skiptoken=1", errs.Incomplete},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(c *entra.Config) { c.MaxRetries = -1 })
			h.handle = func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Query().Get("$skiptoken") {
				case "2":
					h.fault(w, http.StatusForbidden, "Authorization_RequestDenied")
				case "1":
					h.page(w, `"@odata.nextLink":"`+fmt.Sprintf(tc.link, h.url)+`"`, `{"id":"`+userID(2)+`"}`)
				default:
					h.page(w, h.next("1"), `{"id":"`+userID(1)+`"}`)
				}
			}
			if got, err := names(t, h); got != "1 2" || !errs.Is(err, tc.want) {
				t.Errorf("got users %q and %v; want 1 2 and an error of kind %v", got, err, tc.want)
			}
		})
	}
}

// TestCallerMayLeaveWhileTwoPagesArrive stops after the first page while the
// second and third are on their way.
func TestCallerMayLeaveWhileTwoPagesArrive(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	third := make(chan bool, 1)
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("$skiptoken") {
		case "2":
			h.begin(w, h.next("3"))
			<-r.Context().Done()
		case "3":
			third <- true
			<-r.Context().Done()
		default:
			h.page(w, h.next("2"), `{"id":"`+userID(1)+`"}`)
		}
	}
	for p, err := range h.client.List(soon(t), userQuery) {
		if err != nil || p.Next == (directory.Cursor{}) {
			t.Fatalf("got %v, want a page with a next one", err)
		}
		<-third
		return
	}
}

// TestNothingIsAskedForEarlyWhereLinksDiffer breaks off each page once and gives
// each answer a link of its own. The first break costs the page that was asked
// for early, the others nothing beyond themselves.
func TestNothingIsAskedForEarlyWhereLinksDiffer(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	const pages = 4
	var mu sync.Mutex
	asked := map[int]int{} // how often each page was asked for
	early := make(chan bool, 1)
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		token, _, _ := strings.Cut(r.URL.Query().Get("$skiptoken"), ".")
		n, _ := strconv.Atoi(token)
		mu.Lock()
		asked[n]++
		times := asked[n]
		mu.Unlock()
		next := ""
		if n < pages-1 {
			next = h.next(fmt.Sprintf("%d.%d", n+1, times))
		}
		switch {
		case n == 1 && times == 1:
			early <- true
		case n == 0 && times == 1:
			h.begin(w, next)
			<-early
			return
		case n == 2 && times == 1:
			h.begin(w, next)
			return
		}
		h.page(w, next, `{"id":"`+userID(n+1)+`"}`)
	}
	if got, err := names(t, h); got != "1 2 3 4" || err != nil {
		t.Errorf("got users %q, %v; want 1 2 3 4", got, err)
	}
	want := map[int]int{0: 2, 1: 2, 2: 2, 3: 1}
	if !maps.Equal(asked, want) {
		t.Errorf("pages were asked for %v times, want %v", asked, want)
	}
}
