package entra

import (
	"bytes"
	"context"
	"iter"
	"net/http"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// Deleted reads the soft-deleted objects of a kind, which can be restored for
// some thirty days. Documents have the attributes of q and deletedDateTime.
//
// https://learn.microsoft.com/graph/api/directory-deleteditems-list
func (c *Client) Deleted(ctx context.Context, q directory.Query) iter.Seq2[directory.Page, error] {
	col, err := collectionOf(q.Kind)
	if err != nil {
		return failed(err)
	}
	r := &reading{
		call: call{op: "list deleted " + q.Kind.String() + "s", needs: col.needs,
			url: c.link("/directory/deletedItems/"+col.cast, param{"$select", selection(q.Select, "deletedDateTime")}, c.top())},
		cutter: cutter{kind: q.Kind, now: c.cfg.Now},
		finish: func(_ context.Context, l *leaf) error {
			for i := range l.page.Objects {
				l.page.Objects[i].Removed = directory.SoftDeleted
			}
			return nil
		},
	}
	return c.resume(ctx, r, q.From)
}

// DeletedByID asks for one soft-deleted object; false when it is not among
// them: alive, purged or never known.
//
// https://learn.microsoft.com/graph/api/directory-deleteditems-get
func (c *Client) DeletedByID(ctx context.Context, id directory.ObjectID) (directory.Object, bool, error) {
	rq := call{op: "look for a deleted object", subject: id.String(), needs: "User.Read.All",
		url: c.link("/directory/deletedItems/" + id.String()), check: wholeJSON}
	a, err := c.do(ctx, rq)
	switch {
	case statusOf(err) == http.StatusNotFound:
		return directory.Object{}, false, nil
	case err != nil:
		return directory.Object{}, false, err
	}
	o, err := c.single(directory.OtherKind, a.body)
	o.Removed = directory.SoftDeleted
	return o, err == nil, err
}

// single reads the body of one object into an object that owns its document.
func (c *Client) single(kind directory.Kind, body []byte) (directory.Object, error) {
	var page bytes.Buffer
	page.WriteString(`{"value":[`)
	page.Write(body)
	page.WriteString(`]}`)
	ct := cutter{kind: kind, now: c.cfg.Now}
	var l leaf
	if err := ct.cut(page.Bytes(), &l); err != nil {
		return directory.Object{}, errs.New(errs.Incomplete, "the directory sent something that is not an object").Because(err)
	}
	if l.problem != nil {
		return directory.Object{}, l.problem
	}
	return l.page.Objects[0], nil
}
