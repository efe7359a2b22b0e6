package entra

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

const (
	one = "00000000-0000-4000-8000-000000000001"
	two = "00000000-0000-4000-8000-000000000002"
)

func idOf(t *testing.T, s string) directory.ObjectID {
	t.Helper()
	id, err := directory.ParseObjectID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCutReadsWhatGraphSends(t *testing.T) {
	t.Parallel()
	first, second := idOf(t, one), idOf(t, two)
	tests := map[string]struct {
		cutter cutter
		object string
		want   directory.Object
	}{
		"a user":                         {cutter{kind: directory.User}, `{"id":"` + one + `","mail":null}`, directory.Object{ID: first, Kind: directory.User}},
		"a type of its own":              {cutter{kind: directory.User}, `{"@odata.type":"#microsoft.graph.device","id":"` + one + `"}`, directory.Object{ID: first, Kind: directory.Device}},
		"a type that is new":             {cutter{kind: directory.User}, `{"@odata.type":"#microsoft.graph.orgContact","id":"` + one + `"}`, directory.Object{ID: first, Kind: directory.OtherKind}},
		"removed, changed is soft (F52)": {cutter{kind: directory.User}, `{"id":"` + one + `","@removed":{"reason":"changed"}}`, directory.Object{ID: first, Kind: directory.User, Removed: directory.SoftDeleted}},
		"removed, deleted is gone (F52)": {cutter{kind: directory.User}, `{"@removed":{"reason":"deleted"},"id":"` + one + `"}`, directory.Object{ID: first, Kind: directory.User, Removed: directory.Purged}},
		"removed for a new reason":       {cutter{kind: directory.User}, `{"@removed":{"reason":"moved"},"id":"` + one + `"}`, directory.Object{ID: first, Kind: directory.User, Removed: directory.SoftDeleted}},
		"hollow (F61)":                   {cutter{kind: directory.User, probe: "mail"}, `{"id":"` + one + `","mail":null}`, directory.Object{ID: first, Kind: directory.User, Hollow: true}},
		"not hollow":                     {cutter{kind: directory.User, probe: "mail"}, `{"id":"` + one + `","mail":"a@b"}`, directory.Object{ID: first, Kind: directory.User}},
		"escapes in the ID's name":       {cutter{kind: directory.User}, `{"\u0069d":"` + one + `"}`, directory.Object{ID: first, Kind: directory.User}},
		"a group without member changes": {cutter{kind: directory.Group}, `{"id":"` + one + `","displayName":"G"}`, directory.Object{ID: first, Kind: directory.Group}},
		"members who joined and who left": {cutter{kind: directory.Group}, `{"id":"` + one + `","members@delta":[{"@odata.type":"#microsoft.graph.user","id":"` + two + `"},{"id":"` + one + `","@odata.type":"#microsoft.graph.group","@removed":{"reason":"deleted"}}]}`,
			directory.Object{ID: first, Kind: directory.Group, MembersMentioned: true, Members: []directory.MemberChange{
				{ID: second, Kind: directory.User}, {ID: first, Kind: directory.Group, Removed: true}}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l leaf
			tc.cutter.now = time.Now
			if err := tc.cutter.cut([]byte(`{"@odata.context":"c","value":[`+tc.object+`]}`), &l); err != nil || l.problem != nil {
				t.Fatal(err, l.problem)
			}
			tc.want.Doc = directory.Document(tc.object)
			if diff := cmp.Diff([]directory.Object{tc.want}, l.page.Objects); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIdentifiersThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`"1b4e28ba-2fa1-11d2-883f--016d3cca427"`, `"1b4e28ba-2fa1-11d2-883f-0016d3cca42-"`, `"someone"`, `null`, `12`, `""`,
		`["b4e28ba-2fa1-11d2-883f-0016d3cca427"]`, `"00000000-0000-0000-0000-000000000000"`} {
		var l leaf
		ct := cutter{kind: directory.User, now: time.Now}
		if err := ct.cut([]byte(`{"value":[{"id":`+raw+`}]}`), &l); err != nil {
			t.Fatal(err)
		}
		if !errs.Is(l.problem, errs.Incomplete) {
			t.Errorf("%s: %v, want incomplete", raw, l.problem)
		}
	}
}

func TestManagerDeltaReadsLikeAListing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ delta, want string }{
		"set":      {`[{"@odata.type":"#microsoft.graph.user","id":"` + two + `"}]`, `{"id":"` + two + `"}`},
		"removed":  {`[{"id":"` + two + `","@removed":{"reason":"deleted"}}]`, `null`},
		"replaced": {`[{"id":"` + two + `"},{"id":"` + one + `","@removed":{"reason":"deleted"}}]`, `{"id":"` + two + `"}`},
		"empty":    {`[]`, `null`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l leaf
			ct := cutter{kind: directory.User, relation: "manager", now: time.Now}
			object := `{"id":"` + one + `","manager@delta":` + tc.delta
			if err := ct.cut([]byte(`{"value":[`+object+`}]}`), &l); err != nil || l.problem != nil {
				t.Fatal(err, l.problem)
			}
			if got, want := string(l.page.Objects[0].Doc), object+`,"manager":`+tc.want+`}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestCutReadsTheRestOfAPage(t *testing.T) {
	t.Parallel()
	var l leaf
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	ct := cutter{kind: directory.User, now: func() time.Time { return now }}
	for range 2 { // the second time in used memory
		body := `{"@odata.count":7,"value":[{"id":"` + one + `"},{"id":"` + two + `"}],"@odata.nextLink":"https://h/\u0061?x=1"}`
		if err := ct.cut([]byte(body), &l); err != nil {
			t.Fatal(err)
		}
		if p := l.page; p.Total != 7 || len(p.Objects) != 2 || p.Next != (directory.Cursor{Link: "https://h/a?x=1", Taken: now}) || !p.Delta.IsZero() || p.Bytes != len(body) {
			t.Errorf("page %+v", p)
		}
	}
	if err := ct.cut([]byte(`{"value":[],"@odata.nextLink":null,"@odata.deltaLink":"d"}`), &l); err != nil || l.page.Total != -1 || !l.page.Last() || l.page.Delta.Link != "d" {
		t.Errorf("page %+v, %v", l.page, err)
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte(`{"value":[{"id":"`+one+`","@removed":{"reason":"changed"}}],"@odata.deltaLink":"x"}`), true)
	f.Add([]byte(`{"value":[{"id":"`+one+`","members@delta":[{"id":"`+two+`"}],"manager@delta":[{"id":"x"}]}],"@odata.count":1}`), false)
	f.Add([]byte(`{"value":[{"id":1}]}`), true)
	f.Fuzz(func(t *testing.T, body []byte, probing bool) {
		ct := cutter{kind: directory.User, relation: "manager", now: time.Now}
		if probing {
			ct.probe = "displayName"
		}
		var l leaf
		if ct.cut(body, &l) != nil || l.problem != nil {
			return
		}
		for _, o := range l.page.Objects {
			if o.ID.IsZero() {
				t.Fatalf("an object of %q has no ID", body)
			}
			if _, err := o.Doc.Clean(); err != nil {
				t.Fatalf("a document of %q: %v", body, err)
			}
		}
	})
}

func FuzzErrorBodies(f *testing.F) {
	f.Add([]byte(`{"error":{"code":"a","innerError":{"code":"b","request-id":"r","innererror":{"code":"c"}}}}`))
	f.Add([]byte(`{"error":"invalid_client","error_description":"AADSTS7000215: x","error_codes":[7000215]}`))
	f.Add([]byte(`{"error":"x","error_description":"AADSTS99999999999999999999"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if fault := readFault(400, http.Header{}, body, time.Now()); len(fault.Codes) > 8 {
			t.Fatalf("%d codes", len(fault.Codes))
		}
		if e := readSignInError(400, body); e != nil && e.classify(Global, true) == nil {
			t.Fatalf("%q is no error", body)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"10", "2.128", "Sun, 01 Mar 2026 12:00:30 GMT", "1e400", "-0", "Inf"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h := http.Header{}
		h.Set("Retry-After", text)
		if d, _ := retryAfter(h, time.Now()); d < 0 {
			t.Fatalf("%q asks to wait %v", text, d)
		}
	})
}

// TestNextLinkIsFoundInTheBeginningOfABody shows a body as it arrives, a byte
// more at a time.
func TestNextLinkIsFoundInTheBeginningOfABody(t *testing.T) {
	t.Parallel()
	const link = "https://h/v1.0/users?$skiptoken=a"
	tests := map[string]struct {
		body string
		want string
	}{
		"before the objects":    {`{"@odata.context":"c","@odata.nextLink":"` + link + `","value":[{"id":"1"}]}`, link},
		"with white space":      {"{ \"@odata.nextLink\" :\n\"" + link + `" , "value" : [ ] }`, link},
		"escaped":               {`{"@odata.nextLink":"https:\/\/h\/v1.0\/users?\u0024skiptoken=a","value":[]}`, link},
		"behind the objects":    {`{"value":[],"@odata.nextLink":"` + link + `"}`, ""},
		"on the last page":      {`{"@odata.context":"c","value":[]}`, ""},
		"not a text":            {`{"@odata.nextLink":{"a":1},"value":[]}`, ""},
		"of a round of changes": {`{"@odata.context":"c","@odata.deltaLink":"d","value":[]}`, ""},
		"inside an object":      {`{"@odata.context":{"@odata.nextLink":"` + link + `"},"value":[]}`, ""},
		"no JSON":               {`<html>`, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, enough := "", false
			for n := 0; n <= len(tc.body) && !enough; n++ {
				got, enough = nextLink([]byte(tc.body[:n]))
				if got != "" && !enough {
					t.Fatalf("got %q from %q, and wants more", got, tc.body[:n])
				}
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	if _, enough := nextLink([]byte(`{"@odata.context":"` + strings.Repeat("x", headMost))); !enough {
		t.Error("the search for a link has no end")
	}
}
