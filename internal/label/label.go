// Package label draws labels for assets, with a QR code that leads to the record,
// as PDF for sheets and rolls that are sold everywhere, and as SVG for a look at
// one before.
package label

import (
	_ "embed" // for the fonts
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The font, DejaVu Sans Condensed, may be embedded and passed on (its licence
// stands beside it). It has Latin, Greek and Cyrillic letters; scripts that need
// shaping or thousands of signs are not printed, see Printable.
//
//go:embed DejaVuSansCondensed.ttf
var regular []byte

//go:embed DejaVuSansCondensed-Bold.ttf
var bold []byte

// Format is a sheet or roll of labels. Lengths are in millimetres.
type Format struct {
	ID, Name                string
	PaperWidth, PaperHeight float64
	Columns, Rows           int
	Width, Height           float64 // of one label
	Left, Top               float64 // of the first label
	StepX, StepY            float64 // from one label to the next
}

// PerPage is how many labels a page has.
func (f Format) PerPage() int { return f.Columns * f.Rows }

// Formats are the sheets and rolls that can be printed, the most used first.
func Formats() []Format {
	return []Format{
		{"l7160", "A4 sheet, 3 × 7, 63.5 × 38.1 mm (Avery L7160)", 210, 297, 3, 7, 63.5, 38.1, 7.25, 15.15, 66, 38.1},
		{"l4731", "A4 sheet, 7 × 27, 25.4 × 10 mm (Avery L4731)", 210, 297, 7, 27, 25.4, 10, 8.5, 13.5, 27.9, 10},
		{"l7163", "A4 sheet, 2 × 7, 99.1 × 38.1 mm (Avery L7163)", 210, 297, 2, 7, 99.1, 38.1, 4.65, 15.15, 101.6, 38.1},
		{"5160", "Letter sheet, 3 × 10, 66.7 × 25.4 mm (Avery 5160)", 215.9, 279.4, 3, 10, 66.68, 25.4, 4.76, 12.7, 69.85, 25.4},
		{"roll62", "Roll, 62 × 29 mm (Brother DK-11209)", 62, 29, 1, 1, 62, 29, 0, 0, 62, 29},
		{"roll29", "Roll, 90 × 29 mm (Brother DK-11201)", 90, 29, 1, 1, 90, 29, 0, 0, 90, 29},
		{"roll54", "Roll, 54 × 25 mm (Dymo 11352)", 54, 25, 1, 1, 54, 25, 0, 0, 54, 25},
	}
}

// FormatOf returns a format by its ID, or the first.
func FormatOf(id string) Format {
	for _, f := range Formats() {
		if f.ID == id {
			return f
		}
	}
	return Formats()[0]
}

// Label is what one label says.
type Label struct {
	Title string // of the record
	Line  string // a field of it, such as the asset tag
	Foot  string // whose it is
	Link  string // what the QR code holds
}

// Printable reports whether the font has the letters of a text. Accents that
// stand for themselves, as files from a Mac have them, are joined to their letters.
func Printable(s string) bool {
	for _, r := range norm.NFC.String(s) {
		if r > unicode.MaxLatin1 && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) && !unicode.IsPunct(r) && !unicode.IsSymbol(r) {
			return false
		}
		if r >= 0x2E80 { // signs of East Asia, pictures
			return false
		}
	}
	return true
}

// Printable reports whether the PDF has the letters of all that the label says.
func (l Label) Printable() bool {
	return Printable(l.Title) && Printable(l.Line) && Printable(l.Foot)
}

// lines are what a label prints, from above. A text that cannot be drawn is left
// out: the code and the other lines still say what it is.
func (l Label) lines(drawable func(string) bool) (title, line, foot string) {
	clean := func(s string) string {
		if s = norm.NFC.String(strings.Join(strings.Fields(s), " ")); !drawable(s) {
			return ""
		}
		return s
	}
	title, line, foot = clean(l.Title), clean(l.Line), clean(l.Foot)
	if title == "" {
		title, line = line, ""
	}
	return title, line, foot
}

// box is a rectangle on a page, in millimetres from its upper left corner.
type box struct{ x, y, w, h float64 }

// place is where a label stands: on which page, and where there. n counts from 0
// and includes the labels of the first sheet that are used up.
func (f Format) place(n int) (page int, at box) {
	page, n = n/f.PerPage(), n%f.PerPage()
	column, row := n%f.Columns, n/f.Columns
	return page, box{f.Left + float64(column)*f.StepX, f.Top + float64(row)*f.StepY, f.Width, f.Height}
}

// parts divides a label into the code on the left and the text beside it.
func (f Format) parts(at box) (code, text box) {
	pad := min(2.5, f.Height*.1)
	side := min(f.Height-2*pad, f.Width*.42)
	code = box{at.x + pad, at.y + (at.h-side)/2, side, side}
	text = box{code.x + side + pad, at.y + pad, at.w - side - 3*pad, at.h - 2*pad}
	return code, text
}
