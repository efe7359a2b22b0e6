package rawjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/rawjson"
)

func TestValid(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := map[string]struct {
		text string
		want bool
	}{
		"object":               {`{"a":1,"b":[true,null],"c":{"d":"e"}}`, true},
		"white space":          {" {\n\"a\" :\t1 , \"b\":[ ] } \r", true},
		"numbers":              {`[0,-0,1.5,-1e9,2E+3,3e-2]`, true},
		"escapes":              {`"\"\\\/\b\f\n\r\tá😀"`, true},
		"long string":          {`"` + strings.Repeat("abcdefgh", 9) + `\n"`, true},
		"deepest":              {deep(rawjson.MaxDepth), true},
		"too deep":             {deep(rawjson.MaxDepth + 1), false},
		"nothing":              {"", false},
		"two values":           {"1 2", false},
		"comma at the end":     {`[1,]`, false},
		"comma before a brace": {`{"a":1,}`, false},
		"name without quotes":  {`{a:1}`, false},
		"no colon":             {`{"a" 1}`, false},
		"leading zero":         {`01`, false},
		"bare point":           {`1.`, false},
		"bare exponent":        {`1e`, false},
		"plus":                 {`+1`, false},
		"unknown word":         {`nul`, false},
		"unknown escape":       {`"\x"`, false},
		"short escape":         {`"\u12"`, false},
		"line break in string": {"\"a\nb\"", false},
		"cut string":           {`"abc`, false},
		"cut object":           {`{"a":1`, false},
		"zero byte":            {"[\x00]", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := rawjson.Valid([]byte(tc.text)); got != tc.want {
				t.Errorf("Valid(%q) = %v, want %v", tc.text, got, tc.want)
			}
		})
	}
}

func TestScannerCutsAPage(t *testing.T) {
	t.Parallel()
	page := ` { "next" : "x/y" , "value" : [ {"id":1, "a":"]}"} , {"id":2} , [] ], "n\u0061me": null } `
	var names, rows []string
	s := rawjson.Scan([]byte(page))
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		names = append(names, string(name))
		if string(name) != "value" {
			s.Value()
			continue
		}
		s.Array()
		for s.Element() {
			rows = append(rows, string(s.Value()))
		}
	}
	s.End()
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	if got, want := strings.Join(names, " "), "next value name"; got != want {
		t.Errorf("names = %q, want %q", got, want)
	}
	if got, want := strings.Join(rows, "|"), `{"id":1, "a":"]}"}|{"id":2}|[]`; got != want {
		t.Errorf("rows = %s, want %s", got, want)
	}
}

func TestScannerTellsWhereTextEnds(t *testing.T) {
	t.Parallel()
	whole := `{"value":[{"id":"a\u00e1"},{"n":-1.5e3,"t":true}],"x":null}`
	for cut := range whole {
		s := rawjson.Scan([]byte(whole[:cut]))
		s.Value()
		s.End()
		fault, ok := errors.AsType[*rawjson.SyntaxError](s.Err())
		if !ok || !fault.Cut {
			t.Errorf("cut at %d: %v, want a fault that says cut", cut, s.Err())
		}
	}
}

func TestAppendCompact(t *testing.T) {
	t.Parallel()
	raw := " { \"a b\" : [ 1 , \"x \\\" y\" , { } ] ,\n \"c\":null } "
	want := `{"a b":[1,"x \" y",{}],"c":null}`
	if got := string(rawjson.AppendCompact(nil, []byte(raw))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5e-3,"\u00e1\ud83d\ude00\ud800x"],"b":{"c":null,"c":true},"\u0062":false}`,
		`[[],{},"",0,-0.0]`, `{"a":1,}`, "\"\xff\xc3\xa1\"", `"\ud83d\u0041"`, " [ 1 , 2 ] ", `{"":{"":[{}]}}`, `[,]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		valid := json.Valid(data)
		if got := rawjson.Valid(data); got != valid && strings.Count(string(data), "[")+strings.Count(string(data), "{") < rawjson.MaxDepth {
			t.Fatalf("Valid(%q) = %v, encoding/json says %v", data, got, valid)
		}
		walked, ok := walk(data)
		if ok != rawjson.Valid(data) {
			t.Fatalf("walking %q ended with %v", data, ok)
		}
		if !ok {
			return
		}
		var want any
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got, want := encode(t, walked), encode(t, want); got != want {
			t.Fatalf("walking %q gave %s, want %s", data, got, want)
		}
		again, ok := walk(rawjson.AppendCompact(nil, data))
		if got, want := encode(t, again), encode(t, walked); !ok || got != want {
			t.Fatalf("compacting %q gave %s, want %s", data, got, want)
		}
	})
}

// walk decodes data by entering every container, so that Member and Element
// are held against the skip functions.
func walk(data []byte) (any, bool) {
	s := rawjson.Scan(data)
	v := walkValue(&s)
	s.End()
	return v, s.Err() == nil
}

func walkValue(s *rawjson.Scanner) any {
	switch s.Kind() {
	case rawjson.Object:
		m := map[string]any{}
		s.Object()
		for name, ok := s.Member(); ok; name, ok = s.Member() {
			key := rawjson.Text([]byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(name)) + `"`))
			m[key] = walkValue(s)
		}
		return m
	case rawjson.Array:
		a := []any{}
		s.Array()
		for s.Element() {
			a = append(a, walkValue(s))
		}
		return a
	}
	raw := s.Value()
	switch rawjson.KindOf(raw) {
	case rawjson.String:
		return rawjson.Text(raw)
	case rawjson.Bool:
		return raw[0] == 't'
	case rawjson.Number:
		return json.Number(raw)
	}
	return nil
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAppendStringReadsBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", `a"b\c`, "\x00\x1f\n", "Zoë 😀", "</script>"} {
		raw := rawjson.AppendString(nil, text)
		var got string
		if err := json.Unmarshal(raw, &got); err != nil || got != text {
			t.Errorf("%q became %s, read back as %q (%v)", text, raw, got, err)
		}
	}
}
