package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/musterhq/muster/internal/secret"
)

// reader fills the structs of a set-up file from its tree. It reports what does
// not fit and reads on, so that all problems are found at once.
type reader struct {
	name, dir string
	getenv    func(string) string
	problems  Problems
}

// formed is a value with a form of its own in the file.
type formed interface {
	read(r *reader, n ast.Node, what string) mark
}

func (r *reader) report(p Problem) { r.problems = append(r.problems, p) }

// at returns where a node begins.
func (r *reader) at(n ast.Node) Pos {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0]
	}
	if mv, ok := n.(*ast.MappingValueNode); ok {
		n = mv.Key
	}
	pos := Pos{File: r.name}
	if t := n.GetToken(); t != nil && t.Position != nil {
		pos.Line, pos.Column = t.Position.Line, t.Position.Column
	}
	return pos
}

// value fills v from n; what is its key, for messages.
func (r *reader) value(n ast.Node, v reflect.Value, what string) mark {
	if own, ok := v.Addr().Interface().(formed); ok {
		return own.read(r, n, what)
	}
	if v.Type() == reflect.TypeFor[secret.Text]() {
		text, m := r.scalar(n, what)
		v.Set(reflect.ValueOf(secret.New(text)))
		return m
	}
	switch v.Kind() {
	case reflect.String:
		text, m := r.scalar(n, what)
		v.SetString(text)
		return m
	case reflect.Bool:
		return r.truth(n, v, what)
	case reflect.Int:
		return r.number(n, v, what)
	case reflect.Slice:
		return r.list(n, v, what)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return r.value(n, v.Elem(), what)
	}
	return r.part(n, v, what)
}

// isNull reports whether nothing is given: "fields:" with all its entries
// commented out.
func isNull(n ast.Node) bool {
	_, null := n.(*ast.NullNode)
	return n == nil || null
}

// describe says what a node is, for messages.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.NullNode, nil:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		return "an anchor, alias or tag, which set-up files do not have"
	}
	return "a text"
}

// wrong reports that a value is not of its type.
func (r *reader) wrong(n ast.Node, what, want string) mark {
	m := mark{Pos: r.at(n), broken: true}
	r.report(m.Pos.Problemf("%s takes %s, not %s", what, want, describe(n)))
	return m
}

// scalar returns the text of a single value with its references filled in.
// Numbers and truths are taken as they are written: the name 007 keeps its
// zeros, and a condition may say value: true.
func (r *reader) scalar(n ast.Node, what string) (string, mark) {
	m := mark{Pos: r.at(n)}
	text := ""
	switch n := n.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.LiteralNode:
		text = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return strings.TrimSpace(n.GetToken().Value), m
	default:
		return "", r.wrong(n, what, "a text")
	}
	filled, from, ok := r.expand(text, m.Pos)
	m.reference, m.broken = from, !ok
	if !ok {
		return "", m
	}
	return filled, m
}

func (r *reader) truth(n ast.Node, v reflect.Value, what string) mark {
	if b, ok := n.(*ast.BoolNode); ok {
		v.SetBool(b.Value)
		return mark{Pos: r.at(n)}
	}
	if s, ok := n.(*ast.StringNode); ok {
		text, m := r.scalar(s, what)
		switch strings.ToLower(text) {
		case "true", "yes":
			v.SetBool(true)
			return m
		case "false", "no":
			return m
		}
		if m.broken {
			return m
		}
	}
	return r.wrong(n, what, "true or false")
}

func (r *reader) number(n ast.Node, v reflect.Value, what string) mark {
	switch n.(type) {
	case *ast.IntegerNode, *ast.StringNode:
		text, m := r.scalar(n, what)
		if m.broken {
			return m
		}
		if i, err := strconv.Atoi(text); err == nil {
			v.SetInt(int64(i))
			return m
		}
	}
	return r.wrong(n, what, "a whole number")
}

func (r *reader) list(n ast.Node, v reflect.Value, what string) mark {
	m := mark{Pos: r.at(n)}
	if isNull(n) {
		return m
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		return r.wrong(n, what, "a list")
	}
	out := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	read := 0
	for i, item := range seq.Values {
		got := r.value(item, out.Index(read), fmt.Sprintf("entry %d of %s", i+1, what))
		if got.broken { // which has been said; nothing else can be said of it
			out.Index(read).SetZero()
			continue
		}
		m.items = append(m.items, got)
		read++
	}
	v.Set(out.Slice(0, read))
	return m
}

// part fills a struct from a mapping. A part may be left empty; what it has to
// hold is checked later.
func (r *reader) part(n ast.Node, v reflect.Value, what string) mark {
	place := Place{Pos: r.at(n), marks: map[string]mark{}}
	m := mark{Pos: place.Pos}
	pairs, ok := r.pairs(n)
	if !ok {
		m = r.wrong(n, what, "keys with values")
	}
	known, meant := keysOf(v.Type()), []string(nil)
	for _, p := range pairs {
		if place.Has(p.key) {
			r.report(p.at.Problemf("%q is given twice", p.key).WithHint("it also stands in line %d", place.marks[p.key].Pos.Line))
			continue
		}
		i, ok := known.index[p.key]
		if !ok {
			r.report(p.at.Problemf("there is no key %q in %s", p.key, what).Suggest(p.key, known.names))
			meant = append(meant, Nearest(p.key, known.names))
			continue
		}
		place.marks[p.key] = r.value(p.value, v.Field(i), p.key)
	}
	for _, key := range meant {
		if !place.Has(key) { // misspelled, which has been said: it is not missing
			place.marks[key] = mark{Pos: place.Pos, broken: true}
		}
	}
	v.FieldByName("Place").Set(reflect.ValueOf(place))
	return m
}

// pair is a key with its value.
type pair struct {
	key   string
	at    Pos // of the key
	value ast.Node
}

// pairs returns the keys of a mapping in order; ok is false for another node.
func (r *reader) pairs(n ast.Node) (out []pair, ok bool) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, isNull(n)
	}
	for _, v := range values {
		p := pair{at: r.at(v.Key), value: v.Value}
		switch key := v.Key.(type) {
		case *ast.StringNode:
			p.key = key.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			p.key = key.GetToken().Value
		default:
			r.report(p.at.Problemf("a key has to be a plain word"))
			continue
		}
		out = append(out, p)
	}
	return out, true
}

// keys are the keys of a struct.
type keys struct {
	names []string
	index map[string]int
}

func keysOf(t reflect.Type) keys {
	k := keys{index: map[string]int{}}
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			k.names = append(k.names, name)
			k.index[name] = i
		}
	}
	return k
}
