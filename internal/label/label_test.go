package label_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/label"
)

func some(n int) []label.Label {
	out := make([]label.Label, n)
	for i := range out {
		out[i] = label.Label{Title: "ThinkPad X1 Carbon Gen 11 of the design department", Line: "IT-00042", Foot: "Contoso", Link: "https://assets.contoso.example/s/42"}
	}
	return out
}

// pages counts the pages of a PDF.
func pages(data []byte) int {
	return len(regexp.MustCompile(`/Type /Page\b[^s]`).FindAll(data, -1))
}

func TestPDFHasThePagesThatTheLabelsNeed(t *testing.T) {
	t.Parallel()
	for _, f := range label.Formats() {
		for _, tt := range []struct{ start, labels, want int }{
			{0, 1, 1}, {0, f.PerPage(), 1}, {0, f.PerPage() + 1, 2}, {f.PerPage() - 1, 2, 2},
		} {
			var out bytes.Buffer
			if err := label.PDF(&out, f, tt.start, some(tt.labels)); err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if f.PerPage() == 1 {
				want = tt.labels
			}
			if got := pages(out.Bytes()); got != want {
				t.Errorf("%s: %d labels behind %d make %d pages, want %d", f.ID, tt.labels, tt.start, got, want)
			}
		}
	}
}

func TestLabelsStayOnThePaperAndApart(t *testing.T) {
	t.Parallel()
	for _, f := range label.Formats() {
		const rounding = .05
		if right := f.Left + float64(f.Columns-1)*f.StepX + f.Width; right > f.PaperWidth+rounding {
			t.Errorf("%s: labels end at %.2f mm on paper of %.2f", f.ID, right, f.PaperWidth)
		}
		if bottom := f.Top + float64(f.Rows-1)*f.StepY + f.Height; bottom > f.PaperHeight+rounding {
			t.Errorf("%s: labels end at %.2f mm on paper %.2f high", f.ID, bottom, f.PaperHeight)
		}
		if f.StepX < f.Width-rounding || f.StepY < f.Height-rounding {
			t.Errorf("%s: labels lie on one another", f.ID)
		}
	}
}

func TestAnyTitleCanBePrinted(t *testing.T) {
	t.Parallel()
	for _, title := range []string{"", "王小芳", "محمد", "👩‍💻", "a\x00b", strings.Repeat("x", 500), strings.Repeat("word ", 200), "Ελλάδα Юлия Łódź", "<script>&"} {
		l := label.Label{Title: title, Line: "IT-1", Foot: "Contoso", Link: "https://x.example/s/1"}
		var out bytes.Buffer
		if err := label.PDF(&out, label.FormatOf("l4731"), 0, []label.Label{l}); err != nil {
			t.Errorf("%q: %v", title, err)
		}
		svg, err := label.SVG(label.FormatOf(""), l)
		if err != nil || strings.Contains(svg, "<script>") {
			t.Errorf("%q: %v\n%s", title, err, svg)
		}
	}
	if label.Printable("王小芳") || label.Printable("محمد") || !label.Printable("Zoë Łódź Юлия – 5 €") {
		t.Error("what the font has and what it has not are mixed up")
	}
}

// What the PDF has no letters for, a browser draws: in two lines at most, from the
// right where the script is written so.
func TestSheetsForABrowserHaveNamesInEveryScript(t *testing.T) {
	t.Parallel()
	f := label.FormatOf("l7160")
	for _, tt := range []struct{ title, want string }{
		{"王小芳", `direction="ltr" font-size="3.53" font-weight="700" fill="#000">王小芳<`},
		{"笔记本电脑的设计部门二号楼三层", `>笔记本电脑的设计<`},
		{"محمد العلي", `direction="rtl" font-size="3.53" font-weight="700" fill="#000">محمد العلي<`},
		{"דוד לוי", `direction="rtl"`},
		{"<script>& 한국어", `>&lt;script&gt;&amp;`},
	} {
		pages, err := label.Sheets(f, 20, []label.Label{{Title: tt.title, Line: "IT-1", Link: "x"}, {Title: "Next", Link: "y"}})
		if err != nil || len(pages) != 2 {
			t.Fatalf("%q: %d pages, %v; the first sheet has one label left", tt.title, len(pages), err)
		}
		if !strings.Contains(pages[0], tt.want) || !strings.Contains(pages[0], ">IT-1<") || strings.Contains(pages[0], "<script>") {
			t.Errorf("%q: the sheet lacks %s:\n%s", tt.title, tt.want, pages[0][strings.LastIndex(pages[0], "<text"):])
		}
		if !strings.Contains(pages[1], ">Next<") {
			t.Errorf("%q: the second page has not the second label", tt.title)
		}
	}
	if _, err := label.Sheets(f, 21, some(1)); !errs.Is(err, errs.Invalid) {
		t.Errorf("behind the sheet: %v", err)
	}
	if _, err := label.Sheets(f, 0, some(label.MostInBrowser+1)); !errs.Is(err, errs.Invalid) {
		t.Errorf("too many: %v", err)
	}
}

func TestLabelsThatCannotBeMadeSayWhy(t *testing.T) {
	t.Parallel()
	f := label.Formats()[0]
	for name, err := range map[string]error{
		"behind the sheet":   label.PDF(new(bytes.Buffer), f, f.PerPage(), some(1)),
		"before the sheet":   label.PDF(new(bytes.Buffer), f, -1, some(1)),
		"an endless address": label.PDF(new(bytes.Buffer), f, 0, []label.Label{{Link: strings.Repeat("x", 5000)}}),
		"too many":           label.PDF(new(bytes.Buffer), f, 0, some(label.Most+1)),
	} {
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
}
