package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

// schema lists every key of the set-up file under the path of its part.
func schema(t reflect.Type, path string, out map[string][]string) {
	for i := range t.NumField() {
		key := t.Field(i).Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		out[path] = append(out[path], key)
		below, ft := strings.TrimPrefix(path+"."+key, "."), t.Field(i).Type
		if ft.Kind() == reflect.Slice {
			below, ft = below+"[]", ft.Elem()
		}
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		switch {
		case ft == reflect.TypeFor[Limits]():
			out[below] = limitClasses()
			schema(ft.Elem(), below+".*", out)
		case ft.Kind() == reflect.Struct:
			schema(ft, below, out)
		}
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	heading = regexp.MustCompile("^## (?:`(.+)`|The file)$")
	row     = regexp.MustCompile("^\\| `([^`]+)` \\|")
)

// documented lists the keys of the manual's tables under their headings, and
// the first words of its table of transforms.
func documented(text string) (keys map[string][]string, transforms []string) {
	keys = map[string][]string{}
	path, table := "none", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := heading.FindStringSubmatch(line); m != nil {
			path = m[1]
		}
		if !strings.HasPrefix(line, "|") {
			table = ""
		} else if table == "" {
			table = strings.Fields(line)[1]
		}
		m := row.FindStringSubmatch(line)
		switch {
		case m == nil:
		case table == "key":
			keys[path] = append(keys[path], m[1])
		case table == "transform":
			transforms = append(transforms, m[1])
		}
	}
	return keys, transforms
}

func TestManualHasEveryKeyAndNoOther(t *testing.T) {
	t.Parallel()
	want := map[string][]string{}
	schema(reflect.TypeFor[File](), "", want)
	got, transforms := documented(read(t, "docs", "reference", "muster-yaml.md"))
	for path, keys := range want {
		for _, key := range keys {
			if !slices.Contains(got[path], key) {
				t.Errorf("the manual does not explain %q of %q", key, path)
			}
		}
	}
	for path, keys := range got {
		for _, key := range keys {
			if !slices.Contains(want[path], key) {
				t.Errorf("the manual explains %q of %q, which there is not", key, path)
			}
		}
	}
	if known, _ := transformKinds(); !slices.Equal(transforms, known) {
		t.Errorf("the manual explains the transforms %v, want %v", transforms, known)
	}
}

func exampleFile(t *testing.T) File {
	t.Helper()
	f, err := Load(filepath.Join("..", "..", "docs", "examples", "muster.yaml"), func(name string) string { return name })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestExampleShowsEveryKey(t *testing.T) {
	t.Parallel()
	exampleFile(t)
	text, want := read(t, "docs", "examples", "muster.yaml"), map[string][]string{}
	schema(reflect.TypeFor[File](), "", want)
	for path, keys := range want {
		for _, key := range keys {
			if path != "accounts[].modules[].integrations[].limits" && !strings.Contains(text, key+":") {
				t.Errorf("the example does not show %q of %q", key, path)
			}
		}
	}
}

func TestExampleNamesAttributesThatThereAre(t *testing.T) {
	t.Parallel()
	kinds := map[string]directory.Kind{"users": directory.User, "devices": directory.Device, "groups": directory.Group}
	rows := 0
	for _, m := range exampleFile(t).Accounts[0].Modules[0].Integrations[0].Mappings {
		names := []string{}
		for _, c := range m.Conditions {
			names = append(names, c.Field)
		}
		for _, r := range m.Fields {
			names = append(append(names, r.From), r.Fallback...)
		}
		for _, name := range names {
			rows++
			if _, ok := directory.LookupAttribute(kinds[m.ExternalEntity], name); !ok {
				t.Errorf("mapping %s: %s have no attribute %q", m.Name, m.ExternalEntity, name)
			}
		}
	}
	if rows < 10 {
		t.Errorf("only %d attributes were looked up", rows)
	}
}

// Fields of the collections that every module has keep their types: a file that
// asks for another cannot be applied.
func TestExampleAgreesWithTheDefaultCollections(t *testing.T) {
	t.Parallel()
	m := exampleFile(t).Accounts[0].Modules[0]
	types := map[string]datatype.Type{}
	for _, c := range register.Defaults(m.MainCollection) {
		for _, f := range c.Fields {
			types[c.Name+"."+f.Name] = f.Spec.Type
		}
	}
	shared := 0
	for _, c := range m.Collections {
		for _, f := range c.Fields {
			if want, ok := types[c.Name+"."+f.Name]; ok {
				shared++
				if f.Type != want {
					t.Errorf("%s: %s.%s is %s, but every module has it as %s", f.At("type"), c.Name, f.Name, f.Type, want)
				}
			}
		}
	}
	if shared == 0 {
		t.Error("the example adds to no default collection")
	}
}

// words are the texts of a type's values.
func words[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

func TestWordsAgreeWithThoseWhoUseThem(t *testing.T) {
	t.Parallel()
	operators, _ := operators()
	transforms, _ := transformKinds()
	var classes, hosts, types []string
	for _, c := range reconcile.Classes() {
		classes = append(classes, c.String())
	}
	for _, c := range entra.Clouds() {
		hosts = append(hosts, string(c))
	}
	for _, d := range datatype.All() {
		types = append(types, string(d))
	}
	var actions []string
	for _, a := range []account.Action{account.View, account.Create, account.Edit, account.Delete, account.CheckOut, account.Import, account.Export} {
		actions = append(actions, string(a))
	}
	for _, tc := range []struct {
		name      string
		got, want []string
	}{
		{"operators", operators, mapping.Operators()},
		{"transforms", transforms, mapping.TransformKinds()},
		{"limits", limitClasses(), classes},
		{"clouds", clouds(), hosts},
		{"types", typeNames(), types},
		{"actions", roleActions(), actions},
		{"triggers", triggers(), words(automation.Kinds())},
		{"deeds", deeds(), words(automation.Deeds())},
		{"shapes", shapes(), words(automation.Shapes())},
		{"comparisons", comparisons(), words([]listing.Op{listing.Is, listing.IsNot, listing.Has, listing.Empty, listing.NotEmpty, listing.AtLeast, listing.AtMost})},
		{"identifiers", identifiers(), []string{mapping.ByPrincipal, mapping.ByObjectID, mapping.ByEmail}},
		{"kinds", []string{kindEntra, kindRecords, kindLogin}, []string{syncer.EntraKind, string(mapping.Records), string(mapping.Login)}},
	} {
		slices.Sort(tc.got)
		slices.Sort(tc.want)
		if !slices.Equal(tc.got, tc.want) {
			t.Errorf("%s: the file has %v, the program %v", tc.name, tc.got, tc.want)
		}
	}
}
