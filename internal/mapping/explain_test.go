package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

var exportAll = cmp.Options{cmp.AllowUnexported(datatype.Value{})}

func TestF37ExplainTellsEveryStep(t *testing.T) {
	t.Parallel()
	def := peopleMapping(Row{
		From: "jobTitle", Fallback: []string{"department"}, To: fieldNotes,
		Transforms: []Transform{{Kind: Upper}, {Kind: Replace, Text: "SEARCH", With: "LAX"}},
	})
	def.Conditions = []Condition{{Path: "country", Operator: StartsWith, Value: "great"}}
	r := compiled(t, def)
	f := Fields(r)
	values, err := directory.Document(ada).Pick(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, m := subject(), r.Mapper(f)
	got := m.Explain(&s, values, reconcile.Member)
	want := RowTrace{
		Row: 2, Field: fieldNotes,
		Sources: []Raw{{"jobTitle", directory.Null, ""}, {"department", directory.Present, "Research"}},
		Steps:   []StepTrace{{`upper`, "RESEARCH", ""}, {`replace "SEARCH" by "LAX"`, "RELAX", ""}},
		Result: reconcile.DesiredField{
			Field: fieldNotes, Said: true, Value: datatype.OfText("RELAX"), Empty: reconcile.ClearWhenEmpty, Source: "jobTitle",
		},
	}
	if diff := cmp.Diff(want, got.Rows[2], exportAll); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	clauses := []ClauseTrace{{`country starts with "great"`, Raw{"country", directory.Present, "Great Britain"}, true}}
	if diff := cmp.Diff(clauses, got.Clauses); diff != "" {
		t.Errorf("clauses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(m.Map(nil, &s, values, reconcile.Member), got.Desired, exportAll); diff != "" {
		t.Errorf("Explain and Map differ:\n%s", diff)
	}
}
