package stage_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/entrasim/stage"
)

// theatre is a tenant with its page, over real http.
type theatre struct {
	t       *testing.T
	control *entrasim.Control
	url     string
}

func open(t *testing.T) *theatre {
	t.Helper()
	tenant := entrasim.New(entrasim.Config{Seed: 4, People: 120})
	tenant.SetPage(stage.New(tenant.Control(), "http://127.0.0.1:9/"))
	srv, err := tenant.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	return &theatre{t, tenant.Control(), srv.URL()}
}

func (th *theatre) do(status int, method, path string, form url.Values, header ...string) string {
	th.t.Helper()
	req, err := http.NewRequestWithContext(th.t.Context(), method, th.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		th.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		th.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		th.t.Fatal(err)
	}
	if resp.StatusCode != status {
		th.t.Fatalf("%s %s answers %d, want %d:\n%s", method, path, resp.StatusCode, status, body)
	}
	return string(body)
}

func (th *theatre) get(path string) string { th.t.Helper(); return th.do(200, "GET", path, nil) }

// post sends names and values in turn and returns the page that comes of it.
func (th *theatre) post(path string, pairs ...string) string {
	th.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return th.do(200, "POST", path, form)
}

func TestThePersonnelOfficeDoesWhatItsButtonsSay(t *testing.T) {
	t.Parallel()
	th := open(t)
	if page := th.get("/"); !strings.Contains(page, "Hire somebody") || !strings.Contains(page, "of 1") {
		t.Errorf("the first page has no list of people:\n%s", page)
	}
	page := th.post("/stage/people", "givenName", "Nia", "surname", "Achieng-Test", "department", "Marketing")
	if !strings.Contains(page, "Nia Achieng-Test is hired") || !strings.Contains(page, `href="http://127.0.0.1:9"`) {
		t.Errorf("after hiring the page does not say so, or does not lead to Muster:\n%s", page)
	}
	p, err := th.control.Person("Nia Achieng-Test")
	if err != nil {
		t.Fatal(err)
	}
	is := func(what string, ok func(entrasim.Person) bool) {
		t.Helper()
		if p, err = th.control.Person(p.ID); err != nil || !ok(p) {
			t.Errorf("%s: the tenant has %+v (%v)", what, p, err)
		}
	}
	at := "/stage/people/" + p.ID
	th.post(at + "/disable")
	is("disable", func(p entrasim.Person) bool { return !p.Enabled })
	th.post(at + "/enable")
	is("enable", func(p entrasim.Person) bool { return p.Enabled })
	th.post(at+"/rename", "givenName", "Zoë", "surname", "O'Brien")
	is("rename", func(p entrasim.Person) bool { return p.DisplayName == "Zoë O'Brien" })
	th.post(at+"/job", "department", "Finance", "jobTitle", "Treasurer")
	is("job", func(p entrasim.Person) bool { return p.Department == "Finance" && p.JobTitle == "Treasurer" })
	th.post(at+"/manager", "manager", th.control.PersonAt(3).UserPrincipalName)
	if m, ok := th.control.ManagerOf(p.ID); !ok || m.ID != th.control.PersonAt(3).ID {
		t.Errorf("the manager is %+v", m)
	}
	th.post(at+"/join", "group", "Asset managers")
	if in, _, err := th.control.GroupsOf(p.ID); err != nil || !named(in, "Asset managers") {
		t.Errorf("after joining, the groups are %+v (%v)", in, err)
	}
	th.post(at+"/leave", "group", "Asset managers")
	if in, _, err := th.control.GroupsOf(p.ID); err != nil || named(in, "Asset managers") {
		t.Errorf("after leaving, the groups are %+v (%v)", in, err)
	}
	th.post(at + "/delete")
	is("delete", func(p entrasim.Person) bool { return p.State == "deleted" })
	th.post(at + "/restore")
	is("restore", func(p entrasim.Person) bool { return p.State == "live" })
	th.post(at + "/delete")
	if page := th.post(at + "/purge"); !strings.Contains(page, "gone for good") {
		t.Error("removing for good is not told")
	}
}

func named(list []entrasim.Circle, name string) bool {
	for _, g := range list {
		if g.DisplayName == name {
			return true
		}
	}
	return false
}

