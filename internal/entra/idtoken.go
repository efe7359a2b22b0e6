package entra

import (
	"context"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/json"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// skew is how far our clock and Microsoft's may be apart.
const skew = 5 * time.Minute

// idClaims are the claims of an identity token that are read. Emails are not
// among them: they are neither unique nor proven.
// https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
type idClaims struct {
	Issuer    string  `json:"iss"`
	Audience  string  `json:"aud"`
	Expires   float64 `json:"exp"`
	NotBefore float64 `json:"nbf"`
	Nonce     string  `json:"nonce"`
	Tenant    string  `json:"tid"`
	Object    string  `json:"oid"`
	Name      string  `json:"name"`
	Username  string  `json:"preferred_username"`
}

func badToken(format string, args ...any) error {
	return errs.New(errs.Unauthenticated, format, args...).During("sign in").
		WithHint("Sign in again. If it happens again, an administrator has to look at the connection.")
}

// read verifies an identity token and returns who it speaks of. Each line is a
// defence of its own:
//
//	signature   RS256 by a key of the configured host; no other algorithm is even parsed
//	iss, tid    the tenant of the connection
//	aud         this application, and nobody besides
//	exp, nbf    now, give or take skew
//	nonce       this attempt
//	oid         somebody
func (d *Door) read(ctx context.Context, doc discovery, token, nonce string) (Identity, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return Identity{}, badToken("the identity token cannot be read, or is signed in a way that is not accepted")
	}
	key, err := d.key(ctx, doc.Keys, signed.Signatures[0].Protected.KeyID)
	if err != nil {
		return Identity{}, err
	}
	if _, ok := key.Key.(*rsa.PublicKey); !ok {
		return Identity{}, badToken("the directory's key is not an RSA key")
	}
	payload, err := signed.Verify(key)
	if err != nil {
		return Identity{}, badToken("the signature of the identity token is wrong")
	}
	var c idClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Identity{}, badToken("the identity token cannot be read")
	}
	if err := d.checkClaims(doc, &c, nonce); err != nil {
		return Identity{}, err
	}
	object, err := directory.ParseObjectID(c.Object)
	if err != nil || object.IsZero() {
		return Identity{}, badToken("the identity token does not say who it is about")
	}
	return Identity{Tenant: strings.ToLower(c.Tenant), Object: object, Name: c.Name, Username: c.Username}, nil
}

// checkClaims holds the claims to this tenant, this application, this attempt
// and this moment.
func (d *Door) checkClaims(doc discovery, c *idClaims, nonce string) error {
	now := d.client.cfg.Now()
	switch {
	case c.Issuer != doc.Issuer:
		return badToken("the identity token was issued by %q", c.Issuer)
	case !strings.EqualFold(c.Tenant, doc.tenant):
		return badToken("the identity token is of the tenant %q", c.Tenant)
	case !strings.EqualFold(c.Audience, d.client.cfg.ClientID):
		return badToken("the identity token was made for the application %q", c.Audience)
	case c.Expires == 0 || now.After(instant(c.Expires).Add(skew)):
		return badToken("the identity token has expired; this machine's clock says %s", now.UTC().Format(time.TimeOnly))
	case c.NotBefore != 0 && now.Before(instant(c.NotBefore).Add(-skew)):
		return badToken("the identity token is not valid yet; this machine's clock says %s", now.UTC().Format(time.TimeOnly))
	case nonce == "" || subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(nonce)) != 1:
		return badToken("the identity token belongs to another sign-in")
	}
	return nil
}

func instant(seconds float64) time.Time { return time.Unix(int64(seconds), 0) }
