package web

import (
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// crumbs is the way to a page of the module's integrations.
func (v *visit) crumbs(more ...view.Crumb) []view.Crumb {
	return append([]view.Crumb{{Name: v.module.Name, Path: modulePath(v.module.ID)}}, more...)
}

func (v *visit) integrationCrumbs(c syncer.Connection) []view.Crumb {
	return v.crumbs(view.Crumb{Name: "Integrations", Path: modulePath(v.module.ID) + "/integrations"},
		view.Crumb{Name: "Microsoft Entra ID", Path: connectionPath(v.module.ID, c.ID)})
}

// integrations lists the integrations in the module.
func (s *Site) integrations(v *visit) error {
	list, err := s.Integrations.InModule(v.ctx(), v.who, v.module)
	if err != nil {
		return err
	}
	page := view.Integrations{Crumbs: v.crumbs(), Path: modulePath(v.module.ID) + "/integrations"}
	for _, c := range list {
		tile, err := v.tileOf(c)
		if err != nil {
			return err
		}
		page.Tiles = append(page.Tiles, tile)
	}
	return v.show("Integrations", view.IntegrationsPage(v.frame, page))
}

// tileOf sums up an integration: its state, its last and next run, and its mappings.
func (v *visit) tileOf(c syncer.Connection) (view.IntegrationTile, error) {
	path := connectionPath(v.module.ID, c.ID)
	tile := view.IntegrationTile{Name: "Microsoft Entra ID", Path: path, Configured: c.Configured(), Schedule: c.Schedule.Incremental, Standing: standing(c, v.frame.Now)}
	if !c.Configured() {
		return tile, nil
	}
	maps, err := v.site.Integrations.Mappings(v.ctx(), v.who, c.ID)
	if err != nil {
		return tile, err
	}
	tile.Mappings = len(maps)
	if tile.Next, _, err = v.site.Integrations.Next(v.ctx(), c, v.now()); err != nil {
		return tile, err
	}
	runs, err := v.site.Integrations.Runs(v.ctx(), v.who, c.ID, recentRuns)
	if err == nil && len(runs) > 0 {
		r := v.runRow(c, runs[0])
		tile.Last = &r
	}
	return tile, err
}

// integrationsStore offers what can be added.
func (s *Site) integrationsStore(v *visit) error {
	tiles, err := s.Integrations.Tiles(v.ctx(), v.who, v.module)
	if err != nil {
		return err
	}
	page := view.Store{Crumbs: v.crumbs(view.Crumb{Name: "Integrations", Path: modulePath(v.module.ID) + "/integrations"}), Path: v.r.URL.Path}
	for _, t := range tiles {
		st := view.StoreTile{Kind: t.Kind, Name: t.Name, Text: t.Text}
		if t.Added != 0 {
			st.Path = connectionPath(v.module.ID, t.Added)
		}
		page.Tiles = append(page.Tiles, st)
	}
	return v.show("Integrations Store", view.StorePage(page))
}

// addIntegration puts an integration into the module.
func (s *Site) addIntegration(v *visit) error {
	if _, err := s.Integrations.Add(v.ctx(), v.who, v.module, v.text("kind")); err != nil {
		return err
	}
	v.flash(true, "Added. Configure it next.")
	return v.goTo(modulePath(v.module.ID) + "/integrations")
}

// connectionHere loads the connection of the path; one of another module is
// not here.
func (v *visit) connectionHere() (syncer.Connection, error) {
	id, err := v.number("connection")
	if err != nil {
		return syncer.Connection{}, err
	}
	c, err := v.site.Integrations.Connection(v.ctx(), v.who, id)
	if err == nil && c.Module != v.module.ID {
		err = notHere()
	}
	return c, err
}

// mayApprove reports whether the visitor may decide about held runs.
func (v *visit) mayApprove() bool {
	return v.who.May(account.ApproveRuns, v.module.Account, v.module.ID, 0) == nil
}
