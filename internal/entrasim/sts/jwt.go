package sts

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // x5t is defined as a SHA-1 thumbprint
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"sync"
	"time"
)

// signingKey signs access tokens and id_tokens.
type signingKey struct {
	key  *rsa.PrivateKey
	kid  string
	cert []byte // DER, self-signed, for x5c
}

// firstKey is made once in a process: making an RSA key takes a tenth of a
// second, and a test may start hundreds of tenants.
var firstKey = sync.OnceValue(newSigningKey)

func newSigningKey() *signingKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the system has no randomness
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "accounts.accesscontrol.windows.net"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(5, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		panic(err) // the template is fixed
	}
	sum := sha1.Sum(cert)
	return &signingKey{key, base64.RawURLEncoding.EncodeToString(sum[:]), cert}
}

// Keyring holds the signing keys, the last of which signs, and remembers the
// access tokens that were checked already.
type Keyring struct {
	mu      sync.Mutex
	keys    []*signingKey
	checked map[string]*AccessClaims
}

// current returns the key that signs now.
func (k *Keyring) current() *signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) == 0 {
		k.keys = []*signingKey{firstKey()}
	}
	return k.keys[len(k.keys)-1]
}

// Rotate adds a key and, when drop is set, forgets the old ones.
func (k *Keyring) Rotate(drop bool) {
	k.current()
	next := newSigningKey()
	k.mu.Lock()
	defer k.mu.Unlock()
	if drop {
		k.keys, k.checked = nil, nil
	}
	k.keys = append(k.keys, next)
}

func (k *Keyring) all() []*signingKey {
	k.current()
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]*signingKey(nil), k.keys...)
}

// sign makes a compact JWT.
func (k *Keyring) sign(claims any) string {
	key := k.current()
	head, err1 := json.Marshal(map[string]string{"typ": "JWT", "alg": "RS256", "kid": key.kid, "x5t": key.kid})
	body, err2 := json.Marshal(claims)
	if err := errors.Join(err1, err2); err != nil {
		panic(err) // claims are strings and numbers
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, key.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key fits the hash
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// AccessClaims are the claims of an access token for Graph.
type AccessClaims struct {
	Aud        string   `json:"aud"`
	Iss        string   `json:"iss"`
	IssuedAt   int64    `json:"iat"`
	NotBefore  int64    `json:"nbf"`
	Expires    int64    `json:"exp"`
	AppName    string   `json:"app_displayname"`
	AppID      string   `json:"appid"`
	AppIDACR   string   `json:"appidacr"`
	IDP        string   `json:"idp"`
	IDType     string   `json:"idtyp"`
	OID        string   `json:"oid"`
	Roles      []string `json:"roles,omitempty"`
	Scopes     string   `json:"scp,omitempty"`
	Sub        string   `json:"sub"`
	Region     string   `json:"tenant_region_scope"`
	TID        string   `json:"tid"`
	UTI        string   `json:"uti"`
	Version    string   `json:"ver"`
	Generation int      `json:"xms_sim"` // credentials generation, for revocation
}

// Check verifies signature and form of an access token; times are the caller's.
func (k *Keyring) Check(token string) (*AccessClaims, error) {
	keys := k.all()
	k.mu.Lock()
	c := k.checked[token]
	k.mu.Unlock()
	if c != nil {
		return c, nil
	}
	c = &AccessClaims{}
	if err := verifyJWT(token, keys, c); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.checked == nil || len(k.checked) > 1000 {
		k.checked = map[string]*AccessClaims{}
	}
	k.checked[token] = c
	return c, nil
}

// Verify checks the signature of a token and reads its claims.
func Verify(token string, k *Keyring, claims any) error { return verifyJWT(token, k.all(), claims) }

var errJWT = errors.New("token is malformed or its signature is wrong")

func verifyJWT(token string, keys []*signingKey, claims any) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errJWT
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return errJWT
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, key := range keys {
		if rsa.VerifyPKCS1v15(&key.key.PublicKey, crypto.SHA256, sum[:], sig) == nil {
			return decodePart(parts[1], claims)
		}
	}
	return errJWT
}

func decodePart(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || json.Unmarshal(raw, into) != nil {
		return errJWT
	}
	return nil
}

func randomToken(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}
