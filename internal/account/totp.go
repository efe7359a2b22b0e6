package account

import (
	"crypto/hmac"
	"crypto/sha1" // the algorithm that every authenticator app speaks; HMAC-SHA1 is not broken
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Codes that change with time, as authenticator apps show them.
// https://www.rfc-editor.org/rfc/rfc6238 over https://www.rfc-editor.org/rfc/rfc4226
const (
	totpStep   = 30 * time.Second
	totpDigits = 6
	totpSecret = 20 // bytes, as long as the hash
	totpSlack  = 1  // steps by which clocks may be apart, either way
)

// totpAt returns the number of the time step of a moment.
func totpAt(t time.Time) int64 { return t.Unix() / int64(totpStep/time.Second) }

// totpCode returns the code of a time step.
func totpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// totpMatch returns the time step whose code was given, which has to be later
// than the last one used; ok is false when there is none near now.
func totpMatch(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	at := totpAt(now)
	for s := at - totpSlack; s <= at+totpSlack; s++ {
		same := subtle.ConstantTimeCompare([]byte(totpCode(secret, s)), []byte(code)) == 1
		if same && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

// totpText is a secret as people type it into an app that cannot scan.
func totpText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// totpAddress is what the picture for the app says.
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format
func totpAddress(issuer, email string, secret []byte) string {
	query := url.Values{
		"secret": {totpText(secret)}, "issuer": {issuer}, "digits": {fmt.Sprint(totpDigits)}, "period": {fmt.Sprint(int(totpStep.Seconds()))},
	}.Encode()
	query = strings.ReplaceAll(query, "+", "%20") // some apps show the plus
	return (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + email, RawQuery: query}).String()
}
