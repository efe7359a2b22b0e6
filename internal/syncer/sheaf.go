package syncer

import (
	"slices"
	"time"

	"github.com/musterhq/muster/internal/directory"
)

// A sheaf is stored when it has this many pages, or when its first page has
// waited so long. Objects come in no order of their identifiers, so each commit
// writes anew nearly all pages of the index over them: storing pages by fives
// took a fifth off the reading of 100,000 people. A killed run asks again for
// the pages of one sheaf at most.
const (
	sheafPages = 5
	sheafAge   = 2 * time.Second
)

// sheaf gathers pages that go into the mirror in one transaction. It has memory
// of its own, because a page's is used again for the page after the next.
type sheaf struct {
	pages []directory.Page
	texts [sheafPages][]byte
	since time.Time
}

// add copies a page.
func (s *sheaf) add(page directory.Page, now time.Time) {
	if len(s.pages) == 0 {
		s.since = now
	}
	at := len(s.pages)
	if at < cap(s.pages) {
		s.pages = s.pages[:at+1]
	} else {
		s.pages = append(s.pages, directory.Page{})
	}
	objects := append(s.pages[at].Objects[:0], page.Objects...)
	size := 0
	for i := range objects {
		size += len(objects[i].Doc)
	}
	text := slices.Grow(s.texts[at][:0], size)
	for i := range objects {
		start := len(text)
		text = append(text, objects[i].Doc...)
		objects[i].Doc = directory.Document(text[start:len(text):len(text)])
	}
	s.texts[at] = text
	s.pages[at] = page
	s.pages[at].Objects = objects
}

// due reports whether the sheaf should be stored before more is added.
func (s *sheaf) due(now time.Time) bool {
	n := len(s.pages)
	return n == sheafPages || n > 0 && (s.pages[n-1].Next.IsZero() || now.Sub(s.since) >= sheafAge)
}

// empty makes room for the next pages.
func (s *sheaf) empty() { s.pages = s.pages[:0] }
