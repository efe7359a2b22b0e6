// Package entra reads Microsoft Entra ID through Microsoft Graph v1.0, with the
// application's own credentials, and never writes there.
//
// One Client serves one run of one connection. It lists, follows changes,
// looks things up and checks a connection; every page that it delivers arrived
// whole, and a reading that ends without an error is complete. Pages are cut
// into documents, not decoded: what an attribute says is read later, and only
// when it changed.
package entra

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reach"
	"github.com/musterhq/muster/internal/secret"
)

// Config says which tenant to read, as whom, and how patiently. Zero values of
// the last group stand for the defaults named there.
type Config struct {
	TenantID            string // a GUID or a verified domain
	ClientID            string // the application's (client) ID
	ApplicationObjectID string // of the app registration; only Check uses it
	ClientSecret        secret.Text
	Certificate         CertificateConfig // instead of a secret

	Cloud              Cloud // "" is Global
	LoginURL, GraphURL string
	CAPEM              []byte // further roots to trust, for custom hosts
	// Outside keeps custom hosts from leading to this machine or into a private
	// network; Microsoft's own never do. A proxy of the environment counts as the
	// address that is asked.
	Outside bool

	Now         func() time.Time // default time.Now
	UserAgent   string           // default "muster"
	RetryBudget time.Duration    // all waiting that the Client may do; default 30 minutes
	MaxRetries  int              // per request; default 8, negative for none
	PageSize    int              // 1 to 999, the default
	MaxPages    int              // of one reading; default 20,000
	MaxBody     int              // bytes of one body; default 64 MiB

	// Answered is told of each request: the host, the status of the answer or 0
	// when none came, and how long it took until it began. It may be nil.
	Answered func(host string, status int, took time.Duration)
}

// attemptTime bounds one request with its body, so that a connection that
// stalls is given up and tried anew.
const attemptTime = 3 * time.Minute

var (
	guid   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	domain = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)+$`)
)

// Client reads one tenant. It is safe for concurrent use; Close it when done.
type Client struct {
	cfg    Config
	graph  *url.URL
	login  *url.URL
	http   *http.Client
	tokens *tokenCache
	retry  *retrier
	usage  counters
	habits habits
}

// New returns a client. It checks the configuration and sends nothing; what is
// wrong with it comes as errs.Invalid with the field's name as subject.
func New(cfg Config) (*Client, error) {
	setDefaults(&cfg)
	if err := checkIDs(&cfg); err != nil {
		return nil, err
	}
	login, graph, err := endpoints(&cfg)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(&cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, graph: graph, login: login, http: &http.Client{
		Transport: observe(transport, cfg.Answered),
		// A redirect could carry the token to another host. Graph sends none.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.retry = newRetrier(cfg.MaxRetries, cfg.RetryBudget, &c.usage)
	prove, err := newProof(&cfg, c.tokenURL())
	if err != nil {
		return nil, err
	}
	c.tokens = newTokenCache(cfg.Now, (&signIn{client: c, prove: prove}).token)
	return c, nil
}

func setDefaults(cfg *Config) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "muster"
	}
	positive := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	if cfg.MaxRetries == 0 {
		cfg.MaxRetries = 8
	}
	if cfg.RetryBudget <= 0 {
		cfg.RetryBudget = 30 * time.Minute
	}
	positive(&cfg.PageSize, 999)
	cfg.PageSize = min(cfg.PageSize, 999)
	positive(&cfg.MaxPages, 20_000)
	positive(&cfg.MaxBody, 64<<20)
}

func checkIDs(cfg *Config) error {
	if !guid.MatchString(cfg.TenantID) && !domain.MatchString(cfg.TenantID) {
		return errs.New(errs.Invalid, "%q is neither a directory (tenant) ID nor a domain", cfg.TenantID).About("tenant ID").
			WithHint("Copy Directory (tenant) ID from the overview of the app registration.")
	}
	if !guid.MatchString(cfg.ClientID) {
		return errs.New(errs.Invalid, "%q is not an application (client) ID", cfg.ClientID).About("client ID").
			WithHint("Copy Application (client) ID from the overview of the app registration.")
	}
	if id := cfg.ApplicationObjectID; id != "" && !guid.MatchString(id) {
		return errs.New(errs.Invalid, "%q is not an object ID", id).About("application object ID").
			WithHint("Copy Object ID from the overview of the app registration.")
	}
	return nil
}

// newTransport returns the one transport of a client: kept-alive connections,
// HTTP/2 where offered, the proxy of the environment. It accepts gzip.
func newTransport(cfg *Config) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if cfg.Cloud == Custom && cfg.Outside {
		dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second, Control: reach.Guard(nil).Dial}
		t.DialContext = dialer.DialContext
	}
	t.MaxIdleConnsPerHost = 16
	t.ResponseHeaderTimeout = 2 * time.Minute
	t.ReadBufferSize = 64 << 10
	if len(cfg.CAPEM) == 0 {
		return t, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a machine without roots still has the given ones
	}
	if !roots.AppendCertsFromPEM(cfg.CAPEM) {
		return nil, errs.New(errs.Invalid, "there is no certificate in the extra roots").About("CA certificates").
			WithHint("Give certificates in PEM, beginning with -----BEGIN CERTIFICATE-----.")
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// Usage counts what the client did since New.
func (c *Client) Usage() directory.Usage { return c.usage.snapshot() }

// Close ends the connections that are kept alive.
func (c *Client) Close() { c.http.CloseIdleConnections() }
