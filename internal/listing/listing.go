package listing

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// Bounds of a search, which keep each page under some 50 ms in a collection of
// a million.
const (
	pageLimit   = 500   // records of a page
	foundMost   = 2_000 // records that are loaded to be sorted and counted
	readMost    = 1_000 // records read by title to fill one page, and then through the index
	pendingMost = 1_000 // records not indexed yet that a search looks at itself
	recordsRead = 200   // records read at once
)

// Store is the database as this package needs it; store.DB is the one
// implementation.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// FindTokens returns numbers of records that an expression finds, limit at most.
	FindTokens(ctx context.Context, x Expression, limit int) ([]int64, error)
	// Estimate returns about how many records an expression finds. It may be wrong
	// by much, and is 0 when the store cannot tell cheaply.
	Estimate(ctx context.Context, x Expression) (int, error)
	// NextTokens is FindTokens in the order of numbers, or from the end, behind a
	// number; after 0 is the beginning.
	NextTokens(ctx context.Context, x Expression, after int64, down bool, limit int) ([]int64, error)
	// Waiting returns the numbers of records that were written and not indexed
	// yet, oldest note first, as many notes as hold about limit records; lock
	// keeps others from working them off until the transaction ends.
	Waiting(ctx context.Context, limit int, lock bool) ([]Note, error)
	// SetNote stores what is left of a note; nothing takes it away.
	SetNote(ctx context.Context, n Note) error
	// PutTokens replaces the tokens of records.
	PutTokens(ctx context.Context, records []int64, tokens [][]string) error
	// RecordsBetween returns records with numbers from first to last.
	RecordsBetween(ctx context.Context, first, last int64, limit int) ([]register.Record, error)
	// WalkRecords reads a collection by title, behind a place.
	WalkRecords(ctx context.Context, w Walk) ([]register.Record, error)
	Records(ctx context.Context, ids []int64, lock bool) ([]register.Record, error)
	FoldCounts(ctx context.Context) error
	// HeldBy returns those of the assets that somebody holds, with the holder.
	HeldBy(ctx context.Context, assets []int64) (map[int64]int64, error)
	viewStore
}

// Walk is a stretch of a collection by title.
type Walk struct {
	Account, Collection int64
	Archived            bool // those put away, instead of the others
	Down                bool // from the end
	After               Place
	Limit               int
}

// Place is where a record stands in a walk.
type Place struct {
	TitleKey string
	ID       int64
}

// Registry is what this package asks of the register.
type Registry interface {
	Collection(ctx context.Context, p account.Principal, acct, id int64) (register.Collection, error)
	Count(ctx context.Context, p account.Principal, acct, collection int64) (int, error)
}

// Service holds the use cases. It is safe for concurrent use.
type Service struct {
	store    Store
	registry Registry
	orders   orders
}

// New returns a service over a store and the register that owns the records.
// Close ends what it does in the background.
func New(store Store, registry Registry) *Service {
	s := &Service{store: store, registry: registry}
	s.orders.kept = map[orderOf]*keptOrder{}
	s.orders.ctx, s.orders.stop = context.WithCancel(context.Background())
	return s
}

// Find returns a page of records that the principal may view.
func (s *Service) Find(ctx context.Context, p account.Principal, q Query) (Found, error) {
	if _, err := s.registry.Collection(ctx, p, q.Account, q.Collection); err != nil {
		return Found{}, err
	}
	if q.Limit <= 0 || q.Limit > pageLimit {
		q.Limit = pageLimit
	}
	x, narrow := q.expression()
	if !narrow && q.Order.walks() {
		return s.everything(ctx, p, q)
	}
	pending, behind, err := s.pending(ctx)
	if err != nil {
		return Found{}, err
	}
	news, err := s.newsOf(ctx, &q, pending)
	if err != nil {
		return Found{}, err
	}
	out, err := s.indexed(ctx, p, q, x, news)
	out.Behind = behind
	return out, err
}

