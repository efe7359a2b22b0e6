package api

import (
	"bytes"
	"mime"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
)

const (
	// importMost is the largest file that is imported in one request, in bytes.
	importMost = attachment.Most
	// faultsShown is how many rows that were set aside an answer has, and
	// rowsShown how many of each other sort a preview has.
	faultsShown = 1000
	rowsShown   = 10
)

// ImportAsked says how a file becomes records.
type ImportAsked struct {
	Name         string `query:"name" maxLength:"200" default:"import" doc:"What the file is called, for the log."`
	By           string `query:"by" maxLength:"200" doc:"The field by which records that exist are found; - for none, so that every row is new. Left out, a unique one that the file has."`
	Mode         string `query:"mode" enum:"add,update,both" default:"both" doc:"Only add, only update, or both."`
	CreateLinked bool   `query:"create_linked" doc:"Make linked records that do not exist."`
	Clear        bool   `query:"clear" doc:"Clear fields for which the file has nothing."`
	Encoding     string `query:"encoding" enum:"utf-8,windows-1252" default:"utf-8" doc:"Of a CSV file."`
	Preview      bool   `query:"preview" doc:"Say what would be done, and do nothing."`
}

func (s *Server) exchangeOperations() {
	add(s, op{method: http.MethodGet, path: recordsPath + "/export", id: "export-records", tag: recordsTag, summary: "Take records out as a CSV or XLSX file", text: "Those that list-records would list, all of them, in its order. The audit log says who took how many.", stream: "text/csv", other: sheet.ContentType(sheet.XLSX)},
		func(v *visit, in *struct {
			InCollection
			Asked
			Format string   `query:"format" enum:"csv,xlsx" default:"csv" doc:"Of the file."`
			Fields []string `query:"field,explode" maxItems:"200" doc:"The names or numbers of the fields to take, as often as there are; all that are not hidden when nothing is given."`
		}) (*huma.StreamResponse, error) {
			return v.exportRecords(in.InCollection, in.Asked, in.Format, in.Fields)
		})
	add(s, op{method: http.MethodPost, path: recordsPath + "/import", id: "import-records", tag: recordsTag, summary: "Bring records in from a CSV or XLSX file", text: "The body is the file itself, up to 25 MB, with the names of the columns in its first row; columns become the fields of their names. Rows that do not fit are set aside and the others are imported.", body: importMost + 1},
		func(v *visit, in *struct {
			InCollection
			ImportAsked
			RawBody []byte `contentType:"application/octet-stream"`
		}) (*body[client.Imported], error) {
			return v.importRecords(in.InCollection, in.ImportAsked, in.RawBody)
		})
}

func (v *visit) exportRecords(in InCollection, asked Asked, format string, wanted []string) (*huma.StreamResponse, error) {
	c, fields, err := v.collection(in)
	if err != nil {
		return nil, err
	}
	if err := v.Exchange.MayExport(v.ctx, v.who, c.Account, c.ID); err != nil {
		return nil, err // before the answer begins
	}
	q, err := queryOf(c, fields, asked)
	if err != nil {
		return nil, err
	}
	columns, err := columnsOf(fields, wanted)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", sheet.ContentType(format))
		hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": c.Name + "." + format}))
		hc.SetStatus(http.StatusOK)
		if err := v.Exchange.Export(v.ctx, v.who, q, columns, format, hc.BodyWriter()); err != nil {
			v.Log.Warn("an export broke off", "collection", c.ID, "error", err)
			panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
		}
	}}, nil
}

// columnsOf are the fields to export.
func columnsOf(fields []register.Field, wanted []string) ([]register.Field, error) {
	if len(wanted) == 0 {
		return slices.DeleteFunc(slices.Clone(fields), func(f register.Field) bool { return f.Hidden }), nil
	}
	var out []register.Field
	for _, name := range wanted {
		f := fieldCalled(fields, name)
		if f == nil {
			return nil, &partFault{"query.field", errs.New(errs.Invalid, "there is no field %q", name).WithHint("The fields are: %s.", names(fields))}
		}
		out = append(out, *f)
	}
	return out, nil
}

func (v *visit) importRecords(in InCollection, asked ImportAsked, file []byte) (_ *body[client.Imported], err error) {
	c, fields, err := v.collection(in)
	if err != nil {
		return nil, err
	}
	if err := v.Exchange.May(v.ctx, v.who, c.Account, c.ID); err != nil {
		return nil, err // before anything is said of the file
	}
	r, err := sheet.Open(bytes.NewReader(file), int64(len(file)), sheet.Encoding(asked.Encoding))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	match, err := matchOf(r.Head(), fields, asked)
	if err != nil {
		return nil, err
	}
	if err := exchange.Check(match, fields); err != nil {
		return nil, err
	}
	out := client.Imported{Columns: []client.ColumnFor{}, Rows: []client.ImportRow{}}
	for i, column := range r.Head() {
		out.Columns = append(out.Columns, client.ColumnFor{Column: column, Field: fieldName(fields, match.Columns[i])})
	}
	do := v.Exchange.Run
	if asked.Preview {
		do = v.Exchange.Preview
	}
	shown := map[exchange.Verdict]int{}
	tally, err := do(v.ctx, v.who, exchange.Import{Account: c.Account, Collection: c.ID, Name: asked.Name, Match: match, Note: "imported from " + asked.Name}, r,
		func(row exchange.Row) error {
			shown[row.Verdict]++
			if n := shown[row.Verdict]; row.Verdict == exchange.Faulty && n <= faultsShown || asked.Preview && n <= rowsShown {
				out.Rows = append(out.Rows, importRowOf(row))
			}
			return nil
		})
	out.Added, out.Changed, out.Unchanged = tally[exchange.Added], tally[exchange.Changed], tally[exchange.Unchanged]
	out.LeftOut, out.Faulty = tally[exchange.LeftOut], tally[exchange.Faulty]
	return &body[client.Imported]{out}, err
}

// matchOf matches columns with the fields of their names.
func matchOf(head []string, fields []register.Field, asked ImportAsked) (exchange.Match, error) {
	m := exchange.Suggest(head, fields)
	m.Mode, m.CreateLinked, m.KeepFilled = exchange.Mode(asked.Mode), asked.CreateLinked, !asked.Clear
	switch asked.By {
	case "":
	case "-":
		m.By = 0
	default:
		f := fieldCalled(exchange.Keys(fields), asked.By)
		if f == nil {
			return m, &partFault{"query.by", errs.New(errs.Invalid, "records cannot be found by %q", asked.By).WithHint("Name a unique field, or the one of the title.")}
		}
		m.By = f.ID
	}
	return m, nil
}

func importRowOf(r exchange.Row) client.ImportRow {
	return client.ImportRow{Line: r.Number, Verdict: string(r.Verdict), Title: r.Title, Record: r.Record, Why: r.Why, Cells: some(r.Cells)}
}

// fieldName is the name of a field; "" for none.
func fieldName(fields []register.Field, id int64) string {
	if id == 0 {
		return ""
	}
	return nameOf(fields, id)
}
