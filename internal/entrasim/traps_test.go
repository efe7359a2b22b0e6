package entrasim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

// The sixteen things that a naive client or simulator gets wrong.

func TestTrap01NoConsentStillGivesATokenWithoutRoles(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	l.SetRoles()
	l.renew()
	var c sts.AccessClaims
	if err := sts.Verify(l.token, &l.tenant.issuer.Keys, &c); err != nil {
		t.Fatal(err)
	}
	if c.Roles != nil || c.AppID != DefaultClientID {
		t.Errorf("claims %+v, want the app without roles", c)
	}
	if status, code := l.fails("/users"); status != 403 || code != "Authorization_RequestDenied" {
		t.Errorf("GET /users without roles: %d %s, want 403 Authorization_RequestDenied", status, code)
	}
}

func TestTrap02ElevenPropertiesWithoutSelect(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	for _, u := range items(l.get("/users?$top=5")) {
		if len(u) != 11 {
			t.Errorf("%d properties, want 11: %v", len(u), u)
		}
		if _, present := u["accountEnabled"]; present {
			t.Error("accountEnabled came without $select")
		}
	}
	u := items(l.get("/users?$top=1&$select=accountEnabled"))[0]
	if len(u) != 2 || u["accountEnabled"] != true || text(u, "id") == "" {
		t.Errorf("selected %v, want accountEnabled and id", u)
	}
}

func TestTrap03AbsentNullAndValueDifferInDelta(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	bare := l.PersonAt(2) // never had a department
	full := l.PersonAt(4)
	list, link := l.round("/users/delta?$select=displayName,department,jobTitle")
	if _, present := byID(list)[bare.ID]["department"]; present {
		t.Error("a department that was never set appears in delta")
	}
	must(l.Update(full.ID, map[string]estate.Value{"department": estate.Null()}))
	list, _ = l.round(link)
	if len(list) != 1 {
		t.Fatalf("%d changes, want 1: %v", len(list), list)
	}
	if v, present := list[0]["department"]; !present || v != nil {
		t.Errorf("cleared department = %v present %v, want null", v, present)
	}
	if text(list[0], "jobTitle") == "" {
		t.Error("default representation left an unchanged property out")
	}
	list, _ = l.round(link, "Prefer", "return=minimal")
	if _, present := list[0]["jobTitle"]; present || len(list[0]) != 2 {
		t.Errorf("minimal representation %v, want id and department only", list[0])
	}
}

// removedReason is the reason of @removed, or "".
func removedReason(m map[string]any) string {
	r, _ := m["@removed"].(map[string]any)
	return text(r, "reason")
}

func TestTrap04SoftDeletionIsChangedAndPurgeIsDeleted(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	_, link := l.round("/users/delta?$select=displayName")
	id := l.PersonAt(4).ID
	must(l.SoftDelete(id))
	list, link := l.round(link)
	if len(list) != 1 || removedReason(list[0]) != "changed" || len(list[0]) != 2 {
		t.Errorf("soft deletion = %v, want @removed changed with the id only", list)
	}
	must(l.Purge(id))
	list, link = l.round(link)
	if len(list) != 1 || removedReason(list[0]) != "deleted" || text(list[0], "id") != id {
		t.Errorf("purge = %v, want a second @removed, deleted", list)
	}
	if list, _ = l.round(link); len(list) != 0 {
		t.Errorf("nothing changed, yet %v", list)
	}
}

func TestTrap05LeavingAGroupIsDeletedInMembersDelta(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	_, link := l.round("/groups/delta?$select=displayName,members")
	who := l.PersonAt(4)
	if err := l.RemoveMember("Asset managers", who.ID); err != nil {
		t.Fatal(err)
	}
	list, _ := l.round(link)
	if len(list) != 1 || text(list[0], "displayName") != "Asset managers" {
		t.Fatalf("changes %v, want the one group", list)
	}
	members := list[0]["members@delta"].([]any)
	m := members[0].(map[string]any)
	if len(members) != 1 || text(m, "id") != who.ID || removedReason(m) != "deleted" || text(m, "@odata.type") != "#microsoft.graph.user" {
		t.Errorf("members@delta %v, want %s removed as deleted", members, who.ID)
	}
}

