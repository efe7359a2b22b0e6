package web

import (
	"github.com/musterhq/muster/internal/web/view"
)

// profile shows who is signed in, and where.
func (s *Site) profile(v *visit) error {
	list, err := s.Accounts.Sessions(v.ctx(), v.who)
	if err != nil {
		return err
	}
	page := view.Profile{Name: v.who.Name}
	for _, h := range v.who.Holds {
		page.Roles = append(page.Roles, h.Role.Name)
	}
	for _, ses := range list {
		page.Sessions = append(page.Sessions, view.SessionRow{
			ID: ses.ID, Agent: ses.Agent, Address: ses.Address, Begun: ses.CreatedAt, Seen: ses.SeenAt, This: ses.ID == v.session.ID,
		})
	}
	return v.show("Profile", view.ProfilePage(v.frame, page))
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
