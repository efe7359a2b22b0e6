package mapping

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
)

// Condition limits who enters a mapping. It decides on entering only: a person
// once linked is read and judged all the same (F74). Comparison is by
// datatype.Key, so letter case does not count. The text of operators is stored.
//
//	attribute       is_empty  equals, contains, in …  not_…     is_true, is_false
//	not mentioned   unknown   unknown                 unknown   unknown
//	said empty      holds     fails                   holds     fails
//	a list          if none   if any item does        if none   fails
//	text, yes/no    fails     by the value            opposite  by the value, "True" and "1" too (F40)
type Condition struct {
	Path     string
	Operator string
	Value    string
	Values   []string // of In and NotIn
}

// The operators.
const (
	Equals      = "equals"
	NotEquals   = "not_equals"
	Contains    = "contains"
	NotContains = "not_contains"
	StartsWith  = "starts_with"
	EndsWith    = "ends_with"
	In          = "in"
	NotIn       = "not_in"
	IsEmpty     = "is_empty"
	IsNotEmpty  = "is_not_empty"
	IsTrue      = "is_true"
	IsFalse     = "is_false"
	Matches     = "matches" // a regular expression in RE2 syntax, without regard to letter case
)

// operatorWords say the operators to people, in the order of the screen.
var operatorWords = []struct{ name, words string }{
	{Equals, "is"}, {NotEquals, "is not"}, {Contains, "contains"}, {NotContains, "does not contain"},
	{StartsWith, "starts with"}, {EndsWith, "ends with"}, {In, "is one of"}, {NotIn, "is none of"},
	{IsEmpty, "is empty"}, {IsNotEmpty, "is not empty"}, {IsTrue, "is true"}, {IsFalse, "is false"},
	{Matches, "matches"},
}

// Operators returns the operators in the order in which a screen offers them.
func Operators() []string {
	out := make([]string, len(operatorWords))
	for i, o := range operatorWords {
		out[i] = o.name
	}
	return out
}

// OperatorWords returns an operator in words, "is one of", or "" when unknown.
func OperatorWords(operator string) string {
	for _, o := range operatorWords {
		if o.name == operator {
			return o.words
		}
	}
	return ""
}

// Words returns the condition as a clause: `department is one of "Sales", "Legal"`.
func (c *Condition) Words() string {
	var operands []string
	switch c.Operator {
	case In, NotIn:
		operands = c.Values
	case IsEmpty, IsNotEmpty, IsTrue, IsFalse:
	default:
		operands = []string{c.Value}
	}
	s := c.Path + " " + OperatorWords(c.Operator)
	for i, o := range operands {
		if i > 0 {
			s += ","
		}
		s += " " + strconv.Quote(o)
	}
	return s
}

// verdict is the outcome of a condition.
type verdict uint8

const (
	unknown verdict = iota
	holds
	fails
)

func verdictOf(b bool) verdict {
	if b {
		return holds
	}
	return fails
}

func (v verdict) not() verdict {
	return [...]verdict{unknown, fails, holds}[v]
}

// clause is a condition made ready: operands as keys, and where the attribute's
// value will be found.
type clause struct {
	Condition
	words   string
	src     source
	keys    []string
	pattern *regexp.Regexp
}

const (
	maxPattern  = 500   // characters of a regular expression
	maxProgram  = 1_000 // instructions it may compile to
	maxOperands = 1_000 // values of an "in" list
)

// newClause checks a condition; a problem's message is returned in words.
func newClause(c Condition) (clause, string) {
	out := clause{Condition: c, words: c.Words()}
	operands := []string{c.Value}
	switch c.Operator {
	case In, NotIn:
		operands = c.Values
		if len(operands) == 0 || len(operands) > maxOperands {
			return out, "needs between one and 1,000 values to compare with"
		}
	case IsEmpty, IsNotEmpty, IsTrue, IsFalse:
		operands = nil
	case Matches:
		re, message := compilePattern(c.Value, true)
		if message != "" {
			return out, message
		}
		out.pattern, operands = re, nil
	case Contains, NotContains, StartsWith, EndsWith:
		if strings.TrimSpace(c.Value) == "" {
			return out, "needs a text to compare with"
		}
	case Equals, NotEquals:
	default:
		return out, strconv.Quote(c.Operator) + " is not an operator; use one of " + strings.Join(Operators(), ", ")
	}
	for _, o := range operands {
		out.keys = append(out.keys, datatype.KeyOfText(o))
	}
	return out, ""
}

// judge decides the clause on a value.
func (c *clause) judge(v *directory.Value) verdict {
	if v.State() == directory.Absent {
		return unknown
	}
	switch c.Operator {
	case IsEmpty:
		return verdictOf(v.IsEmpty())
	case IsNotEmpty:
		return verdictOf(!v.IsEmpty())
	case IsTrue, IsFalse:
		truth, ok := truthOf(v)
		return verdictOf(ok && truth == (c.Operator == IsTrue))
	case NotEquals, NotContains, NotIn:
		return verdictOf(c.any(v)).not()
	}
	return verdictOf(c.any(v))
}

// any reports whether the clause, taken positively, holds for the value or for
// one item of a list. An empty value equals the empty text.
func (c *clause) any(v *directory.Value) bool {
	if v.IsEmpty() {
		return c.item("")
	}
	if truth, ok := v.Truth(); ok && c.pattern == nil {
		return slices.ContainsFunc(c.keys, func(k string) bool {
			b, known := datatype.ParseBool(k)
			return known && b == truth
		})
	}
	if v.Form() == directory.List {
		return slices.ContainsFunc(v.List(), c.item)
	}
	return c.item(v.String())
}

func (c *clause) item(s string) bool {
	if c.pattern != nil {
		return c.pattern.MatchString(s)
	}
	switch c.Operator {
	case Contains, NotContains:
		return strings.Contains(foldText(s), c.keys[0])
	case StartsWith:
		return strings.HasPrefix(foldText(s), c.keys[0])
	case EndsWith:
		return strings.HasSuffix(foldText(s), c.keys[0])
	}
	return slices.Contains(c.keys, datatype.KeyOfText(s))
}

// foldText is the part of the key function that compares parts of texts: keys
// of long texts end in a hash, in which nothing can be found.
func foldText(s string) string {
	if key := datatype.KeyOfText(s); len(key) < longestKey {
		return key
	}
	return strings.ToLower(s)
}

// longestKey is a length that only keys of very long texts reach.
const longestKey = 190

// truthOf reads a yes or no, from text too (F40).
func truthOf(v *directory.Value) (truth, ok bool) {
	if truth, ok = v.Truth(); ok {
		return truth, ok
	}
	if v.Form() == directory.List || v.Form() == directory.Nested {
		return false, false
	}
	return datatype.ParseBool(strings.TrimSpace(v.String()))
}
