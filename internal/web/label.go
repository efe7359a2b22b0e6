package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/label"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// labels asks how the labels of some records are to be printed, and prints them.
//
//	ids=1,2,3     the records
//	format=l7160  the sheet or roll
//	start=3       the first label of the sheet that is free, from 1
//	field=12      what stands under the title
//	act=pdf       the labels themselves
//	act=print     likewise, for the browser to print: with names in every script
func (s *Site) labels(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	var ids []int64
	for text := range strings.SplitSeq(v.r.FormValue("ids"), ",") {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return v.showLabels(c, fields, ids)
}

func (v *visit) showLabels(c register.Collection, fields []register.Field, ids []int64) error {
	if len(ids) > label.Most {
		return errs.New(errs.Invalid, "%d labels are more than can be printed at once (%d)", len(ids), label.Most).WithHint("Filter the list further.")
	}
	records, err := v.ofCollection(c, ids)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return notHere()
	}
	f := label.FormatOf(v.text("format"))
	field := lineField(fields, v.numberIn("field"))
	list, err := v.labelsOf(records, fields, field)
	if err != nil {
		return err
	}
	start := max(1, int(v.numberIn("start")))
	path := collectionPath(v.module.ID, c.ID)
	page := view.Labels{
		Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: path}), Path: path + "/labels", Back: path, IDs: joinNumbers(ids), Count: len(records),
		Format: f.ID, Field: view.Num(field), Start: view.Num(int64(start)), PerPage: f.PerPage(),
	}
	if v.text("act") == "pdf" && start <= f.PerPage() {
		return v.sendLabels(f, start-1, list, c)
	}
	if v.text("act") == "print" && start <= f.PerPage() {
		return v.showSheets(f, start-1, list)
	}
	if start > f.PerPage() {
		page.Fault = fmt.Sprintf("A sheet of this sort has %d labels.", f.PerPage())
	}
	for _, one := range label.Formats() {
		page.Formats = append(page.Formats, view.Option{Value: one.ID, Label: one.Name})
	}
	page.Fields = append(page.Fields, view.Option{Value: "0", Label: "nothing"})
	for _, one := range fields {
		if !one.Title && !one.Hidden && one.Spec.Type != datatype.Attachment {
			page.Fields = append(page.Fields, view.Option{Value: view.Num(one.ID), Label: one.Name})
		}
	}
	for _, l := range list {
		if !l.Printable() {
			page.Unprintable++
		}
	}
	if page.Look, err = label.SVG(f, list[0]); err != nil {
		return err
	}
	status := http.StatusOK
	if page.Fault != "" {
		status = http.StatusUnprocessableEntity
	}
	return v.showStatus(status, "Labels", view.LabelsPage(page))
}

// sendLabels sends the file to print.
func (v *visit) sendLabels(f label.Format, start int, list []label.Label, c register.Collection) error {
	v.w.Header().Set("Content-Type", "application/pdf")
	v.w.Header().Set("Content-Disposition", `inline; filename="`+fileName(c.Name)+`-labels.pdf"`)
	v.w.Header().Set("Cache-Control", "no-store")
	return label.PDF(v.w, f, start, list)
}

// showSheets shows the labels, sheet by sheet, for the browser to print.
func (v *visit) showSheets(f label.Format, start int, list []label.Label) error {
	sheets, err := label.Sheets(f, start, list)
	if err != nil {
		return err
	}
	v.frame.Title = "Labels"
	return v.part(view.SheetsPage(v.frame, sheets))
}

// ofCollection are the records with these numbers that are in a collection, in
// the order asked for.
func (v *visit) ofCollection(c register.Collection, ids []int64) ([]register.Record, error) {
	var out []register.Record
	for chunk := range slices.Chunk(ids, 500) {
		list, err := v.site.Records.Load(v.ctx(), slices.Sorted(slices.Values(chunk)))
		if err != nil {
			return nil, err
		}
		for _, id := range chunk {
			i := slices.IndexFunc(list, func(r register.Record) bool { return r.ID == id })
			if i >= 0 && list[i].Account == v.module.Account && list[i].Collection == c.ID {
				out = append(out, list[i])
			}
		}
	}
	return out, nil
}

// lineField is what stands under the title: the field chosen, or the first bar
// code, or the first unique field.
func lineField(fields []register.Field, chosen int64) int64 {
	if f := fieldOf(fields, chosen); f != nil {
		return f.ID
	}
	for _, good := range []func(register.Field) bool{
		func(f register.Field) bool { return f.Spec.Type == datatype.Barcode },
		func(f register.Field) bool { return f.Spec.Unique && !f.Title },
	} {
		if i := slices.IndexFunc(fields, good); i >= 0 {
			return fields[i].ID
		}
	}
	return 0
}

func (v *visit) labelsOf(records []register.Record, fields []register.Field, field int64) ([]label.Label, error) {
	titles, err := v.linkTitles(fields, records)
	if err != nil {
		return nil, err
	}
	out := make([]label.Label, len(records))
	for i := range records {
		r := &records[i]
		out[i] = label.Label{Title: r.Title, Foot: v.frame.Organization, Link: v.base() + scanPath(r.ID)}
		if f := fieldOf(fields, field); f != nil {
			out[i].Line = v.cell(*f, r.Value(field), titles).Text
		}
	}
	return out, nil
}

// scanPath is what a label's code leads to: as short as can be, since each
// character makes the code finer.
func scanPath(record int64) string { return "/s/" + strconv.FormatInt(record, 10) }
