package directory_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/rawjson"
)

var sameValues = cmp.AllowUnexported(directory.Value{})

func TestF34PickKeepsTheThreeStates(t *testing.T) {
	t.Parallel()
	doc := directory.Document(`{"@odata.type":"#microsoft.graph.user","id":"x","mail":null,"accountEnabled":false,
		"size": 1.50 ,"phones":["+1","\u00e1"],"none":[],"mixed":["a", 1],"org":{"division":"N\u00f6rd","cost":null, "deep":{"a": 1}},
		"lost":null,"owners":[{"id":"o1"},{"x":1},{"id":"o2"}],"dup":1,"dup":"last"}`)
	tests := []struct {
		path string
		want directory.Value
	}{
		{"id", directory.TextValue("x")},
		{"mail", directory.NullValue()},
		{"absent", directory.Value{}},
		{"accountEnabled", directory.BoolValue(false)},
		{"size", directory.NumberValue("1.50")},
		{"phones", directory.ListValue([]string{"+1", "á"})},
		{"none", directory.ListValue([]string{})},
		{"mixed", directory.NestedValue(`["a",1]`)},
		{"org", directory.NestedValue(`{"division":"N\u00f6rd","cost":null,"deep":{"a":1}}`)},
		{"org.division", directory.TextValue("Nörd")},
		{"org.cost", directory.NullValue()},
		{"org.absent", directory.Value{}},
		{"org.deep", directory.NestedValue(`{"a":1}`)},
		{"lost.division", directory.NullValue()},
		{"id.member", directory.Value{}},
		{"owners.id", directory.ListValue([]string{"o1", "o2"})},
		{"mixed.id", directory.Value{}},
		{"dup", directory.TextValue("last")},
	}
	paths := make([]string, len(tests))
	for i, tc := range tests {
		paths[i] = tc.path
	}
	got, err := doc.Pick(directory.NewFields(paths...), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, tc := range tests {
		if diff := cmp.Diff(tc.want, got[i], sameValues); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.path, diff)
		}
		if diff := cmp.Diff(tc.want, doc.Get(tc.path), sameValues); diff != "" {
			t.Errorf("Get(%s) (-want +got):\n%s", tc.path, diff)
		}
	}
}

