package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/web/view"
)

// roleActions are the columns of the table of roles: what a role may do with
// records, in plain words.
var roleActions = [...]struct {
	action account.Action
	word   string
}{
	{account.View, "View"}, {account.Create, "Create"}, {account.Edit, "Edit"}, {account.Delete, "Archive"},
	{account.CheckOut, "Check out"}, {account.Import, "Import"}, {account.Export, "Export"},
}

// manageWords are what administrators may do besides, in plain words.
var manageWords = [...]struct {
	action account.Action
	word   string
}{
	{account.ManageCollections, "collections"}, {account.ManageUsers, "users"}, {account.ManageIntegrations, "integrations"},
	{account.ApproveRuns, "approving runs"}, {account.ViewAudit, "the audit log"},
}

// roles shows what each role may do, and the form of another one.
func (s *Site) roles(v *visit) error { return v.showRoles(http.StatusOK, view.RoleForm{}) }

func (v *visit) showRoles(status int, form view.RoleForm) error {
	list, err := v.site.Accounts.RolesIn(v.ctx(), v.who, v.module.Account, v.module.ID)
	if err != nil {
		return err
	}
	page := view.Roles{Crumbs: v.crumbs(), Path: v.r.URL.Path, Form: form}
	for _, a := range roleActions {
		page.Actions = append(page.Actions, a.word)
	}
	for _, r := range list {
		page.Roles = append(page.Roles, v.roleView(r))
	}
	if page.Form.Rows == nil {
		page.Form.Rows = v.ticks(func(string) bool { return false })
	}
	return v.showStatus(status, "Roles", view.RolesPage(page))
}

// roleView is a role with what it allows where: in one line when that is the
// same in all collections, else in a line each.
func (v *visit) roleView(r account.Role) view.Role {
	out := view.Role{
		Name: r.Name, BuiltIn: r.Module == 0, Reach: reachOf(r.Scope), Path: v.rolePath(r.ID),
		Holders: usersPathOf(v.usersPath(), view.UserFilter{Role: view.Num(r.ID)}, ""),
	}
	var manages []string
	for _, w := range manageWords {
		if r.Allows(w.action, 0) {
			manages = append(manages, w.word)
		}
	}
	out.Manages = strings.Join(manages, ", ")
	limited := false
	for _, p := range r.Permissions {
		limited = limited || p.Collection != 0
	}
	if !limited {
		out.Lines = []view.RoleLine{{Name: "All collections", Allowed: allowed(r, 0)}}
		return out
	}
	for _, c := range v.frame.Module.Collections {
		out.Lines = append(out.Lines, view.RoleLine{Name: c.Name, Allowed: allowed(r, c.ID)})
	}
	return out
}

func allowed(r account.Role, collection int64) []bool {
	out := make([]bool, len(roleActions))
	for i, a := range roleActions {
		out[i] = r.Allows(a.action, collection)
	}
	return out
}

// reachOf says how far a role reaches.
func reachOf(s account.Scope) string {
	switch s {
	case account.OrganizationWide:
		return "everywhere"
	case account.AccountWide:
		return "the whole account"
	}
	return "this module"
}

func (v *visit) rolePath(role int64) string {
	return fmt.Sprintf("%s/roles/%d", modulePath(v.module.ID), role)
}

// ticks are the boxes of the form, a row for all collections and one each. A
// box is named by its collection's number and its action.
func (v *visit) ticks(on func(name string) bool) []view.TickRow {
	row := func(id int64, name string) view.TickRow {
		out := view.TickRow{Name: name}
		for _, a := range roleActions {
			tick := tickName(id, a.action)
			out.Ticks = append(out.Ticks, view.Tick{Value: tick, Label: a.word + ": " + name, On: on(tick)})
		}
		return out
	}
	rows := []view.TickRow{row(0, "All collections")}
	for _, c := range v.frame.Module.Collections {
		rows = append(rows, row(c.ID, c.Name))
	}
	return rows
}

func tickName(collection int64, a account.Action) string {
	return view.Num(collection) + " " + string(a)
}

// addRole makes a custom role of the module.
func (s *Site) addRole(v *visit) error {
	role, err := v.roleTyped()
	if err != nil {
		return err
	}
	made, err := s.Accounts.CreateRole(v.ctx(), v.who, role)
	if refused(err) {
		return v.showRoles(statusOf(err), v.roleForm(role, err))
	}
	if err != nil {
		return err
	}
	v.flash(true, "The role "+made.Name+" can be given now.")
	return v.goTo(v.r.URL.Path)
}

// roleTyped is a role as it stands in its form.
func (v *visit) roleTyped() (account.Role, error) {
	role := account.Role{Account: v.module.Account, Module: v.module.ID, Name: v.text("name")}
	for _, tick := range v.r.Form["allow"] {
		number, action, _ := strings.Cut(tick, " ")
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil || id < 0 {
			return role, notHere()
		}
		role.Permissions = append(role.Permissions, account.Permission{Action: account.Action(action), Collection: id})
	}
	return role, nil
}

// roleForm is the form of a role, with what was wrong with it.
func (v *visit) roleForm(role account.Role, err error) view.RoleForm {
	form := view.RoleForm{Name: role.Name, Rows: v.ticks(func(name string) bool {
		return slices.ContainsFunc(role.Permissions, func(p account.Permission) bool { return tickName(p.Collection, p.Action) == name })
	})}
	if err != nil {
		form.Fault, form.Hint = sentence(err, statusOf(err)), errs.HintOf(err)
	}
	return form
}
