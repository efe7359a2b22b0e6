package mapping

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
)

// errTooLong ends an expression whose text or list grows beyond the limit.
var errTooLong = errors.New("a text or list grows too long")

// functionNames lists what an expression can call.
func functionNames() []string {
	return []string{
		"trim", "upper", "lower", "title", "left", "right", "split", "join",
		"replace", "first", "last", "length", "string", "number",
	}
}

// functions are the functions of expressions. Characters are counted, not
// bytes. Every result is bounded.
//
//	trim(s) upper(s) lower(s) title(s)   as the transforms
//	left(s, n) right(s, n)               the first or last n characters
//	split(s, separator)                  a list; white space when the separator is ""
//	join(list, separator)                a text
//	replace(s, what, by)                 every occurrence
//	first(list) last(list)               an item, "" of an empty list
//	length(s or list)                    characters, items
//	string(x) number(s)                  conversions; number fails on other text
func functions() []expr.Option {
	return []expr.Option{
		ofText("trim", func(s string) string { return strings.Join(strings.Fields(s), " ") }),
		ofText("upper", strings.ToUpper),
		ofText("lower", strings.ToLower),
		ofText("title", titleCase),
		expr.Function("left", func(a ...any) (any, error) { return left(a[0].(string), a[1].(int)), nil }, new(func(string, int) string)),
		expr.Function("right", func(a ...any) (any, error) { return right(a[0].(string), a[1].(int)), nil }, new(func(string, int) string)),
		expr.Function("split", splitCall, new(func(string, string) []string)),
		expr.Function("join", joinCall, new(func([]string, string) string), new(func([]any, string) string)),
		expr.Function("replace", replaceCall, new(func(string, string, string) string)),
		expr.Function("first", func(a ...any) (any, error) { return item(a[0].([]string), 0), nil }, new(func([]string) string)),
		expr.Function("last", func(a ...any) (any, error) { l := a[0].([]string); return item(l, len(l)-1), nil }, new(func([]string) string)),
		expr.Function("length", lengthCall, new(func(string) int), new(func([]string) int)),
		expr.Function("string", stringCall, new(func(string) string), new(func(int) string), new(func(float64) string), new(func(bool) string)),
		expr.Function("number", numberCall, new(func(string) float64)),
	}
}

func ofText(name string, f func(string) string) expr.Option {
	return expr.Function(name, func(a ...any) (any, error) {
		s := a[0].(string)
		if len(s) > maxText {
			return nil, errTooLong
		}
		return f(s), nil
	}, new(func(string) string))
}

func left(s string, n int) string {
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func right(s string, n int) string {
	skip := utf8.RuneCountInString(s) - max(n, 0)
	for i := range s {
		if skip <= 0 {
			return s[i:]
		}
		skip--
	}
	return ""
}

func splitCall(a ...any) (any, error) {
	s := a[0].(string)
	if len(s) > maxText {
		return nil, errTooLong
	}
	items := parts(s, a[1].(string))
	if len(items) > maxItems {
		return nil, errTooLong
	}
	return items, nil
}

func joinCall(a ...any) (any, error) {
	var items []string
	switch list := a[0].(type) {
	case []string:
		items = list
	case []any:
		for _, x := range list {
			s, ok := x.(string)
			if !ok {
				return nil, errors.New("join takes a list of texts")
			}
			items = append(items, s)
		}
	}
	separator, size := a[1].(string), 0
	for _, s := range items {
		if size += len(s) + len(separator); size > maxText {
			return nil, errTooLong
		}
	}
	return strings.Join(items, separator), nil
}

func replaceCall(a ...any) (any, error) {
	s, old, by := a[0].(string), a[1].(string), a[2].(string)
	if old == "" {
		return s, nil
	}
	out, problem := replaced(s, old, by)
	if problem != "" {
		return nil, errTooLong
	}
	return out, nil
}

func item(list []string, i int) string {
	if i < 0 || i >= len(list) {
		return ""
	}
	return list[i]
}

func lengthCall(a ...any) (any, error) {
	switch x := a[0].(type) {
	case string:
		return utf8.RuneCountInString(x), nil
	case []string:
		return len(x), nil
	}
	return 0, nil
}

func stringCall(a ...any) (any, error) {
	switch x := a[0].(type) {
	case string:
		return x, nil
	case int:
		return strconv.Itoa(x), nil
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), nil
	case bool:
		return strconv.FormatBool(x), nil
	}
	return "", nil
}

func numberCall(a ...any) (any, error) {
	n, err := strconv.ParseFloat(strings.TrimSpace(a[0].(string)), 64)
	if err != nil {
		return nil, errors.New(strconv.Quote(clip(a[0].(string))) + " is not a number")
	}
	return n, nil
}
