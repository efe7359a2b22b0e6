package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

func TestMapFillsFields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		row  Row
		want string // canonical JSON
	}{
		{"text", Row{From: "displayName", To: fieldCostCenter}, `"Ada Lovelace"`},
		{"by label", Row{From: "Display name", To: fieldCostCenter}, `"Ada Lovelace"`},
		{"email keeps its spelling", Row{From: "mail", To: fieldEmail}, `"Ada.Lovelace@contoso.com"`},
		{"first phone of the list", Row{From: "businessPhones", To: fieldPhone}, `"+44 20 7946 0001"`},
		{"yes or no", Row{From: "accountEnabled", To: fieldEnabled}, `true`},
		{"yes or no into text", Row{From: "accountEnabled", To: fieldCostCenter}, `"yes"`},
		{"part of an object", Row{From: "employeeOrgData.costCenter", To: fieldCostCenter}, `"E-12"`},
		{"both parts", Row{From: "Employee org data", To: fieldCostCenter}, `"Engines, E-12"`},
		{"lines into long text", Row{From: "streetAddress", To: fieldNotes}, `"1 Mill Lane\nLondon"`},
		{"lines into one line", Row{From: "streetAddress", To: fieldCostCenter}, `"1 Mill Lane London"`},
		{"fallback", Row{From: "jobTitle", To: fieldCostCenter, Fallback: []string{"department"}}, `"Research"`},
		{"constant", Row{To: fieldCostCenter, Transforms: []Transform{{Kind: Constant, Text: "X"}}}, `"X"`},
		{"list into several choices", Row{From: "businessPhones", To: fieldTags}, `["+44 20 7946 0001"]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := record(t, ada, tt.row)
			if !got.Said || got.Problem != nil || got.Value.JSON() != tt.want {
				t.Errorf("got %s, said %v, problem %+v; want %s", got.Value.JSON(), got.Said, got.Problem, tt.want)
			}
		})
	}
}

func TestMapLinks(t *testing.T) {
	t.Parallel()
	got := record(t, ada, Row{From: "officeLocation", To: fieldOffice, CreateMissing: true})
	want := &reconcile.Ref{Collection: places, Text: "london 4", Label: "London 4", Create: true}
	if diff := cmp.Diff(want, got.Ref); diff != "" {
		t.Errorf("office (-want +got):\n%s", diff)
	}
	boss, _ := directory.ParseObjectID("00000000-0000-0000-0000-000000000009")
	got = record(t, ada, Row{From: "manager", To: fieldManager})
	if diff := cmp.Diff(&reconcile.Ref{Collection: people, Object: boss}, got.Ref); diff != "" {
		t.Errorf("manager (-want +got):\n%s", diff)
	}
	got = record(t, strings.ReplaceAll(ada, `{"id":"00000000-0000-0000-0000-000000000009"}`, `null`), Row{From: "manager", To: fieldManager})
	if !got.Said || got.Ref != nil || !got.Value.IsEmpty() {
		t.Errorf("no manager: got %+v, want an empty field", got)
	}
}

// A null or missing attribute never becomes a text such as <nil>, and spoils
// nothing else.
func TestF30NullIsEmpty(t *testing.T) {
	t.Parallel()
	doc := `{"displayName":"Ada","userPrincipalName":"ada@contoso.com","mail":null,"accountEnabled":null,
		"businessPhones":null,"employeeHireDate":null,"officeLocation":null,"manager":null,"employeeOrgData":null}`
	rows := []Row{
		{From: "mail", To: fieldEmail}, {From: "accountEnabled", To: fieldEnabled}, {From: "businessPhones", To: fieldPhone},
		{From: "employeeHireDate", To: fieldHired}, {From: "officeLocation", To: fieldOffice}, {From: "manager", To: fieldManager},
		{From: "employeeOrgData", To: fieldCostCenter}, {From: "mail", To: fieldNotes, Transforms: []Transform{{Kind: Upper}, {Kind: Trim}}},
		{From: "mail", To: fieldSite, Transforms: []Transform{{Kind: Expression, Text: `lower(value)`}}},
	}
	d := mapped(t, peopleMapping(rows...), doc, subject(), reconcile.Member)[0]
	for _, r := range rows {
		if got := field(t, d, r.To); !got.Said || !got.Value.IsEmpty() || got.Ref != nil || got.Problem != nil {
			t.Errorf("%s: got %+v, want said to be empty", r.From, got)
		}
	}
	if got := field(t, d, fieldName).Value.String(); got != "Ada" {
		t.Errorf("name = %q, want Ada", got)
	}
}

func TestF31LoginEmailFallsBackInOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, doc string
		email     string
		loginName string
	}{
		{"mail first", `{"displayName":"Ada","userPrincipalName":"ada@contoso.com","mail":"a.l@contoso.com"}`, "a.l@contoso.com", "Ada"},
		{"no mailbox", `{"displayName":"Ada","userPrincipalName":"ada@contoso.com","mail":null}`, "ada@contoso.com", "Ada"},
		{"mail never set", `{"displayName":"Ada","userPrincipalName":"ada@contoso.com"}`, "ada@contoso.com", "Ada"},
		{"no name", `{"userPrincipalName":"ada@contoso.com","displayName":null}`, "ada@contoso.com", "ada@contoso.com"},
		{"neither", `{"displayName":"Ada","mail":null,"userPrincipalName":null}`, "", "Ada"},
		{"not an address", `{"displayName":"Ada","mail":null,"userPrincipalName":"ada"}`, "", "Ada"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := mapped(t, loginMapping(), tt.doc, subject(), reconcile.Member)[0]
			if d.LoginEmail != tt.email || d.LoginName != tt.loginName {
				t.Errorf("got %q <%s>, want %q <%s>", d.LoginName, d.LoginEmail, tt.loginName, tt.email)
			}
		})
	}
}

// The principal name of a guest is never taken apart for an address.
func TestF33Guests(t *testing.T) {
	t.Parallel()
	const upn = `"displayName":"Bo","userPrincipalName":"bo_fabrikam.com#EXT#@contoso.com"`
	guest := subject()
	guest.Guest = true
	for _, tt := range []struct{ name, doc, email string }{
		{"mail", `{` + upn + `,"mail":"bo@fabrikam.com","otherMails":["x@y.org"]}`, "bo@fabrikam.com"},
		{"home address", `{` + upn + `,"mail":null,"otherMails":["bo@fabrikam.com"]}`, "bo@fabrikam.com"},
		{"two home addresses", `{` + upn + `,"mail":null,"otherMails":["a@b.org","bo@fabrikam.com"]}`, ""},
		{"none", `{` + upn + `,"mail":null,"otherMails":[]}`, ""},
	} {
		if got := mapped(t, loginMapping(), tt.doc, guest, reconcile.Member)[0].LoginEmail; got != tt.email {
			t.Errorf("%s: email = %q, want %q", tt.name, got, tt.email)
		}
	}
	both := loginMapping(peopleMapping().Rows...)
	both.Collection = people
	for _, tt := range []struct {
		policy        GuestPolicy
		login, record bool
	}{{IncludeGuests, true, true}, {ExcludeGuests, false, false}, {PeopleOnly, false, true}} {
		both.Guests = tt.policy
		d := mapped(t, both, ada, guest, reconcile.Member)
		if d[0].Enters != tt.login || d[1].Enters != tt.record {
			t.Errorf("policy %q: login %v, record %v; want %v, %v", tt.policy, d[0].Enters, d[1].Enters, tt.login, tt.record)
		}
		if !tt.login && d[0].Why != reconcile.GuestExcluded {
			t.Errorf("policy %q: reason %q, want %q", tt.policy, d[0].Why, reconcile.GuestExcluded)
		}
		if d := mapped(t, both, ada, subject(), reconcile.Member); !d[0].Enters || !d[1].Enters {
			t.Errorf("policy %q keeps a member of the organization out", tt.policy)
		}
	}
}

func TestF34AbsentIsUnknown(t *testing.T) {
	t.Parallel()
	const doc = `{"displayName":"Ada","userPrincipalName":"ada@contoso.com","jobTitle":null,"companyName":"Contoso"}`
	for _, tt := range []struct {
		name string
		row  Row
		said bool
	}{
		{"absent", Row{From: "department", To: fieldCostCenter}, false},
		{"null", Row{From: "jobTitle", To: fieldCostCenter}, true},
		{"absent outranks the fallback", Row{From: "department", To: fieldCostCenter, Fallback: []string{"companyName"}}, false},
		{"absent fallback", Row{From: "jobTitle", To: fieldCostCenter, Fallback: []string{"department", "companyName"}}, false},
		{"null then a value", Row{From: "jobTitle", To: fieldCostCenter, Fallback: []string{"companyName"}}, true},
		{"default does not stand in", Row{From: "department", To: fieldCostCenter, Transforms: []Transform{{Kind: Default, Text: "?"}}}, false},
		{"expression on it", Row{To: fieldCostCenter, Transforms: []Transform{{Kind: Expression, Text: `department + "!"`}}}, false},
		{"a part of an absent object", Row{From: "employeeOrgData.division", To: fieldCostCenter}, false},
		{"absent yes or no", Row{From: "accountEnabled", To: fieldEnabled}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := record(t, doc, tt.row); got.Said != tt.said || got.Problem != nil {
				t.Errorf("said = %v, problem %+v; want %v", got.Said, got.Problem, tt.said)
			}
		})
	}
}

func TestF35EmptyRules(t *testing.T) {
	t.Parallel()
	keep, clear := reconcile.KeepWhenEmpty, reconcile.ClearWhenEmpty
	for _, tt := range []struct {
		name  string
		field int64
		rule  *reconcile.EmptyRule
		want  reconcile.EmptyRule
	}{
		{"default", fieldCostCenter, nil, clear},
		{"default of a required field", fieldName, nil, keep},
		{"default of a unique field", fieldUPN, nil, keep},
		{"kept", fieldCostCenter, &keep, keep},
		{"cleared", fieldName, &clear, clear},
	} {
		def := peopleMapping()
		def.Identifier = ByObjectID
		def.Rows = []Row{{From: "jobTitle", To: tt.field, Empty: tt.rule}}
		got := field(t, mapped(t, def, ada, subject(), reconcile.Member)[0], tt.field)
		if got.Empty != tt.want || !got.Said || !got.Value.IsEmpty() {
			t.Errorf("%s: got rule %d, said %v, value %q; want rule %d and empty", tt.name, got.Empty, got.Said, got.Value, tt.want)
		}
	}
}

// Text goes through unchanged; only keys fold, and they keep the accents.
func TestF38UnicodeIsKept(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Jürgen Groß", "Nguyễn Thị Ánh", "\u200b", "e\u0301", "이름", "O'Brien & Söhne <x>"} {
		doc := `{"displayName":"` + name + `","userPrincipalName":"Jürgen@contoso.com"}`
		d := mapped(t, peopleMapping(), doc, subject(), reconcile.Member)[0]
		if got := field(t, d, fieldName).Value.String(); got != name {
			t.Errorf("name = %q, want %q", got, name)
		}
		if got := d.Match[0].Key; got != "jürgen@contoso.com" {
			t.Errorf("key = %q, want the accents kept", got)
		}
	}
}

func TestF39CivilDates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ zone, at, want string }{
		{"", "2026-05-18T00:00:00Z", "2026-05-18"},
		{"", "2026-05-18T23:59:59Z", "2026-05-18"},
		{"", "2026-05-18T00:30:00+02:00", "2026-05-17"},
		{"Europe/Berlin", "2026-05-17T22:00:00Z", "2026-05-18"},
		{"America/New_York", "2026-05-18T00:00:00Z", "2026-05-17"},
		{"America/New_York", "2026-05-18", "2026-05-18"},
	} {
		def := peopleMapping(Row{From: "employeeHireDate", To: fieldHired})
		def.Zone = tt.zone
		doc := `{"employeeHireDate":"` + tt.at + `"}`
		got := field(t, mapped(t, def, doc, subject(), reconcile.Member)[0], fieldHired)
		if got.Value != datatype.FromJSON(`"`+tt.want+`"`) {
			t.Errorf("%s in %q = %s, want %s", tt.at, tt.zone, got.Value.JSON(), tt.want)
		}
	}
}

func TestF40TolerantBooleans(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]string{
		`true`: "true", `"True"`: "true", `"TRUE"`: "true", `"1"`: "true", `1`: "true", `"yes"`: "true",
		`false`: "false", `"False"`: "false", `"0"`: "false", `"No"`: "false",
	} {
		doc := `{"accountEnabled":` + spelling + `}`
		if got := record(t, doc, Row{From: "accountEnabled", To: fieldEnabled}).Value.JSON(); got != want {
			t.Errorf("accountEnabled %s = %s, want %s", spelling, got, want)
		}
		def := peopleMapping()
		def.Conditions = []Condition{{Path: "accountEnabled", Operator: IsTrue}}
		if got := mapped(t, def, doc, subject(), reconcile.Member)[0].Enters; got != (want == "true") {
			t.Errorf("accountEnabled %s is true = %v, want %s", spelling, got, want)
		}
	}
}

func TestMapReportsMisfits(t *testing.T) {
	t.Parallel()
	doc := `{"displayName":null,"userPrincipalName":"ada@contoso.com","mail":"not an address","externalUserState":"Lost",
		"businessPhones":["call me"],"employeeHireDate":"soon","manager":{"id":"nobody"},"department":"a\u0000b"}`
	for _, tt := range []struct {
		name   string
		row    Row
		reason reconcile.Reason
		detail string
	}{
		{"email", Row{From: "mail", To: fieldEmail}, reconcile.ValueDoesNotFit, "not an email address"},
		{"choice", Row{From: "externalUserState", To: fieldState}, reconcile.ValueDoesNotFit, "PendingAcceptance, Accepted"},
		{"phone", Row{From: "businessPhones", To: fieldPhone}, reconcile.ValueDoesNotFit, "phone number"},
		{"date", Row{From: "employeeHireDate", To: fieldHired}, reconcile.ValueDoesNotFit, "2026-05-18"},
		{"reference", Row{From: "manager", To: fieldManager}, reconcile.ValueDoesNotFit, "identifier"},
		{"control character", Row{From: "department", To: fieldCostCenter}, reconcile.ValueDoesNotFit, "control character"},
		{"transform", Row{From: "mail", To: fieldPhone, Transforms: []Transform{{Kind: E164, Text: "DE"}}}, reconcile.ValueDoesNotFit, "e164"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := mapped(t, peopleMapping(tt.row), doc, subject(), reconcile.Member)[0]
			got := field(t, d, tt.row.To)
			if got.Problem == nil || got.Problem.Reason != tt.reason || !strings.Contains(got.Problem.Detail, tt.detail) {
				t.Errorf("problem = %+v, want %s about %q", got.Problem, tt.reason, tt.detail)
			}
			if upn := field(t, d, fieldUPN); upn.Problem != nil || upn.Value.String() != "ada@contoso.com" {
				t.Errorf("another field suffered: %+v", upn)
			}
			if name := field(t, d, fieldName); name.Problem == nil || name.Problem.Reason != reconcile.RequiredFieldEmpty {
				t.Errorf("empty required field: problem = %+v, want %s", name.Problem, reconcile.RequiredFieldEmpty)
			}
		})
	}
}

func TestEntering(t *testing.T) {
	t.Parallel()
	sales := []Condition{{Path: "department", Operator: Equals, Value: "sales"}}
	for _, tt := range []struct {
		name                 string
		conditions           []Condition
		doc                  string
		in                   reconcile.Membership
		enters, undetermined bool
		why                  reconcile.Reason
		detail               string
	}{
		{"member", nil, `{}`, reconcile.Member, true, false, "", ""},
		{"outside", nil, `{}`, reconcile.Outside, false, false, reconcile.OutsideUnits, ""},
		{"unit not read", nil, `{}`, reconcile.Undetermined, false, true, reconcile.UnitUnknown, ""},
		{"condition holds", sales, `{"department":"SALES"}`, reconcile.Member, true, false, "", ""},
		{"condition fails", sales, `{"department":"Legal"}`, reconcile.Member, false, false, reconcile.OutsideConditions, `department is "sales"; it is Legal`},
		{"condition on null fails", sales, `{"department":null}`, reconcile.Member, false, false, reconcile.OutsideConditions, "it is empty"},
		{"condition unknown", sales, `{}`, reconcile.Member, false, true, reconcile.OutsideConditions, "did not say department"},
		{"fails, unit not read", sales, `{"department":"Legal"}`, reconcile.Undetermined, false, false, reconcile.OutsideConditions, "Legal"},
		{"unknown, outside", sales, `{}`, reconcile.Outside, false, false, reconcile.OutsideUnits, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			def := loginMapping()
			def.Conditions = tt.conditions
			d := mapped(t, def, tt.doc, subject(), tt.in)[0]
			if d.Enters != tt.enters || d.Undetermined != tt.undetermined || d.Why != tt.why || !strings.Contains(d.Detail, tt.detail) {
				t.Errorf("got enters %v, undetermined %v, %q %q", d.Enters, d.Undetermined, d.Why, d.Detail)
			}
		})
	}
}

func TestMapLoginWithRecord(t *testing.T) {
	t.Parallel()
	def := loginMapping(
		Row{From: "displayName", To: fieldName}, Row{From: "userPrincipalName", To: fieldUPN},
		Row{From: "mail", To: LoginNameField}, Row{From: "userPrincipalName", To: LoginEmailField})
	def.Collection, def.LeaveWhenNotFound = people, true
	def.Outside = reconcile.RoleWish{Module: 3, Role: 9}
	d := mapped(t, def, ada, subject(), reconcile.Member)
	if len(d) != 2 || d[0].Target != reconcile.Login || d[1].Target != reconcile.Record {
		t.Fatalf("got %d desired, want a login and a record", len(d))
	}
	if d[0].Role != (reconcile.RoleWish{Module: 3, Role: 4}) || d[0].KeepWhenOutside != def.Outside || !d[0].LeaveWhenNotFound {
		t.Errorf("login = %+v", d[0])
	}
	if d[0].LoginName != "Ada.Lovelace@contoso.com" || d[0].LoginEmail != "ada@contoso.com" {
		t.Errorf("login = %q <%s>, want the rows to decide", d[0].LoginName, d[0].LoginEmail)
	}
	if diff := cmp.Diff([]reconcile.MatchKey{{Key: "ada@contoso.com"}}, d[0].Match); diff != "" {
		t.Errorf("login match (-want +got):\n%s", diff)
	}
	if len(d[1].Fields) != 2 || d[1].Collection != people {
		t.Errorf("record = %+v, want the two fields of the collection", d[1])
	}
	if diff := cmp.Diff([]reconcile.MatchKey{{Field: fieldUPN, Key: "ada@contoso.com"}}, d[1].Match); diff != "" {
		t.Errorf("record match (-want +got):\n%s", diff)
	}
}

// A deleted account's principal name has its object ID in front.
func TestDeletedObjectsAreNotMapped(t *testing.T) {
	t.Parallel()
	def := loginMapping(peopleMapping().Rows...)
	def.Collection = people
	for _, standing := range []reconcile.Standing{reconcile.SoftDeleted, reconcile.Gone, reconcile.Missing, reconcile.NotFound} {
		s := subject()
		s.Standing = standing
		for _, d := range mapped(t, def, ada, s, reconcile.Member) {
			if len(d.Fields)+len(d.Match) > 0 || d.LoginEmail != "" || d.LoginName != "" {
				t.Errorf("standing %d: got %+v, want no fields and no keys", standing, d)
			}
		}
	}
}

// Lists come in another order each time; that is no change.
func TestUnorderedListsAreSorted(t *testing.T) {
	t.Parallel()
	one := record(t, `{"otherMails":["b@x.org","a@x.org"]}`, Row{From: "otherMails", To: fieldCostCenter})
	two := record(t, `{"otherMails":["a@x.org","b@x.org"]}`, Row{From: "otherMails", To: fieldCostCenter})
	if one.Value != two.Value || one.Value.String() != "a@x.org, b@x.org" {
		t.Errorf("got %s and %s", one.Value, two.Value)
	}
}
