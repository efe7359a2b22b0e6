package e2e_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	be "encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// app is an authenticator app: the code of the time step so many from now.
func app(t *testing.T, text string) func(steps int64) string {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now().Unix() / 30
	return func(steps int64) string {
		mac := hmac.New(sha1.New, secret)
		mac.Write(be.BigEndian.AppendUint64(nil, uint64(began+steps)))
		sum := mac.Sum(nil)
		n := be.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
		return fmt.Sprintf("%06d", n%1e6)
	}
}

// clean fails when the page has faults of accessibility or the console spoke up.
func (b *tab) clean(where string) {
	b.t.Helper()
	for _, fault := range b.violations() {
		b.t.Errorf("%s at %s: %s", where, b.look.name, fault)
	}
	for _, trouble := range b.heard() {
		if !strings.Contains(trouble, "status of 401") { // a wrong code is answered so
			b.t.Errorf("%s: the console says: %s", where, trouble)
		}
	}
}

// Somebody switches the second step on, signs in with it, and lets a colleague
// set a password by a link.
func TestASecondStepInABrowser(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	browser := openBrowser(t)
	for _, l := range []look{looks()[0], looks()[3]} {
		b := newTab(t, browser, d.at, l)
		b.signIn(d.email, d.password)
		b.open("/profile")
		b.leads(chromedp.Click(chromedp.CSS("a[href='/profile/second-step']")))
		b.clean("setting it up")
		code := app(t, ask[string](b, "document.querySelector('code.long').textContent"))
		b.do(chromedp.SendKeys(chromedp.CSS("input[name=code]"), code(0)))
		b.leads(chromedp.Submit(chromedp.CSS("form[action='/profile/second-step']")))
		b.clean("the recovery codes")
		recovery := ask[string](b, "document.querySelector('.codes code').textContent")
		b.open("/profile")
		b.clean("the profile")
		b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-out']")))

		b.signIn(d.email, d.password)
		if at := b.path(); at != "/sign-in/code" {
			t.Fatalf("the password leads to %s", at)
		}
		b.do(chromedp.SendKeys(chromedp.CSS("input[name=code]"), "000000"))
		b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-in/code']")))
		b.clean("a wrong code")
		b.do(chromedp.SendKeys(chromedp.CSS("input[name=code]"), code(1)))
		b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-in/code']")))
		if at := b.path(); at != "/" {
			t.Errorf("the code leads to %s", at)
		}
		b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-out']")))
		b.signIn(d.email, d.password)
		b.do(chromedp.SendKeys(chromedp.CSS("input[name=code]"), recovery))
		b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-in/code']")))
		b.open("/profile")
		b.do(chromedp.SendKeys(chromedp.CSS("#second-step input[name=present]"), d.password))
		b.leads(chromedp.Submit(chromedp.CSS("form[action='/profile/second-step/off']")))
		if text := ask[string](b, "document.querySelector('#second-step').innerText"); !strings.Contains(text, "Set up a second step") {
			t.Errorf("after switching it off the profile says %q", text)
		}
	}
}
