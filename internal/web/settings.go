package web

import (
	"cmp"
	"context"
	"net/http"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// accounts is Settings > Account Management: accounts and their modules.
func (s *Site) accounts(v *visit) error {
	return v.showAccounts(http.StatusOK, accountForms{})
}

// accountForms are the forms of the page as they were typed, when one of them was
// refused.
type accountForms struct {
	module  view.ModuleForm
	account view.Field
	rename  view.RenameForm
}

// showAccounts shows the tree with its forms. One that was refused comes with
// what was typed.
func (v *visit) showAccounts(status int, forms accountForms) error {
	tree, err := v.site.Accounts.Tree(v.ctx(), v.who)
	if err != nil {
		return err
	}
	page := view.Accounts{MayAdd: v.who.May(account.ManageAccounts, 0, 0, 0) == nil, New: forms.account, Rename: forms.rename}
	if v.who.OrganizationAdmin() {
		if page.Mail, err = v.mailStands(); err != nil {
			return err
		}
		if page.Jobs, err = v.jobsStand(); err != nil {
			return err
		}
	}
	for _, b := range tree {
		node := view.AccountNode{ID: b.ID, Name: b.Name, MayAdd: v.who.May(account.ManageAccounts, b.ID, 0, 0) == nil}
		if forms.module.Account == b.ID {
			node.Form = forms.module
		}
		for _, m := range b.Modules {
			nav := v.frame.ModuleOf(m.ID)
			if nav == nil {
				continue
			}
			cards, err := v.manageCards(nav)
			if err != nil {
				return err
			}
			node.Modules = append(node.Modules, view.ModuleNode{ID: m.ID, Name: m.Name, Path: nav.Path, Cards: cards})
		}
		page.Accounts = append(page.Accounts, node)
	}
	return v.showStatus(status, "Account Management", view.AccountsPage(page))
}

// addAccount makes an account.
func (s *Site) addAccount(v *visit) error {
	name := v.text("name")
	a, err := s.Accounts.CreateAccount(v.ctx(), v.who, name)
	if refused(err) {
		return v.showAccounts(statusOf(err), accountForms{account: view.Field{Value: name, Fault: sentence(err, statusOf(err))}})
	}
	if err != nil {
		return err
	}
	v.flash(true, "The account "+a.Name+" is there. Next, give it a module.")
	return v.goTo("/settings/accounts")
}

// addModule makes a module with the collections that every module has.
func (s *Site) addModule(v *visit) error {
	id, err := v.number("account")
	if err != nil {
		return err
	}
	form := view.ModuleForm{Account: id, Name: v.text("name"), Main: v.text("main")}
	m, err := s.Accounts.CreateModule(v.ctx(), v.who, id, form.Name, func(ctx context.Context, m account.Module) error {
		_, err := s.Records.SetUpModule(ctx, v.who.Actor(), m.Account, m.ID, cmp.Or(form.Main, "Assets"))
		return err
	})
	if refused(err) {
		form.Fault = sentence(err, statusOf(err))
		return v.showAccounts(statusOf(err), accountForms{module: form})
	}
	if err != nil {
		return err
	}
	v.flash(true, "The module "+m.Name+" is there, with its collections.")
	return v.goTo(modulePath(m.ID))
}

// renameAccount gives an account another name.
func (s *Site) renameAccount(v *visit) error {
	id, err := v.number("account")
	if err != nil {
		return err
	}
	form := view.RenameForm{Account: id, Name: v.text("name")}
	if now, err := v.nameOf(id, 0); err != nil || v.renamedMeanwhile(now) != "" {
		return v.notRenamed(form, now, err)
	}
	a, err := s.Accounts.RenameAccount(v.ctx(), v.who, id, form.Name)
	return v.renamed(form, "The account is called "+a.Name+" now.", err)
}

// renameModule gives a module another name.
func (s *Site) renameModule(v *visit) error {
	account, err := v.number("account")
	if err != nil {
		return err
	}
	id, err := v.number("module")
	if err != nil {
		return err
	}
	form := view.RenameForm{Account: account, Module: id, Name: v.text("name")}
	if now, err := v.nameOf(account, id); err != nil || v.renamedMeanwhile(now) != "" {
		return v.notRenamed(form, now, err)
	}
	m, err := s.Accounts.RenameModule(v.ctx(), v.who, account, id, form.Name)
	return v.renamed(form, "The module is called "+m.Name+" now.", err)
}

// nameOf is what an account, or with a module that, is called.
func (v *visit) nameOf(account, module int64) (string, error) {
	tree, err := v.site.Accounts.Tree(v.ctx(), v.who)
	if err != nil {
		return "", err
	}
	for _, b := range tree {
		if b.ID == account && module == 0 {
			return b.Name, nil
		}
		for _, m := range b.Modules {
			if b.ID == account && m.ID == module {
				return m.Name, nil
			}
		}
	}
	return "", notHere()
}

// notRenamed shows the tree again when somebody else gave another name meanwhile.
func (v *visit) notRenamed(form view.RenameForm, now string, err error) error {
	if err != nil {
		return err
	}
	form.Fault = v.renamedMeanwhile(now)
	return v.showAccounts(http.StatusConflict, accountForms{rename: form})
}

// renamed goes back to the tree, or shows it again with the name that was refused.
func (v *visit) renamed(form view.RenameForm, done string, err error) error {
	if refused(err) {
		form.Fault = sentence(err, statusOf(err))
		return v.showAccounts(statusOf(err), accountForms{rename: form})
	}
	if err != nil {
		return err
	}
	v.flash(true, done)
	return v.goTo("/settings/accounts")
}

// refused reports whether an act was refused for what was typed, so that its
// form is shown again: an error of any other kind is a page of its own.
func refused(err error) bool {
	return err != nil && (errs.KindOf(err) == errs.Invalid || errs.KindOf(err) == errs.Conflict)
}

// module is a module's own page: its collections, and what is managed there.
func (s *Site) module(v *visit) error {
	cards := []view.ModuleCard{}
	for _, c := range v.frame.Module.Collections {
		n, err := s.Records.Count(v.ctx(), v.who, v.module.Account, c.ID)
		if err != nil {
			return err
		}
		cards = append(cards, view.ModuleCard{Icon: c.Icon, Name: c.Name, Text: useOf(register.Kind(c.Kind)), Path: c.Path, Action: "Open", N: n, Noun: "record"})
	}
	manage, err := v.manageCards(v.frame.Module)
	if err != nil {
		return err
	}
	return v.show(v.module.Name, view.ModulePage(view.ModuleCards{
		Crumbs: []view.Crumb{{Name: "Account Management", Path: "/settings/accounts"}}, Name: v.module.Name,
		Open: cards, Manage: manage,
	}))
}

// manageCards are the cards of what the visitor may manage in a module, each
// with how many of it there are, in the order in which a module is set up.
func (v *visit) manageCards(m *view.Module) ([]view.ModuleCard, error) {
	var cards []view.ModuleCard
	add := func(n int, icon, name, noun, text, path string) {
		cards = append(cards, view.ModuleCard{Icon: icon, Name: name, Text: text, Path: m.Path + path, Action: "Manage", N: n, Noun: noun})
	}
	if m.Manage {
		add(len(m.Collections), "table", "Collections", "collection", "What is kept here, and the fields of each thing.", "/collections")
	}
	if m.Users {
		users, err := v.site.Accounts.CountUsers(v.ctx(), v.who, m.AccountID, m.ID)
		if err != nil {
			return nil, err
		}
		roles, err := v.site.Accounts.RolesIn(v.ctx(), v.who, m.AccountID, m.ID)
		if err != nil {
			return nil, err
		}
		add(users, "key", "Users", "user", "Who can sign in here, with which role, and where it comes from.", "/users")
		add(len(roles), "lock", "Roles", "role", "What each role may see and do, and roles of your own.", "/roles")
	}
	if m.Manage {
		form, err := v.site.Records.CheckForm(v.ctx(), v.who, m.AccountID, m.ID)
		if err != nil {
			return nil, err
		}
		add(len(form.Out)+len(form.In), "report", "Forms of check-out", "question", "What is asked when something goes out or comes back.", "/check-out-forms")
	}
	if m.Integrations {
		list, err := v.site.Integrations.InModule(v.ctx(), v.who, account.Module{ID: m.ID, Account: m.AccountID, Name: m.Name})
		if err != nil {
			return nil, err
		}
		n, err := v.automationCount(m)
		if err != nil {
			return nil, err
		}
		add(n, "robot", "Automations", "automation", "What happens by itself: warnings, reminders, posts, changes.", "/automations")
		add(len(list), "plug", "Integrations", "integration", "Directories that keep people and logins up to date.", "/integrations")
	}
	if m.Users {
		services, err := v.site.Accounts.ServiceTokens(v.ctx(), v.who, m.AccountID, m.ID)
		if err != nil {
			return nil, err
		}
		add(len(services), "code", "API tokens", "service", "Other programs that use Muster here, each with a role of its own.", "/tokens")
	}
	return cards, nil
}