func TestBadInputIsToldAndKept(t *testing.T) {
	t.Parallel()
	th := open(t)
	someone := "/stage/people/" + th.control.PersonAt(5).ID
	for _, tt := range []struct {
		path   string
		form   url.Values
		status int
		want   string
	}{
		{"/stage/people", url.Values{"givenName": {"<b>Only"}}, 422, "&lt;b&gt;Only"},
		{someone + "/rename", url.Values{}, 422, "A name has a given name and a surname."},
		{someone + "/job", url.Values{}, 422, "Say what changes."},
		{someone + "/manager", url.Values{"manager": {"nobody at all"}}, 422, "nobody at all"},
		{someone + "/join", url.Values{"group": {"no such group"}}, 422, "no such group"},
		{someone + "/fly", url.Values{}, 404, "fly"},
		{"/stage/people/nobody/disable", url.Values{}, 404, "nobody"},
		{"/stage/groups", url.Values{"name": {" "}}, 422, "A group needs a name."},
		{"/stage/trouble", url.Values{"name": {"war"}}, 422, "Choose one"},
		{"/stage/trouble/consent", url.Values{"role": {"Everything.Write.All"}}, 422, "Everything.Write.All"},
	} {
		if page := th.do(tt.status, "POST", tt.path, tt.form); !strings.Contains(page, tt.want) {
			t.Errorf("%s: the page does not have %q:\n%s", tt.path, tt.want, page)
		}
	}
}

func TestGroupsAndTroubleAreWhatTheySay(t *testing.T) {
	t.Parallel()
	th := open(t)
	if page := th.post("/stage/groups", "name", "Night shift", "unified", "1"); !strings.Contains(page, "Night shift is made") {
		t.Errorf("a new group is not told:\n%s", page)
	}
	g, err := th.control.Group("Night shift")
	if err != nil {
		t.Fatal(err)
	}
	at := "/stage/groups/" + g.ID
	if page := th.post(at+"/add", "member", th.control.PersonAt(3).UserPrincipalName); !strings.Contains(page, "1 members") {
		t.Error("the new member is not in the group")
	}
	th.post(at+"/rename", "name", "Early shift")
	if page := th.post(at + "/delete"); !strings.Contains(page, "Restore") {
		t.Error("a deleted Microsoft 365 group cannot be restored")
	}
	th.post(at + "/restore")
	if g, err = th.control.Group(g.ID); err != nil || g.State != "live" || g.DisplayName != "Early shift" {
		t.Errorf("the group is %+v (%v)", g, err)
	}
	for _, name := range []string{"Throttle", "Answer with nobody", "Refuse to sign in"} {
		th.post("/stage/trouble", "name", name)
	}
	if got := len(th.control.Faults()); got != 3 {
		t.Errorf("%d faults are armed, want 3", got)
	}
	th.post("/stage/trouble/end")
	if got := len(th.control.Faults()); got != 0 {
		t.Errorf("%d faults are armed after the end, want 0", got)
	}
	th.post("/stage/trouble/consent", "role", "User.Read.All")
	if page := th.get("/stage/trouble"); !strings.Contains(page, `aria-label="Give User.Read.All"`) {
		t.Error("consent was not withdrawn")
	}
	if page := th.post("/stage/trouble/rotate-secret"); !strings.Contains(page, "sim8Q~") {
		t.Error("the new secret is not shown")
	}
	th.get("/stage/requests")
}

// The page changes a directory, so nobody else's page may press its buttons.
func TestOnlyVisitorsFromHereAreAnswered(t *testing.T) {
	t.Parallel()
	th := open(t)
	someone := th.control.PersonAt(3)
	disable := "/stage/people/" + someone.ID + "/disable"
	th.do(403, "GET", "/", nil, "Host", "attacker.example")
	th.do(403, "POST", disable, url.Values{}, "Sec-Fetch-Site", "cross-site")
	th.do(403, "POST", disable, url.Values{}, "Origin", "http://attacker.example")
	if now := th.control.PersonAt(3); !someone.Enabled || !now.Enabled {
		t.Error("a form of another site disabled somebody")
	}
}
