package listing

import (
	"cmp"
	"context"
	"encoding/binary"
	"log/slog"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/register"
)

// An order says which record of a large collection comes where by one field. The
// database has no index for that, since collections have the fields that people
// give them, and an index of each would be paid for by each synced person. So an
// order is read together when somebody asks for it, in the background, and kept
// in memory while it is used: 24 bytes a record and the values, each once where
// few are told apart.
//
// It is brought up to date by what this process indexes and by what waits to be
// indexed. Another process may index, too, so an order is made anew after
// orderAge. Since each record shown is checked, an old order can put a record in
// the wrong place or leave it out, never show what is not there.

// Bounds of the orders that are kept.
const (
	ordersMost  = 2_500_000        // entries in all orders together
	orderAge    = 5 * time.Minute  // after which one is made anew, when it is used
	orderIdle   = 15 * time.Minute // after which one that nobody uses is dropped
	orderPause  = 200 * time.Millisecond
	orderAtOnce = 2_000 // records read at once
	keysShared  = 5_000 // values that are kept once
)

// orderOf names an order.
type orderOf struct{ account, collection, field int64 }

// entry is a record in an order. key orders as the field's values do; it is empty
// for a record without one, which comes last in either direction.
type entry struct {
	key string
	id  int64
}

// order is a finished order; it is not changed any more, but replaced.
type order struct {
	entries []entry // those with a key, ascending, then the others by number
	keyed   int     // how many have one
	made    time.Time
}

// keptOrder is an order that is being made or was.
type keptOrder struct {
	now   *order // nil until the first is made
	used  time.Time
	ready chan struct{}   // closed when now is there, or could not be made
	work  bool            // it is being made, anew perhaps
	dirty map[int64]entry // what was indexed since; a record that went has the number 0
}

// orders are those of one process.
type orders struct {
	mu   sync.Mutex
	kept map[orderOf]*keptOrder
	ctx  context.Context // ends with the service
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// Close ends work in the background.
func (s *Service) Close() {
	s.orders.stop()
	s.orders.wg.Wait()
}

// ordered is a page of many records by any field. It is not ok when the order is
// still being made, or when too few of the first records by it match.
func (s *Service) ordered(ctx context.Context, q Query, pending []register.Record) (out Found, ok bool, err error) {
	begun := q.After.ID != 0
	o, err := s.order(ctx, orderOf{q.Account, q.Collection, q.Order.Field}, begun, pending)
	if o == nil || err != nil {
		return Found{Preparing: o == nil}, false, err
	}
	out = Found{Order: q.Order, Total: -1}
	at := 0
	if begun {
		at = o.behind(entry{rankOfCursor(q.After).sortable(), q.After.ID}, q.Order.Down)
	}
	for read := 0; ; {
		ids := o.ids(at, recordsRead, q.Order.Down)
		full, err := s.take(ctx, &q, ids, &out)
		if full {
			last := out.Records[len(out.Records)-1].ID
			out.Next = o.cursor(at+slices.Index(ids, last), q.Order)
		}
		if full || err != nil || len(ids) < recordsRead {
			return out, true, err
		}
		at += len(ids)
		if read += len(ids); read >= readMost {
			out.Next = o.cursor(at-1, q.Order)
			return out, begun, nil
		}
	}
}

// order returns an order, up to date with what this process knows. It is nil when
// it takes longer than a moment to make and the visitor does not have to wait.
func (s *Service) order(ctx context.Context, of orderOf, wait bool, pending []register.Record) (*order, error) {
	k := s.orders.ask(of, s.make)
	pause := time.NewTimer(orderPause)
	defer pause.Stop()
	late := pause.C
	if wait {
		late = nil
	}
	select {
	case <-k.ready:
	case <-late:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	news, err := s.entriesOf(ctx, of, pending)
	if err != nil {
		return nil, err
	}
	return s.orders.current(k, news), nil
}

// ask returns what is kept of an order, and has it made when it is missing or old.
func (o *orders) ask(of orderOf, do func(orderOf, *keptOrder)) *keptOrder {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	for name, k := range o.kept {
		if !k.work && now.Sub(k.used) > orderIdle {
			delete(o.kept, name)
		}
	}
	k := o.kept[of]
	if k == nil || (k.now == nil && !k.work) {
		k = &keptOrder{ready: make(chan struct{})}
		o.kept[of] = k
	}
	k.used = now
	if !k.work && (k.now == nil || now.Sub(k.now.made) > orderAge) && o.ctx.Err() == nil {
		k.work, k.dirty = true, map[int64]entry{}
		o.wg.Go(func() { do(of, k) })
	}
	return k
}

// current returns an order with what was indexed since, and with news.
func (o *orders) current(k *keptOrder, news map[int64]entry) *order {
	o.mu.Lock()
	defer o.mu.Unlock()
	if k.now == nil {
		return nil
	}
	if len(k.dirty) > 0 {
		k.now = k.now.with(k.dirty)
		if !k.work {
			k.dirty = map[int64]entry{}
		}
	}
	return k.now.with(news)
}

// make reads the collection and keeps its order. A failure is logged: whoever
// asks next has it tried again.
func (s *Service) make(of orderOf, k *keptOrder) {
	made, err := s.read(s.orders.ctx, of)
	o := &s.orders
	o.mu.Lock()
	defer o.mu.Unlock()
	k.work = false
	if err != nil {
		if o.ctx.Err() == nil {
			slog.Warn("records could not be put in order", "collection", of.collection, "field", of.field, "error", err)
		}
	} else {
		k.now = made.with(k.dirty)
		k.dirty = map[int64]entry{}
	}
	select {
	case <-k.ready:
	default:
		close(k.ready)
	}
	o.trim(of)
}

// trim drops the orders that were not used for the longest time until the rest is
// small enough; the one named stays.
func (o *orders) trim(stays orderOf) {
	for {
		sum, oldest := 0, orderOf{}
		for of, k := range o.kept {
			if k.now == nil {
				continue
			}
			sum += len(k.now.entries)
			if of != stays && !k.work && (oldest == orderOf{} || k.used.Before(o.kept[oldest].used)) {
				oldest = of
			}
		}
		if sum <= ordersMost || (oldest == orderOf{}) {
			return
		}
		delete(o.kept, oldest)
	}
}

// read puts a collection in order.
func (s *Service) read(ctx context.Context, of orderOf) (*order, error) {
	out := &order{made: time.Now()}
	shared := map[string]string{}
	for after := int64(0); ; {
		list, err := s.store.RecordsBetween(ctx, after+1, math.MaxInt64, orderAtOnce)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		after = list[len(list)-1].ID
		entries, err := s.entriesOf(ctx, of, list)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.id == 0 {
				continue
			}
			if same, ok := shared[e.key]; ok {
				e.key = same
			} else if len(shared) < keysShared {
				shared[e.key] = e.key
			}
			out.entries = append(out.entries, e)
		}
	}
	slices.SortFunc(out.entries, entry.compare)
	out.count()
	return out, nil
}

// entriesOf are the entries of records that belong in an order; those that do not
// any more have the number 0.
func (s *Service) entriesOf(ctx context.Context, of orderOf, list []register.Record) (map[int64]entry, error) {
	by := Order{Field: of.field}
	linked, err := s.linkedTitles(ctx, list, by)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]entry, len(list))
	for i := range list {
		r := &list[i]
		if r.Collection != of.collection || r.Account != of.account {
			continue
		}
		if r.Archived() {
			out[r.ID] = entry{}
			continue
		}
		out[r.ID] = entry{rankOf(r, by, linked).sortable(), r.ID}
	}
	return out, nil
}

