package e2e_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	shots   = flag.String("shots", "", "paths of pages to save pictures of, separated by spaces; all for every page that links lead to")
	shotsTo = flag.String("shots-to", "/tmp/shots", "the folder for the pictures")
	shotsAt = flag.String("shots-at", "", "the address of a server that runs already; without it, the demo's")
	shotsAs = flag.String("shots-as", "", "email:password of who to sign in as there")
)

// TestShots saves pictures of pages to look at; see the package's comment.
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("no pages are named by -shots")
	}
	chromium(t)
	if err := os.MkdirAll(*shotsTo, 0o755); err != nil {
		t.Fatal(err)
	}
	d := demo{at: *shotsAt}
	d.email, d.password, _ = strings.Cut(*shotsAs, ":")
	if d.at == "" {
		d = startDemo(t)
	}
	browser := openBrowser(t)
	for _, l := range looks() {
		b := newTab(t, browser, d.at, l)
		if d.email != "" {
			b.signIn(d.email, d.password)
		}
		paths := strings.FieldsSeq(*shots)
		if *shots == "all" {
			paths = b.crawl("/")
		}
		for path := range paths {
			status := b.open(path)
			b.wait(`!/^What the rows make/.test((document.querySelector("#trial") || {}).innerText)`) // the preview of a mapping comes by itself
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			name := strings.Trim(strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-").Replace(path), "-")
			if name == "" {
				name = "dashboard"
			}
			file := filepath.Join(*shotsTo, name+"."+l.name+".png")
			if err := os.WriteFile(file, picture, 0o644); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d %s", status, file)
		}
	}
}
