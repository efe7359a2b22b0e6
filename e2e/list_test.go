package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// click clicks on the first element that a selector finds.
func (b *tab) click(selector string) { b.t.Helper(); b.do(chromedp.Click(chromedp.CSS(selector))) }

// says reports whether the page has a text.
func (b *tab) says(text string) bool {
	return strings.Contains(ask[string](b, "document.querySelector('main').innerText"), text)
}

// must fails the story unless the page has a text.
func (b *tab) must(text string) {
	b.t.Helper()
	if !b.says(text) {
		b.t.Fatalf("on %s there is no %q:\n%s", b.path(), text, ask[string](b, "document.querySelector('main').innerText"))
	}
}

// sound fails the story for what is wrong with the page as it stands.
func (b *tab) sound() {
	b.t.Helper()
	found := faults{}
	for _, v := range b.violations() {
		found.add(b.path(), v)
	}
	for _, trouble := range b.heard() {
		if !strings.Contains(trouble, "status of 422") && !strings.Contains(trouble, "status of 409") { // the browser's word for a form that comes back
			found.add(b.path(), "the console says: "+trouble)
		}
	}
	found.report(b.t)
	b.heard()
}

func TestAListIsNarrowedKeptAndChangedInABrowser(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	for _, l := range []look{looks()[0], looks()[3]} {
		t.Run(l.name, func(t *testing.T) {
			b := newTab(t, browser, d.at, l)
			b.signIn(d.email, d.password)
			b.open("/m/1/c/1")
			b.do(chromedp.SendKeys(chromedp.CSS("main input[type=search]"), "macb"))
			b.leads(chromedp.Submit(chromedp.CSS("main form[role=search]")))
			b.must("2 records")
			// a condition: choosing the field brings what it can be
			b.click("details.drop summary")
			b.do(chromedp.SetValue(chromedp.CSS("#filter-field"), ask[string](b, `[...document.querySelectorAll("#filter-field option")].find(o => o.text === "Condition").value`)))
			ask[bool](b, `document.querySelector("#filter-field").dispatchEvent(new Event("change", {bubbles: true}))`)
			b.wait(`!!document.querySelector("#filter-value option[value=New]")`)
			b.do(chromedp.SetValue(chromedp.CSS("#filter-value"), "New"))
			b.sound()
			b.leads(chromedp.Submit(chromedp.CSS("#filter-form")))
			b.must("Condition is New")
			b.must("1 record")
			b.leads(chromedp.Click(chromedp.CSS(".chip-x")))
			b.must("2 records")
			// one of many
			b.click("input[name=id]")
			b.wait(`/^1 selected/.test(document.querySelector("[data-many-count]").textContent)`)
			b.sound()
			b.leads(chromedp.Click(chromedp.CSS("button[value=edit]")))
			b.must("Tick the fields to change")
			b.sound()
			b.leads(chromedp.Click(chromedp.CSS("button[value=edit]")))
			b.must("Tick at least one field")
			notes := ask[string](b, `[...document.querySelectorAll(".many-field")].find(f => f.innerText.includes("Notes")).querySelector("textarea").name`)
			b.do(chromedp.SendKeys(chromedp.CSS("textarea[name="+notes+"]"), "counted on "+l.name))
			b.leads(chromedp.Click(chromedp.CSS("button[value=edit]")))
			b.must("1 record changed.")
			b.open("/m/1/c/1?q=counted")
			b.must("1 record")
		})
	}
}

func TestAFileIsImportedInABrowser(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	file := filepath.Join(t.TempDir(), "vehicles.csv")
	if err := os.WriteFile(file, []byte("Name;Asset tag;Price\nCargo bike;V-1;2400\nForklift;V-2;a lot\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.csv")
	if err := os.WriteFile(wrong, []byte("Name\n\"open\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, l := range []look{looks()[0], looks()[3]} {
		t.Run(l.name, func(t *testing.T) {
			b := newTab(t, browser, d.at, l)
			b.signIn(d.email, d.password)
			b.open("/m/1/c/1/import")
			b.do(chromedp.SetUploadFiles(chromedp.CSS("#import-file"), []string{wrong}))
			b.leads(chromedp.Click(chromedp.CSS("main form button.btn-primary")))
			b.must("cannot be read")
			b.sound()
			b.do(chromedp.SetUploadFiles(chromedp.CSS("#import-file"), []string{file}))
			b.leads(chromedp.Click(chromedp.CSS("main form button.btn-primary")))
			b.must("Which column is what")
			b.sound()
			b.leads(chromedp.Click(chromedp.CSS("button[value=preview]")))
			b.wait(`!!document.querySelector("button[value=match]")`)
			b.must("is not a number")
			b.sound()
			if i > 0 { // what the first has imported is there
				b.must("Unchanged")
				return
			}
			b.leads(chromedp.Click(chromedp.CSS("button[value=run]")))
			b.wait(`/The file is imported/.test(document.body.innerText)`)
			b.sound()
			b.open("/scan?code=v-1")
			b.must("Cargo bike")
			b.leads(chromedp.Click(chromedp.CSS("main a[href^='/m/1/c/1/']")))
			b.leads(chromedp.Click(chromedp.CSS("a[href*='/labels?ids=']")))
			b.must("One label.")
			b.sound()
		})
	}
}
