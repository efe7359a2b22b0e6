package directory

import (
	"bytes"
	"crypto/sha256"
	"strings"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/rawjson"
)

// Document is the attributes of one object as a JSON object in UTF-8, in the
// directory's own spelling and order. Names with "@" are annotations, not
// attributes. The order of attributes never carries meaning. Of a name that
// comes twice the last one counts.
type Document []byte

// Fields is a set of attribute paths to pick out of documents in one pass. A
// path is an attribute name, or a name and a member joined by a dot:
// "employeeOrgData.division", "manager.id". Make it once with NewFields and
// use it for every document; it is safe for concurrent use.
type Fields struct {
	paths []string
	index map[string][]slot
}

// slot is where one path under a top-level name lands.
type slot struct {
	at   int
	tail string // the member below the name; "" for the whole value
}

// NewFields returns the set of the given paths, in that order.
func NewFields(paths ...string) *Fields {
	f := &Fields{paths: paths, index: make(map[string][]slot, len(paths))}
	for at, path := range paths {
		name, tail, _ := strings.Cut(path, ".")
		f.index[name] = append(f.index[name], slot{at: at, tail: tail})
	}
	return f
}

// Len returns how many paths the set has.
func (f *Fields) Len() int { return len(f.paths) }

// Paths returns the paths in order; do not change them.
func (f *Fields) Paths() []string { return f.paths }

// Pick returns the value of every path of f, in f's order, using dst's memory
// when it is large enough. The values do not share memory with d.
//
//	JSON                          value
//	not mentioned                 absent
//	null                          null
//	"text", true, 12              text, yes or no, number
//	["a","b"], []                 list
//	[1], ["a",null], {}           nested, as compact JSON
//	a.b where a is null           null
//	a.b where a is an object      its member b by this table
//	a.b where a lists objects     the list of their texts b; nulls left out
//	a.b where a is anything else  absent
//
// It fails with errs.Invalid when d is not a JSON object.
func (d Document) Pick(f *Fields, dst []Value) ([]Value, error) {
	dst = append(dst[:0], make([]Value, len(f.paths))...)
	var space [48][]byte
	raws := append(space[:0], make([][]byte, len(f.paths))...)
	s := rawjson.Scan(d)
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		slots := f.index[string(name)]
		raw := s.Value()
		for _, to := range slots {
			raws[to.at] = raw
			if to.tail != "" {
				raws[to.at] = below(raw, to.tail)
			}
		}
	}
	if err := finish(&s, "read the attributes of a document"); err != nil {
		return nil, err
	}
	fill(dst, raws)
	return dst, nil
}

// Get returns the value of one path, absent also when d is not a JSON object.
// For more than one path use Pick.
func (d Document) Get(path string) Value {
	name, tail, _ := strings.Cut(path, ".")
	var raws [1][]byte
	s := rawjson.Scan(d)
	s.Object()
	for member, ok := s.Member(); ok; member, ok = s.Member() {
		if raw := s.Value(); string(member) == name {
			raws[0] = raw
		}
	}
	if finish(&s, "") != nil {
		return Value{}
	}
	if tail != "" {
		raws[0] = below(raws[0], tail)
	}
	var out [1]Value
	fill(out[:], raws[:])
	return out[0]
}

// below returns the member of raw that tail names, nil when there is none.
func below(raw []byte, tail string) []byte {
	switch rawjson.KindOf(raw) {
	case rawjson.Null:
		return raw
	case rawjson.Array:
		return belowEach(raw, tail)
	case rawjson.Object:
		var found []byte
		s := rawjson.Scan(raw)
		s.Object()
		for name, ok := s.Member(); ok; name, ok = s.Member() {
			if value := s.Value(); string(name) == tail {
				found = value
			}
		}
		return found
	}
	return nil
}

// belowEach returns the JSON list of the members of raw's objects that tail
// names: the identifiers of registeredOwners for example.
func belowEach(raw []byte, tail string) []byte {
	list := []byte{'['}
	s := rawjson.Scan(raw)
	s.Array()
	for s.Element() {
		item := s.Value()
		if rawjson.KindOf(item) != rawjson.Object {
			return nil
		}
		value := below(item, tail)
		if k := rawjson.KindOf(value); k == rawjson.Invalid || k == rawjson.Null {
			continue
		}
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = append(list, value...)
	}
	return append(list, ']')
}

// fill turns raw values into values. All texts are copied into one string, so
// that a document costs one allocation and holds no byte that was not asked for.
func fill(dst []Value, raws [][]byte) {
	size := 0
	for _, raw := range raws {
		if k := rawjson.KindOf(raw); k == rawjson.String || k == rawjson.Number {
			size += len(raw)
		}
	}
	var texts strings.Builder
	texts.Grow(size)
	for i, raw := range raws {
		switch rawjson.KindOf(raw) {
		case rawjson.Invalid:
		case rawjson.Null:
			dst[i] = NullValue()
		case rawjson.Bool:
			dst[i] = BoolValue(raw[0] == 't')
		case rawjson.Number:
			dst[i] = NumberValue(add(&texts, raw))
		case rawjson.String:
			text, plain := rawjson.PlainText(raw)
			if !plain {
				text = rawjson.AppendText(nil, raw)
			}
			dst[i] = TextValue(add(&texts, text))
		case rawjson.Array:
			dst[i] = listValue(raw)
		default:
			dst[i] = NestedValue(string(rawjson.AppendCompact(nil, raw)))
		}
	}
}

// add appends text to b and returns it as a part of b's string.
func add(b *strings.Builder, text []byte) string {
	start := b.Len()
	b.Write(text)
	return b.String()[start:]
}

func listValue(raw []byte) Value {
	items := []string{}
	s := rawjson.Scan(raw)
	s.Array()
	for s.Element() {
		item := s.Value()
		if rawjson.KindOf(item) != rawjson.String {
			return NestedValue(string(rawjson.AppendCompact(nil, raw)))
		}
		items = append(items, rawjson.Text(item))
	}
	return ListValue(items)
}

// Hash returns the first half of the SHA-256 sum of the document as it is
// spelled. Equal hashes mean equal documents; different ones mean little, ask
// Same.
func (d Document) Hash() (sum [16]byte) {
	whole := sha256.Sum256(d)
	copy(sum[:], whole[:])
	return sum
}

// finish closes the scan of a document and classifies its fault.
func finish(s *rawjson.Scanner, op string) error {
	s.End()
	if s.Err() == nil {
		return nil
	}
	return errs.New(errs.Invalid, "the directory sent an object that is not JSON").During(op).Because(s.Err())
}

// isAnnotation reports whether a member's name stands for a remark of the
// protocol instead of an attribute.
func isAnnotation(name []byte) bool { return bytes.IndexByte(name, '@') >= 0 }
