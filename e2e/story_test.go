package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

func TestAVisitorSignsInGoesWhereTheyWantedAndOut(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[0])
	b.open("/profile?from=a-link")
	if at := b.path(); at != "/sign-in" {
		t.Fatalf("without a session one gets to %s", at)
	}
	b.do(chromedp.SendKeys(chromedp.CSS("input[name=email]"), d.email), chromedp.SendKeys(chromedp.CSS("input[name=password]"), "a wrong guess"))
	if status := b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-in']"))); status != 401 {
		t.Errorf("a wrong password is answered %d", status)
	}
	b.do(chromedp.WaitVisible(chromedp.CSS("[role=alert]")))
	b.do(chromedp.SendKeys(chromedp.CSS("input[name=password]"), d.password))
	b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-in']")))
	if at := ask[string](b, "location.pathname + location.search"); at != "/profile?from=a-link" {
		t.Errorf("signing in leads to %s", at)
	}
	b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-out']")))
	b.open("/")
	if at := b.path(); at != "/sign-in" {
		t.Errorf("after signing out one gets to %s", at)
	}
}

// A page works without a mouse: the first tab stop leads past the menu.
func TestTheKeyboardSkipsTheMenu(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[0])
	b.signIn(d.email, d.password)
	b.open("/")
	b.do(chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"))
	if got := ask[string](b, "location.hash"); got == "" || !ask[bool](b, "document.activeElement.matches('main')") {
		t.Errorf("tab and enter lead to %q, and the focus is on %s", got, ask[string](b, "document.activeElement.outerHTML.slice(0, 80)"))
	}
}
