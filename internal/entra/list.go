package entra

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// List reads all objects of a kind, or those behind q.From. With q.Expand every
// document mentions the relation, also when the host cannot expand: it is asked
// for in batches then.
//
// With q.Readers above 1 a large listing of users or devices is split among
// several chains and its size compared with the directory's own count; when it
// does not add up everything is read once more in one chain. Pages of a split
// listing cannot be resumed: their Next starts the listing anew.
//
// https://learn.microsoft.com/graph/api/user-list
func (c *Client) List(ctx context.Context, q directory.Query) iter.Seq2[directory.Page, error] {
	return func(yield func(directory.Page, error) bool) {
		r, err := c.listing(q)
		if err != nil {
			yield(directory.Page{}, err)
			return
		}
		if q.Readers > 1 && q.From.IsZero() && c.listSplit(ctx, q, yield) {
			return
		}
		c.expanding(ctx, q, r, yield)
	}
}

// listing returns the reading of a whole collection.
func (c *Client) listing(q directory.Query) (*reading, error) {
	col, err := collectionOf(q.Kind)
	if err != nil {
		return nil, err
	}
	r := &reading{
		call:   call{op: "list " + q.Kind.String() + "s", needs: col.needs},
		cutter: cutter{kind: q.Kind, now: c.cfg.Now},
	}
	r.url = q.From.Link
	if q.From.IsZero() {
		r.url = c.link(col.path, param{"$select", selection(q.Select)}, c.top(), c.expand(q))
	} else if err := c.ours(q.From, r); err != nil {
		return nil, err
	}
	if q.Expand != "" {
		r.relation = q.Expand
		r.finish = func(ctx context.Context, l *leaf) error { return c.relate(ctx, q, l) }
	}
	return r, nil
}

// collectionOf returns where a kind is listed.
func collectionOf(kind directory.Kind) (collection, error) {
	col, ok := collections[kind]
	if !ok {
		return col, errs.New(errs.Internal, "there is no list of objects of kind %q", kind)
	}
	return col, nil
}

// ours checks that a stored cursor leads to this client's host. One that does
// not is of an earlier configuration and worth nothing now.
func (c *Client) ours(from directory.Cursor, r *reading) error {
	if sameOrigin(c.graph, from.Link) {
		return nil
	}
	return errs.New(errs.Expired, "the stored link leads to another host than %s", c.graph.Host).During(r.op).
		WithHint("The next run reads everything again.")
}

func (c *Client) top() param { return param{"$top", strconv.Itoa(c.cfg.PageSize)} }

func (c *Client) expand(q directory.Query) param {
	if q.Expand == "" || c.habits.noExpand.Load() {
		return param{}
	}
	return param{"$expand", q.Expand + "($select=id)"}
}

// expanding delivers a listing. A host that refuses the $expand of the first
// page is asked again without it.
func (c *Client) expanding(ctx context.Context, q directory.Query, r *reading, yield func(directory.Page, error) bool) {
	asked := q.Expand != "" && strings.Contains(r.url, "$expand")
	pages, refused := 0, false
	c.stream(ctx, 1, []*reading{r}, func(p directory.Page, err error) bool {
		if s := statusOf(err); asked && pages == 0 && (s == 400 || s == 501) && errs.Is(err, errs.Invalid) {
			refused = true
			return false
		}
		pages++
		return yield(p, err)
	})
	if !refused {
		return
	}
	c.habits.noExpand.Store(true)
	if r, err := c.listing(q); err != nil {
		yield(directory.Page{}, err)
	} else {
		c.stream(ctx, 1, []*reading{r}, yield)
	}
}

// count returns how many objects of a kind the directory has.
// https://learn.microsoft.com/graph/aad-advanced-queries
func (c *Client) count(ctx context.Context, kind directory.Kind, path string) (int, error) {
	rq := call{op: "count " + kind.String() + "s", needs: collections[kind].needs, url: c.link(path + "/$count"), eventual: true}
	n := 0
	rq.check = func(body []byte) error {
		var err error
		text := strings.TrimSpace(strings.TrimPrefix(string(body), "\ufeff"))
		if n, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%.40q is not a count", text)
		}
		return nil
	}
	_, err := c.do(ctx, rq)
	return n, err
}
