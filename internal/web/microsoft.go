package web

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/web/view"
)

// callbackPath is where Microsoft sends the browser back to; app registrations
// name it, so it never changes.
const callbackPath = "/auth/microsoft/callback"

// ticketCookie keeps the sealed ticket of a sign-in in progress.
const ticketCookie = "muster_ticket"

// ticketLife is how long the browser keeps it: as long as it is good.
const ticketLife = 15 * time.Minute

func microsoftPath(connection int64) string { return fmt.Sprintf("/auth/microsoft/%d", connection) }

// base is the address at which browsers find Muster: the configured one, or as
// this visitor came. Microsoft sends browsers back only to addresses that the
// app registration lists, so a made-up Host header leads nowhere.
func (v *visit) base() string {
	if v.site.BaseURL != "" {
		return v.site.BaseURL
	}
	scheme := "http"
	if secure(v.r) {
		scheme = "https"
	}
	return scheme + "://" + v.r.Host
}

// toMicrosoft sends the browser to Microsoft to sign in.
func (s *Site) toMicrosoft(v *visit) error {
	connection, err := v.number("connection")
	if err != nil {
		return err
	}
	next := localPath(v.text("next"))
	if u, err := url.Parse(v.base()); err == nil && !strings.EqualFold(u.Host, v.r.Host) && v.text("moved") == "" {
		// The ticket's cookie has to be where the browser comes back to. Once is
		// enough: a proxy may hide the host that the browser asked for.
		return v.goTo(v.base() + v.r.URL.Path + "?" + url.Values{"next": {next}, "choose": {v.text("choose")}, "moved": {"yes"}}.Encode())
	}
	wish := integration.SignOnWish{Connection: connection, Redirect: v.base() + callbackPath, Next: next, Choose: v.text("choose") != ""}
	if v.text("link") != "" {
		if wish.Link = v.mayLink(); wish.Link == 0 {
			return v.goTo("/profile")
		}
		wish.Next, wish.Choose = "/profile", true
	}
	address, ticket, err := s.Integrations.BeginSignOn(v.ctx(), wish)
	if err != nil {
		return v.notIn(err, next)
	}
	setCookie(v.w, v.r, ticketCookie, base64.RawURLEncoding.EncodeToString(ticket), ticketLife)
	v.w.Header().Set("Cache-Control", "no-store")
	return v.goTo(address)
}

// fromMicrosoft is where Microsoft sends the browser back to.
func (s *Site) fromMicrosoft(v *visit) error {
	ticket, err := base64.RawURLEncoding.DecodeString(cookie(v.r, ticketCookie))
	if err != nil {
		ticket = nil // as without one
	}
	clearCookie(v.w, v.r, ticketCookie)
	v.w.Header().Set("Referrer-Policy", "no-referrer") // the code stands in this page's address
	q := v.r.URL.Query()
	p, next, err := s.Integrations.FinishSignOn(v.ctx(), ticket, integration.SignOnAnswer{
		State: q.Get("state"), Code: q.Get("code"), Fault: q.Get("error"), Address: clientAddress(v.r), Session: v.present(),
	})
	if err != nil {
		return v.notIn(err, next)
	}
	return v.welcome(p, next)
}

// notIn shows the sign-in page with what went wrong at Microsoft, and with the
// other ways in.
func (v *visit) notIn(err error, next string) error {
	status := statusOf(err)
	if status == http.StatusNotFound {
		return err
	}
	if status == http.StatusInternalServerError {
		v.site.Log.Error("a sign-in with Microsoft failed", "error", err)
	}
	return v.showSignIn(status, view.SignInForm{Next: next, Fault: sentence(err, status), Hint: errs.HintOf(err), Apart: true})
}

// showSignIn shows the sign-in page: Microsoft's buttons first, where there are
// any, the form for local users below.
func (v *visit) showSignIn(status int, form view.SignInForm) error {
	ways, err := v.site.Integrations.SignOns(v.ctx())
	if err != nil {
		return err
	}
	for _, w := range ways {
		query := url.Values{"next": {form.Next}}
		if form.Apart || form.Leave != "" { // the account that Microsoft knows is not the one, or is done
			query.Set("choose", "yes")
		}
		b := view.SignOn{Path: microsoftPath(w.Connection) + "?" + query.Encode()}
		if len(ways) > 1 {
			b.Name = w.Account
		}
		form.Microsoft = append(form.Microsoft, b)
	}
	return v.showStatus(status, "Sign in", view.SignIn(v.frame, form))
}

// leaveMicrosoft sends the browser to where people end their session with
// Microsoft as well.
func (s *Site) leaveMicrosoft(v *visit) error {
	connection, err := v.number("connection")
	if err != nil {
		return err
	}
	address, err := s.Integrations.SignOutAddress(v.ctx(), connection)
	if err != nil {
		return err
	}
	if address == "" {
		address = "/sign-in"
	}
	return v.goTo(address)
}

// microsoftOf returns the connection by which somebody signs in, 0 for those who
// have nothing to do with Microsoft.
func (v *visit) microsoftOf(p account.Principal) (int64, error) {
	l, err := v.site.Accounts.Self(v.ctx(), p)
	if err != nil || l.Tenant == "" {
		return 0, err
	}
	return v.site.Integrations.SignOnOf(v.ctx(), l.Tenant)
}
