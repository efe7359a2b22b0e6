package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
)

// The small company that most tests speak of: one collection of people with a
// name and an email that identify, a phone, a department that is a link and a
// note; two modules; a mapping that gives everybody a role and one above it that
// makes administrators.
const (
	people int64 = 1

	fieldName  int64 = 1
	fieldEmail int64 = 2
	fieldPhone int64 = 3
	fieldDept  int64 = 4
	fieldNote  int64 = 5

	mapAdmins  int64 = 10
	mapStaff   int64 = 11
	mapOther   int64 = 12
	mapRemoved int64 = 19
	mapRecords int64 = 20
	mapForeign int64 = 90

	module1 int64 = 1
	module2 int64 = 2

	collaborator int64 = 100
	moduleAdmin  int64 = 101
	viewer       int64 = 102
)

var purge = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func facts() *Facts {
	return &Facts{
		Resolve: map[RefKey]int64{{Collection: 2, Text: "sales"}: 70},
		Mappings: map[int64]bool{
			mapAdmins: true, mapStaff: true, mapOther: true, mapRecords: true, mapRemoved: false,
		},
		Identity: map[int64][]int64{people: {fieldName, fieldEmail}},
	}
}

func text(s string) datatype.Value { return datatype.OfText(s) }

func subject(s Standing) Subject {
	sub := Subject{
		Entry: 1, Version: 3, Object: directory.ObjectID{15: 1}, Kind: directory.User,
		Standing: s, Name: "Ada Byron", Principal: "ada@example.com",
	}
	if s == SoftDeleted {
		sub.PurgeAt = purge
	}
	return sub
}

func says(field int64, value string) DesiredField {
	return DesiredField{Field: field, Said: true, Value: text(value), Source: fmt.Sprintf("attribute%d", field)}
}

func recordWish(fields ...DesiredField) Desired {
	return Desired{Mapping: mapRecords, Target: Record, Collection: people, Enters: true, Fields: fields}
}

func loginWish(mapping, role int64) Desired {
	return Desired{
		Mapping: mapping, Target: Login, Enters: true,
		Role:      RoleWish{Module: module1, Role: role, Administrator: role == moduleAdmin},
		LoginName: "Ada Byron", LoginEmail: "ada@example.com",
	}
}

func outside(d Desired, why Reason) Desired {
	d.Enters, d.Why, d.Detail = false, why, "clause of "+fmt.Sprint(d.Mapping)
	return d
}

func undetermined(d Desired) Desired {
	d.Enters, d.Undetermined, d.Why = false, true, UnitUnknown
	return d
}

func noRecord(candidates ...Candidate) Current {
	return Current{Target: Record, Collection: people, Candidates: candidates}
}

func record(status Status, fields ...FieldValue) Current {
	return Current{Target: Record, Collection: people, ID: 40, Version: 8, Status: status, Fields: fields}
}

func holds(field int64, value string) FieldValue { return FieldValue{Field: field, Value: text(value)} }

func noLogin(candidates ...Candidate) Current { return Current{Target: Login, Candidates: candidates} }

func login(grants ...Grant) Current {
	return Current{Target: Login, ID: 50, Version: 4, Login: LoginState{
		Name: "Ada Byron", Email: "ada@example.com", Grants: grants,
	}}
}

func closed(cur Current) Current {
	cur.Login.Deactivated = true
	return cur
}

func byHand(cur Current) Current {
	cur.Login.Deactivated, cur.Login.ByHand = true, true
	return cur
}

func protected(cur Current) Current {
	cur.Login.Protected = true
	return cur
}

func grant(mapping, role int64) Grant {
	return Grant{Module: module1, Mapping: mapping, Role: role, Administrator: role == moduleAdmin}
}

// planOf plans a subject of the given standing and renders the plan.
func planOf(s Standing, cur Current, wishes ...Desired) string {
	return renderAll(Plan(Case{Subject: subject(s), Desired: wishes, Current: []Current{cur}}, facts()))
}

func renderAll(changes []Change) string {
	lines := make([]string, len(changes))
	for i := range changes {
		lines[i] = render(&changes[i])
	}
	return strings.Join(lines, "\n")
}

// render says a change on one line, with everything that a test may care for.
func render(c *Change) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", c.Verb, c.Target)
	if c.TargetID != 0 {
		fmt.Fprintf(&b, "#%d", c.TargetID)
	}
	fmt.Fprintf(&b, ": %s", c.Reason)
	if c.Status != c.StatusBefore {
		fmt.Fprintf(&b, "; status %q to %q", c.StatusBefore, c.Status)
	}
	if !c.PurgeAt.IsZero() {
		fmt.Fprintf(&b, "; purge %s", c.PurgeAt.Format(time.DateOnly))
	}
	if c.LoginName != "" {
		fmt.Fprintf(&b, "; name %q to %q", c.NameBefore, c.LoginName)
	}
	if c.LoginEmail != "" {
		fmt.Fprintf(&b, "; email %q to %q", c.EmailBefore, c.LoginEmail)
	}
	for _, f := range c.Fields {
		fmt.Fprintf(&b, "; field %d %s to %s", f.Field, f.Before.JSON(), f.After.JSON())
		if f.Ref != nil {
			fmt.Fprintf(&b, " by reference %q", f.Ref.Label)
		}
	}
	for _, r := range c.Roles {
		fmt.Fprintf(&b, "; role in %d of %d: %d to %d", r.Module, r.Mapping, r.Before, r.After)
	}
	for _, i := range c.Issues {
		fmt.Fprintf(&b, "; issue %d %s", i.Field, i.Reason)
	}
	if names := classesOf(c.Class); names != "" {
		fmt.Fprintf(&b, " [%s]", names)
	}
	return b.String()
}

func classesOf(set Class) string {
	var names []string
	for _, class := range Classes() {
		if set&class != 0 {
			names = append(names, class.String())
		}
	}
	return strings.Join(names, " ")
}

func check(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("plan differs\n got: %s\nwant: %s", got, want)
	}
}

func countActing(changes []Change) int {
	n := 0
	for i := range changes {
		if changes[i].Verb.Acts() {
			n++
		}
	}
	return n
}
