package e2e_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
)

// syncs presses "Sync now" and waits for the report of the run.
func (b *tab) syncs() {
	b.t.Helper()
	b.open("/m/1/integrations/1/runs")
	b.leads(chromedp.Click(chromedp.CSS("button[value=changes]")))
	b.wait(`!/progress|running/i.test(document.querySelector("h1").closest(".page-header").innerText) && /succeeded|held|failed/i.test(document.body.innerText)`)
}

// badged reports whether something on the page is in a state.
func (b *tab) badged(state string) bool {
	b.t.Helper()
	return ask[bool](b, `[...document.querySelectorAll("main .status-word")].some(s => s.innerText.includes("`+state+`"))`)
}

// colleague is somebody of the simulated company.
type colleague struct {
	Name, Principal string
	Path            string // of their page on the tenant's
}

// aColleague picks somebody who works there, and whose name nobody else has.
func (b *tab) aColleague() colleague {
	b.t.Helper()
	b.open("/stage/?skip=30")
	text := ask[string](b, `(() => {
		const rows = [...document.querySelectorAll("tbody tr")].map(r => ({
			Name: r.querySelector("a").textContent, Path: r.querySelector("a").getAttribute("href"),
			Principal: r.querySelector(".quiet").textContent, Works: !!r.querySelector(".word.green")}));
		return JSON.stringify(rows.filter(p => p.Works && !p.Principal.includes("guest") && rows.filter(q => q.Name === p.Name).length === 1).pop());
	})()`)
	var who colleague
	if err := json.Unmarshal([]byte(text), &who); err != nil {
		b.t.Fatalf("nobody to pick: %q, %v", text, err)
	}
	return who
}

// The reason that Muster exists: somebody leaves with a laptop, and the register
// knows by itself.
func TestALeaverWithALaptopIsFoundBySyncing(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	hr, b := newTab(t, browser, d.tenant, looks()[0]), newTab(t, browser, d.at, looks()[0])
	who := hr.aColleague()
	const laptop = "ThinkPad of a leaver"
	b.signIn(d.email, d.password)
	b.open("/m/1/c/1/new")
	b.do(chromedp.SendKeys(chromedp.CSS("main form [name^=f][required]"), laptop))
	b.leads(chromedp.Submit(chromedp.CSS("main form[method=post]")))
	b.must(laptop)
	b.do(chromedp.SendKeys(chromedp.CSS("#check-out input[required]"), who.Name))
	b.leads(chromedp.Submit(chromedp.CSS("#check-out")))
	b.must("Held by")

	hr.open(who.Path)
	hr.leads(chromedp.Click(chromedp.CSS("form[action$='/disable'] button")))
	hr.must(who.Name + " is disabled")
	hr.must("Leavers")
	hr.sound()

	users := "/m/1/users?q=" + url.QueryEscape(who.Principal)
	b.open(users)
	if b.badged("Deactivated") {
		t.Error("the login is closed before any sync")
	}
	b.syncs()
	b.open("/m/1/leavers")
	b.must(who.Name)
	b.must(laptop)
	b.sound()
	b.open(users)
	if !b.badged("Deactivated") {
		t.Error("the login is open after the sync")
	}

	hr.open(who.Path)
	hr.leads(chromedp.Click(chromedp.CSS("form[action$='/enable'] button")))
	b.syncs()
	b.open("/m/1/leavers")
	if b.says(who.Name) {
		t.Error("somebody who is back is still listed as a leaver")
	}
	b.open(users)
	b.must(who.Principal)
	if b.badged("Deactivated") {
		t.Error("the login of somebody who is back stays closed")
	}
}

// A new secret is made in the portal and entered in Muster; syncing goes on.
func TestASecretIsRenewedInABrowser(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	hr, b := newTab(t, browser, d.tenant, looks()[0]), newTab(t, browser, d.at, looks()[3])
	b.signIn(d.email, d.password)
	b.open("/m/1/integrations/1")
	b.must("Connected · secret: ")
	hr.open("/stage/trouble")
	hr.leads(chromedp.Click(chromedp.CSS("form[action$='/rotate-secret'] button")))
	fresh := ask[string](hr, `document.querySelector("main").innerText.match(/sim8Q~[0-9a-f]+/)[0]`)
	hr.sound()
	hr.leads(chromedp.Click(chromedp.CSS("form[action$='/ending-secret'] button")))
	hr.must("ends in 20 days")

	b.syncs()
	b.must("Failed")
	b.open("/m/1/integrations/1")
	b.click("details.replace summary")
	b.do(chromedp.WaitVisible(chromedp.CSS("input[name=client_secret]")), chromedp.SendKeys(chromedp.CSS("input[name=client_secret]"), fresh))
	b.click("form[action='/m/1/integrations/1'] button.btn-primary")
	b.wait(`/The connection is saved|Not saved/.test(document.querySelector("#check").innerText)`)
	b.must("The connection is saved.")
	b.sound()
	b.syncs()
	b.must("Succeeded")
	b.open("/m/1/integrations/1")
	b.must("Connected · secret: 20 days")
	b.sound()
}
