package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// UnmarshalYAML reads one text or a list.
func (s *Strings) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*s = Strings{one}
		return nil
	}
	var many []string
	err := unmarshal(&many)
	*s = many
	return err
}

// UnmarshalYAML reads "trim", {join: "; "} or {replace: {old: a, new: b}}.
func (t *Transform) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&t.Kind) == nil {
		return nil
	}
	var m map[string]any
	if err := unmarshal(&m); err != nil {
		return err
	}
	if len(m) != 1 {
		return errors.New("a transform is a name, or one name with its value")
	}
	for kind, v := range m {
		t.Kind = kind
		switch v := v.(type) {
		case map[string]any:
			t.Text, t.With = fmt.Sprint(v["old"]), fmt.Sprint(v["new"])
		default:
			t.Text = fmt.Sprint(v)
		}
	}
	return nil
}

// Load reads a set-up file. ${NAME} comes from the environment and ${file:PATH}
// from a file beside it. Faults are errs.Invalid and name line and column.
func Load(path string, getenv func(string) string) (File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return File{}, errs.New(errs.Invalid, "the set-up file cannot be read").Because(err).
			WithHint("Name it with: muster apply -f FILE")
	}
	return Parse(path, text, getenv)
}

// Parse is Load for a text; name stands in errors, and paths in the file start
// from its folder.
func Parse(name string, text []byte, getenv func(string) string) (File, error) {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return File{}, syntax(name, err)
	}
	if len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		return File{}, errs.New(errs.Invalid, "%s is empty", name).WithHint("Start from docs/examples/muster.yaml.")
	}
	if len(tree.Docs) > 1 {
		return File{}, errs.New(errs.Invalid, "%s holds several documents; one is read", name)
	}
	fill := &filler{name: name, dir: filepath.Dir(name), getenv: getenv}
	ast.Walk(fill, tree.Docs[0].Body)
	if len(fill.problems) > 0 {
		return File{}, errs.New(errs.Invalid, "%s", strings.Join(fill.problems, "\n")).
			WithHint("Set the variables, or put the values into files and write ${file:PATH}.")
	}
	var f File
	if err := yaml.NodeToValue(tree.Docs[0].Body, &f, yaml.Strict()); err != nil {
		return File{}, syntax(name, err)
	}
	return f, f.complete(fill)
}

// syntax says where a fault is, and for an unknown key which was likely meant.
func syntax(name string, err error) error {
	line, column, message := 0, 0, err.Error()
	if ye, ok := errors.AsType[yaml.Error](err); ok {
		message = ye.GetMessage()
		if t := ye.GetToken(); t != nil && t.Position != nil {
			line, column = t.Position.Line, t.Position.Column
		}
	}
	e := errs.New(errs.Invalid, "%s:%d:%d: %s", name, line, column, message)
	if m := unknownKey.FindStringSubmatch(message); m != nil {
		if near := nearest(m[1], keys()); near != "" {
			return e.WithHint("Did you mean %q?", near)
		}
		return e.WithHint("The keys are listed in docs/reference/muster-yaml.md.")
	}
	return e
}

var unknownKey = regexp.MustCompile(`unknown field "([^"]+)"`)

// filler puts in what a file takes from the environment and from other files.
type filler struct {
	name, dir string
	getenv    func(string) string
	problems  []string
}

var reference = regexp.MustCompile(`\$?\$\{([^}]*)\}`)

// Visit fills the references in one text.
func (f *filler) Visit(n ast.Node) ast.Visitor {
	s, ok := n.(*ast.StringNode)
	if !ok || !strings.Contains(s.Value, "${") {
		return f
	}
	s.Value = reference.ReplaceAllStringFunc(s.Value, func(ref string) string {
		if strings.HasPrefix(ref, "$$") {
			return ref[1:]
		}
		value, problem := f.value(ref[2 : len(ref)-1])
		if problem != "" {
			p := s.GetToken().Position
			f.problems = append(f.problems, fmt.Sprintf("%s:%d:%d: %s", f.name, p.Line, p.Column, problem))
		}
		return value
	})
	return f
}

