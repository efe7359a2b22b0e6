package entra

import (
	"strings"
	"time"
)

// State is the outcome of one line of a report.
type State string

// The states. Skip is for what could not be asked, for a reason that another
// line gives, or is not needed.
const (
	Pass State = "pass"
	Warn State = "warn"
	Fail State = "fail"
	Skip State = "skip"
)

// Line is one fact about a connection.
type Line struct {
	ID     string // stays the same between versions: "tenant", "permission User.Read.All"
	State  State
	Text   string // what is so, as a sentence for an administrator
	Remedy string // what to do about it; empty when there is nothing to do
	Detail string // for a support case: codes, trace and request IDs
}

// Report is the outcome of Check.
type Report struct {
	Lines []Line
	// What was learned on the way; zero when it was not.
	TenantID, TenantName, Domain string
	Roles                        []string  // granted application permissions
	CredentialEnds               time.Time // of the secret or certificate in use

	tell func(Line) // gets each line as it is added; may be nil
}

// add appends a line.
func (r *Report) add(l Line) {
	r.Lines = append(r.Lines, l)
	if r.tell != nil {
		r.tell(l)
	}
}

// skip appends lines for what cannot be asked.
func (r *Report) skip(reason string, ids ...string) {
	for _, id := range ids {
		r.add(Line{ID: id, State: Skip, Text: reason})
	}
}

// State is the worst state of the lines: fail, warn or pass.
func (r *Report) State() State {
	worst := Pass
	for _, l := range r.Lines {
		switch {
		case l.State == Fail:
			return Fail
		case l.State == Warn:
			worst = Warn
		}
	}
	return worst
}

// Line returns the line with the given ID.
func (r *Report) Line(id string) (Line, bool) {
	for _, l := range r.Lines {
		if l.ID == id {
			return l, true
		}
	}
	return Line{}, false
}

// Format returns the report as text for a terminal: a symbol and a sentence for
// each line, with the remedy and the detail indented below.
//
//	✓  pass     !  warn     ✗  fail     -  skip
func (r *Report) Format() string {
	var b strings.Builder
	for _, l := range r.Lines {
		b.WriteString(symbol(l.State) + " " + l.Text + "\n")
		if l.Remedy != "" {
			b.WriteString("    " + l.Remedy + "\n")
		}
		if l.Detail != "" && l.State != Pass {
			b.WriteString("    (" + l.Detail + ")\n")
		}
	}
	return b.String()
}

func symbol(s State) string {
	switch s {
	case Pass:
		return "✓"
	case Warn:
		return "!"
	case Fail:
		return "✗"
	}
	return "-"
}
