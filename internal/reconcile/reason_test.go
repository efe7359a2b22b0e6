package reconcile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// declaredReasons reads the constants of type Reason from the source, so that
// one without a sentence cannot slip in.
func declaredReasons(t *testing.T) map[string]Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Reason{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Reason" {
			return true
		}
		for i, name := range spec.Names {
			value, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found[name.Name] = Reason(value)
		}
		return true
	})
	return found
}

func TestEveryReasonHasASentence(t *testing.T) {
	t.Parallel()
	declared := declaredReasons(t)
	if len(declared) < 40 {
		t.Fatalf("found %d reasons in the source: the test no longer reads them", len(declared))
	}
	seen := map[Reason]string{}
	for name, r := range declared {
		sentence, ok := sentences[r]
		switch {
		case !ok:
			t.Errorf("%s has no sentence", name)
		case sentence == "" || strings.HasSuffix(sentence, "."):
			t.Errorf("%s: %q is empty or ends in a full stop", name, sentence)
		}
		if other, twice := seen[r]; twice {
			t.Errorf("%s and %s have the same text %q", name, other, r)
		}
		seen[r] = name
	}
	if len(sentences) != len(declared) {
		t.Errorf("%d sentences for %d reasons", len(sentences), len(declared))
	}
}

func TestAnUnknownReasonSaysItself(t *testing.T) {
	t.Parallel()
	if got := Reason("from_the_future").Sentence(); got != "from_the_future" {
		t.Errorf("got %q", got)
	}
}

func TestNamesOfNumbers(t *testing.T) {
	t.Parallel()
	for v := Add; v <= Problem; v++ {
		if v.String() == "" || v.String() == "unknown" {
			t.Errorf("verb %d has no name", v)
		}
		if got, want := v.Acts(), v < Skip; got != want {
			t.Errorf("%s acts: got %t, want %t", v, got, want)
		}
	}
	if got := Verb(200).String(); got != "unknown" {
		t.Errorf("got %q", got)
	}
	for s := StatusActive; s <= StatusConflict; s++ {
		if s.String() == "" {
			t.Errorf("status %d has no name", s)
		}
	}
}
