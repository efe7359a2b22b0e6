package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/errs"
)

// Pos is a place in a set-up file. Lines and columns count from 1; columns
// count characters. The zero Pos is nowhere.
type Pos struct {
	File         string
	Line, Column int
}

// String returns "muster.yaml:12:5", or only the file when the line is unknown.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problemf returns a problem at the place. It is how code that applies a file
// reports what only shows against the database:
//
//	row.At("to").Problemf("mapping %s: no field %q in People", m.Name, row.To).Suggest(row.To, names)
func (p Pos) Problemf(format string, args ...any) Problem {
	return Problem{File: p.File, Line: p.Line, Column: p.Column, Message: fmt.Sprintf(format, args...)}
}

// Place is where a part of the file stands, and where its keys' values do.
type Place struct {
	Pos   Pos
	marks map[string]mark
}

// mark is what is remembered of a value besides the value. It never holds the
// value itself, which may be a secret.
type mark struct {
	Pos       Pos
	reference string // the value came from here: "${NAME}"; empty when it stands in the file
	broken    bool   // the value could not be read; that has been reported
	items     []mark // of a list
}

// At returns where the value of a key stands, or with an index where that item
// of the list does. For a key that is not in the file it returns where the
// part itself begins.
func (p Place) At(key string, item ...int) Pos {
	m, given := p.marks[key]
	if !given {
		return p.Pos
	}
	if len(item) == 1 && item[0] >= 0 && item[0] < len(m.items) {
		return m.items[item[0]].Pos
	}
	return m.Pos
}

// Has reports whether the file gives the key.
func (p Place) Has(key string) bool {
	_, given := p.marks[key]
	return given
}

// show quotes a value for a message. What came from the environment or another
// file is named by its reference: somebody may have put a secret there.
func (p Place) show(key, value string, item ...int) string {
	m := p.marks[key]
	if len(item) == 1 && item[0] < len(m.items) {
		m = m.items[item[0]]
	}
	if m.reference != "" {
		return "the value of " + m.reference
	}
	return quote(value)
}

// quote quotes at most 60 characters of a text.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}

// Problem is something wrong with a set-up file, with its place in it.
type Problem struct {
	File         string
	Line, Column int
	Message      string
	Hint         string // what was likely meant, or what to do; may be empty
}

// WithHint returns the problem with a next step, written to follow the message
// after a semicolon: `did you mean "Name"?`.
func (p Problem) WithHint(format string, args ...any) Problem {
	p.Hint = fmt.Sprintf(format, args...)
	return p
}

// Suggest hints at the word that is nearest to what was written, if one is near.
func (p Problem) Suggest(written string, words []string) Problem {
	if near := Nearest(written, words); near != "" {
		return p.WithHint("did you mean %q?", near)
	}
	return p
}

// String returns "muster.yaml:12:5: message; hint".
func (p Problem) String() string {
	s := Pos{p.File, p.Line, p.Column}.String() + ": " + p.Message
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	return s
}

// Problems is everything that is wrong with a set-up file. As an error it is
// errs.Invalid.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the list its kind and the way on.
func (ps Problems) Unwrap() error {
	return errs.New(errs.Invalid, "%s", ps.Error()).
		WithHint("Nothing has been changed. The keys are explained in docs/reference/muster-yaml.md.")
}

// Err returns the problems in the order of the file, or nil when there is none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ps
}
