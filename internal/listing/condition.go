package listing

import (
	"math/big"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// Op is how a field is held against a value.
type Op string

// The operations. Those that compare an order are for numbers, dates and
// instants, and both include the value itself.
const (
	Is       Op = "is"
	IsNot    Op = "is-not"
	Has      Op = "has" // words of the value begin words of the field
	Empty    Op = "empty"
	NotEmpty Op = "not-empty"
	AtLeast  Op = "at-least"
	AtMost   Op = "at-most"
)

// Ops returns the operations that a type of field takes, the usual one first.
func Ops(t datatype.Type) []Op {
	switch t {
	case datatype.Number, datatype.Currency, datatype.Date, datatype.DateTime:
		return []Op{AtLeast, AtMost, Is, Empty, NotEmpty}
	case datatype.YesNo, datatype.Choice, datatype.Choices, datatype.Link:
		return []Op{Is, IsNot, Empty, NotEmpty}
	}
	return []Op{Has, Is, IsNot, Empty, NotEmpty}
}

// Condition is what a field of the records looked for has to be.
type Condition struct {
	Field int64
	Op    Op
	Value datatype.Value // empty for Empty and NotEmpty
}

// Needs reports whether the operation compares with a value.
func (o Op) Needs() bool { return o != Empty && o != NotEmpty }

// ParseCondition reads a condition from an operation and a text as somebody
// typed it. The value of Has is any text; others have to fit the field.
func ParseCondition(f register.Field, op Op, text string) (Condition, error) {
	c := Condition{Field: f.ID, Op: op}
	if !slices.Contains(Ops(f.Spec.Type), op) {
		return c, errs.New(errs.Invalid, "the field %s cannot be filtered by %q", f.Name, string(op))
	}
	if !op.Needs() {
		return c, nil
	}
	if strings.TrimSpace(text) == "" {
		return c, errs.New(errs.Invalid, "say what %s is compared with", f.Name)
	}
	if op == Has {
		c.Value = datatype.OfText(text)
		return c, nil
	}
	spec := f.Spec
	if spec.Type == datatype.Choices {
		spec.Type = datatype.Choice // one of them
	}
	v, err := datatype.Parse(spec, text)
	if err != nil {
		return c, errs.New(errs.Invalid, "filter by %s", f.Name).Because(err)
	}
	c.Value = v
	return c, nil
}

// Holds reports whether a record satisfies the condition.
func (c *Condition) Holds(r *register.Record) bool { return c.holds(r.Value(c.Field)) }

// holds reports whether a value satisfies the condition. An empty value is
// neither above nor below anything, and is not what another value is.
func (c *Condition) holds(v datatype.Value) bool {
	switch c.Op {
	case Empty:
		return v.IsEmpty()
	case NotEmpty:
		return !v.IsEmpty()
	case Is:
		return same(v, c.Value)
	case IsNot:
		return !same(v, c.Value)
	case Has:
		return beginAll(Words(v.String()), Terms(c.Value.String()))
	case AtLeast, AtMost:
		if v.IsEmpty() {
			return false
		}
		order := compare(v, c.Value)
		return order == 0 || (order > 0) == (c.Op == AtLeast)
	}
	return false
}

// same compares as unique fields do; of several choices one is enough.
func same(v, want datatype.Value) bool {
	if !v.IsEmpty() && v.JSON()[0] == '[' {
		return slices.ContainsFunc(v.Items(), func(s string) bool { return datatype.KeyOfText(s) == datatype.Key(want) })
	}
	return datatype.Key(v) == datatype.Key(want)
}

// compare orders two values of one type: numbers by size, everything else by
// its key, which orders dates and instants by time. An empty value is last.
func compare(a, b datatype.Value) int {
	switch {
	case a.IsEmpty() && b.IsEmpty():
		return 0
	case a.IsEmpty():
		return 1
	case b.IsEmpty():
		return -1
	}
	if x, y := number(a), number(b); x != nil && y != nil {
		return x.Cmp(y)
	}
	return strings.Compare(datatype.Key(a), datatype.Key(b))
}

// number returns the number that a value is, or nil.
func number(v datatype.Value) *big.Rat {
	if text := v.JSON(); text[0] == '-' || (text[0] >= '0' && text[0] <= '9') {
		if r, ok := new(big.Rat).SetString(text); ok {
			return r
		}
	}
	return nil
}

// beginAll reports whether each term begins one of the words.
func beginAll(words, terms []string) bool {
	for _, t := range terms {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, t) }) {
			return false
		}
	}
	return true
}
