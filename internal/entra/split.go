package entra

import (
	"context"
	"errors"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// splitPoints cut the values of a property into ranges, for names in the Latin
// alphabet; other scripts end up in the last one. The ranges get smaller towards
// the end, so that the readers finish at about the same time: measured with
// 100,000 people, the busiest of eight reads 15 pages where an even split is 14.
// No sign-in name is as short as a border, so no user lies in two ranges.
var splitPoints = []string{
	"an", "b", "c", "d", "e", "g", "ha", "j", "k", "l", "m", "mi", "n", "ne", "ni", "p", "pe", "r", "ri",
	"s", "se", "so", "t", "te", "v", "vi", "w", "x", "z",
}

// listSplit lists with several readers, each taking ranges off one list. It
// returns false when the listing has to be read in one chain after all: it is
// small, cannot be split, or its size is not what the directory counts. Pages
// delivered until then are good; they come once more.
func (c *Client) listSplit(ctx context.Context, q directory.Query, yield func(directory.Page, error) bool) (done bool) {
	col := collections[q.Kind]
	if col.shardsBy == "" || c.habits.noShard.Load() {
		return false
	}
	before, err := c.count(ctx, q.Kind, col.path)
	if err != nil || before <= q.Readers*c.cfg.PageSize {
		return false // a count that fails shows again in the chain, if it matters
	}
	whole, err := c.listing(q)
	if err != nil {
		return false
	}
	restart := directory.Cursor{Link: whole.url, Taken: c.cfg.Now()}
	listed, fault, stopped := 0, error(nil), false
	c.stream(ctx, q.Readers, c.ranges(q, col), func(p directory.Page, err error) bool {
		if err != nil {
			fault = err
			return false
		}
		listed += len(p.Objects)
		p.Next, p.Total = restart, before
		stopped = !yield(p, nil)
		return !stopped
	})
	switch {
	case stopped:
		return true
	case fault != nil && !errs.Is(fault, errs.Invalid):
		yield(directory.Page{}, fault)
		return true
	case fault != nil:
		c.habits.noShard.Store(true)
		return false
	}
	if err := c.addsUp(ctx, q.Kind, col, before, listed); err != nil {
		c.habits.noShard.Store(true)
		return false
	}
	yield(directory.Page{Total: listed}, nil) // the last page, which has no Next
	return true
}

// errSplit tells that a split listing has not the size that the directory counts.
var errSplit = errors.New("a split listing does not add up")

// addsUp compares a listing with the counts before and after it: a directory
// moves while it is read.
func (c *Client) addsUp(ctx context.Context, kind directory.Kind, col collection, before, listed int) error {
	if listed == before {
		return nil
	}
	after, err := c.count(ctx, kind, col.path)
	if err != nil {
		return err
	}
	if listed < min(before, after) || listed > max(before, after) {
		return errSplit
	}
	return nil
}

// ranges returns a reading for each range of a kind.
func (c *Client) ranges(q directory.Query, col collection) []*reading {
	var all []*reading
	for i := range len(splitPoints) + 1 {
		filter := ""
		if i > 0 {
			filter = col.shardsBy + " ge " + literal(splitPoints[i-1])
		}
		if i < len(splitPoints) {
			if filter != "" {
				filter += " and "
			}
			filter += col.shardsBy + " le " + literal(splitPoints[i])
		}
		r, err := c.listing(q)
		if err != nil {
			return nil // the kind was checked by the caller
		}
		r.url = c.link(col.path, param{"$select", selection(q.Select)}, param{"$filter", filter}, c.top(), c.expand(q))
		all = append(all, r)
	}
	return all
}
