package web

import (
	"net/url"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/web/view"
)

// users lists who has a role in the module.
func (s *Site) users(v *visit) error {
	query := v.text("q")
	list, next, err := s.Accounts.PageLogins(v.ctx(), v.who, account.LoginQuery{Prefix: query, After: v.text("after"), Limit: recordsShown})
	if err != nil {
		return err
	}
	mappings, err := v.mappingNames()
	if err != nil {
		return err
	}
	page := view.Users{Crumbs: v.crumbs(), Query: query}
	if next != "" {
		page.Next = v.r.URL.Path + "?" + url.Values{"q": {query}, "after": {next}}.Encode()
	}
	for _, l := range list {
		row := view.UserRow{Name: l.Name, Email: l.Email, State: loginBadge(l.State), Directory: l.Origin == account.Directory, BreakGlass: l.BreakGlass}
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
	return v.show("Users", view.UsersPage(page))
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
