package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/server"
)

// selfSigned writes a certificate for 127.0.0.1 with its key into two files.
func selfSigned(t *testing.T, dir string, serial int64) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "muster"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return cert, key, pool
}

func TestTheOwnCertificateIsServed(t *testing.T) {
	t.Parallel()
	cert, key, pool := selfSigned(t, t.TempDir(), 1)
	r := start(t, seen, server.Options{Certificate: cert, Key: key})
	for _, h2 := range []bool{false, true} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: h2, DisableKeepAlives: true}}
		res, err := client.Get("https://" + r.addr + "/")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if want := `127.0.0.1 "https" ` + r.addr + " 0"; err != nil || string(body) != want {
			t.Errorf("got %q %v, want %q", body, err, want)
		}
		res.Body.Close()
		if res.Header.Get("Strict-Transport-Security") == "" || (res.ProtoMajor == 2) != h2 {
			t.Errorf("over HTTP/%d: %v", res.ProtoMajor, res.Header)
		}
	}
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}}}
	if res, err := old.Get("https://" + r.addr + "/"); err == nil {
		res.Body.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

func TestARenewedCertificateIsTakenWithoutARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, _ := selfSigned(t, dir, 1)
	now := time.Now()
	serial := server.Renewing(t, cert, key, &now)
	if got := serial(); got != 1 {
		t.Fatalf("the certificate is number %d", got)
	}
	selfSigned(t, dir, 2)
	later := now.Add(time.Hour)
	if err := os.Chtimes(cert, later, later); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 1 {
		t.Errorf("within the minute the certificate is number %d", got)
	}
	now = now.Add(time.Minute)
	if got := serial(); got != 2 {
		t.Errorf("a minute later the certificate is number %d", got)
	}
	if err := os.WriteFile(cert, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if got := serial(); got != 2 {
		t.Errorf("with a broken file the certificate is number %d", got)
	}
}

func TestABadCertificateIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, _ := selfSigned(t, dir, 1)
	other, _, _ := selfSigned(t, t.TempDir(), 2)
	for name, o := range map[string]server.Options{
		"no file":          {Certificate: filepath.Join(dir, "none.pem"), Key: key},
		"no key":           {Certificate: cert, Key: filepath.Join(dir, "none.pem")},
		"the key of other": {Certificate: other, Key: key},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Serve(context.Background(), l, http.NotFoundHandler(), o); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: the listener is open still: %v", name, err)
		}
	}
}