func TestTrap06SoftDeletionIsInvisibleInGroupsDelta(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	_, link := l.round("/groups/delta")
	who, group := l.PersonAt(4), must(l.Group("Asset managers"))
	must(l.SoftDelete(who.ID))
	list, link := l.round(link)
	if len(list) != 0 {
		t.Errorf("groups/delta tells of a soft deletion: %v", list)
	}
	if got := byID(items(l.get("/groups/" + group.ID + "/members"))); got[who.ID] != nil {
		t.Error("a soft-deleted person is listed as a member")
	}
	must(l.Restore(who.ID))
	if got := byID(items(l.get("/groups/" + group.ID + "/members"))); got[who.ID] == nil {
		t.Error("the membership did not come back with the person")
	}
	must(l.Purge(who.ID))
	if list, _ = l.round(link); len(list) == 0 {
		t.Error("groups/delta does not tell of a purge")
	}
}

func TestTrap07DeletionRewritesTheSignInName(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	who := l.PersonAt(4)
	must(l.SoftDelete(who.ID))
	got := byID(items(l.get("/directory/deletedItems/microsoft.graph.user?$select=userPrincipalName,accountEnabled,deletedDateTime")))[who.ID]
	want := strings.ReplaceAll(who.ID, "-", "") + who.UserPrincipalName
	if text(got, "userPrincipalName") != want || got["accountEnabled"] != false || text(got, "deletedDateTime") == "" {
		t.Errorf("deleted item %v, want the name %s, disabled, with a date", got, want)
	}
	for _, key := range []string{who.ID, who.UserPrincipalName} {
		if status, code := l.fails("/users/" + key); status != 404 || code != "Request_ResourceNotFound" {
			t.Errorf("GET /users/%s: %d %s, want 404", key, status, code)
		}
	}
}

func TestTrap08InitialRoundMayRepeatRemoveAndBeEmpty(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{PageSize: 40})
	for _, kind := range []string{FaultDuplicates, FaultRemovedInitial, FaultEmptyPage} {
		if err := l.Inject(Fault{Kind: kind, Match: "^/users/delta", Times: 1}); err != nil {
			t.Fatal(err)
		}
	}
	first := l.get("/users/delta?$select=displayName")
	if len(items(first)) != 0 || text(first, "@odata.nextLink") == "" {
		t.Fatalf("first page %v, want empty with a nextLink", first)
	}
	l.ClearFaults()
	for _, kind := range []string{FaultDuplicates, FaultRemovedInitial} {
		if err := l.Inject(Fault{Kind: kind, Times: 1}); err != nil {
			t.Fatal(err)
		}
	}
	list, _ := l.round("/users/delta?$select=displayName")
	seen, removed, twice := map[string]int{}, 0, 0
	for _, m := range list {
		if seen[text(m, "id")]++; seen[text(m, "id")] == 2 {
			twice++
		}
		if removedReason(m) != "" {
			removed++
		}
	}
	if removed == 0 || twice == 0 {
		t.Errorf("removed %d, twice %d, want both", removed, twice)
	}
}

func TestTrap09AGroupIsSpreadOverPages(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 1000, PageSize: 10})
	group := must(l.Group("All Staff"))
	_, want, err := l.Members("All Staff", 0)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := l.round("/groups/delta?$select=displayName,members")
	parts, got := 0, map[string]bool{}
	for _, m := range list {
		if text(m, "id") != group.ID {
			continue
		}
		parts++
		for _, e := range m["members@delta"].([]any) {
			got[text(e.(map[string]any), "id")] = true
		}
	}
	if parts < 2 || len(got) != want {
		t.Errorf("%d parts with %d members, want several with %d", parts, len(got), want)
	}
}

func TestTrap10DeltaTokensDieAfterSevenDays(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	_, link := l.round("/users/delta?$select=displayName")
	l.clock.advance(7*24*time.Hour - time.Minute)
	l.renew()
	_, fresh := l.round(link)
	l.clock.advance(2 * time.Minute)
	if status, code := l.fails(link); status != 400 || !strings.EqualFold(code, "syncStateNotFound") {
		t.Errorf("old token: %d %s, want 400 syncStateNotFound", status, code)
	}
	l.round(fresh) // each round gives another seven days
	if err := l.Inject(Fault{Kind: FaultExpiredDelta, Status: 410}); err != nil {
		t.Fatal(err)
	}
	resp := l.do("GET", fresh, "")
	resp.Body.Close()
	if resp.StatusCode != 410 || !strings.HasSuffix(resp.Header.Get("Location"), "$deltatoken=") {
		t.Fatalf("reset: %d Location %q, want 410 and an empty $deltatoken", resp.StatusCode, resp.Header.Get("Location"))
	}
	l.ClearFaults()
	if list, _ := l.round(resp.Header.Get("Location")); len(list) != 99 {
		t.Errorf("full round after the reset gave %d people, want 99", len(list))
	}
}

