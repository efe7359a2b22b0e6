package register

import (
	"context"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// Query asks for a page of a collection's records, by title.
type Query struct {
	Account    int64
	Collection int64
	Prefix     string     // of the title, in any case; "" for all
	Match      FieldValue // a field that has to hold this; Field 0 for none
	Archived   bool       // also those put away
	After      Cursor     // the end of the page before
	Limit      int
	ByID       bool // by number instead of by title, for passes over everything
}

// Cursor is the place behind a record in a listing. The zero Cursor is the
// beginning.
type Cursor struct {
	TitleKey string
	ID       int64
}

// String returns the cursor as a text that ParseCursor reads.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return strconv.FormatInt(c.ID, 36) + "." + c.TitleKey
}

// ParseCursor reads what Cursor.String returned.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	id, key, ok := strings.Cut(s, ".")
	n, err := strconv.ParseInt(id, 36, 64)
	if !ok || err != nil || n <= 0 {
		return Cursor{}, errs.New(errs.Invalid, "%q is not the place of a page", s).WithHint("Start again from the first page.")
	}
	return Cursor{TitleKey: key, ID: n}, nil
}

// Page is a part of a listing.
type Page struct {
	Records []Record
	Next    Cursor // zero when this was the last
}

// pageLimit is the most records of one page.
const pageLimit = 500

// List returns a page of records that the principal may view. Prefix and order
// come from an index and take the same time in a small and in a large
// collection. A unique field to match does, too, and is compared without regard to
// case; any other field has to hold exactly the value, which is looked for in one
// record after the other.
func (s *Service) List(ctx context.Context, p account.Principal, q Query) (Page, error) {
	if _, err := s.collection(ctx, p, account.View, q.Account, q.Collection); err != nil {
		return Page{}, err
	}
	if q.Limit <= 0 || q.Limit > pageLimit {
		q.Limit = pageLimit
	}
	if q.Match.Field != 0 {
		f, err := s.store.Field(ctx, q.Match.Field)
		if err != nil || f.Collection != q.Collection {
			return Page{}, notFound("field", q.Match.Field)
		}
		if f.Spec.Unique && !q.Archived && !q.Match.Value.IsEmpty() {
			return s.only(ctx, q)
		}
	}
	want := q.Limit
	q.Limit++ // one more tells whether there is a next page
	records, err := s.store.ListRecords(ctx, q)
	if err != nil {
		return Page{}, err
	}
	page := Page{Records: records}
	if len(records) > want {
		page.Records = records[:want]
		last := &page.Records[want-1]
		page.Next = Cursor{last.TitleKey, last.ID}
	}
	return page, nil
}

// only returns the page of the one record that may hold a unique value, which is
// compared by its key.
func (s *Service) only(ctx context.Context, q Query) (Page, error) {
	key := datatype.Key(q.Match.Value)
	found, err := s.store.FindKeys(ctx, q.Collection, q.Match.Field, []string{key})
	if err != nil || found[key] == 0 || q.After != (Cursor{}) {
		return Page{}, err
	}
	records, err := s.store.Records(ctx, []int64{found[key]}, false)
	if err != nil || len(records) == 0 || !strings.HasPrefix(records[0].TitleKey, datatype.KeyOfText(q.Prefix)) {
		return Page{}, err
	}
	return Page{Records: records}, nil
}

// Count counts the records of a collection that are not put away.
func (s *Service) Count(ctx context.Context, p account.Principal, acct, collection int64) (int, error) {
	if _, err := s.collection(ctx, p, account.View, acct, collection); err != nil {
		return 0, err
	}
	return s.store.CountRecords(ctx, collection)
}

// FindByTitle finds records that are not put away by the keys of their titles.
func (s *Service) FindByTitle(ctx context.Context, collection int64, keys []string) (map[string][]int64, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	return s.store.FindTitles(ctx, collection, keys)
}

// FindByKey finds records that are not put away by the keys of a field's values,
// as datatype.Key makes them; the numbers of each key ascend. The title and
// unique fields have an index. For another field every record of the collection
// is read: half a second for two hundred thousand.
func (s *Service) FindByKey(ctx context.Context, collection, field int64, keys []string) (map[string][]int64, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	f, err := s.store.Field(ctx, field)
	switch {
	case err != nil:
		return nil, err
	case f.Collection != collection:
		return nil, notFound("field", field)
	case f.Spec.Unique:
		found, err := s.store.FindKeys(ctx, collection, field, keys)
		out := make(map[string][]int64, len(found))
		for key, id := range found {
			out[key] = []int64{id}
		}
		return out, err
	case f.Title:
		return s.store.FindTitles(ctx, collection, keys)
	}
	wanted := make(map[string]bool, len(keys))
	for _, k := range keys {
		wanted[k] = k != ""
	}
	out := map[string][]int64{}
	err = s.store.EachValue(ctx, collection, field, func(record int64, v datatype.Value) error {
		if key := datatype.Key(v); wanted[key] {
			out[key] = append(out[key], record)
		}
		return nil
	})
	return out, err
}

// HasRecords reports whether a collection holds any record that is not put away.
func (s *Service) HasRecords(ctx context.Context, collection int64) (bool, error) {
	return s.store.HasRecords(ctx, collection)
}
