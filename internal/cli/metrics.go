package cli

import (
	"context"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/syncer"
)

// tally counts what this process does. docs/reference/metrics.md explains each
// name; a test holds the two together.
type tally struct {
	runs, asked, waited, retried *prometheus.CounterVec
	took, answered               *prometheus.HistogramVec
}

func newTally() *tally {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &tally{
		runs:    counter("muster_sync_runs_total", "Runs that ended in this process.", "connection", "mode", "state"),
		asked:   counter("muster_graph_requests_total", "Requests to Microsoft Graph and its sign-in host, by the status of the answer; none when no answer came.", "connection", "host", "status"),
		waited:  counter("muster_graph_waited_seconds_total", "Seconds that runs waited because the directory asked for it, or after a fault.", "connection"),
		retried: counter("muster_graph_retries_total", "Requests that runs sent again after a fault.", "connection"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "muster_sync_run_seconds", Help: "How long runs took that ended in this process.",
			Buckets: []float64{.1, 1, 5, 30, 120, 600, 3600}}, []string{"connection", "mode"}),
		answered: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "muster_graph_request_seconds", Help: "How long Microsoft took until an answer began.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 10, 60}}, []string{"connection"}),
	}
}

func (m *tally) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.runs, m.asked, m.waited, m.retried, m.took, m.answered, buildInfo()}
}

// ran counts a run that has ended.
func (m *tally) ran(r syncer.Run) {
	connection := strconv.FormatInt(r.Connection, 10)
	m.runs.WithLabelValues(connection, string(r.Mode), string(r.State)).Inc()
	m.took.WithLabelValues(connection, string(r.Mode)).Observe(r.FinishedAt.Sub(r.StartedAt).Seconds())
	m.waited.WithLabelValues(connection).Add(r.Stats.Usage.Waited.Seconds())
	m.retried.WithLabelValues(connection).Add(float64(r.Stats.Usage.Retries))
}

// watch has a client tell of its requests.
func (m *tally) watch(cfg entra.Config, connection int64) entra.Config {
	id := strconv.FormatInt(connection, 10)
	cfg.Answered = func(host string, status int, took time.Duration) {
		word := "none"
		if status != 0 {
			word = strconv.Itoa(status)
		}
		m.asked.WithLabelValues(id, host, word).Inc()
		m.answered.WithLabelValues(id).Observe(took.Seconds())
	}
	return cfg
}

// buildInfo says what runs.
func buildInfo() prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "muster_build_info", Help: "1, with the version that runs."}, []string{"version", "go"})
	g.WithLabelValues(buildVersion(), runtime.Version()).Set(1)
	return g
}

// databaseMetrics tells what the database says. All servers over one database
// say the same.
type databaseMetrics struct{ *house }

// figure describes one of them.
func figure(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	upMetric         = figure("muster_database_up", "1 when the database answers, else 0.")
	bytesMetric      = figure("muster_database_bytes", "Size of the database.")
	logMetric        = figure("muster_database_log_bytes", "Size of SQLite's write-ahead log; 0 on PostgreSQL.")
	connectionMetric = figure("muster_connection_info", "1 for each connection, with the names of where it belongs.", "connection", "account", "module")
	credentialMetric = figure("muster_connection_credential_days", "Days until the client secret or certificate ends; negative when it has ended.", "connection")
	ageMetric        = figure("muster_sync_age_seconds", "Seconds since a run for everybody last got through.", "connection")
	heldMetric       = figure("muster_sync_held_runs", "Runs of which a part waits for approval.", "connection")
	heldAgeMetric    = figure("muster_sync_held_seconds", "Seconds since the oldest of these began; 0 when there is none.", "connection")
	runningMetric    = figure("muster_sync_running", "Runs in progress, in whichever process.", "connection")
	stateMetric      = figure("muster_sync_last_run", "1 for the state that the newest run is in.", "connection", "state")
	sumMetric        = figure("muster_sync_last_changes", "What the newest run did, by outcome.", "connection", "outcome")
	lettersMetric    = figure("muster_letters", "Letters that wait, and that were given up in the last month.", "state")
	letterAgeMetric  = figure("muster_letters_waiting_seconds", "Seconds since the oldest letter that waits was written; 0 when none does.")
	jobsMetric       = figure("muster_jobs", "Jobs that wait, run, and failed in the last month.", "state")
	jobLateMetric    = figure("muster_jobs_late_seconds", "Seconds since the oldest job that waits was due; 0 when none is.")
	actsMetric       = figure("muster_automation_acts", "Actions of automations by state, of the time that their log is kept.", "state")
	actAgeMetric     = figure("muster_automation_waiting_seconds", "Seconds since the oldest action that waits was due; 0 when none is.")
)