func TestPickOutlivesTheDocument(t *testing.T) {
	t.Parallel()
	doc := directory.Document(`{"a":"text","b":12,"c":["item"],"d":{"e":1}}`)
	got, err := doc.Pick(directory.NewFields("a", "b", "c", "d"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range doc {
		doc[i] = 'x'
	}
	want := []directory.Value{directory.TextValue("text"), directory.NumberValue("12"),
		directory.ListValue([]string{"item"}), directory.NestedValue(`{"e":1}`)}
	if diff := cmp.Diff(want, got, sameValues); diff != "" {
		t.Errorf("after the buffer was reused (-want +got):\n%s", diff)
	}
}

func TestPickForgetsEarlierValues(t *testing.T) {
	t.Parallel()
	f := directory.NewFields("a")
	values, err := directory.Document(`{"a":"old"}`).Pick(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	values, err = directory.Document(`{}`).Pick(f, values)
	if err != nil || len(values) != 1 || values[0].State() != directory.Absent {
		t.Errorf("got %v, %v, want one absent value", values, err)
	}
}

func TestBrokenDocumentsAreInvalid(t *testing.T) {
	t.Parallel()
	good := directory.Document(`{}`)
	for _, text := range []string{"", "[]", "null", `{"a":1`, `{"a":1}x`} {
		bad := directory.Document(text)
		_, pick := bad.Pick(directory.NewFields("a"), nil)
		_, _, merged := good.Merge(bad)
		_, _, onto := bad.Merge(good)
		_, same := bad.Same(good)
		_, as := good.Same(bad)
		_, clean := bad.Clean()
		for i, err := range []error{pick, merged, onto, same, as, clean} {
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("%q, operation %d: %v, want an invalid error", text, i, err)
			}
		}
		if got := bad.Get("a"); got.State() != directory.Absent {
			t.Errorf("Get of %q = %v, want absent", text, got)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ old, change, want string }{
		"overwrites":               {`{"a":1,"b":2}`, `{"b":3}`, `{"a":1,"b":3}`},
		"null overwrites":          {`{"a":"x"}`, `{"a":null}`, `{"a":null}`},
		"absent keeps (F34)":       {`{"a":"x"}`, `{}`, `{"a":"x"}`},
		"appends":                  {`{"a":1}`, `{"c":3,"b":2}`, `{"a":1,"c":3,"b":2}`},
		"drops annotations":        {`{"@odata.type":"t","a":{"@x":1,"b":2}}`, `{"c@delta":[],"d":[{"@y":1}]}`, `{"a":{"b":2},"d":[{}]}`},
		"compacts":                 {"{ \"a\" : [ 1 , \"x y\" ] }", ` { } `, `{"a":[1,"x y"]}`},
		"last of a name counts":    {`{"a":1,"a":2,"b":0}`, `{"b":1,"b":2}`, `{"a":2,"b":2}`},
		"names are read unescaped": {`{"\u0061":1}`, `{"a":2}`, `{"a":2}`},
		"objects replace whole":    {`{"o":{"a":1,"b":2}}`, `{"o":{"a":3}}`, `{"o":{"a":3}}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := directory.Document(tc.old).Merge(directory.Document(tc.change))
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v, want %s", got, err, tc.want)
			}
		})
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		a, b string
		want bool
	}{
		"order":             {`{"a":1,"b":2}`, `{"b":2,"a":1}`, true},
		"escapes and space": {`{"a":"\u00e1\/"}`, `{ "\u0061" : "á/" }`, true},
		"annotations":       {`{"@t":1,"a":{"@t":2}}`, `{"a":{}}`, true},
		"inner order":       {`{"a":{"x":[1, 2],"y":{}}}`, `{"a":{"y":{ },"x":[1,2]}}`, true},
		"absent and null":   {`{"a":null}`, `{}`, false},
		"null and empty":    {`{"a":null}`, `{"a":""}`, false},
		"text and number":   {`{"a":"1"}`, `{"a":1}`, false},
		"order of a list":   {`{"a":[1,2]}`, `{"a":[2,1]}`, false},
		"longer list":       {`{"a":[1]}`, `{"a":[1,2]}`, false},
		"true and false":    {`{"a":true}`, `{"a":false}`, false},
		"case":              {`{"a":"X"}`, `{"a":"x"}`, false},
		"repeated name":     {`{"a":1,"a":2}`, `{"a":2}`, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, pair := range [][2]string{{tc.a, tc.b}, {tc.b, tc.a}} {
				got, err := directory.Document(pair[0]).Same(directory.Document(pair[1]))
				if err != nil || got != tc.want {
					t.Errorf("%s and %s: %v, %v, want %v", pair[0], pair[1], got, err, tc.want)
				}
			}
		})
	}
}

func TestHashIsOfTheSpelling(t *testing.T) {
	t.Parallel()
	a, b := directory.Document(`{"a":1}`), directory.Document(`{ "a":1}`)
	if a.Hash() == b.Hash() || a.Hash() != directory.Document(`{"a":1}`).Hash() {
		t.Error("the hash does not follow the bytes")
	}
}

func FuzzDocuments(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a":1,"b":"\u00e1","o":{"a":null,"@x":2}}`, `{"b":null,"c":[{"@y":1,"a":"t"},[]]}`},
		{`{"@t":"x","a":1,"a":[1.0,true]}`, ` { "\u0061" : 2 } `},
		{"{\"a\":\"\xff\"}", `{"a":"\ud800"}`}, {`{"a":[{"a":"x"},{"a":null}]}`, `{}`}, {`[]`, `{"a"`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		old, okOld := reference(a)
		change, okChange := reference(b)
		merged, unmoved, err := directory.Document(a).Merge(b)
		if (err == nil) != (okOld && okChange) {
			t.Fatalf("Merge(%q, %q): %v, encoding/json says %v, %v", a, b, err, okOld, okChange)
		}
		if err != nil {
			return
		}
		same, err := directory.Document(a).Same(b)
		if want := cmp.Equal(old, change); err != nil || same != want {
			t.Fatalf("Same(%q, %q) = %v, %v, want %v", a, b, same, err, want)
		}
		clean, err := directory.Document(a).Clean()
		if err != nil {
			t.Fatal(err)
		}
		if same, err = clean.Same(merged); err != nil || same != unmoved {
			t.Fatalf("Merge(%q, %q) says that nothing moved: %v; Same says %v, %v", a, b, unmoved, same, err)
		}
		for name, value := range change {
			old[name] = value
		}
		if got, ok := reference(merged); !ok || !cmp.Equal(got, old) {
			t.Fatalf("Merge(%q, %q) = %q, want %v", a, b, merged, old)
		}
		again, _, err := merged.Merge(b)
		if err != nil || !bytes.Equal(again, merged) {
			t.Fatalf("merging %q twice into %q: %q, %v, want %q", b, a, again, err, merged)
		}
		checkPick(t, merged, old)
	})
}

// checkPick holds Pick of every attribute against the reference.
func checkPick(t *testing.T, doc directory.Document, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if strings.Contains(name, ".") {
			continue
		}
		got := doc.Get(name)
		switch v := value.(type) {
		case nil:
			if got.State() != directory.Null {
				t.Fatalf("%q of %q = %v, want null", name, doc, got)
			}
		case string:
			if got.Form() != directory.Text || got.String() != v {
				t.Fatalf("%q of %q = %v, want %q", name, doc, got, v)
			}
		case bool:
			if truth, ok := got.Truth(); !ok || truth != v {
				t.Fatalf("%q of %q = %v, want %v", name, doc, got, v)
			}
		case json.Number:
			if got.Form() != directory.Number || got.String() != v.String() {
				t.Fatalf("%q of %q = %v, want %v", name, doc, got, v)
			}
		default:
			if got.State() != directory.Present || (got.Form() != directory.List && got.Form() != directory.Nested) {
				t.Fatalf("%q of %q = %v, want %v", name, doc, got, v)
			}
		}
	}
}

// reference decodes a document with encoding/json and drops annotations.
func reference(doc []byte) (map[string]any, bool) {
	if !rawjson.Valid(doc) || !json.Valid(doc) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	return strip(m).(map[string]any), true
}

func strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		clean := map[string]any{}
		for name, value := range v {
			if !strings.Contains(name, "@") {
				clean[strings.ToValidUTF8(name, string(utf8.RuneError))] = strip(value)
			}
		}
		return clean
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	}
	return v
}