// indexed answers a query through the index, in the way that suits how much it
// finds; see the package's comment.
func (s *Service) indexed(ctx context.Context, p account.Principal, q Query, x Expression, n news) (Found, error) {
	size, err := s.registry.Count(ctx, p, q.Account, q.Collection)
	if err != nil {
		return Found{}, err
	}
	about := 0
	if size > foundMost && !q.Archived {
		if x, about, err = s.sift(ctx, &q, x, size); err != nil {
			return Found{}, errs.Wrap(err, "search")
		}
	}
	if about <= surelyMany {
		ids, err := s.store.FindTokens(ctx, x, foundMost+1)
		if err != nil {
			return Found{}, errs.Wrap(err, "search")
		}
		if len(ids) <= foundMost {
			return s.sorted(ctx, q, n.settle(ids))
		}
		about = max(about, spread(ids, size))
	}
	return s.many(ctx, p, q, x, n, float64(about)/float64(max(size, 1)))
}

// surelyMany is an estimate above which more than foundMost are found even when
// it is wrong by much.
const surelyMany = 3 * foundMost

// walkedShare is which part of a collection has to match for readMost records of
// it to fill a page of fifty with certainty.
const walkedShare = 0.07

// many is a page of more than can be sorted. share is which part of the
// collection was found, about.
func (s *Service) many(ctx context.Context, p account.Principal, q Query, x Expression, n news, share float64) (Found, error) {
	begun := q.After.ID != 0 // and goes on as it began
	preparing := false
	if q.Order.Field != 0 && !q.Archived && (begun && q.After.Order == q.Order || !begun && share >= walkedShare) {
		out, ok, err := s.ordered(ctx, q, n.records)
		if err != nil {
			return out, errs.Wrap(err, "put records in order")
		}
		if ok {
			return s.counted(ctx, p, q, out)
		}
		preparing = out.Preparing
	}
	out, err := s.inOwnOrder(ctx, q, x, n, share)
	out.Preparing = preparing
	return out, err
}

// inOwnOrder is a page of many records in an order that the database has: by
// title or as they were added.
func (s *Service) inOwnOrder(ctx context.Context, q Query, x Expression, n news, share float64) (Found, error) {
	begun := q.After.ID != 0
	switch {
	case begun && q.After.Order.Added, !begun && (q.Order.Added || share < walkedShare):
		return s.numbered(ctx, q, x, n)
	}
	out, err := s.walked(ctx, q)
	if err == nil && !begun && len(out.Records) < q.Limit && out.Next.ID != 0 {
		return s.numbered(ctx, q, x, n)
	}
	return out, err
}

// spread tells from the first numbers that were found how many there are in all,
// taking them for spread evenly over the collection.
func spread(ids []int64, size int) int {
	return int(float64(len(ids)) / float64(slices.Max(ids)-slices.Min(ids)+1) * float64(size))
}

// sift takes words out of an expression that so many records have that looking
// for them narrows nothing down and costs a lot: the name of the company in each
// email address. What is taken out is checked in the records themselves. about is
// how many records what is left finds, or 0 when that is not known.
func (s *Service) sift(ctx context.Context, q *Query, x Expression, size int) (out Expression, about int, err error) {
	out = Expression{All: x.All, None: x.None}
	for _, word := range x.Begin {
		n, err := s.store.Estimate(ctx, Expression{Begin: []string{word}})
		if err != nil {
			return x, 0, err
		}
		if n <= max(foundMost, size/commonShare) {
			out.Begin = append(out.Begin, word)
		}
	}
	all := prefixOf(q.Collection, false) + allToken
	if len(out.All)+len(out.Begin) == 0 {
		out.All = []string{all}
	}
	if len(out.Begin) == 0 && slices.Equal(out.All, []string{all}) {
		return out, size, nil
	}
	about, err = s.store.Estimate(ctx, out)
	return out, about, err
}

// commonShare: a word that more than one in so many records have narrows nothing
// down.
const commonShare = 10

// everything is a page of a whole collection in an order that has an index.
func (s *Service) everything(ctx context.Context, p account.Principal, q Query) (Found, error) {
	out, err := s.walked(ctx, q)
	if err != nil {
		return out, err
	}
	return s.counted(ctx, p, q, out)
}

// counted adds to a page how many records there are, when they are all of the
// collection.
func (s *Service) counted(ctx context.Context, p account.Principal, q Query, out Found) (Found, error) {
	var err error
	if !q.Archived && !q.restricted() {
		out.Total, err = s.registry.Count(ctx, p, q.Account, q.Collection)
	}
	return out, err
}

