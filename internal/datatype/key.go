package datatype

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// keyLimit is the longest key in bytes, so that every engine can index it. A
// longer one keeps its beginning and ends in a hash of the whole.
const keyLimit = 200

// Key returns the canonical key of a value: the one form by which values are
// matched, looked up and held unique, here and in every index (F20). Two values
// have the same key when they differ in letter case, in the composition of
// accents, or in white space around them, and in nothing else: ü is not u and
// not ue (F38). Values are stored and shown as they were spelled. The empty
// value has the empty key.
func Key(v Value) string {
	switch {
	case v.json == "":
		return ""
	case v.json[0] == '"':
		return KeyOfText(unquote(v.json))
	case v.json[0] == '[':
		items := v.Items()
		for i := range items {
			items[i] = KeyOfText(items[i])
		}
		return bounded(strings.Join(items, "\x1f"))
	}
	return v.json
}

// KeyOfText is Key of a text value.
func KeyOfText(s string) string {
	s = strings.TrimSpace(s)
	lower := true
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return bounded(fold(s))
		}
		if c >= 'A' && c <= 'Z' {
			lower = false
		}
	}
	if !lower {
		s = strings.ToLower(s)
	}
	return bounded(s)
}

// fold composes and case-folds until nothing changes. One round nearly always
// does; folding some letters leaves a sequence that composes and folds again.
func fold(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	for range 4 {
		next := strings.TrimSpace(norm.NFC.String(cases.Fold().String(norm.NFC.String(s))))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// bounded shortens a key beyond the limit. The cut falls between characters.
func bounded(s string) string {
	if len(s) <= keyLimit {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	const suffix = 1 + 2*16
	cut := keyLimit - suffix
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "\x1e" + hex.EncodeToString(sum[:16])
}
