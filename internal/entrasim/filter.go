package entrasim

import (
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/odata"
)

// predicate is a compiled $filter or $search.
type predicate struct {
	test func(*estate.Record) bool
	need uint64 // properties that test reads
	// only, when not nil, are the sole objects that can match.
	only []estate.Ref
}

// compileFilter checks a filter against what Graph supports and compiles it.
//
//	operator                       without advanced   with ConsistencyLevel and $count
//	eq, in, startsWith, ge, le     per property       per property
//	ne, not, endsWith              400                per property
//	gt, lt, contains               400                400
//
// https://learn.microsoft.com/graph/aad-advanced-queries
func (t *Tenant) compileFilter(o *options, s *estate.Schema) (*predicate, error) {
	expr, err := odata.Parse(o.filter)
	if err != nil {
		return nil, badRequest("Invalid filter clause: %s", err)
	}
	p := &predicate{}
	p.test, err = p.compile(expr, s, o.advanced())
	if err != nil {
		return nil, err
	}
	p.only = t.candidates(expr, s)
	return p, nil
}

func (p *predicate) compile(e *odata.Expr, s *estate.Schema, advanced bool) (func(*estate.Record) bool, error) {
	if e.Op != "" {
		return p.leaf(e, s, advanced)
	}
	left, err := p.compile(e.Left, s, advanced)
	if err != nil {
		return nil, err
	}
	if e.Negated {
		if !advanced {
			return nil, unsupported("Unsupported Query.")
		}
		return func(r *estate.Record) bool { return !left(r) }, nil
	}
	right, err := p.compile(e.Right, s, advanced)
	if err != nil {
		return nil, err
	}
	if e.Join == "and" {
		return func(r *estate.Record) bool { return left(r) && right(r) }, nil
	}
	return func(r *estate.Record) bool { return left(r) || right(r) }, nil
}

func (p *predicate) leaf(e *odata.Expr, s *estate.Schema, advanced bool) (func(*estate.Record) bool, error) {
	bit, ok := s.Bit(e.Property)
	if !ok {
		if estate.OutsideDirectory(e.Property) {
			return nil, unsupported("The request uses a filter property that is not indexed")
		}
		return nil, badRequest("Invalid filter clause: Could not find a property named '%s' on type '%s'.", e.Property, strings.TrimPrefix(s.OData, "#"))
	}
	prop := &s.Props[bit]
	if err := allowed(e, prop, advanced); err != nil {
		return nil, err
	}
	if prop.IsBool && slices.ContainsFunc(e.Values, func(l odata.Literal) bool { return l.Kind == odata.String }) {
		return nil, badRequest("Invalid filter clause: A binary operator with incompatible types was detected.")
	}
	p.need |= 1 << bit
	return matcher(e, bit), nil
}

// allowed is Graph's gate for one comparison.
func allowed(e *odata.Expr, prop *estate.Property, advanced bool) error {
	if prop.Filter == estate.ByNever {
		return unsupported("The request uses a filter property that is not indexed")
	}
	if prop.Items != e.Any {
		return badRequest("Invalid filter clause: The property '%s' needs the any operator exactly when it is a collection.", prop.Name)
	}
	need := estate.ByEq
	switch e.Op {
	case odata.Eq, odata.In:
	case odata.Ne:
		if !advanced {
			return unsupported("Unsupported Query.")
		}
	case odata.StartsWith:
		need = estate.ByStart
	case odata.Ge, odata.Le:
		need = estate.ByOrder
	case odata.EndsWith:
		need = estate.ByEnd
		if !advanced {
			return unsupported("Unsupported Query.")
		}
	default:
		return unsupported("Unsupported property filter clause operator '%s'.", e.Op)
	}
	if prop.Filter&need == 0 {
		return unsupported("Unsupported or invalid query filter clause specified for property '%s' of resource.", prop.Name)
	}
	if prop.Filter&estate.ByAdvanced != 0 && !advanced && e.Values[0].Kind != odata.Null {
		return unsupported("Unsupported Query.")
	}
	return nil
}

