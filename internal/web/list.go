package web

import (
	"net/url"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// columnsShown is how many fields stand beside the title.
const columnsShown = 4

// collection is the table of a collection's records.
func (s *Site) collection(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	page := view.Records{
		Crumbs: v.crumbs(), Title: c.Name, Path: collectionPath(v.module.ID, c.ID), Query: v.text("q"),
		MayAdd: v.who.May(account.Create, v.module.Account, v.module.ID, c.ID) == nil, People: c.Kind == register.People,
		Integrations: modulePath(v.module.ID) + "/integrations",
	}
	after, err := register.ParseCursor(v.text("after"))
	if err != nil {
		return err
	}
	list, err := s.Records.List(v.ctx(), v.who, register.Query{
		Account: v.module.Account, Collection: c.ID, Prefix: page.Query, After: after, Limit: recordsShown, Archived: v.text("archived") != "",
	})
	if err != nil {
		return err
	}
	if page.Total, err = s.Records.Count(v.ctx(), v.who, v.module.Account, c.ID); err != nil {
		return err
	}
	columns := columnsOf(fields)
	for _, f := range columns {
		page.Columns = append(page.Columns, f.Name)
	}
	titles, err := v.linkTitles(fields, list.Records)
	if err != nil {
		return err
	}
	for i := range list.Records {
		r := &list.Records[i]
		row := view.RecordRow{Title: r.Title, Path: recordPath(v.module.ID, c.ID, r.ID), Archived: r.Archived()}
		for _, f := range columns {
			row.Cells = append(row.Cells, v.cell(f, r.Value(f.ID), titles))
		}
		page.Rows = append(page.Rows, row)
	}
	if list.Next != (register.Cursor{}) {
		page.Next = page.Path + "?" + url.Values{"q": {page.Query}, "after": {list.Next.String()}}.Encode()
	}
	return v.show(c.Name, view.RecordsPage(page))
}

// columnsOf chooses what stands beside the title: the integration status, where
// there is one, and the first visible fields.
func columnsOf(fields []register.Field) []register.Field {
	var out, status []register.Field
	for _, f := range fields {
		switch {
		case f.Title || f.Hidden:
		case f.System:
			status = append(status, f)
		case len(out) < columnsShown:
			out = append(out, f)
		}
	}
	return append(status, out...)
}
