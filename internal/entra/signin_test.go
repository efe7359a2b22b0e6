package entra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

func TestF59SecretIsEncodedOnce(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"a+b/c=d&e%f~g", "%2B", "ünï çode", "q8Q~.-_x", " space ", "a;b#c?d\"e'f"} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, entrasim.Config{People: 10, ClientSecret: value}, nil)
			mustCollect(t, s.List(soon(t), userQuery))
		})
	}
}

func TestF60SecretStaysOutOfErrors(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 10}, func(c *entra.Config) { c.ClientSecret = secret.New("hush-hush") })
	_, _, err := collect(t, s.List(soon(t), userQuery))
	if text := fmt.Sprintf("%v %+v %#v %s", err, err, s.config, errs.HintOf(err)); err == nil || strings.Contains(text, "hush-hush") {
		t.Errorf("the secret shows in %s", text)
	}
}

func TestSignInErrorsBecomeSentences(t *testing.T) {
	t.Parallel()
	tests := map[int]struct {
		kind errs.Kind
		says string
	}{
		7000215: {errs.Unauthenticated, "secret is wrong"},
		7000222: {errs.Unauthenticated, "secret has expired"},
		700016:  {errs.Unauthenticated, "client ID"},
		7000112: {errs.Unauthenticated, "switched off"},
		90002:   {errs.Unauthenticated, "tenant ID"},
		90038:   {errs.Unauthenticated, "national cloud"},
		53003:   {errs.Forbidden, "Conditional Access"},
		700024:  {errs.Unauthenticated, "clock"},
		700027:  {errs.Unauthenticated, "certificate"},
		90033:   {errs.Unavailable, "passing fault"},
		50196:   {errs.Unavailable, "too often"},
		7654321: {errs.Unauthenticated, "does not accept"}, // by its name only
	}
	for code, tc := range tests {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			s := newSim(t, entrasim.Config{People: 10}, func(c *entra.Config) { c.MaxRetries = 1 })
			s.inject(t, entrasim.Fault{Kind: entrasim.FaultSignIn, Code: code})
			_, _, err := collect(t, s.List(soon(t), userQuery))
			if !errs.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.says) || errs.HintOf(err) == "" {
				t.Errorf("got %v (%v, hint %q), want %v and %q", err, errs.KindOf(err), errs.HintOf(err), tc.kind, tc.says)
			}
			e, ok := errors.AsType[*entra.SignInError](err)
			if !ok || len(e.Codes) != 1 || e.Codes[0] != code || e.TraceID == "" || e.CorrelationID == "" || !strings.Contains(err.Error(), e.TraceID) {
				t.Errorf("the refusal %+v is not in %v", e, err)
			}
		})
	}
}

func TestSignInErrorsInOtherShapes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		body   string
		kind   errs.Kind
		says   string
	}{
		"code in the text only": {401, `{"error":"invalid_client","error_description":"AADSTS7000222: expired.\r\nTrace ID: x\r\n"}`, errs.Unauthenticated, "has expired"},
		"a name only":           {400, `{"error":"unauthorized_client"}`, errs.Unauthenticated, "may not sign in"},
		"a new name":            {400, `{"error":"brand_new"}`, errs.Unauthenticated, "refuses"},
		"a page of a proxy":     {502, `<html>`, errs.Unavailable, "could not be used"},
		"a good page of one":    {200, `<html>`, errs.Unavailable, "could not be used"},
		"a token of other type": {200, `{"token_type":"mac","access_token":"x","expires_in":1}`, errs.Unavailable, "could not be used"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(c *entra.Config) { c.MaxRetries = -1 })
			h.signIn = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}
			_, _, err := collect(t, h.client.List(soon(t), userQuery))
			if !errs.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v (%v), want %v and %q", err, errs.KindOf(err), tc.kind, tc.says)
			}
		})
	}
}

func TestTokenRequest(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	h.handle = func(w http.ResponseWriter, _ *http.Request) { h.page(w, "") }
	h.signIn = func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Path != "/example.com/oauth2/v2.0/token" || r.Method != http.MethodPost || len(r.Header.Get("client-request-id")) != 36 ||
			!strings.Contains(string(body), "grant_type=client_credentials") || !strings.Contains(string(body), "%2F.default") {
			t.Errorf("%s %s: %s", r.Method, r.URL, body)
		}
		fmt.Fprint(w, `{"token_type":"bearer","expires_in":3599.5,"access_token":"t"}`)
	}
	mustCollect(t, h.client.List(soon(t), userQuery))
}

// certificate makes a certificate and its key in PEM, the key once as PKCS #8
// and once as PKCS #1.
func certificate(t *testing.T) (der []byte, certPEM, key8, key1 string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "muster"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour)}
	der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return der, block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

