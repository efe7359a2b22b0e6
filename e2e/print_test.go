package e2e_test

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Labels whose letters the PDF lacks come out of the browser's printer in the size
// of the roll, a page each.
func TestTheBrowserPrintsLabelsInTheirTrueSize(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[0])
	b.signIn(d.email, d.password)
	b.open("/m/1/c/1/new")
	b.do(chromedp.SendKeys(chromedp.CSS("main form [name^=f][required]"), "笔记本电脑 محمد"))
	b.leads(chromedp.Submit(chromedp.CSS("#record-form")))
	b.leads(chromedp.Click(chromedp.CSS("a[href*='/labels?ids=']")))
	b.fill(map[string]string{"format": "roll62"})
	ask[bool](b, `document.querySelector("[value=print]").formTarget = "_self", window.print = () => true, true`)
	b.leads(chromedp.Click(chromedp.CSS("[value=print]")))
	b.sound()

	out, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	boxes := regexp.MustCompile(`/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]`).FindAllSubmatch(out.Data, -1)
	if len(boxes) != 1 {
		t.Fatalf("the label takes %d pages, want 1", len(boxes))
	}
	for i, want := range []float64{62, 29} {
		if got, err := strconv.ParseFloat(string(boxes[0][i+1]), 64); err != nil || math.Abs(got/72*25.4-want) > .5 {
			t.Errorf("the page measures %s points, want %g mm", boxes[0][i+1], want)
		}
	}
	if !bytes.Contains(out.Data, []byte("/FontFile")) && !bytes.Contains(out.Data, []byte("/Type3")) {
		t.Error("the page has no letters")
	}
}
