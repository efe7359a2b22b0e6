package label

import (
	"io"
	"strings"

	"github.com/go-pdf/fpdf"
	"rsc.io/qr"

	"github.com/musterhq/muster/internal/errs"
)

// Most is how many labels one file has at most.
const Most = 10_000

// millimetresPerPoint is the size of a typographic point.
const millimetresPerPoint = 25.4 / 72

// PDF writes labels in a format. start is how many labels of the first sheet are
// used up already.
func PDF(w io.Writer, f Format, start int, labels []Label) error {
	if len(labels) > Most {
		return errs.New(errs.Invalid, "%d labels are more than can be printed at once (%d)", len(labels), Most)
	}
	if start < 0 || start >= f.PerPage() {
		return errs.New(errs.Invalid, "a sheet has %d labels", f.PerPage()).WithHint("Start with one of them.")
	}
	orientation := "P"
	if f.PaperWidth > f.PaperHeight {
		orientation = "L"
	}
	doc := fpdf.NewCustom(&fpdf.InitType{OrientationStr: orientation, UnitStr: "mm",
		Size: fpdf.SizeType{Wd: min(f.PaperWidth, f.PaperHeight), Ht: max(f.PaperWidth, f.PaperHeight)}})
	doc.SetCreator("Muster", true)
	doc.SetTitle("Labels", true)
	doc.SetAutoPageBreak(false, 0)
	doc.SetMargins(0, 0, 0)
	doc.AddUTF8FontFromBytes("dejavu", "", regular)
	doc.AddUTF8FontFromBytes("dejavu", "B", bold)
	last := -1
	for i, l := range labels {
		page, at := f.place(start + i)
		if page != last {
			doc.AddPage()
			last = page
		}
		if err := draw(doc, f, at, l); err != nil {
			return err
		}
	}
	if len(labels) == 0 {
		doc.AddPage()
	}
	return doc.Output(w)
}

// draw draws one label.
func draw(doc *fpdf.Fpdf, f Format, at box, l Label) error {
	codeAt, text := f.parts(at)
	bars, err := barsOf(l.Link)
	if err != nil {
		return err
	}
	doc.SetFillColor(0, 0, 0)
	in, scale := bars.within(codeAt)
	for _, b := range bars.list {
		doc.Rect(in.x+float64(b.x)*scale, in.y+float64(b.y)*scale, float64(b.length)*scale, scale*1.01, "F")
	}
	title, line, foot := l.lines(Printable)
	size := min(10, f.Height*.34) // points
	y := text.y
	y = write(doc, text, y, title, "B", size, 2)
	y = write(doc, text, y, line, "", size, 1)
	small := size * .75
	if bottom := text.y + text.h - small*millimetresPerPoint*1.2; bottom > y {
		write(doc, text, bottom, foot, "", small, 1)
	}
	return nil
}

// write writes a text in some lines at most, the last of them cut off with an
// ellipsis, and returns where the next text goes.
func write(doc *fpdf.Fpdf, in box, y float64, s, style string, size float64, most int) float64 {
	if s == "" {
		return y
	}
	doc.SetFont("dejavu", style, size)
	height := size * millimetresPerPoint * 1.2
	for _, part := range wrap(s, most, func(t string) bool { return doc.GetStringWidth(t) <= in.w }) {
		if y+height > in.y+in.h+.1 {
			break
		}
		doc.SetXY(in.x, y)
		doc.CellFormat(in.w, height, part, "", 0, "LM", false, 0, "")
		y += height
	}
	return y
}

// wrap breaks a text into lines that fit, most at most: between words, and
// between the signs of scripts that have no spaces.
func wrap(s string, most int, fits func(string) bool) []string {
	var out []string
	pieces := piecesOf(s)
	for len(pieces) > 0 && len(out) < most {
		n := 1
		for n < len(pieces) && fits(joined(pieces[:n+1])) {
			n++
		}
		if len(out) == most-1 {
			n = len(pieces) // and cut off
		}
		out = append(out, shorten(joined(pieces[:n]), fits))
		pieces = pieces[n:]
	}
	return out
}

// piecesOf cuts a text where a line may end. A piece keeps the space before it.
func piecesOf(s string) []string {
	var out []string
	before := ' '
	for _, r := range strings.Join(strings.Fields(s), " ") {
		if len(out) == 0 || r == ' ' || wide(before) || wide(r) && before != ' ' {
			out = append(out, "")
		}
		out[len(out)-1] += string(r)
		before = r
	}
	return out
}

func joined(pieces []string) string { return strings.TrimSpace(strings.Join(pieces, "")) }

// shorten cuts a text until it fits.
func shorten(s string, fits func(string) bool) string {
	if fits(s) {
		return s
	}
	r := []rune(s)
	for len(r) > 1 {
		r = r[:len(r)-1]
		if t := strings.TrimSpace(string(r)) + "…"; fits(t) {
			return t
		}
	}
	return "…"
}

// bar is a row of black modules of a code.
type bar struct{ x, y, length int }

type bars struct {
	size int
	list []bar
}

// margin is how many white modules are left around a code inside its box. With
// the padding of the label they make the four that readers need.
const margin = 2.5

// within is where a code stands in its box, and the size of one module.
func (b bars) within(at box) (in box, scale float64) {
	scale = at.w / (float64(b.size) + 2*margin)
	side := scale * float64(b.size)
	return box{at.x + margin*scale, at.y + margin*scale, side, side}, scale
}

// barsOf encodes a text as a QR code of medium redundancy, which survives
// scratches on a label.
func barsOf(text string) (bars, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return bars{}, errs.New(errs.Invalid, "the address is too long for a label").Because(err)
	}
	out := bars{size: code.Size}
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			length := 0
			for x+length < code.Size && code.Black(x+length, y) {
				length++
			}
			if length > 0 {
				out.list = append(out.list, bar{x, y, length})
				x += length
			}
		}
	}
	return out, nil
}