// matcher compares without letter case, as the directory does.
func matcher(e *odata.Expr, bit int) func(*estate.Record) bool {
	one := func(text string, null bool) bool {
		for _, l := range e.Values {
			if compare(e.Op, text, null, l) {
				return true
			}
		}
		return false
	}
	return func(r *estate.Record) bool {
		v := &r.Vals[bit]
		if e.Any {
			return slices.ContainsFunc(v.Items, func(s string) bool { return one(s, false) })
		}
		return one(v.Text(), v.IsEmpty())
	}
}

func compare(op odata.Op, text string, null bool, l odata.Literal) bool {
	if l.Kind == odata.Null || null {
		same := null && l.Kind == odata.Null
		return same == (op != odata.Ne)
	}
	switch op {
	case odata.Eq, odata.In:
		return strings.EqualFold(text, l.Text)
	case odata.Ne:
		return !strings.EqualFold(text, l.Text)
	case odata.StartsWith:
		return len(text) >= len(l.Text) && strings.EqualFold(text[:len(l.Text)], l.Text)
	case odata.EndsWith:
		return len(text) >= len(l.Text) && strings.EqualFold(text[len(text)-len(l.Text):], l.Text)
	}
	return ordered(op, text, l)
}

func ordered(op odata.Op, text string, l odata.Literal) bool {
	c := strings.Compare(strings.ToLower(text), strings.ToLower(l.Text))
	if l.Kind == odata.Bare {
		a, errA := time.Parse(time.RFC3339, text)
		b, errB := time.Parse(time.RFC3339, l.Text)
		if errA != nil || errB != nil {
			return false
		}
		c = a.Compare(b)
	}
	if op == odata.Ge {
		return c >= 0
	}
	return c <= 0
}

// candidates finds the objects that an eq or in on id or userPrincipalName
// names, so that a lookup does not read the whole directory. nil means all.
func (t *Tenant) candidates(e *odata.Expr, s *estate.Schema) []estate.Ref {
	if e.Join == "and" {
		if only := t.candidates(e.Left, s); only != nil {
			return only
		}
		return t.candidates(e.Right, s)
	}
	if e.Op != odata.Eq && e.Op != odata.In || e.Any {
		return nil
	}
	byUPN := s.Kind == estate.KindUser && strings.EqualFold(e.Property, "userPrincipalName")
	if !byUPN && !strings.EqualFold(e.Property, "id") {
		return nil
	}
	out := []estate.Ref{}
	for _, v := range e.Values {
		r, ok := t.RefOf(v.Text)
		if byUPN {
			r, ok = t.FindUser(v.Text)
		}
		if ok && r.Kind() == s.Kind {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// compileSearch reads $search="property:words" with AND and OR between quoted
// clauses. Words match the beginning of any word of the value.
// https://learn.microsoft.com/graph/search-query-parameter
func compileSearch(o *options, s *estate.Schema) (*predicate, error) {
	if !o.eventual {
		return nil, unsupported("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	}
	parts := strings.Split(o.search, `"`)
	p := &predicate{test: func(*estate.Record) bool { return true }}
	for i := 1; i < len(parts); i += 2 {
		name, words, ok := strings.Cut(parts[i], ":")
		bit, known := s.Bit(name)
		if !ok || !known {
			return nil, badRequest("Syntax error: character ':' is not valid at position 0 in '%s'.", parts[i])
		}
		p.need |= 1 << bit
		last := p.test
		test := func(r *estate.Record) bool { return hasWord(r.Vals[bit].Text(), words) }
		if strings.EqualFold(strings.TrimSpace(parts[i-1]), "or") {
			p.test = func(r *estate.Record) bool { return last(r) || test(r) }
		} else {
			p.test = func(r *estate.Record) bool { return last(r) && test(r) }
		}
	}
	if len(parts) < 3 {
		return nil, badRequest("Syntax error: $search needs quoted clauses such as \"displayName:words\".")
	}
	return p, nil
}

func hasWord(text, prefix string) bool {
	text, prefix = strings.ToLower(text), strings.ToLower(prefix)
	return strings.HasPrefix(text, prefix) || strings.Contains(text, " "+prefix) || strings.Contains(text, "."+prefix)
}
