package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

// user is one user: state, roles and where each comes from, and what can be done.
func (s *Site) user(v *visit) error { return v.showUser(http.StatusOK, "") }

// showUser shows the user of the path; fault is what was wrong with a password.
func (v *visit) showUser(status int, fault string) error {
	l, err := v.loginHere()
	if err != nil {
		return err
	}
	mappings, err := v.mappingLinks()
	if err != nil {
		return err
	}
	page := view.UserPageData{
		Crumbs: v.crumbs(view.Crumb{Name: "Users", Path: v.usersPath()}), Path: v.userPath(l.ID),
		Name: l.Name, Email: l.Email, State: loginBadge(l.State), Closed: l.State == account.Deactivated, ClosedBy: closedBy(l),
		Directory: l.Origin == account.Directory, BreakGlass: l.BreakGlass, Self: l.ID == v.who.Login,
		Everything: v.who.OrganizationAdmin(), PasswordFault: fault,
		MayPassword: v.who.OrganizationAdmin() && l.ID != v.who.Login && l.State != account.Deactivated && (l.Origin == account.Local || l.BreakGlass),
	}
	if page.MayPassword {
		if page.Mail, err = v.site.Mail.SetUp(v.ctx()); err != nil {
			return err
		}
		if page.SecondStep, err = v.site.Accounts.HasSecondStep(v.ctx(), v.who, l.ID); err != nil {
			return err
		}
	}
	for _, g := range l.Grants {
		line := view.GrantLine{RoleFrom: v.roleFrom(g, mappings), Place: v.placeOf(g), Account: g.Account, Module: g.Module, ByHand: g.Mapping == 0}
		page.Grants = append(page.Grants, line)
	}
	if page.Roles, err = v.roleOptions(); err != nil {
		return err
	}
	return v.showStatus(status, l.Name, view.UserPage(v.frame, page))
}

// loginHere is the user of the path, as far as the visitor manages users.
func (v *visit) loginHere() (account.Login, error) {
	id, err := v.number("login")
	if err != nil {
		return account.Login{}, err
	}
	return v.site.Accounts.Login(v.ctx(), v.who, id)
}

func (v *visit) userPath(login int64) string { return fmt.Sprintf("%s/%d", v.usersPath(), login) }

// placeOf says where a role holds.
func (v *visit) placeOf(g account.Grant) string {
	if g.Account == 0 {
		return "everywhere"
	}
	for _, m := range v.frame.Modules {
		switch {
		case m.ID == g.Module:
			return m.Name
		case g.Module == 0 && m.AccountID == g.Account:
			return "all of " + m.Account
		}
	}
	return "another account"
}

// actOn does something to the user of the path and goes back to their page, with
// a sentence on what was done or why it was refused.
func (v *visit) actOn(done string, act func(login int64) error) error {
	id, err := v.number("login")
	if err != nil {
		return err
	}
	switch err := act(id); {
	case refused(err), errs.Is(err, errs.Forbidden):
		if _, hidden := v.loginHere(); hidden != nil {
			return hidden // not even whether there is such a user is for them
		}
		v.flash(false, strings.TrimSpace(sentence(err, statusOf(err))+" "+errs.HintOf(err)))
	case err != nil:
		return err
	default:
		v.flash(true, done)
	}
	return v.goTo(v.userPath(id))
}

// deactivateUser closes a login.
func (s *Site) deactivateUser(v *visit) error {
	return v.actOn("The user is deactivated and signed out everywhere.", func(id int64) error { return s.Accounts.Deactivate(v.ctx(), v.who, id) })
}

// reactivateUser opens a login again.
func (s *Site) reactivateUser(v *visit) error {
	return v.actOn("The user can be used again.", func(id int64) error { return s.Accounts.Reactivate(v.ctx(), v.who, id) })
}

// protectUser marks a login break-glass, or takes the mark away.
func (s *Site) protectUser(v *visit) error {
	on := v.text("on") != ""
	done := "The user is within reach of syncs again."
	if on {
		done = "The user is break-glass: no sync can lock them out."
	}
	return v.actOn(done, func(id int64) error { return s.Accounts.SetBreakGlass(v.ctx(), v.who, id, on) })
}

// giveRole gives a role in the module, or as far as the role reaches.
func (s *Site) giveRole(v *visit) error {
	return v.actOn("The role is given.", func(id int64) error {
		return s.Accounts.GrantRole(v.ctx(), v.who, id, account.Grant{Account: v.module.Account, Module: v.module.ID, Role: v.numberIn("role")})
	})
}

// takeRole takes a role away that was given by hand. The list comes next: with
// their last role the user may be none of the visitor's any more.
func (s *Site) takeRole(v *visit) error {
	id, err := v.number("login")
	if err != nil {
		return err
	}
	key := account.GrantKey{Account: v.numberIn("account"), Module: v.numberIn("at")}
	err = s.Accounts.RevokeRole(v.ctx(), v.who, id, key)
	if err == nil {
		v.flash(true, "The role is taken away.")
		return v.goTo(v.usersPath())
	}
	return v.actOn("", func(int64) error { return err })
}

// setUserPassword gives a local user a password, be it the first one.
func (s *Site) setUserPassword(v *visit) error {
	l, err := v.loginHere()
	if err != nil {
		return err
	}
	err = s.Accounts.ResetPassword(v.ctx(), v.who, l.Email, secret.New(v.r.PostFormValue("password")))
	if refused(err) {
		return v.showUser(statusOf(err), fullSentence(err))
	}
	if err != nil {
		return err
	}
	v.flash(true, "The password is set, and the user is signed out everywhere.")
	return v.goTo(v.userPath(l.ID))
}
