package view

import (
	"fmt"
	"strings"
	"time"
)

// Chart is runs over time, the oldest first: what they changed, how long they
// took, and how large the directory was. Each point is a run, or all runs of a
// day or a week.
type Chart struct {
	Span   string // runs, month, year
	Points []Point
}

// Point is one place of the chart. People is 0 where it was not counted.
type Point struct {
	Label                               string
	Runs                                int
	Added, Changed, Deactivated, Failed int
	Took                                time.Duration // of the longest run
	People, Drift                       int
}

// Charts are drawn in units of their own and stretched to the width of the page:
// each point is ten wide.
const (
	chartHeight = 100
	pointWidth  = 10
	fewest      = 20 // points that there is room for, so that a few are not as wide as the page
)

// series is one colour of a chart: a value a point.
type series struct {
	label, class string
	value        func(p Point) int
}

var (
	changeSeries = [...]series{
		{"added", "chart-added", func(p Point) int { return p.Added }},
		{"changed", "chart-changed", func(p Point) int { return p.Changed }},
		{"deactivated", "chart-deactivated", func(p Point) int { return p.Deactivated }},
		{"failed", "chart-failed", func(p Point) int { return p.Failed }},
	}
	tookSeries  = [...]series{{"duration", "chart-changed", func(p Point) int { return int(p.Took / time.Millisecond) }}}
	driftSeries = [...]series{{"drift", "chart-deactivated", func(p Point) int { return p.Drift }}}
)

// most is the largest sum of a point's values, at least 1.
func (c Chart) most(list []series) int {
	most := 1
	for _, p := range c.Points {
		sum := 0
		for _, s := range list {
			sum += s.value(p)
		}
		most = max(most, sum)
	}
	return most
}

// piece is a coloured part of a bar.
type piece struct {
	X, Y, H int
	Class   string
}

// pieces are the parts of a point's bar, from the bottom. What is there at all
// can be seen: two units are the least.
func (c Chart) pieces(i int, list []series, most int) []piece {
	var out []piece
	y := chartHeight
	for _, s := range list {
		n := s.value(c.Points[i])
		if n <= 0 {
			continue
		}
		h := max(2, n*chartHeight/most)
		y = max(0, y-h)
		out = append(out, piece{X: i*pointWidth + 1, Y: y, H: h, Class: s.class})
	}
	return out
}

// viewBox is the chart's own measure.
func (c Chart) viewBox() string {
	return fmt.Sprintf("0 0 %d %d", max(fewest, len(c.Points))*pointWidth, chartHeight)
}

// sizes are the smallest and the largest size of the directory.
func (c Chart) sizes() (low, high int) {
	for _, p := range c.Points {
		if p.People == 0 {
			continue
		}
		if low == 0 {
			low, high = p.People, p.People
		}
		low, high = min(low, p.People), max(high, p.People)
	}
	return low, high
}

// line is the directory's size as the points of a line, between its smallest and
// its largest; points without a count are passed over.
func (c Chart) line() string {
	low, high := c.sizes()
	var out []string
	for i, p := range c.Points {
		if p.People == 0 {
			continue
		}
		y := chartHeight / 2
		if high > low {
			y = 95 - (p.People-low)*90/(high-low)
		}
		out = append(out, fmt.Sprintf("%d,%d", i*pointWidth+pointWidth/2, y))
	}
	if len(out) == 1 { // a point by itself is no line
		out = append(out, strings.Replace(out[0], ",", "1,", 1))
	}
	return strings.Join(out, " ")
}

// sum is the sum of all values of a chart.
func (c Chart) sum(list []series) int {
	sum := 0
	for _, p := range c.Points {
		for _, s := range list {
			sum += s.value(p)
		}
	}
	return sum
}

// says is a bar's numbers in words.
func (p Point) says() string {
	return fmt.Sprintf("%s: %s added, %s changed, %s deactivated, %s failed", p.Label, count(p.Added), count(p.Changed), count(p.Deactivated), count(p.Failed))
}

// took says a duration as short as it can be read.
func took(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(1, d/time.Millisecond))
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// longest is the longest duration of all points.
func (c Chart) longest() time.Duration {
	d := time.Duration(0)
	for _, p := range c.Points {
		d = max(d, p.Took)
	}
	return d
}

// people says the directory's size, a dash where it was not counted.
func people(n int) string {
	if n == 0 {
		return "–"
	}
	return count(n)
}
