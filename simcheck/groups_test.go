package simcheck

import (
	"testing"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/entrasim/estate"
)

// kindOf is the Go type that the SDK made of an object of a mixed collection,
// which it chooses by @odata.type.
func kindOf(o models.DirectoryObjectable) string {
	switch o.(type) {
	case models.Userable:
		return "user"
	case models.Groupable:
		return "group"
	case models.Deviceable:
		return "device"
	case models.AdministrativeUnitable:
		return "unit"
	}
	return "other"
}

func kinds(list []models.DirectoryObjectable) map[string]string {
	out := map[string]string{}
	for _, o := range list {
		out[text(o.GetId())] = kindOf(o)
	}
	return out
}

func ids(list []models.Userable) map[string]bool {
	out := map[string]bool{}
	for _, u := range list {
		out[text(u.GetId())] = true
	}
	return out
}

// nested walks a group and the groups inside it by the tenant's own lists of
// direct members: kind by id, the group itself left out.
func (l *lab) nested(id string, deep bool) map[string]string {
	l.Helper()
	groups := map[string]bool{}
	for _, g := range l.Groups("") {
		groups[g.ID] = g.State == "live"
	}
	out := map[string]string{}
	for todo := []string{id}; len(todo) > 0; todo = todo[1:] {
		members, _, err := l.Members(todo[0], 1_000_000)
		if err != nil {
			l.Fatal(err)
		}
		for _, m := range members {
			switch _, seen := out[m]; {
			case seen || m == id:
			case groups[m]:
				out[m] = "group"
				if deep {
					todo = append(todo, m)
				}
			default:
				out[m] = "user"
				if _, err := l.Device(m); err == nil {
					out[m] = "device"
				}
			}
		}
	}
	return out
}

func onlyUsers(kinds map[string]string) map[string]bool {
	out := map[string]bool{}
	for id, k := range kinds {
		if k == "user" {
			out[id] = true
		}
	}
	return out
}

func TestThePageIteratorReadsEveryGroup(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	want, got := map[string]entrasim.Circle{}, map[string]entrasim.Circle{}
	for _, g := range l.Groups("") {
		if g.State == "live" {
			want[g.ID] = g
		}
	}
	for _, g := range every[models.Groupable](l, models.CreateGroupCollectionResponseFromDiscriminatorValue, nil)(
		l.graph.groups().Get(t.Context(), &groups.GroupsRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.GroupsRequestBuilderGetQueryParameters{Select: []string{"id", "displayName", "groupTypes"}, Top: ptr(int32(7))}})) {
		c := entrasim.Circle{ID: text(g.GetId()), DisplayName: text(g.GetDisplayName()), State: "live"}
		for _, kind := range g.GetGroupTypes() {
			c.Dynamic = c.Dynamic || kind == "DynamicMembership"
			c.Unified = c.Unified || kind == "Unified"
		}
		got[c.ID] = c
	}
	same(t, got, want)
}

func TestMembersArriveAsTheTypesTheyAre(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	for _, name := range []string{"Projects", "Asset managers", "Managed laptops", "All Staff"} {
		g := must(l.Group(name))(l)
		direct := every[models.DirectoryObjectable](l, models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, nil)(
			l.graph.groups().ByGroupId(g.ID).Members().Get(t.Context(), &groups.ItemMembersRequestBuilderGetRequestConfiguration{
				QueryParameters: &groups.ItemMembersRequestBuilderGetQueryParameters{Top: ptr(int32(20))}}))
		same(t, kinds(direct), l.nested(g.ID, false))
		deep := every[models.DirectoryObjectable](l, models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, nil)(
			l.graph.groups().ByGroupId(g.ID).TransitiveMembers().Get(t.Context(), nil))
		same(t, kinds(deep), l.nested(g.ID, true))
	}
}

