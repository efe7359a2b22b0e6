package store

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strconv"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/rawjson"
)

// The archive of a backup is a zip file. Each table is one entry
// "tables/NAME.jsonl": a line per row, a JSON list of the columns' values, with
// bytes in base64. The last entry, manifest.json, names the columns and has each
// table's number of rows and the SHA-256 of its lines. The archive is the same
// for both engines, so it also moves an installation from one to the other.
const (
	archiveFormat = 1
	manifestName  = "manifest.json"
)

// manifest describes an archive.
type manifest struct {
	Format  int             `json:"format"`
	Schema  int64           `json:"schema"`
	Engine  string          `json:"engine"`
	Created time.Time       `json:"created"`
	Tables  []archivedTable `json:"tables"`
}

type archivedTable struct {
	table
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

func entryName(table string) string { return "tables/" + table + ".jsonl" }

// Backup writes everything to w as it is at one instant, while others go on
// reading and writing.
func (db *DB) Backup(ctx context.Context, w io.Writer) error {
	err := db.inSnapshot(ctx, func(ctx context.Context) error {
		version, err := db.SchemaVersion(ctx)
		if err != nil {
			return err
		}
		tables, err := db.tables(ctx)
		if err != nil {
			return err
		}
		m := manifest{Format: archiveFormat, Schema: version, Engine: db.Engine(), Created: db.now().UTC()}
		archive := zip.NewWriter(w)
		for _, t := range tables {
			done, err := db.writeTable(ctx, archive, t)
			if err != nil {
				return errs.Wrap(err, "back up table "+t.Name)
			}
			m.Tables = append(m.Tables, done)
		}
		entry, err := archive.Create(manifestName)
		if err != nil {
			return err
		}
		encoder := json.NewEncoder(entry)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(m); err != nil {
			return err
		}
		return archive.Close()
	})
	return explain(err, db.place)
}

// inSnapshot runs fn in a transaction that reads the database as it was at its
// first statement.
func (db *DB) inSnapshot(ctx context.Context, fn func(ctx context.Context) error) error {
	s, err := db.newSession(ctx, db.pool)
	if err != nil {
		return err
	}
	defer s.close()
	if db.dialect.isSQLite() {
		return s.run(ctx, "BEGIN", fn)
	}
	return s.run(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", fn)
}

// writeTable writes one table's entry.
func (db *DB) writeTable(ctx context.Context, archive *zip.Writer, t table) (archivedTable, error) {
	done := archivedTable{table: t}
	entry, err := archive.Create(entryName(t.Name))
	if err != nil {
		return done, err
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(entry, sum), 64<<10)
	query := "SELECT " + joinColumns(t.columnNames()) + " FROM " + quoteName(t.Name)
	rows, err := db.conn(ctx).QueryContext(ctx, query)
	if err != nil {
		return done, err
	}
	defer rows.Close()
	cells := newCells(t)
	var line []byte
	for rows.Next() {
		if err := rows.Scan(cells.dst...); err != nil {
			return done, err
		}
		line = cells.append(line[:0])
		if _, err := out.Write(line); err != nil {
			return done, err
		}
		done.Rows++
	}
	if err := explain(rows.Err(), db.place); err != nil {
		return done, err
	}
	if err := out.Flush(); err != nil {
		return done, err
	}
	done.SHA256 = hexSum(sum)
	return done, nil
}

func hexSum(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }

// quoteName quotes an identifier, since some tables have names that are words
// of SQL.
func quoteName(name string) string { return `"` + name + `"` }

func joinColumns(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += quoteName(n)
	}
	return out
}

// cells are the values of one row of a table.
type cells struct {
	dst []any
}

func newCells(t table) cells {
	c := cells{make([]any, len(t.Columns))}
	for i, column := range t.Columns {
		switch column.Kind {
		case kindText:
			c.dst[i] = new(sql.NullString)
		case kindBytes:
			c.dst[i] = new(any) // SQLite's driver has nil bytes for empty ones, and nothing for NULL
		case kindBool:
			c.dst[i] = new(sql.NullBool)
		default:
			c.dst[i] = new(sql.NullInt64)
		}
	}
	return c
}

// append appends the row as a line.
func (c cells) append(line []byte) []byte {
	line = append(line, '[')
	for i, d := range c.dst {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendCell(line, d)
	}
	return append(line, ']', '\n')
}

func appendCell(line []byte, d any) []byte {
	switch v := d.(type) {
	case *sql.NullString:
		if v.Valid {
			return rawjson.AppendString(line, v.String)
		}
	case *sql.NullInt64:
		if v.Valid {
			return strconv.AppendInt(line, v.Int64, 10)
		}
	case *sql.NullBool:
		if v.Valid {
			return strconv.AppendBool(line, v.Bool)
		}
	case *any:
		if b, ok := (*v).([]byte); ok {
			line = append(line, '"')
			line = base64.StdEncoding.AppendEncode(line, b)
			return append(line, '"')
		}
	}
	return append(line, "null"...)
}

// parseLine reads a line into row.
func parseLine(t *table, line []byte, row []any) error {
	s := rawjson.Scan(line)
	s.Array()
	for i := range t.Columns {
		if !s.Element() {
			return fmt.Errorf("a row has %d values, not %d", i, len(t.Columns))
		}
		v, err := parseCell(t.Columns[i].Kind, s.Value())
		if err != nil {
			return fmt.Errorf("column %s: %w", t.Columns[i].Name, err)
		}
		row[i] = v
	}
	if s.Element() {
		return fmt.Errorf("a row has more than %d values", len(t.Columns))
	}
	s.End()
	return s.Err()
}

func parseCell(k kind, raw []byte) (any, error) {
	switch is := rawjson.KindOf(raw); {
	case is == rawjson.Null:
		return nil, nil
	case k == kindText && is == rawjson.String:
		return rawjson.Text(raw), nil
	case k == kindBytes && is == rawjson.String:
		return base64.StdEncoding.AppendDecode([]byte{}, raw[1:len(raw)-1])
	case k == kindBool && is == rawjson.Bool:
		return raw[0] == 't', nil
	case k == kindNumber && is == rawjson.Number:
		return strconv.ParseInt(string(raw), 10, 64)
	}
	return nil, fmt.Errorf("%.40s is not a %s", raw, k)
}
