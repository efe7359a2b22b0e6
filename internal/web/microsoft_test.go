package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/syncer"
)

// staff opens an office into which the members of All Staff sign in with
// Microsoft. It returns the object IDs of some of them.
func staff(t *testing.T) (o *office, members []string) {
	t.Helper()
	o = open(t)
	connected(t, o)
	role, err := o.accounts.Role(t.Context(), o.module.ID, account.Collaborator)
	o.must(err)
	_, err = o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{{
		Name: "Staff", Kind: mapping.Login, Entity: directory.User, Module: o.module.ID, Role: role.ID, Identifier: mapping.ByObjectID,
		Units: []directory.UnitRef{{Kind: directory.Group, Name: "All Staff"}},
	}})
	o.must(err)
	o.sync()
	members, _, err = o.hr.Members("All Staff", 100)
	o.must(err)
	return o, members
}

// sync runs the first connection, and approves what it holds.
func (o *office) sync() {
	o.t.Helper()
	ctx, p := o.t.Context(), account.CommandLine()
	id, err := o.work.Start(ctx, p, 1, integration.Order{})
	o.must(err)
	progress, err := o.work.Watch(ctx, p, id)
	o.must(err)
	for range progress {
	}
	run, err := o.work.Run(ctx, p, id)
	o.must(err)
	if run.State != syncer.Held {
		return
	}
	_, err = o.work.Approve(ctx, p, id, syncer.Choice{All: true}, nil)
	o.must(err)
}

// toMicrosoft presses the button and returns where Microsoft is asked.
func (b *browser) toMicrosoft(next string) *url.URL {
	b.o.t.Helper()
	return b.toMicrosoftBy("/auth/microsoft/1?" + url.Values{"next": {next}}.Encode())
}

// toMicrosoftBy follows a link of ours that leads there.
func (b *browser) toMicrosoftBy(path string) *url.URL {
	b.o.t.Helper()
	got := b.get(path)
	at, err := url.Parse(got.to)
	b.o.must(err)
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, b.o.tenant.URL()) {
		b.o.t.Fatalf("the button leads to %q (%d), want the sign-in host", got.to, got.status)
	}
	return at
}

// hire adds somebody to the tenant whom no mapping names, and returns their object ID.
func (o *office) hire(name string) string {
	o.t.Helper()
	p, err := o.hr.Hire(map[string]entrasim.Value{"displayName": entrasim.String(name)})
	o.must(err)
	return p.ID
}

// pick picks a person at Microsoft and returns the path that the browser comes
// back to.
func (b *browser) pick(at *url.URL, key, value string) string {
	b.o.t.Helper()
	q := at.Query()
	q.Set(key, value)
	at.RawQuery = q.Encode()
	resp, err := b.client.Get(at.String())
	b.o.must(err)
	defer resp.Body.Close()
	back := resp.Header.Get("Location")
	if !strings.HasPrefix(back, b.o.url+"/auth/microsoft/callback?") {
		b.o.t.Fatalf("Microsoft sends the browser to %q (%d)", back, resp.StatusCode)
	}
	return strings.TrimPrefix(back, b.o.url)
}

// withMicrosoft signs a person in on a browser of their own.
func (o *office) withMicrosoft(person, next string) (*browser, answer) {
	o.t.Helper()
	b := o.stranger()
	return b, b.get(b.pick(b.toMicrosoft(next), "person", person))
}

