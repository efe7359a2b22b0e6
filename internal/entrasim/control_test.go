package entrasim

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/guid"
)

func TestControlPlaysHumanResourcesOverHTTP(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	_, link := l.round("/users/delta?$select=displayName,userPrincipalName,department,accountEnabled")
	status, hired := l.control("POST", "people", map[string]any{"properties": map[string]any{"displayName": "Nina Lindqvist", "department": "Legal", "city": nil}})
	id := text(hired, "id")
	if status != 200 || id == "" || text(hired, "userPrincipalName") != "Nina.Lindqvist@contoso.example" {
		t.Fatalf("hire: %d %v", status, hired)
	}
	steps := []struct {
		method, path string
		in           any
		check        func(item map[string]any) bool
	}{
		{"PATCH", "people/" + id, map[string]any{"properties": map[string]any{"department": "Sales"}}, func(m map[string]any) bool { return text(m, "department") == "Sales" }},
		{"POST", "people/" + id + "/rename", map[string]string{"givenName": "Nina", "surname": "O'Hara"},
			func(m map[string]any) bool { return text(m, "userPrincipalName") == "Nina.O'Hara@contoso.example" }},
		{"POST", "people/" + id + "/move", map[string]string{"department": "IT"}, func(m map[string]any) bool { return text(m, "department") == "IT" }},
		{"POST", "people/" + id + "/disable", nil, func(m map[string]any) bool { return m["accountEnabled"] == false }},
		{"POST", "people/" + id + "/enable", nil, func(m map[string]any) bool { return m["accountEnabled"] == true }},
		{"DELETE", "people/" + id, nil, func(m map[string]any) bool { return removedReason(m) == "changed" }},
		{"POST", "people/" + id + "/restore", nil, func(m map[string]any) bool { return text(m, "displayName") == "Nina O'Hara" }},
		{"POST", "people/" + id + "/delete", nil, func(m map[string]any) bool { return removedReason(m) == "changed" }},
		{"POST", "people/" + id + "/purge", nil, func(m map[string]any) bool { return removedReason(m) == "deleted" }},
	}
	_, link = l.round(link)
	for _, s := range steps {
		if status, body := l.control(s.method, s.path, s.in); status != 200 {
			t.Fatalf("%s %s: %d %v", s.method, s.path, status, body)
		}
		var list []map[string]any
		list, link = l.round(link)
		if len(list) != 1 || text(list[0], "id") != id || !s.check(list[0]) {
			t.Errorf("after %s %s delta says %v", s.method, s.path, list)
		}
	}
	if status, _ := l.control("POST", "people/"+id+"/restore", nil); status != 400 {
		t.Errorf("restore after purge: %d, want 400", status)
	}
}

func TestControlChangesGroupsUnitsAndDevices(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	ok := func(method, path string, in any) map[string]any {
		t.Helper()
		status, body := l.control(method, path, in)
		if status != 200 {
			t.Fatalf("%s %s: %d %v", method, path, status, body)
		}
		return body
	}
	who := l.PersonAt(4)
	g := ok("POST", "groups", map[string]any{"name": "Fleet & more", "unified": true})
	ok("POST", "groups/"+text(g, "id")+"/members", map[string]string{"member": who.UserPrincipalName})
	if got := byID(items(l.get("/groups/" + text(g, "id") + "/members"))); got[who.ID] == nil {
		t.Error("the member did not join")
	}
	ok("DELETE", "groups/"+text(g, "id")+"/members/"+who.ID, nil)
	if got := items(l.get("/groups/" + text(g, "id") + "/members")); len(got) != 0 {
		t.Error("the member did not leave")
	}
	_, link := l.round("/groups/delta")
	ok("DELETE", "groups/"+text(g, "id"), nil)
	if list, _ := l.round(link); len(list) != 1 || removedReason(list[0]) != "changed" {
		t.Errorf("deleting a Microsoft 365 group: %v, want changed", list)
	}
	ok("POST", "groups/"+text(g, "id")+"/restore", nil)
	ok("DELETE", "groups/Empty%20group", nil)
	if list, _ := l.round(link); len(list) != 2 || removedReason(list[1]) != "deleted" {
		t.Errorf("deleting a security group: %v, want deleted straight away", list)
	}
	ok("POST", "units", map[string]string{"name": "Lab"})
	ok("POST", "units/Lab/members", map[string]string{"member": who.ID})
	_, link = l.round("/devices/delta?$select=displayName,isCompliant")
	d := ok("POST", "devices", map[string]any{"properties": map[string]any{"displayName": "SCANNER-1"}, "owner": who.ID})
	ok("PATCH", "devices/SCANNER-1", map[string]any{"properties": map[string]any{"isCompliant": true}})
	list, link := l.round(link)
	if len(list) != 1 || list[0]["isCompliant"] != true {
		t.Errorf("device delta %v", list)
	}
	if owners := items(l.get("/devices/" + text(d, "id") + "/registeredOwners")); len(owners) != 1 || text(owners[0], "id") != who.ID {
		t.Errorf("owners %v, want %s", owners, who.ID)
	}
	if owned := byID(items(l.get("/users/" + who.ID + "/ownedDevices"))); owned[text(d, "id")] == nil {
		t.Errorf("owned devices %v lack the scanner", owned)
	}
	ok("DELETE", "devices/SCANNER-1", nil)
	if list, _ = l.round(link); len(list) != 1 || removedReason(list[0]) != "deleted" {
		t.Errorf("device removal %v, want deleted", list)
	}
}

