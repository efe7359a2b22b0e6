package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/sheet"
)

// all reads a file to its end.
func all(data []byte, e sheet.Encoding) (rows [][]string, err error) {
	r, err := sheet.Open(bytes.NewReader(data), int64(len(data)), e)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	rows = append(rows, r.Head())
	for {
		row, err := r.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row.Cells)
	}
}

func TestCSVIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text     string
		encoding sheet.Encoding
	}{
		"commas":             {"Name,Tag\nZoë,1\n\"a,\"\"b\"\"\",2\n", ""},
		"semicolons":         {"Name;Tag\nZoë;1\n\"a,\"\"b\"\"\";2\n", ""},
		"tabs":               {"Name\tTag\nZoë\t1\n\"a,\"\"b\"\"\"\t2\n", ""},
		"a byte order mark":  {"\xef\xbb\xbfName,Tag\r\nZoë,1\r\n\"a,\"\"b\"\"\",2\r\n", ""},
		"empty lines":        {"\n,\nName,Tag\n\n,\nZoë,1\n \n\"a,\"\"b\"\"\",2\n", ""},
		"no line at the end": {"Name,Tag\nZoë,1\n\"a,\"\"b\"\"\",2", ""},
		"Windows letters":    {"Name;Tag\nZo\xeb;1\n\"a,\"\"b\"\"\";2\n", sheet.Windows1252},
	} {
		got, err := all([]byte(tt.text), tt.encoding)
		want := [][]string{{"Name", "Tag"}, {"Zoë", "1"}, {`a,"b"`, "2"}}
		if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, want)
		}
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	want := [][]string{{"Name", "Note"}, {"Zoë 王小芳", "two\nlines"}, {"007", "1e5"}}
	for _, format := range []string{sheet.CSV, sheet.XLSX} {
		var out bytes.Buffer
		w, err := sheet.Create(&out, format)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range want {
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := all(out.Bytes(), ""); err != nil || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: got %q (%v), want %q", format, got, err, want)
		}
	}
}

func TestFormulasAreMadeHarmless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`=HYPERLINK("http://x")`: `'=HYPERLINK("http://x")`, "@SUM(1)": "'@SUM(1)", "+cmd|x": "'+cmd|x", "-1+1|x": "'-1+1|x", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
		" =1": "' =1", "\u00a0@x": "'\u00a0@x", "＝1": "'＝1", "－1": "'－1", " -5": " -5", " ": " ", "Ada = Lovelace": "Ada = Lovelace",
		"+49 30 901820": "+49 30 901820", "-12.5": "-12.5", "a=b": "a=b", "": "",
	} {
		if got := sheet.Harmless(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestFilesThatCannotBeReadSayWhy(t *testing.T) {
	t.Parallel()
	bomb := func(parts, size int) []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		zeros := make([]byte, 1<<20)
		for i := range parts {
			w, err := z.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", i))
			if err != nil {
				t.Fatal(err)
			}
			for range size {
				if _, err := w.Write(zeros); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"empty":              {nil, "the file is empty"},
		"only empty lines":   {[]byte("\n\n ,\n"), "the file has no rows"},
		"an open quote":      {[]byte("a,b\n1,2\n\"x,3\n"), "line 3 cannot be read"},
		"other letters":      {[]byte("a,b\nZo\xeb,2\n"), "line 2 is not in UTF-8"},
		"UTF-16":             {[]byte("\xff\xfea\x00,\x00b\x00"), "UTF-16"},
		"an old workbook":    {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "old Excel workbook"},
		"half a workbook":    {[]byte("PK\x03\x04 and no more"), "not whole"},
		"a zip of no sheets": {bomb(1, 0), "cannot be read"},
		"a zip bomb":         {bomb(1, 600), "unpacks into more than"},
		"too many parts":     {bomb(2_001, 0), "unpacks into more than"},
		"too many columns":   {[]byte(strings.Repeat("x,", 501) + "\n"), "more than 500 columns"},
		"an endless cell":    {[]byte("a\n" + strings.Repeat("x", 100_001) + "\n"), "more than 100000 bytes"},
		"too many rows":      {[]byte("a\n" + strings.Repeat("1\n", sheet.MostRows+1)), "more than 200000 rows"},
	} {
		_, err := all(tt.data, "")
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want something about %q", name, err, tt.want)
		}
	}
}

func TestDatesOfWorkbooks(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{"45292": "2024-01-01 00:00:00", "45292.75": "2024-01-01 18:00:00"} {
		if got, ok := sheet.DateOf(cell); !ok || got.Format("2006-01-02 15:04:05") != want {
			t.Errorf("%s: got %s (%t), want %s", cell, got, ok, want)
		}
	}
	for _, cell := range []string{"", "x", "-1", "1e9", "0x1p4", "2024-01-01"} {
		if got, ok := sheet.DateOf(cell); ok {
			t.Errorf("%q is taken for %s", cell, got)
		}
	}
}

// Whatever is uploaded, reading it ends, in rows or in an error for people.
func FuzzOpen(f *testing.F) {
	var book bytes.Buffer
	w, err := sheet.Create(&book, sheet.XLSX)
	if err != nil {
		f.Fatal(err)
	}
	for _, row := range [][]string{{"Name"}, {"x"}} {
		if err := w.Write(row); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(book.Bytes())
	f.Add([]byte("a;b\n1;\"2\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := all(data, ""); err != nil && !errs.Is(err, errs.Invalid) {
			t.Fatalf("got %v, which is not about the file", err)
		}
	})
}
