package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/musterhq/muster/internal/errs"
)

// sealed values are laid out as version, key ID, nonce, ciphertext.
const (
	sealVersion = 1
	keyIDSize   = 8
	nonceSize   = 12
	keySize     = 32
)

// Keyring seals secrets with its newest key and opens what any of its keys
// sealed. A sealed value carries the key's ID, and is bound to a subject: it
// does not open under another.
type Keyring struct {
	keys []key // the newest first
}

type key struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
}

// NewKeyring returns a keyring over raw 32-byte keys, the newest first.
func NewKeyring(raw ...[]byte) (*Keyring, error) {
	if len(raw) == 0 {
		return nil, errs.New(errs.Invalid, "there is no key to seal secrets with")
	}
	k := &Keyring{}
	for _, r := range raw {
		if len(r) != keySize {
			return nil, errs.New(errs.Invalid, "a key has %d bytes, not %d", len(r), keySize)
		}
		block, err := aes.NewCipher(r)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(append([]byte("muster key id\x00"), r...))
		one := key{aead: aead}
		copy(one.id[:], sum[:])
		k.keys = append(k.keys, one)
	}
	return k, nil
}

// ParseKeyring reads keys in base64, one a line, the newest first.
func ParseKeyring(text string) (*Keyring, error) {
	var raw [][]byte
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, errs.New(errs.Invalid, "a key is not base64").
				WithHint("A key is 32 random bytes in base64; make one with: openssl rand -base64 32")
		}
		raw = append(raw, b)
	}
	return NewKeyring(raw...)
}

// KeyFile reads the keyring in a file, and makes the file with a new key when
// there is none. A file that others may read is refused.
func KeyFile(path string) (*Keyring, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writeKey(path); err != nil {
			return nil, errs.Wrap(err, "make the key file "+path)
		}
		info, err = os.Stat(path)
	}
	if err != nil {
		return nil, errs.Wrap(err, "read the key file")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errs.New(errs.Invalid, "others may read the key file %s", path).
			WithHint("Make it yours alone: chmod 600 %s", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, errs.Wrap(err, "read the key file")
	}
	return ParseKeyring(string(text))
}

// writeKey makes a key file that nobody else may read. A file that appeared
// meanwhile is left as it is: another process was faster.
func writeKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	raw := make([]byte, keySize)
	rand.Read(raw) // never fails
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, base64.StdEncoding.EncodeToString(raw))
	return errors.Join(err, f.Close())
}

// Seal encrypts plain for a subject, such as "connection/7".
func (k *Keyring) Seal(plain []byte, subject string) ([]byte, error) {
	newest := k.keys[0]
	out := make([]byte, 1+keyIDSize+nonceSize, 1+keyIDSize+nonceSize+len(plain)+newest.aead.Overhead())
	out[0] = sealVersion
	copy(out[1:], newest.id[:])
	nonce := out[1+keyIDSize : 1+keyIDSize+nonceSize]
	rand.Read(nonce)
	return newest.aead.Seal(out, nonce, plain, []byte(subject)), nil
}

// Open decrypts what Seal made for the same subject.
func (k *Keyring) Open(sealed []byte, subject string) ([]byte, error) {
	const head = 1 + keyIDSize + nonceSize
	if len(sealed) < head || sealed[0] != sealVersion {
		return nil, errs.New(errs.Invalid, "the sealed value is damaged").WithHint("Enter the secret again.")
	}
	for _, one := range k.keys {
		if string(one.id[:]) != string(sealed[1:1+keyIDSize]) {
			continue
		}
		plain, err := one.aead.Open(nil, sealed[1+keyIDSize:head], sealed[head:], []byte(subject))
		if err != nil {
			return nil, errs.New(errs.Invalid, "the sealed value is damaged or belongs elsewhere").WithHint("Enter the secret again.")
		}
		return plain, nil
	}
	return nil, errs.New(errs.Invalid, "the secret was sealed with another key than the one in use").
		WithHint("Put the key file of this database back (key in the data folder, or MUSTER_KEY), or enter the secret again.")
}
