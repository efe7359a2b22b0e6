package account

import (
	_ "embed" // for the list of common passwords
	"math"
	"strings"
	"sync"
	"unicode"

	"github.com/musterhq/muster/internal/errs"
)

// How easily a password is guessed, without asking anybody: it is taken apart
// into the pieces that guessers try, in the way that costs them least.
//
//	piece                                         costs, as the power of ten of guesses
//	a common password or word                     its rank in the list
//	the email, the name, the organization         nearly nothing
//	a piece that came before                      nearly nothing
//	a run: aaaa, 1234, zyx                        a little more than one character
//	a digit, a letter, anything else              1, 1.4, 1.5
//
// The method follows zxcvbn:
// https://www.usenix.org/conference/usenixsecurity16/technical-sessions/presentation/wheeler

//go:embed commonpasswords.txt
var commonText string

// commonRank is the place of each common password, from 1. The list is only
// read when somebody chooses a password.
var commonRank = sync.OnceValue(func() map[string]int {
	out := make(map[string]int, 21_000)
	rank := 0
	for line := range strings.Lines(commonText) {
		rank++
		out[strings.TrimSuffix(line, "\n")] = rank
	}
	return out
})

// The costs, and what a password has to cost in all: a billion guesses.
const (
	digitCost    = 1.0
	letterCost   = 1.4
	otherCost    = 1.5
	knownCost    = 0.5 // of what guessers know of the user, or tried just now
	runCost      = 1.5
	enoughCost   = 9.0
	longestWord  = 32 // characters; no piece is longer
	shortestWord = 3
	guessedPart  = 64 // characters that are looked at: more than that is more than enough
)

// checkGuess refuses a password that is easy to guess. about is what guessers
// know of its user.
func checkGuess(password string, about ...string) error {
	if guessCost(password, about...) >= enoughCost {
		return nil
	}
	return errs.New(errs.Invalid, "the password is easy to guess").
		WithHint("Take a few words that have nothing to do with each other, or let a password manager make one.")
}

// guessCost is the power of ten of the guesses that a password takes.
func guessCost(password string, about ...string) float64 {
	text := []rune(strings.ToLower(password))
	text = text[:min(len(text), guessedPart)]
	g := guesser{text, []rune(plain(string(text))), knownWords(about)}
	best := make([]float64, len(text)+1) // of the first so many characters
	for end := 1; end <= len(text); end++ {
		best[end] = best[end-1] + charCost(text[end-1])
		for start := max(0, end-longestWord); start <= end-shortestWord; start++ {
			best[end] = min(best[end], best[start]+g.piece(start, end))
		}
	}
	return best[len(text)]
}

// guesser is a password as a guesser sees it.
type guesser struct {
	text, plain []rune // in lower case; and with what stands for letters undone
	known       map[string]bool
}

func charCost(r rune) float64 {
	switch {
	case r >= '0' && r <= '9':
		return digitCost
	case unicode.IsLetter(r):
		return letterCost
	}
	return otherCost
}

// piece is what the piece from start to end costs as a whole; endless when it is
// none that guessers try.
func (g *guesser) piece(start, end int) float64 {
	piece, word := string(g.text[start:end]), string(g.plain[start:end])
	cost := math.Inf(1)
	for _, p := range []string{piece, word} {
		if rank := commonRank()[p]; rank > 0 {
			cost = min(cost, math.Log10(float64(rank+1)))
		}
		if g.known[p] {
			cost = min(cost, knownCost)
		}
	}
	if strings.Contains(string(g.text[:start]), piece) {
		cost = min(cost, knownCost)
	}
	if isRun(g.text[start:end]) {
		cost = min(cost, runCost)
	}
	return cost
}

// isRun reports whether each character follows the one before: up, down, or the
// same again.
func isRun(text []rune) bool {
	step := text[1] - text[0]
	if step < -1 || step > 1 {
		return false
	}
	for i := 2; i < len(text); i++ {
		if text[i]-text[i-1] != step {
			return false
		}
	}
	return true
}

// plain undoes what people do to words so that they look less like words.
func plain(password string) string {
	return strings.NewReplacer("@", "a", "4", "a", "0", "o", "$", "s", "5", "s", "3", "e", "7", "t", "!", "i", "1", "l").Replace(password)
}

// knownWords are the words in what guessers know of a user.
func knownWords(about []string) map[string]bool {
	out := map[string]bool{}
	for _, text := range about {
		words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, w := range append(words, strings.ToLower(text)) {
			out[w] = true
		}
	}
	return out
}
