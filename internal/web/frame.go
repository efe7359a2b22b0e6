package web

import (
	"fmt"
	"net/http"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// frame is what stands around every page.
func (s *Site) frame(r *http.Request) *view.Frame {
	theme := cookie(r, themeCookie)
	if theme != "light" && theme != "dark" {
		theme = ""
	}
	return &view.Frame{Asset: s.assets.path, Path: r.URL.Path, Theme: theme, Zone: zoneOf(r), Now: s.Now(), Demo: s.Demo}
}

// fillFrame adds what the visitor may see: the modules with their collections.
func (v *visit) fillFrame() error {
	org, err := v.site.Accounts.Organization(v.ctx())
	if err != nil {
		return err
	}
	f := v.frame
	f.Organization, f.User = org.Name, v.who.Name
	tree, err := v.site.Accounts.Tree(v.ctx(), v.who)
	if err != nil {
		return err
	}
	for _, branch := range tree {
		f.Audit = f.Audit || v.who.May(account.ViewAudit, branch.ID, 0, 0) == nil
		for _, m := range branch.Modules {
			nav, err := v.navOf(branch.Account, m)
			if err != nil {
				return err
			}
			f.Modules = append(f.Modules, nav)
			f.Audit = f.Audit || v.who.May(account.ViewAudit, m.Account, m.ID, 0) == nil
		}
	}
	f.Audit = f.Audit || v.who.OrganizationAdmin()
	return nil
}

// navOf is a module as the side bar shows it.
func (v *visit) navOf(a account.Account, m account.Module) (view.Module, error) {
	nav := view.Module{
		ID: m.ID, AccountID: m.Account, Name: m.Name, Account: a.Name, Path: modulePath(m.ID),
		Integrations: v.who.May(account.ManageIntegrations, m.Account, m.ID, 0) == nil,
		Users:        v.who.May(account.ManageUsers, m.Account, m.ID, 0) == nil,
		Manage:       v.who.May(account.ManageCollections, m.Account, m.ID, 0) == nil,
	}
	list, err := v.site.Records.Collections(v.ctx(), v.who, m.Account, m.ID)
	for _, c := range list {
		nav.Collections = append(nav.Collections, view.Collection{
			ID: c.ID, Name: c.Name, Kind: string(c.Kind), Icon: iconOf(c.Kind), Path: collectionPath(m.ID, c.ID),
		})
	}
	return nav, err
}

func iconOf(k register.Kind) string {
	switch k {
	case register.Main:
		return "device-laptop"
	case register.People:
		return "users"
	case register.Locations:
		return "map-pin"
	case register.Categories:
		return "category"
	}
	return "table"
}

func modulePath(module int64) string { return fmt.Sprintf("/m/%d", module) }

func collectionPath(module, collection int64) string {
	return fmt.Sprintf("/m/%d/c/%d", module, collection)
}

func recordPath(module, collection, record int64) string {
	return fmt.Sprintf("/m/%d/c/%d/%d", module, collection, record)
}

func connectionPath(module, connection int64) string {
	return fmt.Sprintf("/m/%d/integrations/%d", module, connection)
}

func runPath(module, connection, run int64) string {
	return fmt.Sprintf("/m/%d/integrations/%d/runs/%d", module, connection, run)
}
