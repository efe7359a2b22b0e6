package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/api"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestNobodyGetsInWithoutAToken(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.tokens["forged"] = "mst_" + strings.Repeat("a", 48)
	for _, who := range []string{"nobody", "forged"} {
		got := o.ask(who, "GET", "/accounts", nil)
		p := read[client.Problem](got, http.StatusUnauthorized)
		if p.Kind != "unauthenticated" || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %+v", who, p)
		}
	}
	cookie := o.ask("nobody", "GET", "/accounts", nil, "Cookie", "muster_session="+o.tokenOf(boss)+"; session="+o.tokenOf(boss))
	if cookie.status != http.StatusUnauthorized {
		t.Errorf("with a cookie instead of a token: %d, want 401", cookie.status)
	}
	for _, path := range []string{"/openapi.json", "/openapi.yaml", "/docs", "/docs.css"} {
		if got := o.ask("nobody", "GET", path, nil); got.status != http.StatusOK {
			t.Errorf("%s without a token: %d, want it to be open", path, got.status)
		}
	}
}

func TestWhatLeadsNowhereIsAProblemToo(t *testing.T) {
	t.Parallel()
	o := open(t)
	if p := read[client.Problem](o.ask(boss, "GET", "/nothing", nil), http.StatusNotFound); p.Kind != "not found" {
		t.Errorf("an address that leads nowhere: %+v", p)
	}
	got := o.ask(boss, "DELETE", "/accounts", nil)
	if read[client.Problem](got, http.StatusMethodNotAllowed); got.header.Get("Allow") != "GET, POST" {
		t.Errorf("a method that is not taken: allowed %q, want GET, POST", got.header.Get("Allow"))
	}
}

func TestATokenThatAsksTooOftenWaits(t *testing.T) {
	t.Parallel()
	o := openOn(t, storetest.SQLite(t), api.Rate{PerSecond: 0.5, Burst: 3})
	for range 3 {
		if got := o.ask(boss, "GET", "/me", nil); got.status != http.StatusOK {
			t.Fatalf("within the rate: %d", got.status)
		}
	}
	got := o.ask(boss, "GET", "/me", nil)
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 3 {
		t.Errorf("above the rate: %d, to wait %q; want 429 and some two seconds", got.status, got.header.Get("Retry-After"))
	}
	if other := o.ask(manager, "GET", "/me", nil); other.status != http.StatusOK {
		t.Errorf("another token meanwhile: %d, want it served", other.status)
	}
}

func TestTheSameRequestIsDoneOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := openOn(t, db, api.Rate{PerSecond: 1e6, Burst: 1e6})
		c := o.collection(o.module, register.Main)
		path := o.in("/collections/%d/records", c.ID)
		in := client.RecordInput{Fields: client.Values{"Name": "Laptop"}}
		first := o.ask(manager, "POST", path, in, "Idempotency-Key", "one")
		again := o.ask(manager, "POST", path, in, "Idempotency-Key", "one")
		a, b := read[client.Record](first, http.StatusCreated), read[client.Record](again, http.StatusCreated)
		if a.ID != b.ID || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("ETag") != first.header.Get("ETag") || again.header.Get("Content-Type") != first.header.Get("Content-Type") {
			t.Errorf("sent twice: records %d and %d, headers %v", a.ID, b.ID, again.header)
		}
		if other := read[client.Record](o.ask(colleague, "POST", path, in, "Idempotency-Key", "one"), http.StatusCreated); other.ID == a.ID {
			t.Error("somebody else's key of the same text gave the answer away")
		}
		in.Fields["Name"] = "Another"
		if got := o.ask(manager, "POST", path, in, "Idempotency-Key", "one"); got.status != http.StatusUnprocessableEntity {
			t.Errorf("another request under the key: %d, want 422", got.status)
		}
		bad := client.RecordInput{Fields: client.Values{"Name": "Laptop", "Price": "dear"}}
		if got := o.ask(manager, "POST", path, bad, "Idempotency-Key", "two"); got.status != http.StatusUnprocessableEntity {
			t.Fatalf("a bad price: %d", got.status)
		}
		bad.Fields["Price"] = 5
		if got := o.ask(manager, "POST", path, bad, "Idempotency-Key", "two"); got.status != http.StatusCreated {
			t.Errorf("put right under the same key: %d %s, want it done", got.status, got.body)
		}
	})
}

