package web

import (
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

// The cookies. None is readable by scripts but the zone, which a script sets.
const (
	sessionCookie = "muster_session"
	flashCookie   = "muster_flash"
	themeCookie   = "muster_theme"
	zoneCookie    = "muster_zone"
)

// secure reports whether the visitor came over https, be it to here or to a
// trusted proxy.
func secure(r *http.Request) bool { return r.TLS != nil || r.URL.Scheme == "https" }

// cookieName returns a cookie's name: over https with the prefix by which
// browsers keep other hosts from setting it.
func cookieName(r *http.Request, name string) string {
	if secure(r) {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie for so long; 0 until the browser closes.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{ // #nosec G124 -- over http, on this machine, a Secure cookie would not come back
		Name: cookieName(r, name), Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode,
	})
}

func clearCookie(w http.ResponseWriter, r *http.Request, name string) {
	setCookie(w, r, name, "", -time.Second)
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(cookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

// sessionToken returns the token that the browser shows.
func sessionToken(r *http.Request) (secret.Text, bool) {
	token := cookie(r, sessionCookie)
	return secret.New(token), token != ""
}

// keepSession gives the browser its token.
func keepSession(w http.ResponseWriter, r *http.Request, token secret.Text) {
	setCookie(w, r, sessionCookie, token.Reveal(), account.SessionLife)
}

// flash leaves a sentence for the next page: what was done, or what was not.
func (v *visit) flash(good bool, text string) {
	mark := "!"
	if good {
		mark = "+"
	}
	setCookie(v.w, v.r, flashCookie, base64.RawURLEncoding.EncodeToString([]byte(mark+text)), time.Minute)
}

// undoMark stands between a flash's sentence and where its undo is posted.
const undoMark = "\x00"

// flashUndo is a good flash with a way back: undo is posted to.
func (v *visit) flashUndo(text, undo string) { v.flash(true, text+undoMark+undo) }

// takeFlash moves the sentence left by the last page into the frame.
func (v *visit) takeFlash() {
	raw, err := base64.RawURLEncoding.DecodeString(cookie(v.r, flashCookie))
	if err != nil || len(raw) < 2 {
		return
	}
	text, undo, _ := strings.Cut(string(raw[1:]), undoMark)
	v.frame.Flash = &view.Flash{Good: raw[0] == '+', Text: text, Undo: localPath(undo)}
	clearCookie(v.w, v.r, flashCookie)
}

// zoneOf returns the viewer's time zone, which a script notes in a cookie; UTC
// until then. The cookie comes without prefix because a script sets it.
func zoneOf(r *http.Request) *time.Location {
	c, err := r.Cookie(zoneCookie)
	if err != nil {
		return time.UTC
	}
	name := strings.ReplaceAll(c.Value, "%2F", "/")
	if zone, err := time.LoadLocation(name); err == nil && name != "Local" {
		return zone
	}
	return time.UTC
}

// clientAddress is the visitor's network address.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
