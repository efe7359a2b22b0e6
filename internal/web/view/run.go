package view

import "time"

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
	Holds, Notes           []string
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
	Lines                   []Line
}

// Line is one part of a change.
type Line struct{ Label, Before, After, Note string }

// Progress is where a run is. Step counts from 1 to 3.
type Progress struct {
	Step, Done, Total int
	What              string
}
