// Package sheet reads and writes tables in files, CSV and XLSX, a row at a time:
// neither needs memory for the file as a whole.
//
// What comes from elsewhere is taken with care: a file that unpacks into far more
// than it is, that has more rows or columns than a person could mean, or that is
// in an encoding that would turn names into nonsense is refused, with the line
// and what to do. What goes elsewhere does not turn into formulas there.
package sheet

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/musterhq/muster/internal/errs"
)

// Limits of what is read.
const (
	MostRows    = 200_000
	MostColumns = 500
	MostCell    = 100_000   // bytes of one cell
	mostUnzip   = 512 << 20 // bytes that an XLSX may unpack into
	mostParts   = 2_000     // files inside an XLSX
)

// Row is one row of a table.
type Row struct {
	Number int // of its line or row in the file, from 1, the head included
	Cells  []string
}

// Reader reads a table row by row.
type Reader interface {
	// Next returns the next row, or io.EOF behind the last. Rows without any
	// text are passed over.
	Next() (Row, error)
	// Head returns the first row: the names of the columns.
	Head() []string
	Close() error
}

// Encoding is how the letters of a CSV file are written.
type Encoding string

// The encodings.
const (
	UTF8        Encoding = "utf-8"
	Windows1252 Encoding = "windows-1252" // Western European, as Excel writes CSV
)

// Open opens a file by what it is: an XLSX begins as a zip archive does,
// everything else is CSV. size is its length in bytes.
func Open(f File, size int64, e Encoding) (Reader, error) {
	var magic [4]byte
	if n, err := f.ReadAt(magic[:], 0); err != nil && err != io.EOF {
		return nil, errs.Wrap(err, "read the file")
	} else if n == 0 {
		return nil, errs.New(errs.Invalid, "the file is empty")
	}
	switch {
	case string(magic[:]) == "PK\x03\x04":
		return openXLSX(f, size)
	case string(magic[:]) == "\xd0\xcf\x11\xe0":
		return nil, errs.New(errs.Invalid, "the file is an old Excel workbook (.xls)").WithHint("Save it as .xlsx or as CSV.")
	}
	return openCSV(io.NewSectionReader(f, 0, size), e)
}

// File is what a table is read from; *os.File is one.
type File interface {
	io.ReaderAt
}

// checkRow refuses rows beyond the limits.
func checkRow(r Row) error {
	switch {
	case r.Number > MostRows+1:
		return errs.New(errs.Invalid, "the file has more than %d rows", MostRows).WithHint("Split it into several files.")
	case len(r.Cells) > MostColumns:
		return errs.New(errs.Invalid, "line %d has more than %d columns", r.Number, MostColumns)
	}
	for _, c := range r.Cells {
		if len(c) > MostCell {
			return errs.New(errs.Invalid, "a cell of line %d has more than %d bytes", r.Number, MostCell)
		}
	}
	return nil
}

// blank reports whether a row has no text.
func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// headOf reads the first row that has text, as the names of the columns.
func headOf(next func() (Row, error)) ([]string, error) {
	r, err := next()
	if err == io.EOF {
		return nil, errs.New(errs.Invalid, "the file has no rows")
	}
	if err != nil {
		return nil, err
	}
	for i := range r.Cells {
		r.Cells[i] = strings.TrimSpace(r.Cells[i])
	}
	return r.Cells, nil
}

// Harmless keeps a spreadsheet from taking a text for a formula, by an
// apostrophe in front. A telephone number with its country code, and a negative
// number, stay as they are. Some spreadsheets skip white space, and take the wide
// forms of the signs for the signs.
// https://owasp.org/www-community/attacks/CSV_Injection
func Harmless(v string) string {
	first, width := utf8.DecodeRuneInString(strings.TrimLeftFunc(v, unicode.IsSpace))
	switch first {
	case '=', '@', '＝', '＠', '＋', '－':
		return "'" + v
	case '+', '-':
		if strings.Trim(strings.TrimSpace(v)[width:], "0123456789 ().-/,") != "" {
			return "'" + v
		}
	}
	if v != "" && strings.ContainsRune("\t\r\n", rune(v[0])) {
		return "'" + v
	}
	return v
}
