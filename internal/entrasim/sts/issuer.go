// Package sts is the sign-in side of the simulated tenant: the token endpoint
// with its AADSTS errors, OpenID Connect discovery and keys, and the authorize
// page. It knows people only through a small Directory.
package sts

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// Person is who signs in.
type Person struct {
	ID, UserPrincipalName, DisplayName, Mail string
	Enabled                                  bool
}

// Directory finds live people.
type Directory interface {
	// Person takes an object id or a sign-in name.
	Person(key string) (Person, bool)
	// Search lists at most top people for the sign-in page; total counts all
	// that match.
	Search(text string, top int) (people []Person, total int)
}

// Config is what the issuer needs to know of its tenant.
type Config struct {
	TenantID, ClientID string
	Domains            []string // verified domains, which stand for the tenant in URLs
	PrincipalID        string   // object id of the application's service principal
	RedirectURIs       []string // empty: any address on loopback
	Directory          Directory
	Now                func() time.Time
	NoConsent          func() bool  // a fault: tokens come without roles
	Note               func(string) // counts a kind of call
}

// Issuer signs people and the application in.
type Issuer struct {
	cfg      Config
	App      Application
	Keys     Keyring
	sessions sessions
}

// New makes the issuer of one tenant and its one application.
func New(cfg Config, clientSecret string, roles []string, certificates [][]byte) *Issuer {
	t := &Issuer{cfg: cfg}
	t.App.init(clientSecret, roles, certificates, cfg.Now())
	t.sessions.init()
	return t
}

// Revoke refuses all access tokens given so far and ends all sessions.
func (t *Issuer) Revoke() {
	t.App.mu.Lock()
	t.App.revoked++
	t.App.mu.Unlock()
	t.sessions.revoke()
}

// names are what may stand for the tenant in a URL.
func (t *Issuer) names() []string { return append([]string{t.cfg.TenantID}, t.cfg.Domains...) }

// Reply is a finished response.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

func jsonReply(status int, body []byte) *Reply {
	return &Reply{status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body}
}

// baseURL is scheme and host as the client wrote them.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// LoopbackHost tells whether a host name or address is this machine.
func LoopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
