// Package doctor looks whether an installation can work, and says of each thing
// that it cannot rely on what to do about it. It changes nothing.
//
// Here stand the report and what is asked of the machine: files, disk and
// certificate. What is asked of the database, the mail server and the directories
// comes from where these are introduced to each other.
package doctor

import (
	"encoding/json"
	"strings"
)

// State is the outcome of one line. Its text stands in JSON.
type State string

// The states. Skip is for what could not be asked, for a reason that another line
// gives, or is not needed.
const (
	Pass State = "pass"
	Warn State = "warn" // it works, and will not for ever
	Fail State = "fail" // something does not work now
	Skip State = "skip"
)

// Line is one fact about an installation.
type Line struct {
	ID     string `json:"id"` // stays the same between versions
	State  State  `json:"state"`
	Text   string `json:"text"`   // what is so, as a sentence
	Remedy string `json:"remedy"` // what to do about it; "" when there is nothing to do
	Detail string `json:"detail"` // for a support case; "" for nothing
}

// Report is what was found.
type Report struct {
	Lines []Line
	Tell  func(Line) // gets each line as it is added; may be nil
}

// Add appends lines.
func (r *Report) Add(lines ...Line) {
	for _, l := range lines {
		r.Lines = append(r.Lines, l)
		if r.Tell != nil {
			r.Tell(l)
		}
	}
}

// State is the worst of the lines: fail, warn or pass.
func (r *Report) State() State {
	worst := Pass
	for _, l := range r.Lines {
		switch l.State {
		case Fail:
			return Fail
		case Warn:
			worst = Warn
		}
	}
	return worst
}

// MarshalJSON writes the worst state and the lines.
func (r *Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		State State  `json:"state"`
		Lines []Line `json:"lines"`
	}{r.State(), r.Lines})
}

var symbols = map[State]string{Pass: "✓", Warn: "!", Fail: "✗", Skip: "-"}

// Format returns a line as text for a terminal, with the remedy and the detail
// indented below.
//
//	✓  pass     !  warn     ✗  fail     -  skip
func (l Line) Format() string {
	var b strings.Builder
	b.WriteString(symbols[l.State] + " " + l.Text + "\n")
	if l.Remedy != "" {
		b.WriteString("    " + l.Remedy + "\n")
	}
	if l.Detail != "" && l.State != Pass {
		b.WriteString("    (" + strings.ReplaceAll(l.Detail, "\n", "\n     ") + ")\n")
	}
	return b.String()
}
