package web

import (
	"fmt"
	"io"
	"net/http"
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
	list, err := v.site.Uploads.Of(v.ctx(), v.who, c.ID)
	if err != nil {
		return err
	}
	for _, up := range list {
		page.Open = append(page.Open, view.OpenImport{Name: up.Name, Path: importPath(v, c) + "/" + up.ID, Stage: stageWords(up.Pass)})
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
	return v.goTo(importPath(v, c) + "/" + up.ID)
}

func (v *visit) receive(c register.Collection) (none exchange.Upload, err error) {
	parts, err := v.r.MultipartReader()
	if err != nil {
		return none, errs.New(errs.Invalid, "choose a file").Because(err)
	}
	encoding := sheet.UTF8
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return none, errs.New(errs.Invalid, "choose a file")
		}
		if err != nil {
			return none, errs.New(errs.Invalid, "the file did not arrive whole").Because(err)
		}
		switch part.FormName() {
		case "encoding":
			text, err := io.ReadAll(io.LimitReader(part, 100))
			if err != nil {
				return none, err
			}
			if sheet.Encoding(text) == sheet.Windows1252 {
				encoding = sheet.Windows1252
			}
		case "file":
			if part.FileName() == "" {
				return none, errs.New(errs.Invalid, "choose a file")
			}
			return v.site.Uploads.Keep(v.ctx(), v.who, v.module.Account, c.ID, part.FileName(), encoding, part)
		}
	}
}

// uploadHere is the upload of the path.
func (v *visit) uploadHere() (exchange.Upload, register.Collection, []register.Field, error) {
	c, fields, err := v.collectionHere()
	if err != nil {
		return exchange.Upload{}, c, nil, err
	}
	up, err := v.site.Uploads.Find(v.ctx(), v.who, c.ID, v.r.PathValue("upload"))
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
	here := importPath(v, c) + "/" + up.ID
	act := v.text("act")
	switch act {
	case "stop", "match":
		if err := s.Uploads.Stop(v.ctx(), up); err != nil {
			return err
		}
		if act == "match" {
			here += "?match=1"
		}
		return v.goTo(here)
	}
	m := up.Match
	if act == "preview" {
		m = v.matchTyped(up)
	}
	in := exchange.Import{Account: v.module.Account, Collection: c.ID, Name: up.Name, Match: m, Note: "imported from " + up.Name}
	if err := exchange.Check(in.Match, fields); err != nil {
		page := v.importView(up, c, fields)
		page.Fault, page.Hint = sentence(err, 0), errs.HintOf(err)
		page.Columns = columnsOfImport(up, m, fields)
		return v.showStatus(http.StatusUnprocessableEntity, page.Title, view.ImportPage(page))
	}
	if err := s.Uploads.Begin(v.ctx(), v.who, up, in, act == "run"); err != nil {
		return err
	}
	return v.goTo(here)
}

// matchTyped reads the form that matches columns with fields.
func (v *visit) matchTyped(up exchange.Upload) exchange.Match {
	m := exchange.Match{
		Columns: make([]int64, len(up.Head)), By: v.numberIn("by"), Mode: exchange.Mode(v.text("mode")),
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
	if up.Pass == nil || !up.Pass.Ended || !up.Pass.Faults {
		return notHere()
	}
	v.w.Header().Set("Content-Type", sheet.ContentType(sheet.CSV))
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+fileName(c.Name)+`-to-mend.csv"`)
	v.w.Header().Set("Cache-Control", "no-store")
	return v.rendered(s.Uploads.WriteFaults(v.ctx(), up, v.w))
}

func (v *visit) importView(up exchange.Upload, c register.Collection, fields []register.Field) view.Import {
	path := collectionPath(v.module.ID, c.ID)
	page := view.Import{
		Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: path}), Title: "Import into " + c.Name, Back: path,
		Path: importPath(v, c) + "/" + up.ID, File: up.Name, Stage: "match",
	}
	m, ps := up.Match, up.Pass
	if ps == nil && m.Columns == nil {
		m = exchange.Suggest(up.Head, fields)
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
	page.Rows = ps.Tally.Total()
	if err := ps.Fault(); err != nil {
		page.Fault, page.Hint = sentence(err, statusOf(err)), errs.HintOf(err)
	}
	if ps.Ended && ps.Faults {
		page.Faults = page.Path + "/faults"
	}
	for _, verdict := range []exchange.Verdict{exchange.Added, exchange.Changed, exchange.Unchanged, exchange.LeftOut, exchange.Faulty} {
		page.Parts = append(page.Parts, importPartOf(verdict, ps, fields, v, c))
	}
	page.Does = ps.Tally[exchange.Added]+ps.Tally[exchange.Changed] > 0
	return page
}

// stageWords says where a file stands.
func stageWords(ps *exchange.Pass) string {
	if ps == nil {
		return "columns to be matched"
	}
	return map[string]string{
		"looking": "being looked at", "preview": "looked at, not imported yet", "running": "being imported", "done": "imported",
	}[stageOf(ps)]
}

// stageOf is where a pass stands.
func stageOf(ps *exchange.Pass) string {
	switch {
	case !ps.Ended && ps.Write:
		return "running"
	case !ps.Ended:
		return "looking"
	case ps.Write:
		return "done"
	}
	return "preview"
}

func columnsOfImport(up exchange.Upload, m exchange.Match, fields []register.Field) []view.ImportColumn {
	out := make([]view.ImportColumn, len(up.Head))
	for i, name := range up.Head {
		out[i] = view.ImportColumn{Name: name, Input: "c" + strconv.Itoa(i), Field: "0"}
		if i < len(m.Columns) {
			out[i].Field = view.Num(m.Columns[i])
		}
		if name == "" {
			out[i].Name = fmt.Sprintf("Column %d", i+1)
		}
		for _, row := range up.Samples {
			if i < len(row) {
				out[i].Samples = append(out[i].Samples, row[i])
			}
		}
	}
	return out
}

// importPartOf is the rows of one verdict.
func importPartOf(verdict exchange.Verdict, ps *exchange.Pass, fields []register.Field, v *visit, c register.Collection) view.ImportRows {
	part := view.ImportRows{Verdict: string(verdict), Count: ps.Tally[verdict]}
	for _, r := range ps.Rows[verdict] {
		row := view.ImportRow{Number: r.Number, Title: r.Title, Why: r.Why}
		if row.Title == "" {
			row.Title = strings.Join(r.Cells, " · ")
		}
		if r.Record != 0 {
			row.Path = recordPath(v.module.ID, c.ID, r.Record)
		}
		for _, d := range r.Diffs {
			row.Lines = append(row.Lines, view.Line{Label: fieldName(fields, d.Field), Before: v.plainValue(fields, d.Field, datatype.FromJSON(d.Before)), After: v.plainValue(fields, d.Field, datatype.FromJSON(d.After))})
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
