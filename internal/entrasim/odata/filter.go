// Package odata reads the part of the OData $filter language that Microsoft
// Graph directory collections understand, and nothing more: comparisons, in,
// and, or, not, startsWith, endsWith, contains and any(). It knows the grammar
// only; which property may be filtered with which operator is the caller's
// business.
package odata

import (
	"fmt"
	"strings"
)

// Op is a comparison or a string function applied to one property.
type Op string

// The operators of the language.
const (
	Eq         Op = "eq"
	Ne         Op = "ne"
	Gt         Op = "gt"
	Ge         Op = "ge"
	Lt         Op = "lt"
	Le         Op = "le"
	In         Op = "in"
	StartsWith Op = "startswith"
	EndsWith   Op = "endswith"
	Contains   Op = "contains"
)

// LiteralKind tells how a literal was written.
type LiteralKind uint8

// Literal kinds. Bare covers numbers, GUIDs and timestamps, which OData writes
// without quotes.
const (
	Null LiteralKind = iota
	Bool
	String
	Bare
)

// Literal is the right-hand side of a comparison. Text holds the unquoted text.
type Literal struct {
	Kind LiteralKind
	Text string
}

// Expr is one node: exactly one of the three shapes.
//
//	And/Or:  Join set, Left and Right set
//	Not:     Negated set, Left set
//	leaf:    Op and Property set, Values has one literal (in: one or more)
type Expr struct {
	Join        string // "and", "or" or empty
	Negated     bool
	Left, Right *Expr

	Op       Op
	Property string // as written; a path keeps its slashes
	Any      bool   // Property is a collection and the leaf is about any element
	Values   []Literal
}

// maxDepth bounds nesting so that hostile input cannot exhaust the stack.
const maxDepth = 50

// Parse reads a filter. The error names the byte position of the trouble.
func Parse(text string) (*Expr, error) {
	p := &parser{lex: lexer{text: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.fail("unexpected " + p.tok.text)
	}
	return e, nil
}

// Leaves calls f for every leaf, left to right, until f returns false.
func (e *Expr) Leaves(f func(*Expr) bool) bool {
	if e.Op != "" {
		return f(e)
	}
	if !e.Left.Leaves(f) {
		return false
	}
	return e.Right == nil || e.Right.Leaves(f)
}

type parser struct {
	lex lexer
	tok token
	// element is the range variable while inside any(x:...), else empty.
	element, collection string
}

func (p *parser) fail(msg string) error {
	return fmt.Errorf("filter: position %d: %s", p.tok.at, msg)
}

func (p *parser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

// expect consumes one punctuation token.
func (p *parser) expect(text string) error {
	if p.tok.kind != tokPunct || p.tok.text != text {
		return p.fail("expected " + text)
	}
	return p.advance()
}

func (p *parser) word(w string) bool {
	return p.tok.kind == tokWord && strings.EqualFold(p.tok.text, w)
}

func (p *parser) or(depth int) (*Expr, error) {
	return p.join("or", depth, p.and)
}

func (p *parser) and(depth int) (*Expr, error) {
	return p.join("and", depth, p.unary)
}

// join reads left-associative chains of one keyword.
func (p *parser) join(word string, depth int, operand func(int) (*Expr, error)) (*Expr, error) {
	left, err := operand(depth)
	for err == nil && p.word(word) {
		if err = p.advance(); err != nil {
			break
		}
		var right *Expr
		if right, err = operand(depth); err == nil {
			left = &Expr{Join: word, Left: left, Right: right}
		}
	}
	return left, err
}

func (p *parser) unary(depth int) (*Expr, error) {
	if depth > maxDepth {
		return nil, p.fail("nested too deep")
	}
	if p.word("not") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		inner, err := p.unary(depth + 1)
		return &Expr{Negated: true, Left: inner}, err
	}
	if p.tok.kind == tokPunct && p.tok.text == "(" {
		if err := p.advance(); err != nil {
			return nil, err
		}
		inner, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	return p.leaf(depth)
}

func (p *parser) leaf(depth int) (*Expr, error) {
	if p.tok.kind != tokWord {
		return nil, p.fail("expected a property")
	}
	name := p.tok.text
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokPunct && p.tok.text == "(" {
		if base, isAny := strings.CutSuffix(name, "/any"); isAny {
			return p.any(base, depth)
		}
		return p.call(Op(strings.ToLower(name)))
	}
	return p.comparison(name)
}

// call reads startsWith(prop,'x') and its kin after the name.
func (p *parser) call(op Op) (*Expr, error) {
	if op != StartsWith && op != EndsWith && op != Contains {
		return nil, p.fail("unknown function " + string(op))
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	name := p.tok.text
	if p.tok.kind != tokWord {
		return nil, p.fail("expected a property")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	return p.subject(&Expr{Op: op, Values: []Literal{v}}, name)
}

// any reads coll/any(x:leaf) after "coll/any".
func (p *parser) any(collection string, depth int) (*Expr, error) {
	if p.element != "" {
		return nil, p.fail("any inside any")
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	p.element, p.collection = p.tok.text, collection
	defer func() { p.element, p.collection = "", "" }()
	if p.tok.kind != tokWord {
		return nil, p.fail("expected a range variable")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	inner, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	return inner, p.expect(")")
}

func (p *parser) comparison(name string) (*Expr, error) {
	op := Op(strings.ToLower(p.tok.text))
	if p.tok.kind != tokWord {
		return nil, p.fail("expected an operator")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e := &Expr{Op: op}
	switch op {
	case Eq, Ne, Gt, Ge, Lt, Le:
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		e.Values = []Literal{v}
	case In:
		vs, err := p.literals()
		if err != nil {
			return nil, err
		}
		e.Values = vs
	default:
		return nil, p.fail("unknown operator " + string(op))
	}
	return p.subject(e, name)
}

// subject sets what a leaf is about; inside any() it is the element.
func (p *parser) subject(e *Expr, name string) (*Expr, error) {
	e.Property = name
	if p.element == "" {
		return e, nil
	}
	rest, ok := strings.CutPrefix(name, p.element)
	if !ok || rest != "" && rest[0] != '/' {
		return nil, p.fail("expected the range variable " + p.element)
	}
	e.Property, e.Any = p.collection+rest, true
	return e, nil
}

func (p *parser) literals() ([]Literal, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var out []Literal
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if p.tok.kind == tokPunct && p.tok.text == "," {
			if err := p.advance(); err != nil {
				return nil, err
			}
			continue
		}
		return out, p.expect(")")
	}
}

func (p *parser) literal() (Literal, error) {
	t := p.tok
	switch {
	case t.kind == tokString:
		return Literal{String, t.text}, p.advance()
	case p.word("null"):
		return Literal{Kind: Null}, p.advance()
	case p.word("true"), p.word("false"):
		return Literal{Bool, strings.ToLower(t.text)}, p.advance()
	case t.kind == tokWord:
		return Literal{Bare, t.text}, p.advance()
	}
	return Literal{}, p.fail("expected a value")
}
