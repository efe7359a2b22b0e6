package sheet

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/musterhq/muster/internal/errs"
)

// csvReader reads CSV.
type csvReader struct {
	in   *csv.Reader
	head []string
	utf8 bool
}

// openCSV reads the head, which also tells the separator: of comma, semicolon
// and tab the one that occurs most outside of quotes.
func openCSV(r io.Reader, e Encoding) (*csvReader, error) {
	if e == Windows1252 {
		r = charmap.Windows1252.NewDecoder().Reader(r)
	}
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3) // was just peeked at
	}
	first, err := in.Peek(32 << 10)
	if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, errs.Wrap(err, "read the file")
	}
	if strings.HasPrefix(string(first), "\xff\xfe") || strings.HasPrefix(string(first), "\xfe\xff") {
		return nil, errs.New(errs.Invalid, "the file is in UTF-16").WithHint("Save it as “CSV UTF-8”.")
	}
	c := &csvReader{in: csv.NewReader(in), utf8: true}
	c.in.Comma = separator(strings.TrimLeft(string(first), ",;\t \r\n"))
	c.in.FieldsPerRecord = -1
	c.in.ReuseRecord = false
	c.head, err = headOf(c.Next)
	return c, err
}

// separator guesses what stands between the cells of the first line.
func separator(text string) rune {
	marks := []rune{',', ';', '\t'}
	counts := make([]int, len(marks))
	quoted := false
line:
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '\n':
			break line
		default:
			if i := slices.Index(marks, r); i >= 0 {
				counts[i]++
			}
		}
	}
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return marks[best]
}

// Head implements Reader.
func (c *csvReader) Head() []string { return c.head }

// Next implements Reader.
func (c *csvReader) Next() (Row, error) {
	for {
		cells, err := c.in.Read()
		if err == io.EOF {
			return Row{}, err
		}
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			return Row{}, errs.New(errs.Invalid, "line %d cannot be read: %v", bad.StartLine, bad.Err).
				WithHint("Look at the quotes in that line: a quote inside a cell is written twice.")
		}
		if err != nil {
			return Row{}, errs.Wrap(err, "read the file")
		}
		line, _ := c.in.FieldPos(0)
		r := Row{Number: line, Cells: cells}
		if err := c.check(r); err != nil {
			return r, err
		}
		if !blank(cells) {
			return r, nil
		}
	}
}

func (c *csvReader) check(r Row) error {
	for _, cell := range r.Cells {
		if !utf8.ValidString(cell) {
			return errs.New(errs.Invalid, "line %d is not in UTF-8", r.Number).
				WithHint("Save the file as “CSV UTF-8”, or choose Western European (Windows-1252) when you upload it.")
		}
	}
	return checkRow(r)
}

// Close implements Reader.
func (c *csvReader) Close() error { return nil }
