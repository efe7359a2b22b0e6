package entra_test

import (
	"net/http"
	"testing"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
)

func TestF53MembersReadsAllPages(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 2500}, nil)
	unit := bigGroup(t, s, 1001)
	all, _ := mustCollect(t, s.Members(soon(t), unit, directory.User, directory.Cursor{}))
	_, total, err := s.tenant.Control().Members(unit.ID.String(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 1001 || len(all) > total || len(ids(all)) != len(all) {
		t.Errorf("got %d members, %d distinct, of a group of %d", len(all), len(ids(all)), total)
	}
	for _, o := range all {
		if o.Hollow || o.Kind != directory.User {
			t.Fatalf("%s: hollow %v, kind %s", o.ID, o.Hollow, o.Kind)
		}
	}
}

// bigGroup returns a group with at least so many members.
func bigGroup(t *testing.T, s *sim, least int) directory.Unit {
	t.Helper()
	for _, g := range s.tenant.Control().Groups("") {
		if _, total, err := s.tenant.Control().Members(g.ID, 0); err == nil && total >= least && g.State == "live" {
			return directory.Unit{Kind: directory.Group, ID: mustID(t, g.ID), Name: g.DisplayName}
		}
	}
	group, err := s.tenant.Control().CreateGroup("Everybody", "", false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range least + 200 {
		if p := s.tenant.Control().PersonAt(i); p.State == "live" {
			if err := s.tenant.Control().AddMember(group.ID, p.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	return directory.Unit{Kind: directory.Group, ID: mustID(t, group.ID), Name: group.DisplayName}
}

// team returns a group with a person, a device and a group inside that has
// another person.
func team(t *testing.T, s *sim) (outer directory.Unit, direct, nested entrasim.Person, inner directory.ObjectID) {
	t.Helper()
	c := s.tenant.Control()
	a, err := c.CreateGroup("Outer", "", false)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.CreateGroup("Inner", "", false)
	if err != nil {
		t.Fatal(err)
	}
	direct, nested = c.PersonAt(3), c.PersonAt(4)
	for _, pair := range [][2]string{{a.ID, direct.ID}, {a.ID, b.ID}, {a.ID, c.DeviceAt(1).ID}, {b.ID, nested.ID}} {
		if err := c.AddMember(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	return directory.Unit{Kind: directory.Group, ID: mustID(t, a.ID), Name: "Outer"}, direct, nested, mustID(t, b.ID)
}

func TestF64NestedMembersCountWhenAsked(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 50}, nil)
	unit, direct, nested, inner := team(t, s)
	all, _ := mustCollect(t, s.Members(soon(t), unit, directory.User, directory.Cursor{}))
	if len(all) != 1 || all[0].ID.String() != direct.ID {
		t.Errorf("direct members: %+v", all)
	}
	unit.Nested = true
	all, _ = mustCollect(t, s.Members(soon(t), unit, directory.User, directory.Cursor{}))
	if got := ids(all); len(got) != 2 || !got[mustID(t, nested.ID)] {
		t.Errorf("with nested members: %+v", all)
	}
	all, _ = mustCollect(t, s.Members(soon(t), unit, directory.Device, directory.Cursor{}))
	if len(all) != 1 || all[0].Kind != directory.Device {
		t.Errorf("devices: %+v", all)
	}
	groups, err := s.NestedGroups(soon(t), unit)
	if err != nil || len(groups) != 1 || groups[0] != inner {
		t.Errorf("nested groups: %v, %v", groups, err)
	}
}

func TestMembersOfAnAdministrativeUnit(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 50}, nil)
	au, err := s.tenant.Control().CreateUnit("North", "")
	if err != nil {
		t.Fatal(err)
	}
	person := s.tenant.Control().PersonAt(5)
	if err := s.tenant.Control().AddUnitMember(au.ID, person.ID); err != nil {
		t.Fatal(err)
	}
	unit := directory.Unit{Kind: directory.AdministrativeUnit, ID: mustID(t, au.ID)}
	all, _ := mustCollect(t, s.Members(soon(t), unit, directory.User, directory.Cursor{}))
	if len(all) != 1 || all[0].ID.String() != person.ID {
		t.Errorf("got %+v", all)
	}
}

func TestF63MembersOfAGroupThatIsGoneSayNotFound(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 50}, nil)
	unit := directory.Unit{Kind: directory.Group, ID: mustID(t, "0bad0000-0000-4000-8000-000000000000"), Name: "Gone"}
	_, _, err := collect(t, s.Members(soon(t), unit, directory.User, directory.Cursor{}))
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

func TestF61HollowMembersAreMarked(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 50}, nil)
	unit, _, _, _ := team(t, s)
	s.inject(t, entrasim.Fault{Kind: entrasim.FaultStatus, Status: 400, Match: "microsoft.graph.user"}) // no cast
	s.inject(t, entrasim.Fault{Kind: entrasim.FaultHollowMembers})
	all, _ := mustCollect(t, s.Members(soon(t), unit, directory.User, directory.Cursor{}))
	if len(all) != 1 || !all[0].Hollow {
		t.Errorf("got %+v, want one hollow user", all)
	}
}

func TestMembersWithoutCastAreSortedOutHere(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 50}, nil)
	unit, direct, _, _ := team(t, s)
	s.inject(t, entrasim.Fault{Kind: entrasim.FaultStatus, Status: 400, Match: "microsoft.graph.user"})
	all, _ := mustCollect(t, s.Members(soon(t), unit, directory.User, directory.Cursor{}))
	if len(all) != 1 || all[0].ID.String() != direct.ID || all[0].Hollow {
		t.Errorf("got %+v, want the one user", all)
	}
}

func TestConsistencyLevelGoesWithEveryLink(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	pages := 0
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		pages++
		if r.Header.Get("ConsistencyLevel") != "eventual" {
			t.Errorf("page %d was asked for without the header", pages)
		}
		if pages == 1 {
			h.page(w, `"@odata.count":2,"@odata.nextLink":"`+h.url+`/v1.0/x?$skiptoken=%20a+b"`, `{"id":"00000000-0000-4000-8000-000000000001","userPrincipalName":"a@b"}`)
			return
		}
		if r.URL.RawQuery != "$skiptoken=%20a+b" {
			t.Errorf("the link was changed to %s (F43)", r.URL.RawQuery)
		}
		h.page(w, "", `{"id":"00000000-0000-4000-8000-000000000002","userPrincipalName":null}`)
	}
	unit := directory.Unit{Kind: directory.Group, ID: mustID(t, "0bad0000-0000-4000-8000-000000000000")}
	all, last := mustCollect(t, h.client.Members(soon(t), unit, directory.User, directory.Cursor{}))
	if len(all) != 2 || all[0].Hollow || !all[1].Hollow || !last.Last() {
		t.Errorf("got %+v", all)
	}
}
