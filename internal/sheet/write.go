package sheet

import (
	"encoding/csv"
	"io"

	"github.com/xuri/excelize/v2"

	"github.com/musterhq/muster/internal/errs"
)

// Writer writes a table row by row. Nothing is complete before Close.
type Writer interface {
	Write(cells []string) error
	Close() error
}

// Formats by the end of a file's name.
const (
	CSV  = "csv"
	XLSX = "xlsx"
)

// ContentType is a format's media type.
func ContentType(format string) string {
	if format == XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8"
}

// Create returns a writer of a format.
func Create(w io.Writer, format string) (Writer, error) {
	switch format {
	case CSV:
		return &csvWriter{csv.NewWriter(w)}, nil
	case XLSX:
		return createXLSX(w)
	}
	return nil, errs.New(errs.Invalid, "there is no format %q", format).WithHint("Choose csv or xlsx.")
}

// csvWriter writes CSV in UTF-8, with texts that look like formulas made harmless.
type csvWriter struct{ out *csv.Writer }

// Write implements Writer.
func (c *csvWriter) Write(cells []string) error {
	safe := make([]string, len(cells))
	for i, v := range cells {
		safe[i] = Harmless(v)
	}
	return c.out.Write(safe)
}

// Close implements Writer.
func (c *csvWriter) Close() error {
	c.out.Flush()
	return c.out.Error()
}

// xlsxWriter writes a workbook with one sheet. Cells are texts, which no
// spreadsheet takes for formulas.
type xlsxWriter struct {
	book *excelize.File
	rows *excelize.StreamWriter
	out  io.Writer
	at   int
}

const sheetName = "Muster"

func createXLSX(w io.Writer) (*xlsxWriter, error) {
	book := excelize.NewFile()
	if err := book.SetSheetName("Sheet1", sheetName); err != nil {
		return nil, err
	}
	rows, err := book.NewStreamWriter(sheetName)
	if err != nil {
		return nil, err
	}
	if err := rows.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	return &xlsxWriter{book: book, rows: rows, out: w}, nil
}

// Write implements Writer.
func (x *xlsxWriter) Write(cells []string) error {
	x.at++
	values := make([]any, len(cells))
	for i, v := range cells {
		values[i] = v
	}
	at, err := excelize.CoordinatesToCellName(1, x.at)
	if err != nil {
		return err
	}
	return x.rows.SetRow(at, values)
}

// Close implements Writer.
func (x *xlsxWriter) Close() error {
	if err := x.rows.Flush(); err != nil {
		return err
	}
	if err := x.book.Write(x.out); err != nil {
		return err
	}
	return x.book.Close()
}
