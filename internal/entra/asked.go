package entra

import (
	"context"

	"github.com/musterhq/muster/internal/rawjson"
)

// asked is a page on its way. Graph writes the link of the next page before the
// objects, so that one can be asked for while these still arrive: of a host that
// takes 200 ms for an answer the transfer of a page costs another 5 to 15.
type asked struct {
	link   string
	leaf   *leaf
	next   chan string   // the next page's link, told at most once, while the body arrives
	done   chan struct{} // closed when the page is in the leaf, or err says why not
	err    error
	cancel context.CancelFunc
}

// ask sends for a page. There always is a free leaf: a chain has two pages on
// their way at most, and the caller has one.
func (st *stream) ask(ctx context.Context, r *reading, link string, links *trail) (*asked, error) {
	if err := st.client.mayFollow(r, link, links); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	a := &asked{link: link, leaf: <-st.free, next: make(chan string, 1), done: make(chan struct{}), cancel: cancel}
	go func() {
		defer cancel()
		defer close(a.done)
		a.err = st.client.fetch(ctx, r, link, a.leaf, a.tell)
	}()
	return a, nil
}

// tell passes on the next page's link. A body that broke off and comes anew may
// tell another one: the first counts, and is compared with the page's in the end.
func (a *asked) tell(link string) {
	select {
	case a.next <- link:
	default:
	}
}

// early asks for the page after the given one as soon as its link is known. It
// returns nil when the page is there first, or when the link may not be
// followed, which is reported when the page itself is good. Where links differ
// from answer to answer, a page that breaks off would cost a request more than
// itself; that happens once, and then nothing is asked for early any more.
func (st *stream) early(ctx context.Context, r *reading, page *asked, links *trail) *asked {
	if links.fickle {
		return nil
	}
	select {
	case link := <-page.next:
		if next, err := st.ask(ctx, r, link, links); err == nil {
			return next
		}
	case <-page.done:
	}
	return nil
}

// drop gives up a page that is on its way, if there is one.
func (st *stream) drop(page *asked) {
	if page == nil {
		return
	}
	page.cancel()
	<-page.done
	st.free <- page.leaf
}

// headMost is how far into a body the link of the next page is looked for.
const headMost = 64 << 10

// nextLink looks for the link of the next page in the beginning of a body, where
// Graph writes it. It has enough when the link is there, or when none is to be
// expected before the objects.
func nextLink(head []byte) (link string, enough bool) {
	s := rawjson.Scan(head)
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		if string(name) == "value" {
			return "", true
		}
		raw := s.Value()
		if s.Err() == nil && string(name) == "@odata.nextLink" {
			return text(raw), true
		}
	}
	return "", len(head) > headMost
}
