package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// recordsShown is the length of a page of records.
const recordsShown = 50

// collectionHere loads the collection of the path with its fields.
func (v *visit) collectionHere() (register.Collection, []register.Field, error) {
	id, err := v.number("collection")
	if err != nil {
		return register.Collection{}, nil, err
	}
	c, err := v.site.Records.Collection(v.ctx(), v.who, v.module.Account, id)
	if err != nil {
		return c, nil, err
	}
	if c.Module != v.module.ID {
		return c, nil, notHere()
	}
	fields, err := v.site.Records.FieldsFor(v.ctx(), v.who, v.module.Account, id)
	return c, fields, err
}

// linkTitles are the titles of the records that others link to, in one query.
func (v *visit) linkTitles(fields []register.Field, records []register.Record) (map[int64]register.Record, error) {
	var ids []int64
	for _, f := range fields {
		if f.Spec.Type != datatype.Link {
			continue
		}
		for i := range records {
			if id := records[i].Value(f.ID).Record(); id != 0 {
				ids = append(ids, id)
			}
		}
	}
	out := map[int64]register.Record{}
	if len(ids) == 0 {
		return out, nil
	}
	slices.Sort(ids)
	list, err := v.site.Records.Load(v.ctx(), slices.Compact(ids))
	for _, r := range list {
		out[r.ID] = r
	}
	return out, err
}

// cell is a value as pages show it.
func (v *visit) cell(f register.Field, value datatype.Value, titles map[int64]register.Record) view.Cell {
	cell := view.Cell{Label: f.Name, Text: value.String()}
	if value.IsEmpty() {
		return view.Cell{Label: f.Name}
	}
	switch {
	case f.System:
		b := statusBadge(value.String())
		cell.Status = &b
	case f.Spec.Type == datatype.Link:
		r := titles[value.Record()]
		cell.Text, cell.Path = r.Title, recordPath(v.module.ID, r.Collection, r.ID)
	case f.Spec.Type == datatype.Email:
		cell.Path = "mailto:" + value.String()
	case f.Spec.Type == datatype.YesNo:
		cell.Text = map[string]string{"true": "yes", "false": "no"}[value.JSON()]
	}
	return cell
}

// statusBadge is how an integration status looks.
func statusBadge(word string) view.Status {
	switch word {
	case "Active":
		return view.Status{Tone: "green", Icon: "circle-check", Word: word}
	case "Disabled", "Conflict":
		return view.Status{Tone: "yellow", Icon: "player-pause", Word: word}
	case "Out of scope":
		return view.Status{Tone: "grey", Icon: "circle-dashed", Word: word}
	}
	return view.Status{Tone: "red", Icon: "user-x", Word: word}
}

// recordHere loads the record of the path.
func (v *visit) recordHere() (register.Record, register.Collection, []register.Field, error) {
	c, fields, err := v.collectionHere()
	if err != nil {
		return register.Record{}, c, nil, err
	}
	id, err := v.number("record")
	if err != nil {
		return register.Record{}, c, nil, err
	}
	r, err := v.site.Records.Record(v.ctx(), v.who, v.module.Account, id)
	if err == nil && r.Collection != c.ID {
		err = notHere()
	}
	return r, c, fields, err
}

// record is the page of one record: what it holds, who holds it, and why it is
// as it is.
func (s *Site) record(v *visit) error {
	r, c, fields, err := v.recordHere()
	if err != nil {
		return err
	}
	if v.text("format") == "csv" {
		list, err := s.Records.CustodyHistory(v.ctx(), v.who, v.module.Account, r.ID)
		if err != nil {
			return err
		}
		return v.custodyCSV("custody", list)
	}
	return v.showRecord(http.StatusOK, r, c, fields, view.CheckOutForm{})
}

