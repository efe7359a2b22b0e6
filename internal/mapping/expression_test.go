package mapping

import (
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/directory"
)

func expressed(t *testing.T, source string) string {
	t.Helper()
	got := record(t, ada, Row{From: "displayName", To: fieldNotes, Transforms: []Transform{{Kind: Expression, Text: source}}})
	if got.Problem != nil {
		return "problem: " + got.Problem.Detail
	}
	if !got.Said {
		return "unknown"
	}
	return got.Value.String()
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ source, want string }{
		{`value`, "Ada Lovelace"},
		{`upper(value)`, "ADA LOVELACE"},
		{`first(split(value, " "))`, "Ada"},
		{`split(value, " ")[1] + ", " + split(value, " ")[0]`, "Lovelace, Ada"},
		{`jobTitle == "" ? department : jobTitle`, "Research"},
		{`employeeOrgData.costCenter + "/" + employeeOrgData.division`, "E-12/Engines"},
		{`accountEnabled ? "in" : "out"`, "in"},
		{`accountEnabled and not (userType == "Guest")`, "yes"},
		{`length(value) * 2 + 1`, "25"},
		{`number("2.5") * 2`, "5"},
		{`left(value, 3) + right(value, 2)`, "Adace"},
		{`left("Ünï", 2)`, "Ün"},
		{`join([value, department], "; ")`, "Ada Lovelace; Research"},
		{`replace(mail, "@contoso.com", "")`, "Ada.Lovelace"},
		{`mail contains "Lovelace"`, "yes"},
		{`mail matches "^ada"`, "no"},
		{`country in ["Great Britain", "Ireland"] ? "UK & Ireland" : country`, "UK & Ireland"},
		{`businessPhones[0]`, "+44 20 7946 0001"},
		{`last(otherMails)`, ""},
		{`value | upper()`, "ADA LOVELACE"},
		{`nil`, ""},
		{`city + "x"`, "unknown"},
		{`otherMails[0]`, "problem: expression: the expression fails: "},
		{`number("x")`, "problem: expression: the expression fails: "},
		{`5 % (length(value) - 12)`, "problem: expression: the expression fails: "},
	} {
		t.Run(tt.source, func(t *testing.T) {
			t.Parallel()
			got := expressed(t, tt.source)
			if got != tt.want && !(strings.HasPrefix(tt.want, "problem") && strings.HasPrefix(got, tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What could run or grow without bound is refused before it runs.
func TestHostileExpressionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		`map(1..1000, map(1..1000, map(1..1000, #)))`,
		`count(1..1000000, true)`,
		`all(1..1000, all(1..1000, all(1..1000, true)))`,
		`reduce(1..100000, #acc + "x", "")`,
		`filter(values, true)`, `sum(1..10)`, `sortBy(values, #)`, `groupBy(values, #)`, `find(values, true)`,
		`1..1000000000`,
		`repeat("x", 1000000)`, `repeat(value, 2)`,
		`let a = value + value; a + a`,
		`value; value`,
		`{"a": value}`,
		`value[0:3]`,
		`now()`, `date("2026-01-01")`, `duration("1h")`, `timezone("UTC")`,
		`fromJSON(value)`, `toJSON(value)`, `fromBase64(value)`, `keys(value)`, `get(value, 0)`,
		`$env`, `$env["mail"]`,
		`value matches value`, `value matches "((a{100}){100}){100}"`, `value matches "(((a{40}){40}))"`,
		`2 ** 1000`, `2 ^ 1000`,
		`department?.x`, `values?.[0]`, `mail.x`, `employeeOrgData.secret`, `employeeOrgData.division.x`,
		`Department`, `passwordProfile`, `manager`, `"a" + `, `"`, ``,
		strings.Repeat("(", 990), strings.Repeat("!", 990) + "true", strings.Repeat("value+", 300) + "value",
		strings.Repeat("-", 900) + "1", strings.Repeat("[", 400) + strings.Repeat("]", 400), strings.Repeat("true?", 190),
	} {
		start := time.Now()
		e, problem := newExpression(source, directory.User)
		if len(source) > maxExpression {
			_, _, problem = newStep(Transform{Kind: Expression, Text: source}, directory.User)
		}
		if problem == "" {
			t.Errorf("%s is accepted as %v", clip(source), e)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %s to refuse", clip(source), took)
		}
	}
}

// The worst that is accepted still ends at once, with a bounded result.
func TestExpressionsAreBounded(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		nest(`replace(`, `, "a", "aaaaaaaaaaaaaaaaaaaaaaaaaa")`, 20),
		nest(`join(split(`, `, ""), " aaaaaaaaaaaaaaaaaaa a ")`, 20),
		nest(`join([`, `, value, value, value, value], value)`, 15),
		nest(`upper(`, `) + value + value`, 15),
		`value matches "(a*)*(a*)*(a*)*(a*)*(a*)*b"`,
	} {
		got := expressed(t, source)
		if len(got) > maxText+100 {
			t.Errorf("%s gives %d bytes", clip(source), len(got))
		}
		if strings.Contains(got, "not available") {
			t.Errorf("%s is refused: %s", clip(source), got)
		}
	}
}

func nest(before, after string, n int) string {
	return strings.Repeat(before, n) + `value` + strings.Repeat(after, n)
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{`value`, `upper(value) + "x"`, `department == "" ? 1 : [value]`, `1..9`, `map(values, #)`, `values[0]`, `-1 in [1]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		st, e, problem := newStep(Transform{Kind: Expression, Text: source}, directory.User)
		if problem != "" {
			return
		}
		s := sheet{values: []directory.Value{directory.TextValue("Ada"), directory.ListValue([]string{"a", "b"})}, slots: []int{0, 1}}
		for i := range e.uses {
			e.uses[i].at = i % 2
		}
		if got, _ := st.apply(&s, directory.TextValue("Ada Lovelace")); len(got.String()) > 2*maxText+maxItems*maxText {
			t.Errorf("%q gives %d bytes", source, len(got.String()))
		}
	})
}
