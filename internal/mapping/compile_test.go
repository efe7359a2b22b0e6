package mapping

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

func TestCompileReportsProblems(t *testing.T) {
	t.Parallel()
	with := func(change func(d *Definition)) Definition {
		d := peopleMapping()
		change(&d)
		return d
	}
	login := func(change func(d *Definition)) Definition {
		d := loginMapping()
		change(&d)
		return d
	}
	for _, tt := range []struct {
		name string
		def  Definition
		want string // part of the problem or its hint
	}{
		{"unknown attribute", peopleMapping(Row{From: "departmnt", To: fieldNotes}), "Did you mean department?"},
		{"unknown fallback", peopleMapping(Row{From: "department", To: fieldNotes, Fallback: []string{"nope"}}), `"nope" is not an attribute`},
		{"unknown field", peopleMapping(Row{From: "department", To: 99}), "field 99 is not a field"},
		{"field twice", peopleMapping(Row{From: "department", To: fieldName}), "already has a row"},
		{"no source", peopleMapping(Row{To: fieldNotes}), "no attribute is chosen"},
		{"manager into text", peopleMapping(Row{From: "manager", To: fieldNotes}), "no link"},
		{"manager transformed", peopleMapping(Row{From: "manager", To: fieldManager, Transforms: []Transform{{Kind: Upper}}}), "cannot be transformed"},
		{"create without link", peopleMapping(Row{From: "department", To: fieldNotes, CreateMissing: true}), "only links"},
		{"bad transform", peopleMapping(Row{From: "department", To: fieldNotes, Transforms: []Transform{{Kind: "shout"}}}), "not a transform"},
		{"too many transforms", peopleMapping(Row{From: "department", To: fieldNotes, Transforms: slices.Repeat([]Transform{{Kind: Trim}}, 21)}), "20 transforms"},
		{"bad expression", peopleMapping(Row{To: fieldNotes, Transforms: []Transform{{Kind: Expression, Text: "nope + 1"}}}), `"nope"`},
		{"login target in records", peopleMapping(Row{From: "mail", To: LoginEmailField}), "not a field of the collection"},
		{"no name", with(func(d *Definition) { d.Name = "" }), "no name"},
		{"no kind", with(func(d *Definition) { d.Kind = "x" }), "not a kind"},
		{"no collection", with(func(d *Definition) { d.Collection = 0 }), "keeps records in a collection"},
		{"no entity", with(func(d *Definition) { d.Entity = directory.NoKind }), "users, devices or groups"},
		{"bad zone", with(func(d *Definition) { d.Zone = "Berlin" }), "time zone"},
		{"bad guests", with(func(d *Definition) { d.Guests = "maybe" }), "policy for guests"},
		{"bad unit", with(func(d *Definition) { d.Units = []directory.UnitRef{{Kind: directory.User, Name: "x"}} }), "a unit is a group"},
		{"bad condition", with(func(d *Definition) { d.Conditions = []Condition{{Path: "department", Operator: "like"}} }), "not an operator"},
		{"condition on unknown", with(func(d *Definition) { d.Conditions = []Condition{{Path: "dept", Operator: IsEmpty}} }), `"dept" is not an attribute`},
		{"no identifier", with(func(d *Definition) { d.Identifier = "" }), "unique identifier"},
		{"identifier unmapped", with(func(d *Definition) { d.Identifier = ByEmail }), "mail is not mapped"},
		{"identifier in a field that repeats", with(func(d *Definition) {
			d.Identifier = ByEmail
			d.Rows = append(d.Rows, Row{From: "mail", To: fieldEmail})
		}), "same value twice"},
		{"login without unit", login(func(d *Definition) { d.Units = nil }), "let everybody in"},
		{"login without role", login(func(d *Definition) { d.Role = 0 }), "gives a role"},
		{"login of devices", login(func(d *Definition) { d.Entity = directory.Device; d.Identifier = ByObjectID }), "only users"},
		{"field of a login without collection", login(func(d *Definition) { d.Rows = []Row{{From: "mail", To: fieldEmail}} }), "not a field of the collection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Compile(tt.def, peopleFields())
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("err = %v, want an invalid mapping", err)
			}
			problems := Problems(tt.def, peopleFields())
			found := slices.ContainsFunc(problems, func(p Problem) bool {
				return strings.Contains(p.Message, tt.want) || strings.Contains(p.Hint, tt.want) || strings.Contains(p.Subject, tt.want)
			})
			if !found || len(problems) > 2 {
				t.Errorf("problems = %+v, want one about %q", problems, tt.want)
			}
		})
	}
}