// showRecord shows a record, with a form of check-out as it was typed.
func (v *visit) showRecord(status int, r register.Record, c register.Collection, fields []register.Field, out view.CheckOutForm) error {
	page, err := v.recordView(r, c, fields)
	if err != nil {
		return err
	}
	if err := v.custodyView(r, c, &page, out); err != nil {
		return err
	}
	if err := v.whyView(r, fields, &page); err != nil {
		return err
	}
	if page.Files, err = v.filesView(r, c); err != nil {
		return err
	}
	if err := v.historyView(r, fields, &page); err != nil {
		return err
	}
	return v.showStatus(status, r.Title, view.RecordPage(v.frame, page))
}

func (v *visit) recordView(r register.Record, c register.Collection, fields []register.Field) (view.Record, error) {
	path := recordPath(v.module.ID, c.ID, r.ID)
	page := view.Record{
		Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: collectionPath(v.module.ID, c.ID)}), Title: cmp.Or(r.Title, "without a title"), Path: path,
		MayEdit: v.who.May(account.Edit, v.module.Account, v.module.ID, c.ID) == nil && !r.Archived(), Archived: r.Archived(),
		MayRemove: v.who.May(account.Delete, v.module.Account, v.module.ID, c.ID) == nil, Version: r.Version,
	}
	if handedOut(c) {
		page.Labels = collectionPath(v.module.ID, c.ID) + "/labels?ids=" + view.Num(r.ID)
	}
	titles, err := v.linkTitles(fields, []register.Record{r})
	if err != nil {
		return page, err
	}
	for _, f := range fields {
		if f.Hidden {
			continue
		}
		cell := v.cell(f, r.Value(f.ID), titles)
		cell.Pinned = slices.Contains(r.Pinned, f.ID)
		if c.Kind == register.People && f.System && slices.Contains(register.LeftStatuses(), r.Value(f.ID).String()) {
			page.Leavers = modulePath(v.module.ID) + "/leavers"
		}
		page.Cells = append(page.Cells, cell)
	}
	return page, nil
}

func fieldName(fields []register.Field, id int64) string {
	for _, f := range fields {
		if f.ID == id {
			return f.Name
		}
	}
	return "a field that is gone"
}

// whyView adds what the directory has to do with the record: for each field the
// mapping, the attribute and its value, and what runs did.
func (v *visit) whyView(r register.Record, fields []register.Field, page *view.Record) error {
	why, conn, err := v.site.Integrations.ExplainRecord(v.ctx(), v.who, v.module.Account, r.ID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	page.Directory = &view.Directory{Name: why.Subject.Name, Principal: why.Subject.Principal, Object: why.Subject.Object.String()}
	for _, m := range why.Mappings {
		entered := slices.ContainsFunc(m.Desired, func(d reconcile.Desired) bool { return d.Enters && d.Collection == r.Collection })
		if !entered {
			continue
		}
		for _, row := range m.Rows {
			var from []string
			for _, src := range row.Sources {
				said := " “" + src.Text + "”"
				if src.Text == "" {
					said = ", which is empty"
				}
				from = append(from, src.Path+said)
			}
			page.Directory.Rows = append(page.Directory.Rows, view.WhyRow{
				Field: fieldName(fields, row.Field), Mapping: m.Mapping.Name, From: strings.Join(from, ", else "),
			})
		}
	}
	if v.who.May(account.ManageIntegrations, v.module.Account, v.module.ID, 0) == nil {
		page.SyncPath = page.Path + "/sync"
		page.Connection = connectionPath(v.module.ID, conn.ID)
	}
	return nil
}

// archiveRecord puts a record away, or brings it back.
func (s *Site) archiveRecord(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	act, word, undo := s.Records.Archive, " is put away. Its history stays.", "back"
	if r.Archived() {
		act, word, undo = s.Records.Unarchive, " is back.", "away"
	}
	if v.text("to") == undo { // it is as asked for: a form sent twice
		return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
	}
	if _, err := act(v.ctx(), v.who, v.module.Account, r.ID, r.Version, v.text("note")); err != nil {
		return v.refused(err, recordPath(v.module.ID, c.ID, r.ID))
	}
	v.flashUndo(r.Title+word, recordPath(v.module.ID, c.ID, r.ID)+"/archive?to="+undo)
	return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
}