func TestManagersChangeInDelta(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	who, old, boss := l.PersonAt(20), l.PersonAt(2), l.PersonAt(6)
	if got := text(l.get("/users/"+who.ID+"/manager"), "id"); got != old.ID {
		t.Fatalf("manager %s, want %s", got, old.ID)
	}
	list, link := l.round("/users/delta?$select=displayName,manager")
	first := byID(list)[who.ID]["manager@delta"].([]any)[0].(map[string]any)
	if text(first, "id") != old.ID {
		t.Errorf("initial manager@delta %v, want %s", first, old.ID)
	}
	must(l.SetManager(who.ID, boss.ID))
	list, link = l.round(link)
	links := map[string]string{}
	for _, e := range list[0]["manager@delta"].([]any) {
		links[text(e.(map[string]any), "id")] = removedReason(e.(map[string]any))
	}
	if len(list) != 1 || len(links) != 2 || links[old.ID] != "deleted" || links[boss.ID] != "" {
		t.Errorf("manager@delta %v, want the old one removed and the new one added", list)
	}
	must(l.Purge(boss.ID))
	if list, _ = l.round(link); byID(list)[who.ID] == nil {
		t.Error("the purge of a manager does not show at the report")
	}
}

func TestUnselectedAndIdleChangesStayQuiet(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	who := l.PersonAt(4)
	_, link := l.round("/users/delta?$select=displayName")
	must(l.Update(who.ID, map[string]estate.Value{"jobTitle": estate.String("Someone else")}))
	must(l.Update(who.ID, map[string]estate.Value{"displayName": estate.String(who.DisplayName)}))
	if list, _ := l.round(link); len(list) != 0 {
		t.Errorf("delta tells of %v, though nothing tracked changed", list)
	}
	_, narrow := l.round("/users/delta?$select=displayName&$filter=" + url.QueryEscape("id eq '"+who.ID+"' or id eq '"+l.PersonAt(6).ID+"'"))
	must(l.Rename(l.PersonAt(0).ID, "Other", "Person"))
	must(l.Rename(who.ID, "Third", "Person"))
	if list, _ := l.round(narrow); len(list) != 1 || text(list[0], "id") != who.ID {
		t.Errorf("filtered delta %v, want %s only", list, who.ID)
	}
	latest := l.get("/users/delta?$deltatoken=latest&$select=displayName")
	if len(items(latest)) != 0 || text(latest, "@odata.deltaLink") == "" {
		t.Errorf("latest %v, want a deltaLink and no data", latest)
	}
}

