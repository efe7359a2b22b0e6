package entra

import (
	"context"
	"hash/maphash"
	"iter"
	"sync"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// reading is one chain of pages, from a first link to the page without a next
// one. Links are opaque: followed as they came, to the configured host only.
type reading struct {
	call   // op, subject, needs, eventual, and the first link as url
	cutter // how to cut the pages
	// round is set for a round of changes, which has to end with a delta link.
	round bool
	// only drops objects of other kinds; NoKind keeps all.
	only directory.Kind
	// finish completes a page before it is delivered; nil when there is nothing to do.
	finish func(context.Context, *leaf) error
}

// leaves is how many pages of a stream are in memory per reader: one with the
// caller, one ready, one on its way.
const leaves = 3

// stream delivers the pages of the given readings, up to readers of them at a
// time, in order of arrival. While the caller handles a page the next is asked
// for; see asked. It returns false when the caller had enough or an error was delivered.
func (c *Client) stream(ctx context.Context, readers int, all []*reading, yield func(directory.Page, error) bool) bool {
	ctx, cancel := context.WithCancel(ctx)
	st := &stream{client: c, ready: make(chan *leaf), free: make(chan *leaf, readers*leaves), todo: make(chan *reading, len(all))}
	for range readers * leaves {
		st.free <- &leaf{}
	}
	for _, r := range all {
		st.todo <- r
	}
	close(st.todo)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() { st.work(ctx, cancel) })
	}
	go func() { wg.Wait(); close(st.ready) }()
	defer func() { // in this order: stop the workers, then wait until they are gone
		cancel()
		for range st.ready {
		}
	}()
	for l := range st.ready {
		c.usage.pages.Add(1)
		if !yield(l.page, nil) {
			return false
		}
		st.free <- l
	}
	if st.err != nil {
		yield(directory.Page{}, st.err)
		return false
	}
	return true
}

// stream is the machinery between readers and the caller.
type stream struct {
	client *Client
	todo   chan *reading
	free   chan *leaf
	ready  chan *leaf

	once sync.Once
	err  error // the first fault; set before ready is closed
}

func (st *stream) work(ctx context.Context, cancel context.CancelFunc) {
	for r := range st.todo {
		if err := st.read(ctx, r); err != nil {
			st.once.Do(func() { st.err = err })
			cancel()
			return
		}
	}
}

// read follows one chain to its end.
func (st *stream) read(ctx context.Context, r *reading) error {
	links := trail{seed: maphash.MakeSeed(), seen: make(map[uint64]bool), most: st.client.cfg.MaxPages}
	page, err := st.ask(ctx, r, r.url, &links)
	if err != nil {
		return err
	}
	for page != nil {
		next := st.early(ctx, r, page, &links)
		if <-page.done; page.err != nil {
			st.drop(next)
			return page.err
		}
		link := page.leaf.page.Next.Link // read before the page is the caller's
		if next != nil && next.link != link {
			st.drop(next) // a page that came anew has another link than before
			next, links.fickle = nil, true
		}
		if next == nil && link != "" {
			next, err = st.ask(ctx, r, link, &links) // the page is good all the same
		}
		select {
		case st.ready <- page.leaf:
		case <-ctx.Done():
			st.drop(next)
			return (&Fault{}).classify(ctx, &r.call)
		}
		page = next
	}
	return err
}

// trail remembers the links of a reading, by hash: a link that comes again leads
// in a circle (F48).
type trail struct {
	seed   maphash.Seed
	seen   map[uint64]bool
	most   int
	fickle bool // a page that was asked for twice came with two links
}

// mayFollow refuses links to other hosts, repeated links and endless readings.
func (c *Client) mayFollow(r *reading, link string, t *trail) error {
	hash := maphash.String(t.seed, link)
	refuse := func(format string, args ...any) error {
		e := errs.New(errs.Incomplete, format, args...).During(r.op).
			WithHint("Nothing was removed. If it happens again, test the connection.")
		e.Subject = r.subject
		return e
	}
	switch {
	case !sameOrigin(c.graph, link):
		return refuse("the directory sent a link to another host than %s", c.graph.Host)
	case t.seen[hash]:
		return refuse("the directory sent the same link twice, after %d pages", len(t.seen))
	case len(t.seen) >= t.most:
		return refuse("there is no end after %d pages", t.most)
	}
	t.seen[hash] = true
	return nil
}

// fetch asks for one page, until it arrives whole, into l. The link of the next
// page is told as soon as it has arrived, before it is known whether this page
// is any good.
func (c *Client) fetch(ctx context.Context, r *reading, link string, l *leaf, tell func(next string)) error {
	rq := r.call
	rq.url, rq.buffer = link, l.buffer
	rq.arriving = func(body []byte) (enough bool) {
		next, enough := nextLink(body)
		if next != "" {
			tell(next)
		}
		return enough
	}
	var requestID string
	rq.check = func(body []byte) error { return r.cut(body, l) }
	a, err := c.do(ctx, rq)
	if err != nil {
		return err
	}
	l.buffer, requestID = a.body, a.header.Get("request-id")
	if l.problem != nil {
		return &errs.Error{Kind: errs.Incomplete, Op: r.op, Subject: r.subject, Message: "request-id " + requestID,
			Hint: errs.HintOf(l.problem), Err: l.problem}
	}
	if r.round && l.page.Next.IsZero() && l.page.Delta.IsZero() {
		return &errs.Error{Kind: errs.Incomplete, Op: r.op, Subject: r.subject,
			Message: "the round of changes ended without a link for the next one (request-id " + requestID + ")",
			Hint:    "The next run reads everything again."}
	}
	if r.only != directory.NoKind {
		l.keep(r.only)
	}
	if r.finish != nil {
		return r.finish(ctx, l)
	}
	return nil
}

// keep drops the objects of other kinds than the given one.
func (l *leaf) keep(kind directory.Kind) {
	kept := l.page.Objects[:0]
	for _, o := range l.page.Objects {
		if o.Kind == kind {
			kept = append(kept, o)
		}
	}
	l.page.Objects = kept
}

// pages returns a single reading as a sequence.
func (c *Client) pages(ctx context.Context, r *reading) iter.Seq2[directory.Page, error] {
	return func(yield func(directory.Page, error) bool) {
		c.stream(ctx, 1, []*reading{r}, yield)
	}
}