func (f *filler) value(ref string) (value, problem string) {
	if path, ok := strings.CutPrefix(ref, "file:"); ok {
		text, err := f.read(path)
		if err != nil {
			return "", "the file " + path + " cannot be read: " + err.Error()
		}
		return strings.TrimRight(text, "\r\n"), ""
	}
	if value = f.getenv(ref); value == "" {
		return "", "the environment variable " + ref + " is not set"
	}
	return value, ""
}

func (f *filler) read(path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.dir, path)
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// complete reads the files that connections name, and checks what can be
// checked without a database.
func (file *File) complete(f *filler) error {
	var problems []string
	if file.Organization.Name == "" {
		problems = append(problems, f.name+": organization.name is missing")
	}
	for a := range file.Accounts {
		for m := range file.Accounts[a].Modules {
			module := &file.Accounts[a].Modules[m]
			for i := range module.Integrations {
				in := &module.Integrations[i]
				for _, p := range in.complete(f) {
					problems = append(problems, f.name+": module "+module.Name+": "+p)
				}
			}
		}
	}
	if len(problems) > 0 {
		return errs.New(errs.Invalid, "%s", strings.Join(problems, "\n")).
			WithHint("The keys are explained in docs/reference/muster-yaml.md.")
	}
	return nil
}

// Clouds are the values of the key cloud.
var clouds = []string{"global", "us-government", "us-dod", "china", "custom"}

func (in *Integration) complete(f *filler) (problems []string) {
	if in.Kind != "microsoft-entra-id" {
		problems = append(problems, fmt.Sprintf("there is no integration of kind %q; there is microsoft-entra-id", in.Kind))
	}
	c := &in.Connection
	c.Secret, c.ClientSecret = secret.New(c.ClientSecret), ""
	if c.Cloud == "" {
		c.Cloud = "global"
	}
	if !contains(clouds, c.Cloud) {
		problems = append(problems, fmt.Sprintf("there is no cloud %q; there are %s", c.Cloud, strings.Join(clouds, ", ")))
	}
	if c.Cloud == "custom" && (c.LoginURL == "" || c.GraphURL == "") {
		problems = append(problems, "the cloud custom needs login_url and graph_url")
	}
	read := func(path, what string) string {
		if path == "" {
			return ""
		}
		text, err := f.read(path)
		if err != nil {
			problems = append(problems, what+" cannot be read: "+err.Error())
		}
		return text
	}
	c.CAPEM = read(c.CAFile, "ca_file")
	if cert := c.ClientCertificate; cert != nil {
		if !c.Secret.IsZero() {
			problems = append(problems, "give client_secret or client_certificate, not both")
		}
		c.CertPEM = read(cert.File, "client_certificate.file")
		c.Secret = secret.New(read(cert.Key, "client_certificate.key"))
	}
	return append(problems, missing(map[string]string{
		"tenant_id": c.TenantID, "client_id": c.ClientID, "application_object_id": c.ApplicationObjectID,
	})...)
}

func missing(values map[string]string) (problems []string) {
	for _, name := range []string{"tenant_id", "client_id", "application_object_id"} {
		if values[name] == "" {
			problems = append(problems, "connection."+name+" is missing")
		}
	}
	return problems
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// keys returns every key that a set-up file knows.
func keys() []string {
	seen, out := map[reflect.Type]bool{}, []string(nil)
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Slice, reflect.Pointer, reflect.Map:
			walk(t.Elem())
		case reflect.Struct:
			if seen[t] {
				return
			}
			seen[t] = true
			for i := range t.NumField() {
				if key := t.Field(i).Tag.Get("yaml"); key != "" && key != "-" {
					out = append(out, key)
					walk(t.Field(i).Type)
				}
			}
		}
	}
	walk(reflect.TypeFor[File]())
	return out
}

// nearest returns the word that is at most a third of its letters away from s.
func nearest(s string, words []string) string {
	best, distance := "", len(s)/3+1
	for _, w := range words {
		if d := edits(s, w); d < distance || (d == distance && best == "" && d <= 2) {
			best, distance = w, d
		}
	}
	return best
}

// edits counts the letters to insert, delete or replace to get from a to b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
