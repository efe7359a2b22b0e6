package odata

import (
	"strings"
	"testing"
)

// String writes an expression with full parentheses, for comparisons.
func (e *Expr) show() string {
	switch {
	case e.Negated:
		return "not(" + e.Left.show() + ")"
	case e.Join != "":
		return "(" + e.Left.show() + " " + e.Join + " " + e.Right.show() + ")"
	}
	var vals []string
	for _, v := range e.Values {
		vals = append(vals, [...]string{"null", "bool:", "str:", "bare:"}[v.Kind]+v.Text)
	}
	s := e.Property + " " + string(e.Op) + " " + strings.Join(vals, ",")
	if e.Any {
		s = "any " + s
	}
	return "[" + s + "]"
}

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"id eq 'a'":                               "[id eq str:a]",
		"a eq 'x' or b eq 'y' and c eq 'z'":       "([a eq str:x] or ([b eq str:y] and [c eq str:z]))",
		"(a eq 'x' or b eq 'y') and not c eq 'z'": "(([a eq str:x] or [b eq str:y]) and not([c eq str:z]))",
		"name eq 'O''Brien'":                      "[name eq str:O'Brien]",
		"startsWith(n,'A')":                       "[n startswith str:A]",
		"a in ('1', '2')":                         "[a in str:1,str:2]",
		"enabled EQ True":                         "[enabled eq bool:true]",
		"d ge 2020-01-01T00:00:00Z":               "[d ge bare:2020-01-01T00:00:00Z]",
		"x eq null":                               "[x eq null]",
		"g/any(c:c eq 'U')":                       "[any g eq str:U]",
		"p/any(x:endsWith(x,'z') or x eq 'q')":    "([any p endswith str:z] or [any p eq str:q])",
		"a/b eq '1'":                              "[a/b eq str:1]",
	} {
		e, err := Parse(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := e.show(); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "a", "a eq", "a eq 'x", "a eq 'x' and", "a like 'x'", "(a eq 'x'", "a in ()", "a in ('x'", "f(a,'x')",
		"g/any(c:d eq 'U')", "g/any(c:c/any(d:d eq 1))", "a eq 'x' b", "a ! 'x'", strings.Repeat("(", 200), strings.Repeat("not ", 200) + "a eq 1"} {
		if e, err := Parse(in); err == nil {
			t.Errorf("%.40q was read as %s", in, e.show())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"id eq 'a'", "not (a in ('1',2))", "g/any(c:c eq 'U')", "'''", "a eq ''''"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if (e == nil) == (err == nil) && err == nil {
			t.Errorf("%q gives neither expression nor error", s)
		}
		if err == nil {
			e.Leaves(func(l *Expr) bool {
				if len(l.Values) == 0 || l.Property == "" {
					t.Errorf("%q has a hollow leaf", s)
				}
				return true
			})
		}
	})
}
