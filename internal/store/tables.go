package store

import (
	"context"
	"strings"
)

// kind is the sort of values that a column keeps.
type kind string

const (
	kindNumber kind = "number"
	kindText   kind = "text"
	kindBytes  kind = "bytes"
	kindBool   kind = "bool"
)

// table is a table as the database has it.
type table struct {
	Name    string        `json:"name"`
	Columns []tableColumn `json:"columns"`
}

type tableColumn struct {
	Name string `json:"name"`
	Kind kind   `json:"kind"`
}

func (t *table) columnNames() []string {
	out := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = c.Name
	}
	return out
}

// catalogues list tables in the order in which they were made, so that a table
// comes after those it refers to, with the type of each column.
var catalogues = map[string]string{
	"sqlite": `SELECT t.name, c.name, c.type FROM sqlite_schema t JOIN pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.rowid, c.cid`,
	"postgres": `SELECT t.relname, c.attname, format_type(c.atttypid, NULL) FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
		WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace AND c.attnum > 0 AND NOT c.attisdropped
		ORDER BY t.oid, c.attnum`,
}

// isOurs leaves out what belongs to one installation: which migrations ran
// there, which process has the right to sync, jobs, answers kept for a day, wrong
// passwords and files to import of the last hour, and the index of words, which
// is made anew from the records.
func isOurs(name string) bool {
	switch name {
	case "goose_db_version", "lease", "job", "kept_answer", "attempt", "upload", "upload_part", "index_note":
		return false
	}
	return !strings.HasPrefix(name, "record_token")
}

// tables returns the tables that hold data.
func (db *DB) tables(ctx context.Context) ([]table, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, catalogues[db.dialect.name])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []table
	for rows.Next() {
		var name, column, declared string
		if err := rows.Scan(&name, &column, &declared); err != nil {
			return nil, err
		}
		if !isOurs(name) {
			continue
		}
		if len(out) == 0 || out[len(out)-1].Name != name {
			out = append(out, table{Name: name})
		}
		last := &out[len(out)-1]
		last.Columns = append(last.Columns, tableColumn{column, kindOf(declared)})
	}
	return out, explain(rows.Err(), db.place)
}

func kindOf(declared string) kind {
	switch strings.ToLower(declared) {
	case "text":
		return kindText
	case "blob", "bytea":
		return kindBytes
	case "boolean":
		return kindBool
	}
	return kindNumber
}
