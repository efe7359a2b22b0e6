package label

import (
	"testing"
)

// matrix is a code as it is drawn: true for black.
func matrix(b bars) [][]bool {
	m := make([][]bool, b.size)
	for y := range m {
		m[y] = make([]bool, b.size)
	}
	for _, bar := range b.list {
		for x := range bar.length {
			m[bar.y][bar.x+x] = true
		}
	}
	return m
}

// masks are the eight patterns that codes are masked with.
var masks = []func(y, x int) bool{
	func(y, x int) bool { return (y+x)%2 == 0 }, func(y, _ int) bool { return y%2 == 0 },
	func(_, x int) bool { return x%3 == 0 }, func(y, x int) bool { return (y+x)%3 == 0 },
	func(y, x int) bool { return (y/2+x/3)%2 == 0 }, func(y, x int) bool { return y*x%2+y*x%3 == 0 },
	func(y, x int) bool { return (y*x%2+y*x%3)%2 == 0 }, func(y, x int) bool { return ((y+x)%2+y*x%3)%2 == 0 },
}

// pattern reports whether a module of a code of version 2 or 3 carries no data:
// finders, timing, format, and the one alignment pattern.
func pattern(size, y, x int) bool {
	near := func(a int) bool { return a >= size-9 && a <= size-5 }
	return y == 6 || x == 6 || y < 9 && (x < 9 || x >= size-8) || y >= size-8 && x < 9 || near(y) && near(x)
}

// read decodes a code of one block in bytes, by the standard and not by the
// library that drew it. It corrects no errors: there must be none.
func read(m [][]bool) string {
	size, mask := len(m), 0
	for i, flip := range []bool{true, false, true} { // of the format's own mask
		mask <<= 1
		if m[8][2+i] != flip {
			mask |= 1
		}
	}
	var bits []bool
	for right, up := size-1, true; right > 0; right, up = right-2, !up {
		if right == 6 {
			right--
		}
		for i := range size {
			y := i
			if up {
				y = size - 1 - i
			}
			for _, x := range []int{right, right - 1} {
				if !pattern(size, y, x) {
					bits = append(bits, m[y][x] != masks[mask](y, x))
				}
			}
		}
	}
	number := func(n int) (v int) {
		for _, b := range bits[:n] {
			v <<= 1
			if b {
				v |= 1
			}
		}
		bits = bits[n:]
		return v
	}
	if mode := number(4); mode != 4 {
		return "not in bytes"
	}
	out := make([]byte, number(8))
	for i := range out {
		out[i] = byte(number(8))
	}
	return string(out)
}

func TestTheCodeOfALabelReadsAsItsLink(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"https://muster.example/s/7", "https://assets.contoso.example/s/42", "http://127.0.0.1:8080/s/1000000"} {
		b, err := barsOf(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(matrix(b)); got != want {
			t.Errorf("the code of %s reads %q", want, got)
		}
	}
}

func TestCodesKeepTheWhiteThatReadersNeed(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		for _, link := range []string{"http://x/s/1", "https://assets.contoso.example/s/42", "https://a-rather-long-name.of-a-subsidiary.contoso.example/muster/s/123456789"} {
			b, err := barsOf(link)
			if err != nil {
				t.Fatal(err)
			}
			code, text := f.parts(box{0, 0, f.Width, f.Height})
			in, module := b.within(code)
			white := min(in.x, in.y, f.Height-in.y-in.h, text.x-in.x-in.w)
			if white < 4*module {
				t.Errorf("%s: %.2f mm are white around the code of %s, which is %.1f modules", f.ID, white, link, white/module)
			}
			if module < .19 {
				t.Errorf("%s: modules of %.2f mm are too fine to print at 300 dots an inch", f.ID, module)
			}
		}
	}
}

func TestAccentsOfTheirOwnArePrinted(t *testing.T) {
	t.Parallel()
	l := Label{Title: "Zoe\u0308 Ko\u0301s"}
	if title, _, _ := l.lines(Printable); title != "Zoë Kós" {
		t.Errorf("got %q", title)
	}
}
