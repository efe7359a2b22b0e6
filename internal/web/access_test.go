package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// address fills a pattern's places in: the module given, and 1 for the rest.
func address(pattern string, module int64) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	path = strings.ReplaceAll(path, "{$}", "")
	path = strings.ReplaceAll(path, "{module}", fmt.Sprint(module))
	for strings.Contains(path, "{") {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + "1" + after
	}
	return method, path
}

// form is an empty form for acts, nothing for pages.
func form(method string) url.Values {
	if method == http.MethodPost {
		return url.Values{}
	}
	return nil
}

func TestNobodyGetsInWithoutASession(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.stranger()
	for _, r := range o.site.Routes() {
		if r.Public {
			continue
		}
		method, path := address(r.Pattern, o.module.ID)
		if got := b.do(method, path, form(method)); got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, "/sign-in") {
			t.Errorf("%s without a session: %d to %q, want the sign-in page", r.Pattern, got.status, got.to)
		}
	}
}

func TestTheModuleOfAnotherAccountDoesNotExist(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(outsider)
	for _, r := range o.site.Routes() {
		if !r.InModule {
			continue
		}
		method, path := address(r.Pattern, o.module.ID)
		if got := b.do(method, path, form(method)); got.status != http.StatusNotFound {
			t.Errorf("%s for somebody of another account: %d, want 404", r.Pattern, got.status)
		}
	}
}

func TestACollaboratorManagesNothing(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(colleague)
	managed := 0
	for _, r := range o.site.Routes() {
		if !r.Manage {
			continue
		}
		managed++
		method, path := address(r.Pattern, o.module.ID)
		if got := b.do(method, path, form(method)); got.status != http.StatusForbidden {
			t.Errorf("%s for a collaborator: %d, want 403", r.Pattern, got.status)
		}
	}
	if managed < 10 {
		t.Errorf("only %d routes are for administrators: the table says too little", managed)
	}
	if page := b.get("/").body; strings.Contains(page, "/integrations") {
		t.Error("a collaborator is shown a way to the integrations")
	}
}

func TestPagesOpenForWhoMayComeToThem(t *testing.T) {
	t.Parallel()
	o := open(t)
	for who, paths := range map[string][]string{
		boss:      {"/", "/profile", "/settings/accounts", "/audit", "/audit?verify=yes"},
		manager:   {"/", "/audit", fmt.Sprintf("/m/%d", o.module.ID), fmt.Sprintf("/m/%d/users", o.module.ID), fmt.Sprintf("/m/%d/integrations", o.module.ID), fmt.Sprintf("/m/%d/integrations/store", o.module.ID)},
		colleague: {"/", "/profile", fmt.Sprintf("/m/%d/leavers", o.module.ID), fmt.Sprintf("/m/%d/overdue", o.module.ID)},
	} {
		b := o.as(who)
		for _, path := range paths {
			if got := b.get(path); got.status != http.StatusOK {
				t.Errorf("%s for %s: %d", path, who, got.status)
			}
		}
	}
	if got := o.as(colleague).get("/audit"); got.status != http.StatusForbidden {
		t.Errorf("the audit log for a collaborator: %d, want 403", got.status)
	}
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.stranger()
	if got := b.post("/sign-in", "email", boss, "password", "wrong"); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "The email or the password is wrong") {
		t.Errorf("a wrong password: %d", got.status)
	}
	first := b.post("/sign-in", "email", boss, "password", password, "next", "/profile")
	if first.status != http.StatusSeeOther || first.to != "/profile" {
		t.Errorf("the right password: %d to %q, want /profile", first.status, first.to)
	}
	c := first.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(c, want) {
			t.Errorf("the session's cookie %q lacks %s", c, want)
		}
	}
	again := b.post("/sign-in", "email", boss, "password", password)
	if again.header.Get("Set-Cookie") == c {
		t.Error("signing in again keeps the session's token")
	}
	if got := b.post("/sign-out"); got.to != "/sign-in" {
		t.Errorf("signing out leads to %q", got.to)
	}
	if got := b.get("/profile"); got.status != http.StatusSeeOther || got.to != "/sign-in?next=%2Fprofile" {
		t.Errorf("after signing out /profile gives %d to %q", got.status, got.to)
	}
}

func TestSigningInLeadsToThisHostOnly(t *testing.T) {
	t.Parallel()
	o := open(t)
	for _, next := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//evil.example"} {
		if got := o.stranger().post("/sign-in", "email", boss, "password", password, "next", next); got.to != "/" {
			t.Errorf("next %q leads to %q, want /", next, got.to)
		}
	}
}

func TestGuessingIsSlowedDownAndNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.stranger()
	for range 6 {
		b.post("/sign-in", "email", boss, "password", "wrong")
	}
	got := b.post("/sign-in", "email", boss, "password", password)
	if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "too many failed attempts") {
		t.Errorf("after six failures the right password gives %d, want a wait", got.status)
	}
	deadline := time.Now().Add(10 * time.Second)
	for got.status != http.StatusSeeOther && time.Now().Before(deadline) {
		got = b.post("/sign-in", "email", boss, "password", password)
	}
	if got.status != http.StatusSeeOther {
		t.Errorf("the wait does not end: %d", got.status)
	}
}

func TestSetUpIsForWhoeverMayAndOnlyOnce(t *testing.T) {
	t.Parallel()
	o := empty(t)
	b := o.stranger()
	if got := b.get("/sign-in"); got.to != "/setup" {
		t.Errorf("before the set-up the sign-in page leads to %q, want /setup", got.to)
	}
	if got := b.post("/setup", "organization", "Contoso", "email", "a@contoso.example", "password", "short"); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "Contoso") {
		t.Errorf("a short password: %d; want the form again with what was typed", got.status)
	}
	if got := b.post("/setup", "organization", "Contoso", "email", "a@contoso.example", "password", password); got.status != http.StatusSeeOther || got.to != "/" {
		t.Fatalf("the set-up: %d to %q", got.status, got.to)
	}
	if page := b.get("/"); page.status != http.StatusOK || !strings.Contains(page.body, "IT equipment") {
		t.Errorf("the dashboard after the set-up: %d", page.status)
	}
	if got := o.stranger().get("/setup"); got.to != "/sign-in" {
		t.Errorf("the set-up page afterwards leads to %q", got.to)
	}
	if got := o.stranger().post("/setup", "organization", "Evil", "email", "b@evil.example", "password", password); got.status == http.StatusSeeOther {
		t.Error("the organization was set up twice")
	}
}
