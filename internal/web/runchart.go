package web

import (
	"fmt"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// chartRuns is how many runs a chart looks at: those of a year, each hour one.
const chartRuns = 10_000

// chartOf makes the chart of a connection's runs: the latest ones a point each,
// or the days of a month or the weeks of a year.
func (v *visit) chartOf(c syncer.Connection, latest []syncer.Run) (view.Chart, error) {
	span := v.text("span")
	if span != "month" && span != "year" {
		ch := view.Chart{Span: "runs"}
		for _, r := range slices.Backward(latest) {
			if charted(r) {
				p := view.Point{Label: fmt.Sprintf("run %d", r.ID)}
				addRun(&p, r)
				ch.Points = append(ch.Points, p)
			}
		}
		return ch, nil
	}
	all, err := v.site.Integrations.Runs(v.ctx(), v.who, c.ID, chartRuns)
	if err != nil {
		return view.Chart{}, err
	}
	step, n := 1, 30 // days
	if span == "year" {
		step, n = 7, 52
	}
	return view.Chart{Span: span, Points: pointsOf(all, v.now().In(v.frame.Zone), step, n)}, nil
}

// charted reports whether a run belongs into a chart: it ended, and was not just
// a look.
func charted(r syncer.Run) bool { return r.Mode != syncer.Preview && !r.FinishedAt.IsZero() }

// pointsOf sums runs, the latest first, up in n points of some days each, up to
// and including today. A time without any has a point without numbers.
func pointsOf(list []syncer.Run, now time.Time, step, n int) []view.Point {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	first := today.AddDate(0, 0, 1-step*n)
	points := make([]view.Point, n)
	for i := range points {
		points[i].Label = first.AddDate(0, 0, i*step).Format(time.DateOnly)
	}
	for _, r := range slices.Backward(list) {
		at := r.StartedAt.In(now.Location())
		day := time.Date(at.Year(), at.Month(), at.Day(), 12, 0, 0, 0, time.UTC)
		days := int(day.Sub(time.Date(first.Year(), first.Month(), first.Day(), 12, 0, 0, 0, time.UTC)) / (24 * time.Hour))
		if charted(r) && !at.Before(first) && days/step < n {
			addRun(&points[days/step], r)
		}
	}
	return points
}

// addRun adds a run to a point: changes and drift add up, the longest run and
// the last known size stay.
func addRun(p *view.Point, r syncer.Run) {
	p.Runs++
	p.Added += r.Counts.Added
	p.Changed += r.Counts.Changed
	p.Deactivated += r.Counts.Deactivated
	p.Failed += r.Counts.Failed
	p.Drift += r.Stats.Drift
	p.Took = max(p.Took, r.FinishedAt.Sub(r.StartedAt))
	if r.Stats.People > 0 {
		p.People = r.Stats.People
	}
}
