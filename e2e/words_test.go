package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/chromedp"
)

// press clicks on the link, button or fold that says a text and nothing else: in
// the card with a heading, or with "" anywhere on the page.
func (b *tab) press(text, card string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](b.find(text, card) + ".click()"))
}

// follow is press for what leads to another page.
func (b *tab) follow(text, card string) {
	b.t.Helper()
	b.leads(chromedp.Evaluate[chromedp.Void](b.find(text, card) + ".click()"))
}

// find is an expression for what press clicks on, which has to be there.
func (b *tab) find(text, card string) string {
	b.t.Helper()
	words, err := json.Marshal([]string{text, card})
	if err != nil {
		b.t.Fatal(err)
	}
	expression := `(([text, card]) => {
		const cards = [...document.querySelectorAll(".card")].filter(c => [...c.querySelectorAll("h2, h3")].some(h => h.innerText.trim() === card));
		const place = card ? cards[cards.length - 1] : document; // the innermost
		return place && [...place.querySelectorAll("a, button, summary")].find(e => e.innerText.trim() === text && e.checkVisibility());
	})(` + string(words) + `)`
	if !ask[bool](b, "!!"+expression) {
		b.t.Fatalf("on %s nothing says %q (in %q):\n%s", b.path(), text, card, ask[string](b, "document.body.innerText"))
	}
	return expression
}

// labelled is the name of the input that a label belongs to.
func (b *tab) labelled(label string) string {
	b.t.Helper()
	words, err := json.Marshal(label)
	if err != nil {
		b.t.Fatal(err)
	}
	name := ask[string](b, `(label => { const l = [...document.querySelectorAll("main label, main legend")].find(l => l.innerText.trim() === label); return !l ? "" : l.control ? l.control.name : "a group"; })(`+string(words)+`)`)
	if name == "" {
		b.t.Fatalf("on %s no input is called %q", b.path(), label)
	}
	return name
}

// An administrator who has the description of another register's integration in
// hand finds each of its steps in Muster, in its order and by its words.
func TestTheStepsAreFoundByTheirWords(t *testing.T) {
	chromium(t)
	tenant := startTenant(t)
	at, setup := startServer(t)
	b := newTab(t, openBrowser(t), at, looks()[0])
	b.open(setup)
	b.fill(map[string]string{"organization": "Fabrikam", "email": "ada@fabrikam.example", "password": "correct horse battery", "module": "Vehicles", "main": "Cars"})
	b.leads(chromedp.Submit(chromedp.CSS("form[action='/setup']")))

	b.follow("Settings", "")
	b.must("Account Management")
	b.follow("Manage", "Integrations")
	b.follow("Integrations Store", "")
	b.follow("Add", "Microsoft Entra ID")
	if tab := ask[string](b, `document.querySelector(".nav-link.active[href*=integrations], .nav-tabs .active").innerText.trim()`); tab != "Integrations in this module" && tab != "Integrations" {
		t.Errorf("adding leads to the tab %q", tab)
	}
	b.must("Integrations in this module")
	b.follow("Configure", "Microsoft Entra ID")
	b.fill(map[string]string{
		b.labelled("Client ID"): "22222222-2222-2222-2222-222222222222", b.labelled("Client Secret"): "simulated-secret",
		b.labelled("Application Object ID"): "33333333-3333-3333-3333-333333333333", b.labelled("Tenant ID"): "11111111-1111-1111-1111-111111111111",
		"cloud": "custom", "login_url": tenant, "graph_url": tenant,
	})
	b.press("Test and Save Connection", "")
	b.wait(`/The connection is saved/.test(document.querySelector("#check").innerText)`)
	b.follow("Continue with mapping", "")
	b.follow("Add Mapping Option", "")

	const login, records = "Create users from Microsoft Entra ID with login access", "Create Microsoft Entra ID users as collection records without login access"
	b.must(login)
	for _, label := range []string{"Mapping Name", "External Entity", "Collection"} {
		b.labelled(label)
	}
	ask[bool](b, `[...document.querySelectorAll("main form")].every(f => f.querySelector("[name=name]").value = "Everyone")`)
	b.follow("Go on", records)
	b.labelled("Unique Identifier")
	for _, text := range []string{"User Principal Name", "Object ID", "Email", "Organizational Unit", "Map fields"} {
		b.must(text)
	}
	rows := `document.querySelectorAll("#mapping-form [name=from]").length`
	before := ask[int](b, rows)
	b.press("Add More", "")
	if after := ask[int](b, rows); after != before+1 {
		t.Errorf("Add More makes %d rows of %d", after, before)
	}
	b.press("Save", "")
	b.wait(`!!document.querySelector("button[name=confirm]")`)
	b.leads(chromedp.Click(chromedp.CSS("button[name=confirm]")))
	b.must("Everyone")

	b.follow("Add Mapping Option", "")
	ask[bool](b, `[...document.querySelectorAll("main form")].every(f => f.querySelector("[name=name]").value = "Staff")`)
	b.follow("Go on", login)
	b.labelled("User Role")
	b.labelled("Mapping Name")
	b.must("Organizational Unit")
	b.sound()
}
