package entrasim

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 300, Seed: 5})
	advanced := []string{"ConsistencyLevel", "eventual"}
	who := l.PersonAt(9)
	quoted := strings.ReplaceAll(who.UserPrincipalName, "'", "''")
	for name, c := range map[string]struct {
		path, filter string
		header       []string
		status       int
		code         string
		want         int // items; -1 some, -2 any number
	}{
		"eq with a doubled quote":    {"/users", "userPrincipalName eq '" + quoted + "'", nil, 200, "", 1},
		"eq without letter case":     {"/users", "userPrincipalName eq '" + strings.ToUpper(quoted) + "'", nil, 200, "", 1},
		"id":                         {"/users", "id eq '" + who.ID + "'", nil, 200, "", 1},
		"id in":                      {"/users", "id in ('" + who.ID + "','" + l.PersonAt(4).ID + "')", nil, 200, "", 2},
		"deleted id":                 {"/users", "id eq '" + l.PersonAt(7).ID + "'", nil, 200, "", 0},
		"guests":                     {"/users", "userType eq 'Guest'", nil, 200, "", 15},
		"disabled":                   {"/users", "accountEnabled eq false", nil, 200, "", -1},
		"and or":                     {"/users", "(department eq 'IT' or department eq 'Legal') and accountEnabled eq true", nil, 200, "", -1},
		"startsWith":                 {"/users", "startsWith(displayName,'Siobh')", nil, 200, "", -1},
		"null":                       {"/users", "department eq null", nil, 200, "", -1},
		"date":                       {"/users", "createdDateTime ge 2020-01-01T00:00:00Z", nil, 200, "", -1},
		"any":                        {"/groups", "groupTypes/any(c:c eq 'Unified')", nil, 200, "", -1},
		"group name":                 {"/groups", "displayName eq 'O''Brien''s team'", nil, 200, "", 1},
		"ne is advanced":             {"/users", "accountEnabled ne true", nil, 400, "Request_UnsupportedQuery", 0},
		"ne":                         {"/users", "accountEnabled ne true", advanced, 200, "", -1},
		"not is advanced":            {"/users", "not startsWith(displayName,'A')", nil, 400, "Request_UnsupportedQuery", 0},
		"endsWith is advanced":       {"/users", "endsWith(mail,'@partner.example')", nil, 400, "Request_UnsupportedQuery", 0},
		"endsWith":                   {"/users", "endsWith(mail,'@partner.example')", advanced, 200, "", 15},
		"endsWith on other property": {"/users", "endsWith(displayName,'x')", advanced, 400, "Request_UnsupportedQuery", 0},
		"mobilePhone is advanced":    {"/users", "startsWith(mobilePhone,'+49')", nil, 400, "Request_UnsupportedQuery", 0},
		"not indexed":                {"/users", "streetAddress eq null or employeeOrgData eq null", nil, 400, "Request_UnsupportedQuery", 0},
		"id ge":                      {"/users", "id ge 'a'", advanced, 400, "Request_UnsupportedQuery", 0},
		"unknown property":           {"/users", "shoeSize eq '44'", nil, 400, "Request_BadRequest", 0},
		"bool as text":               {"/users", "accountEnabled eq 'true'", nil, 400, "Request_BadRequest", 0},
		"syntax":                     {"/users", "displayName eq", nil, 400, "Request_BadRequest", 0},
		"contains":                   {"/users", "contains(displayName,'a')", advanced, 400, "Request_UnsupportedQuery", 0},
		"collection without any":     {"/users", "otherMails eq 'a'", nil, 400, "Request_BadRequest", 0},
		"deleted":                    {"/directory/deletedItems/microsoft.graph.user", "userType eq 'Member'", nil, 200, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := c.path + "?$top=999&$select=id&$filter=" + url.QueryEscape(c.filter)
			if len(c.header) > 0 {
				target += "&$count=true"
			}
			status, body := l.decode(l.do("GET", target, "", c.header...))
			if status != c.status {
				t.Fatalf("%s: %d %v, want %d", c.filter, status, body, c.status)
			}
			if status != 200 {
				if code := body["error"].(map[string]any)["code"]; code != c.code {
					t.Errorf("%s: %v, want %s", c.filter, code, c.code)
				}
				return
			}
			n := len(items(body))
			if c.want >= 0 && n != c.want || c.want == -1 && (n == 0 || n >= 297 && c.path == "/users") {
				t.Errorf("%s: %d items, want %d", c.filter, n, c.want)
			}
			if count, ok := body["@odata.count"]; ok && count != float64(n) {
				t.Errorf("%s: @odata.count %v, want %d", c.filter, count, n)
			}
		})
	}
}