func TestTrap11CountNeedsTheHeader(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	if _, present := l.get("/users?$count=true")["@odata.count"]; present {
		t.Error("$count without ConsistencyLevel was honoured")
	}
	if status, code := l.fails("/users/$count"); status != 400 || code != "Request_BadRequest" {
		t.Errorf("/users/$count: %d %s, want 400 Request_BadRequest", status, code)
	}
	page := l.get("/users?$count=true&$top=10", "ConsistencyLevel", "eventual")
	if page["@odata.count"] != 99.0 {
		t.Errorf("@odata.count %v, want 99", page["@odata.count"])
	}
	next := text(page, "@odata.nextLink")
	if status, code := l.fails(next); status != 400 || code != "Directory_ExpiredPageToken" {
		t.Errorf("nextLink without the header: %d %s, want 400 Directory_ExpiredPageToken", status, code)
	}
	if second := l.get(next, "ConsistencyLevel", "eventual"); second["@odata.count"] != nil {
		t.Error("@odata.count came on page two")
	}
}

func TestTrap12DevicesDeltaNeedsItsOwnRole(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{Roles: []string{"Directory.Read.All"}})
	l.get("/devices")
	if status, code := l.fails("/devices/delta"); status != 403 || code != "Authorization_RequestDenied" {
		t.Errorf("/devices/delta: %d %s, want 403", status, code)
	}
	l.SetRoles("Device.Read.All")
	l.renew()
	l.round("/devices/delta")
}

func TestTrap13DevicesHaveNoSerialNumber(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	if status, code := l.fails("/devices?$select=id,serialNumber"); status != 400 || code != "Request_BadRequest" {
		t.Errorf("serialNumber: %d %s, want 400 Request_BadRequest", status, code)
	}
}

func TestTrap14ObjectIDsOfAppAndPrincipalDiffer(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	sp := text(l.get("/servicePrincipals(appId='"+DefaultClientID+"')"), "id")
	if status, _ := l.fails("/applications/" + sp); status != 404 {
		t.Errorf("the principal's id as an application: %d, want 404", status)
	}
	if got := text(l.get("/servicePrincipals/"+sp), "appId"); got != DefaultClientID {
		t.Errorf("appId %s, want %s", got, DefaultClientID)
	}
	if got := text(l.get("/applications/"+DefaultApplicationObjectID), "appId"); got != DefaultClientID {
		t.Errorf("appId %s, want %s", got, DefaultClientID)
	}
}

func TestTrap15RetryAfterComesInFourForms(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{"10": "10", "2.128": "2.128", "": "", "date:30": "Tue, 02 Jun 2026 08:00:30 GMT"} {
		l := newLab(t, Config{})
		if err := l.Inject(Fault{Kind: FaultThrottle, RetryAfter: form, Times: 1}); err != nil {
			t.Fatal(err)
		}
		resp := l.do("GET", "/users", "")
		resp.Body.Close()
		if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != want {
			t.Errorf("%q: %d Retry-After %q, want 429 %q", form, resp.StatusCode, resp.Header.Get("Retry-After"), want)
		}
		l.get("/users")
	}
}

func TestTrap16SecretsHaveAHintAndAnEnd(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{ClientSecret: "x7Q+/=&%~ secret"})
	app := l.get("/applications/" + DefaultApplicationObjectID + "?$select=passwordCredentials")
	cred := app["passwordCredentials"].([]any)[0].(map[string]any)
	end, err := time.Parse(time.RFC3339, text(cred, "endDateTime"))
	if text(cred, "hint") != "x7Q" || cred["secretText"] != nil || err != nil || !end.After(l.clock.now()) {
		t.Errorf("credential %v, want hint x7Q, no text and an end to come", fmt.Sprint(cred))
	}
}
