package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/register"
)

// laptops adds so many records through the interface and returns them.
func (o *office) laptops(n int) []client.Record {
	o.t.Helper()
	c := o.collection(o.module, register.Main)
	var out []client.Record
	for i := range n {
		out = append(out, read[client.Record](o.ask(manager, "POST", o.in("/collections/%d/records", c.ID), client.RecordInput{
			Fields: client.Values{"Name": fmt.Sprintf("Laptop %02d", i+1), "Price": 100 + i, "Condition": []string{"Good", "New"}[i%2]},
		}), http.StatusCreated))
	}
	return out
}

func TestARecordIsAddedReadAndChanged(t *testing.T) {
	t.Parallel()
	o := open(t)
	assets := o.collection(o.module, register.Main)
	berlin := o.plant(o.module, register.Locations, "Berlin")
	got := o.ask(manager, "POST", o.in("/collections/%d/records", assets.ID), client.RecordInput{Fields: client.Values{
		"name": "Laptop 1", "Price": 999.5, "Purchased": "2026-05-18", "Location": berlin.ID, "Condition": "Good",
	}, Note: "bought"})
	r := read[client.Record](got, http.StatusCreated)
	if r.Title != "Laptop 1" || r.Fields["Price"] != 999.5 || r.Fields["Purchased"] != "2026-05-18" || r.Fields["Condition"] != "Good" {
		t.Errorf("the record is %+v", r)
	}
	if r.Links["Location"] != (client.Link{ID: berlin.ID, Title: "Berlin"}) {
		t.Errorf("its location is %+v, want Berlin", r.Links)
	}
	if tag := got.header.Get("ETag"); tag != `"1"` {
		t.Errorf("the ETag is %s, want the version", tag)
	}
	changed := o.ask(manager, "PATCH", o.in("/records/%d", r.ID), client.RecordInput{Fields: client.Values{"Price": nil, "Condition": "Worn"}}, "If-Match", `"1"`)
	after := read[client.Record](changed, http.StatusOK)
	if after.Fields["Price"] != nil || after.Fields["Condition"] != "Worn" || after.Fields["Purchased"] != "2026-05-18" {
		t.Errorf("after the change it holds %v; want no price, worn, and the rest as it was", after.Fields)
	}
	if again := read[client.Record](o.ask(colleague, "GET", o.in("/records/%d", r.ID), nil), http.StatusOK); again.Version != 2 {
		t.Errorf("read again it has version %d, want 2", again.Version)
	}
}

func TestAChangeNeedsTheVersionThatWasSeen(t *testing.T) {
	t.Parallel()
	o := open(t)
	r := o.laptops(1)[0]
	path := o.in("/records/%d", r.ID)
	worn := client.RecordInput{Fields: client.Values{"Condition": "Worn"}}
	for _, is := range []struct {
		name, match string
		want        int
	}{
		{"no version", "", http.StatusPreconditionRequired},
		{"a text that is no version", "today", http.StatusPreconditionFailed},
		{"a version to come", `"9"`, http.StatusPreconditionFailed},
		{"the present version", `"1"`, http.StatusOK},
		{"a version gone by", `"1"`, http.StatusPreconditionFailed},
		{"whatever it is now", "*", http.StatusOK},
	} {
		var pairs []string
		if is.match != "" {
			pairs = []string{"If-Match", is.match}
		}
		if got := o.ask(manager, "PATCH", path, worn, pairs...); got.status != is.want {
			t.Errorf("%s: %d %s, want %d", is.name, got.status, got.body, is.want)
		}
		worn.Fields["Notes"] = is.name // so that there is something to change
	}
}

func TestWhatIsWrongWithValuesIsToldAtEachOfThem(t *testing.T) {
	t.Parallel()
	o := open(t)
	c := o.collection(o.module, register.Main)
	got := o.ask(manager, "POST", o.in("/collections/%d/records", c.ID), client.RecordInput{Fields: client.Values{"Name": "x", "Price": "dear", "Colour": "red"}})
	p := read[client.Problem](got, http.StatusUnprocessableEntity)
	if kind := got.header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("the type is %s", kind)
	}
	var at []string
	for _, f := range p.Errors {
		at = append(at, f.Location)
	}
	if strings.Join(at, " ") != "body.fields.Colour body.fields.Price" || p.Kind != "invalid" || p.Hint == "" {
		t.Errorf("the problem is %+v", p)
	}
	o.ask(manager, "POST", o.in("/collections/%d/records", c.ID), client.RecordInput{Fields: client.Values{"Name": "x", "Asset tag": "A-1"}})
	taken := read[client.Problem](o.ask(manager, "POST", o.in("/collections/%d/records", c.ID), client.RecordInput{Fields: client.Values{"Name": "y", "Asset tag": "a-1"}}), http.StatusConflict)
	if len(taken.Errors) != 1 || taken.Errors[0].Location != "body.fields.Asset tag" {
		t.Errorf("a tag that is taken: %+v; want the fault at the tag", taken)
	}
}

