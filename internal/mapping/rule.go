package mapping

import (
	"slices"
	"time"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// Rule is a mapping that has been checked and made ready. It never changes and
// is safe for concurrent use.
type Rule struct {
	def            Definition
	zone           *time.Location
	paths          []string // every attribute path it reads
	clauses        []clause
	rows           []row // sorted by field
	identifier     int   // the row of the unique identifier, or -1
	identifierPath string
}

// row is a Row made ready.
type row struct {
	number    int      // its place in the definition
	source    string   // for "why?": the attribute, or "constant", "expression"
	sources   []source // the attribute and its fallbacks; none when a constant comes first
	steps     []step
	field     Field
	owner     reconcile.Owner
	empty     reconcile.EmptyRule
	create    bool
	reference bool // the value is the identifier of another object
}

// source is where a value comes from.
type source struct {
	path      string
	parts     []int // indexes among the rule's paths; several when it consists of several
	unordered bool
	reference bool
}

// Definition returns what the rule was made from; do not change its slices.
func (r *Rule) Definition() Definition { return r.def }

// Paths returns every attribute path that the rule reads, those that every
// rule needs included, sorted.
func (r *Rule) Paths() []string {
	return slices.Sorted(slices.Values(r.paths))
}

// Selects returns the names to ask the directory for, sorted. What an
// expanded relation brings is not among them.
func (r *Rule) Selects() []string {
	var out []string
	for _, path := range r.paths {
		if a, ok := directory.LookupAttribute(r.def.Entity, path); ok && a.Select != "" {
			out = append(out, a.Select)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Expand returns the related object that has to be read along, or "".
func (r *Rule) Expand() string {
	for _, path := range r.paths {
		if a, ok := directory.LookupAttribute(r.def.Entity, path); ok && a.Expand != "" {
			return a.Expand
		}
	}
	return ""
}

// Identity returns the fields whose change is a rename: the title, and what the
// principal name and the email go to.
func (r *Rule) Identity() []int64 {
	var out []int64
	for i := range r.rows {
		row := &r.rows[i]
		if row.field.ID > 0 && (row.field.Title || row.source == "userPrincipalName" || row.source == "mail") {
			out = append(out, row.field.ID)
		}
	}
	return out
}

// Fields returns the set of paths that the rules read together, for one pick a
// document. Rules of different kinds of object do not go together.
func Fields(rules ...*Rule) *directory.Fields {
	var all []string
	for _, r := range rules {
		all = append(all, r.paths...)
	}
	slices.Sort(all)
	return directory.NewFields(slices.Compact(all)...)
}

// Mapper applies a rule to objects. It keeps scratch memory and belongs to one
// goroutine.
type Mapper struct {
	rule    *Rule
	sheet   sheet
	scratch directory.Value // a value that is no attribute as it stands
	arena   datatype.Arena
	fields  pool[reconcile.DesiredField]
	refs    pool[reconcile.Ref]
	match   pool[reconcile.MatchKey]
}

// sheet is one object's values, by the rule's own numbering of paths.
type sheet struct {
	values []directory.Value
	slots  []int // path number to position in values, -1 when not picked
	none   directory.Value
}

// value returns the value of a path; one that was not picked is absent.
func (s *sheet) value(path int) *directory.Value {
	if at := s.slots[path]; at >= 0 && at < len(s.values) {
		return &s.values[at]
	}
	return &s.none
}

// Mapper returns a mapper for values picked by f, usually the Fields of several
// rules. A path of the rule that f lacks reads as not mentioned.
func (r *Rule) Mapper(f *directory.Fields) *Mapper {
	m := &Mapper{rule: r}
	m.arena.Batch()
	for _, path := range r.paths {
		m.sheet.slots = append(m.sheet.slots, slices.Index(f.Paths(), path))
	}
	return m
}
