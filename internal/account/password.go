package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// Costs of argon2id, as OWASP recommends them: 19 MiB, two passes.
// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonKey    = 32
	argonSalt   = 16
)

// passwordLength is the shortest password that is taken.
const passwordLength = 12

// HashPassword returns a password's argon2id hash in PHC form.
func HashPassword(password secret.Text) (string, error) {
	if n := len([]rune(password.Reveal())); n < passwordLength {
		return "", errs.New(errs.Invalid, "the password has %d characters; at least %d are needed", n, passwordLength)
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	sum := argon2.IDKey([]byte(password.Reveal()), salt, argonPasses, argonMemory, argonLanes, argonKey)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, enc(salt), enc(sum)), nil
}

// hashFor returns the hash of a password that was chosen for a login, or Invalid
// when it is easy to guess.
func (s *Service) hashFor(ctx context.Context, l *Login, password secret.Text) (string, error) {
	org, err := s.store.Organization(ctx)
	if err != nil {
		return "", err
	}
	return hashChosen(password, l.Email, l.Name, org.Name)
}

// hashChosen is hashFor, given what guessers know of the user.
func hashChosen(password secret.Text, about ...string) (string, error) {
	if n := len([]rune(password.Reveal())); n >= passwordLength {
		if err := checkGuess(password.Reveal(), about...); err != nil {
			return "", err
		}
	}
	return HashPassword(password) // which says what is too short
}

// CheckPassword reports whether a password is the one that was hashed. A hash
// that cannot be read is nobody's.
func CheckPassword(hash string, password secret.Text) bool {
	h, ok := parsePHC(hash)
	if !ok {
		return false
	}
	got := argon2.IDKey([]byte(password.Reveal()), h.salt, h.passes, h.memory, h.lanes, uint32(len(h.sum))) // #nosec G115 -- a hash of a few dozen bytes
	return subtle.ConstantTimeCompare(got, h.sum) == 1
}

// phc is a hash taken apart. It carries its costs, so that older hashes still
// open after they are raised.
// https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, sum      []byte
}

// mostMemory and mostPasses bound what a damaged hash can make us spend.
const (
	mostMemory = 1 << 20 // KiB
	mostPasses = 64
)

func parsePHC(hash string) (h phc, ok bool) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.lanes); err != nil {
		return h, false
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	h.sum, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	return h, err1 == nil && err2 == nil && len(h.sum) >= argonSalt && h.lanes > 0 &&
		h.memory <= mostMemory && h.passes > 0 && h.passes <= mostPasses
}
