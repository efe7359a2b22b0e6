package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// pingCmd asks the server on this machine whether it is ready, for supervisors
// that look by running a command. It takes the settings that serve takes.
type pingCmd struct {
	Listen  string        `help:"Address that serve listens on." default:"127.0.0.1:8080" env:"MUSTER_LISTEN" placeholder:"ADDRESS"`
	TLSCert string        `name:"tls-cert" help:"PEM file with the certificate of serve, when it speaks https." env:"MUSTER_TLS_CERTIFICATE" type:"path" placeholder:"FILE"`
	Timeout time.Duration `help:"How long to wait for the answer." default:"5s" placeholder:"TIME"`
}

// Run succeeds when the server answers that it is ready.
func (cmd *pingCmd) Run(ctx context.Context, c *console) error {
	host, port, err := net.SplitHostPort(cmd.Listen)
	if err != nil {
		return errs.New(errs.Invalid, "%q is not an address to listen on", cmd.Listen).WithHint("Write it like 127.0.0.1:8080, or :8080.")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme, transport := "http", &http.Transport{DisableKeepAlives: true}
	if cmd.TLSCert != "" {
		scheme = "https"
		if transport.TLSClientConfig, err = trusting(cmd.TLSCert); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, cmd.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return errs.New(errs.Unavailable, "no server answers on %s", cmd.Listen).Because(err).WithHint("Start it with: muster serve")
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errs.New(errs.Unavailable, "the server on %s is not ready: its database does not answer", cmd.Listen).WithHint("Look with: muster doctor")
	}
	c.line("ready")
	return nil
}

// trusting returns settings that trust the server's own certificate and no other,
// by the name that stands in it: here it is asked by another.
func trusting(file string) (*tls.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, errs.New(errs.Invalid, "the certificate %s cannot be read", file).Because(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errs.New(errs.Invalid, "there is no certificate in %s", file).WithHint("It begins with -----BEGIN CERTIFICATE-----.")
	}
	own, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errs.New(errs.Invalid, "the certificate in %s cannot be read", file).Because(err)
	}
	conf := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: own.Subject.CommonName, MinVersion: tls.VersionTLS12}
	conf.RootCAs.AddCert(own)
	switch {
	case len(own.DNSNames) > 0:
		conf.ServerName = strings.Replace(own.DNSNames[0], "*", "any", 1)
	case len(own.IPAddresses) > 0:
		conf.ServerName = own.IPAddresses[0].String()
	}
	return conf, nil
}
