package doctor

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// certificateEndsSoon is how long before its end a certificate warns.
const certificateEndsSoon = 21 * 24 * time.Hour

// Entrance is how browsers reach the server, as its settings say.
type Entrance struct {
	Listen      string // host and port
	BaseURL     string // "" when it is where it listens
	Certificate string // PEM file; "" for plain http
	Key         string // PEM file
	Proxied     bool   // a proxy in front is trusted
}

// Address looks whether passwords and cookies cross the network in the clear.
//
//	certificate or https base URL   listens on        state
//	either                          anything          pass
//	neither                         this machine      pass
//	neither                         other addresses   warn
func (e Entrance) Address() Line {
	base, err := url.Parse(e.BaseURL)
	https := e.Certificate != "" || err == nil && base.Scheme == "https"
	l := Line{ID: "address", State: Pass, Text: "Muster listens on " + e.Listen + "."}
	if e.BaseURL != "" {
		l.Text = "Muster listens on " + e.Listen + ", and browsers find it at " + e.BaseURL + "."
	}
	switch {
	case err == nil && base.Scheme == "https" && e.Certificate == "" && !e.Proxied:
		l.State = Warn
		l.Remedy = "Name the proxy that speaks https with --trusted-proxy, or browsers seem to come over plain http; or give a certificate with --tls-cert."
	case !https && !local(e.Listen):
		l.State = Warn
		l.Remedy = "Passwords cross the network unprotected. Give a certificate with --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy."
	}
	return l
}

// local reports whether an address to listen on is of this machine only.
func local(listen string) bool {
	host := listen
	if i := strings.LastIndexByte(listen, ':'); i >= 0 {
		host = strings.Trim(listen[:i], "[]")
	}
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// CertificateLine looks whether the server's certificate works, fits the address
// that browsers use, and how long it lasts.
func (e Entrance) CertificateLine(now time.Time) Line {
	l := Line{ID: "certificate", State: Pass}
	if e.Certificate == "" {
		return Line{ID: l.ID, State: Skip, Text: "Muster has no certificate of its own."}
	}
	pair, err := tls.LoadX509KeyPair(e.Certificate, e.Key)
	if err != nil {
		return failed(l.ID, "The certificate "+e.Certificate+" and its key do not work.",
			"Give PEM files that the user who runs Muster may read: the certificate first and its chain after it, and the key without a password.", err)
	}
	left := pair.Leaf.NotAfter.Sub(now)
	l.Text = fmt.Sprintf("The certificate is good until %s, for %d days.", pair.Leaf.NotAfter.UTC().Format("2 January 2006"), int(left.Hours()/24))
	host := ""
	if base, err := url.Parse(e.BaseURL); err == nil {
		host = base.Hostname()
	}
	switch {
	case left <= 0:
		l.State, l.Text = Fail, "The certificate ended on "+pair.Leaf.NotAfter.UTC().Format("2 January 2006")+"."
	case host != "" && pair.Leaf.VerifyHostname(host) != nil:
		l.State, l.Text = Fail, "The certificate is not for "+host+"."
	case left < certificateEndsSoon:
		l.State = Warn
	}
	if l.State != Pass {
		l.Remedy = "Renew it and put it in place of " + e.Certificate + ". A running server takes it within a minute."
	}
	return l
}
