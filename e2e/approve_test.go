package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// renames gives people of a simulated tenant another surname.
func renames(t *testing.T, tenant, surname string, n int) {
	t.Helper()
	control := func(method, path, body string) []byte {
		req, err := http.NewRequestWithContext(t.Context(), method, tenant+"/control/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d %v %s", method, path, res.StatusCode, err, text)
		}
		return text
	}
	var list struct{ People []map[string]any }
	if err := json.NewDecoder(bytes.NewReader(control(http.MethodGet, "people?top=60", ""))).Decode(&list); err != nil {
		t.Fatal(err)
	}
	if len(list.People) < n {
		t.Fatalf("the tenant has %d people, want %d to rename", len(list.People), n)
	}
	for i, p := range list.People[:n] {
		control(http.MethodPost, fmt.Sprint("people/", p["id"], "/rename"), fmt.Sprintf(`{"givenName": "Nr%d", "surname": %q}`, i, surname))
	}
}

// approvesInPart has a sync hold what many renamed people would change, approves
// two of them and dismisses the rest.
func (b *tab) approvesInPart(tenant, surname string) {
	b.t.Helper()
	renames(b.t, tenant, surname, 30)
	b.syncs()
	run := b.path()
	b.must("Held until somebody approves")
	b.sound()
	const boxes = `document.querySelectorAll("input[name=change]").length`
	before := ask[int](b, boxes)
	if before < 10 {
		b.t.Fatalf("the run holds %d changes to tick, want at least 10", before)
	}

	b.leads(chromedp.Click(chromedp.CSS("button[value=some]")))
	b.must("Nothing was selected")
	ask[bool](b, `[...document.querySelectorAll("input[name=change]")].slice(0, 2).every(box => { box.click(); return box.checked; })`)
	b.leads(chromedp.Click(chromedp.CSS("button[value=some]")))
	b.must("still wait")
	b.sound()
	if after := ask[int](b, boxes); after != before-2 {
		b.t.Errorf("after approving 2 of %d changes, %d can be ticked", before, after)
	}

	ask[bool](b, `(window.confirm = () => true, true)`)
	b.leads(chromedp.Click(chromedp.CSS("button[value=none]")))
	b.must("All of it is dismissed")
	b.sound()
	b.open(run + "?part=all")
	for state, want := range map[string]int{"applied": 2, "dismissed": before - 2} {
		if got := ask[int](b, `[...document.querySelectorAll("tr.change-row")].filter(r => r.innerText.includes("`+state+`")).length`); got != want {
			b.t.Errorf("the report has %d changes that were %s, want %d", got, state, want)
		}
	}
	b.open("/m/1/c/3?q=" + surname)
	if n := ask[int](b, `document.querySelectorAll("tbody tr").length`); n != 2 {
		b.t.Errorf("%d people have the new name, want the 2 who were approved", n)
	}
}
