package entrasim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

func TestFaultsStrikeTheRequestsTheyName(t *testing.T) {
	t.Parallel()
	b := &faultBox{}
	if err := b.add(Fault{Kind: FaultStatus, Match: "^/users", After: 2, Every: 3, Times: 2}); err != nil {
		t.Fatal(err)
	}
	var struck []int
	for i := 1; i <= 14; i++ {
		b.plan("/groups", "", false)
		if p := b.plan("/users", "", false); p.transport != nil {
			struck = append(struck, i)
		}
	}
	if len(struck) != 2 || struck[0] != 5 || struck[1] != 8 {
		t.Errorf("struck requests %v, want 5 and 8", struck)
	}
	if err := b.add(Fault{Kind: "nonsense"}); err == nil {
		t.Error("an unknown kind was accepted")
	}
	if err := b.add(Fault{Kind: FaultCut, Match: "("}); err == nil {
		t.Error("a broken pattern was accepted")
	}
}

func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{FaultCut: "read", FaultTruncate: "json", FaultMalformed: "json"} {
		l := newLab(t, Config{})
		if err := l.Inject(Fault{Kind: kind, Times: 1, Fraction: 0.7}); err != nil {
			t.Fatal(err)
		}
		resp := l.do("GET", "/users", "")
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		got := "none"
		switch {
		case err != nil:
			got = "read"
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %v, want an unexpected EOF", kind, err)
			}
		case !json.Valid(raw):
			got = "json"
		}
		if resp.StatusCode != 200 || got != want || len(raw) == 0 {
			t.Errorf("%s: %d, trouble %s after %d bytes, want 200 and %s", kind, resp.StatusCode, got, len(raw), want)
		}
		l.get("/users")
	}
}

func TestStatusFaults(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	for _, status := range []int{500, 502, 503, 504} {
		if err := l.Inject(Fault{Kind: FaultStatus, Status: status, RetryAfter: "3", Times: 1}); err != nil {
			t.Fatal(err)
		}
		resp := l.do("GET", "/users", "")
		if got, body := l.decode(resp); got != status || body["error"] == nil || resp.Header.Get("Retry-After") != "3" {
			t.Errorf("got %d %v, want %d with an error and Retry-After 3", got, body, status)
		}
	}
	l.get("/users")
}

func TestPagingFaults(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	inject := func(f Fault) {
		l.ClearFaults()
		if err := l.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	inject(Fault{Kind: FaultRepeatPage, Times: 1})
	if list, _ := l.all("/users?$top=40"); len(list) != 99+40 {
		t.Errorf("repeated page: %d items, want 139", len(list))
	}
	inject(Fault{Kind: FaultEndlessNext})
	if page := l.get("/users?$top=999"); text(page, "@odata.nextLink") == "" {
		t.Error("endless: the last page has no nextLink")
	}
	inject(Fault{Kind: FaultEmpty})
	if page := l.get("/users"); len(items(page)) != 0 || page["@odata.nextLink"] != nil {
		t.Errorf("empty success: %v", page)
	}
	if page := l.get("/users/delta"); len(items(page)) != 0 || text(page, "@odata.deltaLink") == "" {
		t.Errorf("empty delta: %v", page)
	}
	inject(Fault{Kind: FaultHollowMembers})
	g := must(l.Group("Asset managers"))
	for _, m := range items(l.get("/groups/" + g.ID + "/members?$select=id,displayName")) {
		if v, present := m["displayName"]; !present || v != nil || text(m, "@odata.type") == "" {
			t.Errorf("hollow member %v, want type, id and a null name", m)
		}
	}
	l.ClearFaults()
	next := text(l.get("/users?$top=10"), "@odata.nextLink")
	l.ExpirePageTokens()
	if status, code := l.fails(next); status != 400 || code != "Directory_ExpiredPageToken" {
		t.Errorf("expired page: %d %s", status, code)
	}
}

func TestReplayAndDelay(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	_, link := l.round("/users/delta?$select=jobTitle")
	who := l.PersonAt(4)
	must(l.Update(who.ID, map[string]estate.Value{"jobTitle": estate.String("First")}))
	_, second := l.round(link)
	if err := l.Inject(Fault{Kind: FaultReplay, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if list, _ := l.round(second); len(list) != 1 {
		t.Errorf("replay gave %v, want the last round again", list)
	}
	l.ClearFaults()
	if err := l.Inject(Fault{Kind: FaultDelayed, DelayMS: 60_000}); err != nil {
		t.Fatal(err)
	}
	must(l.Update(who.ID, map[string]estate.Value{"jobTitle": estate.String("Second")}))
	list, third := l.round(second)
	if len(list) != 0 {
		t.Errorf("a fresh change came at once: %v", list)
	}
	l.clock.advance(2 * time.Minute)
	if list, _ = l.round(third); len(list) != 1 {
		t.Errorf("the change did not come later: %v", list)
	}
}

func TestClockSkewShowsInDateAndTokens(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	if err := l.Inject(Fault{Kind: FaultClockSkew, SkewSeconds: 7200}); err != nil {
		t.Fatal(err)
	}
	resp := l.do("GET", "/users", "")
	resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil || date.Sub(l.clock.now()) != 2*time.Hour || resp.StatusCode != 401 {
		t.Errorf("Date %v, status %d; want two hours ahead and the old token refused", date, resp.StatusCode)
	}
	l.ClearFaults()
	l.get("/users")
}

func TestFaultsAreNotSpentOnOtherCalls(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	_, link := l.round("/users/delta?$select=displayName")
	if err := l.Inject(Fault{Kind: FaultExpiredDelta, Times: 1}); err != nil {
		t.Fatal(err)
	}
	l.get("/users")
	l.get("/users/delta")
	if status, code := l.fails(link); status != 400 || code != "syncStateNotFound" {
		t.Errorf("the fault was gone: %d %s", status, code)
	}
	l.get(link)
}
