package server

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
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

// meter counts requests by class and status.
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
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "muster_http_requests_total", Help: "Requests answered, by class and status."}, []string{"class", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "muster_http_request_seconds", Help: "How long requests took; streams are as long as somebody watches.", Buckets: []float64{.005, .02, .1, .5, 2, 10, 60},
		}, []string{"class"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(o.Metrics...)
	mux.Handle(patternMetrics, o.watchersOnly(promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))
	return m
}

// watchersOnly lets watchers read what an installation's numbers tell.
//
//	comes with the token                         yes
//	from this machine, and no proxy between      yes
//	anybody else                                 no
//
// A proxy on this machine is seen by the X-Forwarded-For that it adds, unless it
// is trusted: then the address is the visitor's own.
func (o *Options) watchersOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.knows(r) && !direct(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "These numbers are for monitoring systems on this machine, and for those with the token of MUSTER_METRICS_TOKEN.", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knows reports whether a request shows the token for metrics.
func (o *Options) knows(r *http.Request) bool {
	given, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return is && !o.MetricsToken.IsZero() && subtle.ConstantTimeCompare([]byte(given), []byte(o.MetricsToken.Reveal())) == 1
}

// direct reports whether a request comes from this machine without a proxy.
func direct(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback() && r.Header.Get(forwardedFor) == "" && r.Header.Get("Forwarded") == ""
}

// classOf sorts requests, of which there are few classes whatever paths people
// ask for.
func classOf(r *http.Request, stream bool) string {
	switch {
	case stream:
		return "stream"
	case r.Pattern == patternHealth || r.Pattern == patternReady || r.Pattern == patternMetrics:
		return "watch"
	case strings.HasPrefix(r.URL.Path, "/api/"):
		return "api"
	case strings.HasPrefix(r.URL.Path, "/static/"):
		return "static"
	}
	return "page"
}

// count notes a request.
func (m *meter) count(class string, status int, took time.Duration) {
	m.requests.WithLabelValues(class, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(class).Observe(took.Seconds())
}
