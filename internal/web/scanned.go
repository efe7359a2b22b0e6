package web

import (
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// scanned is what a phone opens from a label's code, whatever module the record
// is in: who holds the thing, and to give it away or take it back at once. What
// nobody holds, such as a person, has its own page.
func (s *Site) scanned(v *visit) error {
	id, err := v.number("record")
	if err != nil {
		return err
	}
	r, c, err := v.whereIs(id)
	if err != nil {
		return err
	}
	if !handedOut(c) {
		return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
	}
	page, err := v.scannedView(r, c)
	if err != nil {
		return err
	}
	return v.show(r.Title, view.ScannedPage(v.frame, page))
}

// whereIs finds a record in whatever the visitor may see, and enters its module.
// Whether there is another is nobody's business: that is NotFound as well.
func (v *visit) whereIs(id int64) (register.Record, register.Collection, error) {
	list, err := v.site.Records.Load(v.ctx(), []int64{id})
	if err != nil {
		return register.Record{}, register.Collection{}, err
	}
	for i := range v.frame.Modules {
		m := &v.frame.Modules[i]
		for _, c := range m.Collections {
			if len(list) == 0 || m.AccountID != list[0].Account || c.ID != list[0].Collection {
				continue
			}
			r, err := v.site.Records.Record(v.ctx(), v.who, m.AccountID, id)
			if err != nil {
				return r, register.Collection{}, notHere()
			}
			v.module, v.frame.Module = account.Module{ID: m.ID, Account: m.AccountID, Name: m.Name}, m
			m.Open = true
			return r, register.Collection{ID: c.ID, Account: m.AccountID, Module: m.ID, Name: c.Name, Kind: register.Kind(c.Kind)}, nil
		}
	}
	return register.Record{}, register.Collection{}, notHere()
}

// scannedView is what the page of a scanned label shows. Where the module asks
// questions of its own, check-out and check-in are on the record's page, which
// asks them.
func (v *visit) scannedView(r register.Record, c register.Collection) (view.Scanned, error) {
	page := view.Scanned{
		Title: r.Title, Path: recordPath(v.module.ID, c.ID, r.ID), Back: scanPath(r.ID), PeoplePath: v.peoplePath(),
		Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: collectionPath(v.module.ID, c.ID)}), Archived: r.Archived(),
		MayCheckOut: v.who.May(account.CheckOut, v.module.Account, v.module.ID, c.ID) == nil && !r.Archived(),
	}
	form, err := v.site.Records.CheckFormOf(v.ctx(), v.who, v.module.Account, r.ID)
	if err != nil {
		return page, err
	}
	page.AsksOut, page.AsksIn = len(form.Out) > 0 || form.Statement != "", len(form.In) > 0
	past, err := v.site.Records.CustodyHistory(v.ctx(), v.who, v.module.Account, r.ID)
	for _, k := range past {
		if k.Open() && k.Asset == r.ID {
			row := v.custodyRow(k)
			page.Holder = &row
		}
	}
	return page, err
}
