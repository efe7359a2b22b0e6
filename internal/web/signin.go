package web

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

// signInForm shows the sign-in page, or the set-up page before there is anything.
func (s *Site) signInForm(v *visit) error {
	if _, err := s.Accounts.Organization(v.ctx()); errs.Is(err, errs.NotFound) {
		return v.goTo("/setup")
	}
	form := view.SignInForm{Next: localPath(v.text("next"))}
	if n := v.numberIn("left"); n > 0 {
		form.Leave = microsoftPath(n) + "/sign-out"
	}
	return v.showSignIn(http.StatusOK, form)
}

// signIn checks an email and a password and starts a session, or goes on to the
// second step.
func (s *Site) signIn(v *visit) error {
	form := view.SignInForm{Email: v.text("email"), Next: localPath(v.text("next"))}
	var p account.Principal
	var asked *account.SecondStepAsked
	err := s.Accounts.Attempt(v.ctx(), func() (err error) {
		p, err = s.Accounts.SignIn(v.ctx(), form.Email, secret.New(v.r.PostFormValue("password")), clientAddress(v.r))
		if errors.As(err, &asked) { // the password was right
			return nil
		}
		return err
	}, v.guesses(form.Email)...)
	if err == nil && asked != nil {
		return v.askCode(asked, form)
	}
	if k := errs.KindOf(err); err != nil && (k == errs.Unauthenticated || k == errs.Unavailable) {
		form.Fault, form.Hint = sentence(err, statusOf(err)), errs.HintOf(err)
		return v.showSignIn(statusOf(err), form)
	}
	if err != nil {
		return err
	}
	if err := v.knowBrowser(form.Email); err != nil {
		return err
	}
	return v.welcome(p, form.Next)
}

// welcome starts a session: always with a new token, and the one that the
// browser came with ends, whoever put it there.
func (v *visit) welcome(p account.Principal, next string) error {
	if old, there := sessionToken(v.r); there {
		if err := v.site.Accounts.EndToken(v.ctx(), old); err != nil {
			return err
		}
	}
	token, err := v.site.Accounts.StartSession(v.ctx(), p, v.r.UserAgent())
	if err != nil {
		return err
	}
	keepSession(v.w, v.r, token)
	if next == "" {
		next = "/"
	}
	return v.goTo(next)
}

// localPath returns a path on this host to go on to, or "" for anything else: a
// link must not send people to a stranger's page.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return ""
	}
	return next
}

// signOut ends the session.
func (s *Site) signOut(v *visit) error {
	if err := s.Accounts.EndSession(v.ctx(), v.who, v.session.ID); err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	clearCookie(v.w, v.r, sessionCookie)
	connection, err := v.microsoftOf(v.who)
	if err != nil || connection == 0 {
		return v.goTo("/sign-in")
	}
	return v.goTo(fmt.Sprintf("/sign-in?left=%d", connection))
}

// setTheme keeps a choice of light or dark; "" follows the device.
func (s *Site) setTheme(v *visit) error {
	theme := v.text("theme")
	if theme != "light" && theme != "dark" {
		theme = ""
	}
	setCookie(v.w, v.r, themeCookie, theme, 365*24*time.Hour)
	back := localPath(v.text("back"))
	if back == "" {
		back = "/"
	}
	return v.goTo(back)
}

// mayFirst reports whether a visitor may set up the organization: from this
// machine, or with the token that the program printed.
func (s *Site) mayFirst(r *http.Request) bool {
	if s.SetupToken != "" && subtle.ConstantTimeCompare([]byte(r.FormValue("token")), []byte(s.SetupToken)) == 1 {
		return true
	}
	return fromHere(r)
}

// fromHere reports whether the visitor sits at this machine: neither behind a
// proxy on it that nobody declared, nor on a stranger's page whose host name
// leads here.
func fromHere(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip, asked := net.ParseIP(clientAddress(r)), net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback() && (host == "localhost" || asked != nil && asked.IsLoopback())
}

// setupForm is the first page of all.
func (s *Site) setupForm(v *visit) error {
	if _, err := s.Accounts.Organization(v.ctx()); err == nil {
		return v.goTo("/sign-in")
	} else if !errs.Is(err, errs.NotFound) {
		return err
	}
	if !s.mayFirst(v.r) {
		return errs.New(errs.Forbidden, "Muster is not set up yet, and that can be done from its own machine only").
			WithHint("Open the address that the program printed when it started: it carries a token.")
	}
	return v.show("Welcome", view.Setup(v.frame, view.SetupForm{Token: v.text("token")}))
}

// setUp makes the organization, its first administrator, an account and a module.
func (s *Site) setUp(v *visit) error {
	if !s.mayFirst(v.r) {
		return errs.New(errs.Forbidden, "Muster can be set up from its own machine only")
	}
	form := view.SetupForm{
		Organization: v.text("organization"), Email: v.text("email"), Module: v.text("module"), Main: v.text("main"), Token: v.text("token"),
	}
	p, err := s.found(v, form, secret.New(v.r.PostFormValue("password")))
	if errs.KindOf(err) == errs.Invalid && err != nil {
		form.Fault = fullSentence(err)
		return v.showStatus(http.StatusUnprocessableEntity, "Welcome", view.Setup(v.frame, form))
	}
	if err != nil {
		return err
	}
	v.flash(true, "Welcome to Muster. Everything is ready; next, connect your directory.")
	return v.welcome(p, "/")
}
