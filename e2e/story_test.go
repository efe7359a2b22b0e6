package e2e_test

import (
	"strings"
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

func TestAnAdministratorTestsTheConnectionAndWatchesASync(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[0])
	b.signIn(d.email, d.password)
	b.open("/m/1/integrations/1")
	b.do(chromedp.Click(chromedp.CSS("form[action='/m/1/integrations/1'] button.btn-primary")))
	b.wait(`/users .*readable|can be read/i.test(document.querySelector("#check").innerText)`)
	b.open("/m/1/integrations/1/runs")
	b.leads(chromedp.Click(chromedp.CSS("button[value=full]")))
	run := b.path()
	b.wait(`!/progress|running/i.test(document.querySelector("h1").closest(".page-header").innerText) && /unchanged|succeeded/i.test(document.body.innerText)`)
	if at := b.path(); at != run {
		t.Errorf("the run %s ended on %s", run, at)
	}
	for _, trouble := range b.heard() {
		t.Errorf("the console says: %s", trouble)
	}
}

func TestTheFirstStartHappensInABrowser(t *testing.T) {
	chromium(t)
	at, setup := startServer(t)
	browser := openBrowser(t)
	for _, l := range []look{looks()[3], looks()[0]} {
		b, found := newTab(t, browser, at, l), faults{}
		b.inspect("/setup", found)
		found.report(t)
	}
	b := newTab(t, browser, at, looks()[0])
	b.open(setup)
	for name, text := range map[string]string{"organization": "Fabrikam", "email": "ada@fabrikam.example", "password": suitePassword, "module": "Vehicles", "main": "Cars"} {
		b.do(chromedp.SendKeys(chromedp.CSS("input[name="+name+"]"), text))
	}
	b.leads(chromedp.Submit(chromedp.CSS("form[action='/setup']")))
	if text := ask[string](b, "document.body.innerText"); b.path() != "/" || !strings.Contains(text, "Cars") || !strings.Contains(text, "Fabrikam") {
		t.Errorf("the set-up leads to %s:\n%s", b.path(), text)
	}
	found := faults{}
	for path := range b.crawl("/") { // every list is empty still
		b.inspect(path, found)
	}
	found.report(t)
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