func TestCertificateSignsIn(t *testing.T) {
	t.Parallel()
	der, cert, key8, key1 := certificate(t)
	for name, key := range map[string]string{"PKCS #8": key8, "PKCS #1": key1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, entrasim.Config{People: 10, Certificates: [][]byte{der}}, func(c *entra.Config) {
				c.ClientSecret = secret.Text{}
				c.Certificate = entra.CertificateConfig{PEM: cert, Key: secret.New(key)}
			})
			mustCollect(t, s.List(soon(t), userQuery))
			r := s.Check(soon(t), entra.Needs{}, nil)
			if l, _ := r.Line("credential"); l.State != entra.Pass || !strings.Contains(l.Text, "certificate is right and expires on") {
				t.Errorf("%+v", l)
			}
		})
	}
	s := newSim(t, entrasim.Config{People: 10}, func(c *entra.Config) { // not registered
		c.ClientSecret = secret.Text{}
		c.Certificate = entra.CertificateConfig{PEM: cert, Key: secret.New(key8)}
	})
	if _, _, err := collect(t, s.List(soon(t), userQuery)); !errs.Is(err, errs.Unauthenticated) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestNewRefusesBadConfigurations(t *testing.T) {
	t.Parallel()
	_, cert, _, _ := certificate(t)
	_, _, otherKey, _ := certificate(t)
	tests := map[string]struct {
		edit func(*entra.Config)
		says string
	}{
		"no tenant":           {func(c *entra.Config) { c.TenantID = "" }, "tenant ID"},
		"tenant with a slash": {func(c *entra.Config) { c.TenantID = "a.example/b" }, "tenant ID"},
		"client is a name":    {func(c *entra.Config) { c.ClientID = "muster" }, "client ID"},
		"object ID is a name": {func(c *entra.Config) { c.ApplicationObjectID = "muster" }, "object ID"},
		"no credential":       {func(c *entra.Config) { c.ClientSecret = secret.Text{} }, "no client secret"},
		"two credentials":     {func(c *entra.Config) { c.Certificate.PEM = cert }, "both"},
		"unknown cloud":       {func(c *entra.Config) { c.Cloud = "moon" }, "no cloud"},
		"plain http":          {func(c *entra.Config) { c.GraphURL = "http://graph.example" }, "https"},
		"plain http, sign-in": {func(c *entra.Config) { c.LoginURL = "http://10.0.0.1" }, "https"},
		"no custom host":      {func(c *entra.Config) { c.GraphURL = "" }, "Graph host"},
		"host with a path":    {func(c *entra.Config) { c.LoginURL = "https://login.example/x" }, "sign-in host"},
		"host with a user":    {func(c *entra.Config) { c.LoginURL = "https://a:b@login.example" }, "sign-in host"},
		"bad roots":           {func(c *entra.Config) { c.CAPEM = []byte("x") }, "extra roots"},
		"another's key": {func(c *entra.Config) {
			c.ClientSecret, c.Certificate = secret.Text{}, entra.CertificateConfig{PEM: cert, Key: secret.New(otherKey)}
		}, "does not belong"},
		"no key": {func(c *entra.Config) {
			c.ClientSecret, c.Certificate = secret.Text{}, entra.CertificateConfig{PEM: cert}
		}, "private key"},
		"no certificate": {func(c *entra.Config) {
			c.ClientSecret, c.Certificate = secret.Text{}, entra.CertificateConfig{Key: secret.New(otherKey)}
		}, "no certificate"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := entra.Config{TenantID: "example.com", ClientID: "22222222-2222-2222-2222-222222222222", ClientSecret: secret.New("s"),
				Cloud: entra.Custom, LoginURL: "http://localhost:1", GraphURL: "https://graph.example/v1.0/"}
			tc.edit(&cfg)
			_, err := entra.New(cfg)
			if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tc.says) || errs.HintOf(err) == "" {
				t.Errorf("got %v (hint %q), want invalid and %q", err, errs.HintOf(err), tc.says)
			}
		})
	}
}

func TestEveryCloudIsAccepted(t *testing.T) {
	t.Parallel()
	for _, cloud := range append(entra.Clouds(), "") {
		c, err := entra.New(entra.Config{TenantID: "example.com", ClientID: "22222222-2222-2222-2222-222222222222", ClientSecret: secret.New("s"),
			Cloud: cloud, LoginURL: "http://[::1]:80", GraphURL: "https://graph.example/v1.0/"})
		if err != nil {
			t.Errorf("%s: %v", cloud, err)
			continue
		}
		c.Close()
		if !strings.HasPrefix(cloud.PortalURL(), "https://portal.azure.") {
			t.Errorf("%s: portal %s", cloud, cloud.PortalURL())
		}
	}
}
