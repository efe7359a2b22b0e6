package view

import "time"

// RunRow is a run as lists show it.
type RunRow struct {
	ID                int64
	Path, Mode, Actor string
	State             Status
	Started           time.Time
	Took              string
	Added, Changed    int
	Deactivated       int
	Held, Failed      int
}

// Runs is the list of a connection's runs.
type Runs struct {
	Crumbs     []Crumb
	Path       string
	Configured bool
	Rows       []RunRow
	Chart      Chart
}

// Chart is runs over time, the oldest first.
type Chart struct{ Bars []Bar }

// Bar is one run in the chart.
type Bar struct {
	Label                               string
	Added, Changed, Deactivated, Failed int
}

func (b Bar) sum() int { return b.Added + b.Changed + b.Deactivated + b.Failed }

// Height and width of the chart and of one bar, in its own units.
const (
	chartHeight = 80
	barWidth    = 14
)

func (c Chart) width() int { return len(c.Bars) * barWidth }

// pieces are the coloured parts of a bar, from the bottom.
func (c Chart) pieces(i int) []piece {
	most := 1
	for _, b := range c.Bars {
		most = max(most, b.sum())
	}
	b := c.Bars[i]
	var out []piece
	y := chartHeight
	for _, p := range []struct {
		n     int
		class string
	}{{b.Added, "chart-added"}, {b.Changed, "chart-changed"}, {b.Deactivated, "chart-deactivated"}, {b.Failed, "chart-failed"}} {
		if p.n == 0 {
			continue
		}
		h := max(2, p.n*chartHeight/most)
		y = max(0, y-h)
		out = append(out, piece{X: i*barWidth + 2, Y: y, H: h, Class: p.class})
	}
	return out
}

type piece struct {
	X, Y, H int
	Class   string
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
