package directory_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/directory"
)

func TestF34ValuesKeepTheirState(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value directory.Value
		state directory.State
		empty bool
		text  string
		list  []string
	}{
		"absent":     {directory.Value{}, directory.Absent, false, "", nil},
		"null":       {directory.NullValue(), directory.Null, true, "", nil},
		"text":       {directory.TextValue("a"), directory.Present, false, "a", []string{"a"}},
		"empty text": {directory.TextValue(""), directory.Present, true, "", nil},
		"yes":        {directory.BoolValue(true), directory.Present, false, "true", []string{"true"}},
		"no":         {directory.BoolValue(false), directory.Present, false, "false", []string{"false"}},
		"number":     {directory.NumberValue("1.50"), directory.Present, false, "1.50", []string{"1.50"}},
		"list":       {directory.ListValue([]string{"a", "b"}), directory.Present, false, "a, b", []string{"a", "b"}},
		"empty list": {directory.ListValue([]string{}), directory.Present, true, "", nil},
		"nested":     {directory.NestedValue(`{"a":1}`), directory.Present, false, `{"a":1}`, []string{`{"a":1}`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := tc.value
			if v.State() != tc.state || v.IsEmpty() != tc.empty || v.String() != tc.text || !slices.Equal(v.List(), tc.list) {
				t.Errorf("got state %d, empty %v, text %q, list %q", v.State(), v.IsEmpty(), v.String(), v.List())
			}
			truth, ok := v.Truth()
			if want := v.State() == directory.Present && v.Form() == directory.Bool; ok != want || truth && name != "yes" {
				t.Errorf("truth %v, %v", truth, ok)
			}
		})
	}
}
