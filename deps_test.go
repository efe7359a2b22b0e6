// Package muster holds the tests of the project as a whole: which package may
// import which, and that everything exported says what it is for.
package muster

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/musterhq/muster/"

// listed is what the go command tells of a package.
type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// allowed lists, for each domain package, the packages of this module that it
// may import. A package that is not named here is an adapter or wiring, which
// other rules cover.
var allowed = map[string][]string{
	"internal/errs":        {},
	"internal/secret":      {"errs"},
	"internal/rawjson":     {},
	"internal/directory":   {"errs", "rawjson"},
	"internal/datatype":    {"errs", "rawjson"},
	"internal/audit":       {"errs"},
	"internal/account":     {"audit", "datatype", "directory", "errs", "secret"},
	"internal/register":    {"account", "audit", "datatype", "errs", "secret"},
	"internal/listing":     {"account", "datatype", "errs", "register"},
	"internal/sheet":       {"errs"},
	"internal/label":       {"errs"},
	"internal/once":        {"errs", "secret"},
	"internal/attachment":  {"account", "audit", "errs", "register"},
	"internal/exchange":    {"account", "audit", "datatype", "errs", "listing", "register", "sheet"},
	"internal/reconcile":   {"datatype", "directory", "errs"},
	"internal/mapping":     {"datatype", "directory", "errs", "reconcile"},
	"internal/syncer":      {"account", "audit", "datatype", "directory", "errs", "mapping", "reconcile", "register", "secret"},
	"internal/integration": {"account", "audit", "datatype", "directory", "errs", "mail", "mapping", "reconcile", "register", "secret", "syncer", "timing"},
	"internal/automation":  {"account", "audit", "datatype", "errs", "integration", "listing", "reach", "register", "secret", "syncer", "timing"},
	"internal/entra":       {"directory", "errs", "rawjson", "reach", "secret"},
	"internal/mail":        {"account", "audit", "errs", "secret"},
	"internal/job":         {"account", "audit", "errs"},
	"internal/timing":      {},
	"internal/reach":       {},
	"internal/doctor":      {},
	"internal/config":      {"datatype", "errs", "secret", "timing"},
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		rule, ruled := allowed[strings.TrimPrefix(p.ImportPath, module)]
		if !ruled {
			continue
		}
		for _, imp := range p.Imports {
			own, ours := strings.CutPrefix(imp, module+"internal/")
			if ours && !slices.Contains(rule, own) {
				t.Errorf("%s imports %s, which the house does not allow: %v only", p.ImportPath, imp, rule)
			}
		}
	}
}

// only lists imports that few packages may have, and why.
var only = []struct {
	prefix string
	in     []string
	why    string
}{
	{"database/sql", []string{"internal/store"}, "SQL lives in the store"},
	{"modernc.org/sqlite", []string{"internal/store"}, "drivers live in the store"},
	{"github.com/jackc/pgx", []string{"internal/store"}, "drivers live in the store"},
	{"net/http", []string{"internal/entra", "internal/entrasim", "internal/web", "internal/api", "internal/server", "client", "internal/cli", "internal/automation", "bench", "chaos"}, "the network is for adapters"},
	{"github.com/goccy/go-yaml", []string{"internal/config"}, "the set-up file is read in one place"},
	{"github.com/alecthomas/kong", []string{"internal/cli"}, "flags are the command line's"},
}

func TestFewPackagesReachOutside(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		at := strings.TrimPrefix(p.ImportPath, module)
		for _, rule := range only {
			inside := slices.ContainsFunc(rule.in, func(dir string) bool { return at == dir || strings.HasPrefix(at, dir+"/") })
			if inside {
				continue
			}
			for _, imp := range p.Imports {
				if imp == rule.prefix || strings.HasPrefix(imp, rule.prefix+"/") {
					t.Errorf("%s imports %s: %s", p.ImportPath, imp, rule.why)
				}
			}
		}
	}
}

// pure packages decide; they have no clock, log, randomness, context or I/O.
var pure = []string{"internal/mapping", "internal/reconcile", "internal/datatype"}

func TestDecidingPackagesArePure(t *testing.T) {
	t.Parallel()
	impure := []string{"context", "log", "log/slog", "math/rand", "math/rand/v2", "os", "io", "net", "crypto/rand", "sync"}
	for _, p := range packages(t) {
		if !slices.Contains(pure, strings.TrimPrefix(p.ImportPath, module)) {
			continue
		}
		for _, imp := range p.Imports {
			if slices.Contains(impure, imp) {
				t.Errorf("%s imports %s, but it decides and must be pure", p.ImportPath, imp)
			}
		}
	}
}

func TestAdaptersDoNotKnowOneAnother(t *testing.T) {
	t.Parallel()
	adapters := []string{"internal/entra", "internal/store", "internal/web", "internal/api"}
	for _, p := range packages(t) {
		at := strings.TrimPrefix(p.ImportPath, module)
		if !slices.Contains(adapters, at) {
			continue
		}
		for _, imp := range p.Imports {
			if own := strings.TrimPrefix(imp, module); slices.Contains(adapters, own) {
				t.Errorf("%s imports %s: adapters meet only where the program is wired", at, own)
			}
		}
	}
}

func TestEveryPackageAndExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	for dir, list := range sources(t) {
		documented := false
		for _, path := range list {
			f, err := parser.ParseFile(files, path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil
			for _, d := range f.Decls {
				undocumented(t, path, d)
			}
		}
		if !documented {
			t.Errorf("package in %s has no comment that says what it provides", dir)
		}
	}
}

// sources returns the hand-written files of each package, without tests.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "simcheck" || (strings.HasPrefix(d.Name(), ".") && path != ".")) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, "_templ.go") {
			out[filepath.Dir(path)] = append(out[filepath.Dir(path)], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func undocumented(t *testing.T, path string, d ast.Decl) {
	t.Helper()
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			t.Errorf("%s: %s has no comment", path, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil {
				t.Errorf("%s: type %s has no comment", path, ts.Name.Name)
			}
		}
	}
}

// exportedReceiver reports whether a function is one, or a method of an
// exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	name, ok := t.(*ast.Ident)
	return ok && name.IsExported()
}
