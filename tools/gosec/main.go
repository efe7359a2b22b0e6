// Command gosec is the static security check of github.com/securego/gosec as a
// tool for go vet, which keeps what it found until a package changes:
//
//	go vet -vettool=path/to/gosec ./...
//
// It leaves test files out, and what an allowance below gives a reason for. A
// single line is let through by a comment on it: #nosec G101 -- the reason.
package main

import (
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"strings"

	"github.com/securego/gosec/v2/goanalysis"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/buildssa"
	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/analysis/unitchecker"
)

// allowance is a kind of finding that is none here, and why.
type allowance struct {
	rule  string
	path  string // a regular expression of the file's path
	line  string // of the line of code
	rests string // what the judgement rests on
}

// allowances is everything that is let through by more than a line.
func allowances() []allowance {
	return []allowance{
		{"G104", `.`, `\.(Close|Wait|RemoveAll|Remove|Signal)\(.*\)|"ROLLBACK"|"RELEASE SAVEPOINT`,
			"tidying up after an error that is returned, or at the end: there is nothing left to do about a second one"},
		{"G104", `.`, `\b(h|z)\.Write\(`, "hashes and buffers in memory do not fail"},
		{"G104", `internal/web/`, `\b(w|out)\.Write\(`, "the visitor may have gone; csv.Writer keeps its error for Flush"},
		{"G104", `internal/cli/`, `p\.bar\.`, "the progress bar's terminal may have gone"},
		{"G115", `internal/(syncer|store)/`, `\buint32\(`, "numbers of directory entries, given densely from 1: the bitmaps hold 4 billion"},
		{"G115", `internal/syncer/`, `GetCardinality\(\)`, "likewise: how many of them"},
		{"G115", `internal/entrasim/`, `.`, "the simulated tenant's hashes and positions; cursors are sealed, so nobody else writes them"},
		{"G115", `internal/store/listing_token`, `int64\(`, "ranges of record numbers: ours, and not negative"},
		{"G304", `internal/(cli|config|secret)/`, `.`, "paths that the machine's owner names, on the command line or in the set-up file"},
		{"G204", `internal/store/storetest/`, `.`, "tests start the PostgreSQL that is installed"},
		{"G401", `internal/entra(sim)?/`, `sha1\.Sum`, "x5t names a certificate by its SHA-1 thumbprint; it protects nothing"},
		{"G505", `internal/(entra|entrasim|account)/`, `crypto/sha1`, "x5t as above; HMAC-SHA1 is what every authenticator app speaks, and is not broken"},
		{"G404", `.`, `rand\.(N|Float64)\(`, "waits are spread by chance, secrets come from crypto/rand"},
		{"G705", `internal/entrasim/`, `.`, "the simulated tenant answers JSON, and serves this machine only"},
		{"G710", `internal/entrasim/sts/`, `http\.Redirect`, "to an address that redirectAllowed has let through, as at Microsoft"},
	}
}

func main() { unitchecker.Main(quiet(goanalysis.Analyzer)) }

// quiet is the analyzer without the findings that an allowance covers.
func quiet(of *analysis.Analyzer) *analysis.Analyzer {
	known, out, form := allowances(), *of, plainSSA()
	out.Requires = []*analysis.Analyzer{form}
	out.Run = func(pass *analysis.Pass) (any, error) {
		report, sources := pass.Report, map[string][]string{}
		mine := *pass
		mine.ResultOf = map[*analysis.Analyzer]any{buildssa.Analyzer: pass.ResultOf[form]}
		mine.Report = func(d analysis.Diagnostic) {
			at := pass.Fset.Position(d.Pos)
			line := lineOf(sources, at.Filename, at.Line)
			if strings.HasSuffix(at.Filename, "_test.go") || allowed(known, d.Category, at.Filename, line) {
				return
			}
			report(d)
		}
		for _, f := range pass.Files {
			reasons(&mine, f)
		}
		return of.Run(&mine)
	}
	return &out
}

// plainSSA is buildssa without knowing which functions of other packages never
// return: to find that out, all of the standard library would be analyzed too,
// which takes minutes.
func plainSSA() *analysis.Analyzer {
	out := *buildssa.Analyzer
	out.Requires = nil
	out.Run = func(pass *analysis.Pass) (any, error) {
		mine := *pass
		mine.ResultOf = map[*analysis.Analyzer]any{ctrlflow.Analyzer: new(ctrlflow.CFGs)}
		return buildssa.Analyzer.Run(&mine)
	}
	return &out
}

// reasons reports the comments that let a line through without saying why.
func reasons(pass *analysis.Pass, f *ast.File) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if _, rest, found := strings.Cut(c.Text, "#nosec"); found && !reasoned.MatchString(rest) {
				pass.Report(analysis.Diagnostic{Pos: c.Pos(), Category: "nosec", Message: "write it as: #nosec G101 -- the reason"})
			}
		}
	}
}

var reasoned = regexp.MustCompile(`^( G\d{3})+ -- \w`)

func allowed(list []allowance, rule, path, line string) bool {
	for _, a := range list {
		if a.rule == rule && regexp.MustCompile(a.path).MatchString(path) && regexp.MustCompile(a.line).MatchString(line) {
			return true
		}
	}
	return false
}

// lineOf is a line of a source file, "" when it cannot be read.
func lineOf(read map[string][]string, path string, n int) string {
	if _, known := read[path]; !known {
		text, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		read[path] = strings.Split(string(text), "\n")
	}
	if n < 1 || n > len(read[path]) {
		return ""
	}
	return read[path][n-1]
}