func TestCompileJoinsAllProblems(t *testing.T) {
	t.Parallel()
	def := peopleMapping(Row{From: "nope", To: fieldNotes}, Row{From: "mail", To: 99})
	def.Zone = "nowhere"
	_, err := Compile(def, peopleFields())
	for _, part := range []string{"nowhere", "row 3 (nope to Notes)", "row 4 (mail)"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error lacks %q:\n%v", part, err)
		}
	}
}

func TestRulePaths(t *testing.T) {
	t.Parallel()
	def := peopleMapping(
		Row{From: "Employee org data", To: fieldCostCenter}, Row{From: "manager", To: fieldManager},
		Row{To: fieldNotes, Transforms: []Transform{{Kind: Expression, Text: `city + employeeOrgData.division`}}})
	def.Conditions = []Condition{{Path: "EmployeeType", Operator: IsNotEmpty}}
	r := compiled(t, def)
	want := []string{
		"accountEnabled", "city", "displayName", "employeeOrgData.costCenter", "employeeOrgData.division",
		"employeeType", "mail", "manager.id", "otherMails", "userPrincipalName", "userType",
	}
	if diff := cmp.Diff(want, r.Paths()); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	want = []string{
		"accountEnabled", "city", "displayName", "employeeOrgData", "employeeType", "mail", "otherMails",
		"userPrincipalName", "userType",
	}
	if diff := cmp.Diff(want, r.Selects()); diff != "" {
		t.Errorf("selects (-want +got):\n%s", diff)
	}
	if r.Expand() != "manager" {
		t.Errorf("expand = %q, want manager", r.Expand())
	}
}

func TestRuleIdentity(t *testing.T) {
	t.Parallel()
	r := compiled(t, peopleMapping(Row{From: "Email", To: fieldEmail}, Row{From: "department", To: fieldNotes}))
	if diff := cmp.Diff([]int64{fieldName, fieldUPN, fieldEmail}, r.Identity()); diff != "" {
		t.Errorf("fields whose change is a rename (-want +got):\n%s", diff)
	}
}

func TestDeviceMapping(t *testing.T) {
	t.Parallel()
	targets := []Field{
		{ID: 1, Name: "Name", Title: true, Spec: datatype.Spec{Type: datatype.Text}},
		{ID: 2, Name: "Owner", Spec: datatype.Spec{Type: datatype.Link, Collection: people}},
		{ID: 3, Name: "Device ID", Spec: datatype.Spec{Type: datatype.Text, Unique: true}},
	}
	r, err := Compile(Definition{
		Name: "Devices", Kind: Records, Entity: directory.Device, Collection: 5, Identifier: "deviceId",
		Rows: []Row{{From: "displayName", To: 1}, {From: "registeredOwners", To: 2}, {From: "deviceId", To: 3}},
	}, targets)
	if err != nil {
		t.Fatal(err)
	}
	f := Fields(r)
	doc := `{"displayName":"LAP-1","deviceId":"D-7","registeredOwners":[{"id":"00000000-0000-0000-0000-000000000001"}]}`
	values, err := directory.Document(doc).Pick(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := reconcile.Subject{Kind: directory.Device, Standing: reconcile.Live}
	d := r.Mapper(f).Map(nil, &s, values, reconcile.Outside)[0]
	owner, _ := directory.ParseObjectID("00000000-0000-0000-0000-000000000001")
	if got := field(t, d, 2); got.Ref == nil || got.Ref.Object != owner || got.Ref.Collection != people {
		t.Errorf("owner = %+v", got)
	}
	if !d.Enters || len(d.Match) != 1 || d.Match[0] != (reconcile.MatchKey{Field: 3, Key: "d-7"}) {
		t.Errorf("enters %v, match %v; a mapping without units takes everything", d.Enters, d.Match)
	}
	if r.Expand() != "registeredOwners" {
		t.Errorf("expand = %q", r.Expand())
	}
}
