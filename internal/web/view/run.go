package view

import (
	"strings"
	"time"
)

// RunRow is a run as lists show it.
type RunRow struct {
	ID                int64
	Path, Mode, Actor string
	State             Status
	Started           time.Time
	Took              time.Duration // 0 while running
	Added, Changed    int
	Deactivated       int
	Held, Failed      int
	People, Drift     int
}

// Summary says in a few words what a run did.
func (r RunRow) Summary() string {
	var out []string
	for _, part := range []struct {
		n    int
		word string
	}{{r.Added, "added"}, {r.Changed, "changed"}, {r.Deactivated, "deactivated"}, {r.Held, "held"}, {r.Failed, "failed"}} {
		if part.n > 0 {
			out = append(out, count(part.n)+" "+part.word)
		}
	}
	if len(out) == 0 {
		return "nothing to do"
	}
	return strings.Join(out, ", ")
}

// RunNote is what an administrator should know, with a page that says more; Path
// is "" without one.
type RunNote struct{ Text, Path, Link string }

// Runs is the list of a connection's runs.
type Runs struct {
	Crumbs     []Crumb
	Path       string
	Configured bool
	Rows       []RunRow
	Chart      Chart
}

// Run is one run's report.
type Run struct {
	Row                    RunRow
	Crumbs                 []Crumb
	Path                   string
	Running, Held, Preview bool
	MayApprove, Undoable   bool
	Holds                  []string
	Notes                  []RunNote
	Error, Hint            string
	Part, More             string
	Counts                 []Part
	Changes                []ChangeRow
	Requests, Retries      int
	Waited                 string
	Drift                  int
}

// Part is one number of a report.
type Part struct {
	Key, Label, Path string
	N                int
}

// ChangeRow is one change as people read it.
type ChangeRow struct {
	Seq                     int64
	Name, Path, Target      string
	Verb                    Status
	Reason, Detail, Mapping string
	State, By               string
	Remedy                  string // what to do about what was not done
	Held                    bool
	Spent                   bool // an addition whose values are no longer known here
	Lines                   []Line
}

// Line is one part of a change.
type Line struct{ Label, Before, After, Note string }

// Progress is where a run is. Step counts from 1 to 3.
type Progress struct {
	Step, Done, Total int
	What              string
}
