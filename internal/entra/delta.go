package entra

import (
	"context"
	"iter"
	"strings"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// groupsPerFilter is how many groups a round of changes can be limited to.
// https://learn.microsoft.com/graph/api/group-delta
const groupsPerFilter = 50

// Latest returns the cursor from which Changes tells what comes from now on,
// for the attributes of q: a later round knows no others. A relation is tracked
// only for the manager of users.
//
// https://learn.microsoft.com/graph/delta-query-overview
func (c *Client) Latest(ctx context.Context, q directory.Query) (directory.Cursor, error) {
	r, err := c.round(q)
	if err != nil {
		return directory.Cursor{}, err
	}
	r.url += "&$deltatoken=latest"
	return c.drain(ctx, r)
}

// drain reads to the end of a round and returns the cursor found there.
func (c *Client) drain(ctx context.Context, r *reading) (directory.Cursor, error) {
	for p, err := range c.pages(ctx, r) {
		if err != nil {
			return directory.Cursor{}, err
		}
		if !p.Delta.IsZero() {
			return p.Delta, nil
		}
	}
	return directory.Cursor{}, errs.New(errs.Incomplete, "there is no link for the next round").During(r.op)
}

// Changes reads one round of changes: from q.From, a cursor of an earlier round
// or of a page, or from the beginning. Its last page carries the next cursor.
// An object can come several times and in any order; the last one counts (F49).
// It fails with errs.Expired when a full reading is needed (F41).
//
// A relation that Graph does not track is asked for object by object, of those
// that changed; that it changed alone only a listing tells.
//
// https://learn.microsoft.com/graph/api/user-delta
func (c *Client) Changes(ctx context.Context, q directory.Query) iter.Seq2[directory.Page, error] {
	r, err := c.round(q)
	if err != nil {
		return failed(err)
	}
	return c.resume(ctx, r, q.From)
}

// round returns the reading of a first round of changes.
func (c *Client) round(q directory.Query) (*reading, error) {
	col, err := collectionOf(q.Kind)
	if err != nil {
		return nil, err
	}
	var relations []string
	if q.Kind == directory.User && q.Expand == "manager" {
		relations = []string{"manager"}
	}
	r := &reading{
		call: call{op: "read changes of " + q.Kind.String() + "s", needs: col.needs,
			url: c.link(col.path+"/delta", param{"$select", selection(q.Select, relations...)})},
		cutter: cutter{kind: q.Kind, now: c.cfg.Now},
		round:  true,
	}
	if q.Expand != "" && relations == nil {
		r.relation = q.Expand
		r.finish = func(ctx context.Context, l *leaf) error {
			_, err := c.askRelation(ctx, q, l, l.lacking)
			return err
		}
	}
	return r, nil
}

// resume delivers a reading from a cursor, or from its beginning.
func (c *Client) resume(ctx context.Context, r *reading, from directory.Cursor) iter.Seq2[directory.Page, error] {
	if !from.IsZero() {
		if err := c.ours(from, r); err != nil {
			return failed(err)
		}
		r.url = from.Link
	}
	return c.pages(ctx, r)
}

// failed is the sequence of one error.
func failed(err error) iter.Seq2[directory.Page, error] {
	return func(yield func(directory.Page, error) bool) { yield(directory.Page{}, err) }
}

// LatestGroups is Latest for the direct members of groups.
func (c *Client) LatestGroups(ctx context.Context, groups []directory.ObjectID) (directory.Cursor, error) {
	r := c.groupRound(groups)
	r.url += "&$deltatoken=latest"
	return c.drain(ctx, r)
}

// GroupChanges reads one round of changes of the given groups: their names, and
// who joined and left. Up to fifty groups are asked for by ID; with more the
// whole directory's groups are followed and the others left out here.
//
// https://learn.microsoft.com/graph/delta-query-groups
func (c *Client) GroupChanges(ctx context.Context, groups []directory.ObjectID, from directory.Cursor) iter.Seq2[directory.Page, error] {
	return c.resume(ctx, c.groupRound(groups), from)
}

func (c *Client) groupRound(groups []directory.ObjectID) *reading {
	wanted := make(map[directory.ObjectID]bool, len(groups))
	var clauses []string
	for _, id := range groups {
		wanted[id] = true
		clauses = append(clauses, "id eq "+literal(id.String()))
	}
	if len(clauses) > groupsPerFilter {
		clauses = nil
	}
	r := &reading{
		call: call{op: "read changes of groups", needs: collections[directory.Group].needs,
			url: c.link("/groups/delta", param{"$select", "id,displayName,members"}, param{"$filter", strings.Join(clauses, " or ")})},
		cutter: cutter{kind: directory.Group, now: c.cfg.Now},
		round:  true,
	}
	r.finish = func(_ context.Context, l *leaf) error {
		kept := l.page.Objects[:0]
		for _, o := range l.page.Objects {
			if len(groups) == 0 || wanted[o.ID] {
				kept = append(kept, o)
			}
		}
		l.page.Objects = kept
		return nil
	}
	return r
}
