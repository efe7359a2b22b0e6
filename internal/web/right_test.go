package web_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web"
)

// walker is somebody who tries every route, with what they may do.
type walker struct {
	email  string
	column string // of the table in the manual
	who    account.Principal
}

const (
	reader = "reader@contoso.example"
	porter = "porter@contoso.example"
)

// walkers are users with each built-in role and two of the module's own, in the
// first module, and somebody of the other account, in the order of the table.
func (o *office) walkers() []walker {
	o.t.Helper()
	ctx, p := o.t.Context(), account.CommandLine()
	for name, perms := range map[string][]account.Permission{
		"Reader": {{Action: account.View}},
		"Porter": {{Action: account.CheckOut, Collection: o.collection(register.Main).ID}, {Action: account.View, Collection: o.collection(register.People).ID}},
	} {
		_, err := o.accounts.CreateRole(ctx, p, account.Role{Account: o.module.Account, Module: o.module.ID, Name: name, Permissions: perms})
		o.must(err)
	}
	const head = "account@contoso.example"
	for email, role := range map[string]string{reader: "Reader", porter: "Porter", head: account.AccountAdmin} {
		r, err := o.accounts.Role(ctx, o.module.ID, role)
		o.must(err)
		_, err = o.accounts.Invite(ctx, p, account.Invitation{Email: email, Role: r.ID, Account: o.module.Account, Module: o.module.ID})
		o.must(err)
		o.must(o.accounts.ResetPassword(ctx, p, email, secret.New(password)))
	}
	out := []walker{
		{email: boss, column: account.OrganizationAdmin}, {email: head, column: account.AccountAdmin}, {email: manager, column: account.ModuleAdmin},
		{email: colleague, column: account.Collaborator}, {email: porter, column: "Porter"}, {email: reader, column: "Reader"}, {email: outsider, column: "another account"},
	}
	for i := range out {
		l, err := o.accounts.FindLogin(ctx, p, out[i].email)
		o.must(err)
		out[i].who, err = o.accounts.PrincipalOf(ctx, l.ID, "")
		o.must(err)
	}
	return out
}

// session is a browser with a session of its own, so that no act ends another's.
func (o *office) session(email string) *browser {
	o.t.Helper()
	ctx := o.t.Context()
	l, err := o.accounts.FindLogin(ctx, account.CommandLine(), email)
	o.must(err)
	p, err := o.accounts.PrincipalOf(ctx, l.ID, "127.0.0.1")
	o.must(err)
	token, err := o.accounts.StartSession(ctx, p, "walker")
	o.must(err)
	b := o.stranger()
	b.setCookie("muster_session", token.Reveal())
	return b
}

// where says in which place a route's action is asked for.
type where int

const (
	inMain       where = iota // the module's main collection
	inPeople                  // its people
	inModule                  // the module as a whole
	inAccount                 // its account
	organization              // the organization
	anywhere                  // any place will do
)

// act is a route that asks for more than its row in the table of routes says, and
// a form that gets as far as being asked. Without asks it is the form alone.
type act struct {
	asks account.Action
	at   where
	form []string // names and values in turn; a value in braces is a place of the scene
}

