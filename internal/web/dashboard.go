package web

import (
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// dashboard is the first page: how each module stands.
func (s *Site) dashboard(v *visit) error {
	page := view.Dashboard{}
	for _, m := range v.frame.Modules {
		part, err := v.modulePart(m)
		if err != nil {
			return err
		}
		page.Modules = append(page.Modules, part)
	}
	return v.show("Dashboard", view.DashboardPage(v.frame, page))
}

// modulePart sums up one module in numbers that lead to what they count.
func (v *visit) modulePart(m view.Module) (view.ModulePart, error) {
	part := view.ModulePart{Name: m.Name, Account: m.Account, Path: m.Path}
	main := "" // the path of the assets
	for _, c := range m.Collections {
		if c.Kind == string(register.Main) {
			main = c.Path
		}
		if c.Kind != string(register.People) && c.Kind != string(register.Main) {
			continue
		}
		n, err := v.site.Records.Count(v.ctx(), v.who, m.AccountID, c.ID)
		if err != nil {
			return part, err
		}
		part.Numbers = append(part.Numbers, view.Tally{Label: c.Name, Path: c.Path, N: n})
	}
	held, err := v.site.Records.CustodyStanding(v.ctx(), v.who, m.AccountID, m.ID)
	if err != nil {
		return part, err
	}
	if main != "" {
		part.Numbers = append(part.Numbers, view.Tally{Label: "things handed out", Path: main + "?custody=held", N: held.Held})
	}
	part.Numbers = append(part.Numbers,
		view.Tally{Label: "things overdue", Path: m.Path + "/overdue", N: held.Overdue, Bad: held.Overdue > 0},
		view.Tally{Label: "leavers who hold something", Path: m.Path + "/leavers", N: held.Leavers, Bad: held.Leavers > 0})
	if !m.Integrations {
		return part, nil
	}
	return part, v.syncPart(m, &part)
}

// syncPart adds how the module's integration stands.
func (v *visit) syncPart(m view.Module, part *view.ModulePart) error {
	list, err := v.site.Integrations.InModule(v.ctx(), v.who, account.Module{ID: m.ID, Account: m.AccountID})
	if err != nil {
		return err
	}
	part.Connect = m.Path + "/integrations/store"
	for _, c := range list {
		part.Connect = ""
		sync := view.SyncPart{Path: connectionPath(m.ID, c.ID), Configured: c.Configured(), Schedule: c.Schedule.Incremental, Standing: standing(c, v.now())}
		runs, err := v.site.Integrations.Runs(v.ctx(), v.who, c.ID, runsShown)
		if err != nil {
			return err
		}
		for _, r := range runs {
			row := v.runRow(c, r)
			row.Path = runPath(m.ID, c.ID, r.ID)
			if sync.Last == nil && r.Mode != syncer.Preview {
				sync.Last = &row
			}
			if len(sync.Recent) < recentRuns {
				sync.Recent = append(sync.Recent, row)
			}
			if r.State == syncer.Held {
				sync.Held = append(sync.Held, row)
			}
		}
		if sync.Next, _, err = v.site.Integrations.Next(v.ctx(), c, v.now()); err != nil {
			return err
		}
		part.Syncs = append(part.Syncs, sync)
	}
	return nil
}

// recentRuns is how many runs of an integration the dashboard shows.
const recentRuns = 5
