package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/musterhq/muster/internal/syncer"
)

// runMetrics tells of the newest run of each connection.
type runMetrics struct{ *house }

var (
	ageMetric = prometheus.NewDesc("muster_sync_age_seconds", "Seconds since a run of the connection last succeeded.", []string{"connection"}, nil)
	runMetric = prometheus.NewDesc("muster_sync_last_run", "1 for the state that the newest run of the connection is in.", []string{"connection", "state"}, nil)
	sumMetric = prometheus.NewDesc("muster_sync_last_changes", "What the newest run of the connection did, by outcome.", []string{"connection", "outcome"}, nil)
)

// Describe names the metrics.
func (m *runMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- ageMetric
	ch <- runMetric
	ch <- sumMetric
}

// Collect asks the database; what it cannot tell is left out.
func (m *runMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	list, err := m.sync.Connections(ctx)
	if err != nil {
		return
	}
	for _, conn := range list {
		runs, err := m.sync.Runs(ctx, conn.ID, 50)
		if err != nil || len(runs) == 0 {
			continue
		}
		name := fmt.Sprint(conn.ID)
		gauge := func(d *prometheus.Desc, v float64, label string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, name, label)
		}
		gauge(runMetric, 1, string(runs[0].State))
		n := runs[0].Counts
		for outcome, v := range map[string]int{
			"added": n.Added, "changed": n.Changed, "deactivated": n.Deactivated, "reactivated": n.Reactivated,
			"unchanged": n.Unchanged, "held": n.Held, "skipped": n.Skipped, "failed": n.Failed,
		} {
			gauge(sumMetric, float64(v), outcome)
		}
		for _, r := range runs {
			if r.State == syncer.Succeeded && r.Mode != syncer.Preview {
				ch <- prometheus.MustNewConstMetric(ageMetric, prometheus.GaugeValue, time.Since(r.FinishedAt).Seconds(), name)
				break
			}
		}
	}
}