func TestAMemberOfAMappedGroupSignsInWithMicrosoft(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	if guide := o.as(manager).get(fmt.Sprintf("/m/%d/integrations/1", o.module.ID)).body; !strings.Contains(guide, `data-copy="`+o.url+`/auth/microsoft/callback"`) {
		t.Error("the guide to the portal does not name the redirect address")
	}
	page := o.stranger().get("/sign-in?next=/profile").body
	if !strings.Contains(page, `href="/auth/microsoft/1?next=%2Fprofile"`) || !strings.Contains(page, "Sign in with Microsoft") {
		t.Error("the sign-in page has no button for Microsoft")
	}
	b, got := o.withMicrosoft(members[0], "/profile")
	if got.status != http.StatusSeeOther || got.to != "/profile" {
		t.Fatalf("coming back leads to %q (%d), want /profile:\n%s", got.to, got.status, got.body)
	}
	profile := b.get("/profile")
	if profile.status != http.StatusOK || !strings.Contains(profile.body, account.Collaborator) {
		t.Errorf("the profile is %d and says nothing of the group's role", profile.status)
	}
	if strings.Contains(profile.body, "Change your password") {
		t.Error("somebody without a password is offered to change it")
	}
	if got := b.get(fmt.Sprintf("/m/%d/users", o.module.ID)); got.status != http.StatusForbidden {
		t.Errorf("a collaborator manages users: %d", got.status)
	}
	if log := o.as(boss).get("/audit").body; !strings.Contains(strings.ToLower(log), "signed in") || !strings.Contains(log, "Microsoft") {
		t.Error("the audit log does not tell of the sign-in")
	}
}

func TestADisabledPersonsNextRequestIsRefused(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	b, _ := o.withMicrosoft(members[0], "")
	if got := b.get("/"); got.status != http.StatusOK {
		t.Fatalf("somebody who signed in sees %d", got.status)
	}
	_, err := o.hr.Disable(members[0])
	o.must(err)
	o.sync()
	if got := b.get("/"); got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, "/sign-in") {
		t.Errorf("after the sync that finds the person disabled: %d to %q, want the sign-in page", got.status, got.to)
	}
}

func TestWhoHasNoAccessIsToldSo(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	hired, err := o.hr.Hire(map[string]entrasim.Value{"displayName": entrasim.String("Nia Achieng")})
	o.must(err)
	_, got := o.withMicrosoft(hired.ID, "")
	if got.status != http.StatusForbidden || !strings.Contains(got.body, "has no access to Muster") || !strings.Contains(got.body, "at Contoso to add you to a group") {
		t.Errorf("somebody of the tenant whom no mapping names: %d\n%s", got.status, got.body)
	}
	again := find(t, got.body, `href="(/auth/microsoft/1\?[^"]+)"`)
	if at := o.stranger().get(strings.ReplaceAll(again, "&amp;", "&")); !strings.Contains(at.to, "prompt=select_account") {
		t.Errorf("who has no access is led to %q, which takes the same account again", at.to)
	}
	if at := o.stranger().toMicrosoft(""); at.Query().Has("prompt") {
		t.Error("who comes for the first time is asked which account")
	}
	if strings.Contains(got.body, boss) || strings.Contains(got.body, manager) {
		t.Error("a stranger learns an administrator's address")
	}
	all, err := o.accounts.ListLogins(t.Context(), account.CommandLine())
	o.must(err)
	for _, l := range all {
		if l.Object.String() == members[1] {
			o.must(o.accounts.Deactivate(t.Context(), account.CommandLine(), l.ID))
		}
	}
	if _, got := o.withMicrosoft(members[1], ""); got.status != http.StatusForbidden || !strings.Contains(got.body, "has ended") {
		t.Errorf("somebody deactivated: %d\n%s", got.status, got.body)
	}
	b := o.stranger()
	if got := b.get(b.pick(b.toMicrosoft(""), "decline", "1")); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "You did not sign in at Microsoft") {
		t.Errorf("somebody who gave up at Microsoft: %d\n%s", got.status, got.body)
	}
	if log := o.as(boss).get("/audit").body; strings.Count(strings.ToLower(log), "sign-in refused") < 2 {
		t.Error("the audit log does not tell of those who were refused")
	}
}

