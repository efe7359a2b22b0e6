package mapping

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
)

// Transform changes a value on its way into a field. The transforms of a row
// run in order, and every one of them ends: none loops over anything but the
// value itself, which is bounded. Its texts are stored.
//
//	kind        text            with  on a text                     on a list
//	trim                              outer space off, inner to one each item; empty ones drop
//	upper                             capitals                      each item
//	lower                             small letters                 each item
//	title                             Capitals At The Start         each item
//	first       separator             up to the separator           the first item
//	last        separator             after the last separator      the last item
//	split       separator             a list of trimmed parts       unchanged
//	join        separator             unchanged                     one text
//	default     value                 the value, if it is empty     the value, if it is empty
//	constant    value                 the value, always             the value, always
//	replace     what            by    every occurrence replaced     in each item
//	date        time zone             the day of a moment there     unchanged
//	e164        region, DE            +49301234567                  each item
//	expression  the expression        its result                    its result
//
// A value that the directory did not mention stays unknown through all but
// constant and expression; an empty one stays empty through all but default,
// constant and expression.
type Transform struct {
	Kind string
	Text string
	With string
}

// The kinds of transform.
const (
	Trim       = "trim"
	Upper      = "upper"
	Lower      = "lower"
	TitleCase  = "title"
	First      = "first"
	Last       = "last"
	Split      = "split"
	Join       = "join"
	Default    = "default"
	Constant   = "constant"
	Replace    = "replace"
	CivilDate  = "date"
	E164       = "e164"
	Expression = "expression"
)

// TransformKinds returns the kinds in the order in which a screen offers them.
func TransformKinds() []string {
	return []string{
		Trim, Upper, Lower, TitleCase, First, Last, Split, Join, Default, Constant,
		Replace, CivilDate, E164, Expression,
	}
}

// Words returns the transform for people: `join "; "`.
func (t Transform) Words() string {
	s := t.Kind
	if t.Text != "" {
		s += " " + strconv.Quote(t.Text)
	}
	if t.Kind == Replace {
		s += " by " + strconv.Quote(t.With)
	}
	return s
}

// maxText is the longest text in bytes that a transform takes or gives, enough
// for everything that a directory holds.
const maxText = 16 << 10

// step is a transform made ready. It fails with a message for people.
type step struct {
	Transform
	apply func(s *sheet, v directory.Value) (out directory.Value, problem string)
}

// newStep checks a transform; a problem is returned in words.
// Of an expression it returns that too: its attributes still need places.
func newStep(t Transform, kind directory.Kind) (step, *expression, string) {
	out := step{Transform: t}
	if len(t.Text) > maxExpression || len(t.With) > maxExpression {
		return out, nil, "is longer than 1,000 characters"
	}
	problem := ""
	switch t.Kind {
	case Trim, Upper, Lower, TitleCase, Replace, E164, CivilDate:
		out.apply, problem = newTextStep(t)
	case First, Last, Split, Join:
		out.apply = newListStep(t)
	case Default:
		fixed := directory.TextValue(t.Text)
		out.apply = func(_ *sheet, v directory.Value) (directory.Value, string) {
			if v.IsEmpty() {
				return fixed, ""
			}
			return v, ""
		}
	case Constant:
		fixed := directory.TextValue(t.Text)
		out.apply = func(*sheet, directory.Value) (directory.Value, string) { return fixed, "" }
	case Expression:
		e, problem := newExpression(t.Text, kind)
		if problem != "" {
			return out, nil, problem
		}
		out.apply = e.run
		return out, e, ""
	default:
		problem = strconv.Quote(t.Kind) + " is not a transform; use one of " + strings.Join(TransformKinds(), ", ")
	}
	return out, nil, problem
}

