package datatype

import (
	"strconv"
	"strings"
)

// parseNumber reads a decimal number exactly, without floating point: an
// optional sign, digits, at most one point, an optional exponent. Thousands
// separators are refused, since 1,234 means two things.
func parseNumber(spec *Spec, text string) (Value, error) {
	canonical, ok := decimal(text)
	if !ok {
		return Value{}, invalid("%s is not a %s; write it like 1234.5, with a point and without thousands separators, "+
			"in at most %d digits", clip(text), numberWord(spec), digitsLimit)
	}
	return Value{canonical}, nil
}

func numberWord(spec *Spec) string {
	if spec.Type == Currency {
		return strings.TrimSpace("sum of money " + spec.Currency)
	}
	return "number"
}

// decimal returns the canonical spelling: no plus sign, no exponent, no zero
// that says nothing, and no minus before zero.
func decimal(text string) (string, bool) {
	s, negative := strings.CutPrefix(text, "-")
	if !negative {
		s = strings.TrimPrefix(s, "+")
	}
	s, exponent, ok := cutExponent(s)
	if !ok {
		return "", false
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if whole+fraction == "" || !isDigits(whole) || !isDigits(fraction) {
		return "", false
	}
	whole, fraction = shift(whole, fraction, exponent)
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	if len(whole)+len(fraction) > digitsLimit {
		return "", false
	}
	if whole == "" {
		whole = "0"
	}
	out := whole
	if fraction != "" {
		out += "." + fraction
	}
	if negative && out != "0" {
		out = "-" + out
	}
	return out, true
}

// cutExponent splits "1.5e3" into "1.5" and 3. Exponents beyond what the
// longest number could have are refused before anything is shifted.
func cutExponent(s string) (mantissa string, exponent int, ok bool) {
	at := strings.IndexAny(s, "eE")
	if at < 0 {
		return s, 0, len(s) <= 4*digitsLimit
	}
	n, err := strconv.Atoi(s[at+1:])
	if err != nil || n > digitsLimit || n < -digitsLimit || at > 4*digitsLimit {
		return "", 0, false
	}
	return s[:at], n, true
}

// shift moves the point by n places, to the right when n is positive.
func shift(whole, fraction string, n int) (string, string) {
	switch {
	case n > 0:
		fraction += strings.Repeat("0", max(0, n-len(fraction)))
		return whole + fraction[:n], fraction[n:]
	case n < 0:
		whole = strings.Repeat("0", max(0, -n-len(whole))) + whole
		cut := len(whole) + n
		return whole[:cut], whole[cut:] + fraction
	}
	return whole, fraction
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// cutCode removes the field's own currency code before or after a sum.
func cutCode(text, code string) string {
	n := len(code)
	if n == 0 || len(text) <= n {
		return text
	}
	if strings.EqualFold(text[:n], code) {
		return text[n:]
	}
	if strings.EqualFold(text[len(text)-n:], code) {
		return text[:len(text)-n]
	}
	return text
}

// parseLink reads the number of a record, "42" or "#42".
func parseLink(text string) (Value, error) {
	digits := strings.TrimPrefix(text, "#")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || digits[0] == '+' {
		return Value{}, invalid("%s is not the number of a record, such as 42", clip(text))
	}
	return OfRecord(n), nil
}