func TestOptionsThatGraphRefuses(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	for target, want := range map[string]string{
		"/users?$top=1000":                                "400 Request_UnsupportedQuery",
		"/users?$top=0":                                   "400 Request_UnsupportedQuery",
		"/users?$top=x":                                   "400 Request_BadRequest",
		"/users?$skip=10":                                 "400 Request_BadRequest",
		"/users?$select=skills":                           "501 NotImplemented",
		"/users?$select=signInActivity":                   "403 Authentication_MSGraphPermissionMissing",
		"/users?$select=shoeSize":                         "400 Request_BadRequest",
		"/users?$orderby=department":                      "400 Request_UnsupportedQuery",
		"/users?$orderby=displayName&$filter=city eq 'x'": "400 Request_UnsupportedQuery",
		"/users?$search=\"displayName:wa\"":               "400 Request_UnsupportedQuery",
		"/users?$expand=manager,memberOf":                 "400 Request_BadRequest",
		"/users?$expand=members":                          "400 Request_BadRequest",
		"/users?$skiptoken=nonsense":                      "400 Request_BadRequest",
		"/users?$frobnicate=1":                            "400 Request_BadRequest",
		"/users/delta?$top=5":                             "400 Request_BadRequest",
		"/users/delta?$expand=manager":                    "400 Request_BadRequest",
		"/users/delta?$orderby=displayName":               "400 Request_BadRequest",
		"/users/delta?$filter=displayName eq 'x'":         "400 Request_UnsupportedQuery",
		"/users/delta?$deltatoken=nonsense":               "400 Request_BadRequest",
		"/directory/deletedItems":                         "400 Request_BadRequest",
		"/groups/not-a-guid":                              "400 Request_BadRequest",
		"/nonsense":                                       "400 BadRequest",
		"/me":                                             "400 Request_BadRequest",
		"/users/" + l.PersonAt(0).ID + "/manager":         "404 Request_ResourceNotFound",
		"/users/" + l.PersonAt(0).ID + "/nonsense":        "400 BadRequest",
	} {
		status, code := l.fails(target)
		if got := fmt.Sprint(status, " ", code); got != want {
			t.Errorf("GET %s: %s, want %s", target, got, want)
		}
	}
}

func TestPagesCoverEverybodyOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 1000})
	for _, query := range []string{"?$top=7", "?$top=999", "", "?$top=100&$orderby=displayName", "?$top=100&$orderby=userPrincipalName desc"} {
		list, _ := l.all("/users" + query)
		if len(list) != 990 || len(byID(list)) != 990 {
			t.Errorf("/users%s: %d items, %d people, want 990", query, len(list), len(byID(list)))
		}
		last := ""
		for _, u := range list {
			name := strings.ToLower(text(u, "displayName"))
			if strings.HasSuffix(query, "displayName") && name < last {
				t.Errorf("%s: %s after %s", query, name, last)
			}
			last = name
		}
	}
}

