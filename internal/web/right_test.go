package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
)

// walker is somebody who tries every route.
type walker struct {
	email string
	role  account.Role
	whole bool // the role reaches the account or the organization as a whole
}

// walkers are users with each role, in the first module.
func (o *office) walkers() []walker {
	o.t.Helper()
	ctx, p := o.t.Context(), account.CommandLine()
	_, err := o.accounts.CreateRole(ctx, p, account.Role{Account: o.module.Account, Module: o.module.ID, Name: "Reader", Permissions: []account.Permission{{Action: account.View}}})
	o.must(err)
	out := []walker{{email: boss}, {email: manager}, {email: colleague}}
	for email, role := range map[string]string{"reader@contoso.example": "Reader", "account@contoso.example": account.AccountAdmin} {
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
		who, err := o.accounts.PrincipalOf(ctx, l.ID, "")
		o.must(err)
		out[i].role, out[i].whole = who.Holds[0].Role, who.Holds[0].Module == 0
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

// recordActs are the acts on records whose route lets in everybody with a role:
// what the act itself then asks for.
func recordActs() map[string]account.Action {
	const c = "/m/{module}/c/{collection}"
	return map[string]account.Action{
		"GET " + c:                            account.View,
		"GET " + c + "/{record}":              account.View,
		"GET " + c + "/new":                   account.Create,
		"GET " + c + "/{record}/edit":         account.Edit,
		"POST " + c + "/new":                  account.Create,
		"POST " + c + "/{record}/edit":        account.Edit,
		"POST " + c + "/{record}/archive":     account.Delete,
		"POST " + c + "/{record}/check-in":    account.CheckOut,
		"POST " + c + "/import":               account.Import,
		"GET " + c + "/export":                account.Export,
		"GET /m/{module}/choose/{collection}": account.View,
	}
}

// place fills a pattern's places: the module and its main collection are real, a
// record is made for each visit, and nothing else is there, so that no act that
// is let through changes anything for the next.
func (o *office) place(pattern string) (method, path string) {
	o.t.Helper()
	main := o.collection(register.Main)
	method, path, _ = strings.Cut(pattern, " ")
	path = strings.NewReplacer("{$}", "", "{module}", fmt.Sprint(o.module.ID), "{collection}", fmt.Sprint(main.ID), "{account}", fmt.Sprint(o.module.Account)).Replace(path)
	if strings.Contains(path, "{record}") {
		path = strings.ReplaceAll(path, "{record}", fmt.Sprint(o.asset("Name", "Laptop").ID))
	}
	if strings.HasSuffix(path, "/export") {
		path += "?format=csv"
	}
	for strings.Contains(path, "{") {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + "999999" + after
	}
	return method, path
}

func TestEachRoleComesWhereItMay(t *testing.T) {
	t.Parallel()
	o := open(t)
	acts, tried := recordActs(), 0
	for _, w := range o.walkers() {
		for _, r := range o.site.Routes() {
			action := r.Action
			if action == "" {
				action = acts[r.Pattern]
			}
			if action == "" || !r.InModule {
				continue
			}
			tried++
			method, path := o.place(r.Pattern)
			got := o.session(w.email).do(method, path, form(method))
			let := got.status != http.StatusForbidden && !strings.HasPrefix(got.to, "/sign-in")
			if want := w.role.Allows(action, 0); let != want {
				t.Errorf("%s for %s: %d, want it let in: %v (%s)", r.Pattern, w.role.Name, got.status, want, action)
			}
		}
	}
	if tried < 5*len(acts) {
		t.Errorf("only %d visits were tried", tried)
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
		manager:                  {"/export?": true, "/import\"": true, "/new\"": true},
		colleague:                {"/export?": false, "/import\"": false, "/new\"": true},
		"reader@contoso.example": {"/export?": false, "/import\"": false, "/new\"": false},
	} {
		page := o.session(email).get(list).body
		for path, there := range want {
			if strings.Contains(page, list+path) != there {
				t.Errorf("%s sees the way to %s: %v, want %v", email, path, !there, there)
			}
		}
	}
}
