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
	svg, err := label.SVG(label.FormatOf(""), label.Label{Title: "王小芳", Line: "IT-1", Link: "x"})
	if err != nil || !strings.Contains(svg, ">IT-1</text>") {
		t.Errorf("without a printable title the line takes its place: %v", err)
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
