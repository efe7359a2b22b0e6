package web

import (
	"fmt"
	"net/http"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/web/view"
)

// askCode goes on to the page that asks for the code of the second step.
func (v *visit) askCode(asked *account.SecondStepAsked, form view.SignInForm) error {
	if v.site.Keys == nil {
		return errs.New(errs.Conflict, "this installation has no key to seal secrets with")
	}
	if err := v.keepSealed(stepCookie, stepTicket{asked.Login, form.Email, form.Next, v.now()}, stepLife); err != nil {
		return err
	}
	return v.goTo("/sign-in/code")
}

// step reads whose password was right a moment ago.
func (v *visit) step() (t stepTicket, ok bool) {
	ok = v.sealedCookie(stepCookie, &t) && v.now().Sub(t.At) <= stepLife
	return t, ok
}

// codeForm asks for the code of the second step.
func (s *Site) codeForm(v *visit) error {
	t, ok := v.step()
	if !ok {
		return v.goTo("/sign-in")
	}
	return v.show("Sign in", view.CodeForm(t.Email, "", ""))
}

// enterCode checks the code and starts a session.
func (s *Site) enterCode(v *visit) error {
	t, ok := v.step()
	if !ok {
		return v.goTo("/sign-in")
	}
	var p account.Principal
	err := s.Accounts.Attempt(v.ctx(), func() (err error) {
		p, err = s.Accounts.FinishSignIn(v.ctx(), t.Login, v.r.PostFormValue("code"), clientAddress(v.r))
		return err
	}, account.GuessAt(fmt.Sprint("code of ", t.Login)))
	if errs.Is(err, errs.Unauthenticated) || errs.Is(err, errs.Unavailable) {
		return v.showStatus(statusOf(err), "Sign in", view.CodeForm(t.Email, sentence(err, statusOf(err)), errs.HintOf(err)))
	}
	if err != nil {
		return err
	}
	clearCookie(v.w, v.r, stepCookie)
	if err := v.knowBrowser(t.Email); err != nil {
		return err
	}
	return v.welcome(p, t.Next)
}

// resetForm is the page of a one-time link: it asks for a new password.
func (s *Site) resetForm(v *visit) error { return v.showReset(http.StatusOK, "") }

func (v *visit) showReset(status int, fault string) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer") // the token stands in the page's address
	token := v.r.FormValue("token")
	l, err := v.site.Accounts.ResetLinkOf(v.ctx(), secretText(token))
	if err != nil {
		return err
	}
	return v.showStatus(status, "Set a password", view.ResetForm(l.Email, token, fault))
}

// resetPassword sets the password of whoever has a one-time link.
func (s *Site) resetPassword(v *visit) error {
	err := s.Accounts.UseResetLink(v.ctx(), secretText(v.r.PostFormValue("token")), secretText(v.r.PostFormValue("password")), clientAddress(v.r))
	if errs.Is(err, errs.Invalid) {
		return v.showReset(http.StatusUnprocessableEntity, fullSentence(err))
	}
	if err != nil {
		return err
	}
	v.flash(true, "Your password is set. Sign in with it.")
	return v.goTo("/sign-in")
}