func TestControlIsForLoopbackOnly(t *testing.T) {
	t.Parallel()
	h := New(Config{}).Handler()
	for name, c := range map[string]struct {
		remote, host, origin string
		want                 int
	}{
		"loopback":  {"127.0.0.1:4000", "localhost:8080", "", 200},
		"six":       {"[::1]:4000", "[::1]:8080", "http://localhost:9", 200},
		"elsewhere": {"192.0.2.1:4000", "localhost", "", 403},
		"rebinding": {"127.0.0.1:4000", "evil.example", "", 403},
		"web page":  {"127.0.0.1:4000", "localhost", "https://evil.example", 403},
	} {
		r := httptest.NewRequest("GET", "/control/counts", nil)
		r.RemoteAddr, r.Host = c.remote, c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

func TestFaultsAndRequestsOverHTTP(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	req := `{"kind":"throttle","retry_after":"2.5","every":2,"match":"^/groups"}`
	resp, err := http.Post(l.url+"/control/faults", "application/json", strings.NewReader(req))
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp.StatusCode, err)
	}
	resp.Body.Close()
	l.get("/groups")
	if status, code := l.fails("/groups"); status != 429 || code != "TooManyRequests" {
		t.Errorf("second call: %d %s, want 429", status, code)
	}
	if f := l.Faults(); len(f) != 1 || f[0].Seen != 2 || f[0].Fired != 1 {
		t.Errorf("faults %+v", f)
	}
	got := l.Requests()
	if got.ByKind["groups"] != 2 || got.ByKind["token"] != 1 || got.Recent[len(got.Recent)-1].Status != 429 || got.Bytes == 0 {
		t.Errorf("traffic %+v", got)
	}
	l.control("DELETE", "faults", nil)
	l.control("DELETE", "requests", nil)
	if len(l.Faults()) != 0 || l.Requests().Total != 0 {
		t.Error("faults or requests were not cleared")
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	body := `{"requests":[
		{"id":"a","method":"GET","url":"/users?$top=2&$select=id"},
		{"id":"b","method":"GET","url":"/users/nobody","dependsOn":["a"]},
		{"id":"c","method":"GET","url":"/groups","dependsOn":["b"]},
		{"id":"d","method":"GET","url":"/users/$count","headers":{"ConsistencyLevel":"eventual"}},
		{"id":"g","method":"GET","url":"/organization","body":null},
		{"id":"e","method":"POST","url":"/directoryObjects/getByIds","body":{"ids":["` + l.PersonAt(4).ID + `"]}},
		{"id":"f","method":"POST","url":"/directoryObjects/getByIds","headers":{"Content-Type":"application/json"},"body":{"ids":["` + l.PersonAt(4).ID + `","` + guid.New() + `"]}}]}`
	status, out := l.decode(l.do("POST", "/$batch", body))
	if status != 200 {
		t.Fatalf("%d %v", status, out)
	}
	got := map[string]float64{}
	for _, r := range out["responses"].([]any) {
		m := r.(map[string]any)
		got[text(m, "id")] = m["status"].(float64)
		if text(m, "id") == "f" && len(items(m["body"].(map[string]any))) != 1 {
			t.Errorf("getByIds %v, want the one known id", m["body"])
		}
	}
	for id, want := range map[string]float64{"a": 200, "b": 404, "c": 424, "d": 200, "e": 400, "f": 200, "g": 200} {
		if got[id] != want {
			t.Errorf("request %s: %v, want %v", id, got[id], want)
		}
	}
	many := `{"requests":[` + strings.Repeat(`{"id":"x","method":"GET","url":"/users"},`, 20) + `{"id":"y","method":"GET","url":"/users"}]}`
	if status, _ := l.decode(l.do("POST", "/$batch", many)); status != 400 {
		t.Errorf("21 requests: %d, want 400", status)
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	notes := make(chan string, 4)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := r.URL.Query().Get("validationToken"); token != "" {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, token)
			return
		}
		raw, _ := io.ReadAll(r.Body)
		notes <- string(raw)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(hook.Close)
	body := func(to string, life time.Duration) string {
		return `{"changeType":"updated,deleted","notificationUrl":"` + to + `","resource":"users","clientState":"s","expirationDateTime":"` +
			l.clock.now().Add(life).Format(time.RFC3339) + `"}`
	}
	status, s := l.decode(l.do("POST", "/subscriptions", body(hook.URL, time.Hour)))
	if status != 201 || text(s, "id") == "" {
		t.Fatalf("create: %d %v", status, s)
	}
	must(l.Disable(l.PersonAt(4).ID))
	if note := <-notes; !strings.Contains(note, "Users/"+l.PersonAt(4).ID) || !strings.Contains(note, `"clientState":"s"`) {
		t.Errorf("notification %s", note)
	}
	if n := len(items(l.get("/subscriptions"))); n != 1 {
		t.Errorf("%d subscriptions, want 1", n)
	}
	status, renewed := l.decode(l.do("PATCH", "/subscriptions/"+text(s, "id"), `{"expirationDateTime":"`+l.clock.now().Add(time.Minute).Format(time.RFC3339)+`"}`))
	if status != 200 || text(renewed, "expirationDateTime") != l.clock.now().Add(45*time.Minute).Format(time.RFC3339) {
		t.Errorf("renewal: %d %v, want 45 minutes", status, renewed)
	}
	for name, bad := range map[string]string{"too long": body(hook.URL, 30*24*time.Hour), "plain http elsewhere": body("http://sync.example/x", time.Hour),
		"not answering": body(l.url, time.Hour), "past": body(hook.URL, -time.Hour)} {
		if status, _ := l.decode(l.do("POST", "/subscriptions", bad)); status != 400 {
			t.Errorf("%s: %d, want 400", name, status)
		}
	}
	if status, _ := l.decode(l.do("DELETE", "/subscriptions/"+text(s, "id"), "")); status != 204 {
		t.Errorf("delete: %d, want 204", status)
	}
	if status, _ := l.fails("/subscriptions/" + text(s, "id")); status != 404 {
		t.Errorf("after delete: %d, want 404", status)
	}
}

func TestServers(t *testing.T) {
	t.Parallel()
	tenant := New(Config{})
	plain, secure := must(tenant.Start()), must(tenant.StartTLS())
	if !strings.HasPrefix(plain.URL(), "http://127.0.0.1:") || plain.CAPEM() != nil {
		t.Errorf("plain %s", plain.URL())
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(secure.CAPEM()) {
		t.Fatal("no certificate in CAPEM")
	}
	roots := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer roots.CloseIdleConnections()
	resp, err := roots.Get(secure.URL() + "/" + DefaultTenantID + "/v2.0/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(raw), `"issuer":"`+secure.URL()+"/"+DefaultTenantID+`/v2.0"`) {
		t.Errorf("discovery %s, want the issuer at the server", raw)
	}
	for _, s := range []*Server{plain, secure} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCacheForgetsWhenSomethingChanges(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{Cache: true})
	who := l.PersonAt(4)
	target := "/users?$top=999&$select=displayName"
	l.get(target)
	if got := text(byID(items(l.get(target)))[who.ID], "displayName"); got != who.DisplayName {
		t.Errorf("cached %s, want %s", got, who.DisplayName)
	}
	must(l.Rename(who.ID, "New", "Name"))
	if got := text(byID(items(l.get(target)))[who.ID], "displayName"); got != "New Name" {
		t.Errorf("after the change %s, want New Name", got)
	}
}

func TestDeletedPeopleArePurgedAfterThirtyDays(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	who, other := l.PersonAt(4), l.PersonAt(6)
	must(l.SoftDelete(who.ID))
	l.clock.advance(25 * 24 * time.Hour)
	l.renew()
	must(l.SoftDelete(other.ID))
	_, link := l.round("/users/delta?$select=displayName")
	l.clock.advance(6 * 24 * time.Hour)
	l.renew()
	list, _ := l.round(link)
	if len(list) != 1 || text(list[0], "id") != who.ID || removedReason(list[0]) != "deleted" {
		t.Errorf("after thirty days delta says %v, want %s deleted", list, who.ID)
	}
	if status, _ := l.fails("/directory/deletedItems/" + who.ID); status != 404 {
		t.Errorf("deleted item after thirty days: %d, want 404", status)
	}
	l.get("/directory/deletedItems/" + other.ID)
}
