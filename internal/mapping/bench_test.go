package mapping

import (
	"fmt"
	"testing"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// everyAttribute maps the 31 everyday attributes of people, a field each.
func everyAttribute() (Definition, []Field) {
	def := Definition{Name: "All", Kind: Records, Entity: directory.User, Collection: people, Identifier: ByPrincipal}
	var targets []Field
	for _, a := range directory.Attributes(directory.User) {
		if len(targets) == 31 {
			break
		}
		if a.Members != nil {
			continue
		}
		f := Field{ID: int64(len(targets) + 1), Name: a.Label, Spec: datatype.Spec{Type: datatype.Type(a.Suggest)}}
		f.Spec.Unique = a.Path == "userPrincipalName"
		targets = append(targets, f)
		def.Rows = append(def.Rows, Row{From: a.Path, To: f.ID})
	}
	return def, targets
}

// BenchmarkMap measures one person through 31 rows; the floor is 4 µs.
func BenchmarkMap(b *testing.B) {
	def, targets := everyAttribute()
	rule, err := Compile(def, targets)
	if err != nil {
		b.Fatal(err)
	}
	f := Fields(rule)
	doc := `{"id":"00000000-0000-0000-0000-000000000001","employeeId":"0042","surname":"Lovelace","givenName":"Ada","city":"London",
		"companyName":"Contoso","postalCode":"NW1 6XE","state":"London","usageLocation":"GB","preferredLanguage":"en-GB",
		"mobilePhone":"+44 7700 900123","mailNickname":"ada","faxNumber":null,"employeeType":"Employee","ageGroup":null,` + ada[1:]
	values, err := directory.Document(doc).Pick(f, nil)
	if err != nil {
		b.Fatal(err)
	}
	m, s := rule.Mapper(f), subject()
	var out []reconcile.Desired
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%1000 == 0 {
			m.Reset()
		}
		out = m.Map(out[:0], &s, values, reconcile.Member)
	}
	if !out[0].Enters || len(out[0].Fields) != len(def.Rows) {
		b.Fatal("the person was not mapped")
	}
}

// BenchmarkExpression measures one expression; it takes memory for its names.
func BenchmarkExpression(b *testing.B) {
	def := peopleMapping(Row{To: fieldNotes, Transforms: []Transform{{
		Kind: Expression, Text: `department == "" ? companyName : upper(left(department, 3)) + "-" + employeeOrgData.costCenter`,
	}}})
	rule := compiled(b, def)
	f := Fields(rule)
	values, _ := directory.Document(fmt.Sprintf(`{"companyName":null,%s`, ada[1:])).Pick(f, nil)
	m, s := rule.Mapper(f), subject()
	var out []reconcile.Desired
	b.ReportAllocs()
	for b.Loop() {
		out = m.Map(out[:0], &s, values, reconcile.Member)
	}
	if got := out[0].Fields[2].Value.String(); got != "RES-E-12" {
		b.Fatalf("got %q", got)
	}
}