// When the line to the database breaks, a request may be sent again under its key:
// it is done again where it was not done, and nothing is done where nobody can tell.
func TestARequestThatBrokeOffIsNeverDoneTwice(t *testing.T) {
	t.Parallel()
	cluster := storetest.StartCluster(t)
	line := storetest.Lay(t, cluster.Dial)
	o := openOn(t, storetest.Open(t, store.Config{URL: fmt.Sprintf("postgres://postgres@%s/muster?sslmode=disable", line.Address())}), api.Rate{PerSecond: 1e6, Burst: 1e6})
	path := o.in("/collections/%d/records", o.collection(o.module, register.Main).ID)
	for _, tc := range []struct {
		name, word    string
		arrives       bool
		again, either int // the status of the repetition, and how many there are then
	}{
		{"what is to be done is lost", `copy "record" `, false, http.StatusCreated, 1},
		{"the commit is lost", "COMMIT", false, http.StatusConflict, 0},
		{"the answer to the commit is lost", "COMMIT", true, http.StatusConflict, 1},
	} {
		in := client.RecordInput{Fields: client.Values{"Name": tc.name}}
		line.BreakOff(tc.word, tc.arrives)
		first := o.ask(manager, "POST", path, in, "Idempotency-Key", tc.name)
		if p := read[client.Problem](first, http.StatusServiceUnavailable); strings.Contains(p.Detail+p.Hint, "127.0.0.1") {
			t.Errorf("%s: the answer tells where the database is: %+v", tc.name, p)
		}
		if again := o.ask(manager, "POST", path, in, "Idempotency-Key", tc.name); again.status != tc.again {
			t.Errorf("%s: sent again it is answered %d %s, want %d", tc.name, again.status, again.body, tc.again)
		}
		list := read[client.Page[client.Record]](o.ask(manager, "GET", path, nil), http.StatusOK)
		there := 0
		for _, r := range list.Items {
			if r.Title == tc.name {
				there++
			}
		}
		if there != tc.either {
			t.Errorf("%s: there are %d, want %d", tc.name, there, tc.either)
		}
	}
}

func TestABodyHasALimit(t *testing.T) {
	t.Parallel()
	o := open(t)
	c := o.collection(o.module, register.Main)
	big := `{"fields": {"Name": "` + strings.Repeat("x", 3<<20) + `"}}`
	for _, key := range []string{"", "k"} {
		got := o.ask(manager, "POST", o.in("/collections/%d/records", c.ID), big, "Idempotency-Key", key)
		if p := read[client.Problem](got, http.StatusRequestEntityTooLarge); p.Status != 413 {
			t.Errorf("three megabytes: %+v", p)
		}
	}
}

func TestATextThatNoDatabaseKeepsIsRefused(t *testing.T) {
	t.Parallel()
	o := open(t)
	path := o.in("/collections/%d/records", o.collection(o.module, register.Main).ID)
	for name, got := range map[string]answer{
		"the character 0 in a body":      o.ask(manager, "POST", path, `{"fields": {"Name": "a\u0000b"}}`),
		"the character 0 in a query":     o.ask(manager, "GET", path+"?q=a%00b", nil),
		"bytes in a query":               o.ask(manager, "GET", path+"?q=%ff", nil),
		"the character 0 in a path":      o.ask(manager, "GET", "/modules/1%00", nil),
		"a body that is no JSON":         o.ask(manager, "POST", path, `{"fields": `),
		"a member that nobody asked for": o.ask(manager, "POST", path, `{"fields": {"Name": "a"}, "colour": "red"}`),
	} {
		if got.status != http.StatusBadRequest && got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s, want it refused", name, got.status, got.body)
		}
	}
	if got := o.ask(manager, "POST", path, `{"fields": {"Name": "a\\\\u0000b"}}`); got.status != http.StatusCreated {
		t.Errorf("a backslash before u0000: %d %s, want it taken", got.status, got.body)
	}
}
