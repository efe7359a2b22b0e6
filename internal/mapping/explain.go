package mapping

import (
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// Explanation says how a rule came to what it wants for one object: for "why?"
// and for the preview beside the mapping screen (F37).
type Explanation struct {
	Clauses []ClauseTrace
	Rows    []RowTrace // in the order of the definition
	Desired []reconcile.Desired
}

// ClauseTrace is one condition that was looked at. Those behind one that fails
// are not.
type ClauseTrace struct {
	Words  string // the condition
	Actual Raw
	Holds  bool
}

// RowTrace is how one row came to its value.
type RowTrace struct {
	Row     int // its place in the definition
	Field   int64
	Sources []Raw // the attributes that were looked at; the last one decided
	Steps   []StepTrace
	Result  reconcile.DesiredField
}

// Raw is an attribute as the directory says it. State tells an empty text from
// null and from what was not mentioned.
type Raw struct {
	Path  string
	State directory.State
	Text  string
}

// StepTrace is one transform and what it gave.
type StepTrace struct {
	Words   string
	Text    string
	Problem string
}

// Explain is Map with an account of every step, by the same code.
func (m *Mapper) Explain(s *reconcile.Subject, values []directory.Value, in reconcile.Membership) Explanation {
	t := &trace{rows: make([]RowTrace, len(m.rule.def.Rows))}
	m.sheet.values = values
	desired := m.mapSheet(nil, s, in, t)
	return Explanation{Clauses: t.clauses, Rows: t.rows, Desired: desired}
}

// trace collects an explanation. A nil trace collects nothing.
type trace struct {
	clauses []ClauseTrace
	rows    []RowTrace
	sources []Raw // of the row at hand
	steps   []StepTrace
}

func (t *trace) clause(c *clause, v *directory.Value, verdict verdict) {
	if t != nil {
		t.clauses = append(t.clauses, ClauseTrace{c.words, Raw{c.Path, v.State(), v.String()}, verdict == holds})
	}
}

func (t *trace) source(src *source, v *directory.Value) {
	if t != nil {
		t.sources = append(t.sources, Raw{src.path, v.State(), v.String()})
	}
}

func (t *trace) step(st *step, v *directory.Value, problem string) {
	if t != nil {
		t.steps = append(t.steps, StepTrace{st.Words(), v.String(), problem})
	}
}

func (t *trace) field(r *row, f *reconcile.DesiredField) {
	if t != nil {
		t.rows[r.number] = RowTrace{Row: r.number, Field: r.field.ID, Sources: t.sources, Steps: t.steps, Result: *f}
		t.sources, t.steps = nil, nil
	}
}
