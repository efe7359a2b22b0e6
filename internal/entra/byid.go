package entra

import (
	"context"
	"net/http"

	"github.com/musterhq/muster/internal/directory"
)

// ByID asks for single objects, twenty in a batch. found is in no order; missing
// are those that the directory answers 404 for: soft-deleted, purged or never
// known. Documents are the caller's to keep.
//
// https://learn.microsoft.com/graph/api/user-get
func (c *Client) ByID(ctx context.Context, kind directory.Kind, ids []directory.ObjectID, selects []string) (found []directory.Object, missing []directory.ObjectID, err error) {
	col, err := collectionOf(kind)
	if err != nil {
		return nil, nil, err
	}
	rq := call{op: "read " + kind.String() + "s by ID", needs: col.needs}
	for start := 0; start < len(ids); start += batchSize {
		chunk := ids[start:min(start+batchSize, len(ids))]
		parts := make([]part, len(chunk))
		for i, id := range chunk {
			parts[i].path = col.path + "/" + id.String() + "?$select=" + selection(selects)
		}
		if err := c.each(ctx, rq, parts); err != nil {
			return nil, nil, err
		}
		for i, p := range parts {
			switch p.status {
			case http.StatusOK:
				o, err := c.single(kind, p.body)
				if err != nil {
					return nil, nil, err
				}
				found = append(found, o)
			case http.StatusNotFound:
				missing = append(missing, chunk[i])
			default:
				return nil, nil, (&Fault{Status: p.status}).classify(ctx, &rq)
			}
		}
	}
	return found, missing, nil
}
