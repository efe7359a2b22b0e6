package directory

import (
	"bytes"
	"slices"

	"github.com/musterhq/muster/internal/rawjson"
)

// member is one attribute of a document, in the document's memory.
type member struct{ name, raw []byte }

// usualMembers is more attributes than documents mostly have. Beyond it names
// are looked for in a map, so that a hostile document costs no more than its size.
const usualMembers = 64

// members lists the attributes of d in order of first mention, annotations left
// out, and of a name that comes twice the last value.
func (d Document) members(op string) ([]member, error) {
	all := make([]member, 0, usualMembers)
	s := rawjson.Scan(d)
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		raw := s.Value()
		if isAnnotation(name) {
			continue
		}
		all = append(all, member{name, raw})
	}
	if err := finish(&s, op); err != nil {
		return nil, err
	}
	return lastOfEach(all), nil
}

// lastOfEach merges members of the same name.
func lastOfEach(all []member) []member {
	if len(all) > usualMembers {
		return lastOfMany(all)
	}
	kept := all[:0]
	for _, m := range all {
		if i := indexOf(kept, m.name); i >= 0 {
			kept[i].raw = m.raw
			continue
		}
		kept = append(kept, m)
	}
	return kept
}

func indexOf(all []member, name []byte) int {
	for i := range all {
		if string(all[i].name) == string(name) {
			return i
		}
	}
	return -1
}

func lastOfMany(all []member) []member {
	at := make(map[string]int, len(all))
	kept := all[:0]
	for _, m := range all {
		if i, known := at[string(m.name)]; known {
			kept[i].raw = m.raw
			continue
		}
		at[string(m.name)] = len(kept)
		kept = append(kept, m)
	}
	return kept
}

// Merge returns d with every attribute that change mentions overwritten, null
// included, and the rest as it was: how a round of changes reads (F34). The
// result is compact, without annotations, in d's order with new attributes
// behind; same tells that it says what d says. It fails with errs.Invalid when
// one of the two is not a JSON object.
func (d Document) Merge(change Document) (merged Document, same bool, err error) {
	const op = "merge a change into a document"
	old, err := d.members(op)
	if err != nil {
		return nil, false, err
	}
	fresh, err := change.members(op)
	if err != nil {
		return nil, false, err
	}
	known := len(old)
	all := lastOfEach(append(old[:known:known], fresh...))
	same = len(all) == known
	for i := 0; same && i < len(fresh); i++ {
		before := indexOf(old, fresh[i].name)
		same = before >= 0 && sameValue(old[before].raw, fresh[i].raw)
	}
	return appendObject(make([]byte, 0, len(d)+len(change)), all), same, nil
}

// Clean returns d compact and without annotations, at every depth. It is what
// Merge with an empty change gives.
func (d Document) Clean() (Document, error) {
	all, err := d.members("clean a document")
	if err != nil {
		return nil, err
	}
	return appendObject(make([]byte, 0, len(d)), all), nil
}

// appendObject appends an object of the given attributes, cleaning their values.
func appendObject(dst []byte, all []member) []byte {
	dst = append(dst, '{')
	for i, m := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = rawjson.AppendString(dst, string(m.name))
		dst = appendClean(append(dst, ':'), m.raw)
	}
	return append(dst, '}')
}

// appendClean appends a valid value without white space and annotations.
func appendClean(dst, raw []byte) []byte {
	switch rawjson.KindOf(raw) {
	case rawjson.Object:
		all, _ := Document(raw).members("")
		return appendObject(dst, all)
	case rawjson.Array:
		s := rawjson.Scan(raw)
		s.Array()
		dst = append(dst, '[')
		for n := 0; s.Element(); n++ {
			if n > 0 {
				dst = append(dst, ',')
			}
			dst = appendClean(dst, s.Value())
		}
		return append(dst, ']')
	}
	return append(dst, raw...)
}

// Same reports whether two documents say the same: equal attributes with equal
// values, whatever their order, white space and escapes. Annotations do not
// count, numbers are compared as spelled. It fails with errs.Invalid when one
// of the two is not a JSON object.
func (d Document) Same(other Document) (bool, error) {
	const op = "compare two documents"
	a, err := d.members(op)
	if err != nil {
		return false, err
	}
	b, err := other.members(op)
	if err != nil {
		return false, err
	}
	return sameMembers(a, b), nil
}

// Agrees reports whether two documents contradict each other nowhere: what both
// mention is the same, and what one of them does not mention the other says is
// empty. A round of changes leaves out what was never set; a listing says so.
func (d Document) Agrees(other Document) (bool, error) {
	const op = "compare two documents"
	a, err := d.members(op)
	if err != nil {
		return false, err
	}
	b, err := other.members(op)
	if err != nil {
		return false, err
	}
	return sameMembers(saying(a), saying(b)), nil
}

// saying drops the attributes that are null or an empty list.
func saying(all []member) []member {
	return slices.DeleteFunc(all, func(m member) bool {
		switch rawjson.KindOf(m.raw) {
		case rawjson.Null:
			return true
		case rawjson.Array:
			s := rawjson.Scan(m.raw)
			s.Array()
			return !s.Element()
		}
		return false
	})
}

func sameMembers(a, b []member) bool {
	if len(a) != len(b) {
		return false
	}
	ordered := slices.EqualFunc(a, b, func(x, y member) bool { return string(x.name) == string(y.name) })
	if !ordered {
		byName := func(x, y member) int { return bytes.Compare(x.name, y.name) }
		slices.SortFunc(a, byName)
		slices.SortFunc(b, byName)
	}
	return slices.EqualFunc(a, b, func(x, y member) bool {
		return string(x.name) == string(y.name) && sameValue(x.raw, y.raw)
	})
}

func sameValue(a, b []byte) bool {
	kind := rawjson.KindOf(a)
	if kind != rawjson.KindOf(b) {
		return false
	}
	if string(a) == string(b) {
		return true
	}
	switch kind {
	case rawjson.String:
		return rawjson.Text(a) == rawjson.Text(b)
	case rawjson.Array:
		return sameList(a, b)
	case rawjson.Object:
		x, _ := Document(a).members("") // both were checked as parts of their documents
		y, _ := Document(b).members("")
		return sameMembers(x, y)
	}
	return false
}

func sameList(a, b []byte) bool {
	x, y := rawjson.Scan(a), rawjson.Scan(b)
	x.Array()
	y.Array()
	for {
		more := x.Element()
		if more != y.Element() {
			return false
		}
		if !more {
			return true
		}
		if !sameValue(x.Value(), y.Value()) {
			return false
		}
	}
}
