package label

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/width"

	"github.com/musterhq/muster/internal/errs"
)

// MostInBrowser is how many labels a browser prints at once.
const MostInBrowser = 1000

// SVG draws one label for a look at it. The text is only about as wide as in the
// PDF.
func SVG(f Format, l Label) (string, error) {
	var out strings.Builder
	fmt.Fprintf(&out, `<svg class="label-look" role="img" aria-label="The label of %s" viewBox="0 0 %g %g" xmlns="http://www.w3.org/2000/svg"><rect width="%g" height="%g" fill="#fff"/>`,
		html.EscapeString(l.Title), f.Width, f.Height, f.Width, f.Height)
	if err := sketch(&out, f, box{0, 0, f.Width, f.Height}, l); err != nil {
		return "", err
	}
	out.WriteString("</svg>")
	return out.String(), nil
}

// Sheets draws labels page by page, each page as an SVG of its true size, for a
// browser to print: that has letters for every script. start is as for PDF.
func Sheets(f Format, start int, labels []Label) ([]string, error) {
	if len(labels) > MostInBrowser {
		return nil, errs.New(errs.Invalid, "%d labels are more than a browser prints at once (%d)", len(labels), MostInBrowser)
	}
	if start < 0 || start >= f.PerPage() {
		return nil, errs.New(errs.Invalid, "a sheet has %d labels", f.PerPage()).WithHint("Start with one of them.")
	}
	var out []string
	for first, n := 0, f.PerPage()-start; first < len(labels); first, n = first+n, f.PerPage() {
		var page strings.Builder
		fmt.Fprintf(&page, `<svg class="sheet sheet-%s" width="%gmm" height="%gmm" viewBox="0 0 %g %g" xmlns="http://www.w3.org/2000/svg">`,
			f.ID, f.PaperWidth, f.PaperHeight, f.PaperWidth, f.PaperHeight)
		for i, l := range labels[first:min(first+n, len(labels))] {
			_, at := f.place(f.PerPage() - n + i)
			if err := sketch(&page, f, at, l); err != nil {
				return nil, err
			}
		}
		page.WriteString("</svg>")
		out = append(out, page.String())
	}
	return out, nil
}

// sketch draws a label as parts of an SVG.
func sketch(out *strings.Builder, f Format, at box, l Label) error {
	code, text := f.parts(at)
	bars, err := barsOf(l.Link)
	if err != nil {
		return err
	}
	in, scale := bars.within(code)
	out.WriteString(`<path d="`)
	for _, b := range bars.list {
		fmt.Fprintf(out, "M%.3f %.3fh%.3fv%.3fh-%.3fz", in.x+float64(b.x)*scale, in.y+float64(b.y)*scale, float64(b.length)*scale, scale*1.01, float64(b.length)*scale)
	}
	out.WriteString(`" fill="#000"/>`)
	title, line, foot := l.lines(func(string) bool { return true })
	size := min(10, f.Height*.34) * millimetresPerPoint
	y := text.y + size
	put := func(s, weight string, size float64, most int) {
		for _, part := range wrap(s, most, func(s string) bool { return widthOf(s)*size <= text.w }) {
			x, direction := text.x, "ltr"
			if rightToLeft(s) {
				x, direction = text.x+text.w, "rtl"
			}
			fmt.Fprintf(out, `<text x="%.2f" y="%.2f" direction="%s" font-size="%.2f" font-weight="%s" fill="#000">%s</text>`, x, y, direction, size, weight, html.EscapeString(part))
			y += size * 1.2
		}
	}
	put(title, "700", size, 2)
	put(line, "400", size, 1)
	if y < text.y+text.h {
		y = text.y + text.h - size*.1
		put(foot, "400", size*.75, 1)
	}
	return nil
}

// widthOf is about how wide a text is, in sizes of its font.
func widthOf(s string) float64 {
	var sum float64
	for _, r := range s {
		if wide(r) {
			sum++
		} else {
			sum += .52
		}
	}
	return sum
}

// wide reports whether a sign is as wide as high, and lines may end beside it, as
// with those of East Asia.
func wide(r rune) bool {
	return slices.Contains([]width.Kind{width.EastAsianWide, width.EastAsianFullwidth}, width.LookupRune(r).Kind())
}

// rightToLeft reports whether a text begins in a script that is written so.
func rightToLeft(s string) bool {
	for _, r := range s {
		switch p, _ := bidi.LookupRune(r); p.Class() {
		case bidi.L:
			return false
		case bidi.R, bidi.AL:
			return true
		}
	}
	return false
}
