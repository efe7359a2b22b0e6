package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/musterhq/muster/client"
)

// program makes an API token on the page for that and returns a client with it.
func (b *tab) program(name string) *client.Client {
	b.t.Helper()
	b.open("/profile/tokens")
	b.do(chromedp.SendKeys(chromedp.CSS("#token-form input[name=name]"), name), chromedp.SetValue(chromedp.CSS("#token-form select[name=scope]"), "everything"))
	b.leads(chromedp.Submit(chromedp.CSS("#token-form")))
	c, err := client.New(b.at, strings.TrimSpace(ask[string](b, `document.querySelector("#made-token code").textContent`)))
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// The same story as in the browser, told by a program: it hands out a laptop,
// syncs, and knows that whoever has it has left.
func TestAProgramFindsALeaverWithALaptop(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	hr, b := newTab(t, browser, d.tenant, looks()[0]), newTab(t, browser, d.at, looks()[0])
	who := hr.aColleague()
	b.signIn(d.email, d.password)
	c, ctx, module := b.program("a program"), t.Context(), int64(1)
	laptop, err := c.CreateRecord(ctx, module, 1, client.RecordInput{Fields: client.Values{"Name": "ThinkPad of a program"}})
	must(t, err)
	person := found(t, c, who.Name)
	_, err = c.CheckOut(ctx, module, client.CheckOut{Asset: laptop.ID, Holder: person})
	must(t, err)
	if holds(t, c, person, laptop.ID) {
		t.Fatalf("%s has left before anything happened", who.Name)
	}

	hr.open(who.Path)
	hr.leads(chromedp.Click(chromedp.CSS("form[action$='/disable'] button")))
	syncs(t, c)
	if !holds(t, c, person, laptop.ID) {
		t.Errorf("after the sync nobody says that %s has left with the laptop", who.Name)
	}

	hr.open(who.Path)
	hr.leads(chromedp.Click(chromedp.CSS("form[action$='/enable'] button")))
	syncs(t, c)
	if holds(t, c, person, laptop.ID) {
		t.Errorf("%s is back and still listed as a leaver", who.Name)
	}
	_, err = c.CheckIn(ctx, module, client.CheckIn{Asset: laptop.ID})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// found is the person of a name.
func found(t *testing.T, c *client.Client, name string) int64 {
	t.Helper()
	hits, err := c.Search(t.Context(), name)
	must(t, err)
	for _, h := range hits {
		for _, r := range h.Records {
			if r.Title == name {
				return r.ID
			}
		}
	}
	t.Fatalf("nobody is called %s", name)
	return 0
}

// holds reports whether a person is listed as a leaver who has a thing.
func holds(t *testing.T, c *client.Client, person, thing int64) bool {
	t.Helper()
	list, err := c.Leavers(t.Context(), 1)
	must(t, err)
	for _, l := range list {
		for _, k := range l.Holds {
			if l.Person.ID == person && k.Asset.ID == thing {
				return true
			}
		}
	}
	return false
}

// syncs has the program sync, and follows the run to its end.
func syncs(t *testing.T, c *client.Client) {
	t.Helper()
	run, err := c.StartRun(t.Context(), 1, 1, client.RunOrder{})
	must(t, err)
	run, err = c.Watch(t.Context(), 1, run.ID, nil)
	must(t, err)
	if run.State != "succeeded" {
		t.Fatalf("the sync ended as %s: %s %s", run.State, run.Error, run.Hint)
	}
}
