package entra

import (
	"context"
	"net/http"

	"github.com/musterhq/muster/internal/directory"
)

// relate makes every document of a page mention the relation that was asked
// for: what an expanding host leaves out does not exist and becomes null, or an
// empty list. Of a host that does not expand it is asked for object by object.
//
//	the page's objects      host seen to expand   what happens
//	mention it, some or all -                     the host expands; the rest have none
//	none mentions it        yes                   none of them has one
//	none mentions it        no                    the first 20 are asked for; when one
//	                                              has one after all, the host does not expand
//	any                     known not to          all are asked for
//
// https://learn.microsoft.com/graph/api/user-list-manager
func (c *Client) relate(ctx context.Context, q directory.Query, l *leaf) error {
	if len(l.lacking) == 0 {
		return nil
	}
	if !c.habits.noExpand.Load() {
		if len(l.lacking) < present(l.page.Objects) {
			c.habits.seesExpand.Store(true)
		}
		probe := l.lacking[:min(len(l.lacking), batchSize)]
		if c.habits.seesExpand.Load() {
			probe = nil
		}
		found, err := c.askRelation(ctx, q, l, probe)
		if err != nil {
			return err
		}
		if !found {
			for _, i := range l.lacking[len(probe):] {
				l.set(i, q.Expand, nothing(q.Expand))
			}
			return nil
		}
		c.habits.noExpand.Store(true)
		l.lacking = l.lacking[len(probe):]
	}
	_, err := c.askRelation(ctx, q, l, l.lacking)
	return err
}

// present counts the objects that are not removals.
func present(objects []directory.Object) int {
	n := 0
	for i := range objects {
		if objects[i].Removed == directory.NotRemoved {
			n++
		}
	}
	return n
}

// set gives the document of object i one more member.
func (l *leaf) set(i int, name string, raw []byte) {
	l.page.Objects[i].Doc = with(l.page.Objects[i].Doc, name, raw)
}

// nothing is what a document says of a relation that does not exist.
func nothing(relation string) []byte {
	if relation == "manager" {
		return []byte("null")
	}
	return []byte("[]")
}

// askRelation asks for the relation of the given objects, completes their
// documents and reports whether any has one.
func (c *Client) askRelation(ctx context.Context, q directory.Query, l *leaf, objects []int) (found bool, err error) {
	col := collections[q.Kind]
	parts := make([]part, len(objects))
	for n, i := range objects {
		parts[n].path = col.path + "/" + l.page.Objects[i].ID.String() + "/" + q.Expand + "?$select=id"
	}
	rq := call{op: "read " + q.Expand + " of " + q.Kind.String() + "s", needs: col.needs}
	if err := c.each(ctx, rq, parts); err != nil {
		return false, err
	}
	for n, i := range objects {
		raw := nothing(q.Expand)
		switch parts[n].status {
		case http.StatusOK:
			raw = related(q.Expand, parts[n].body)
		case http.StatusNotFound: // no manager, or the object left meanwhile
		default:
			return false, (&Fault{Status: parts[n].status}).classify(ctx, &rq)
		}
		found = found || len(raw) > 2 && string(raw) != "null"
		l.set(i, q.Expand, raw)
	}
	return found, nil
}

// related cuts an answer down to what an expanded relation looks like.
func related(relation string, body []byte) []byte {
	doc := directory.Document(body)
	if relation == "manager" {
		if id := doc.Get("id").String(); id != "" {
			return idObject(id)
		}
		return nothing(relation)
	}
	list := []byte{'['}
	for _, id := range doc.Get("value.id").List() {
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = append(list, idObject(id)...)
	}
	return append(list, ']')
}
