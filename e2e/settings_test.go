package e2e_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// drag is a script that drags the grip of one row onto another, as a mouse does.
func drag(from, to int) string {
	return fmt.Sprintf(`(() => {
		const rows = document.querySelectorAll("[data-order] > [data-item]"), data = new DataTransfer();
		const fire = (el, type, y) => el.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data, clientY: y }));
		const target = rows[%d], box = target.getBoundingClientRect();
		fire(rows[%d].querySelector(".grip"), "dragstart", 0);
		fire(target, "dragover", box.top + 1);
		fire(target, "drop", box.top + 1);
	})()`, to, from)
}

func TestFieldsAndMappingsAreDraggedIntoOrder(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[0])
	b.signIn(d.email, d.password)
	for _, path := range []string{"/m/1/collections/1", "/m/1/integrations/1/mapping"} {
		b.open(path)
		const names = `[...document.querySelectorAll("[data-order] td.lead a")].map(a => a.innerText)`
		before := ask[[]string](b, names)
		b.leads(chromedp.Evaluate[chromedp.Void](drag(2, 0)))
		after := ask[[]string](b, names)
		if len(before) < 3 || len(after) != len(before) || after[0] != before[2] || after[1] != before[0] {
			t.Errorf("%s: dragging the third row to the top made %q of %q", path, after, before)
		}
	}
	for _, trouble := range b.heard() {
		t.Errorf("the console says: %s", trouble)
	}
}

func TestANewFieldIsOfferedTheAttributesName(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[0])
	b.signIn(d.email, d.password)
	b.open("/m/1/integrations/1/mapping/1")
	b.do(chromedp.Click(chromedp.CSS("[data-add=field-row]")))
	ask[bool](b, `(() => {
		const row = [...document.querySelectorAll("#mapping-form [data-list] [data-row]")].at(-1);
		const set = (name, value) => { const el = row.querySelector("[name=" + name + "]"); el.value = value; el.dispatchEvent(new Event("change", { bubbles: true })); };
		set("from", "employeeType");
		set("to", "new");
		return true;
	})()`)
	const last = `[...document.querySelectorAll("#mapping-form [data-list] [data-row]")].at(-1)`
	if got := ask[string](b, last+`.querySelector("[name=new_name]").value`); got != "Employee type" {
		t.Errorf("the new field is offered the name %q", got)
	}
	b.leads(chromedp.Evaluate[chromedp.Void](last + `.querySelector("[formaction]").click()`))
	if got := ask[string](b, last+`.querySelector("[name=to]").selectedOptions[0].innerText`); got != "Employee type" {
		t.Errorf("after Create field the row writes %q", got)
	}
	for _, trouble := range b.heard() {
		t.Errorf("the console says: %s", trouble)
	}
}

// What a form leads to is not found by following links, so its pages are looked
// at here, on a phone.
func TestPagesBehindFormsStandUp(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[3])
	b.signIn(d.email, d.password)
	look := func(what string) {
		t.Helper()
		for _, v := range b.violations() {
			t.Errorf("%s: %s", what, v)
		}
		for _, trouble := range b.heard() {
			t.Errorf("%s: the console says: %s", what, trouble)
		}
		if wide := ask[int](b, "document.documentElement.scrollWidth - window.innerWidth"); wide > 0 {
			t.Errorf("%s is %d pixels wider than the screen", what, wide)
		}
	}
	b.open("/m/1/collections/3")
	b.open(ask[string](b, `[...document.querySelectorAll("td.lead a")].find(a => a.innerText === "Department").pathname`) + "/type")
	b.do(chromedp.SetValue(chromedp.CSS("#f-type"), "number"))
	b.leads(chromedp.Submit(chromedp.CSS("#type-form")))
	if text := ask[string](b, "document.body.innerText"); !ask[bool](b, `!!document.querySelector("#apply-form .btn-danger")`) {
		t.Errorf("departments as numbers are not refused at first sight:\n%s", text)
	}
	look("the effect of another type")
	b.open("/m/1/roles")
	b.do(chromedp.SendKeys(chromedp.CSS("#f-name"), "Warehouse"), chromedp.Click(chromedp.CSS("[value='0 edit']")))
	b.leads(chromedp.Submit(chromedp.CSS("#role-form")))
	b.open(ask[string](b, `document.querySelector("[aria-label='Edit the role Warehouse']").pathname`))
	look("the page of a role")
	b.open("/audit?who=nobody")
	look("an audit log in which nothing is found")
	b.open("/m/1/integrations/1/runs?span=year")
	look("the runs of a year")
}
