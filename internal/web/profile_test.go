package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestSomebodyChangesTheirPassword(t *testing.T) {
	t.Parallel()
	o := open(t)
	here, elsewhere := o.as(colleague), o.as(colleague)
	const fresh = "another horse battery"
	for _, tt := range []struct{ name, present, password, at, says string }{
		{"a wrong present password", "wrong", fresh, "h-present", "The present password is wrong"},
		{"a short new one", password, "short", "h-password", "at least 12"},
	} {
		got := here.post("/profile/password", "present", tt.present, "password", tt.password)
		_, after, _ := strings.Cut(got.body, `id="`+tt.at+`">`)
		fault, _, _ := strings.Cut(after, "</div>")
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(fault, tt.says) {
			t.Errorf("%s: %d and %q at its input, want 422 and %q", tt.name, got.status, fault, tt.says)
		}
	}
	got := here.post("/profile/password", "present", password, "password", fresh)
	if got.to != "/profile" {
		t.Fatalf("Change password leads to %q (%d)", got.to, got.status)
	}
	if page := here.get("/profile"); page.status != http.StatusOK || !strings.Contains(page.body, "Your password is changed") || !strings.Contains(page.body, colleague) {
		t.Errorf("the browser that changed it is at %d", page.status)
	}
	if page := elsewhere.get("/profile"); page.status != http.StatusSeeOther {
		t.Errorf("another device is still signed in: %d", page.status)
	}
	if got := o.stranger().post("/sign-in", "email", colleague, "password", fresh); got.status != http.StatusSeeOther {
		t.Errorf("signing in with the new password: %d", got.status)
	}
}
