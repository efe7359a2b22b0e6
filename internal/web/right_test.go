package web_test

import (
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
	email string
	role  string
	who   account.Principal
}

// walkers are users with each built-in role and two of the module's own, in the
// first module, and somebody of the other account.
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
	out := []walker{{email: boss}, {email: manager}, {email: colleague}, {email: outsider}}
	for email, role := range map[string]string{reader: "Reader", "porter@contoso.example": "Porter", "account@contoso.example": account.AccountAdmin} {
		r, err := o.accounts.Role(ctx, o.module.ID, role)
		o.must(err)
		_, err = o.accounts.Invite(ctx, p, account.Invitation{Email: email, Role: r.ID, Account: o.module.Account, Module: o.module.ID})
		o.must(err)
		o.must(o.accounts.ResetPassword(ctx, p, email, secret.New(password)))
		out = append(out, walker{email: email})
	}
	for i := range out {
		l, err := o.accounts.FindLogin(ctx, p, out[i].email)
		o.must(err)
		out[i].who, err = o.accounts.PrincipalOf(ctx, l.ID, "")
		o.must(err)
		out[i].role = out[i].who.Holds[0].Role.Name
	}
	return out
}

const reader = "reader@contoso.example"

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
// a form that gets as far as being asked.
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
	return map[string]act{
		"POST /settings/accounts":                                 {asks: account.ManageAccounts, at: organization},
		"POST /settings/accounts/{account}/name":                  {asks: account.ManageAccounts, at: inAccount},
		"POST /settings/accounts/{account}/modules":               {asks: account.ManageAccounts, at: inAccount},
		"POST /settings/accounts/{account}/modules/{module}/name": {asks: account.ManageAccounts, at: inAccount},
		"GET /audit":                                           {asks: account.ViewAudit, at: anywhere},
		"POST /audit/export":                                   {asks: account.ViewAudit, at: anywhere},
		"GET /s/{record}":                                      view,
		"GET /m/{module}":                                      view,
		"GET /m/{module}/choose":                               view,
		"GET /m/{module}/choose/{collection}":                  view,
		"GET /m/{module}/leavers":                              view,
		"GET /m/{module}/overdue":                              view,
		"GET /m/{module}/imports/{collection}/{upload}":        view, // of one's own upload
		"POST /m/{module}/imports/{collection}/{upload}":       view,
		"GET /m/{module}/imports/{collection}/{upload}/faults": view,
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

// may is what the rules say about a walker and an act: nil, Forbidden or NotFound.
func (sc *scene) may(w walker, a act) error {
	m := sc.o.module
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

// actOf is what a route asks for, and false for those that ask for nothing but a
// session, or for less.
func actOf(r web.Route) (act, bool) {
	if r.Action != "" {
		return act{asks: r.Action, at: inModule}, true
	}
	a, there := acts()[r.Pattern]
	return a, there
}

// Every route is tried by every role, by roles of the module's own, and by
// somebody of another account: the answer is the one that the rules give.
func TestEachRoleComesWhereItMay(t *testing.T) {
	t.Parallel()
	sc := stage(t)
	tried := map[string]int{}
	for _, w := range sc.walkers {
		for _, r := range sc.o.site.Routes() {
			a, there := actOf(r)
			if !there {
				if r.InModule {
					t.Fatalf("%s has no line in acts: what does it ask for?", r.Pattern)
				}
				continue
			}
			got := sc.try(w.email, r.Pattern, a)
			want := sc.may(w, a)
			tried[w.role]++
			switch {
			case want == nil && (got.status == http.StatusForbidden || got.status >= 500 || strings.HasPrefix(got.to, "/sign-in")):
				t.Errorf("%s for %s: %d, want it let in (%s)", r.Pattern, w.role, got.status, a.asks)
			case errs.Is(want, errs.Forbidden) && got.status != http.StatusForbidden && (r.Manage || got.status != http.StatusNotFound || !sc.made[r.Pattern]):
				t.Errorf("%s for %s: %d to %q, want it refused (%s)", r.Pattern, w.role, got.status, got.to, a.asks)
			case errs.Is(want, errs.NotFound) && got.status != http.StatusNotFound:
				t.Errorf("%s for somebody of another account: %d, want 404", r.Pattern, got.status)
			}
		}
	}
	for role, n := range tried {
		if n < 90 {
			t.Errorf("%s tried %d routes only", role, n)
		}
	}
}

// The numbers of another account's things under the address of a module of one's
// own lead nowhere.
func TestSwappedNumbersLeadNowhere(t *testing.T) {
	t.Parallel()
	sc := stage(t)
	sc.module, sc.real = sc.o.other.ID, true
	tried := 0
	for _, r := range sc.o.site.Routes() {
		a, there := actOf(r)
		rest := strings.Replace(r.Pattern, "{module}", "", 1)
		if !there || !r.InModule || !strings.Contains(rest, "{") {
			continue
		}
		tried++
		if got := sc.try(outsider, r.Pattern, a); got.status != http.StatusNotFound {
			t.Errorf("%s with numbers of another account: %d to %q, want 404", r.Pattern, got.status, got.to)
		}
	}
	if tried < 60 {
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
		got := sc.try(colleague, r.Pattern, act{asks: r.Action, at: inModule, form: forms[r.Pattern]})
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

// The manual lists every page and act with what it asks for: the table that the
// walks above compare with.
func TestTheManualListsEveryRoute(t *testing.T) {
	t.Parallel()
	const path, from, to = "../../docs/reference/roles.md", "<!-- routes: go test ./internal/web -run Manual -update -->\n", "<!-- end of routes -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, there := strings.Cut(string(text), from)
	_, after, ends := strings.Cut(rest, to)
	if !there || !ends {
		t.Fatal("the manual has no place for the table")
	}
	var b strings.Builder
	b.WriteString(before + from + "| page or act | asks for |\n|---|---|\n")
	for _, r := range open(t).site.Routes() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(r.Pattern, "{$}", ""), askedFor(r))
	}
	b.WriteString(to + after)
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(text) {
		t.Error("docs/reference/roles.md lists other routes: go test ./internal/web -run Manual -update")
	}
}

// askedFor says what a route asks for, as the manual does.
func askedFor(r web.Route) string {
	a, there := actOf(r)
	switch {
	case r.Public:
		return "nothing"
	case !there:
		return "being signed in"
	}
	return fmt.Sprintf("`%s`", a.asks) + map[where]string{inAccount: " in the account", organization: " everywhere", anywhere: " somewhere", inPeople: " in People"}[a.at]
}
