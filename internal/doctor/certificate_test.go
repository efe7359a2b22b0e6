package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestPasswordsDoNotCrossTheNetworkInTheClear(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		at   Entrance
		want State
	}{
		"this machine only":           {Entrance{Listen: "127.0.0.1:8080"}, Pass},
		"this machine by name":        {Entrance{Listen: "localhost:8080"}, Pass},
		"this machine, version 6":     {Entrance{Listen: "[::1]:8080"}, Pass},
		"all addresses":               {Entrance{Listen: ":8080"}, Warn},
		"an address, plain base":      {Entrance{Listen: "10.0.0.7:80", BaseURL: "http://assets.example"}, Warn},
		"all addresses, https":        {Entrance{Listen: ":443", Certificate: "cert.pem"}, Pass},
		"a proxy that is trusted":     {Entrance{Listen: "127.0.0.1:8080", BaseURL: "https://assets.example", Proxied: true}, Pass},
		"a proxy that is not trusted": {Entrance{Listen: "127.0.0.1:8080", BaseURL: "https://assets.example"}, Warn},
	} {
		if got := tt.at.Address(); got.State != tt.want || (got.Remedy == "") != (tt.want == Pass) {
			t.Errorf("%s: got %+v, want %s", name, got, tt.want)
		}
	}
}

func TestACertificateLastsAndFits(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	e := Entrance{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), BaseURL: "https://assets.example"}
	if l := e.CertificateLine(now); l.State != Fail {
		t.Errorf("without files it is %+v", l)
	}
	certify(t, e, "assets.example", now.AddDate(0, 3, 0))
	for at, want := range map[time.Time]State{now: Pass, now.AddDate(0, 2, 20): Warn, now.AddDate(0, 3, 1): Fail} {
		if l := e.CertificateLine(at); l.State != want || (l.Remedy == "") != (want == Pass) {
			t.Errorf("on %s it is %+v, want %s", at, l, want)
		}
	}
	e.BaseURL = "https://other.example"
	if l := e.CertificateLine(now); l.State != Fail {
		t.Errorf("for another host it is %+v", l)
	}
	if l := (Entrance{}).CertificateLine(now); l.State != Skip {
		t.Errorf("where there is none it is %+v", l)
	}
}

// certify writes a certificate for a host into an entrance's files.
func certify(t *testing.T, e Entrance, host string, until time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotAfter: until}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{e.Certificate: {Type: "CERTIFICATE", Bytes: cert}, e.Key: {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
