package web

import (
	"cmp"
	"context"
	"net/http"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/web/view"
)

// accounts is Settings > Account Management: accounts and their modules.
func (s *Site) accounts(v *visit) error {
	return v.showAccounts(http.StatusOK, view.ModuleForm{}, view.Field{})
}

// showAccounts shows the tree with its two forms: for another module and for
// another account. A form that was refused comes with what was typed.
func (v *visit) showAccounts(status int, module view.ModuleForm, newAccount view.Field) error {
	tree, err := v.site.Accounts.Tree(v.ctx(), v.who)
	if err != nil {
		return err
	}
	page := view.Accounts{MayAdd: v.who.May(account.ManageAccounts, 0, 0, 0) == nil, New: newAccount}
	for _, b := range tree {
		node := view.AccountNode{ID: b.ID, Name: b.Name, MayAdd: v.who.May(account.ManageAccounts, b.ID, 0, 0) == nil}
		if module.Account == b.ID {
			node.Form = module
		}
		for _, m := range b.Modules {
			if nav := v.frame.ModuleOf(m.ID); nav != nil {
				node.Modules = append(node.Modules, view.ModuleNode{Name: m.Name, Path: nav.Path, Cards: manageCards(nav)})
			}
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
		return v.showAccounts(statusOf(err), view.ModuleForm{}, view.Field{Value: name, Fault: sentence(err, statusOf(err))})
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
		return v.showAccounts(statusOf(err), form, view.Field{})
	}
	if err != nil {
		return err
	}
	v.flash(true, "The module "+m.Name+" is there, with its collections.")
	return v.goTo(modulePath(m.ID))
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
		cards = append(cards, view.ModuleCard{Icon: c.Icon, Name: c.Name, Text: "Records of this collection.", Path: c.Path, Action: "Open"})
	}
	return v.show(v.module.Name, view.ModulePage(view.ModuleCards{
		Crumbs: []view.Crumb{{Name: "Account Management", Path: "/settings/accounts"}}, Name: v.module.Name,
		Open: cards, Manage: manageCards(v.frame.Module),
	}))
}

// manageCards are the cards of what the visitor may manage in a module.
func manageCards(m *view.Module) []view.ModuleCard {
	var cards []view.ModuleCard
	add := func(may bool, icon, name, text, path string) {
		if may {
			cards = append(cards, view.ModuleCard{Icon: icon, Name: name, Text: text, Path: m.Path + path, Action: "Manage"})
		}
	}
	add(m.Manage, "table", "Collections", "What is kept here, and the fields of each thing.", "/collections")
	add(m.Users, "key", "Users", "Who can sign in here, with which role, and where it comes from.", "/users")
	add(m.Users, "lock", "Roles", "What each role may see and do, and roles of your own.", "/roles")
	add(m.Integrations, "plug", "Integrations", "Directories that keep people and logins up to date.", "/integrations")
	return cards
}
