package e2e_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// look is how a page is looked at.
type look struct {
	name          string
	width, height int64
	scheme        string // what the device prefers: light, dark
	rules         string // of axe, in JSON
}

// looks are those that every page has to stand. Width and colours are checked
// once each with all rules; the other two pairs differ from them by colours.
func looks() []look {
	const all, colours = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`, `["color-contrast"]`
	return []look{
		{"1280-light", 1280, 900, "light", all}, {"1280-dark", 1280, 900, "dark", colours},
		{"360-light", 360, 780, "light", colours}, {"360-dark", 360, 780, "dark", all},
	}
}

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("Chromium is not installed: make tools")
	}
	t.Skip("Chromium is not installed: make tools installs it")
	return ""
}

// openBrowser starts a browser, with further options, for the length of the test.
func openBrowser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.Flag("disable-dev-shm-usage", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which does not work for root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// tab is a window of its own, with cookies of its own.
type tab struct {
	t    *testing.T
	ctx  context.Context
	at   string // the server's address
	look look

	mu       sync.Mutex
	troubles []string // what the console said since the last look
}

// pageTime is how long anything may take in a page. It only fails what hangs.
const pageTime = time.Minute

func newTab(t *testing.T, browser context.Context, at string, l look) *tab {
	t.Helper()
	b := &tab{t: t, at: at, look: l}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the context of the first command
		t.Fatal(err)
	}
	b.ctx = ctx
	b.do(chromedp.EmulateViewport(l.width, l.height))
	features := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, features); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear notes errors of scripts, of the content security policy and of what
// could not be loaded.
func (b *tab) hear(event any) {
	text := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text
		if o := e.ExceptionDetails.Exception; o != nil {
			text += " " + o.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			text = "console: " + said(e.Args)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			text = string(e.Entry.Source) + ": " + e.Entry.Text + " " + e.Entry.URL
		}
	}
	if text != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.troubles = append(b.troubles, text)
	}
}

func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		words = append(words, strings.TrimSpace(string(a.Value)+" "+a.Description))
	}
	return strings.Join(words, " ")
}

// heard returns the troubles since the last time.
func (b *tab) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.troubles
	b.troubles = nil
	return out
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// ask evaluates an expression in the page, a promise too.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %.80s: %v", expression, err)
	}
	return v
}

// open goes to a path and returns the status of the page.
func (b *tab) open(path string) int64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	res, err := chromedp.Run(ctx, chromedp.NavigateResponse(b.at+path))
	if err != nil {
		b.t.Fatalf("open %s: %v", path, err)
	}
	return statusOf(res)
}

func statusOf(res *network.Response) int64 {
	if res == nil {
		return 0
	}
	return res.Status
}

// path is where the tab is now.
func (b *tab) path() string { b.t.Helper(); return ask[string](b, "location.pathname") }

// signIn goes through the sign-in page.
func (b *tab) signIn(email, password string) {
	b.t.Helper()
	b.open("/sign-in")
	b.do(
		chromedp.SendKeys(chromedp.CSS("input[name=email]"), email),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), password),
	)
	b.leads(chromedp.Submit(chromedp.CSS("form[action='/sign-in']")))
	if at := b.path(); at == "/sign-in" {
		b.t.Fatalf("%s cannot sign in: %s", email, ask[string](b, "document.body.innerText"))
	}
}

// leads does something that leads to another page, waits until that is there,
// and returns its status.
func (b *tab) leads(act chromedp.Action[chromedp.Void]) int64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, act)
	if err != nil {
		b.t.Fatal(err)
	}
	return statusOf(res)
}

// wait waits until an expression is true in the page, across navigations.
func (b *tab) wait(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(pageTime)
	for {
		ctx, cancel := context.WithDeadline(b.ctx, deadline)
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](expression))
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s never came true: %v\n%s", expression, err, ask[string](b, "document.body.innerText"))
		}
	}
}

//go:embed testdata/axe.min.js
var axe string

// violation is a fault of accessibility.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"` // minor, moderate, serious, critical
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// violations returns the serious faults of accessibility of the page.
func (b *tab) violations() []string {
	b.t.Helper()
	ask[bool](b, axe+"; true")
	text := ask[string](b, `axe.run(document, {resultTypes: ["violations"], runOnly: `+b.look.rules+`}).then(r => JSON.stringify(r.violations))`)
	var list []violation
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, v := range list {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		for i, n := range v.Nodes {
			if i == 2 {
				out = append(out, fmt.Sprintf("%s: and %d more", v.ID, len(v.Nodes)-i))
				break
			}
			out = append(out, fmt.Sprintf("%s (%s): %.200s\n      %s", v.ID, v.Help, n.HTML, strings.ReplaceAll(n.Summary, "\n", " ")))
		}
	}
	return out
}
