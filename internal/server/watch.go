package server

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// What machines ask for that watch over this one.
const (
	patternHealth  = "GET /healthz" // the process lives
	patternReady   = "GET /readyz"  // and can work: the database answers
	patternMetrics = "GET /metrics" // numbers for Prometheus
)

// meter counts requests by route.
type meter struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// watch puts the endpoints for watchers on the mux.
func (o *Options) watch(mux *http.ServeMux) *meter {
	mux.HandleFunc(patternHealth, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc(patternReady, func(w http.ResponseWriter, r *http.Request) {
		if o.Ready != nil {
			if err := o.Ready(r.Context()); err != nil {
				o.Log.Warn("not ready", "error", err)
				http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
				return
			}
		}
		fmt.Fprintln(w, "ready")
	})
	m := &meter{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "muster_http_requests_total", Help: "Requests answered."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "muster_http_request_seconds", Help: "How long requests took.", Buckets: []float64{.005, .02, .1, .5, 2, 10, 60},
		}, []string{"route"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(o.Metrics...)
	mux.Handle(patternMetrics, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return m
}

// count notes a request under the pattern that it matched, of which there are
// as many as there are routes, whatever paths people ask for.
func (m *meter) count(r *http.Request, status int, took time.Duration) {
	route := r.Pattern
	if route == "" || route == "/" {
		route = "other"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}
