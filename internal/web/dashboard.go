package web

import (
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// mostCounted bounds what the dashboard counts one by one; above it says "500".
const mostCounted = 500

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
	for _, c := range m.Collections {
		if c.Kind != string(register.People) && c.Kind != string(register.Main) {
			continue
		}
		n, err := v.site.Records.Count(v.ctx(), v.who, m.AccountID, c.ID)
		if err != nil {
			return part, err
		}
		part.Numbers = append(part.Numbers, view.Tally{Label: c.Name, Path: c.Path, N: n})
	}
	late, err := v.site.Records.Overdue(v.ctx(), v.who, m.AccountID, m.ID, 0, mostCounted)
	if err != nil {
		return part, err
	}
	left, err := v.site.Records.Leavers(v.ctx(), v.who, m.AccountID, m.ID, 0, mostCounted)
	if err != nil {
		return part, err
	}
	part.Numbers = append(part.Numbers,
		view.Tally{Label: "things overdue", Path: m.Path + "/overdue", N: len(late), Bad: len(late) > 0},
		view.Tally{Label: "things held by leavers", Path: m.Path + "/leavers", N: len(left), Bad: len(left) > 0})
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
		sync := view.SyncPart{Path: connectionPath(m.ID, c.ID), Configured: c.Configured(), Schedule: c.Schedule.Incremental}
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
			if r.State == syncer.Held {
				sync.Held = append(sync.Held, row)
			}
		}
		part.Syncs = append(part.Syncs, sync)
	}
	return nil
}
