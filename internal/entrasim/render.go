package entrasim

import (
	"math/bits"
	"strconv"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

// appendObject writes one object with the properties of mask, in the order of
// the schema; nulls included. typed adds @odata.type.
func (t *Tenant) appendObject(b []byte, r *estate.Record, mask, blank uint64, typed bool) []byte {
	s := t.Schemas[r.Ref.Kind()]
	b = append(b, '{')
	if typed {
		b = append(b, `"@odata.type":"`...)
		b = append(b, s.OData...)
		b = append(b, `",`...)
	}
	for m := mask &^ s.Links; m != 0; m &= m - 1 {
		bit := bits.TrailingZeros64(m)
		p := &s.Props[bit]
		b = append(b, '"')
		b = append(b, p.Name...)
		b = append(b, '"', ':')
		switch v := &r.Vals[bit]; {
		case p.Items && (v.IsEmpty() || blank>>bit&1 == 1):
			b = append(b, '[', ']')
		case blank>>bit&1 == 1:
			b = append(b, "null"...)
		default:
			b = v.AppendJSON(b)
		}
		b = append(b, ',')
	}
	b[len(b)-1] = '}'
	return b
}

// envelope starts a collection: context, count and the links are written
// first, as the service does.
type envelope struct {
	context, next, delta string
	count                int // -1: none
}

// open writes everything up to the first item of value.
func (e envelope) open(b []byte) []byte {
	b = append(b, `{"@odata.context":`...)
	b = estate.AppendString(b, e.context)
	if e.count >= 0 {
		b = append(b, `,"@odata.count":`...)
		b = strconv.AppendInt(b, int64(e.count), 10)
	}
	if e.next != "" {
		b = append(b, `,"@odata.nextLink":`...)
		b = estate.AppendString(b, e.next)
	}
	if e.delta != "" {
		b = append(b, `,"@odata.deltaLink":`...)
		b = estate.AppendString(b, e.delta)
	}
	return append(b, `,"value":[`...)
}

// wrap puts items, written with a trailing comma each, into the envelope.
func (e envelope) wrap(items []byte) []byte {
	b := e.open(make([]byte, 0, len(items)+1024))
	if len(items) > 0 {
		items = items[:len(items)-1]
	}
	return append(append(b, items...), "]}"...)
}
