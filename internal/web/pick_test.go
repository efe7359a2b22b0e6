package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
)

func TestAFormTellsPeopleOfOneNameApart(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	people := o.collection(register.People)
	first := b.add(people, "Name", "Anna Meyer", "Email", "anna@contoso.example", "User principal name", "anna@contoso.example")
	second := b.add(people, "Name", "Anna Meyer", "Email", "anna2@contoso.example", "User principal name", "anna2@contoso.example")
	number := func(path string) string { return path[strings.LastIndex(path, "/")+1:] }
	offered := b.get(fmt.Sprintf("/m/%d/choose/%d?f1=anna", o.module.ID, people.ID)).body
	for path, email := range map[string]string{first: "anna@contoso.example", second: "anna2@contoso.example"} {
		if want := fmt.Sprintf(`<option value="Anna Meyer #%s">%s</option>`, number(path), email); !strings.Contains(offered, want) {
			t.Errorf("%s is not offered: %s", want, offered)
		}
	}

	manages := fmt.Sprintf("f%d", o.fieldID(people, "Manager"))
	name := fmt.Sprintf("f%d", o.fieldID(people, "Name"))
	path := fmt.Sprintf("/m/%d/c/%d/new", o.module.ID, people.ID)
	got := b.post(path, name, "Bob", manages, "Anna Meyer")
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "everal are called") {
		t.Errorf("a name of two people: %d, want 422 that says so", got.status)
	}
	got = b.post(path, name, "Bob", manages, "Anna Meyer #"+number(second))
	if got.status != http.StatusSeeOther {
		t.Fatalf("a name with its number: %d", got.status)
	}
	if page := b.get(got.to).body; !strings.Contains(page, `href="`+second+`"`) {
		t.Error("the record does not link to the second of the name")
	}
	form := formOf(t, b.get(got.to+"/edit").body, "record-form")
	if want := "Anna Meyer #" + number(second); form.Get(manages) != want {
		t.Errorf("the form shows the link as %q, want %q", form.Get(manages), want)
	}
	if again := b.do("POST", got.to+"/edit", form); again.to != got.to || !strings.Contains(b.get(got.to).body, `href="`+second+`"`) {
		t.Error("saving the form as it is changes whom it links to")
	}
}

func TestThingsOfAnyCollectionAreCheckedOutFromAPerson(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	vehicles, err := o.records.CreateCollection(t.Context(), account.CommandLine(), o.module.Account, o.module.ID, "Vehicles")
	o.must(err)
	van := b.add(vehicles, "Name", "B-MU 1234")
	b.add(o.collection(register.Main), "Name", "Bench")
	person := b.add(o.collection(register.People), "Name", "Ada")
	offered := b.get(fmt.Sprintf("/m/%d/choose?asset=b", o.module.ID)).body
	for _, want := range []string{`value="B-MU 1234"`, `value="Bench"`} {
		if !strings.Contains(offered, want) {
			t.Errorf("%s is not offered: %s", want, offered)
		}
	}
	if page := b.get(person).body; !strings.Contains(page, fmt.Sprintf(`hx-get="/m/%d/choose"`, o.module.ID)) {
		t.Error("the person's page does not offer things of any collection")
	}
	if got := b.do("POST", person+"/give", url.Values{"asset": {"B-MU 1234"}}); got.to != person {
		t.Fatalf("giving the van: %d", got.status)
	}
	if page := b.get(person).body; !strings.Contains(page, `href="`+van+`"`) {
		t.Error("the person does not hold the van")
	}
}
