package config

import (
	"slices"
	"strings"
)

// Nearest returns the word that was likely meant by s: one that differs in at
// most a third of its letters, letter case aside, or else one that s begins with
// or that begins with s. It returns "" when none is near.
func Nearest(s string, words []string) string {
	const longest = 100 // nobody misspells more, and the comparison is quadratic
	written := []rune(strings.ToLower(s))
	if len(written) == 0 || len(written) > longest {
		return ""
	}
	best, distance := "", max(1, len(written)/3)+1
	for _, w := range words {
		if d := edits(written, []rune(strings.ToLower(w))); d < distance {
			best, distance = w, d
		}
	}
	if best == "" {
		best = beginning(string(written), words)
	}
	return best
}

// beginning returns the first word of which one begins with the other, by three
// letters at least: lower for lowercase.
func beginning(s string, words []string) string {
	for _, w := range words {
		if lw := strings.ToLower(w); min(len(s), len(w)) >= 3 && (strings.HasPrefix(s, lw) || strings.HasPrefix(lw, s)) {
			return w
		}
	}
	return ""
}

// edits counts the letters to insert, delete, replace or swap with their
// neighbour to get from a to b.
func edits(a, b []rune) int {
	before, last := []int(nil), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// isOneOf reports whether s is one of words, without regard to letter case.
func isOneOf(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(s, w) })
}
