package entra

import (
	"crypto/rsa"
	"crypto/sha1" // x5t is a SHA-1 thumbprint by definition; it protects nothing
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// CertificateConfig is a certificate that the application registered, with its
// private key, both in PEM. The key may be PKCS #8 or PKCS #1 and has to be RSA.
type CertificateConfig struct {
	PEM string
	Key secret.Text
}

// IsZero reports whether no certificate is given.
func (c CertificateConfig) IsZero() bool { return c.PEM == "" && c.Key.IsZero() }

// assertionLife is how many seconds an assertion is good for; each request for
// a token signs a new one.
const assertionLife = 600

// newAssertion returns the proof by certificate: a token signed with PS256.
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials
func newAssertion(cfg *Config, audience string) (proof, error) {
	cert, key, err := readCertificate(cfg.Certificate)
	if err != nil {
		return nil, err
	}
	oldPrint, newPrint := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw)
	options := (&jose.SignerOptions{}).WithType("JWT").
		WithHeader("x5t", base64.RawURLEncoding.EncodeToString(oldPrint[:])).
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(newPrint[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: key}, options)
	if err != nil {
		return nil, errs.New(errs.Invalid, "the private key cannot sign").About("certificate").Because(err)
	}
	return func(form url.Values) error {
		now := cfg.Now().Unix()
		token, err := sign(signer, map[string]any{
			"aud": audience, "iss": cfg.ClientID, "sub": cfg.ClientID, "jti": uuid.NewString(),
			"iat": now, "nbf": now - 5, "exp": now + assertionLife,
		})
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", token)
		return nil
	}, nil
}

func sign(signer jose.Signer, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// readCertificate reads both parts and checks that they belong together.
func readCertificate(c CertificateConfig) (*x509.Certificate, *rsa.PrivateKey, error) {
	bad := func(format string, args ...any) *errs.Error {
		return errs.New(errs.Invalid, format, args...).About("certificate").
			WithHint("Give the certificate and its RSA private key in PEM.")
	}
	block, rest := pem.Decode([]byte(c.PEM))
	for block != nil && block.Type != "CERTIFICATE" {
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, nil, bad("there is no certificate in the text")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, bad("the certificate cannot be read").Because(err)
	}
	key, err := readKey(c.Key)
	if err != nil {
		return nil, nil, bad("the private key cannot be read").Because(err)
	}
	public, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || !public.Equal(key.Public()) {
		return nil, nil, bad("the private key does not belong to the certificate")
	}
	return cert, key, nil
}

func readKey(text secret.Text) (*rsa.PrivateKey, error) {
	for rest := []byte(text.Reveal()); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errs.New(errs.Invalid, "there is no RSA private key in the text")
		}
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key, nil
		}
		other, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			continue
		}
		if key, ok := other.(*rsa.PrivateKey); ok {
			return key, nil
		}
	}
}
