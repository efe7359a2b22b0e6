package entra_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/directory"
)

// relations is a host with forty users, each managed by the one before, that
// treats $expand and $batch as told.
type relations struct {
	*host
	expand   string // "yes", "ignored", or the status of a refusal
	noBatch  bool
	asked    map[string]int // users/manager, $batch
	pageSize int
}

func newRelations(t *testing.T, expand string, noBatch bool) *relations {
	r := &relations{host: newHost(t, nil), expand: expand, noBatch: noBatch, asked: map[string]int{}, pageSize: 40}
	r.handle = r.serve
	return r
}

func userID(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// manager returns the manager of user i and whether there is one.
func (r *relations) manager(i int) (string, bool) { return userID(i - 1), i%20 != 1 }

func (r *relations) serve(w http.ResponseWriter, q *http.Request) {
	path := strings.TrimPrefix(q.URL.Path, "/v1.0")
	switch {
	case path == "/users" && r.refuses(q):
		status := 400
		if r.expand == "501" {
			status = 501
		}
		r.fault(w, status, "Request_UnsupportedQuery")
	case path == "/users":
		var objects []string
		for i := 1; i <= 40; i++ {
			o := fmt.Sprintf(`{"id":%q,"displayName":"User %d"`, userID(i), i)
			if m, ok := r.manager(i); ok && q.URL.Query().Has("$expand") && r.expand == "yes" {
				o += fmt.Sprintf(`,"manager":{"id":%q}`, m)
			}
			objects = append(objects, o+"}")
		}
		r.page(w, "", objects...)
	case path == "/$batch":
		r.asked["batch"]++
		r.batch(w, q)
	default:
		r.asked["single"]++
		status, body := r.one(path)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func (r *relations) refuses(q *http.Request) bool {
	return q.URL.Query().Has("$expand") && (r.expand == "400" || r.expand == "501")
}

// one answers /users/{id}/manager.
func (r *relations) one(path string) (int, string) {
	var n int
	if _, err := fmt.Sscanf(path, "/users/00000000-0000-4000-8000-%d/manager", &n); err != nil {
		return 400, `{}`
	}
	if m, ok := r.manager(n); ok {
		return 200, fmt.Sprintf(`{"@odata.type":"#microsoft.graph.user","id":%q}`, m)
	}
	return 404, `{"error":{"code":"Request_ResourceNotFound"}}`
}

func (r *relations) batch(w http.ResponseWriter, q *http.Request) {
	var in struct {
		Requests []struct{ ID, Method, URL string }
	}
	if err := json.NewDecoder(q.Body).Decode(&in); err != nil || r.noBatch || len(in.Requests) > 20 {
		r.fault(w, 400, "BadRequest")
		return
	}
	var out []string
	for i := len(in.Requests) - 1; i >= 0; i-- { // in any order
		path, _, _ := strings.Cut(in.Requests[i].URL, "?")
		status, body := r.one(path)
		out = append(out, fmt.Sprintf(`{"id":%q,"status":%d,"headers":{"Content-Type":"application/json"},"body":%s}`, in.Requests[i].ID, status, body))
	}
	fmt.Fprintf(w, `{"responses":[%s]}`, strings.Join(out, ","))
}

func TestExpandOrAskHaveOneShape(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		expand          string
		noBatch         bool
		batches, single int
	}{
		"expanded":                     {"yes", false, 0, 0},
		"refused with 400":             {"400", false, 2, 0},
		"refused with 501":             {"501", false, 2, 0},
		"ignored":                      {"ignored", false, 2, 0},
		"refused, and batches as well": {"400", true, 1, 40},
	}
	var want []string
	for i := 1; i <= 40; i++ {
		manager := "null"
		if i%20 != 1 {
			manager = fmt.Sprintf(`{"id":%q}`, userID(i-1))
		}
		want = append(want, fmt.Sprintf(`{"id":%q,"displayName":"User %d","manager":%s}`, userID(i), i, manager))
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelations(t, tc.expand, tc.noBatch)
			all, _ := mustCollect(t, r.client.List(soon(t), directory.Query{Kind: directory.User, Select: []string{"displayName", "manager.id"}, Expand: "manager"}))
			if len(all) != 40 {
				t.Fatalf("%d users", len(all))
			}
			for i, o := range all {
				if o.doc != want[i] {
					t.Errorf("got %s, want %s", o.doc, want[i])
				}
			}
			if r.asked["batch"] != tc.batches || r.asked["single"] != tc.single {
				t.Errorf("asked %v, want %d batches and %d singles", r.asked, tc.batches, tc.single)
			}
		})
	}
}

func TestNobodyHasAManager(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	batches := 0
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1.0/$batch" {
			batches++
			fmt.Fprint(w, `{"responses":[{"id":"0","status":404,"body":null},{"id":"1","status":404,"body":null}]}`)
			return
		}
		h.page(w, "", `{"id":"`+userID(1)+`"}`, `{"id":"`+userID(2)+`"}`)
	}
	all, _ := mustCollect(t, h.client.List(soon(t), directory.Query{Kind: directory.User, Expand: "manager"}))
	for _, o := range all {
		if directory.Document(o.doc).Get("manager").State() != directory.Null {
			t.Errorf("%s", o.doc)
		}
	}
	if batches != 1 {
		t.Errorf("%d batches, want 1", batches)
	}
}

func TestBatchPartsAreThrottledOneByOne(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	asked := 0
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		asked++
		throttled := `{"id":"1","status":429,"headers":{"Retry-After":"0.01"},"body":{"error":{"code":"TooManyRequests"}}}`
		switch asked {
		case 1:
			fmt.Fprintf(w, `{"responses":[{"id":"0","status":200,"body":{"id":%q}},%s]}`, userID(1), throttled)
		case 2:
			fmt.Fprint(w, `{"responses":[{"id":"1","status":404,"body":null}]}`)
		}
	}
	found, missing, err := h.client.ByID(soon(t), directory.User, []directory.ObjectID{mustID(t, userID(1)), mustID(t, userID(2))}, nil)
	if err != nil || len(found) != 1 || len(missing) != 1 || asked != 2 {
		t.Errorf("found %v, missing %v, %v after %d requests", found, missing, err, asked)
	}
}
