package web

import "testing"

func TestDownloadsHoldNoFormulas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`=HYPERLINK("https://evil.example")`: `'=HYPERLINK("https://evil.example")`,
		"+1+1":                               "'+1+1",
		"-1+cmd|' /C calc'!A0":               "'-1+cmd|' /C calc'!A0",
		"@SUM(A1)":                           "'@SUM(A1)",
		"\t=1":                               "'\t=1",
		"\r=1":                               "'\r=1",
		"Ada = Lovelace":                     "Ada = Lovelace",
		"":                                   "",
	} {
		if got := plainCell(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