// pending returns the records that were written and not indexed yet, or how many
// they are when they are too many to look at.
func (s *Service) pending(ctx context.Context) (records []register.Record, behind int, err error) {
	notes, err := s.store.Waiting(ctx, pendingMost+1, false)
	if err != nil {
		return nil, 0, err
	}
	for _, n := range notes {
		behind += n.size()
	}
	if behind > pendingMost {
		return nil, behind, nil
	}
	for _, n := range notes {
		for _, r := range n.Ranges {
			list, err := s.store.RecordsBetween(ctx, r.First, r.Last, pendingMost)
			if err != nil {
				return nil, 0, err
			}
			records = append(records, list...)
		}
	}
	return records, 0, nil
}

// news is what is known of records that the index has not seen lately.
type news struct {
	seen     map[int64]bool // true for those that the query asks for
	matching []int64        // those, in order
	records  []register.Record
}

func (s *Service) newsOf(ctx context.Context, q *Query, pending []register.Record) (news, error) {
	matching, err := s.matching(ctx, q, pending)
	n := news{make(map[int64]bool, len(pending)), numbersOf(matching), pending}
	for i := range pending {
		n.seen[pending[i].ID] = false
	}
	for _, id := range n.matching {
		n.seen[id] = true
	}
	slices.Sort(n.matching)
	return n, err
}