// acts are the routes that let in everybody who is signed in, or has a role in the
// module: what they then ask for. A new route of those kinds gets its line here.
func acts() map[string]act {
	const c = "/m/{module}/c/{collection}"
	const r = c + "/{record}"
	view := act{asks: account.View}
	everywhere := act{asks: account.ManageAccounts, at: organization}
	allUsers := act{asks: account.ManageUsers, at: organization}
	user := "/m/{module}/users/{login}"
	return map[string]act{
		"POST /sign-in":                                           {form: []string{"email", colleague, "password", password}},
		"GET /settings/mail":                                      everywhere,
		"POST /settings/mail":                                     everywhere,
		"POST /settings/mail/remove":                              everywhere,
		"POST /settings/mail/letters/{letter}/retry":              everywhere,
		"POST " + user + "/break-glass":                           {asks: account.ManageUsers, at: organization, form: []string{"on", "yes"}},
		"POST " + user + "/password":                              allUsers,
		"POST " + user + "/link":                                  allUsers,
		"POST " + user + "/second-step":                           allUsers,
		"POST /settings/accounts":                                 {asks: account.ManageAccounts, at: organization},
		"POST /settings/accounts/{account}/name":                  {asks: account.ManageAccounts, at: inAccount},
		"POST /settings/accounts/{account}/modules":               {asks: account.ManageAccounts, at: inAccount},
		"POST /settings/accounts/{account}/modules/{module}/name": {asks: account.ManageAccounts, at: inAccount},
		"GET /settings/jobs":                                      everywhere,
		"POST /settings/jobs/{job}/run":                           everywhere,
		"POST /settings/jobs/{job}/stop":                          everywhere,
		"GET /audit":                                              {asks: account.ViewAudit, at: anywhere},
		"POST /audit/export":                                      {asks: account.ViewAudit, at: anywhere},
		"GET /s/{record}":                                         view,
		"GET /m/{module}":                                         view,
		"GET /m/{module}/choose":                                  view,
		"GET /m/{module}/choose/{collection}":                     view,
		"GET /m/{module}/leavers":                                 view,
		"GET /m/{module}/overdue":                                 view,
		"GET /m/{module}/imports/{collection}/{upload}":           view, // of one's own upload
		"POST /m/{module}/imports/{collection}/{upload}":          view,
		"GET /m/{module}/imports/{collection}/{upload}/faults":    view,
		"GET " + c:                           view,
		"GET " + c + "/filter":               view,
		"POST " + c + "/views":               {asks: account.View, form: []string{"name", "mine"}},
		"POST " + c + "/views/remove":        view, // of one's own
		"POST " + c + "/many":                {asks: account.Delete, form: []string{"act", "archive", "id", "{record}", "sure", "yes"}},
		"GET " + c + "/export":               {asks: account.Export},
		"GET " + c + "/import":               {asks: account.Import},
		"POST " + c + "/import":              {asks: account.Import},
		"GET " + c + "/labels":               view,
		"POST " + c + "/labels":              view,
		"GET " + c + "/new":                  {asks: account.Create},
		"POST " + c + "/new":                 {asks: account.Create},
		"GET " + r:                           view,
		"GET " + r + "/edit":                 {asks: account.Edit},
		"POST " + r + "/edit":                {asks: account.Edit},
		"POST " + r + "/pin":                 {asks: account.Edit, form: []string{"pin", "{field}"}},
		"POST " + r + "/archive":             {asks: account.Delete},
		"POST " + r + "/check-out":           {asks: account.CheckOut, form: []string{"holder", "Lee Gu #{person}"}},
		"POST " + r + "/check-in":            {asks: account.CheckOut},
		"POST " + r + "/check-in-all":        {asks: account.CheckOut},
		"POST " + r + "/give":                {asks: account.CheckOut, form: []string{"asset", "Laptop #{asset}"}},
		"POST " + r + "/write-off":           {asks: account.Delete, form: []string{"reason", "lost"}},
		"POST " + r + "/write-off/undo":      {asks: account.Delete},
		"POST " + r + "/told":                {asks: account.CheckOut, at: inPeople, form: []string{"about", "leaver", "to", "Lee"}},
		"POST " + r + "/notify":              {asks: account.CheckOut, at: inPeople, form: []string{"about", "leaver", "subject", "The laptop", "text", "Bring it back"}},
		"POST " + r + "/sync":                {asks: account.ManageIntegrations, at: inModule},
		"POST " + r + "/files":               {asks: account.Edit},
		"GET " + r + "/files/{file}":         view,
		"POST " + r + "/files/{file}/remove": {asks: account.Edit},
	}
}

// may is what the rules say about a walker and a route: nil, Forbidden or NotFound.
func (sc *scene) may(w walker, r web.Route, a act) error {
	m := sc.o.module
	if r.Action != "" {
		if err := w.who.May(r.Action, m.Account, m.ID, 0); err != nil || a.asks == "" {
			return err
		}
	}
	switch a.at {
	case inMain:
		return w.who.May(a.asks, m.Account, m.ID, sc.o.collection(register.Main).ID)
	case inPeople:
		return w.who.May(a.asks, m.Account, m.ID, sc.o.collection(register.People).ID)
	case inModule:
		return w.who.May(a.asks, m.Account, m.ID, 0)
	case inAccount:
		return w.who.May(a.asks, m.Account, 0, 0)
	case organization:
		return w.who.May(a.asks, 0, 0, 0)
	}
	for _, h := range w.who.Holds {
		if h.Role.Allows(a.asks, 0) {
			return nil
		}
	}
	return errs.New(errs.Forbidden, "nowhere")
}

// asks reports whether a route asks for an action at all.
func asks(r web.Route, a act) bool { return r.Action != "" || a.asks != "" }

