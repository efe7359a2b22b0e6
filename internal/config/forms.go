package config

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"

	"github.com/musterhq/muster/internal/timing"
)

// Values that the file may write in several ways.

// read reads one text or a list of them.
func (s *Strings) read(r *reader, n ast.Node, what string) mark {
	if _, many := n.(*ast.SequenceNode); many {
		var list []string
		m := r.list(n, reflect.ValueOf(&list).Elem(), what)
		*s = list
		return m
	}
	text, m := r.scalar(n, what)
	if !m.broken {
		*s = Strings{text}
	}
	m.items = []mark{m}
	return m
}

// read reads "trim", {join: "; "} or {replace: {old: a, new: b}}.
func (t *Transform) read(r *reader, n ast.Node, what string) mark {
	kind, value, m := r.named(n, what, "a transform: its name, or its name with a value")
	t.Kind = kind
	if value == nil || m.broken {
		return m
	}
	if kind != transformReplace {
		text, got := r.scalar(value, kind)
		t.Text, m.broken, m.reference = text, got.broken, got.reference
		return m
	}
	var words replacement
	got := r.part(value, reflect.ValueOf(&words).Elem(), kind)
	t.Text, t.With, m.broken = words.Old, words.New, got.broken
	return m
}

// replacement is what the transform replace needs.
type replacement struct {
	Place
	Old string `yaml:"old"`
	New string `yaml:"new"`
}

// read reads "view" or {edit: [Assets, People]}.
func (p *Permission) read(r *reader, n ast.Node, what string) mark {
	action, value, m := r.named(n, what, "an action, or an action with a list of collections")
	p.Action = action
	if value != nil && !m.broken {
		list := r.value(value, reflect.ValueOf((*Strings)(&p.Collections)).Elem(), action)
		m.items, m.broken = list.items, list.broken
	}
	return m
}

// named reads a name by itself, or one name with a value.
func (r *reader) named(n ast.Node, what, want string) (name string, value ast.Node, m mark) {
	pairs, ok := r.pairs(n)
	if !ok {
		name, m = r.scalar(n, what)
		return name, nil, m
	}
	if isNull(n) {
		return "", nil, r.wrong(n, what, want)
	}
	m = mark{Pos: r.at(n)}
	if len(pairs) != 1 {
		m.broken = true
		r.report(m.Pos.Problemf("%s takes %s, not %d names", what, want, len(pairs)))
		return "", nil, m
	}
	return pairs[0].key, pairs[0].value, m
}

// read reads a limit for each class that is named.
func (l *Limits) read(r *reader, n ast.Node, what string) mark {
	pairs, ok := r.pairs(n)
	if !ok {
		return r.wrong(n, what, "keys with values")
	}
	*l = Limits{}
	for _, p := range pairs {
		if had, twice := (*l)[p.key]; twice {
			r.report(p.at.Problemf("%q is given twice", p.key).WithHint("it also stands in line %d", had.Pos.Line))
			continue
		}
		if !isOneOf(p.key, limitClasses()) {
			r.report(p.at.Problemf("there is no key %q in %s", p.key, what).Suggest(p.key, limitClasses()))
			continue
		}
		var one Limit
		r.part(p.value, reflect.ValueOf(&one).Elem(), p.key)
		(*l)[p.key] = one
	}
	return mark{Pos: r.at(n)}
}

// read reads a timing in words.
func (t *Timing) read(r *reader, n ast.Node, what string) mark {
	text, m := r.scalar(n, what)
	if m.broken {
		return m
	}
	parsed, err := ParseTiming(text)
	if err != nil {
		m.broken = true
		shown := Place{marks: map[string]mark{what: m}}.show(what, text)
		r.report(m.Pos.Problemf("%s: %s %s", what, shown, err).WithHint("%s", timing.Forms))
		return m
	}
	t.Timing = parsed
	return m
}

var _ = []formed{(*Strings)(nil), (*Transform)(nil), (*Permission)(nil), (*Limits)(nil), (*Timing)(nil)}
