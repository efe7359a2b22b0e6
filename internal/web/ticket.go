package web

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/musterhq/muster/internal/account"
)

// What browsers keep between two pages, sealed so that they can neither read nor
// make it. The subject keeps one kind from being taken for another.
const (
	stepCookie   = "muster_step"   // whose password was right a moment ago
	deviceCookie = "muster_device" // who has signed in on this browser before
	stepLife     = 10 * time.Minute
	deviceLife   = 365 * 24 * time.Hour
)

// stepTicket is between the password and the code.
type stepTicket struct {
	Login int64
	Email string
	Next  string
	At    time.Time
}

// keepSealed puts a value into a cookie, sealed.
func (v *visit) keepSealed(name string, value any, life time.Duration) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return err
	}
	sealed, err := v.site.Keys.Seal(plain, name)
	if err != nil {
		return err
	}
	setCookie(v.w, v.r, name, base64.RawURLEncoding.EncodeToString(sealed), life)
	return nil
}

// sealedCookie reads what keepSealed wrote; false for anything else.
func (v *visit) sealedCookie(name string, into any) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie(v.r, name))
	if err != nil || len(sealed) == 0 || v.site.Keys == nil {
		return false
	}
	plain, err := v.site.Keys.Open(sealed, name)
	return err == nil && json.Unmarshal(plain, into) == nil
}

// guesses are what a password for an email is counted for:
//
//	the browser                        counted
//	somebody signed in as that before  by itself, whatever goes on elsewhere
//	any other                          the address, the email from there, the email from anywhere
//
// So a crowd that guesses an administrator's password from everywhere slows
// itself down, and not the administrator.
func (v *visit) guesses(email string) []account.Guess {
	key, address := account.EmailKey(email), clientAddress(v.r)
	var known string
	if v.sealedCookie(deviceCookie, &known) && known == key {
		return []account.Guess{account.GuessAt("browser " + cookie(v.r, deviceCookie))}
	}
	return []account.Guess{
		account.GuessFrom(address, "passwords", 5*time.Minute),
		account.GuessAt("login " + key + " from " + account.Network(address)),
		{About: "login " + key, Free: 10, Longest: 30 * time.Second},
	}
}

// knowBrowser notes who signed in on this browser.
func (v *visit) knowBrowser(email string) error {
	if v.site.Keys == nil {
		return nil
	}
	return v.keepSealed(deviceCookie, account.EmailKey(email), deviceLife)
}
