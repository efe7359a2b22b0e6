package rawjson

import (
	"encoding/binary"
	"math/bits"
)

// The skip functions take the offset of a piece and return the offset behind
// it. On a fault they return the bitwise complement of the fault's offset, a
// negative number: an error value would cost an eighth of the speed.

// Eight bytes at once: a one in each, and the top bit of each.
const ones, tops = 0x0101010101010101, 0x8080808080808080

// skipSpace returns the offset of the first byte from i on that is not white
// space. Graph sends none, so the loop is hardly ever entered.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

func skipValue(b []byte, i, depth int) int {
	if i >= len(b) {
		return ^i
	}
	switch kinds[b[i]] {
	case String:
		return skipString(b, i+1)
	case Object:
		return skipObject(b, i, depth)
	case Array:
		return skipArray(b, i, depth)
	case Number:
		return skipNumber(b, i)
	case Null:
		return skipWord(b, i, "null")
	case Bool:
		if b[i] == 't' {
			return skipWord(b, i, "true")
		}
		return skipWord(b, i, "false")
	}
	return ^i
}

func skipObject(b []byte, i, depth int) int {
	if depth == 0 {
		return ^i
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return ^i
		}
		if i = skipString(b, i+1); i < 0 {
			return i
		}
		if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
			return ^i
		}
		if i = skipValue(b, skipSpace(b, i+1), depth-1); i < 0 {
			return i
		}
		if i = skipSpace(b, i); i >= len(b) {
			return ^i
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case '}':
			return i + 1
		default:
			return ^i
		}
	}
}

func skipArray(b []byte, i, depth int) int {
	if depth == 0 {
		return ^i
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i = skipValue(b, i, depth-1); i < 0 {
			return i
		}
		if i = skipSpace(b, i); i >= len(b) {
			return ^i
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case ']':
			return i + 1
		default:
			return ^i
		}
	}
}

func skipWord(b []byte, i int, word string) int {
	for k := range len(word) {
		if i+k >= len(b) || b[i+k] != word[k] {
			return ^(i + k)
		}
	}
	return i + len(word)
}

func skipNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = skipDigits(b, i); i < 0 {
		return i
	}
	if i < len(b) && b[i] == '.' {
		if i = skipDigits(b, i+1); i < 0 {
			return i
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return skipDigits(b, i)
	}
	return i
}

// skipDigits passes one digit or more.
func skipDigits(b []byte, i int) int {
	start := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == start {
		return ^i
	}
	return i
}

// skipString passes a string whose opening quote stands before i.
func skipString(b []byte, i int) int {
	for {
		if i = nextSpecial(b, i); i >= len(b) {
			return ^i
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			if i = skipEscape(b, i+1); i < 0 {
				return i
			}
		default: // a control character
			return ^i
		}
	}
}

// nextSpecial returns the offset of the first quote, backslash or control
// character from i on, looking at eight bytes at a time. In each of the three
// differences below a borrow can only spoil bytes above a true hit, so the
// lowest hit is exact.
func nextSpecial(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, slash := x^ones*'"', x^ones*'\\'
		hits := ((x-ones*0x20)&^x | (quote-ones)&^quote | (slash-ones)&^slash) & tops
		if hits != 0 {
			return i + bits.TrailingZeros64(hits)/8
		}
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= 0x20 {
		i++
	}
	return i
}

// skipEscape passes what follows a backslash.
func skipEscape(b []byte, i int) int {
	if i >= len(b) {
		return ^i
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for k := i + 1; k <= i+4; k++ {
			if k >= len(b) || unhex(b[k]) > 15 {
				return ^k
			}
		}
		return i + 5
	}
	return ^i
}

func unhex(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c - 'a' + 10)
	case c >= 'A' && c <= 'F':
		return rune(c - 'A' + 10)
	}
	return 0xff
}
