// Package server puts the application on the network: one mux behind one chain
// of middleware, over TLS if wanted, with limits against slow and oversized
// requests, endpoints for machines that watch over it, and a stop that lets
// requests in progress finish.
//
// What it tells the handlers it tells in the request itself:
//
//	r.RemoteAddr             the client's address, seen through trusted proxies
//	r.URL.Scheme             "https" when the client came so, to here or to a trusted proxy; else ""
//	r.Host                   the host that the client asked for
//	r.Header X-Request-Id    the request's number, as the log has it
//	r.Context()              of event streams ends when the server is told to stop
//
// X-Forwarded-For is gone when a trusted proxy sent it. When it is still there,
// somebody in between forwards who is not trusted.
package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/musterhq/muster/internal/secret"
)

// Options are how to serve. The zero value serves plain HTTP and trusts no proxy.
type Options struct {
	Log            *slog.Logger
	Certificate    string         // PEM file with the certificate and its chain; "" for plain HTTP
	Key            string         // PEM file with its private key
	TrustedProxies []netip.Prefix // whose X-Forwarded headers are believed
	// Ready says whether the program can work; nil for always.
	Ready   func(ctx context.Context) error
	Metrics []prometheus.Collector
	// MetricsToken lets a monitoring system read /metrics from elsewhere than this
	// machine; zero for nobody.
	MetricsToken secret.Text
	Grace        time.Duration // for requests in progress to finish; 0 for ten seconds

	patience patience
}

// patience is how long slow clients are waited for. It is set by tests only.
type patience struct {
	header time.Duration // for the whole of a request's header
	body   time.Duration // for a body, besides what its size takes at slowest
	write  time.Duration // for a client to take a piece of the answer
	idle   time.Duration // between two requests of a connection
}

func (p patience) orUsual() patience {
	return patience{
		header: cmp.Or(p.header, 5*time.Second),
		body:   cmp.Or(p.body, 20*time.Second),
		write:  cmp.Or(p.write, 30*time.Second),
		idle:   cmp.Or(p.idle, 2*time.Minute),
	}
}

const (
	usualGrace = 10 * time.Second
	// mostHeader is the largest header that is read, in bytes.
	mostHeader = 64 << 10
)

// Serve answers requests that come in on a listener until ctx ends, then lets
// those in progress finish. It closes the listener. It returns nil after a stop.
func Serve(ctx context.Context, l net.Listener, app http.Handler, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.patience = o.patience.orUsual()
	srv := &http.Server{
		Handler:           o.handler(ctx, app),
		ReadHeaderTimeout: o.patience.header,
		IdleTimeout:       o.patience.idle,
		MaxHeaderBytes:    mostHeader,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug), // handshakes that strangers break off
	}
	if o.Certificate != "" {
		c, err := loadCertificate(o.Certificate, o.Key)
		if err != nil {
			l.Close()
			return err
		}
		srv.TLSConfig = c.config()
	}
	failed := make(chan error, 1)
	go func() {
		if srv.TLSConfig != nil {
			failed <- srv.ServeTLS(l, "", "")
			return
		}
		failed <- srv.Serve(l)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return o.stop(ctx, srv)
}

// stop lets requests in progress finish, and breaks off what takes longer.
func (o *Options) stop(ctx context.Context, srv *http.Server) error {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(o.Grace, usualGrace))
	defer cancel()
	err := srv.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		o.Log.Warn("requests were broken off that did not finish in time")
		return srv.Close()
	}
	return err
}

// handler is the whole chain, outermost first. stopping ends event streams.
func (o *Options) handler(stopping context.Context, app http.Handler) http.Handler {
	mux := http.NewServeMux()
	meter := o.watch(mux)
	mux.Handle("/", sameOrigin(zipped(app)))
	var h http.Handler = mux
	h = limited(o.patience, h)
	h = secured(h)
	h = proxied(o.TrustedProxies, h)
	return &tracer{stopping, o.Log, meter, o.patience, h}
}

// sameOrigin refuses acts that other sites have a visitor's browser do.
func sameOrigin(h http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "This request came from a page of another site and was refused.\nGo back, load the page again, and repeat what you did. "+
			"If it happens again, the proxy in front of Muster has to pass on the Host header.", http.StatusForbidden)
	}))
	return guard.Handler(h)
}
