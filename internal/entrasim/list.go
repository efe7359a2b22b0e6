package entrasim

import (
	"hash/fnv"
	"math/bits"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

// listing is one collection that can be paged.
type listing struct {
	set   string // name in @odata.context
	kinds []estate.Kind
	typed bool // items carry @odata.type
	// next returns the first object at or after from.
	next func(from estate.Ref) (estate.Ref, bool)
	// fixed has a known page size; some collections are not paged by $top.
	total func() int // quick count without a filter; nil counts by walking
}

// query is a listing with the options of one call, ready to run.
type query struct {
	listing
	opt    *options
	sel    *selection
	where  []*predicate
	expand *expansion
	size   int
	order  int // property bit, -1 none
	desc   bool
	need   uint64 // properties that filters and order read
}

// list serves one page of a collection.
// https://learn.microsoft.com/graph/paging
func (t *Tenant) list(req *request, l listing) (*reply, error) {
	o, err := readOptions(req)
	if err != nil {
		return nil, err
	}
	q, err := t.plan(req, l, o)
	if err != nil {
		return nil, err
	}
	from, err := t.resume(q, req)
	if err != nil {
		return nil, err
	}
	env := envelope{context: contextURL(req, l.set, q.sel, false), count: -1}
	if o.advanced() && o.skiptoken == "" {
		env.count = t.countAll(q)
	}
	if req.plan.empty {
		return jsonReply(200, env.wrap(nil)), nil
	}
	items, next := t.page(q, from)
	switch {
	case req.plan.repeat:
		next = from
	case req.plan.endless && next == nil:
		next = &cursor{}
	}
	if next != nil {
		next.Adv, next.Query, next.Kind = o.eventual, fingerprint(o, req), l.kinds[0]
		env.next = t.nextLink(req, next)
	}
	return jsonReply(200, env.wrap(items)), nil
}

// plan checks the options against what the collection supports.
func (t *Tenant) plan(req *request, l listing, o *options) (*query, error) {
	q := &query{listing: l, opt: o, order: -1}
	var err error
	if q.size, err = o.page(); err != nil {
		return nil, err
	}
	if o.hasSkip {
		return nil, badRequest("'$skip' is not supported by the service.")
	}
	if o.hasDelta {
		return nil, badRequest("'$deltatoken' is only valid on delta calls.")
	}
	if q.sel, err = t.selectFor(o, l.kinds, false); err != nil {
		return nil, err
	}
	if err := t.restrict(q.sel, req); err != nil {
		return nil, err
	}
	if req.plan.hollow && l.typed {
		for k := range q.sel.masks {
			q.sel.blank[k] = q.sel.masks[k] &^ 1
		}
	}
	if q.expand, err = t.readExpand(o.expand, l.kinds); err != nil {
		return nil, err
	}
	return q, t.planFilter(q)
}

func (t *Tenant) planFilter(q *query) error {
	o, s := q.opt, t.Schemas[q.kinds[0]]
	if len(q.kinds) > 1 && (o.filter != "" || o.search != "" || o.orderby != "") {
		return unsupported("Filters and sort order need a cast such as /microsoft.graph.user.")
	}
	if o.filter != "" {
		p, err := t.compileFilter(o, s)
		if err != nil {
			return err
		}
		q.where = append(q.where, p)
	}
	if o.search != "" {
		p, err := compileSearch(o, s)
		if err != nil {
			return err
		}
		q.where = append(q.where, p)
	}
	for _, p := range q.where {
		q.need |= p.need
	}
	return q.planOrder(s)
}

// planOrder: users sort by displayName and userPrincipalName only, and not
// together with a filter unless the query is advanced.
func (q *query) planOrder(s *estate.Schema) error {
	o := q.opt
	if o.orderby == "" {
		return nil
	}
	name, dir, _ := strings.Cut(strings.TrimSpace(o.orderby), " ")
	bit, ok := s.Bit(name)
	if !ok {
		return badRequest("Could not find a property named '%s' on type '%s'.", name, strings.TrimPrefix(s.OData, "#"))
	}
	switch s.Props[bit].Name {
	case "displayName", "userPrincipalName":
	case "createdDateTime", "deletedDateTime":
		if !o.advanced() {
			return unsupported("Sorting not supported for current query.")
		}
	default:
		return unsupported("Unsupported sort property '%s' for '%s'.", name, s.Set)
	}
	if o.filter != "" && !o.advanced() {
		return unsupported("Sorting not supported for current query.")
	}
	q.order, q.desc, q.need = bit, strings.EqualFold(strings.TrimSpace(dir), "desc"), q.need|1<<bit
	return nil
}

// fingerprint ties a page token to the query that it belongs to.
func fingerprint(o *options, req *request) uint32 {
	h := fnv.New32a()
	for _, s := range []string{strings.Join(req.path, "/"), o.sel, o.filter, o.orderby, o.search, o.expand, strconv.Itoa(o.top)} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return h.Sum32()
}

// resume reads the page token. A link that is replayed without the
// ConsistencyLevel of its first page counts as expired, as in the service.
func (t *Tenant) resume(q *query, req *request) (*cursor, error) {
	if q.opt.skiptoken == "" {
		return &cursor{}, nil
	}
	c, err := t.unseal(q.opt.skiptoken)
	if err != nil || c.Delta || c.Query != fingerprint(q.opt, req) {
		return nil, badRequest("Skip token is not valid for this query.")
	}
	if t.expired(c) || c.Adv && !q.opt.eventual || req.plan.expirePage {
		return nil, expiredPage()
	}
	return c, nil
}

// nextLink repeats the caller's options and adds the token.
func (t *Tenant) nextLink(req *request, c *cursor) string {
	v := url.Values{}
	for k, s := range req.query {
		if !strings.EqualFold(k, "$skiptoken") {
			v[k] = s
		}
	}
	v.Set("$skiptoken", t.seal(c))
	segments := make([]string, len(req.path))
	for i, s := range req.path {
		segments[i] = url.PathEscape(s)
	}
	return req.base + "/v1.0/" + strings.Join(segments, "/") + "?" + strings.ReplaceAll(v.Encode(), "%24", "$")
}

// page renders up to size objects from the cursor on.
func (t *Tenant) page(q *query, from *cursor) ([]byte, *cursor) {
	if q.order >= 0 {
		return t.sortedPage(q, from)
	}
	b := make([]byte, 0, q.size*(64+28*bits.OnesCount64(q.sel.masks[q.kinds[0]])))
	var rec estate.Record
	n := 0
	for at := range q.walk(t, estate.Ref(from.From), &rec) {
		if n == q.size {
			return b, &cursor{From: uint64(at)}
		}
		n++
		b = append(t.appendItem(b, q, at, &rec), ',')
	}
	return b, nil
}

// appendItem writes one object with its expansions.
func (t *Tenant) appendItem(b []byte, q *query, at estate.Ref, rec *estate.Record) []byte {
	k := at.Kind()
	t.Fill(at, q.sel.masks[k], rec)
	b = t.appendObject(b, rec, q.sel.masks[k], q.sel.blank[k], q.typed)
	return q.expand.append(t, b, at)
}

// walk yields the matching objects in order. rec is scratch space that holds
// the properties of q.need of the object just yielded.
func (q *query) walk(t *Tenant, from estate.Ref, rec *estate.Record) func(func(estate.Ref) bool) {
	next := q.next
	for _, p := range q.where {
		if p.only != nil {
			next = among(p.only, q.next)
		}
	}
	return func(yield func(estate.Ref) bool) {
		for at, ok := next(from); ok; at, ok = next(at + 1) {
			if len(q.where) > 0 || q.order >= 0 {
				t.Fill(at, q.need, rec)
			}
			if q.matches(rec) && !yield(at) {
				return
			}
		}
	}
}

func (q *query) matches(rec *estate.Record) bool {
	for _, p := range q.where {
		if !p.test(rec) {
			return false
		}
	}
	return true
}

// among narrows an enumeration to a few candidates.
func among(only []estate.Ref, next func(estate.Ref) (estate.Ref, bool)) func(estate.Ref) (estate.Ref, bool) {
	return func(from estate.Ref) (estate.Ref, bool) {
		at, _ := slices.BinarySearch(only, from)
		for ; at < len(only); at++ {
			if r, ok := next(only[at]); ok && r == only[at] {
				return r, true
			}
		}
		return 0, false
	}
}

type sortKey struct {
	key string
	at  estate.Ref
}

// sortedPage keeps the smallest keys after the cursor: a pass over everything
// for each page, in memory that does not grow with the directory.
func (t *Tenant) sortedPage(q *query, from *cursor) ([]byte, *cursor) {
	less := func(a, b sortKey) int {
		c := strings.Compare(a.key, b.key)
		if c == 0 {
			c = int(int64(a.at) - int64(b.at))
		}
		if q.desc {
			return -c
		}
		return c
	}
	after := sortKey{from.Key, estate.Ref(from.From)}
	var kept []sortKey
	var rec estate.Record
	for at := range q.walk(t, 0, &rec) {
		k := sortKey{strings.ToLower(rec.Vals[q.order].Raw), at}
		if from.From != 0 && less(k, after) <= 0 {
			continue
		}
		if kept = append(kept, k); len(kept) > 4*q.size {
			slices.SortFunc(kept, less)
			kept = kept[:q.size+1]
		}
	}
	slices.SortFunc(kept, less)
	var b []byte
	for i, k := range kept {
		if i == q.size {
			last := kept[i-1]
			return b, &cursor{Key: last.key, From: uint64(last.at)}
		}
		b = append(t.appendItem(b, q, k.at, &rec), ',')
	}
	return b, nil
}

func (t *Tenant) countAll(q *query) int {
	if len(q.where) == 0 && q.total != nil {
		return q.total()
	}
	n := 0
	var rec estate.Record
	for range q.walk(t, 0, &rec) {
		n++
	}
	return n
}

// countReply serves /$count: text/plain, and only with ConsistencyLevel.
// https://learn.microsoft.com/graph/aad-advanced-queries
func (t *Tenant) countReply(req *request, l listing) (*reply, error) {
	o, err := readOptions(req)
	if err != nil {
		return nil, err
	}
	if !o.eventual {
		return nil, badRequest("$count is not currently supported.")
	}
	o.count = true
	q := &query{listing: l, opt: o, order: -1}
	if err := t.planFilter(q); err != nil {
		return nil, err
	}
	r := jsonReply(200, strconv.AppendInt(nil, int64(t.countAll(q)), 10))
	r.header.Set("Content-Type", "text/plain")
	return r, nil
}
