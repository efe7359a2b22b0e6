package web

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"rsc.io/qr"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

func secretText(s string) secret.Text { return secret.New(s) }

// fullSentence is what was wrong and what to do, in one text for a form's field.
func fullSentence(err error) string {
	return strings.TrimSpace(sentence(err, 0) + " " + errs.HintOf(err))
}

// secondStep is the page on which somebody sets their second step up.
func (s *Site) secondStep(v *visit) error {
	e, err := s.Accounts.BeginSecondStep(v.ctx(), v.who)
	if err != nil {
		return err
	}
	return v.showEnrolment(http.StatusOK, e, "")
}

func (v *visit) showEnrolment(status int, e account.Enrolment, fault string) error {
	picture, err := qr.Encode(e.Address, qr.M)
	if err != nil {
		return err
	}
	return v.showStatus(status, "Second step", view.EnrolPage(view.Enrolment{
		Crumbs: []view.Crumb{{Name: "Profile", Path: "/profile"}}, Text: spaced(e.Text), Sealed: base64.RawURLEncoding.EncodeToString(e.Sealed),
		Picture: qrPath(picture), Size: picture.Size, Fault: fault,
	}))
}

// qrPath draws a picture of squares as the path of an SVG, one unit a square.
func qrPath(c *qr.Code) string {
	var b strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from, y, x-from, x-from)
			}
		}
	}
	return b.String()
}

// spaced sets a long text in groups of four, to be typed.
func spaced(text string) string {
	var parts []string
	for len(text) > 4 {
		parts, text = append(parts, text[:4]), text[4:]
	}
	return strings.Join(append(parts, text), " ")
}

// confirmSecondStep switches the second step on, and shows the recovery codes.
func (s *Site) confirmSecondStep(v *visit) error {
	sealed, err := base64.RawURLEncoding.DecodeString(v.r.PostFormValue("sealed"))
	if err != nil {
		return errs.New(errs.Invalid, "this set-up was not begun here").WithHint("Begin anew.")
	}
	codes, err := s.Accounts.ConfirmSecondStep(v.ctx(), v.who, sealed, v.r.PostFormValue("code"))
	if errs.Is(err, errs.Invalid) {
		e, showErr := s.Accounts.ShowSecondStep(v.ctx(), v.who, sealed)
		if showErr != nil {
			return showErr
		}
		return v.showEnrolment(http.StatusUnprocessableEntity, e, fullSentence(err))
	}
	if err != nil {
		return err
	}
	return v.show("Recovery codes", view.RecoveryPage([]view.Crumb{{Name: "Profile", Path: "/profile"}}, codes))
}

// removeSecondStep switches it off, against the password.
func (s *Site) removeSecondStep(v *visit) error {
	err := s.Accounts.Attempt(v.ctx(), func() error {
		return s.Accounts.RemoveSecondStep(v.ctx(), v.who, secretText(v.r.PostFormValue("present")))
	}, v.ownPassword())
	if errs.Is(err, errs.Forbidden) || errs.Is(err, errs.Unavailable) {
		return v.showProfile(http.StatusUnprocessableEntity, map[string]string{"step": fullSentence(err)})
	}
	if err != nil {
		return err
	}
	v.flash(true, "The second step is off.")
	return v.goTo("/profile")
}

// makeLink shows an administrator a one-time link for a user, once.
func (s *Site) makeLink(v *visit) error {
	l, err := v.loginHere()
	if err != nil {
		return err
	}
	token, err := s.Accounts.MakeResetLink(v.ctx(), v.who, l.Email)
	if err != nil {
		return err
	}
	if v.text("send") != "" {
		if err := v.mailLink(l, token); err != nil {
			return v.refused(err, v.userPath(l.ID))
		}
		v.flash(true, "A letter with the link is on its way to "+l.Email+".")
		return v.goTo(v.userPath(l.ID))
	}
	crumbs := v.crumbs(view.Crumb{Name: "Users", Path: v.usersPath()}, view.Crumb{Name: l.Name, Path: v.userPath(l.ID)})
	return v.show("One-time link", view.LinkPage(crumbs, l.Name, v.base()+resetPath(token)))
}

// mailLink writes a one-time link to its user. The text is forgotten once it is
// sent.
func (v *visit) mailLink(l account.Login, token secret.Text) error {
	return v.site.Mail.Queue(v.ctx(), mail.Letter{
		To: l.Email, Subject: "Your password for " + v.frame.Organization + " in Muster", Secret: true,
		Text: "Hello " + cmp.Or(l.Name, "there") + ",\n\nby this link you set your password, once and within a day:\n\n" + v.base() + resetPath(token) +
			"\n\nThen sign in as " + l.Email + ". If you did not expect this, ask " + v.who.Name + ".\n",
	})
}

// resetPath is the path of a one-time link.
func resetPath(token secret.Text) string { return "/reset?token=" + token.Reveal() }

// dropSecondStep switches a user's second step off, who lost device and codes.
func (s *Site) dropSecondStep(v *visit) error {
	return v.actOn("The second step is off. The user sets up another one on their profile.", func(id int64) error {
		return s.Accounts.ResetSecondStep(v.ctx(), v.who, id)
	})
}
