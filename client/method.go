package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

func in(module int64, format string, args ...any) string {
	return fmt.Sprintf("/modules/%d", module) + fmt.Sprintf(format, args...)
}

// Me tells on whose behalf the token acts.
func (c *Client) Me(ctx context.Context) (Me, error) { return get[Me](ctx, c, "/me") }

// Accounts lists the accounts and modules that the token sees.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	return whole[Account](ctx, c, "/accounts")
}

// Collections lists the collections of a module.
func (c *Client) Collections(ctx context.Context, module int64) ([]Collection, error) {
	return whole[Collection](ctx, c, in(module, "/collections"))
}

// Fields lists the fields of a collection, in order.
func (c *Client) Fields(ctx context.Context, module, collection int64) ([]Field, error) {
	return whole[Field](ctx, c, in(module, "/collections/%d/fields", collection))
}

// RecordQuery narrows a listing of records; the zero query lists all by title.
type RecordQuery struct {
	Text     string   // words, each of which begins a word of the record
	Filters  []string // conditions, all of which have to hold: Condition.is.Good
	Sort     string   // a field, or added; a minus before it turns the order round
	Archived bool     // those put away, instead of the others
	Custody  string   // held, free, or "" for either
}

// values are the query as the address has it.
func (q RecordQuery) values() url.Values {
	out := values("q", q.Text, "sort", q.Sort, "custody", q.Custody, "limit", "500")
	if len(q.Filters) > 0 {
		out["filter"] = q.Filters
	}
	if q.Archived {
		out.Set("archived", "true")
	}
	return out
}

// Records yields the records of a collection, a page at a time.
func (c *Client) Records(ctx context.Context, module, collection int64, q RecordQuery) iter.Seq2[Record, error] {
	return pages[Record](ctx, c, in(module, "/collections/%d/records", collection), q.values())
}

// Record returns a record.
func (c *Client) Record(ctx context.Context, module, id int64) (Record, error) {
	return get[Record](ctx, c, in(module, "/records/%d", id))
}

// CreateRecord adds a record.
func (c *Client) CreateRecord(ctx context.Context, module, collection int64, r RecordInput) (Record, error) {
	return post[Record](ctx, c, in(module, "/collections/%d/records", collection), r)
}

// ChangeRecord changes a record that has not moved on since it was read with the
// version; otherwise that is a *Problem of status 412.
func (c *Client) ChangeRecord(ctx context.Context, module, id, version int64, r RecordInput) (Record, error) {
	var out Record
	header := http.Header{"If-Match": {`"` + strconv.FormatInt(version, 10) + `"`}}
	err := c.call(ctx, http.MethodPatch, in(module, "/records/%d", id), r, &out, header)
	return out, err
}

// Archive puts a record away, for a reason.
func (c *Client) Archive(ctx context.Context, module, id int64, note string) (Record, error) {
	return post[Record](ctx, c, in(module, "/records/%d/archive", id), Act{Note: note})
}

// Restore brings a record back that was put away.
func (c *Client) Restore(ctx context.Context, module, id int64, note string) (Record, error) {
	return post[Record](ctx, c, in(module, "/records/%d/restore", id), Act{Note: note})
}

// Bulk does one act to many records of a collection.
func (c *Client) Bulk(ctx context.Context, module, collection int64, b Bulk) (BulkDone, error) {
	return post[BulkDone](ctx, c, in(module, "/collections/%d/records/bulk", collection), b)
}

// History yields what people and runs did to a record, the latest first.
func (c *Client) History(ctx context.Context, module, id int64) iter.Seq2[HistoryEntry, error] {
	return pages[HistoryEntry](ctx, c, in(module, "/records/%d/history", id), nil)
}

// Search finds records in every collection that the token sees.
func (c *Client) Search(ctx context.Context, text string) ([]Hits, error) {
	return whole[Hits](ctx, c, with("/search", values("q", text)))
}

// CheckOut gives an asset to somebody.
func (c *Client) CheckOut(ctx context.Context, module int64, out CheckOut) (Custody, error) {
	return post[Custody](ctx, c, in(module, "/check-out"), out)
}

// CheckIn takes an asset back.
func (c *Client) CheckIn(ctx context.Context, module int64, back CheckIn) (Custody, error) {
	return post[Custody](ctx, c, in(module, "/check-in"), back)
}

// Holdings lists what a person holds now.
func (c *Client) Holdings(ctx context.Context, module, person int64) ([]Custody, error) {
	return whole[Custody](ctx, c, in(module, "/records/%d/holdings", person))
}

// Leavers lists who has left and still holds something.
func (c *Client) Leavers(ctx context.Context, module int64) ([]Leaver, error) {
	return whole[Leaver](ctx, c, in(module, "/leavers"))
}

// Overdue lists who should have brought something back by now.
func (c *Client) Overdue(ctx context.Context, module int64) ([]Leaver, error) {
	return whole[Leaver](ctx, c, in(module, "/overdue"))
}

// Users yields who has a role that reaches into a module, by email.
func (c *Client) Users(ctx context.Context, module int64) iter.Seq2[User, error] {
	return pages[User](ctx, c, in(module, "/users"), values("limit", "500"))
}

// Events yields the audit log of a module, the newest first.
func (c *Client) Events(ctx context.Context, account, module int64) iter.Seq2[Event, error] {
	return pages[Event](ctx, c, "/audit", url.Values{
		"account": {strconv.FormatInt(account, 10)}, "module": {strconv.FormatInt(module, 10)}, "limit": {"500"},
	})
}
