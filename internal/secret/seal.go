package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
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

// Load returns the keyring of an installation: the one in the text of the
// environment variable MUSTER_KEY, or when that is empty the one in the file at
// path, as KeyFile does.
func Load(environment Text, path string) (*Keyring, error) {
	if environment.IsZero() {
		return KeyFile(path)
	}
	k, err := ParseKeyring(environment.Reveal())
	return k, errs.Wrap(err, "read the environment variable MUSTER_KEY")
}

// KeyFile reads the keyring in a file, and makes the file with a new key when
// there is none. A file that others may read is refused.
func KeyFile(path string) (*Keyring, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := writeFirst(path); err != nil {
			return nil, errs.Wrap(err, "make the key file "+path)
		}
	}
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	k, err := ParseKeyring(text)
	return k, errs.Wrap(err, "read the key file "+path)
}

// Rotate puts a new key first into the file at path and returns the keyring:
// from now on the new key seals, and the others open what they sealed. Values
// are sealed anew where they are written next; see Current.
func Rotate(path string) (*Keyring, error) {
	old, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	if _, err := ParseKeyring(old); err != nil {
		return nil, errs.Wrap(err, "read the key file "+path)
	}
	err = writePrivate(path, newKey()+old, os.Rename)
	if err != nil {
		return nil, errs.Wrap(err, "write the key file "+path)
	}
	return KeyFile(path)
}

// readPrivate returns the text of a file that nobody else may read.
func readPrivate(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", errs.Wrap(err, "read the key file")
	}
	if !info.Mode().IsRegular() {
		return "", errs.New(errs.Invalid, "the key file %s is not a file", path)
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" { // Windows keeps rights elsewhere
		return "", errs.New(errs.Invalid, "others may read the key file %s", path).
			WithHint("Make it yours alone: chmod 600 %s", path)
	}
	text, err := os.ReadFile(path)
	return string(text), errs.Wrap(err, "read the key file")
}

// newKey returns a line of a key file.
func newKey() string {
	raw := make([]byte, keySize)
	rand.Read(raw) // never fails
	return base64.StdEncoding.EncodeToString(raw) + "\n"
}

// writeFirst makes a key file with one key. When another process was faster its
// file stays.
func writeFirst(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := writePrivate(path, newKey(), placeFirst)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// placeFirst gives a file its name unless there is one of that name.
func placeFirst(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, there := os.Stat(to); there == nil { // a file system without links
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

// writePrivate writes a file beside path and puts it in place whole, so that
// neither another process nor a crash ever sees half a key.
func writePrivate(path, text string, place func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return place(f.Name(), path)
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

// Current reports whether a value is sealed with the newest key. Others are to
// be opened and sealed anew before their key is taken out of the ring.
func (k *Keyring) Current(sealed []byte) bool {
	return len(sealed) > 1+keyIDSize && string(sealed[1:1+keyIDSize]) == string(k.keys[0].id[:])
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
