package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/api"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/once"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/server"
	"github.com/musterhq/muster/internal/web"
)

// serveCmd serves the application and syncs on schedule.
type serveCmd struct {
	Listen           string   `help:"Address to listen on." default:"127.0.0.1:8080" env:"MUSTER_LISTEN" placeholder:"ADDRESS"`
	BaseURL          string   `name:"base-url" help:"Address at which browsers find Muster, when it is another than the one it listens on." env:"MUSTER_BASE_URL" placeholder:"URL"`
	TLSCert          string   `name:"tls-cert" help:"PEM file with the certificate and its chain, for https." env:"MUSTER_TLS_CERTIFICATE" type:"existingfile" placeholder:"FILE"`
	TLSKey           string   `name:"tls-key" help:"PEM file with the certificate's private key." env:"MUSTER_TLS_KEY" type:"existingfile" placeholder:"FILE"`
	TrustedProxies   []string `name:"trusted-proxy" help:"Address or network of a proxy in front, whose X-Forwarded headers are believed." env:"MUSTER_TRUSTED_PROXIES" placeholder:"ADDRESS"`
	PostTo           []string `name:"post-to" help:"Address or network of this machine or a private network that automations may post to." env:"MUSTER_POST_TO" placeholder:"NETWORK"`
	MetricsTokenFile string   `name:"metrics-token-file" help:"File with the token by which other machines read /metrics; else MUSTER_METRICS_TOKEN holds it." env:"MUSTER_METRICS_TOKEN_FILE" type:"path" placeholder:"FILE"`
	NoWeb            bool     `help:"Answer health and metrics only: a server for the work." env:"MUSTER_NO_WEB"`
	NoWork           bool     `help:"Leave what is due (scheduled syncs, automations, letters) to other servers over the same database." env:"MUSTER_NO_WORK"`
	LogLevel         string   `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"MUSTER_LOG_LEVEL"`
	LogFormat        string   `help:"text for people, json for collectors." enum:"text,json" default:"text" env:"MUSTER_LOG_FORMAT"`
}

// Run serves until it is stopped. A run in progress is cancelled between two
// batches, and goes on at the next start.
func (cmd *serveCmd) Run(ctx context.Context, c *console, p *program) error {
	if (cmd.TLSCert == "") != (cmd.TLSKey == "") {
		return errs.New(errs.Invalid, "only one of --tls-cert and --tls-key is given").WithHint("Give both for https, or neither.")
	}
	if cmd.NoWeb && cmd.NoWork {
		return errs.New(errs.Invalid, "a server with --no-web and --no-work has nothing to do").WithHint("Leave one of them out.")
	}
	proxies, err := server.ParseProxies(cmd.TrustedProxies)
	if err != nil {
		return err
	}
	base, err := baseURL(cmd.BaseURL)
	if err != nil {
		return err
	}
	poster, err := newPoster(cmd.PostTo)
	if err != nil {
		return err
	}
	metricsToken, err := cmd.metricsToken(c)
	if err != nil {
		return err
	}
	c.log = cmd.logger(c)
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	h.automations.Post, h.automations.BaseURL = poster, base
	l, err := listen(cmd.Listen)
	if err != nil {
		return err
	}
	at := address(l, cmd.TLSCert != "")
	c.line("Muster listens on %s", at)
	token, err := h.setupToken(ctx)
	if err != nil {
		l.Close()
		return err
	}
	if token != "" {
		c.line("It is not set up yet. Open %s/setup?%s", cmp.Or(base, at), url.Values{"token": {token}}.Encode())
	}
	h.part = part{web: !cmd.NoWeb, work: !cmd.NoWork}
	return h.serve(ctx, l, web.Deps{Log: c.log, SetupToken: token, BaseURL: base}, server.Options{
		Certificate: cmd.TLSCert, Key: cmd.TLSKey, TrustedProxies: proxies, MetricsToken: metricsToken,
	})
}

