package simcheck

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/musterhq/muster/internal/entrasim"
)

func TestAWrongSecretIsRefusedInEntrasWords(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(l *lab) string // returns the secret to try
		want  string
	}{
		"wrong":   {func(*lab) string { return "not the secret" }, "AADSTS7000215"},
		"rotated": {func(l *lab) string { l.RotateSecret(""); return entrasim.DefaultClientSecret }, "AADSTS7000215"},
		"expired": {func(l *lab) string { l.ExpireSecret(); return entrasim.DefaultClientSecret }, "AADSTS7000222"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, entrasim.Config{})
			credential := must(l.secret(tc.spoil(l)))(l)
			_, err := newGraph(t, l.url, l.client, credential).users().Get(t.Context(), nil)
			var refused *azidentity.AuthenticationFailedError
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want azidentity's authentication error", err)
			}
			if refused.RawResponse.StatusCode != 401 || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %d %v, want 401 with %s", refused.RawResponse.StatusCode, err, tc.want)
			}
		})
	}
}

func TestOneTokenServesManyRequests(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{})
	for range 5 {
		must(l.graph.users().Get(t.Context(), nil))(l)
	}
	if tokens := l.Requests().ByKind["token:client_credentials"]; tokens != 1 {
		t.Errorf("%d tokens for 5 requests, want 1", tokens)
	}
}

func TestACertificateSignsInWhenTheApplicationHasIt(t *testing.T) {
	t.Parallel()
	key, own := newCertificate(t)
	_, foreign := newCertificate(t)
	for name, tc := range map[string]struct {
		registered *x509.Certificate
		want       string // part of the error, empty for success
	}{
		"its own":       {own, ""},
		"somebody else": {foreign, "AADSTS700027"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, entrasim.Config{Certificates: [][]byte{tc.registered.Raw}})
			credential := must(azidentity.NewClientCertificateCredential(entrasim.DefaultTenantID, entrasim.DefaultClientID, []*x509.Certificate{own}, key,
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: options(l.url, l.client), DisableInstanceDiscovery: true}))(l)
			_, err := newGraph(t, l.url, l.client, credential).users().Get(t.Context(), nil)
			switch {
			case tc.want == "" && err != nil:
				t.Error(said(err))
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func newCertificate(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sync"}, NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}
