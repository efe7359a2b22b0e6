package web

import (
	"fmt"
	"net/http"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

// profile shows who is signed in, and where.
func (s *Site) profile(v *visit) error { return v.showProfile(http.StatusOK, nil) }

// showProfile shows the profile; faults are of the password's form, by input.
func (v *visit) showProfile(status int, faults map[string]string) error {
	s := v.site
	self, err := s.Accounts.Self(v.ctx(), v.who)
	if err != nil {
		return err
	}
	list, err := s.Accounts.Sessions(v.ctx(), v.who)
	if err != nil {
		return err
	}
	page := view.Profile{Name: self.Name, Email: self.Email, MayPassword: self.HasPassword, Faults: faults}
	page.Linked = self.Origin == account.Local && !self.Object.IsZero()
	if page.MayPassword && !page.Linked && self.Origin == account.Local {
		ways, err := v.waysToLink()
		if err != nil {
			return err
		}
		page.MayLink = len(ways) > 0
	}
	if page.StepOn, page.CodesLeft, err = s.Accounts.SecondStepState(v.ctx(), v.who); err != nil {
		return err
	}
	tokens, err := s.Accounts.OwnTokens(v.ctx(), v.who)
	if err != nil {
		return err
	}
	page.Tokens = len(tokens)
	for _, h := range v.who.Holds {
		page.Roles = append(page.Roles, h.Role.Name)
	}
	for _, ses := range list {
		page.Sessions = append(page.Sessions, view.SessionRow{
			ID: ses.ID, Agent: agentName(ses.Agent), Address: ses.Address, Begun: ses.CreatedAt, Seen: ses.SeenAt, This: ses.ID == v.session.ID,
		})
	}
	return v.showStatus(status, "Profile", view.ProfilePage(v.frame, page))
}

// endSession ends one of the visitor's sessions on another device.
func (s *Site) endSession(v *visit) error {
	id, err := v.number("session")
	if err != nil {
		return err
	}
	if err := s.Accounts.EndSession(v.ctx(), v.who, id); err != nil {
		return err
	}
	v.flash(true, "That session has ended.")
	return v.goTo("/profile")
}

// ownPassword is what guesses at the visitor's own password are counted for.
func (v *visit) ownPassword() account.Guess {
	return account.GuessAt(fmt.Sprint("password of ", v.who.Login))
}

// changePassword gives the visitor another password, against the present one.
// Their other devices have to sign in again; this one goes on with a new session.
func (s *Site) changePassword(v *visit) error {
	err := s.Accounts.Attempt(v.ctx(), func() error {
		return s.Accounts.ChangePassword(v.ctx(), v.who, secret.New(v.r.PostFormValue("present")), secret.New(v.r.PostFormValue("password")))
	}, v.ownPassword())
	switch {
	case errs.Is(err, errs.Forbidden):
		return v.showProfile(http.StatusUnprocessableEntity, map[string]string{"present": sentence(err, 0)})
	case errs.Is(err, errs.Unavailable):
		return v.showProfile(statusOf(err), map[string]string{"present": sentence(err, 0)})
	case refused(err):
		return v.showProfile(statusOf(err), map[string]string{"password": fullSentence(err)})
	case err != nil:
		return err
	}
	v.flash(true, "Your password is changed. You are signed out on all other devices.")
	return v.welcome(v.who, "/profile")
}