// person is a document of 31 attributes and about 1.1 KB.
func person() (directory.Document, []string) {
	doc := `{"id":"3f2b8c1e-8a53-4f5e-9d55-0c7a4b6f1a20","accountEnabled":true`
	paths := []string{"accountEnabled", "businessPhones", "employeeOrgData.division", "employeeOrgData.costCenter"}
	for k := range 27 {
		name := fmt.Sprintf("attributeName%d", k)
		paths = append(paths, name)
		doc += fmt.Sprintf(`,%q:"a value of %d"`, name, k)
	}
	return directory.Document(doc + `,"businessPhones":["+49 30 1234567"],"employeeOrgData":{"division":"North","costCenter":null}}`), paths
}

func BenchmarkPick(b *testing.B) {
	doc, paths := person()
	f := directory.NewFields(paths...)
	var values []directory.Value
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if values, err = doc.Pick(f, values); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	doc, _ := person()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := doc.Merge(directory.Document(`{"id":"3f2b8c1e-8a53-4f5e-9d55-0c7a4b6f1a20","attributeName3":"new"}`)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	doc, _ := person()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		doc.Hash()
	}
}

func TestAgrees(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		a, b string
		want bool
	}{
		"the same":                      {`{"a":"x","b":null}`, `{"b":null,"a":"x"}`, true},
		"not mentioned, and empty":      {`{"a":"x"}`, `{"a":"x","b":null,"c":[]}`, true},
		"empty, and not mentioned":      {`{"a":"x","b":null,"c":[ ]}`, `{"a":"x"}`, true},
		"null, and an empty list":       {`{"a":null}`, `{"a":[]}`, true},
		"not mentioned, and something":  {`{"a":"x"}`, `{"a":"x","b":"y"}`, false},
		"something, and empty":          {`{"a":"x","b":"y"}`, `{"a":"x","b":null}`, false},
		"something, and something else": {`{"a":"x"}`, `{"a":"y"}`, false},
		"false is not empty":            {`{"a":false}`, `{}`, false},
		"an empty text is not empty":    {`{"a":""}`, `{}`, false},
	}
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, pair := range [][2]string{{r.a, r.b}, {r.b, r.a}} {
				got, err := directory.Document(pair[0]).Agrees(directory.Document(pair[1]))
				if err != nil || got != r.want {
					t.Errorf("%s and %s: %v, %v, want %v", pair[0], pair[1], got, err, r.want)
				}
			}
		})
	}
	if _, err := directory.Document(`[]`).Agrees(directory.Document(`{}`)); err == nil {
		t.Error("a list was taken for a document")
	}
}
