package entrasim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

// cursor is what an opaque $skiptoken or $deltatoken holds. The same type
// serves lists and deltas; Kind and Delta keep them apart.
type cursor struct {
	Kind   estate.Kind `json:"k,omitempty"`
	Delta  bool        `json:"d,omitempty"` // of a delta call
	Final  bool        `json:"z,omitempty"` // a $deltatoken, the others are $skiptokens
	Issued int64       `json:"t"`           // Unix seconds
	Gen    int         `json:"g,omitempty"` // token generation, see ExpirePageTokens
	From   uint64      `json:"f,omitempty"` // next reference of a list, or of an initial round
	Member uint64      `json:"m,omitempty"` // next member of the group in From
	Key    string      `json:"o,omitempty"` // sort key of the last object, with $orderby
	Query  uint32      `json:"q,omitempty"` // fingerprint of the options of a list
	Adv    bool        `json:"a,omitempty"` // the first page had ConsistencyLevel

	Select uint64   `json:"s,omitempty"` // delta: selected properties
	Full   bool     `json:"e,omitempty"` // delta: $select was given
	IDs    []string `json:"i,omitempty"` // delta: $filter by id
	Seq    uint64   `json:"n,omitempty"` // delta: changes up to here are known
	Until  uint64   `json:"u,omitempty"` // delta: the round ends here
	Round  bool     `json:"r,omitempty"` // delta: in a round of changes, not the initial one
	Page   int      `json:"p,omitempty"` // delta: pages given so far, for faults
	Base   uint64   `json:"b,omitempty"` // delta: where the previous round began, for replays
}

var errToken = errors.New("token was not made by this tenant")

// seal makes the cursor opaque: encrypted and authenticated with a key that
// comes from the tenant's seed, so tokens survive a restart of the simulator.
func (t *Tenant) seal(c *cursor) string {
	c.Issued = t.now().Unix()
	c.Gen = t.pageGen
	if c.Final {
		c.Gen = t.deltaGen
	}
	plain, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of numbers and strings always marshals
	}
	sum := sha256.Sum256(plain)
	nonce := sum[:12]
	return base64.RawURLEncoding.EncodeToString(t.tokenCipher().Seal(nonce, nonce, plain, nil))
}

func (t *Tenant) unseal(token string) (*cursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 12 {
		return nil, errToken
	}
	plain, err := t.tokenCipher().Open(nil, raw[:12], raw[12:], nil)
	if err != nil {
		return nil, errToken
	}
	c := &cursor{}
	if err := json.Unmarshal(plain, c); err != nil {
		return nil, errToken
	}
	return c, nil
}

func (t *Tenant) tokenCipher() cipher.AEAD {
	key := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("cursor "+t.cfg.TenantID), t.cfg.Seed))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key length is fixed
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// Lives of tokens. Delta tokens of directory objects live seven days; for page
// tokens Microsoft names no figure.
// https://learn.microsoft.com/graph/delta-query-overview#token-duration
const (
	deltaTokenLife = 7 * 24 * time.Hour
	pageTokenLife  = 2 * time.Hour
)

func (t *Tenant) expired(c *cursor) bool {
	age := t.now().Sub(time.Unix(c.Issued, 0))
	if c.Final {
		return age > deltaTokenLife || c.Gen < t.deltaGen
	}
	return age > pageTokenLife || c.Gen < t.pageGen
}