// Every route is tried by every role, by roles of the module's own, by somebody of
// another account and by nobody: the answer is the one that the rules give, and the
// table in the manual says so. Run with -update after adding a route, and read what
// changed.
func TestEachRoleComesWhereItMay(t *testing.T) {
	t.Parallel()
	sc := stage(t)
	head, line := "| page or act | asks for |", "|---|---|"
	for _, w := range sc.walkers {
		head, line = head+" "+w.column+" |", line+"---|"
	}
	table := head + " nobody |\n" + line + "---|\n"
	for _, r := range sc.o.site.Routes() {
		table += fmt.Sprintf("| `%s` | %s |", strings.ReplaceAll(r.Pattern, "{$}", ""), askedFor(r))
		for _, w := range sc.walkers {
			table += " " + sc.verdict(w, r) + " |"
		}
		table += " " + sc.ofNobody(r) + " |\n"
	}
	compareTable(t, table)
}

// verdict is what somebody is answered by a route. It fails the test when that is
// not what the rules say.
func (sc *scene) verdict(w walker, r web.Route) string {
	sc.o.t.Helper()
	a := acts()[r.Pattern]
	if !asks(r, a) && r.InModule {
		sc.o.t.Fatalf("%s has no line in acts: what does it ask for?", r.Pattern)
	}
	got := sc.try(w.email, r.Pattern, a)
	if got.status >= 500 || !r.Public && strings.HasPrefix(got.to, "/sign-in?next") {
		sc.o.t.Errorf("%s for %s: %d to %q", r.Pattern, w.column, got.status, got.to)
	}
	if !asks(r, a) {
		return map[bool]string{true: "no", false: "yes"}[got.forbidden()]
	}
	want := sc.may(w, r, a)
	switch {
	case want == nil && got.forbidden():
		sc.o.t.Errorf("%s for %s: %d, want it let in", r.Pattern, w.column, got.status)
	case errs.Is(want, errs.Forbidden) && !got.forbidden() && (r.Manage || got.status != http.StatusNotFound || !sc.made[r.Pattern]):
		sc.o.t.Errorf("%s for %s: %d to %q, want it refused", r.Pattern, w.column, got.status, got.to)
	case errs.Is(want, errs.NotFound) && got.status != http.StatusNotFound:
		sc.o.t.Errorf("%s for somebody of another account: %d, want 404", r.Pattern, got.status)
	}
	switch errs.KindOf(want) {
	case errs.Forbidden:
		return "no"
	case errs.NotFound:
		return "not there"
	}
	return "yes"
}

// forbidden reports whether an answer says that somebody may not: by its status, or
// by what it leaves for the page that it leads to.
func (a answer) forbidden() bool {
	for _, line := range a.header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil || c.Name != "muster_flash" {
			continue
		}
		if text, err := base64.RawURLEncoding.DecodeString(c.Value); err == nil && strings.HasPrefix(string(text), "!") && strings.Contains(string(text), "may not") {
			return true
		}
	}
	return a.status == http.StatusForbidden
}

// ofNobody is what somebody without a session is answered.
func (sc *scene) ofNobody(r web.Route) string {
	sc.o.t.Helper()
	got := sc.tryAs(sc.o.stranger(), r.Pattern, acts()[r.Pattern])
	switch {
	case strings.HasPrefix(got.to, "/sign-in") && !r.Public:
		return "sign in"
	case r.Public && got.status < 500 && got.status != http.StatusForbidden:
		return "yes"
	case r.Public && got.status == http.StatusForbidden:
		return "no"
	}
	sc.o.t.Errorf("%s without a session: %d to %q", r.Pattern, got.status, got.to)
	return "?"
}

