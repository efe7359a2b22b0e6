package entra_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
)

// TestCallerMayLeave stops at every page of a reading. That nothing is left
// running is checked when all tests are done.
func TestCallerMayLeave(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 1000}, func(c *entra.Config) { c.PageSize = 100 })
	for stop := range 5 {
		for _, readers := range []int{1, 3} {
			q := userQuery
			q.Readers = readers
			n := 0
			for _, err := range s.List(soon(t), q) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n > stop {
					break
				}
			}
			if n != stop+1 {
				t.Errorf("%d pages, want %d", n, stop+1)
			}
		}
	}
}

// TestPageStaysWhileItIsHandled holds every page until the reader has had time
// to fetch all that it may: the memory of a page in use must not be written.
func TestPageStaysWhileItIsHandled(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 1500, Cache: true}, func(c *entra.Config) { c.PageSize = 100 })
	pages := 0
	for p, err := range s.List(soon(t), userQuery) {
		if err != nil {
			t.Fatal(err)
		}
		before := make([]string, len(p.Objects))
		for i, o := range p.Objects {
			before[i] = o.ID.String() + string(o.Doc)
		}
		ahead := s.Usage().Requests
		for range 20 { // until the reader is as far ahead as it gets, or a while
			if s.Usage().Requests >= ahead+3 {
				break
			}
			<-time.After(time.Millisecond)
		}
		for i, o := range p.Objects {
			if o.ID.String()+string(o.Doc) != before[i] {
				t.Fatalf("page %d, object %d was written over", pages, i)
			}
		}
		pages++
	}
	if pages < 14 {
		t.Errorf("%d pages", pages)
	}
}

// TestNextPageIsAskedForWhileOneIsHandled waits, with the first page in hand,
// for the request of the second.
func TestNextPageIsAskedForWhileOneIsHandled(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	asked := make(chan bool, 3)
	n := 0
	h.handle = func(w http.ResponseWriter, _ *http.Request) {
		asked <- true
		if n++; n == 3 {
			h.page(w, "")
			return
		}
		h.page(w, fmt.Sprintf(`"@odata.nextLink":"%s/v1.0/users?$skiptoken=%d"`, h.url, n))
	}
	ctx := soon(t)
	pages := 0
	for _, err := range h.client.List(ctx, userQuery) {
		if err != nil {
			t.Fatal(err)
		}
		if pages++; pages > 1 {
			continue
		}
		for range 2 { // the request of this page, and that of the next
			select {
			case <-asked:
			case <-ctx.Done():
				t.Fatal("the next page is not asked for before this one is handled")
			}
		}
	}
	if pages != 3 {
		t.Errorf("%d pages, want 3", pages)
	}
}

func TestLinksAreBoundToTheHostWhateverTheCase(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	n := 0
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			h.page(w, `"@odata.nextLink":"`+strings.Replace(h.url, "http://", "HTTP://", 1)+`/v1.0/users?$skiptoken=x"`)
			return
		}
		h.page(w, "")
	}
	if all, _ := mustCollect(t, h.client.List(soon(t), userQuery)); len(all) != 0 || n != 2 {
		t.Errorf("%d objects in %d pages", len(all), n)
	}
}

// splitHost counts so many users, and lists one user in every range.
func splitHost(t *testing.T, counts []int, refuse bool) (*host, *[]string) {
	h := newHost(t, func(c *entra.Config) { c.PageSize = 1 })
	var asked []string
	lock := make(chan struct{}, 1)
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		lock <- struct{}{}
		defer func() { <-lock }()
		filter := r.URL.Query().Get("$filter")
		switch {
		case strings.HasSuffix(r.URL.Path, "$count"):
			fmt.Fprint(w, "\ufeff", counts[0]) // the service sends a byte order mark
			counts = append(counts[1:], counts[0])
			asked = append(asked, "count")
		case filter != "" && refuse:
			h.fault(w, 400, "Request_UnsupportedQuery")
		case filter != "":
			asked = append(asked, "range")
			h.page(w, "", fmt.Sprintf(`{"id":%q}`, userID(len(asked))))
		default:
			asked = append(asked, "chain")
			h.page(w, "", fmt.Sprintf(`{"id":%q}`, userID(1000)))
		}
	}
	return h, &asked
}

func TestSplitListingHasToAddUp(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		counts []int
		refuse bool
		want   string // what is asked for beside the ranges, in order
	}{
		"adds up":                      {[]int{30}, false, "count"},
		"one hired meanwhile":          {[]int{29, 30}, false, "count count"},
		"one left meanwhile":           {[]int{31, 30}, false, "count count"},
		"one is missing: read in full": {[]int{31, 31}, false, "count count chain"},
		"one too many: read in full":   {[]int{29, 29}, false, "count count chain"},
		"ranges are refused":           {[]int{30}, true, "count chain"},
		"too small to split":           {[]int{2}, false, "count chain"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, asked := splitHost(t, tc.counts, tc.refuse)
			q := userQuery
			q.Readers = 2
			all, last := mustCollect(t, h.client.List(soon(t), q))
			got := strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(*asked, " "), "range", "")), " ")
			if got != tc.want || !last.Last() || len(all) == 0 {
				t.Errorf("asked %q, want %q; %d objects", got, tc.want, len(all))
			}
		})
	}
}

func TestSplitListingFailsWhole(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 2000}, func(c *entra.Config) { c.PageSize, c.MaxRetries = 100, 1 })
	s.inject(t, entrasim.Fault{Kind: entrasim.FaultTruncate, Match: "^/users$", After: 9})
	q := userQuery
	q.Readers = 3
	if _, _, err := collect(t, s.List(soon(t), q)); !errs.Is(err, errs.Incomplete) {
		t.Errorf("got %v, want incomplete", err)
	}
}

func TestManyGroupsAreFollowedTogether(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	var groups []directory.ObjectID
	for i := range 51 {
		groups = append(groups, mustID(t, userID(i+1)))
	}
	for n, wantFilter := range map[int]bool{50: true, 51: false} {
		h.handle = func(w http.ResponseWriter, r *http.Request) {
			if got := r.URL.Query().Get("$filter"); (got != "") != wantFilter || strings.Count(got, " or ") != 49 && wantFilter {
				t.Errorf("%d groups: filter %q", n, got)
			}
			h.page(w, `"@odata.deltaLink":"`+h.url+`/v1.0/d"`, `{"id":"`+userID(1)+`"}`, `{"id":"`+userID(900)+`"}`)
		}
		all, _ := mustCollect(t, h.client.GroupChanges(soon(t), groups[:n], directory.Cursor{}))
		if len(all) != 1 || all[0].ID != groups[0] {
			t.Errorf("%d groups: %+v", n, all)
		}
	}
}
