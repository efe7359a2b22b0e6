package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web"
)

// serveCmd runs unattended: it syncs on schedule and answers health and metrics.
type serveCmd struct {
	Listen string `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"ADDRESS"`
}

// shutdown is how long requests in progress have to finish.
const shutdown = 10 * time.Second

// Run serves until it is stopped. A run in progress is cancelled between two
// batches, and goes on at the next start.
func (cmd *serveCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	listener, err := net.Listen("tcp", cmd.Listen)
	if err != nil {
		return errs.New(errs.Invalid, "cannot listen on %s", cmd.Listen).Because(err).WithHint("Choose another address with --listen.")
	}
	log := slog.New(slog.NewTextHandler(c.err, nil))
	server := &http.Server{
		Handler: h.routes(log), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	c.line("Muster listens on http://%s", listener.Addr())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.keepTime(ctx, log)
	}()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdown)
		defer cancel()
		err = server.Shutdown(end)
	}
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// routes are the application and the endpoints for machines that watch over it.
func (h *house) routes(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := h.db.Ping(r.Context()); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(&runMetrics{house: h})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	site := web.New(web.Deps{Accounts: h.accounts, Records: h.records, Integrations: h.work, Log: log})
	mux.Handle("/", http.NewCrossOriginProtection().Handler(site.Handler()))
	return mux
}

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

// lookEvery is how often the schedule is looked at.
const lookEvery = 15 * time.Second

// keepTime runs what is due until the context ends.
func (h *house) keepTime(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := h.runDue(ctx, time.Now()); err != nil && ctx.Err() == nil {
			log.Error("a scheduled sync failed", "error", err, "next step", errs.HintOf(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// runDue syncs the connections whose time has come.
func (h *house) runDue(ctx context.Context, now time.Time) error {
	list, err := h.sync.Connections(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for _, conn := range list {
		full, due, err := h.due(ctx, conn, now)
		if err == nil && due {
			_, err = h.sync.Run(ctx, syncer.Request{
				Connection: conn.ID, Full: full, Asked: "schedule", Actor: account.System().Actor(),
			})
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("connection %d: %w", conn.ID, err))
		}
	}
	return errors.Join(faults...)
}

// due reports whether a connection's next sync is due, and whether in full. A
// failed run counts as one: it is tried again at the next time, not at once.
func (h *house) due(ctx context.Context, conn syncer.Connection, now time.Time) (full, due bool, err error) {
	zone, err := time.LoadLocation(conn.Schedule.TimeZone)
	if err != nil {
		return false, false, err
	}
	last, lastFull := conn.UpdatedAt, conn.UpdatedAt
	runs, err := h.sync.Runs(ctx, conn.ID, 200)
	if err != nil {
		return false, false, err
	}
	for _, r := range runs {
		if r.Mode == syncer.Preview {
			continue
		}
		if r.StartedAt.After(last) {
			last = r.StartedAt
		}
		if r.Mode == syncer.Full && r.StartedAt.After(lastFull) {
			lastFull = r.StartedAt
		}
	}
	passed := func(words string, since time.Time) bool {
		t, err := config.ParseTiming(words)
		next := t.Next(since, zone)
		return err == nil && !next.IsZero() && !next.After(now)
	}
	if conn.Schedule.Full != "" && passed(conn.Schedule.Full, lastFull) {
		return true, true, nil
	}
	return false, conn.Schedule.Incremental != "" && passed(conn.Schedule.Incremental, last), nil
}

// backupCmd writes a backup.
type backupCmd struct {
	File string `arg:"" optional:"" help:"Where to; muster-<time>.backup when not given." type:"path"`
}

// Run writes a backup that is consistent while other processes work. The key is
// not in it: secrets in a backup stay sealed.
func (cmd *backupCmd) Run(ctx context.Context, c *console, p *program) (err error) {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	if cmd.File == "" {
		cmd.File = "muster-" + time.Now().UTC().Format("20060102-150405") + ".backup"
	}
	partial := cmd.File + ".partial"
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return errs.New(errs.Invalid, "the backup cannot be written").Because(err)
	}
	defer os.Remove(partial) // gone already when all went well
	if err := errors.Join(h.db.Backup(ctx, f), f.Sync(), f.Close()); err != nil {
		return errs.Wrap(err, "write the backup")
	}
	if err := os.Rename(partial, cmd.File); err != nil {
		return err
	}
	c.line("Backup written to %s. Keep the key %s apart from it: without it the client secret cannot be read.", cmd.File, filepath.Join(p.Data, "key"))
	return nil
}

// restoreCmd restores a backup.
type restoreCmd struct {
	File string `arg:"" help:"The backup." type:"existingfile"`
}

// Run restores into an empty database only.
func (cmd *restoreCmd) Run(ctx context.Context, c *console, p *program) error {
	f, err := os.Open(cmd.File)
	if err != nil {
		return errs.New(errs.Invalid, "the backup cannot be read").Because(err)
	}
	defer f.Close()
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := h.db.Restore(ctx, f, info.Size()); err != nil {
		return errs.Wrap(err, "restore "+cmd.File)
	}
	c.line("Restored from %s.", cmd.File)
	return nil
}

// completionCmd prints a completion script.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the script; it completes the names of commands.
func (cmd *completionCmd) Run(c *console, names commandNames) error {
	words := strings.Join(names, " ")
	switch cmd.Shell {
	case "bash":
		c.line("complete -W %q muster", words)
	case "zsh":
		c.line("#compdef muster\n_arguments '1: :(%s)' '*: :_files'", words)
	case "fish":
		c.line("complete -c muster -n __fish_use_subcommand -f -a %q", words)
	}
	return nil
}

// commandNames are the names of all commands.
type commandNames []string