// settle replaces what the index says of those records.
func (n news) settle(ids []int64) []int64 {
	ids = slices.DeleteFunc(ids, func(id int64) bool { _, known := n.seen[id]; return known })
	ids = append(ids, n.matching...)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// matching returns those of the records that the query asks for, in their order.
func (s *Service) matching(ctx context.Context, q *Query, records []register.Record) ([]register.Record, error) {
	var out []register.Record
	for i := range records {
		if q.matches(&records[i]) {
			out = append(out, records[i])
		}
	}
	if q.Custody == Either || len(out) == 0 {
		return out, nil
	}
	held, err := s.store.HeldBy(ctx, numbersOf(out))
	return slices.DeleteFunc(out, func(r register.Record) bool { return (held[r.ID] != 0) != (q.Custody == Held) }), err
}

func numbersOf(records []register.Record) []int64 {
	out := make([]int64, len(records))
	for i := range records {
		out[i] = records[i].ID
	}
	return out
}

// sorted loads all that was found, checks it and sorts it.
func (s *Service) sorted(ctx context.Context, q Query, ids []int64) (Found, error) {
	var records []register.Record
	for chunk := range slices.Chunk(ids, pageLimit) {
		list, err := s.store.Records(ctx, chunk, false)
		if err != nil {
			return Found{}, err
		}
		if list, err = s.matching(ctx, &q, list); err != nil {
			return Found{}, err
		}
		records = append(records, list...)
	}
	linked, err := s.linkedTitles(ctx, records, q.Order)
	if err != nil {
		return Found{}, err
	}
	out := Found{Total: len(records), Order: q.Order}
	out.Records, out.Next = q.page(records, q.Order, linked)
	return out, nil
}

// linkedTitles returns the titles by which a field of links is sorted.
func (s *Service) linkedTitles(ctx context.Context, records []register.Record, o Order) (map[int64]string, error) {
	if o.Field == 0 {
		return nil, nil
	}
	var ids []int64
	for i := range records {
		if id := records[i].Value(o.Field).Record(); id != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	out := map[int64]string{}
	for chunk := range slices.Chunk(slices.Compact(ids), pageLimit) {
		list, err := s.store.Records(ctx, chunk, false)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			out[r.ID] = r.Title
		}
	}
	return out, nil
}

// take adds records, in the order of ids, to a page until it is full.
func (s *Service) take(ctx context.Context, q *Query, ids []int64, out *Found) (full bool, err error) {
	for chunk := range slices.Chunk(ids, recordsRead) {
		list, err := s.store.Records(ctx, slices.Clone(chunk), false)
		if err != nil {
			return false, err
		}
		if list, err = s.matching(ctx, q, list); err != nil {
			return false, err
		}
		byID := make(map[int64]*register.Record, len(list))
		for i := range list {
			byID[list[i].ID] = &list[i]
		}
		for _, id := range chunk {
			if r := byID[id]; r != nil && out.add(r, q.Limit) {
				return true, nil
			}
		}
	}
	return false, nil
}

// add adds a record to the page, or says that the page was full before.
func (f *Found) add(r *register.Record, limit int) (full bool) {
	if n := len(f.Records); n == limit {
		last := &f.Records[n-1]
		f.Next = f.behind(last)
		return true
	}
	f.Records = append(f.Records, *r)
	return false
}

func (f *Found) behind(r *register.Record) Cursor {
	return Cursor{f.Order, rankOf(r, f.Order, nil).text(), r.ID}
}

// walked reads the collection by title and keeps what matches. It gives up after
// readMost records; then the page is shorter than asked for, with a place to go
// on from.
func (s *Service) walked(ctx context.Context, q Query) (Found, error) {
	w := q.walk()
	out := Found{Order: w.order(), Total: -1}
	if w.Limit = recordsRead; !q.restricted() {
		w.Limit = q.Limit + 1
	}
	for read := 0; ; {
		list, err := s.store.WalkRecords(ctx, w)
		if err != nil {
			return out, err
		}
		matching, err := s.matching(ctx, &q, list)
		if err != nil {
			return out, err
		}
		for i := range matching {
			if out.add(&matching[i], q.Limit) {
				return out, nil
			}
		}
		if len(list) < w.Limit {
			return out, nil
		}
		last := &list[len(list)-1]
		if read += len(list); read >= readMost {
			out.Next = out.behind(last)
			return out, nil
		}
		w.After = Place{last.TitleKey, last.ID}
	}
}

// numbered reads what the index finds in the order in which records were added,
// for sets too large for any other. It gives up like walked.
func (s *Service) numbered(ctx context.Context, q Query, x Expression, n news) (Found, error) {
	out := Found{Order: Order{Added: true, Down: q.Order.Added && q.Order.Down}, Total: -1}
	after := int64(0)
	if q.After.Order == out.Order {
		after = q.After.ID
	}
	limit := q.Limit + 1
	for read := 0; ; {
		ids, err := s.store.NextTokens(ctx, x, after, out.Order.Down, limit)
		if err != nil {
			return out, err
		}
		ended := len(ids) < limit
		ids = n.merge(ids, after, out.Order.Down, ended)
		if full, err := s.take(ctx, &q, ids, &out); full || ended || err != nil {
			return out, err
		}
		after = ids[len(ids)-1]
		if read += len(ids); read >= readMost {
			out.Next = Cursor{out.Order, rank{}.text(), after}
			return out, nil
		}
		limit = recordsRead
	}
}

// merge puts the records that the index has not seen among those that it found,
// which come in order behind a number: up to the last of them, or all when the
// index has ended.
func (n news) merge(ids []int64, after int64, down, ended bool) []int64 {
	behind := func(id, place int64) bool { return place == 0 || (id > place) != down && id != place }
	last := int64(0)
	if !ended {
		last = ids[len(ids)-1]
	}
	ids = slices.DeleteFunc(ids, func(id int64) bool { _, known := n.seen[id]; return known && id != last })
	for _, id := range n.matching {
		if behind(id, after) && (last == 0 || !behind(id, last)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if down {
		slices.Reverse(ids)
	}
	return slices.Compact(ids)
}

// restricted reports whether some records of the collection may not match.
func (q *Query) restricted() bool {
	return len(q.Where) > 0 || len(Terms(q.Text)) > 0 || q.Custody != Either
}

// walk is the walk that a query begins with: in its order where that has an
// index, by title otherwise.
func (q *Query) walk() Walk {
	w := Walk{Account: q.Account, Collection: q.Collection, Archived: q.Archived}
	if q.Order.walks() {
		w.Down = q.Order.Down
	}
	if q.After.ID != 0 && q.After.Order == w.order() {
		w.After = Place{rankOfCursor(q.After).key, q.After.ID}
	}
	return w
}

func (w *Walk) order() Order { return Order{Down: w.Down} }

// Suggest returns records whose words begin as a text does, for choosing one of
// them while typing.
func (s *Service) Suggest(ctx context.Context, p account.Principal, acct, collection int64, text string, limit int) ([]register.Record, error) {
	found, err := s.Find(ctx, p, Query{Account: acct, Collection: collection, Text: text, Limit: limit})
	return found.Records, err
}

// Each calls fn with every record that a query finds, in its order where that
// has an index and by title otherwise, whatever the query says of pages.
func (s *Service) Each(ctx context.Context, p account.Principal, q Query, fn func(register.Record) error) error {
	q.After, q.Limit = Cursor{}, pageLimit
	for {
		found, err := s.Find(ctx, p, q)
		if err != nil {
			return err
		}
		for _, r := range found.Records {
			if err := fn(r); err != nil {
				return err
			}
		}
		if found.Next.ID == 0 {
			return nil
		}
		q.After = found.Next
	}
}
