package reconcile

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/datatype"
)

var update = flag.Bool("update", false, "write the golden files anew")

// person is one row of a small company: what the directory says, and what the
// register holds.
type person struct {
	name     string
	standing Standing
	admins   Membership // of the unit of administrators
	staff    Membership // of the unit of everybody
	guest    bool
	mail     string
	phone    *string // nil when the directory does not say
	now      []Current
}

func (p *person) at(entry int64) Case {
	sub := subject(p.standing)
	sub.Entry, sub.Object[14], sub.Name, sub.Guest = entry, byte(entry), p.name, p.guest
	rec := recordWish(says(fieldName, p.name), says(fieldEmail, p.mail), DesiredField{
		Field: fieldDept, Said: true, Ref: &Ref{Collection: 2, Text: "sales", Label: "Sales"}, Source: "department",
	})
	if p.phone != nil {
		rec.Fields = append(rec.Fields, DesiredField{
			Field: fieldPhone, Said: true, Value: text(*p.phone), Empty: ClearWhenEmpty, Source: "mobilePhone",
		})
	}
	c := Case{Subject: sub, Current: p.now, Desired: []Desired{
		scoped(rec, p.staff),
		scoped(loginWish(mapAdmins, moduleAdmin), p.admins),
		scoped(loginWish(mapStaff, collaborator), p.staff),
	}}
	for i := range c.Desired {
		c.Desired[i].LoginName, c.Desired[i].LoginEmail = p.name, p.mail
	}
	if p.now == nil {
		c.Current = []Current{noRecord(), noLogin()}
	}
	return c
}

func scoped(d Desired, m Membership) Desired {
	switch m {
	case Undetermined:
		return undetermined(d)
	case Outside:
		return outside(d, OutsideUnits)
	}
	return d
}

// here returns what a run has left of a person: a record and an open login.
func here(name, mail string, grants ...Grant) []Current {
	rec := record(StatusActive, holds(fieldName, name), holds(fieldEmail, mail), holds(fieldPhone, "100"),
		FieldValue{fieldDept, datatype.OfRecord(70)})
	log := login(grants...)
	log.Login.Name, log.Login.Email = name, mail
	return []Current{rec, log}
}

func TestGoldenPlans(t *testing.T) {
	t.Parallel()
	phone, none := "100", ""
	staff := grant(mapStaff, collaborator)
	local := noLogin(Candidate{ID: 90, Login: LoginState{Name: "office", Email: "cora@example.com"}})
	left := here("Gus Grau", "gus@example.com", staff)
	left[1] = closed(left[1])
	companies := map[string][]person{
		"first_run": {
			{name: "Ada Adler", standing: Live, admins: Member, staff: Member, mail: "ada@example.com", phone: &phone},
			{name: "Ben Baum", standing: Live, admins: Outside, staff: Member, mail: "ben@example.com"},
			{name: "Cora Cox", standing: Live, admins: Outside, staff: Member, mail: "cora@example.com", now: []Current{noRecord(), local}},
			{name: "Dan Dorn", standing: Disabled, admins: Outside, staff: Member, mail: "dan@example.com"},
			{name: "Eve Esser", standing: Live, admins: Outside, staff: Member, guest: true},
			{name: "Fay Funk", standing: Live, admins: Outside, staff: Outside, mail: "fay@example.com"},
			{name: "Gus Grau", standing: SoftDeleted, admins: Outside, staff: Outside, mail: "gus@example.com"},
			{name: "Hal Horn", standing: Live, admins: Undetermined, staff: Undetermined, mail: "hal@example.com"},
		},
		"monday": {
			{name: "Ada Adler", standing: Live, admins: Member, staff: Member, mail: "ada@example.com", phone: &phone,
				now: here("Ada Adler", "ada@example.com", grant(mapAdmins, moduleAdmin))},
			{name: "Ben Birke", standing: Live, admins: Outside, staff: Member, mail: "ben.birke@example.com", phone: &none,
				now: here("Ben Baum", "ben@example.com", staff)},
			{name: "Cora Cox", standing: Live, admins: Member, staff: Member, mail: "cora@example.com",
				now: here("Cora Cox", "cora@example.com", staff)},
			{name: "Dan Dorn", standing: Disabled, admins: Outside, staff: Member, mail: "dan@example.com",
				now: here("Dan Dorn", "dan@example.com", staff)},
			{name: "Eve Esser", standing: SoftDeleted, admins: Outside, staff: Outside, mail: "deleted.eve@example.com",
				now: here("Eve Esser", "eve@example.com", staff)},
			{name: "Fay Funk", standing: Live, admins: Outside, staff: Outside, mail: "fay@example.com",
				now: here("Fay Funk", "fay@example.com", staff)},
			{name: "Gus Grau", standing: Live, admins: Outside, staff: Member, mail: "gus@example.com", now: left},
			{name: "Hal Horn", standing: NotFound, admins: Outside, staff: Member, mail: "hal@example.com",
				now: here("Hal Horn", "hal@example.com", staff)},
			{name: "Ida Iser", standing: Missing, admins: Outside, staff: Outside, mail: "ida@example.com",
				now: here("Ida Iser", "ida@example.com", staff)},
			{name: "Jon Jahn", standing: Live, admins: Outside, staff: Member, mail: "jon@example.com",
				now: []Current{noRecord(Candidate{ID: 77, LinkedTo: 12, Other: Gone}), noLogin()}},
		},
	}
	for name, company := range companies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, report(company))
		})
	}
}

// report plans a company and says the plan, the tally and the holds.
func report(company []person) string {
	var b strings.Builder
	tally := Tally{}
	for i := range company {
		fmt.Fprintf(&b, "%s\n", company[i].name)
		for _, ch := range Plan(company[i].at(int64(i+1)), facts()) {
			tally.Count(&ch)
			fmt.Fprintf(&b, "  %s\n    %s", render(&ch), ch.Reason.Sentence())
			if ch.Detail != "" {
				fmt.Fprintf(&b, " (%s)", ch.Detail)
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\nhow many\n")
	for _, class := range Classes() {
		if tally[class] > 0 {
			fmt.Fprintf(&b, "  %s %d\n", class, tally[class])
		}
	}
	b.WriteString("held\n")
	for _, h := range Guard(tally, map[Class]int{ClassDeactivation: len(company), ClassGuest: len(company)}, DefaultLimits()) {
		fmt.Fprintf(&b, "  %s\n", h.Sentence())
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and read the difference\n got:\n%s\nwant:\n%s", path, got, want)
	}
}
