package client

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
