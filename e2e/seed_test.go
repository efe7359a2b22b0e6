package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/musterhq/muster/internal/store/storetest"
)

// fill sets fields by their names, also those that are folded away.
func (b *tab) fill(values map[string]string) {
	b.t.Helper()
	text, err := json.Marshal(values)
	if err != nil {
		b.t.Fatal(err)
	}
	if missing := ask[string](b, `(() => {
		const missing = [];
		for (const [name, value] of Object.entries(`+string(text)+`)) {
			const el = document.querySelector("main [name=" + name + "]");
			if (!el) { missing.push(name); continue; }
			el.value = value;
			el.dispatchEvent(new Event("input", { bubbles: true }));
			el.dispatchEvent(new Event("change", { bubbles: true }));
		}
		return missing.join(", ");
	})()`); missing != "" {
		b.t.Fatalf("%s has no field %s", b.path(), missing)
	}
}

// startTenant starts a simulated tenant by itself and returns its address.
func startTenant(t *testing.T) string {
	t.Helper()
	m, end, _, err := launch(t.TempDir(), `login_url, graph_url:\s+(http://\S+)\s`, "simulate", "--listen", "127.0.0.1:0", "--people", "60")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return m[1]
}

// The whole way of an administrator, from an empty installation to people in it
// and a run that is approved in part, on either database: on a wide screen and on
// a phone.
func TestFromNothingToASyncedDirectory(t *testing.T) {
	chromium(t)
	tenant, browser := startTenant(t), openBrowser(t)
	t.Run("sqlite", func(t *testing.T) {
		at, setup := startServer(t)
		b := newTab(t, browser, at, looks()[0])
		b.fromNothing(tenant, setup)
		b.approvesInPart(tenant, "Fürst")
	})
	t.Run("postgres", func(t *testing.T) {
		at, setup := startServer(t, "--database", storetest.EmptyPostgresURL(t))
		b := newTab(t, browser, at, looks()[3])
		b.fromNothing(tenant, setup)
		b.approvesInPart(tenant, "Gräfin")
	})
}

// fromNothing sets an installation up against a tenant and syncs it.
func (b *tab) fromNothing(tenant, setup string) {
	b.t.Helper()
	b.open(setup)
	b.fill(map[string]string{"organization": "Fabrikam", "email": "ada@fabrikam.example", "password": suitePassword, "module": "Vehicles", "main": "Cars"})
	b.leads(chromedp.Submit(chromedp.CSS("form[action='/setup']")))

	b.open("/m/1/integrations/store")
	b.leads(chromedp.Click(chromedp.CSS("main form button.btn-primary")))
	b.open("/m/1/integrations/1")
	connection := map[string]string{
		"client_id": "22222222-2222-2222-2222-222222222222", "tenant_id": "11111111-1111-1111-1111-111111111111",
		"application_object_id": "33333333-3333-3333-3333-333333333333", "cloud": "custom", "login_url": tenant, "graph_url": tenant,
		"client_secret": "a wrong one",
	}
	b.fill(connection)
	test := chromedp.CSS("form[action='/m/1/integrations/1'] button.btn-primary")
	b.do(chromedp.Click(test))
	b.wait(`/7000215|not accepted|refused|wrong/i.test(document.querySelector("#check").innerText)`)
	b.fill(map[string]string{"client_secret": tenantSecret})
	b.do(chromedp.Click(test))
	b.wait(`/users .*readable|can be read/i.test(document.querySelector("#check").innerText)`)
	b.wait(`/connected/i.test(document.querySelector("#standing").innerText)`) // without loading the page again
	b.sound()

	b.open("/m/1/integrations/1/mapping/new?kind=records&name=Everyone&entity=users&collection=" +
		ask[string](b, `(document.querySelector("a[href='/m/1/c/3']") ? "3" : "2")`))
	b.wait(`!!document.querySelector("#mapping-form")`)
	b.wait(`document.querySelector("#trial") && document.querySelector("#trial").innerText.includes("@")`) // real people beside the rows
	b.do(chromedp.Click(chromedp.CSS("#mapping-form button.btn-primary")))
	b.wait(`!!document.querySelector("button[name=confirm]")`) // the effect comes first
	b.sound()
	b.leads(chromedp.Click(chromedp.CSS("button[name=confirm]")))
	b.open("/m/1/integrations/1/runs")
	b.leads(chromedp.Click(chromedp.CSS("button[value=full]")))
	b.wait(`/succeeded/i.test(document.querySelector("main").innerText)`)
	b.sound()
	b.open("/m/1/c/3?sort=")
	if n := ask[int](b, `document.querySelectorAll("tbody tr").length`); n < 40 {
		b.t.Errorf("after the first sync %d people are listed", n)
	}
}
