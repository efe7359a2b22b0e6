package mapping

import (
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/directory"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	text, list, null := directory.TextValue, directory.ListValue, directory.NullValue()
	yes, no := directory.BoolValue(true), directory.BoolValue(false)
	long := strings.Repeat("ä", 300)
	for _, tt := range []struct {
		name string
		c    Condition
		v    directory.Value
		want verdict
	}{
		{"equals", Condition{Operator: Equals, Value: "Sales"}, text(" SALES "), holds},
		{"equals another", Condition{Operator: Equals, Value: "Sales"}, text("Sale"), fails},
		{"equals keeps accents apart", Condition{Operator: Equals, Value: "Müller"}, text("Muller"), fails},
		{"equals composed and decomposed", Condition{Operator: Equals, Value: "é"}, text("E\u0301"), holds},
		{"equals null", Condition{Operator: Equals, Value: "Sales"}, null, fails},
		{"equals empty on null", Condition{Operator: Equals}, null, holds},
		{"equals an item", Condition{Operator: Equals, Value: "b"}, list([]string{"a", "B"}), holds},
		{"equals on yes", Condition{Operator: Equals, Value: "Yes"}, yes, holds},
		{"equals on no", Condition{Operator: Equals, Value: "true"}, no, fails},
		{"equals a number", Condition{Operator: Equals, Value: "12"}, directory.NumberValue("12"), holds},
		{"not equals", Condition{Operator: NotEquals, Value: "Sales"}, text("Legal"), holds},
		{"not equals null", Condition{Operator: NotEquals, Value: "Sales"}, null, holds},
		{"not equals any item", Condition{Operator: NotEquals, Value: "b"}, list([]string{"a", "B"}), fails},
		{"contains", Condition{Operator: Contains, Value: "@CONTOSO"}, text("ada@contoso.com"), holds},
		{"contains far into a long text", Condition{Operator: Contains, Value: "END"}, text(long + "end"), holds},
		{"contains on null", Condition{Operator: Contains, Value: "x"}, null, fails},
		{"not contains", Condition{Operator: NotContains, Value: "#EXT#"}, text("ada@contoso.com"), holds},
		{"starts with", Condition{Operator: StartsWith, Value: "ADM-"}, text("adm-ada"), holds},
		{"ends with", Condition{Operator: EndsWith, Value: "@contoso.COM"}, text("ada@Contoso.com"), holds},
		{"ends with on a long text", Condition{Operator: EndsWith, Value: "end"}, text(long + "END"), holds},
		{"in", Condition{Operator: In, Values: []string{"GB", "IE"}}, text("ie"), holds},
		{"not in the list", Condition{Operator: In, Values: []string{"GB", "IE"}}, text("de"), fails},
		{"not in", Condition{Operator: NotIn, Values: []string{"GB"}}, null, holds},
		{"empty on null", Condition{Operator: IsEmpty}, null, holds},
		{"empty on an empty list", Condition{Operator: IsEmpty}, list([]string{}), holds},
		{"empty on a value", Condition{Operator: IsEmpty}, text("x"), fails},
		{"not empty", Condition{Operator: IsNotEmpty}, text("x"), holds},
		{"not empty on no", Condition{Operator: IsNotEmpty}, no, holds},
		{"true", Condition{Operator: IsTrue}, yes, holds},
		{"true on null", Condition{Operator: IsTrue}, null, fails},
		{"false on null", Condition{Operator: IsFalse}, null, fails},
		{"false", Condition{Operator: IsFalse}, no, holds},
		{"true on other text", Condition{Operator: IsTrue}, text("maybe"), fails},
		{"true on a list", Condition{Operator: IsTrue}, list([]string{"true"}), fails},
		{"matches", Condition{Operator: Matches, Value: `^adm-\d+$`}, text("ADM-7"), holds},
		{"matches an item", Condition{Operator: Matches, Value: `^smtp:`}, list([]string{"x", "SMTP:a@b.c"}), holds},
		{"matches on yes", Condition{Operator: Matches, Value: `true`}, yes, holds},
		{"matches nothing", Condition{Operator: Matches, Value: `^$`}, null, holds},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, problem := newClause(tt.c)
			if problem != "" {
				t.Fatal(problem)
			}
			if got := c.judge(&tt.v); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// Whatever the operator, what was not mentioned is unknown: nobody enters and
// nobody leaves on it.
func TestF34ConditionOnAbsentIsUnknown(t *testing.T) {
	t.Parallel()
	for _, operator := range Operators() {
		c, problem := newClause(Condition{Path: "department", Operator: operator, Value: "x", Values: []string{"x"}})
		if problem != "" {
			t.Fatal(problem)
		}
		if got := c.judge(&directory.Value{}); got != unknown {
			t.Errorf("%s on an absent attribute = %d, want unknown", operator, got)
		}
		if OperatorWords(operator) == "" || !strings.HasPrefix(c.words, "department "+OperatorWords(operator)) {
			t.Errorf("%s reads %q", operator, c.words)
		}
	}
}

func TestConditionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []Condition{
		{Operator: ""}, {Operator: "like"}, {Operator: In}, {Operator: Contains, Value: " "},
		{Operator: Matches}, {Operator: Matches, Value: "("}, {Operator: Matches, Value: "((a{100}){100}){100}"},
		{Operator: Matches, Value: strings.Repeat("a", 501)},
	} {
		if _, problem := newClause(c); problem == "" {
			t.Errorf("%q %q is accepted", c.Operator, clip(c.Value))
		}
	}
}
