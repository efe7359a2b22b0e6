package stage

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/musterhq/muster/internal/entrasim"
)

// groupsPage lists groups.
type groupsPage struct {
	Search string
	Groups []entrasim.Circle
	Name   string // as typed into the form of a new one
}

// groups lists groups.
func (s *Stage) groups(v *visit) error { return v.showGroups(http.StatusOK, "", nil) }

func (v *visit) showGroups(status int, typed string, fault error) error {
	p := groupsPage{Search: v.text("search"), Name: typed}
	p.Groups = v.s.control.Groups(p.Search)
	return v.show(status, "groups", "Groups", fault, p)
}

// createGroup adds an empty group.
func (s *Stage) createGroup(v *visit) error {
	g, err := s.control.CreateGroup(v.text("name"), "made on the stage", v.text("unified") != "")
	if err != nil {
		return v.showGroups(http.StatusUnprocessableEntity, v.text("name"), err)
	}
	return v.then("groups/"+g.ID, "The group "+g.DisplayName+" is made.", "Name it in a login mapping in Muster to give its members a role.")
}

// groupPage is one group with its first members.
type groupPage struct {
	entrasim.Circle
	Members []entrasim.Person
	Total   int
}

// membersShown is how many members a group's page lists.
const membersShown = 50

// group is the page of one group.
func (s *Stage) group(v *visit) error { return v.showGroup(http.StatusOK, nil) }

func (v *visit) showGroup(status int, fault error) error {
	g, err := v.s.control.Group(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := groupPage{Circle: g}
	ids, total, err := v.s.control.Members(g.ID, membersShown)
	if err != nil {
		return err
	}
	p.Total = total
	for _, id := range ids {
		if member, err := v.s.control.Person(id); err == nil { // groups and devices are members, too
			p.Members = append(p.Members, member)
		}
	}
	return v.show(status, "group", g.DisplayName, fault, p)
}

// groupAct does something to a group.
func (s *Stage) groupAct(v *visit) error {
	g, err := s.control.Group(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	var said, next string
	switch act := v.r.PathValue("act"); act {
	case "rename":
		said, next = "The group has a new name.", "Sync: Muster knows the group by its object ID, so nobody loses anything; a mapping that names it by the old name says so."
		if v.text("name") == "" {
			err = errors.New("a group needs a name")
			break
		}
		_, err = s.control.UpdateGroup(g.ID, map[string]entrasim.Value{"displayName": entrasim.String(v.text("name"))})
	case "delete":
		said, next = g.DisplayName+" is deleted.", "Sync: a group that is missing takes no access away by itself. Muster holds what would change and asks."
		_, err = s.control.DeleteGroup(g.ID)
	case "restore":
		said, next = g.DisplayName+" is restored with its members.", "Sync: everything is as it was."
		_, err = s.control.RestoreGroup(g.ID)
	case "add":
		said, next = v.text("member")+" is in the group.", "Sync: if a login mapping names the group, they get its role."
		err = s.control.AddMember(g.ID, v.text("member"))
	default:
		return fmt.Errorf("nothing is called %q here", act)
	}
	if err != nil {
		return v.showGroup(http.StatusUnprocessableEntity, err)
	}
	if now, err := s.control.Group(g.ID); err != nil || now.State == "purged" {
		return v.then("groups", said, next)
	}
	return v.then("groups/"+g.ID, said, next)
}
