package web

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
	"github.com/musterhq/muster/internal/web/view"
)

// exportRecords sends the list that the address asks for as a file: its
// conditions and its columns, or all of them when none were chosen.
func (s *Site) exportRecords(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	if err := s.Exchange.MayExport(v.ctx(), v.who, v.module.Account, c.ID); err != nil {
		return err // before the headers of a file
	}
	values := v.r.URL.Query()
	q, err := v.asked(c, fields, values)
	if err != nil {
		return err
	}
	columns := slices.DeleteFunc(slices.Clone(fields), func(f register.Field) bool { return f.Hidden })
	if _, chosen := values["cols"]; chosen {
		columns = slices.DeleteFunc(columns, func(f register.Field) bool {
			return !f.Title && !slices.ContainsFunc(q.columns, func(x register.Field) bool { return x.ID == f.ID })
		})
	}
	format := values.Get("format")
	if format != sheet.CSV && format != sheet.XLSX {
		return errs.New(errs.Invalid, "there is no format %q", format).WithHint("Choose CSV or Excel.")
	}
	q.query.After = listing.Cursor{}
	v.w.Header().Set("Content-Type", sheet.ContentType(format))
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+fileName(c.Name)+"."+format+`"`)
	v.w.Header().Set("Cache-Control", "no-store")
	return s.Exchange.Export(v.ctx(), v.who, q.query, columns, format, v.w)
}

// fileName is a name that every system takes.
func fileName(s string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || (r >= '0' && r <= '9') || (r|0x20 >= 'a' && r|0x20 <= 'z')) {
			return r
		}
		return '-'
	}, s), "-")
	if name == "" {
		return "records"
	}
	return name
}

func importPath(v *visit, c register.Collection) string {
	return modulePath(v.module.ID) + "/imports/" + view.Num(c.ID)
}

// importForm asks for a file.
func (s *Site) importForm(v *visit) error {
	c, _, err := v.collectionHere()
	if err != nil {
		return err
	}
	if err := s.Exchange.May(v.ctx(), v.who, v.module.Account, c.ID); err != nil {
		return err
	}
	return v.showImportForm(http.StatusOK, c, "", "")
}

func (v *visit) showImportForm(status int, c register.Collection, fault, hint string) error {
	path := collectionPath(v.module.ID, c.ID)
	page := view.ImportForm{
		Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: path}), Title: "Import into " + c.Name, Path: path, Fault: fault, Hint: hint,
	}
	for _, up := range v.site.uploads.of(v.who.Login, c.ID) {
		_, ps := up.state()
		page.Open = append(page.Open, view.OpenImport{Name: up.name, Path: importPath(v, c) + "/" + up.id, Stage: stageWords(ps)})
	}
	return v.showStatus(status, page.Title, view.ImportFormPage(page))
}

// uploadFile takes the file, without holding it in memory.
func (s *Site) uploadFile(v *visit) error {
	c, _, err := v.collectionHere()
	if err != nil {
		return err
	}
	if err := s.Exchange.May(v.ctx(), v.who, v.module.Account, c.ID); err != nil {
		return err
	}
	up, err := v.receive(c)
	if err != nil {
		if errs.KindOf(err) == errs.Invalid {
			return v.showImportForm(http.StatusUnprocessableEntity, c, sentence(err, 0), errs.HintOf(err))
		}
		return err
	}
	return v.goTo(importPath(v, c) + "/" + up.id)
}

func (v *visit) receive(c register.Collection) (*upload, error) {
	parts, err := v.r.MultipartReader()
	if err != nil {
		return nil, errs.New(errs.Invalid, "choose a file").Because(err)
	}
	encoding := sheet.UTF8
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return nil, errs.New(errs.Invalid, "choose a file")
		}
		if err != nil {
			return nil, errs.New(errs.Invalid, "the file did not arrive whole").Because(err)
		}
		switch part.FormName() {
		case "encoding":
			text, err := io.ReadAll(io.LimitReader(part, 100))
			if err != nil {
				return nil, err
			}
			if sheet.Encoding(text) == sheet.Windows1252 {
				encoding = sheet.Windows1252
			}
		case "file":
			if part.FileName() == "" {
				return nil, errs.New(errs.Invalid, "choose a file")
			}
			return v.site.uploads.keep(v.who.Login, c.ID, part.FileName(), encoding, part)
		}
	}
}

