package datatype

import (
	"net/url"
	"strings"
	"unicode"
)

// checkEmail accepts what mail systems and the directory use, quoted local
// parts apart: one @, something before it, a domain with a point after it.
// Whether the address exists is not asked.
func checkEmail(text string) error {
	local, domain, found := strings.Cut(text, "@")
	fits := found && local != "" && len(local) <= 128 && isDomain(domain) &&
		!strings.ContainsFunc(local, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune(`"(),:;<>[\]`, r)
		})
	if !fits {
		return invalid("%s is not an email address, such as jane.doe@example.com", clip(text))
	}
	return nil
}

// isDomain accepts letters of every script, since domains may have them.
func isDomain(s string) bool {
	if len(s) > 255 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) {
				return false
			}
		}
	}
	return true
}

// checkPhone accepts what people write for a phone number: at least three
// digits, and around them signs and an extension. It is kept as typed.
func checkPhone(text string) error {
	digits := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune("+()./,;*#:extEXT", r):
		default:
			return invalid("%s is not a phone number, such as +49 30 1234567", clip(text))
		}
	}
	if digits < 3 {
		return invalid("%s is not a phone number: at least three digits are needed", clip(text))
	}
	return nil
}

// webAddress accepts http and https, and completes an address that begins
// with its host. Other schemes are refused: a link is shown to be clicked.
func webAddress(text string) (string, error) {
	full := text
	if !strings.Contains(text, "://") {
		full = "https://" + text
	}
	u, err := url.Parse(full)
	ok := err == nil && (strings.EqualFold(u.Scheme, "https") || strings.EqualFold(u.Scheme, "http")) &&
		u.User == nil && (isDomain(u.Hostname()) || full == text && u.Hostname() != "") &&
		!strings.ContainsFunc(full, unicode.IsSpace)
	if !ok {
		return "", invalid("%s is not a web address, such as https://example.com/page", clip(text))
	}
	return full, nil
}

// checkAttachment accepts the identifiers that Muster gives to stored files.
func checkAttachment(text string) error {
	for i := range len(text) {
		c := text[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return invalid("%s is not an attachment's identifier", clip(text))
		}
	}
	return nil
}
