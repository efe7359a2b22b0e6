package sts

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // x5t is defined as a SHA-1 thumbprint
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// assertionType is the only kind of assertion that clients may send.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

type assertionHeader struct {
	Alg     string `json:"alg"`
	X5T     string `json:"x5t"`
	X5TS256 string `json:"x5t#S256"`
}

type assertionClaims struct {
	Iss string `json:"iss"`
	Sub string `json:"sub"`
	Aud any    `json:"aud"` // a string, or a list of them
	Exp int64  `json:"exp"`
	Nbf int64  `json:"nbf"`
}

// checkAssertion verifies a client assertion signed with a registered
// certificate.
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials
func (t *Issuer) checkAssertion(g *grant, assertion string) *Error {
	if g.form.Get("client_assertion_type") != assertionType {
		return aadsts(900144, "client_assertion_type")
	}
	parts := strings.Split(assertion, ".")
	var head assertionHeader
	var c assertionClaims
	if len(parts) != 3 || decodePart(parts[0], &head) != nil || decodePart(parts[1], &c) != nil {
		return aadsts(700027, "The assertion is malformed.")
	}
	cert := t.App.certificate(head)
	if cert == nil {
		return aadsts(700027, "The key was not found.")
	}
	if !signedBy(cert, head.Alg, parts) {
		return aadsts(700027, "The signature does not match.")
	}
	if !strings.EqualFold(c.Iss, g.client) || !strings.EqualFold(c.Sub, g.client) || !t.forUs(g, c.Aud) {
		return aadsts(700027, "Issuer, subject or audience do not match.")
	}
	now := t.cfg.Now().Unix()
	if now < c.Nbf-300 || now > c.Exp+300 {
		return aadsts(700024, t.cfg.Now().Format(time.RFC3339), rfc3339(c.Nbf), rfc3339(c.Exp))
	}
	return nil
}

// certificate finds the registered certificate that the header names.
func (a *Application) certificate(head assertionHeader) *x509.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.certs {
		one, two := sha1.Sum(c.Raw), sha256.Sum256(c.Raw)
		if head.X5T != "" && trimPad(head.X5T) == base64.RawURLEncoding.EncodeToString(one[:]) ||
			head.X5TS256 != "" && trimPad(head.X5TS256) == base64.RawURLEncoding.EncodeToString(two[:]) {
			return c
		}
	}
	return nil
}

// trimPad normalizes base64 variants: clients differ in alphabet and padding.
func trimPad(s string) string {
	return strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(s)
}

func signedBy(cert *x509.Certificate, alg string, parts []string) bool {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if !ok || err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch alg {
	case "RS256":
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) == nil
	case "PS256":
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], sig, nil) == nil
	}
	return false
}

// forUs accepts the token endpoint or the issuer of this tenant as audience.
func (t *Issuer) forUs(g *grant, aud any) bool {
	raw, err := json.Marshal(aud)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(t.names(), func(name string) bool {
		return strings.Contains(strings.ToLower(string(raw)), strings.ToLower(g.base+"/"+name+"/"))
	})
}
