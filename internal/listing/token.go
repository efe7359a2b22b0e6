package listing

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
)

// Tokens in the index. Each begins with the collection, so that a search in one
// never meets another's records, and with whether the record was put away:
//
//	c7_zoe      a word
//	c7___       every record of collection 7
//	c7___h      an asset that somebody holds
//	c7__5       a record whose field 5 holds something
//	c7__5_k3x   a record whose field 5 holds the value with this hash
//	a7_zoe      a word of a record that was put away
//
// They are made of ASCII letters, digits, the underscore and, in words, letters
// of other scripts; never of anything that a full-text query reads as its own.
const (
	present   = "c"
	putAway   = "a"
	allToken  = "__"
	heldToken = "__h"
)

// wordsLimit is how many words of one record are indexed.
const wordsLimit = 200

func prefixOf(collection int64, away bool) string {
	kind := present
	if away {
		kind = putAway
	}
	return kind + strconv.FormatInt(collection, 36) + "_"
}

func fieldToken(field int64) string { return "_" + strconv.FormatInt(field, 36) }

// valueToken stands for one value. Two values with one hash (one in 2^64) are
// told apart when the record is checked.
func valueToken(field int64, key string) string {
	h := fnv.New64a()
	h.Write([]byte(key))
	return fieldToken(field) + "_" + strconv.FormatUint(h.Sum64(), 36)
}

// Tokens returns all tokens of a record; held says whether somebody holds it.
func Tokens(r *register.Record, held bool) []string {
	prefix := prefixOf(r.Collection, r.Archived())
	out := []string{prefix + allToken}
	if held {
		out = append(out, prefix+heldToken)
	}
	words := 0
	for _, f := range r.Fields {
		out = append(out, prefix+fieldToken(f.Field))
		for _, key := range keysOf(f.Value) {
			out = append(out, prefix+valueToken(f.Field, key))
		}
		for _, w := range wordsOf(f.Value) {
			if words++; words <= wordsLimit {
				out = append(out, prefix+w)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// keysOf are the keys by which a value is filtered.
func keysOf(v datatype.Value) []string {
	if v.IsEmpty() {
		return nil
	}
	if v.JSON()[0] != '[' {
		return []string{datatype.Key(v)}
	}
	var out []string
	for _, item := range v.Items() {
		out = append(out, datatype.KeyOfText(item))
	}
	return out
}

// wordsOf are the words by which a value is found. Numbers, links and answers of
// yes and no are filtered by, not searched for.
func wordsOf(v datatype.Value) []string {
	if v.IsEmpty() {
		return nil
	}
	switch v.JSON()[0] {
	case '"', '[':
		return Words(strings.ReplaceAll(v.String(), ", ", " "))
	}
	return nil
}

// Expression is what the index is asked for: records with all of All, a token
// beginning with each of Begin, and none of None.
type Expression struct {
	All, Begin, None []string
}

// expression is the part of a query that the index can answer: a record that is
// found satisfies it, the other way round not quite. narrow is false when it
// asks for every record of the collection.
func (q *Query) expression() (x Expression, narrow bool) {
	prefix := prefixOf(q.Collection, q.Archived)
	for _, t := range Terms(q.Text) {
		x.Begin = append(x.Begin, prefix+t)
	}
	for _, c := range q.Where {
		switch c.Op {
		case Is:
			x.All = append(x.All, prefix+valueToken(c.Field, datatype.Key(c.Value)))
		case IsNot:
			x.None = append(x.None, prefix+valueToken(c.Field, datatype.Key(c.Value)))
		case Has:
			for _, t := range Terms(c.Value.String()) {
				x.Begin = append(x.Begin, prefix+t)
			}
		case Empty:
			x.None = append(x.None, prefix+fieldToken(c.Field))
		case NotEmpty, AtLeast, AtMost:
			x.All = append(x.All, prefix+fieldToken(c.Field))
		}
	}
	switch q.Custody {
	case Held:
		x.All = append(x.All, prefix+heldToken)
	case Free:
		x.None = append(x.None, prefix+heldToken)
	}
	narrow = len(x.All)+len(x.Begin)+len(x.None) > 0
	if len(x.All)+len(x.Begin) == 0 {
		x.All = append(x.All, prefix+allToken)
	}
	return x, narrow
}

// matches reports whether a record is what the query asks for, custody aside.
func (q *Query) matches(r *register.Record) bool {
	if r.Collection != q.Collection || r.Account != q.Account || r.Archived() != q.Archived {
		return false
	}
	for i := range q.Where {
		if !q.Where[i].holds(r.Value(q.Where[i].Field)) {
			return false
		}
	}
	terms := Terms(q.Text)
	if len(terms) == 0 {
		return true
	}
	var words []string
	for _, f := range r.Fields {
		words = append(words, wordsOf(f.Value)...)
	}
	return beginAll(words, terms)
}
