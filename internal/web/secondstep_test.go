package web_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
)

// find returns the first group of a pattern in a page.
func find(t *testing.T, page, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no %s:\n%s", pattern, page)
	}
	return m[1]
}

// appOf is the authenticator app of a set-up page: the code so many steps from now.
func appOf(t *testing.T, page string) func(steps int64) string {
	t.Helper()
	text := strings.ReplaceAll(find(t, page, `<code class="long">([A-Z2-7 ]+)</code>`), " ", "")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	return func(steps int64) string { return totp(secret, began.Unix()/30+steps) }
}

// stepUp switches the second step of somebody on, and returns their app and
// their recovery codes.
func (b *browser) stepUp() (app func(int64) string, codes []string) {
	t := b.o.t
	t.Helper()
	page := b.get("/profile/second-step").body
	app = appOf(t, page)
	got := b.post("/profile/second-step", "sealed", find(t, page, `name="sealed" value="([^"]+)"`), "code", app(0))
	for _, m := range regexp.MustCompile(`<li><code>([a-z2-7-]+)</code></li>`).FindAllStringSubmatch(got.body, -1) {
		codes = append(codes, m[1])
	}
	if got.status != http.StatusOK || len(codes) != 10 {
		t.Fatalf("switching the second step on: %d with %d recovery codes", got.status, len(codes))
	}
	return app, codes
}

func TestTheSecondStepOnScreen(t *testing.T) {
	t.Parallel()
	o := open(t)
	here := o.as(colleague)
	page := here.get("/profile/second-step")
	if !strings.Contains(page.body, `<svg class="qr"`) || page.header.Get("Cache-Control") != "no-store" {
		t.Error("the set-up shows no picture, or may be kept by the browser")
	}
	sealed := find(t, page.body, `name="sealed" value="([^"]+)"`)
	wrong := here.post("/profile/second-step", "sealed", sealed, "code", "000000")
	if wrong.status != http.StatusUnprocessableEntity || find(t, wrong.body, `<code class="long">([A-Z2-7 ]+)</code>`) != find(t, page.body, `<code class="long">([A-Z2-7 ]+)</code>`) {
		t.Errorf("a wrong code: %d; the secret has to stay", wrong.status)
	}
	app, codes := here.stepUp()

	b := o.stranger()
	asked := b.post("/sign-in", "email", colleague, "password", password, "next", "/profile")
	if asked.to != "/sign-in/code" {
		t.Fatalf("the password leads to %q (%d), want the code asked for", asked.to, asked.status)
	}
	if got := b.get("/profile"); got.status != http.StatusSeeOther {
		t.Errorf("the password alone opens the profile: %d", got.status)
	}
	if got := b.post("/sign-in/code", "code", "123456"); got.status != http.StatusUnauthorized {
		t.Errorf("a guess: %d", got.status)
	}
	if got := b.post("/sign-in/code", "code", app(1)); got.to != "/profile" {
		t.Errorf("the code leads to %q (%d)", got.to, got.status)
	}
	if got := b.get("/profile"); !strings.Contains(got.body, "10 recovery codes") {
		t.Error("the profile does not tell of the second step")
	}
	if got := o.stranger().get("/sign-in/code"); got.to != "/sign-in" {
		t.Errorf("the code's page without a password: %d to %q", got.status, got.to)
	}
	thief := o.stranger()
	thief.setCookie("muster_step", b.cookie("muster_device"))
	if got := thief.post("/sign-in/code", "code", codes[0]); got.to != "/sign-in" {
		t.Errorf("another sealed cookie in place of the ticket: %d to %q", got.status, got.to)
	}
	lost := o.stranger()
	lost.post("/sign-in", "email", colleague, "password", password)
	if got := lost.post("/sign-in/code", "code", codes[0]); got.to != "/" {
		t.Errorf("a recovery code leads to %q (%d)", got.to, got.status)
	}
	if got := lost.post("/profile/second-step/off", "present", "a guess"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("switching it off with a guess: %d", got.status)
	}
	if got := lost.post("/profile/second-step/off", "present", password); got.to != "/profile" {
		t.Errorf("switching it off leads to %q (%d)", got.to, got.status)
	}
	o.as(colleague) // by the password alone
}

func TestCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	o := open(t)
	app, _ := o.as(colleague).stepUp()
	b := o.stranger()
	b.post("/sign-in", "email", colleague, "password", password)
	for range 6 {
		b.post("/sign-in/code", "code", "123456")
	}
	if got := b.post("/sign-in/code", "code", app(1)); got.status != http.StatusServiceUnavailable {
		t.Errorf("after six guesses the right code is %d, want it to wait", got.status)
	}
}

func TestAnAdministratorLetsAUserBackIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.as(colleague).stepUp()
	login, err := o.accounts.FindLogin(t.Context(), account.CommandLine(), colleague)
	o.must(err)
	path := fmt.Sprintf("/m/%d/users/%d", o.module.ID, login.ID)
	b := o.as(boss)
	if page := b.get(path); !strings.Contains(page.body, path+"/second-step") {
		t.Error("the user's page does not offer to switch the second step off")
	}
	if got := o.as(manager).post(path + "/link"); got.status != http.StatusForbidden {
		t.Errorf("a module's administrator makes a link: %d", got.status)
	}
	link := find(t, b.post(path+"/link").body, `data-copy="`+o.url+`(/reset\?token=[\w-]+)"`)
	user := o.stranger()
	page := user.get(link)
	if page.status != http.StatusOK || !strings.Contains(page.body, colleague) || page.header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("the link: %d", page.status)
	}
	token := strings.TrimPrefix(link, "/reset?token=")
	if got := user.post("/reset", "token", token, "password", "password1234"); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "easy to guess") {
		t.Errorf("a password that is easy to guess: %d", got.status)
	}
	const fresh = "rain on a tin roof"
	if got := user.post("/reset", "token", token, "password", fresh); got.to != "/sign-in" {
		t.Errorf("setting the password leads to %q (%d)", got.to, got.status)
	}
	if got := user.get(link); got.status != http.StatusConflict || !strings.Contains(got.body, `href="/sign-in" class="btn btn-primary"`) {
		t.Errorf("the link again: %d, want the way to the sign-in page:\n%s", got.status, got.body)
	}
	if got := user.post("/sign-in", "email", colleague, "password", fresh); got.to != "/sign-in/code" {
		t.Errorf("the new password leads to %q: the link switched the second step off", got.to)
	}
	b.post(path + "/second-step")
	if got := user.post("/sign-in", "email", colleague, "password", fresh); got.to != "/" {
		t.Errorf("afterwards the password leads to %q", got.to)
	}
}

// from sends a password from an address, with the cookies of a browser.
func (b *browser) from(ip, email, password string) (status int) {
	body := url.Values{"email": {email}, "password": {password}}.Encode()
	r := httptest.NewRequest(http.MethodPost, b.o.url+"/sign-in", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = ip + ":4711"
	r.AddCookie(&http.Cookie{Name: "muster_device", Value: b.cookie("muster_device")})
	w := httptest.NewRecorder()
	b.o.site.Handler().ServeHTTP(w, r)
	return w.Code
}

// A crowd that guesses a password from many addresses slows down strangers, not
// a browser on which the user has signed in before.
func TestGuessingDoesNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	o := open(t)
	owner, other, stranger := o.as(boss), o.as(colleague), o.stranger()
	for i := range 12 {
		if got := stranger.from(fmt.Sprintf("192.0.2.%d", i), boss, "a guess"); i < 10 && got != http.StatusUnauthorized {
			t.Errorf("guess %d of the crowd: %d", i, got)
		}
	}
	if got := stranger.from("198.51.100.1", boss, password); got != http.StatusServiceUnavailable {
		t.Errorf("a new browser with the right password in between: %d, want it to wait", got)
	}
	if got := other.from("198.51.100.2", boss, password); got != http.StatusServiceUnavailable {
		t.Errorf("a browser that somebody else signed in on: %d, want it to wait like any other", got)
	}
	if got := owner.from("198.51.100.3", boss, password); got != http.StatusSeeOther {
		t.Errorf("the owner's browser: %d, want it let in", got)
	}
	for range 7 {
		owner.from("198.51.100.3", boss, "a guess")
	}
	if got := owner.from("198.51.100.3", boss, password); got != http.StatusServiceUnavailable {
		t.Errorf("the owner's browser after guesses of its own: %d, want it to wait", got)
	}
}

// One address that tries many emails waits, whichever it tries.
func TestGuessingAtManyUsersIsSlowedDown(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.stranger()
	for i := range 22 {
		b.from("192.0.2.1", fmt.Sprintf("user%d@contoso.example", i), "a guess")
	}
	if got := b.from("192.0.2.1", boss, password); got != http.StatusServiceUnavailable {
		t.Errorf("after guesses at many users: %d, want it to wait", got)
	}
	if got := b.from("192.0.2.2", boss, password); got != http.StatusSeeOther {
		t.Errorf("from another address: %d", got)
	}
}

// totp is the code of an app for a time step, by the book (RFC 6238).
func totp(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1e6)
}
