package entrasim

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

func TestNestingIsFlattenedOnceInSpiteOfTheCycle(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	g := must(l.Group("Projects"))
	list, _ := l.all("/groups/" + g.ID + "/transitiveMembers?$select=id,displayName")
	kinds := map[string]int{}
	for _, m := range list {
		kinds[text(m, "@odata.type")]++
	}
	// people 0, 4, 6 and 3; the two nested groups; never the group itself
	if len(byID(list)) != len(list) || kinds["#microsoft.graph.user"] != 4 || kinds["#microsoft.graph.group"] != 2 || byID(list)[g.ID] != nil {
		t.Errorf("transitive members %v", list)
	}
	users := items(l.get("/groups/" + g.ID + "/transitiveMembers/microsoft.graph.user"))
	if len(users) != 4 || users[0]["@odata.type"] != nil {
		t.Errorf("cast gives %v, want 4 users without a type", users)
	}
	direct := items(l.get("/groups/" + g.ID + "/members"))
	if len(direct) != 2 {
		t.Errorf("%d direct members, want 2", len(direct))
	}
}

func TestCastsAndFunctionsGoByFullNameAndAlias(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	g := must(l.Group("Projects"))
	for _, path := range []string{
		"/groups/" + g.ID + "/members/%suser", "/groups/" + g.ID + "/transitiveMembers/%sgroup", "/directory/deletedItems/%suser",
		"/users/%sdelta()",
	} {
		full, _ := l.all(fmt.Sprintf(path, "microsoft.graph."))
		alias, _ := l.all(fmt.Sprintf(path, "graph."))
		if len(full) == 0 || !reflect.DeepEqual(full, alias) {
			t.Errorf(path+": %d objects by full name, %d by alias", "", len(full), len(alias))
		}
	}
	if status, _ := l.fails("/directory/deletedItems/microsoft.user"); status != 404 {
		t.Errorf("half a namespace answers %d, want 404", status)
	}
}

func TestHugeGroupPages(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 20_000})
	g := must(l.Group("Everyone at Contoso"))
	list, _ := l.all("/groups/" + g.ID + "/members?$top=999&$select=id")
	if len(byID(list)) != len(list) || len(list) < 19_000 {
		t.Errorf("%d members, %d of them different, want about 19,400", len(list), len(byID(list)))
	}
}

func TestDynamicGroupsFollowTheirRule(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 200})
	_, link := l.round("/groups/delta?$select=members")
	who := l.PersonAt(4)
	legal, berlin := must(l.Group("Legal")), must(l.Group("Berlin people"))
	must(l.Move(who.ID, "Legal", "Nairobi"))
	must(l.Move(who.ID, "", "Berlin"))
	list, _ := l.round(link)
	for _, g := range []estate.Circle{legal, berlin} {
		in := byID(items(l.get("/groups/" + g.ID + "/members?$top=999")))
		if in[who.ID] == nil {
			t.Errorf("%s did not join %s", who.DisplayName, g.DisplayName)
		}
	}
	if byID(list)[legal.ID] == nil && who.Department != "Legal" {
		t.Errorf("delta %v does not name Legal", list)
	}
}
