package mapping

import (
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// compilePattern compiles a regular expression in RE2 syntax, whose matching
// time grows with the text and never explodes, and refuses one that is long or
// large: (a{500}){500}. A problem is returned in words.
func compilePattern(source string, ignoreCase bool) (re *regexp.Regexp, problem string) {
	if source == "" || utf8.RuneCountInString(source) > maxPattern {
		return nil, "needs a regular expression of at most 500 characters"
	}
	if ignoreCase {
		source = "(?i)" + source
	}
	parsed, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, "is not a regular expression: " + err.Error()
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return nil, "is too large a regular expression; use smaller repetitions"
	}
	re, err = regexp.Compile(source)
	if err != nil {
		return nil, "is not a regular expression: " + err.Error()
	}
	return re, ""
}
