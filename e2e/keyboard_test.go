package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// seen is whether something shows that it has the focus; of an input, the frame
// around it may.
const seen = `[document.activeElement, document.activeElement.closest(".input-group-flat")].filter(e => e).map(e => getComputedStyle(e))
	.some(style => style.outlineStyle !== "none" || style.boxShadow !== "none")`

// tabTo presses Tab until the focus is on what a selector finds. The focus has to
// be seen wherever it stops.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 150 {
		b.do(chromedp.KeyEvent("\t"))
		if ask[bool](b, "document.activeElement.matches(`"+selector+"`)") {
			if !ask[bool](b, seen) {
				b.t.Errorf("on %s nobody sees that the focus is on %s", b.path(), selector)
			}
			return
		}
	}
	b.t.Fatalf("on %s, Tab does not lead to %s", b.path(), selector)
}

// enter presses Enter on what has the focus, which leads to another page.
func (b *tab) enter() { b.t.Helper(); b.leads(chromedp.KeyEvent("\r")) }

// The way of an administrator without a mouse: sign in, find a thing, hand it out,
// take it back, and sync.
func TestTheMainStoryIsToldWithoutAMouse(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	who := newTab(t, browser, d.tenant, looks()[0]).aColleague()
	b := newTab(t, browser, d.at, looks()[0])
	b.open("/sign-in")
	b.tabTo("input[name=email]")
	b.do(chromedp.KeyEvent(d.email))
	b.tabTo("input[name=password]")
	b.do(chromedp.KeyEvent(d.password))
	b.enter()

	b.tabTo("nav a[href='/m/1/c/1']")
	b.enter()
	b.do(chromedp.KeyEvent("/"), chromedp.KeyEvent("iphone 1196"))
	b.enter()
	b.must("1 record")
	b.tabTo("td.lead a")
	b.enter()
	b.tabTo("#check-out input[required]")
	b.do(chromedp.KeyEvent(who.Name))
	b.enter()
	b.must("Held by")
	b.tabTo("main form[action$='/check-in'] button")
	b.enter()
	b.do(chromedp.WaitVisible(chromedp.CSS("#check-out"))) // it can go out again

	b.tabTo("nav a[href='/m/1/integrations']")
	b.enter()
	b.tabTo("main a[href='/m/1/integrations/1/runs']")
	b.enter()
	b.tabTo("button[value=changes]")
	b.enter()
	b.wait(`!/progress|running/i.test(document.querySelector("h1").closest(".page-header").innerText) && /succeeded|held|failed/i.test(document.body.innerText)`)
	b.sound()
}
