package web

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/web/view"
)

// roleHere is the role of the path, one of the module's own.
func (v *visit) roleHere() (account.Role, error) {
	id, err := v.number("role")
	if err != nil {
		return account.Role{}, err
	}
	return v.site.Accounts.CustomRole(v.ctx(), v.who, v.module.Account, v.module.ID, id)
}

// editRole is the form of a custom role, with who has it.
func (s *Site) editRole(v *visit) error {
	role, err := v.roleHere()
	if err != nil {
		return err
	}
	v.guardRole(role)
	return v.showRole(http.StatusOK, role, v.roleForm(role, nil), "")
}

// guardRole is the guard of a role's form.
func (v *visit) guardRole(role account.Role) (stale bool) {
	return v.guard(subject{"role", role.ID}, role.Name, role.Permissions)
}

// showRole shows a role's page; removal is why it was not removed.
func (v *visit) showRole(status int, role account.Role, form view.RoleForm, removal string) error {
	holders, err := v.site.Accounts.RoleHolders(v.ctx(), v.who, role.Account, role.Module, role.ID)
	if err != nil {
		return err
	}
	page := view.RolePageData{
		Crumbs: v.crumbs(view.Crumb{Name: "Roles", Path: modulePath(v.module.ID) + "/roles"}), Name: role.Name, Path: v.rolePath(role.ID), Form: form,
		ByHand: holders.ByHand, Mapped: holders.Mapped, Holders: usersPathOf(v.usersPath(), view.UserFilter{Role: view.Num(role.ID)}, ""), Removal: removal, Guard: v.guarded,
	}
	for _, a := range roleActions {
		page.Actions = append(page.Actions, a.word)
	}
	if page.Mappings, err = v.site.Integrations.RoleUses(v.ctx(), v.who, v.module, role.ID); err != nil {
		return err
	}
	others, err := v.site.Accounts.RolesIn(v.ctx(), v.who, v.module.Account, v.module.ID)
	if err != nil {
		return err
	}
	for _, r := range others {
		if r.ID != role.ID && r.Scope == account.ModuleWide {
			page.Others = append(page.Others, view.Option{Value: view.Num(r.ID), Label: r.Name})
		}
	}
	return v.showStatus(status, role.Name, view.RolePage(page))
}

// saveRole keeps a custom role's name and what it allows.
func (s *Site) saveRole(v *visit) error {
	role, err := v.roleHere()
	if err != nil {
		return err
	}
	typed, err := v.roleTyped()
	if err != nil {
		return err
	}
	typed.ID = role.ID
	if v.guardRole(role) {
		return v.showRole(http.StatusConflict, role, v.roleForm(typed, nil), "")
	}
	now, err := s.Accounts.ChangeRole(v.ctx(), v.who, typed)
	if refused(err) {
		return v.showRole(statusOf(err), role, v.roleForm(typed, err), "")
	}
	if err != nil {
		return err
	}
	v.flash(true, "The role "+now.Name+" is saved. It holds from each user's next click on.")
	return v.goTo(v.rolePath(role.ID))
}

// removeRole removes a custom role; who was given it by hand gets another one.
func (s *Site) removeRole(v *visit) error {
	role, err := v.roleHere()
	if err != nil {
		return err
	}
	v.guardRole(role) // for the other form on its page
	err = s.Integrations.RemoveRole(v.ctx(), v.who, v.module, role.ID, v.numberIn("to"))
	if refused(err) {
		return v.showRole(statusOf(err), role, v.roleForm(role, nil), strings.TrimSpace(sentence(err, statusOf(err))+" "+errs.HintOf(err)))
	}
	if err != nil {
		return err
	}
	v.flash(true, "The role "+role.Name+" is removed.")
	return v.goTo(modulePath(v.module.ID) + "/roles")
}
