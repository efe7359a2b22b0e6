package store

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
)

func TestFieldsReadBack(t *testing.T) {
	t.Parallel()
	for _, want := range [][]register.FieldValue{
		nil,
		{{Field: 1, Value: datatype.OfText(`a "quoted" \ text } , {`)}},
		{{Field: 2, Value: datatype.OfRecord(42)}, {Field: 10, Value: datatype.OfBool(true)}, {Field: 11, Value: datatype.FromJSON(`["a","b"]`)}},
	} {
		got, err := parseFields(string(appendFields(nil, want)))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	}
}

func FuzzParseFields(f *testing.F) {
	for _, seed := range []string{`{}`, `{"1":"x","22":[1]}`, `{"1":`, `{"a":1}`, `{"1":1}x`, `[]`, `{"99999999999999999999":1}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		got, err := parseFields(doc)
		if err != nil {
			return
		}
		again, err := parseFields(string(appendFields(nil, got)))
		if err != nil || len(again) != len(got) {
			t.Errorf("%q: got %v, then %v, %v", doc, got, again, err)
		}
	})
}

func FuzzParseLine(f *testing.F) {
	for _, seed := range []string{`[1,"x",true,"eA=="]`, `[null,null,null,null]`, `[1]`, `[1,2,3,4]`, `[1,"x",true,"!"]`, `[1,"x",true,"",5]`} {
		f.Add([]byte(seed))
	}
	table := table{Name: "t", Columns: []tableColumn{{"n", kindNumber}, {"t", kindText}, {"b", kindBool}, {"y", kindBytes}}}
	f.Fuzz(func(t *testing.T, line []byte) {
		row := make([]any, 4)
		if parseLine(&table, line, row) != nil {
			return
		}
		for i, v := range row {
			switch v.(type) {
			case nil, int64, string, bool, []byte:
			default:
				t.Errorf("column %d became %T", i, v)
			}
		}
	})
}
