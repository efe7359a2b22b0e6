package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A colleague presses the button, picks themselves at Microsoft, and is in with
// the rights of their group; then out again, there too.
func TestAColleagueSignsInWithMicrosoft(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	browser := openBrowser(t)
	b := newTab(t, browser, d.at, looks()[0])
	b.open("/profile")
	b.leads(chromedp.Click(chromedp.CSS("a[href^='/auth/microsoft/']")))
	if title := ask[string](b, "document.title"); title != "Simulated sign-in" {
		t.Fatalf("the button leads to %q at %s", title, ask[string](b, "location.href"))
	}
	picked := ask[string](b, `document.querySelector("button.person:not([data-disabled]) strong").textContent`)
	b.leads(chromedp.Click(chromedp.CSS("button.person:not([data-disabled])")))
	text := ask[string](b, "document.body.innerText")
	if b.path() != "/profile" || !strings.Contains(text, picked) || !strings.Contains(text, "Collaborator") {
		t.Fatalf("%s ends at %s:\n%s", picked, ask[string](b, "location.href"), text)
	}
	if strings.Contains(ask[string](b, "document.querySelector('nav').innerText"), "Integrations") {
		t.Error("a collaborator sees the way to the integrations")
	}
	for _, trouble := range b.heard() {
		t.Errorf("the console says: %s", trouble)
	}
	b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-out']")))
	b.leads(chromedp.Click(chromedp.CSS("[role=status] a")))
	if text := ask[string](b, "document.body.innerText"); !strings.Contains(text, "You signed out") {
		t.Errorf("signing out of Microsoft shows:\n%s", text)
	}
	b.open("/")
	if at := b.path(); at != "/sign-in" {
		t.Errorf("after signing out one gets to %s", at)
	}
}

// A guest whom no mapping lets in is told so, and whom to ask, however long the
// name that Microsoft knows them by.
func TestAStrangerIsToldWhomToAskInABrowser(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	for _, l := range looks() {
		t.Run(l.name, func(t *testing.T) {
			b := newTab(t, browser, d.at, l)
			b.open("/sign-in")
			b.leads(chromedp.Click(chromedp.CSS("a[href^='/auth/microsoft/']")))
			b.must("Pick an account")
			if wide := ask[[]string](b, overflow); len(wide) > 0 {
				t.Errorf("the accounts to pick from are wider than the screen: %q", wide)
			}
			ask[bool](b, `!!([...document.querySelectorAll("button.person")].find(p => p.innerText.includes("#EXT#")).id = "guest")`)
			b.leads(chromedp.Click(chromedp.CSS("button#guest")))
			b.must("has no access to Muster")
			b.must("Ask whoever looks after Muster at Contoso")
			if wide := ask[[]string](b, overflow); len(wide) > 0 {
				t.Errorf("the answer is wider than the screen: %q", wide)
			}
			for _, v := range b.violations() { // the console has the answer's status of 403 besides
				t.Errorf("the answer: %s", v)
			}
		})
	}
}
