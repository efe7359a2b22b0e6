package account

import (
	"strings"
	"testing"
	"testing/quick"
)

func TestPasswordsThatAreEasyToGuess(t *testing.T) {
	t.Parallel()
	about := []string{"ada.lovelace@contoso.example", "Ada Lovelace", "Contoso"}
	for password, ok := range map[string]bool{
		"administrator":         false,
		"passwordpassword":      false,
		"P@ssw0rd1234":          false,
		"Summer2026!!!":         false,
		"aaaaaaaaaaaaaaaa":      false,
		"abcdefghijklmnop":      false,
		"9876543210987":         false,
		"qwertyuiop12345":       false,
		"1qaz2wsx3edc":          false,
		"ada.lovelace@contoso":  false,
		"LovelaceLovelace1":     false,
		"contoso123456":         false,
		"correct horse battery": true,
		"rain on a tin roof":    true,
		"vT9#mQ2xLp0z":          true,
		"K7QXWMZ2PLRV4TNB":      true,
		"солнце встаёт над рекой":    true,
		"短い言葉をいくつか並べる":               true,
		strings.Repeat("x7 qp ", 40): true,
	} {
		if err := checkGuess(password, about...); (err == nil) != ok {
			t.Errorf("%q costs %.1f: %v, want ok %v", password, guessCost(password, about...), err, ok)
		}
	}
	if guessCost("lovelace-rain", about...) >= guessCost("lovelace-rain") {
		t.Error("knowing the user does not make guessing easier")
	}
}

// Longer is never easier: what is added can only cost more.
func TestMoreCharactersNeverCostLess(t *testing.T) {
	t.Parallel()
	if err := quick.Check(func(a, b string) bool {
		a = a[:min(len(a), 20)]
		return guessCost(a+b) >= 0 && guessCost(a) <= float64(guessedPart)*otherCost
	}, nil); err != nil {
		t.Error(err)
	}
}

func BenchmarkGuess(b *testing.B) {
	commonRank()
	for b.Loop() {
		guessCost("correct horse battery staple and a good deal more")
	}
}
