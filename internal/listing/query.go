package listing

import (
	"cmp"
	"encoding/base64"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// Query asks for records of a collection.
type Query struct {
	Account    int64
	Collection int64
	Text       string // words, each of which begins a word of the record
	Where      []Condition
	Archived   bool // those put away, instead of the others
	Custody    Custody
	Order      Order
	After      Cursor // the end of the page before
	Limit      int
}

// Custody says whether somebody has to hold what is looked for.
type Custody string

// Whether an asset is held.
const (
	Either Custody = ""
	Held   Custody = "held"
	Free   Custody = "free"
)

// Order is by what a listing is sorted. The zero Order is by title.
type Order struct {
	Field int64 // 0: the title, unless Added
	Added bool  // by when the record was made
	Down  bool  // from the last to the first
}

// String returns the order as ParseOrder reads it: "", "-", "added", "-12".
func (o Order) String() string {
	name := ""
	switch {
	case o.Added:
		name = "added"
	case o.Field != 0:
		name = strconv.FormatInt(o.Field, 10)
	}
	if o.Down {
		return "-" + name
	}
	return name
}

// ParseOrder reads what String returned; ok is false for anything else.
func ParseOrder(s string) (o Order, ok bool) {
	s, o.Down = strings.CutPrefix(s, "-")
	switch s {
	case "":
		return o, true
	case "added":
		o.Added = true
		return o, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	o.Field = n
	return o, err == nil && n > 0
}

// walks reports whether the database can read a collection in this order.
func (o Order) walks() bool { return o.Field == 0 && !o.Added }

// Cursor is the place behind a record in a listing. The zero Cursor is the
// beginning.
type Cursor struct {
	Order Order
	Key   string // of the record, in that order
	ID    int64
}

// String returns the cursor as a text for addresses.
func (c Cursor) String() string {
	if c.ID == 0 {
		return ""
	}
	return c.Order.String() + "." + strconv.FormatInt(c.ID, 36) + "." + base64.RawURLEncoding.EncodeToString([]byte(c.Key))
}

// ParseCursor reads what String returned; "" is the beginning.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	parts := strings.Split(s, ".")
	if len(parts) == 3 {
		o, ok := ParseOrder(parts[0])
		id, err := strconv.ParseInt(parts[1], 36, 64)
		key, bad := base64.RawURLEncoding.DecodeString(parts[2])
		if ok && err == nil && bad == nil && id > 0 {
			return Cursor{o, string(key), id}, nil
		}
	}
	return Cursor{}, errs.New(errs.Invalid, "%q is not the place of a page", s).WithHint("Start again from the first page.")
}

// Found is a page of records.
type Found struct {
	Records []register.Record
	Next    Cursor // zero when this was the last page
	// Total is how many there are in all; -1 when there are more than were
	// counted, or when the index alone cannot say.
	Total int
	// Order is the one that the page has. A set too large to be sorted comes by
	// title or as it was added, whatever was asked for.
	Order Order
	// Behind is how many records were written and not indexed yet, when there
	// are too many to look at: some that match may be missing.
	Behind int
	// Preparing is true while the order that was asked for is being made; the
	// page has another meanwhile.
	Preparing bool
}

// rank is a record's place in an order.
type rank struct {
	key    string   // for titles and texts
	number *big.Rat // for numbers
	empty  bool
	id     int64
}

// rankOf returns a record's rank. linked has the titles of records that others
// link to.
func rankOf(r *register.Record, o Order, linked map[int64]string) rank {
	out := rank{id: r.ID}
	switch {
	case o.Added:
	case o.Field == 0:
		out.key = r.TitleKey
	default:
		v := r.Value(o.Field)
		if out.empty = v.IsEmpty(); out.empty {
			break
		}
		if title, is := linked[v.Record()]; is {
			out.key = datatype.KeyOfText(title)
		} else if out.number = number(v); out.number == nil {
			out.key = datatype.Key(v)
		}
	}
	return out
}

// text returns the rank as a cursor keeps it.
func (r rank) text() string {
	switch {
	case r.empty:
		return "e"
	case r.number != nil:
		return "n" + r.number.RatString()
	}
	return "k" + r.key
}

// rankOfCursor is the rank of the record that a cursor stands behind.
func rankOfCursor(c Cursor) rank {
	out := rank{id: c.ID}
	if c.Key == "" {
		return out
	}
	switch rest := c.Key[1:]; c.Key[0] {
	case 'e':
		out.empty = true
	case 'n':
		out.number, _ = new(big.Rat).SetString(rest)
	default:
		out.key = rest
	}
	return out
}

// before orders two ranks; empty values stay at the end in either direction.
func (r rank) before(other rank, down bool) int {
	if r.empty != other.empty {
		if r.empty {
			return 1
		}
		return -1
	}
	order := 0
	if r.number != nil && other.number != nil {
		order = r.number.Cmp(other.number)
	}
	order = cmp.Or(order, strings.Compare(r.key, other.key), cmp.Compare(r.id, other.id))
	if down {
		return -order
	}
	return order
}

// page cuts the page that the query asks for out of all records that match.
func (q *Query) page(records []register.Record, o Order, linked map[int64]string) ([]register.Record, Cursor) {
	type ranked struct {
		rank
		at int
	}
	list := make([]ranked, len(records))
	for i := range records {
		list[i] = ranked{rankOf(&records[i], o, linked), i}
	}
	slices.SortFunc(list, func(a, b ranked) int { return a.before(b.rank, o.Down) })
	start := 0
	if q.After.ID != 0 && q.After.Order == o {
		last := rankOfCursor(q.After)
		start, _ = slices.BinarySearchFunc(list, last, func(a ranked, b rank) int {
			if a.before(b, o.Down) <= 0 {
				return -1
			}
			return 1
		})
	}
	end := min(start+q.Limit, len(list))
	out := make([]register.Record, 0, end-start)
	for _, r := range list[start:end] {
		out = append(out, records[r.at])
	}
	if end == len(list) {
		return out, Cursor{}
	}
	last := list[end-1]
	return out, Cursor{o, last.text(), last.id}
}
