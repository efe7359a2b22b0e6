package stage

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/entrasim/estate"
)

// peopleShown is the length of a page of people.
const peopleShown = 30

// peoplePage lists people, with the form that hires.
type peoplePage struct {
	Search      string
	People      []entrasim.Person
	Total       int
	From, To    int
	Prev, Next  string
	Departments []string
	Hire        hireForm
}

// hireForm is the form that hires, as it was typed.
type hireForm struct{ GivenName, Surname, Department, JobTitle string }

// people lists people.
func (s *Stage) people(v *visit) error { return v.showPeople(http.StatusOK, hireForm{}, nil) }

func (v *visit) showPeople(status int, typed hireForm, fault error) error {
	skip, _ := strconv.Atoi(v.r.URL.Query().Get("skip"))
	skip = max(skip, 0)
	p := peoplePage{Search: v.text("search"), Departments: estate.Departments(), Hire: typed}
	p.People, p.Total = v.s.control.People(p.Search, skip, peopleShown)
	p.From, p.To = min(skip+1, p.Total), skip+len(p.People)
	at := func(skip int) string {
		return root + "?" + url.Values{"search": {p.Search}, "skip": {strconv.Itoa(skip)}}.Encode()
	}
	if skip > 0 {
		p.Prev = at(max(skip-peopleShown, 0))
	}
	if p.To < p.Total {
		p.Next = at(p.To)
	}
	return v.show(status, "people", "People", fault, p)
}

// hire adds a person.
func (s *Stage) hire(v *visit) error {
	typed := hireForm{v.text("givenName"), v.text("surname"), v.text("department"), v.text("jobTitle")}
	if typed.GivenName == "" || typed.Surname == "" {
		return v.showPeople(http.StatusUnprocessableEntity, typed, errors.New("somebody new has a given name and a surname"))
	}
	props := map[string]entrasim.Value{"givenName": entrasim.String(typed.GivenName), "surname": entrasim.String(typed.Surname)}
	if typed.Department != "" {
		props["department"] = entrasim.String(typed.Department)
	}
	if typed.JobTitle != "" {
		props["jobTitle"] = entrasim.String(typed.JobTitle)
	}
	p, err := s.control.Hire(props)
	if err != nil {
		return v.showPeople(http.StatusUnprocessableEntity, typed, err)
	}
	return v.then("people/"+p.ID, p.DisplayName+" is hired, and in the group All Staff.",
		"Sync in Muster: a new person appears, with a login that waits for the first sign-in.")
}

// personPage is one person with what the personnel office can do.
type personPage struct {
	entrasim.Person
	Manager     string
	In, Others  []entrasim.Circle
	Departments []string
}

// person is the page of one person.
func (s *Stage) person(v *visit) error { return v.showPerson(http.StatusOK, nil) }

func (v *visit) showPerson(status int, fault error) error {
	p, err := v.s.control.Person(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := personPage{Person: p, Departments: estate.Departments()}
	if m, ok := v.s.control.ManagerOf(p.ID); ok {
		page.Manager = m.DisplayName
	}
	if page.In, page.Others, err = v.s.control.GroupsOf(p.ID); err != nil {
		return err
	}
	return v.show(status, "person", p.DisplayName, fault, page)
}

// deed is something that the personnel office does to a person: in words, and
// what Muster should make of it.
type deed struct {
	do   func(c *entrasim.Control, v *visit, id string) error
	said string // with the person's name
	next string
}

func only(_ entrasim.Person, err error) error { return err }

// deeds are the acts on a person by the name that forms have for them.
func deeds() map[string]deed {
	return map[string]deed{
		"rename": {func(c *entrasim.Control, v *visit, id string) error {
			if v.text("givenName") == "" || v.text("surname") == "" {
				return errors.New("a name has a given name and a surname")
			}
			return only(c.Rename(id, v.text("givenName"), v.text("surname")))
		}, "%s has a new name, sign-in name and mail.", "Sync: the same person and the same login, with the new name. Nothing is made twice."},
		"job": {func(c *entrasim.Control, v *visit, id string) error {
			props := map[string]entrasim.Value{}
			for _, name := range []string{"department", "jobTitle", "officeLocation"} {
				if text := v.text(name); text != "" {
					props[name] = entrasim.String(text)
				}
			}
			if len(props) == 0 {
				return errors.New("say what changes")
			}
			return only(c.Update(id, props))
		}, "%s has moved.", "Sync: the mapped fields change, and the record says from what to what. Groups with a rule are worked out anew."},
		"manager": {func(c *entrasim.Control, v *visit, id string) error { return only(c.SetManager(id, v.text("manager"))) },
			"%s has another manager.", "Sync: the link to the manager changes."},
		"disable": {func(c *entrasim.Control, _ *visit, id string) error { return only(c.Disable(id)) },
			"%s is disabled.", "Sync: the login closes at once, and what they hold appears under Leavers."},
		"enable": {func(c *entrasim.Control, _ *visit, id string) error { return only(c.Enable(id)) },
			"%s is enabled again.", "Sync: the login opens with the role it had, and they are no longer a leaver."},
		"delete": {func(c *entrasim.Control, _ *visit, id string) error { return only(c.SoftDelete(id)) },
			"%s is deleted, and can be restored for 30 days.", "Sync: the status becomes Deleted, the login closes, what they hold is asked back. Nothing is removed from Muster."},
		"restore": {func(c *entrasim.Control, _ *visit, id string) error { return only(c.Restore(id)) },
			"%s is restored.", "Sync: the same person is active again, with the same login and the same history."},
		"purge": {func(c *entrasim.Control, _ *visit, id string) error { return only(c.Purge(id)) },
			"%s is gone for good.", "Sync: the status becomes Purged. Muster keeps the record and what they still hold."},
		"join": {func(c *entrasim.Control, v *visit, id string) error { return c.AddMember(v.text("group"), id) },
			"%s is in the group.", "Sync: if a login mapping names that group, they get its role."},
		"leave": {func(c *entrasim.Control, v *visit, id string) error { return c.RemoveMember(v.text("group"), id) },
			"%s is out of the group.", "Sync: a role that came from that group alone goes; another mapping may still give one."},
	}
}

// act does something to a person.
func (s *Stage) act(v *visit) error {
	d, ok := deeds()[v.r.PathValue("act")]
	if !ok {
		return fmt.Errorf("nothing is called %q here", v.r.PathValue("act"))
	}
	p, err := s.control.Person(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := d.do(s.control, v, p.ID); err != nil {
		return v.showPerson(http.StatusUnprocessableEntity, err)
	}
	to := "people/" + p.ID
	if v.r.PathValue("act") == "purge" {
		to = ""
	}
	return v.then(to, fmt.Sprintf(d.said, p.DisplayName), d.next)
}
