package sheet

import (
	"archive/zip"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/musterhq/muster/internal/errs"
)

// xlsxReader reads the first sheet of a workbook. Cells come as they are stored:
// numbers with a point, dates as the number of days that DateOf reads.
type xlsxReader struct {
	book *excelize.File
	rows *excelize.Rows
	at   int
	head []string
}

func openXLSX(f File, size int64) (*xlsxReader, error) {
	if err := checkArchive(f, size); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(io.NewSectionReader(f, 0, size), excelize.Options{
		UnzipSizeLimit: mostUnzip, UnzipXMLSizeLimit: 16 << 20, RawCellValue: true,
	})
	if err != nil {
		return nil, errs.New(errs.Invalid, "the workbook cannot be read").Because(err).WithHint("Open it in your spreadsheet program, and save it again as .xlsx.")
	}
	names := book.GetSheetList()
	if len(names) == 0 {
		return nil, errors.Join(errs.New(errs.Invalid, "the workbook has no sheet"), book.Close())
	}
	rows, err := book.Rows(names[0])
	if err != nil {
		return nil, errors.Join(errs.New(errs.Invalid, "the sheet %s cannot be read", names[0]).Because(err), book.Close())
	}
	x := &xlsxReader{book: book, rows: rows}
	if x.head, err = headOf(x.Next); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// checkArchive refuses an archive that would unpack into too much, by what its
// directory says. One whose directory lies is caught by the limit while it is
// unpacked.
func checkArchive(f File, size int64) error {
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return errs.New(errs.Invalid, "the workbook is not whole").Because(err)
	}
	sum := uint64(0)
	for _, part := range archive.File {
		sum += part.UncompressedSize64
	}
	if len(archive.File) > mostParts || sum > mostUnzip {
		return errs.New(errs.Invalid, "the workbook unpacks into more than %d MB", mostUnzip>>20).
			WithHint("Delete what you do not want to import, or save the sheet as CSV.")
	}
	return nil
}

// Head implements Reader.
func (x *xlsxReader) Head() []string { return x.head }

// Next implements Reader.
func (x *xlsxReader) Next() (Row, error) {
	for x.rows.Next() {
		x.at++
		if x.at > MostRows+1 {
			return Row{}, checkRow(Row{Number: x.at})
		}
		cells, err := x.rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return Row{}, errs.New(errs.Invalid, "row %d cannot be read", x.at).Because(err)
		}
		r := Row{Number: x.at, Cells: cells}
		if err := checkRow(r); err != nil {
			return r, err
		}
		if !blank(cells) {
			return r, nil
		}
	}
	if err := x.rows.Error(); err != nil {
		return Row{}, errs.New(errs.Invalid, "the sheet cannot be read behind row %d", x.at).Because(err)
	}
	return Row{}, io.EOF
}

// Close implements Reader.
func (x *xlsxReader) Close() error { return errors.Join(x.rows.Close(), x.book.Close()) }

// DateOf reads the number that workbooks store for a date or an instant, in days
// since the end of 1899; ok is false for any other text.
func DateOf(cell string) (t time.Time, ok bool) {
	days, err := strconv.ParseFloat(cell, 64)
	if err != nil || days < 1 || days > 2_958_466 || strings.ContainsAny(cell, "xXpP_") {
		return t, false
	}
	t, err = excelize.ExcelDateToTime(days, false)
	return t.Round(time.Second), err == nil
}