// uploadHere is the upload of the path.
func (v *visit) uploadHere() (*upload, register.Collection, []register.Field, error) {
	c, fields, err := v.collectionHere()
	if err != nil {
		return nil, c, nil, err
	}
	up, err := v.site.uploads.find(v.r.PathValue("upload"), v.who.Login, c.ID)
	return up, c, fields, err
}

// importPage is where a file stands: its columns to be matched, its preview, how
// far the import is, or what came of it.
func (s *Site) importPage(v *visit) error {
	up, c, fields, err := v.uploadHere()
	if err != nil {
		return err
	}
	page := v.importView(up, c, fields)
	if v.live() {
		return v.part(view.ImportPart(page))
	}
	return v.show(page.Title, view.ImportPage(page))
}

// importAct looks at what an import would do, does it, or stops it.
func (s *Site) importAct(v *visit) error {
	up, c, fields, err := v.uploadHere()
	if err != nil {
		return err
	}
	here := importPath(v, c) + "/" + up.id
	act := v.text("act")
	switch act {
	case "stop":
		up.stop()
		return v.goTo(here)
	case "match":
		up.stop()
		return v.goTo(here + "?match=1")
	}
	m, _ := up.state()
	if act == "preview" {
		m = v.matchTyped(up)
	}
	in := exchange.Import{Account: v.module.Account, Collection: c.ID, Name: up.name, Match: m, Note: "imported from " + up.name}
	if err := exchange.Check(in.Match, fields); err != nil {
		page := v.importView(up, c, fields)
		page.Fault, page.Hint = sentence(err, 0), errs.HintOf(err)
		page.Columns = columnsOfImport(up, m, fields)
		return v.showStatus(http.StatusUnprocessableEntity, page.Title, view.ImportPage(page))
	}
	if err := up.start(v.ctx(), s.Exchange, v.who, in, act == "run"); err != nil {
		return err
	}
	return v.goTo(here)
}

// matchTyped reads the form that matches columns with fields.
func (v *visit) matchTyped(up *upload) exchange.Match {
	m := exchange.Match{
		Columns: make([]int64, len(up.head)), By: v.numberIn("by"), Mode: exchange.Mode(v.text("mode")),
		CreateLinked: v.text("create-linked") != "", KeepFilled: v.text("clear") == "",
	}
	for i := range m.Columns {
		m.Columns[i] = v.numberIn("c" + strconv.Itoa(i))
	}
	return m
}

// importFaults sends the rows that were set aside.
func (s *Site) importFaults(v *visit) error {
	up, c, _, err := v.uploadHere()
	if err != nil {
		return err
	}
	_, ps := up.state()
	if ps == nil || ps.faults == "" || !ps.ended {
		return notHere()
	}
	f, err := os.Open(ps.faults)
	if err != nil {
		return err
	}
	defer f.Close()
	v.w.Header().Set("Content-Type", sheet.ContentType(sheet.CSV))
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+fileName(c.Name)+`-to-mend.csv"`)
	v.w.Header().Set("Cache-Control", "no-store")
	_, err = io.Copy(v.w, f)
	return v.rendered(err)
}