// newTextStep makes a step that works on each text by itself.
func newTextStep(t Transform) (apply func(*sheet, directory.Value) (directory.Value, string), problem string) {
	f, problem := textFunction(t)
	if problem != "" {
		return nil, problem
	}
	return func(_ *sheet, v directory.Value) (directory.Value, string) {
		if v.State() != directory.Present || v.IsEmpty() {
			return v, ""
		}
		if v.Form() != directory.List {
			s, problem := f(v.String())
			return directory.TextValue(s), problem
		}
		out := make([]string, 0, len(v.List()))
		for _, item := range v.List() {
			s, problem := f(item)
			if problem != "" {
				return v, problem
			}
			if s != "" {
				out = append(out, s)
			}
		}
		return directory.ListValue(out), ""
	}, ""
}

func textFunction(t Transform) (f func(string) (string, string), problem string) {
	always := func(f func(string) string) func(string) (string, string) {
		return func(s string) (string, string) { return f(s), "" }
	}
	switch t.Kind {
	case Trim:
		return always(func(s string) string { return strings.Join(strings.Fields(s), " ") }), ""
	case Upper:
		return always(strings.ToUpper), ""
	case Lower:
		return always(strings.ToLower), ""
	case TitleCase:
		return always(titleCase), ""
	case Replace:
		if t.Text == "" {
			return nil, "needs a text to replace"
		}
		return func(s string) (string, string) { return replaced(s, t.Text, t.With) }, ""
	case CivilDate:
		zone, err := loadZone(t.Text)
		if err != nil {
			return nil, strconv.Quote(t.Text) + " is not a time zone, such as Europe/Berlin"
		}
		return func(s string) (string, string) { return civilDate(s, zone) }, ""
	}
	region, ok := phoneRegion(t.Text)
	if !ok {
		return nil, strconv.Quote(t.Text) + " is not a region, such as DE or US"
	}
	return region.international, ""
}

// titleCase is made anew for every text: a caser keeps state.
func titleCase(s string) string { return cases.Title(language.Und).String(s) }

// replaced replaces without outgrowing the longest text.
func replaced(s, old, by string) (string, string) {
	if n := strings.Count(s, old); len(s)+n*(len(by)-len(old)) > maxText {
		return s, "the text grows too long"
	}
	return strings.ReplaceAll(s, old, by), ""
}

// newListStep makes a step between lists and texts.
func newListStep(t Transform) func(*sheet, directory.Value) (directory.Value, string) {
	return func(_ *sheet, v directory.Value) (directory.Value, string) {
		if v.State() != directory.Present || v.IsEmpty() {
			return v, ""
		}
		switch t.Kind {
		case Join:
			if v.Form() == directory.List {
				return directory.TextValue(strings.Join(v.List(), t.Text)), ""
			}
			return v, ""
		case Split:
			if v.Form() == directory.List {
				return v, ""
			}
			return directory.ListValue(parts(v.String(), t.Text)), ""
		}
		items := v.List()
		if v.Form() != directory.List {
			if t.Text == "" {
				return v, ""
			}
			items = parts(v.String(), t.Text)
		}
		if len(items) == 0 {
			return directory.NullValue(), ""
		}
		if t.Kind == First {
			return directory.TextValue(items[0]), ""
		}
		return directory.TextValue(items[len(items)-1]), ""
	}
}

// parts cuts s at every separator, at white space when none is given, trims
// the parts and drops empty ones.
func parts(s, separator string) []string {
	if separator == "" {
		return strings.Fields(s)
	}
	items := strings.Split(s, separator)
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return slices.DeleteFunc(items, func(s string) bool { return s == "" })
}

// loadZone reads a zone by its IANA name; "" is UTC. "Local" is refused: the
// machine's zone must not decide on which day somebody was hired.
func loadZone(name string) (*time.Location, error) {
	if strings.EqualFold(name, "local") {
		return nil, errNoZone
	}
	return time.LoadLocation(name)
}

// civilDate returns the day that a moment falls on in the zone. A day without
// a time of day is that day everywhere (F39).
func civilDate(s string, zone *time.Location) (day, problem string) {
	s = strings.TrimSpace(s)
	if len(s) == len(time.DateOnly) {
		return s, ""
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s, strconv.Quote(clip(s)) + " is not a date and time such as 2026-05-18T19:03:10Z"
	}
	return datatype.OfDate(t.In(zone)).String(), ""
}

// clip shortens a text for a message.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