func TestTheUserCastFlattensANestedGroup(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	g := must(l.Group("Projects"))(l) // contains itself three groups further down
	all := every[models.Userable](l, models.CreateUserCollectionResponseFromDiscriminatorValue, eventual())
	deep := all(l.graph.groups().ByGroupId(g.ID).TransitiveMembers().GraphUser().Get(t.Context(),
		&groups.ItemTransitiveMembersGraphUserRequestBuilderGetRequestConfiguration{Headers: eventual(),
			QueryParameters: &groups.ItemTransitiveMembersGraphUserRequestBuilderGetQueryParameters{Select: viewed(), Top: ptr(int32(2)), Count: ptr(true)}}))
	want := l.nested(g.ID, true)
	same(t, ids(deep), onlyUsers(want))
	same(t, views(deep), l.people(func(p entrasim.Person) bool { return want[p.ID] == "user" }))
	direct := all(l.graph.groups().ByGroupId(g.ID).Members().GraphUser().Get(t.Context(),
		&groups.ItemMembersGraphUserRequestBuilderGetRequestConfiguration{}))
	same(t, ids(direct), onlyUsers(l.nested(g.ID, false)))
}

func TestUnitsAndTheirMembersAreRead(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	want, got := map[string]string{}, map[string]string{}
	for _, u := range l.Units("") {
		want[u.ID] = u.DisplayName
	}
	for _, u := range every[models.AdministrativeUnitable](l, models.CreateAdministrativeUnitCollectionResponseFromDiscriminatorValue, nil)(
		l.graph.directory().AdministrativeUnits().Get(t.Context(), nil)) {
		got[text(u.GetId())] = text(u.GetDisplayName())
	}
	same(t, got, want)
	for _, name := range []string{"Berlin", "Nairobi"} { // people and a group, people and devices
		u := must(l.Unit(name))(l)
		members := every[models.DirectoryObjectable](l, models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, nil)(
			l.graph.directory().AdministrativeUnits().ByAdministrativeUnitId(u.ID).Members().Get(t.Context(),
				&directory.AdministrativeUnitsItemMembersRequestBuilderGetRequestConfiguration{
					QueryParameters: &directory.AdministrativeUnitsItemMembersRequestBuilderGetQueryParameters{Top: ptr(int32(50))}}))
		same(t, kinds(members), l.unitMembers(u.ID))
	}
}

// unitMembers are the members of a unit in the directory itself: control has no
// list of them.
func (l *lab) unitMembers(id string) map[string]string {
	l.Helper()
	l.tenant.Mu.RLock()
	defer l.tenant.Mu.RUnlock()
	at, ok := l.tenant.RefOf(id)
	if !ok {
		l.Fatalf("no unit %s", id)
	}
	names := map[estate.Kind]string{estate.KindUser: "user", estate.KindGroup: "group", estate.KindDevice: "device"}
	out := map[string]string{}
	next := l.tenant.LiveMembers(l.tenant.Circles[estate.KindUnit][at.Index()])
	for r, ok := next(0); ok; r, ok = next(r + 1) {
		out[l.tenant.ID(r)] = names[r.Kind()]
	}
	return out
}

func TestCountNeedsTheEventualHeader(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	want := len(l.people(live))
	get := func(h *abstractions.RequestHeaders) (models.UserCollectionResponseable, error) {
		return l.graph.users().Get(t.Context(), countedUsers(h))
	}
	counted := must(get(eventual()))(l)
	if n := counted.GetOdataCount(); n == nil || int(*n) != want {
		t.Errorf("@odata.count %v, want %d", n, want)
	}
	if silent := must(get(abstractions.NewRequestHeaders()))(l); silent.GetOdataCount() != nil {
		t.Error("$count without ConsistencyLevel is answered; Graph ignores it")
	}
	if n := must(l.graph.users().Count().Get(t.Context(), countOf(eventual())))(l); n == nil || int(*n) != want {
		t.Errorf("/users/$count %v, want %d", n, want)
	}
	if _, err := l.graph.users().Count().Get(t.Context(), nil); err == nil {
		t.Error("/users/$count without ConsistencyLevel is answered; Graph refuses it")
	}
}
