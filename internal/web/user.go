package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/web/view"
)

// users lists who has a role in the module.
func (s *Site) users(v *visit) error { return v.showUsers(http.StatusOK, view.InviteForm{}) }

func (v *visit) showUsers(status int, form view.InviteForm) error {
	s, query := v.site, v.text("q")
	list, next, err := s.Accounts.PageLogins(v.ctx(), v.who, account.LoginQuery{Prefix: query, After: v.text("after"), Limit: recordsShown})
	if err != nil {
		return err
	}
	mappings, err := v.mappingNames()
	if err != nil {
		return err
	}
	if form.Roles, err = v.roleOptions(); err != nil {
		return err
	}
	page := view.Users{Crumbs: v.crumbs(), Path: v.usersPath(), Query: query, Form: form}
	if next != "" {
		page.Next = v.r.URL.Path + "?" + url.Values{"q": {query}, "after": {next}}.Encode()
	}
	for _, l := range list {
		row := view.UserRow{Path: fmt.Sprintf("%s/%d", page.Path, l.ID), Name: l.Name, Email: l.Email, State: loginBadge(l.State), Directory: l.Origin == account.Directory, BreakGlass: l.BreakGlass}
		for _, g := range l.Grants {
			here := g.Scope == account.OrganizationWide || g.Account == v.module.Account && (g.Scope == account.AccountWide || g.Module == v.module.ID)
			if !here {
				continue
			}
			from := "by hand"
			if g.Mapping != 0 {
				from = "mapping " + mappings[g.Mapping]
			}
			row.Roles = append(row.Roles, view.RoleFrom{Role: g.RoleName, From: from})
		}
		if len(row.Roles) > 0 || l.Origin == account.Directory {
			page.Rows = append(page.Rows, row)
		}
	}
	return v.showStatus(status, "Users", view.UsersPage(page))
}

func (v *visit) usersPath() string { return modulePath(v.module.ID) + "/users" }

// roleOptions are the roles that the visitor can give in the module, the lowest
// first: what is chosen without a thought should allow the least.
func (v *visit) roleOptions() ([]view.Option, error) {
	list, err := v.site.Accounts.RolesIn(v.ctx(), v.who, v.module.Account, v.module.ID)
	var out []view.Option
	for _, r := range slices.Backward(list) {
		out = append(out, view.Option{Value: view.Num(r.ID), Label: r.Name + ", " + reachOf(r.Scope)})
	}
	return out, err
}

// inviteUser gives a role to whoever has an email.
func (s *Site) inviteUser(v *visit) error {
	form := view.InviteForm{Email: v.text("email"), Name: v.text("name"), Role: v.text("role")}
	l, err := s.Accounts.Invite(v.ctx(), v.who, account.Invitation{
		Email: form.Email, Name: form.Name, Account: v.module.Account, Module: v.module.ID, Role: v.numberIn("role"),
	})
	if refused(err) {
		form.Fault = sentence(err, statusOf(err))
		return v.showUsers(statusOf(err), form)
	}
	if err != nil {
		return err
	}
	v.flash(true, l.Email+" has the role now.")
	return v.goTo(fmt.Sprintf("%s/%d", v.usersPath(), l.ID))
}

// mappingNames are the names of the module's mappings, by number.
func (v *visit) mappingNames() (map[int64]string, error) {
	out := map[int64]string{}
	if v.who.May(account.ManageIntegrations, v.module.Account, v.module.ID, 0) != nil {
		return out, nil
	}
	list, err := v.site.Integrations.InModule(v.ctx(), v.who, v.module)
	if err != nil {
		return out, err
	}
	for _, c := range list {
		maps, err := v.site.Integrations.Mappings(v.ctx(), v.who, c.ID)
		if err != nil {
			return out, err
		}
		for _, m := range maps {
			out[m.ID] = m.Name
		}
	}
	return out, nil
}

func loginBadge(s account.State) view.Status {
	switch s {
	case account.Active:
		return view.Status{Tone: "green", Icon: "circle-check", Word: "Active"}
	case account.Invited:
		return view.Status{Tone: "blue", Icon: "clock", Word: "Invited"}
	}
	return view.Status{Tone: "red", Icon: "lock", Word: "Deactivated"}
}
