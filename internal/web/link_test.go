package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestALocalUserLinksWithMicrosoft(t *testing.T) {
	t.Parallel()
	o, _ := staff(t)
	hired := o.hire("Nia Achieng")
	b := o.as(boss)
	if got := b.get("/auth/microsoft/1?link=yes"); got.to != "/profile" {
		t.Errorf("linking without the password leads to %q", got.to)
	}
	if got := b.post("/profile/microsoft", "present", "a guess"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("linking with a guess: %d", got.status)
	}
	page := b.post("/profile/microsoft", "present", password)
	way := find(t, page.body, `href="(/auth/microsoft/1\?link=yes)"`)

	thief := o.as(colleague)
	thief.setCookie("muster_link", b.cookie("muster_link"))
	if got := thief.get(way); got.to != "/profile" {
		t.Errorf("somebody else with the cookie is led to %q", got.to)
	}
	back := b.pick(b.toMicrosoftBy(way), "person", hired)
	other := o.as(colleague)
	other.setCookie("muster_ticket", b.cookie("muster_ticket"))
	if got := other.get(back); got.status != http.StatusUnauthorized {
		t.Errorf("coming back on somebody else's browser: %d", got.status)
	}
	if _, got := o.withMicrosoft(hired, ""); got.status != http.StatusForbidden {
		t.Fatalf("the account is linked to somebody already: %d", got.status)
	}

	back = b.pick(b.toMicrosoftBy(find(t, b.post("/profile/microsoft", "present", password).body, `href="(/auth/microsoft/1\?link=yes)"`)), "person", hired)
	if got := b.get(back); got.to != "/profile" {
		t.Fatalf("coming back leads to %q (%d):\n%s", got.to, got.status, got.body)
	}
	if got := b.get("/profile"); !strings.Contains(got.body, "Take the link back") {
		t.Error("the profile does not tell of the link")
	}
	c, got := o.withMicrosoft(hired, "/profile")
	if got.to != "/profile" || !strings.Contains(c.get("/profile").body, boss) {
		t.Errorf("signing in with Microsoft leads to %q (%d)", got.to, got.status)
	}
	if got := b.post("/profile/microsoft/unlink"); got.to != "/profile" {
		t.Errorf("taking it back leads to %q", got.to)
	}
	if _, got := o.withMicrosoft(hired, ""); got.status != http.StatusForbidden {
		t.Errorf("afterwards Microsoft's account still gets in: %d", got.status)
	}
	o.as(boss) // by the password as before
}