func TestAListComesInPagesThatMissNothing(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.laptops(7)
	c := o.collection(o.module, register.Main)
	for _, is := range []struct{ query, want string }{
		{"", "01 02 03 04 05 06 07"},
		{"&sort=-Name", "07 06 05 04 03 02 01"},
		{"&sort=-Price", "07 06 05 04 03 02 01"},
		{"&sort=added", "01 02 03 04 05 06 07"},
		{"&q=lap+03", "03"},
		{"&filter=Condition.is.New", "02 04 06"},
		{"&filter=Condition.is.New&filter=Price.at-least.103", "04 06"},
		{"&filter=Price.empty", ""},
		{"&custody=held", ""},
		{"&archived=true", ""},
	} {
		var got []string
		cursor := ""
		for range 10 {
			page := read[client.RecordPage](o.ask(colleague, "GET", o.in("/collections/%d/records?limit=2%s&cursor=%s", c.ID, is.query, cursor), nil), http.StatusOK)
			for _, r := range page.Items {
				got = append(got, strings.TrimPrefix(r.Title, "Laptop "))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if strings.Join(got, " ") != is.want {
			t.Errorf("%s lists %v, want %s", is.query, got, is.want)
		}
	}
	for query, at := range map[string]string{
		"filter=Colour.is.red": "query.filter", "filter=Price.is.dear": "query.filter", "filter=Price": "query.filter", "sort=Colour": "query.sort",
		"cursor=nowhere": "query.cursor", "limit=0": "query.limit", "limit=501": "query.limit", "colour=red": "query.colour",
	} {
		p := read[client.Problem](o.ask(colleague, "GET", o.in("/collections/%d/records?%s", c.ID, query), nil), http.StatusUnprocessableEntity)
		if len(p.Errors) != 1 || p.Errors[0].Location != at {
			t.Errorf("%s: %+v; want a fault at %s", query, p, at)
		}
	}
}

func TestRecordsArePutAwayAndBroughtBack(t *testing.T) {
	t.Parallel()
	o := open(t)
	list := o.laptops(3)
	r := list[0]
	away := read[client.Record](o.ask(manager, "POST", o.in("/records/%d/archive", r.ID), client.Act{Note: "sold"}), http.StatusOK)
	if away.ArchivedAt == nil {
		t.Error("it was not put away")
	}
	back := read[client.Record](o.ask(manager, "POST", o.in("/records/%d/restore", r.ID), client.Act{}), http.StatusOK)
	if back.ArchivedAt != nil {
		t.Error("it was not brought back")
	}
	if got := o.ask(colleague, "POST", o.in("/records/%d/archive", r.ID), client.Act{}); got.status != http.StatusForbidden {
		t.Errorf("a collaborator putting something away: %d, want 403", got.status)
	}
	c := o.collection(o.module, register.Main)
	done := read[client.BulkDone](o.ask(manager, "POST", o.in("/collections/%d/records/bulk", c.ID), client.Bulk{
		Act: "set", Records: []int64{list[0].ID, list[1].ID, 999}, Fields: client.Values{"Condition": "Worn"},
	}), http.StatusOK)
	if done.Changed != 2 || len(done.Failed) != 1 || done.Failed[0].Record != 999 {
		t.Errorf("many at once: %+v; want two changed and one that is not there", done)
	}
	history := read[client.Page[client.HistoryEntry]](o.ask(manager, "GET", o.in("/records/%d/history?limit=2", r.ID), nil), http.StatusOK)
	if len(history.Items) != 2 || history.Next == "" || history.Items[0].Changes[0] != (client.Diff{Field: "Condition", Before: "Good", After: "Worn"}) {
		t.Errorf("its history is %+v", history)
	}
}

func TestAnAssetGoesOutAndComesBack(t *testing.T) {
	t.Parallel()
	o := open(t)
	laptop, ada := o.laptops(1)[0], o.plant(o.module, register.People, "Ada")
	out := client.CheckOut{Asset: laptop.ID, Holder: ada.ID, Note: "for home"}
	c := read[client.Custody](o.ask(colleague, "POST", o.in("/check-out"), out), http.StatusCreated)
	if c.Holder.Title != "Ada" || c.CheckedInAt != nil || c.CheckedOutBy != colleague+" (test)" {
		t.Errorf("checked out: %+v", c)
	}
	if got := o.ask(colleague, "POST", o.in("/check-out"), out); got.status != http.StatusConflict {
		t.Errorf("checked out twice: %d, want 409", got.status)
	}
	if held := read[client.List[client.Custody]](o.ask(colleague, "GET", o.in("/records/%d/holdings", ada.ID), nil), http.StatusOK); len(held.Items) != 1 {
		t.Errorf("Ada holds %+v, want the laptop", held.Items)
	}
	back := read[client.Custody](o.ask(colleague, "POST", o.in("/check-in"), client.CheckIn{Asset: laptop.ID, Condition: "scratched"}), http.StatusOK)
	if back.CheckedInAt == nil || back.Condition != "scratched" {
		t.Errorf("checked in: %+v", back)
	}
	stranger := o.plant(o.other, register.People, "Eve")
	if got := o.ask(colleague, "POST", o.in("/check-out"), client.CheckOut{Asset: laptop.ID, Holder: stranger.ID}); got.status != http.StatusNotFound || strings.Contains(got.body, "Eve") {
		t.Errorf("to somebody of another account: %d %s, want 404 without a name", got.status, got.body)
	}
}