func (v *visit) importView(up *upload, c register.Collection, fields []register.Field) view.Import {
	path := collectionPath(v.module.ID, c.ID)
	page := view.Import{
		Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: path}), Title: "Import into " + c.Name, Back: path,
		Path: importPath(v, c) + "/" + up.id, File: up.name, Stage: "match",
	}
	m, ps := up.state()
	if ps == nil && m.Columns == nil {
		m = exchange.Suggest(up.head, fields)
	}
	page.Columns = columnsOfImport(up, m, fields)
	page.Fields = append(page.Fields, view.Option{Value: "0", Label: "Leave out"})
	for _, f := range exchange.Writable(fields) {
		page.Fields = append(page.Fields, view.Option{Value: view.Num(f.ID), Label: f.Name})
	}
	page.Keys = append(page.Keys, view.Option{Value: "0", Label: "Nothing: every row is a new record"})
	for _, f := range exchange.Keys(fields) {
		page.Keys = append(page.Keys, view.Option{Value: view.Num(f.ID), Label: f.Name})
	}
	page.By, page.Mode, page.CreateLinked, page.Clear = view.Num(m.By), string(m.Mode), m.CreateLinked, !m.KeepFilled
	if ps == nil || v.text("match") != "" {
		return page
	}
	page.Stage = stageOf(ps)
	page.Rows = ps.tally.Total()
	if ps.err != nil {
		page.Fault, page.Hint = sentence(ps.err, statusOf(ps.err)), errs.HintOf(ps.err)
	}
	if ps.ended && ps.faults != "" {
		page.Faults = page.Path + "/faults"
	}
	for _, verdict := range []exchange.Verdict{exchange.Added, exchange.Changed, exchange.Unchanged, exchange.LeftOut, exchange.Faulty} {
		page.Parts = append(page.Parts, importPartOf(verdict, ps, fields, v, c))
	}
	page.Does = ps.tally[exchange.Added]+ps.tally[exchange.Changed] > 0
	return page
}

// stageWords says where a file stands.
func stageWords(ps *pass) string {
	if ps == nil {
		return "columns to be matched"
	}
	return map[string]string{
		"looking": "being looked at", "preview": "looked at, not imported yet", "running": "being imported", "done": "imported",
	}[stageOf(ps)]
}

// stageOf is where a pass stands.
func stageOf(ps *pass) string {
	switch {
	case !ps.ended && ps.write:
		return "running"
	case !ps.ended:
		return "looking"
	case ps.write:
		return "done"
	}
	return "preview"
}

func columnsOfImport(up *upload, m exchange.Match, fields []register.Field) []view.ImportColumn {
	out := make([]view.ImportColumn, len(up.head))
	for i, name := range up.head {
		out[i] = view.ImportColumn{Name: name, Input: "c" + strconv.Itoa(i), Field: "0"}
		if i < len(m.Columns) {
			out[i].Field = view.Num(m.Columns[i])
		}
		if name == "" {
			out[i].Name = fmt.Sprintf("Column %d", i+1)
		}
		for _, row := range up.samples {
			if i < len(row) {
				out[i].Samples = append(out[i].Samples, row[i])
			}
		}
	}
	return out
}

// importPartOf is the rows of one verdict.
func importPartOf(verdict exchange.Verdict, ps *pass, fields []register.Field, v *visit, c register.Collection) view.ImportRows {
	part := view.ImportRows{Verdict: string(verdict), Count: ps.tally[verdict]}
	for _, r := range ps.rows[verdict] {
		row := view.ImportRow{Number: r.Number, Title: r.Title, Why: r.Why}
		if row.Title == "" {
			row.Title = strings.Join(r.Cells, " · ")
		}
		if r.Record != 0 {
			row.Path = recordPath(v.module.ID, c.ID, r.Record)
		}
		for _, d := range r.Diffs {
			row.Lines = append(row.Lines, view.Line{Label: fieldName(fields, d.Field), Before: v.plainValue(fields, d.Field, d.Before), After: v.plainValue(fields, d.Field, d.After)})
		}
		part.Rows = append(part.Rows, row)
	}
	return part
}

// plainValue is a value in words; of a linked record its title.
func (v *visit) plainValue(fields []register.Field, field int64, value datatype.Value) string {
	f := fieldOf(fields, field)
	id := value.Record()
	if f == nil || f.Spec.Type != datatype.Link || id == 0 {
		return value.String()
	}
	list, err := v.site.Records.Load(v.ctx(), []int64{id})
	if err != nil || len(list) == 0 || list[0].Account != v.module.Account {
		return value.String()
	}
	return list[0].Title
}