// metricsToken is what lets a monitoring system on another machine read the
// numbers: the text of a file, or of a variable.
func (cmd *serveCmd) metricsToken(c *console) (secret.Text, error) {
	text := c.getenv("MUSTER_METRICS_TOKEN")
	if cmd.MetricsTokenFile != "" {
		b, err := os.ReadFile(cmd.MetricsTokenFile)
		if err != nil {
			return secret.Text{}, errs.New(errs.Invalid, "the token for metrics cannot be read").Because(err)
		}
		text = string(b)
	}
	text = strings.TrimSpace(text)
	if text != "" && len(text) < 16 {
		return secret.Text{}, errs.New(errs.Invalid, "the token for metrics is short enough to be guessed").WithHint("Make one with: openssl rand -hex 32")
	}
	return secret.New(text), nil
}

func (cmd *serveCmd) logger(c *console) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cmd.LogLevel)); err != nil {
		level = slog.LevelInfo // the flag has four values
	}
	o := &slog.HandlerOptions{Level: level}
	if cmd.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(c.err, o))
	}
	return slog.New(slog.NewTextHandler(c.err, o))
}

// baseURL reads the address at which browsers find the application: scheme and
// host, since it lives at the root of its host.
func baseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if text == "" {
		return "", nil
	}
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", errs.New(errs.Invalid, "%q is not an address at which browsers find Muster", text).WithHint("Write it like https://assets.example.com.")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, errs.New(errs.Invalid, "cannot listen on %s", address).Because(err).WithHint("Choose another address with --listen.")
	}
	return l, nil
}

// address is how a browser on this machine reaches a listener.
func address(l net.Listener, tls bool) string {
	scheme := "http"
	if tls {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return scheme + "://" + l.Addr().String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// setupToken returns what a visitor from elsewhere has to show who sets Muster
// up, or "" when it is set up.
func (h *house) setupToken(ctx context.Context) (string, error) {
	_, err := h.accounts.Organization(ctx)
	if errs.Is(err, errs.NotFound) {
		return rand.Text(), nil
	}
	return "", err
}

// serve runs the application and the schedule until the context ends. d says
// what is special about it; the rest is the house's.
func (h *house) serve(ctx context.Context, l net.Listener, d web.Deps, o server.Options) error {
	d.Accounts, d.Records, d.Lists, d.Exchange, d.Files, d.Integrations, d.Automations = h.accounts, h.records, h.lists, h.exchange, h.files, h.work, h.automations
	d.Now = h.now
	d.Keys, d.Mail, d.Jobs, d.Uploads = h.keys, h.mail, h.jobs, h.exchange.Uploads(h.db, h.scratch, d.Log)
	o.Log, o.Ready, o.Metrics = d.Log, h.db.Ping, append(h.tally.collectors(), &databaseMetrics{h})
	release, err := h.alone()
	if err != nil {
		l.Close()
		return err
	}
	defer release()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	if h.part.work {
		for _, keep := range []func(context.Context, *slog.Logger){h.keepJobs, h.keepIndex, h.keepAutomations, h.keepMail} {
			work.Go(func() { keep(ctx, d.Log) })
		}
	}
	app := http.Handler(http.HandlerFunc(noWeb))
	if h.part.web {
		app = h.site(d)
	}
	err = server.Serve(ctx, l, app, o)
	stop()
	work.Wait()
	return err
}

// part is what one of several servers over a database does.
type part struct{ web, work bool }

// noWeb answers browsers and programs that came to a server for the work.
func noWeb(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "This server does the work of Muster, and has no pages: it was started with --no-web.", http.StatusNotFound)
}

// site is the application for browsers and for programs, on one mux.
func (h *house) site(d web.Deps) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", web.New(d).Handler())
	mux.Handle(api.Prefix+"/", api.New(api.Deps{
		Accounts: h.accounts, Records: h.records, Lists: h.lists, Exchange: h.exchange, Files: h.files, Integrations: h.work,
		Automations: h.automations, Mail: h.mail, Jobs: h.jobs,
		Principal: h.principalOf, Once: once.New(h.db, h.keys, h.now), Log: d.Log, BaseURL: d.BaseURL, Now: h.now,
	}).Handler())
	return mux
}

// principalOf tells on whose behalf a token acts.
func (h *house) principalOf(ctx context.Context, token secret.Text, address string) (account.Principal, error) {
	who, _, err := h.accounts.PrincipalOfToken(ctx, token, address)
	return who, err
}
