package config

import (
	"errors"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/musterhq/muster/internal/errs"
)

// Load reads a set-up file. ${NAME} comes from the environment and ${file:PATH}
// from a file beside it. Everything wrong with the file comes back at once, as
// Problems.
func Load(path string, getenv func(string) string) (File, error) {
	text, err := readFile(path)
	if err != nil {
		return File{}, errs.New(errs.Invalid, "the set-up file cannot be read").Because(err).
			WithHint("Name it with: muster apply -f FILE")
	}
	return Parse(path, []byte(text), getenv)
}

// Parse is Load for a text; name stands in errors, and paths in the file start
// from its folder.
func Parse(name string, text []byte, getenv func(string) string) (File, error) {
	r := &reader{name: name, dir: filepath.Dir(name), getenv: getenv}
	tree, problem := r.tree(text)
	if problem != nil {
		return File{}, Problems{*problem}
	}
	var f File
	if m := r.part(tree, reflect.ValueOf(&f).Elem(), "the set-up file"); !m.broken {
		c := &checker{reader: r}
		c.file(&f)
	}
	if err := r.problems.Err(); err != nil {
		return File{}, err
	}
	return f, nil
}

// tree returns the one document of a text.
func (r *reader) tree(text []byte) (ast.Node, *Problem) {
	refuse := func(at Pos, message, hint string) (ast.Node, *Problem) {
		p := at.Problemf("%s", message).WithHint("%s", hint)
		return nil, &p
	}
	whole := Pos{File: r.name}
	if len(text) > maxFile {
		return refuse(whole, "the file has more than 1 MiB", "")
	}
	if tooDeep(text) {
		return refuse(whole, "the file is nested too deeply", "")
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return refuse(r.syntax(err), syntaxMessage(err), "")
	}
	var docs []ast.Node
	for _, d := range file.Docs {
		if _, comment := d.Body.(*ast.CommentGroupNode); d.Body != nil && !comment && !isNull(d.Body) {
			docs = append(docs, d.Body)
		}
	}
	switch {
	case len(docs) == 0:
		return refuse(whole, "the file is empty", "start from docs/examples/muster.yaml")
	case len(docs) > 1:
		return refuse(r.at(docs[1]), "a second document begins here", "one file holds one; remove the line ---")
	}
	return docs[0], nil
}

// syntax returns where a text stops being YAML.
func (r *reader) syntax(err error) Pos {
	at := Pos{File: r.name}
	if ye, ok := errors.AsType[yaml.Error](err); ok {
		if t := ye.GetToken(); t != nil && t.Position != nil {
			at.Line, at.Column = t.Position.Line, t.Position.Column
		}
	}
	return at
}

// quoted are parts of the file in the parser's messages, which may be secrets.
var quoted = regexp.MustCompile(` ?"(?:[^"\\]|\\.){2,}"`)

func syntaxMessage(err error) string {
	message := "it cannot be read"
	if ye, ok := errors.AsType[yaml.Error](err); ok {
		message = strings.TrimSuffix(quoted.ReplaceAllString(ye.GetMessage(), ""), ":")
	}
	return "this is not YAML: " + message
}

// listInList is a line like "- - - -", each of which opens a list.
var listInList = regexp.MustCompile(`(?:[-?][ \t]+){50}`)

// tooDeep reports whether parts are nested beyond what a set-up file needs: the
// parser calls itself for each level, and takes its time over them.
func tooDeep(text []byte) bool {
	const most = 1000
	depth := 0
	for _, b := range text {
		switch b {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		}
		if depth > most {
			return true
		}
	}
	return listInList.Match(text)
}