// reordered notes records that were indexed in the orders that are kept.
func (s *Service) reordered(ctx context.Context, records []register.Record) error {
	o := &s.orders
	o.mu.Lock()
	var kept []orderOf
	for of := range o.kept {
		kept = append(kept, of)
	}
	o.mu.Unlock()
	for _, of := range kept {
		news, err := s.entriesOf(ctx, of, records)
		if err != nil {
			return err
		}
		o.note(of, news)
	}
	return nil
}

func (o *orders) note(of orderOf, news map[int64]entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := o.kept[of]
	if k == nil || k.dirty == nil {
		return
	}
	for id, e := range news {
		k.dirty[id] = e
	}
	if len(k.dirty) > ordersMost/10 && !k.work { // making it anew costs less
		delete(o.kept, of)
	}
}

// sortable is a rank's key as text that orders like it: numbers before texts.
func (r rank) sortable() string {
	switch {
	case r.empty:
		return ""
	case r.number == nil:
		return "k" + r.key
	}
	f, _ := r.number.Float64()
	bits := math.Float64bits(f)
	if f < 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return string(binary.BigEndian.AppendUint64([]byte("N"), bits)) + r.number.RatString()
}

// textOfSortable is a rank as a cursor keeps it.
func textOfSortable(key string) string {
	switch {
	case key == "":
		return "e"
	case key[0] == 'N':
		return "n" + key[9:]
	}
	return key
}

func (e entry) compare(other entry) int {
	if (e.key == "") != (other.key == "") {
		if e.key == "" {
			return 1
		}
		return -1
	}
	return cmp.Or(strings.Compare(e.key, other.key), cmp.Compare(e.id, other.id))
}

func (o *order) count() {
	o.keyed = sort.Search(len(o.entries), func(i int) bool { return o.entries[i].key == "" })
}

// at is the entry at a place, in either direction.
func (o *order) at(i int, down bool) entry {
	switch {
	case !down:
		return o.entries[i]
	case i < o.keyed:
		return o.entries[o.keyed-1-i]
	}
	return o.entries[len(o.entries)-1-(i-o.keyed)]
}

// cursor is the place of the entry there.
func (o *order) cursor(i int, by Order) Cursor {
	e := o.at(i, by.Down)
	return Cursor{by, textOfSortable(e.key), e.id}
}

// behind is the first place behind an entry, which need not be in the order.
func (o *order) behind(e entry, down bool) int {
	return sort.Search(len(o.entries), func(i int) bool {
		is := o.at(i, down)
		if down && (is.key == "") == (e.key == "") {
			return is.compare(e) < 0
		}
		return is.compare(e) > 0
	})
}

// ids are the numbers of the records from a place on.
func (o *order) ids(from, limit int, down bool) []int64 {
	var out []int64
	for i := from; i < min(from+limit, len(o.entries)); i++ {
		out = append(out, o.at(i, down).id)
	}
	return out
}

// with returns the order with some records in their new places.
func (o *order) with(news map[int64]entry) *order {
	var added []entry
	changed := map[int64]bool{}
	for id, e := range news {
		if _, there := slices.BinarySearchFunc(o.entries, e, entry.compare); there && e.id != 0 {
			continue
		}
		changed[id] = true
		if e.id != 0 {
			added = append(added, e)
		}
	}
	if len(changed) == 0 {
		return o
	}
	slices.SortFunc(added, entry.compare)
	out := &order{entries: make([]entry, 0, len(o.entries)+len(added)), made: o.made}
	for _, e := range o.entries {
		if changed[e.id] {
			continue
		}
		for len(added) > 0 && added[0].compare(e) < 0 {
			out.entries = append(out.entries, added[0])
			added = added[1:]
		}
		out.entries = append(out.entries, e)
	}
	out.entries = append(out.entries, added...)
	out.count()
	return out
}