func TestALocalUserWithTheSameEmailIsNeverTakenOver(t *testing.T) {
	t.Parallel()
	o, _ := staff(t)
	hired, err := o.hr.Hire(map[string]entrasim.Value{"displayName": entrasim.String("Nia Achieng")})
	o.must(err)
	role, err := o.accounts.Role(t.Context(), 0, account.OrganizationAdmin)
	o.must(err)
	for _, email := range []string{hired.UserPrincipalName, hired.Mail} {
		if email == "" {
			continue
		}
		_, err = o.accounts.Invite(t.Context(), account.CommandLine(), account.Invitation{Email: email, Role: role.ID})
		o.must(err)
		o.must(o.accounts.ResetPassword(t.Context(), account.CommandLine(), email, secret.New(password)))
	}
	b, got := o.withMicrosoft(hired.ID, "")
	if got.status != http.StatusForbidden {
		t.Errorf("signing in with the email of a local user: %d to %q, want 403", got.status, got.to)
	}
	if got := b.get("/"); got.status != http.StatusSeeOther {
		t.Errorf("afterwards the dashboard is %d", got.status)
	}
}

func TestASignInIsGoodOnceAndInItsBrowserOnly(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	b := o.stranger()
	back := b.pick(b.toMicrosoft("/profile"), "person", members[0])

	if got := o.stranger().get(back); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "not begun in this browser") {
		t.Errorf("another browser without a ticket: %d", got.status)
	}
	other := o.stranger()
	other.toMicrosoft("")
	if got := other.get(back); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "not begun in this browser") {
		t.Errorf("another browser with a ticket of its own: %d", got.status)
	}
	ticket := b.cookie("muster_ticket")
	if got := b.get(back); got.status != http.StatusSeeOther || got.to != "/profile" {
		t.Fatalf("the browser that began: %d to %q", got.status, got.to)
	}
	if b.cookie("muster_ticket") != "" {
		t.Error("the ticket stays in the browser")
	}
	if got := b.get(back); got.status != http.StatusUnauthorized {
		t.Errorf("the same address a second time: %d, want 401", got.status)
	}
	thief := o.stranger()
	thief.setCookie("muster_ticket", ticket)
	o.hr.ResetRequests()
	if got := thief.get(back); got.status != http.StatusUnauthorized {
		t.Errorf("the same address with a copy of the ticket: %d, want 401", got.status)
	}
	if n := o.hr.Requests().Total; n != 0 {
		t.Errorf("a spent ticket was taken to Microsoft: %d requests", n)
	}
	forged := o.stranger()
	forged.setCookie("muster_ticket", "AAAA")
	if got := forged.get("/auth/microsoft/callback?state=&code=x"); got.status != http.StatusUnauthorized {
		t.Errorf("a made-up ticket: %d", got.status)
	}
}

func TestASignInThatTookTooLongIsBegunAnew(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	b := o.stranger()
	back := b.pick(b.toMicrosoft(""), "person", members[0])
	o.work.Now = func() time.Time { return time.Now().Add(16 * time.Minute) }
	if got := b.get(back); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "took too long") {
		t.Errorf("after sixteen minutes: %d to %q, want 401", got.status, got.to)
	}
}

// Whoever makes codes up has Muster ask Microsoft and note a refusal each time.
func TestMadeUpAnswersOfMicrosoftAreSlowedDown(t *testing.T) {
	t.Parallel()
	o, _ := staff(t)
	b := o.stranger()
	for range 20 {
		state := b.toMicrosoft("").Query().Get("state")
		if got := b.get("/auth/microsoft/callback?code=made-up&state=" + state); got.status != http.StatusUnauthorized {
			t.Fatalf("a made-up code: %d, want 401", got.status)
		}
	}
	b.get("/auth/microsoft/callback?code=made-up&state=" + b.toMicrosoft("").Query().Get("state"))
	asked := b.toMicrosoft("").Query().Get("state")
	o.hr.ResetRequests()
	got := b.get("/auth/microsoft/callback?code=made-up&state=" + asked)
	if n := o.hr.Requests().Total; n != 0 || got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "too many failed attempts") {
		t.Errorf("after twenty made-up codes Microsoft is asked %d times, and the answer is %d", n, got.status)
	}
	if got := o.stranger().post("/sign-in", "email", boss, "password", password); got.status != http.StatusSeeOther {
		t.Errorf("a local user behind the same address meanwhile: %d", got.status)
	}
}

func TestSigningInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"} {
		if _, got := o.withMicrosoft(members[0], next); got.to != "/" {
			t.Errorf("next=%q leads to %q", next, got.to)
		}
		b := o.stranger()
		if got := b.post("/sign-in", "email", boss, "password", password, "next", next); got.to != "/" {
			t.Errorf("next=%q leads to %q with a password", next, got.to)
		}
	}
}

func TestSigningInEndsTheSessionThatTheBrowserCameWith(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	planted := o.as(colleague)
	token := planted.cookie("muster_session")
	b := o.stranger()
	b.setCookie("muster_session", token)
	if got := b.get(b.pick(b.toMicrosoft(""), "person", members[0])); got.to != "/" {
		t.Fatalf("signing in leads to %q (%d)", got.to, got.status)
	}
	if b.cookie("muster_session") == token {
		t.Error("signing in kept the token that was planted")
	}
	if got := planted.get("/profile"); got.status != http.StatusSeeOther {
		t.Errorf("the planted session is still open: %d", got.status)
	}
}

func TestSigningOutOffersToSignOutOfMicrosoft(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	b, _ := o.withMicrosoft(members[0], "")
	out := b.post("/sign-out")
	page := b.get(out.to)
	if !strings.Contains(page.body, `href="/auth/microsoft/1/sign-out"`) {
		t.Errorf("signing out leads to %q, which does not offer Microsoft's", out.to)
	}
	if got := b.get("/auth/microsoft/1/sign-out"); !strings.HasPrefix(got.to, o.tenant.URL()) || !strings.Contains(got.to, "/logout") {
		t.Errorf("signing out of Microsoft leads to %q", got.to)
	}
	if got := o.as(boss).post("/sign-out"); got.to != "/sign-in" {
		t.Errorf("a local user who signs out gets to %q", got.to)
	}
}

func TestOnlyConnectionsThatLoginsComeFromAreAWayIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	connected(t, o)
	if page := o.stranger().get("/sign-in").body; strings.Contains(page, "Microsoft") {
		t.Error("a connection without a login mapping has a button on the sign-in page")
	}
	if got := o.stranger().get("/auth/microsoft/1"); got.status != http.StatusNotFound {
		t.Errorf("signing in with it: %d, want 404", got.status)
	}
}

func TestSigningInTakesPlaceAtThePublicAddress(t *testing.T) {
	t.Parallel()
	o, _ := staff(t)
	o.site.BaseURL = "https://assets.example.com"
	b := o.stranger()
	moved := b.get("/auth/microsoft/1?next=/profile")
	if moved.to != "https://assets.example.com/auth/microsoft/1?choose=&moved=yes&next=%2Fprofile" {
		t.Errorf("by another address the button leads to %q", moved.to)
	}
	at := b.get(strings.TrimPrefix(moved.to, "https://assets.example.com"))
	if u, err := url.Parse(at.to); err != nil || u.Query().Get("redirect_uri") != "https://assets.example.com/auth/microsoft/callback" {
		t.Errorf("behind a proxy that hides the host it leads to %q, want Microsoft to send people to the public address", at.to)
	}
}

// What is wrong with the app registration is the administrators' affair.
func TestAVisitorLearnsNothingOfTheAppRegistration(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	b := o.stranger()
	back := b.pick(b.toMicrosoft(""), "person", members[0])
	o.hr.RotateSecret("another")
	got := b.get(back)
	if got.status != http.StatusUnauthorized || !strings.Contains(got.body, "could not make sure who you are") || strings.Contains(got.body, "secret") {
		t.Errorf("with a wrong secret the visitor sees %d:\n%s", got.status, got.body)
	}
	if log := o.as(boss).get("/audit").body; !strings.Contains(log, "answer was not accepted") {
		t.Error("the audit log does not tell of it")
	}
}
