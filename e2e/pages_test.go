package e2e_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryPageStandsUpInABrowser follows the links of the demo from page to
// page, as its administrator, and looks at a few pages of each kind: they have to
// be there, without errors of scripts or of the content security policy, without
// serious faults of accessibility, and no wider than the screen.
func TestEveryPageStandsUpInABrowser(t *testing.T) {
	chromium(t)
	d, browser := startDemo(t), openBrowser(t)
	t.Run("looks", func(t *testing.T) { // ends when all of them have
		for _, l := range looks() {
			t.Run(l.name, func(t *testing.T) {
				t.Parallel()
				b := newTab(t, browser, d.at, l)
				found := faults{}
				b.inspect("/sign-in", found)
				b.signIn(d.email, d.password)
				for path := range b.crawl("/") {
					b.inspect(path, found)
				}
				found.report(t)
			})
		}
	})
}

// faults are what was found, each with the pages that have it: what is wrong in
// the frame is told once.
type faults map[string][]string

func (f faults) add(path, fault string) { f[fault] = append(f[fault], path) }

func (f faults) report(t *testing.T) {
	t.Helper()
	for fault, paths := range f {
		more := ""
		if len(paths) > 1 {
			more = fmt.Sprintf(" and %d more", len(paths)-1)
		}
		t.Errorf("%s%s: %s", paths[0], more, fault)
	}
}

// inspect looks at a page.
func (b *tab) inspect(path string, found faults) {
	b.t.Helper()
	status := b.open(path)
	if status != 200 {
		found.add(path, fmt.Sprintf("the status is %d", status))
	}
	for _, trouble := range b.heard() {
		found.add(path, "the console says: "+trouble)
	}
	for _, v := range b.violations() {
		found.add(path, v)
	}
	if wide := ask[[]string](b, overflow); len(wide) > 0 {
		found.add(path, "wider than the screen: "+strings.Join(wide, "\n      "))
	}
	if text := ask[string](b, `(document.body.innerText.match(/@[A-Z]\w*\(.*/) || [""])[0]`); text != "" {
		found.add(path, "a part of the template is on the page as text: "+text)
	}
	b.heard() // axe tries to load what is embedded, which the policy refuses
}

// overflow lists what stands out of the screen to the right, when the page as a
// whole can be scrolled there.
const overflow = `(() => {
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= width + 1) return [];
	const out = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1);
	return out.slice(-3).map(e => e.outerHTML.slice(0, 160)).concat("page " + document.documentElement.scrollWidth + ", screen " + width);
})()`

var digits = regexp.MustCompile(`\d+`)

// kindOf tells pages apart that are of different kinds: /m/1/c/2 is /m/N/c/N. Of
// queries the names count.
func kindOf(path string) string {
	path, query, _ := strings.Cut(path, "?")
	kind := digits.ReplaceAllString(path, "N")
	var names []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	if query != "" {
		kind += "?" + strings.Join(slices.Compact(names), "&")
	}
	return kind
}

// links are the addresses on this host that a page links to, but for downloads.
const links = `[...document.querySelectorAll("a[href]")]
	.filter(a => a.origin === location.origin && !a.hasAttribute("download") && !/[?&]format=/.test(a.search) && !a.pathname.startsWith("/static/"))
	.map(a => a.pathname + a.search)`

// each is how many pages of a kind are looked at, because an asset and a person
// have different parts. Of a filter or a second page of a listing one is enough.
func each(kind string) int {
	if strings.Contains(kind, "?") {
		return 1
	}
	return 2
}

// crawl yields the pages that can be reached from one, a few of each kind.
func (b *tab) crawl(from string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		queue, seen, kinds := []string{from}, map[string]bool{from: true}, map[string]int{kindOf(from): 1}
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			if !yield(path) {
				return
			}
			for _, next := range ask[[]string](b, links) {
				if kind := kindOf(next); !seen[next] && kinds[kind] < each(kind) {
					seen[next] = true
					kinds[kind]++
					queue = append(queue, next)
				}
			}
		}
		b.t.Logf("%d pages of %d kinds", len(seen), len(kinds))
	}
}
