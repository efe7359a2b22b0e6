package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/web/view"
)

// visit is one request with who makes it.
type visit struct {
	site    *Site
	w       http.ResponseWriter
	r       *http.Request
	route   route
	who     account.Principal
	session account.Session
	module  account.Module // of the path
	frame   *view.Frame
	guarded view.Guard // of the page's form
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// enter finds out who asks and whether they may come here.
func (v *visit) enter() error {
	v.frame = v.site.frame(v.r)
	if v.route.who.public {
		return nil
	}
	token, ok := sessionToken(v.r)
	if !ok {
		return errs.New(errs.Unauthenticated, "you are not signed in")
	}
	var err error
	v.who, v.session, err = v.site.Accounts.Continue(v.ctx(), token, clientAddress(v.r))
	if err != nil {
		return err
	}
	if err := v.fillFrame(); err != nil {
		return err
	}
	if v.route.who.anyone || v.route.who.module != "" {
		return v.enterModule()
	}
	return nil
}

// enterModule finds the module of the path among those that exist for the visitor.
func (v *visit) enterModule() error {
	id, err := v.number("module")
	if err != nil {
		return err
	}
	for i := range v.frame.Modules {
		m := &v.frame.Modules[i]
		if m.ID == id {
			v.module = account.Module{ID: m.ID, Account: m.AccountID, Name: m.Name}
			m.Open, v.frame.Module = true, m
		}
	}
	if v.module.ID == 0 {
		return notHere()
	}
	if a := v.route.who.module; a != "" {
		return v.who.May(a, v.module.Account, v.module.ID, 0)
	}
	return nil
}

// notHere says that an address leads nowhere, be it that there is nothing or
// that it is not the visitor's to see.
func notHere() error {
	return errs.New(errs.NotFound, "there is nothing at this address").WithHint("It may have been moved, or belong to an account that you have no role in.")
}

// number reads a number from the path.
func (v *visit) number(name string) (int64, error) {
	n, err := strconv.ParseInt(v.r.PathValue(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, notHere()
	}
	return n, nil
}

// numberIn reads a number from the query or the form; 0 when it is not there.
func (v *visit) numberIn(name string) int64 {
	n, _ := strconv.ParseInt(v.r.FormValue(name), 10, 64)
	return n
}

// text reads a trimmed text from the form.
func (v *visit) text(name string) string { return strings.TrimSpace(v.r.FormValue(name)) }

// show renders a page inside the frame.
func (v *visit) show(title string, body templ.Component) error {
	return v.showStatus(http.StatusOK, title, body)
}

func (v *visit) showStatus(status int, title string, body templ.Component) error {
	v.frame.Title = title
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Cache-Control", "no-store")
	v.takeFlash()
	v.w.WriteHeader(status)
	page := view.Page(v.frame, body)
	if v.route.who.public || v.who.Login == 0 {
		page = view.Bare(v.frame, body)
	}
	return v.rendered(page.Render(v.ctx(), v.w))
}

// part renders a fragment for a page that is there already.
func (v *visit) part(body templ.Component) error {
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Cache-Control", "no-store")
	return v.rendered(body.Render(v.ctx(), v.w))
}

// rendered notes that a page could not be written; by then it is too late to
// say so on the page.
func (v *visit) rendered(err error) error {
	if err != nil && v.ctx().Err() == nil {
		v.site.Log.Warn("a page could not be written", "path", v.r.URL.Path, "error", err)
	}
	return nil
}

// live reports whether a script asks for a fragment instead of a page.
func (v *visit) live() bool { return v.r.Header.Get("HX-Request") == "true" }

// goTo sends the browser elsewhere after an act.
func (v *visit) goTo(path string) error {
	if v.live() {
		v.w.Header().Set("HX-Redirect", path)
		v.w.WriteHeader(http.StatusOK)
		return nil
	}
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// statusOf is the status that an error's kind stands for.
func statusOf(err error) int {
	switch errs.KindOf(err) {
	case errs.Invalid:
		return http.StatusUnprocessableEntity
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict, errs.Held, errs.Expired:
		return http.StatusConflict
	case errs.Forbidden:
		return http.StatusForbidden
	case errs.Unauthenticated:
		return http.StatusUnauthorized
	case errs.Unavailable, errs.Incomplete:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail answers with what went wrong and what to do next. Whoever is not signed
// in is sent to do so, and back here afterwards.
func (v *visit) fail(err error) {
	if errors.Is(err, context.Canceled) && v.ctx().Err() != nil {
		return // nobody is waiting any more
	}
	status := statusOf(err)
	if status == http.StatusUnauthorized && !v.route.who.public {
		v.toSignIn()
		return
	}
	if status == http.StatusInternalServerError {
		v.site.Log.Error("a page failed", "method", v.r.Method, "path", v.r.URL.Path, "error", err)
	}
	fault := view.Fault{Status: status, Text: sentence(err, status), Hint: errs.HintOf(err), Visitor: v.who.Login == 0}
	if status == http.StatusServiceUnavailable {
		v.site.Log.Warn("a page has to wait", "method", v.r.Method, "path", v.r.URL.Path, "error", err)
		fault.Text = capital(errs.Brief(err)) + "."
	}
	if v.live() {
		v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		v.w.WriteHeader(status)
		_ = v.rendered(view.FaultPart(fault).Render(v.ctx(), v.w))
		return
	}
	_ = v.showStatus(status, fault.Title(), view.FaultPage(fault))
}

// sentence is what a person reads of an error. Of faults within Muster the log
// says more.
func sentence(err error, status int) string {
	if status == http.StatusInternalServerError {
		return "Something went wrong inside Muster. The log says what."
	}
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// toSignIn sends the visitor to the sign-in page, and back here afterwards if
// this is a page.
func (v *visit) toSignIn() {
	target := "/sign-in"
	if v.r.Method == http.MethodGet && !v.live() && v.r.URL.Path != "/" {
		target += "?" + url.Values{"next": {v.r.URL.RequestURI()}}.Encode()
	}
	clearCookie(v.w, v.r, sessionCookie)
	if err := v.goTo(target); err != nil {
		v.site.Log.Warn("could not redirect", "error", err)
	}
}

// since is when the visit takes place.
func (v *visit) now() time.Time { return v.site.Now() }
