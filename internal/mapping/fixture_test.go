package mapping

import (
	"testing"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// Fields of the People collection that tests map to.
const (
	fieldName = int64(iota + 1)
	fieldUPN
	fieldEmail
	fieldPhone
	fieldHired
	fieldEnabled
	fieldState
	fieldOffice
	fieldManager
	fieldNotes
	fieldCostCenter
	fieldPay
	fieldSeen
	fieldTags
	fieldSite
)

const people, places = int64(7), int64(8)

func peopleFields() []Field {
	f := func(id int64, name string, t datatype.Type) Field {
		return Field{ID: id, Name: name, Spec: datatype.Spec{Type: t}}
	}
	all := []Field{
		f(fieldName, "Name", datatype.Text), f(fieldUPN, "Sign-in name", datatype.Text),
		f(fieldEmail, "Email", datatype.Email), f(fieldPhone, "Phone", datatype.Phone),
		f(fieldHired, "Hire date", datatype.Date), f(fieldEnabled, "Account enabled", datatype.YesNo),
		f(fieldState, "Guest state", datatype.Choice), f(fieldOffice, "Office", datatype.Link),
		f(fieldManager, "Manager", datatype.Link), f(fieldNotes, "Notes", datatype.LongText),
		f(fieldCostCenter, "Cost center", datatype.Text), f(fieldPay, "Pay", datatype.Currency),
		f(fieldSeen, "Last seen", datatype.DateTime), f(fieldTags, "Tags", datatype.Choices),
		f(fieldSite, "Site", datatype.WebAddress),
	}
	all[0].Title, all[0].Spec.Required = true, true
	all[1].Spec.Unique = true
	all[6].Spec.Choices = []string{"PendingAcceptance", "Accepted"}
	all[7].Spec.Collection, all[8].Spec.Collection = places, people
	return all
}

// peopleMapping keeps a record of everybody, with the given rows added to the
// title and the identifier.
func peopleMapping(rows ...Row) Definition {
	return Definition{
		ID: 11, Name: "People", Kind: Records, Entity: directory.User, Collection: people, Identifier: ByPrincipal,
		Rows: append([]Row{{From: "displayName", To: fieldName}, {From: "userPrincipalName", To: fieldUPN}}, rows...),
	}
}

// loginMapping gives members of a group a role and keeps no record.
func loginMapping(rows ...Row) Definition {
	return Definition{
		ID: 12, Name: "Staff", Kind: Login, Entity: directory.User, Identifier: ByPrincipal,
		Units:  []directory.UnitRef{{Kind: directory.Group, Name: "All Staff"}},
		Module: 3, Role: 4, Rows: rows,
	}
}

const ada = `{"id":"00000000-0000-0000-0000-000000000001","displayName":"Ada Lovelace",
 "userPrincipalName":"ada@contoso.com","mail":"Ada.Lovelace@contoso.com","accountEnabled":true,"userType":"Member",
 "businessPhones":["+44 20 7946 0001"],"otherMails":[],"department":"Research","jobTitle":null,
 "employeeHireDate":"2026-05-18T00:00:00Z","officeLocation":"London 4","streetAddress":"1 Mill Lane\r\nLondon",
 "employeeOrgData":{"division":"Engines","costCenter":"E-12"},"manager":{"id":"00000000-0000-0000-0000-000000000009"},
 "externalUserState":null,"country":"Great Britain"}`

func subject() reconcile.Subject {
	return reconcile.Subject{Entry: 1, Kind: directory.User, Standing: reconcile.Live, Name: "Ada Lovelace"}
}

func compiled(t testing.TB, def Definition) *Rule {
	t.Helper()
	r, err := Compile(def, peopleFields())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mapped runs a rule over one document.
func mapped(t testing.TB, def Definition, doc string, s reconcile.Subject, in reconcile.Membership) []reconcile.Desired {
	t.Helper()
	r := compiled(t, def)
	f := Fields(r)
	values, err := directory.Document(doc).Pick(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Mapper(f).Map(nil, &s, values, in)
}

// field returns what a mapping wants of one field.
func field(t testing.TB, d reconcile.Desired, id int64) reconcile.DesiredField {
	t.Helper()
	for _, f := range d.Fields {
		if f.Field == id {
			return f
		}
	}
	t.Fatalf("field %d is not among the desired", id)
	return reconcile.DesiredField{}
}

// record maps one document through the people mapping with one row more and
// returns that row's field.
func record(t testing.TB, doc string, r Row) reconcile.DesiredField {
	t.Helper()
	return field(t, mapped(t, peopleMapping(r), doc, subject(), reconcile.Member)[0], r.To)
}
