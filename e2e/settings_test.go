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
