package web

import (
	"cmp"
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
	page := view.Users{Crumbs: v.crumbs(), Path: v.usersPath(), Filter: v.userFilter(), Everything: v.who.OrganizationAdmin()}
	list, next, err := v.site.Accounts.PageLogins(v.ctx(), v.who, account.LoginQuery{LoginFilter: v.loginFilter(page.Filter), After: v.text("after"), Limit: recordsShown})
	if err != nil {
		return err
	}
	mappings, err := v.mappingLinks()
	if err != nil {
		return err
	}
	if form.Roles, err = v.roleOptions(); err != nil {
		return err
	}
	page.Form, page.Roles = form, append([]view.Option{{Label: "Any"}}, form.Roles...)
	if next != "" {
		page.Next = usersPathOf(page.Path, page.Filter, next)
	}
	for _, l := range list {
		page.Rows = append(page.Rows, v.userRow(l, mappings))
	}
	return v.showStatus(status, "Users", view.UsersPage(v.frame, page))
}

// userRow is a user with the roles that reach into the module, or with all of
// them where users of the whole organization are listed.
func (v *visit) userRow(l account.Login, mappings map[int64]view.Option) view.UserRow {
	row := view.UserRow{Path: v.userPath(l.ID), Name: l.Name, Email: l.Email, State: loginBadge(l.State), Directory: l.Origin == account.Directory, BreakGlass: l.BreakGlass}
	all := v.text("where") == "all"
	for _, g := range l.Grants {
		here := g.Scope == account.OrganizationWide || g.Account == v.module.Account && (g.Scope == account.AccountWide || g.Module == v.module.ID)
		if !here && !all {
			continue
		}
		from := v.roleFrom(g, mappings)
		if !here {
			from.Place = v.placeOf(g)
		}
		row.Roles = append(row.Roles, from)
	}
	return row
}

// roleFrom says where a role comes from: a mapping, or a person at a time.
func (v *visit) roleFrom(g account.Grant, mappings map[int64]view.Option) view.RoleFrom {
	out := view.RoleFrom{Role: g.RoleName, At: g.At, By: g.By}
	if g.Mapping != 0 {
		out.Mapping, out.Path = cmp.Or(mappings[g.Mapping].Label, "that is gone"), mappings[g.Mapping].Value
	}
	return out
}

// userFilter is what the visitor looks for, as it was typed.
func (v *visit) userFilter() view.UserFilter {
	return view.UserFilter{Text: v.text("q"), State: v.text("state"), Origin: v.text("origin"), Role: v.text("role-is"), Where: v.text("where")}
}

// loginFilter is a filter as the use case takes it. Only those who manage the
// whole organization look beyond the module.
func (v *visit) loginFilter(f view.UserFilter) account.LoginFilter {
	out := account.LoginFilter{
		Text: f.Text, State: account.State(f.State), Origin: f.Origin, Role: v.numberIn("role-is"), Account: v.module.Account, Module: v.module.ID,
	}
	if f.Where == "all" && v.who.OrganizationAdmin() {
		out.Account, out.Module = 0, 0
	}
	return out
}

// usersPathOf is the address of a page of users.
func usersPathOf(path string, f view.UserFilter, after string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "state": f.State, "origin": f.Origin, "role-is": f.Role, "where": f.Where, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
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

// mappingLinks are the module's mappings by number, each with its page. For who
// does not manage integrations there are none.
func (v *visit) mappingLinks() (map[int64]view.Option, error) {
	out := map[int64]view.Option{}
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
			out[m.ID] = view.Option{Label: m.Name, Value: fmt.Sprintf("%s/mapping/%d", connectionPath(c.Module, c.ID), m.ID)}
		}
	}
	return out, nil
}

// closedBy says who deactivated a user, "" while they can be used.
func closedBy(l account.Login) string {
	switch {
	case l.State != account.Deactivated:
		return ""
	case l.DeactivatedBy == account.BySync:
		return "by a sync, which opens it again when the directory does"
	}
	return "by hand; a sync does not open it again"
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