func TestNextLinksAreBoundToTheirQuery(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	next := text(l.get("/users?$top=10&$select=displayName"), "@odata.nextLink")
	if !strings.Contains(next, "$select=displayName") || !strings.Contains(next, "$skiptoken=") || !strings.HasPrefix(next, l.url) {
		t.Errorf("nextLink %s, want the options and a token on the caller's host", next)
	}
	if status, _ := l.fails(strings.Replace(next, "displayName", "mail", 1)); status != 400 {
		t.Errorf("a token with another $select: %d, want 400", status)
	}
}

func TestSearchAndExpand(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 300})
	found := items(l.get(`/users?$search="displayName:O'Brien"&$count=true`, "ConsistencyLevel", "eventual"))
	if len(found) == 0 {
		t.Error("search found no O'Brien")
	}
	chain := l.get("/users/" + l.PersonAt(100).ID + "?$select=id&$count=true&$expand=manager($levels=max;$select=id)")
	depth := 0
	for m, ok := chain["manager"].(map[string]any); ok; m, ok = m["manager"].(map[string]any) {
		if depth++; text(m, "@odata.type") != "#microsoft.graph.user" {
			t.Errorf("manager without a type: %v", m)
		}
	}
	if depth < 2 {
		t.Errorf("%d managers above person 100, want several", depth)
	}
	owners := 0
	for _, d := range items(l.get("/devices?$expand=registeredOwners&$top=75")) {
		owners += len(d["registeredOwners"].([]any))
	}
	if owners < 40 {
		t.Errorf("%d owners of 75 devices, want most", owners)
	}
}

func TestSingleUserByAwkwardNames(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	guest := l.PersonAt(3)
	brien := l.PersonAt(9)
	for _, path := range []string{"/users/" + strings.ReplaceAll(guest.UserPrincipalName, "#", "%23"),
		"/users('" + strings.ReplaceAll(brien.UserPrincipalName, "'", "''") + "')", "/users/" + brien.UserPrincipalName} {
		if id := text(l.get(path), "id"); id != guest.ID && id != brien.ID {
			t.Errorf("GET %s: %s", path, id)
		}
	}
	if v, present := l.get("/users/" + brien.ID + "?$select=aboutMe")["aboutMe"]; !present || v != nil {
		t.Errorf("aboutMe of one user: %v %v, want null", v, present)
	}
}

func TestRolesLimitWhatIsSeen(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{Roles: []string{"User.ReadBasic.All", "GroupMember.Read.All"}})
	u := items(l.get("/users?$select=displayName,department,accountEnabled&$top=5"))[4]
	if text(u, "displayName") == "" || u["department"] != nil || u["accountEnabled"] != nil {
		t.Errorf("ReadBasic shows %v, want the name only", u)
	}
	laptops := must(l.Group("Managed laptops"))
	for _, d := range items(l.get("/groups/" + laptops.ID + "/members?$select=id,displayName")) {
		if d["displayName"] != nil || text(d, "@odata.type") != "#microsoft.graph.device" {
			t.Errorf("a device that may not be read shows %v", d)
		}
	}
	for path, want := range map[string]int{"/users/delta": 403, "/devices": 403, "/applications": 403, "/directory/administrativeUnits": 403,
		"/users/" + text(u, "id") + "/memberOf": 403} {
		if status, code := l.fails(path); status != want || code != "Authorization_RequestDenied" {
			t.Errorf("GET %s: %d %s, want %d", path, status, code, want)
		}
	}
}

func TestGraphHeaders(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	resp := l.do("GET", "/groups/"+must(l.Group("Projects")).ID+"/transitiveMembers", "", "client-request-id", "abc")
	_, err := io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	h := resp.Header
	if err != nil || h.Get("client-request-id") != "abc" || h.Get("request-id") == "" || h.Get("x-ms-resource-unit") != "5" ||
		h.Get("OData-Version") != "4.0" || !strings.Contains(h.Get("x-ms-ags-diagnostic"), "DataCenter") {
		t.Errorf("headers %v", h)
	}
}
