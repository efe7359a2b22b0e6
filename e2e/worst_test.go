package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// refused sends a form that is wrong, and wants the page to say so with what was
// typed still in it.
func (b *tab) refused(form string, typed map[string]string, says string) {
	b.t.Helper()
	b.fill(typed)
	// As a browser does that checks nothing by itself.
	ask[bool](b, `(document.querySelector("`+form+`").noValidate = true)`)
	if status := b.leads(chromedp.Submit(chromedp.CSS(form))); status != 422 && status != 409 {
		b.t.Errorf("%s is answered %d, want 422 or 409", b.path(), status)
	}
	b.must(says)
	for name, text := range typed {
		if got := ask[string](b, `document.querySelector("main [name=`+name+`]").value`); got != text {
			b.t.Errorf("%s comes back with %q in %s, want %q", b.path(), got, name, text)
		}
	}
	b.sound()
}

// The worst that is entered on a screen is refused in words, and nothing that was
// typed is lost.
func TestScreensSayWhatIsWrongAndKeepWhatWasTyped(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	for _, l := range []look{looks()[0], looks()[3]} {
		t.Run(l.name, func(t *testing.T) {
			b := newTab(t, browser, d.at, l)
			b.signIn(d.email, d.password)
			b.refusesRecords()
			b.refusesSettings()
			newTab(t, browser, d.tenant, l).refusesHires()
		})
	}
}

// refusesRecords enters the worst about records and what is done with them.
func (b *tab) refusesRecords() {
	b.t.Helper()
	b.open("/m/1/c/1/new")
	name := ask[string](b, `document.querySelector("#record-form [required]").name`)
	price := ask[string](b, `[...document.querySelectorAll("#record-form label")].find(l => l.innerText.trim() === "Price").htmlFor.slice(2)`)
	b.refused("#record-form", map[string]string{name: "", price: "a lot"}, "is not a number")

	b.open("/m/1/c/1?q=iphone")
	b.leads(chromedp.Click(chromedp.CSS("td.lead a")))
	b.refused("#check-out", map[string]string{"holder": "Nobody Nowhere", "note": "with charger"}, "Nobody and nothing is called")

	b.open("/scan?code=no-such-code")
	b.must("no-such-code")
	b.sound()
	b.open("/audit?from=2030-01-01&to=2020-01-01")
	b.must("Nothing")
	b.sound()
}

// refusesSettings enters the worst in settings.
func (b *tab) refusesSettings() {
	b.t.Helper()
	b.open("/m/1/collections/1/fields/new")
	b.refused("#field-form", map[string]string{"name": "Condition", "type": "date"}, "There is a field \"Condition\" already")
	b.open("/m/1/collections/1/fields/new")
	b.refused("#field-form", map[string]string{"name": "Colour", "type": "choice", "choices": "red\nRed"}, "twice")
	b.open("/m/1/users")
	b.refused("#invite-form", map[string]string{"email": "not an address", "name": "Nobody"}, "not an address")

	b.open("/m/1/check-out-forms")
	ask[bool](b, `(() => { const row = document.querySelector(".question-row"); row.querySelector("[name=out_name]").value = "Use"; row.querySelector("[name=out_kind]").value = "choice"; return true; })()`)
	b.refused("#check-form", map[string]string{"statement": "I take care of it."}, "has nothing to choose from")

	b.open("/m/1/roles")
	b.refused("#role-form", map[string]string{"name": ""}, "needs a name")
	b.open("/m/1/integrations/1/mapping/1")
	b.fill(map[string]string{"name": ""})
	ask[bool](b, `(document.querySelector("#mapping-form").noValidate = true)`)
	b.click("#mapping-form .btn-list .btn-primary")
	b.wait(`/Give it a name/.test(document.querySelector("#effect").innerText)`) // without leaving the page
	b.sound()
	b.open("/m/1/integrations/1")
	b.refused("#schedule", map[string]string{"incremental": "now and then"}, "now and then")
	b.open("/settings/mail")
	b.refused("#mail-form", map[string]string{"host": "127.0.0.1", "port": "1", "sender": "muster@example.com"}, "does not answer")
}

// refusesHires enters the worst on the simulated tenant's page.
func (b *tab) refusesHires() {
	b.t.Helper()
	b.open("/stage/")
	b.refused("form[action='/stage/people']", map[string]string{"givenName": "", "surname": "Solo"}, "given name and a surname")
}

// Each number of the dashboard leads to what it counts.
func TestTheNumbersOfTheDashboardLeadToTheirLists(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[0])
	b.signIn(d.email, d.password)
	b.open("/")
	paths := ask[[]string](b, `[...document.querySelectorAll("a.number")].map(a => a.pathname + a.search)`)
	if len(paths) < 5 {
		t.Errorf("the dashboard has %d numbers, want at least 5", len(paths))
	}
	for _, path := range paths {
		b.open("/")
		n := ask[string](b, `[...document.querySelectorAll("a.number")].find(a => a.pathname + a.search === "`+path+`").querySelector(".h1").innerText`)
		if status := b.open(path); status != 200 {
			t.Errorf("%s is answered %d", path, status)
		}
		if ask[bool](b, `!!document.querySelector(".list-bar")`) {
			b.must(n + " record")
		}
	}
}
