package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
)

// Imported is what an import did, or would do.
type Imported struct {
	Added     int         `json:"added"`
	Changed   int         `json:"changed"`
	Unchanged int         `json:"unchanged"`
	LeftOut   int         `json:"left_out" doc:"By the mode."`
	Faulty    int         `json:"faulty"`
	Columns   []ColumnFor `json:"columns" doc:"The file's columns with the field that each became."`
	Rows      []ImportRow `json:"rows" doc:"The first thousand rows that were set aside, with the reason; with preview the first ten of each sort besides."`
}

// ColumnFor is a column of a file with the field that it became.
type ColumnFor struct {
	Column string `json:"column"`
	Field  string `json:"field" doc:"Empty when it was left out."`
}

// ImportRow is a row of a file with what becomes of it.
type ImportRow struct {
	Line    int      `json:"line"`
	Verdict string   `json:"verdict" enum:"added,changed,unchanged,left out,faulty"`
	Title   string   `json:"title"`
	Record  int64    `json:"record" doc:"0 for one that is not there yet."`
	Why     string   `json:"why" doc:"Of a faulty row, and of cells that were left out."`
	Cells   []string `json:"cells"`
}

// Labels are labels to print.
type Labels struct {
	Records []int64 `json:"records" minItems:"1" maxItems:"10000"`
	Format  string  `json:"format,omitempty" maxLength:"50" doc:"One of list-label-formats; the first when nothing is given."`
	Start   int     `json:"start,omitempty" minimum:"0" maximum:"1000" doc:"The first label of the sheet that is free, from 1."`
	Field   string  `json:"field,omitempty" maxLength:"200" doc:"The name or number of the field that stands under the title."`
}

// LabelFormat is a sheet or roll of labels.
type LabelFormat struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	PerPage int    `json:"per_page"`
}

// Export writes the records that a query finds to w, as csv or xlsx. Of the fields
// those that are named are taken; all that are not hidden when none is.
func (c *Client) Export(ctx context.Context, module, collection int64, q RecordQuery, format string, fields []string, w io.Writer) error {
	asked := q.values()
	asked.Del("limit")
	asked.Set("format", format)
	if len(fields) > 0 {
		asked["field"] = fields
	}
	resp, err := c.send(ctx, http.MethodGet, with(in(module, "/collections/%d/records/export", collection), asked), nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

// ImportOptions say how a file becomes records; the zero value adds and updates.
type ImportOptions struct {
	Name         string // of the file, for the log
	By           string // the field by which records are found; - for none, "" for a unique one
	Mode         string // add, update or both
	CreateLinked bool   // make linked records that do not exist
	Clear        bool   // clear fields for which the file has nothing
	Windows1252  bool   // the encoding of a CSV file, instead of UTF-8
	Preview      bool   // say what would be done, and do nothing
}

// values are the options as the address has them.
func (o ImportOptions) values() url.Values {
	out := values("name", o.Name, "by", o.By, "mode", o.Mode)
	for name, on := range map[string]bool{"create_linked": o.CreateLinked, "clear": o.Clear, "preview": o.Preview} {
		if on {
			out.Set(name, "true")
		}
	}
	if o.Windows1252 {
		out.Set("encoding", "windows-1252")
	}
	return out
}

// Import brings a CSV or XLSX file into a collection. It is sent once: when the
// answer does not come, a preview tells what was done.
func (c *Client) Import(ctx context.Context, module, collection int64, o ImportOptions, file []byte) (Imported, error) {
	var out Imported
	resp, err := c.send(ctx, http.MethodPost, with(in(module, "/collections/%d/records/import", collection), o.values()), file,
		http.Header{"Content-Type": {"application/octet-stream"}})
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	return out, json.NewDecoder(resp.Body).Decode(&out)
}