// Describe names the metrics.
func (m *databaseMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upMetric, bytesMetric, logMetric, connectionMetric, credentialMetric, ageMetric, heldMetric, heldAgeMetric,
		runningMetric, stateMetric, sumMetric, lettersMetric, letterAgeMetric, jobsMetric, jobLateMetric, actsMetric, actAgeMetric} {
		ch <- d
	}
}

// collection is one answer under way.
type collection struct {
	ch  chan<- prometheus.Metric
	now time.Time
}

func (c collection) set(d *prometheus.Desc, v float64, labels ...string) {
	c.ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// since is how long ago a moment was, 0 for the zero time.
func (c collection) since(d *prometheus.Desc, at time.Time, labels ...string) {
	v := 0.0
	if !at.IsZero() {
		v = max(0, c.now.Sub(at).Seconds())
	}
	c.set(d, v, labels...)
}

// collectTime bounds how long the database is asked for one answer.
const collectTime = 5 * time.Second

// Collect asks the database; what it cannot tell is left out.
func (m *databaseMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTime)
	defer cancel()
	c := collection{ch, time.Now()}
	f, err := m.db.Figures(ctx)
	if err == nil {
		err = m.connections(ctx, c, f)
	}
	up := 1.0
	if err != nil {
		up = 0
	}
	c.set(upMetric, up)
	if err != nil {
		return
	}
	c.set(bytesMetric, float64(f.Bytes))
	c.set(logMetric, float64(f.LogBytes))
	for _, state := range []mail.State{mail.Queued, mail.Failed} {
		c.set(lettersMetric, float64(f.Letters[state]), string(state))
	}
	c.since(letterAgeMetric, f.OldestLetter)
	for _, state := range []job.State{job.Waiting, job.Running, job.Failed} {
		c.set(jobsMetric, float64(f.Jobs[state]), string(state))
	}
	c.since(jobLateMetric, f.OldestJob)
	for state, n := range f.Acts {
		c.set(actsMetric, float64(n), string(state))
	}
	c.since(actAgeMetric, f.OldestAct)
}

// connections tells of each connection.
func (m *databaseMetrics) connections(ctx context.Context, c collection, f store.Figures) error {
	list, err := m.sync.Connections(ctx)
	if err != nil {
		return err
	}
	accounts, modules, err := m.placeNames(ctx)
	if err != nil {
		return err
	}
	for _, conn := range list {
		id, s := strconv.FormatInt(conn.ID, 10), f.Syncs[conn.ID]
		c.set(connectionMetric, 1, id, accounts[conn.Account], modules[conn.Module])
		if ends := conn.Verdict.CredentialEnds; !ends.IsZero() {
			c.set(credentialMetric, ends.Sub(c.now).Hours()/24, id)
		}
		since := s.Success
		if since.IsZero() { // a connection that never synced grows old all the same
			since = conn.UpdatedAt
		}
		c.since(ageMetric, since, id)
		c.set(heldMetric, float64(s.Held), id)
		c.since(heldAgeMetric, s.HeldSince, id)
		c.set(runningMetric, float64(s.Running), id)
		if err := m.newest(ctx, c, conn.ID, id); err != nil {
			return err
		}
	}
	return nil
}

// placeNames are the names of accounts and of modules by their numbers.
func (m *databaseMetrics) placeNames(ctx context.Context) (accounts, modules map[int64]string, err error) {
	accounts, modules = map[int64]string{}, map[int64]string{}
	all, err := m.accounts.Tree(ctx, m.me)
	for _, b := range all {
		accounts[b.ID] = b.Name
		for _, module := range b.Modules {
			modules[module.ID] = module.Name
		}
	}
	return accounts, modules, err
}

// newest tells of a connection's newest run.
func (m *databaseMetrics) newest(ctx context.Context, c collection, connection int64, id string) error {
	runs, err := m.sync.Runs(ctx, connection, 1)
	if err != nil || len(runs) == 0 {
		return err
	}
	c.set(stateMetric, 1, id, string(runs[0].State))
	n := runs[0].Counts
	for outcome, v := range map[string]int{
		"added": n.Added, "changed": n.Changed, "deactivated": n.Deactivated, "reactivated": n.Reactivated,
		"unchanged": n.Unchanged, "held": n.Held, "skipped": n.Skipped, "failed": n.Failed,
	} {
		c.set(sumMetric, float64(v), id, outcome)
	}
	return nil
}