// The numbers of another account's things, and of other people's, lead nowhere:
// under the address of a module of one's own, and where there is no module.
func TestSwappedNumbersLeadNowhere(t *testing.T) {
	t.Parallel()
	sc := stage(t)
	sc.o.session(boss)
	sessions, err := sc.o.accounts.Sessions(t.Context(), sc.walkers[0].who)
	sc.o.must(err)
	sc.fixed["session"] = sessions[0].ID
	tried := 0
	for _, r := range sc.o.site.Routes() {
		sc.module = sc.o.other.ID
		if !r.InModule {
			sc.module = sc.o.module.ID
		}
		if rest := strings.Replace(r.Pattern, "/m/{module}", "", 1); r.Public || !strings.Contains(rest, "{") || strings.Contains(rest, "{$}") {
			continue
		}
		tried++
		sc.real = true
		got := sc.try(outsider, r.Pattern, acts()[r.Pattern])
		if everywhere := acts()[r.Pattern].at == organization && !r.InModule; got.status != http.StatusNotFound && !(everywhere && got.status == http.StatusForbidden) {
			t.Errorf("%s with numbers of another account: %d to %q, want 404", r.Pattern, got.status, got.to)
		}
	}
	if left, err := sc.o.accounts.Sessions(t.Context(), sc.walkers[0].who); err != nil || len(left) != len(sessions) {
		t.Errorf("the other's sessions: %d of %d are left, %v", len(left), len(sessions), err)
	}
	if tried < 75 {
		t.Errorf("only %d routes were tried", tried)
	}
}

// The table of routes is the first defence and not the only one: without it, the
// use cases refuse all the same.
func TestUseCasesRefuseByThemselves(t *testing.T) {
	t.Parallel()
	sc := stage(t)
	srv := httptest.NewServer(sc.o.site.Unguarded())
	t.Cleanup(srv.Close)
	sc.o.url, sc.real = srv.URL, true
	const fields = "/m/{module}/collections/{collection}"
	shown := []string{ // which fields there are is for everybody who sees the records
		"GET /m/{module}/collections", "GET " + fields, "GET " + fields + "/fields/new", "GET " + fields + "/fields/{field}", "GET " + fields + "/fields/{field}/type",
		// An empty form, which is shown again before anything is asked for.
		"GET /m/{module}/automations/new", "POST /m/{module}/automations/new",
	}
	forms := map[string][]string{"POST " + fields + "/order": {"field", "{field}", "move", "up"}}
	tried := 0
	for _, r := range sc.o.site.Routes() {
		if !r.Manage || slices.Contains(shown, r.Pattern) {
			continue
		}
		tried++
		got := sc.try(colleague, r.Pattern, act{form: forms[r.Pattern]})
		if got.status != http.StatusForbidden && got.status != http.StatusNotFound {
			t.Errorf("%s for a collaborator, past the table of routes: %d to %q, want it refused (%s)", r.Pattern, got.status, got.to, r.Action)
		}
	}
	if tried < 40 {
		t.Errorf("only %d routes were tried", tried)
	}
}

// A button stands where the role allows what it does, and nowhere else.
func TestListsOfferWhatTheRoleAllows(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.walkers()
	o.asset("Name", "Laptop")
	list := fmt.Sprintf("/m/%d/c/%d", o.module.ID, o.collection(register.Main).ID)
	for email, want := range map[string]map[string]bool{
		manager:   {"/export?": true, "/import\"": true, "/new\"": true},
		colleague: {"/export?": false, "/import\"": false, "/new\"": true},
		reader:    {"/export?": false, "/import\"": false, "/new\"": false},
	} {
		page := o.session(email).get(list).body
		for path, there := range want {
			if strings.Contains(page, list+path) != there {
				t.Errorf("%s sees the way to %s: %v, want %v", email, path, !there, there)
			}
		}
	}
}

var update = flag.Bool("update", false, "write the table of pages and acts into the manual")

// compareTable holds a table against the one between its marks in the manual.
func compareTable(t *testing.T, table string) {
	t.Helper()
	const path, from, to = "../../docs/reference/roles.md", "<!-- routes: go test ./internal/web -run EachRole -update -->\n", "<!-- end of routes -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, there := strings.Cut(string(text), from)
	now, after, ends := strings.Cut(rest, to)
	if !there || !ends {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+from+table+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if now != table {
		t.Errorf("%s says otherwise than the pages answer: go test ./internal/web -run EachRole -update, and read the difference", path)
	}
}

// askedFor says what a route asks for, as the manual does.
func askedFor(r web.Route) string {
	a := acts()[r.Pattern]
	var all []string
	if r.Action != "" && r.Action != a.asks {
		all = append(all, fmt.Sprintf("`%s`", r.Action))
	}
	if a.asks != "" {
		all = append(all, fmt.Sprintf("`%s`", a.asks)+map[where]string{inAccount: " in the account", organization: " everywhere", anywhere: " somewhere", inPeople: " in People"}[a.at])
	}
	switch {
	case r.Public:
		return "nothing"
	case len(all) == 0:
		return "being signed in"
	}
	return strings.Join(all, ", ")
}
