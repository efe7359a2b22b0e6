package web

import (
	"net/http"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/web/view"
)

// linkCookie notes that a visitor showed their password to link their login.
const (
	linkCookie = "muster_link"
	linkLife   = 5 * time.Minute
)

// linkTicket is between the password and Microsoft.
type linkTicket struct {
	Login int64
	At    time.Time
}

// present is who is signed in on the browser that comes to a public page; zero
// for nobody.
func (v *visit) present() account.Principal {
	token, ok := sessionToken(v.r)
	if !ok {
		return account.Principal{}
	}
	p, _, err := v.site.Accounts.Continue(v.ctx(), token, clientAddress(v.r))
	if err != nil {
		return account.Principal{} // the page is for everybody
	}
	return p
}

// mayLink returns the visitor's login when they showed its password a moment ago.
func (v *visit) mayLink() int64 {
	var t linkTicket
	if !v.sealedCookie(linkCookie, &t) || v.now().Sub(t.At) > linkLife || v.present().Login != t.Login {
		return 0
	}
	clearCookie(v.w, v.r, linkCookie)
	return t.Login
}

// beginLink checks the password before a login is linked. The way to Microsoft
// is a link on the page that follows: browsers keep forms from leading there.
func (s *Site) beginLink(v *visit) error {
	if s.Keys == nil {
		return errs.New(errs.Conflict, "this installation has no key to seal secrets with")
	}
	err := s.Accounts.Attempt(v.ctx(), func() error {
		return s.Accounts.ConfirmPassword(v.ctx(), v.who, secretText(v.r.PostFormValue("present")))
	}, v.ownPassword())
	if errs.Is(err, errs.Forbidden) || errs.Is(err, errs.Unavailable) {
		return v.showProfile(http.StatusUnprocessableEntity, map[string]string{"link": fullSentence(err)})
	}
	if err != nil {
		return err
	}
	if err := v.keepSealed(linkCookie, linkTicket{v.who.Login, v.now()}, linkLife); err != nil {
		return err
	}
	ways, err := v.waysToLink()
	if err != nil {
		return err
	}
	return v.show("Link with Microsoft", view.LinkOnPage([]view.Crumb{{Name: "Profile", Path: "/profile"}}, ways))
}

// waysToLink are the buttons that lead to Microsoft to link the visitor's login.
func (v *visit) waysToLink() ([]view.SignOn, error) {
	ways, err := v.site.Integrations.SignOns(v.ctx())
	var out []view.SignOn
	for _, w := range ways {
		out = append(out, view.SignOn{Name: w.Account, Path: microsoftPath(w.Connection) + "?link=yes"})
	}
	return out, err
}

// unlink takes the visitor's own link back.
func (s *Site) unlink(v *visit) error {
	if err := s.Accounts.UnlinkDirectory(v.ctx(), v.who); err != nil {
		return err
	}
	v.flash(true, "Your user is not linked with Microsoft any more.")
	return v.goTo("/profile")
}
