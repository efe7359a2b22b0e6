package entra_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
)

func TestByID(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]entrasim.Fault{
		"in batches": {},
		"one by one": {Kind: entrasim.FaultStatus, Status: 404, Match: `\$batch`},
		"throttled":  {Kind: entrasim.FaultThrottle, RetryAfter: "0.01", Match: "^/users/", Times: 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, entrasim.Config{People: 100}, nil)
			if fault.Kind != "" {
				s.inject(t, fault)
			}
			var asked []directory.ObjectID
			live := 0
			for i := range 50 {
				p := s.tenant.Control().PersonAt(i)
				asked = append(asked, mustID(t, p.ID))
				if p.State == "live" {
					live++
				}
			}
			ghost := mustID(t, "0bad0000-0000-4000-8000-000000000000")
			found, missing, err := s.ByID(soon(t), directory.User, append(asked, ghost), []string{"displayName"})
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != live || len(missing) != len(asked)+1-live || !slices.Contains(missing, ghost) {
				t.Errorf("found %d of %d, missing %d", len(found), live, len(missing))
			}
			for _, o := range found {
				if o.Doc.Get("displayName").String() == "" {
					t.Errorf("%s", o.Doc)
				}
			}
		})
	}
}

func TestByIDOfSomethingElseIsIncomplete(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"null", "[]", `{"id":"x"}`, `{"displayName":"no ID"}`} {
		h := newHost(t, nil)
		h.handle = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
		_, _, err := h.client.ByID(soon(t), directory.User, []directory.ObjectID{mustID(t, "0bad0000-0000-4000-8000-000000000000")}, nil)
		if !errs.Is(err, errs.Incomplete) {
			t.Errorf("%s: %v, want incomplete", body, err)
		}
	}
}

func TestDeletedAndDeletedByID(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 100}, nil)
	gone := s.tenant.Control().PersonAt(9)
	if _, err := s.tenant.Control().SoftDelete(gone.ID); err != nil {
		t.Fatal(err)
	}
	all, _ := mustCollect(t, s.Deleted(soon(t), userQuery))
	if want := s.tenant.Control().Snapshot().DeletedPeople; len(all) != want {
		t.Errorf("%d deleted users, want %d", len(all), want)
	}
	i := slices.IndexFunc(all, func(o object) bool { return o.ID.String() == gone.ID })
	if i < 0 || all[i].Removed != directory.SoftDeleted || directory.Document(all[i].doc).Get("deletedDateTime").String() == "" {
		t.Fatalf("the deleted user is not there as it should: %d", i)
	}
	o, ok, err := s.DeletedByID(soon(t), mustID(t, gone.ID))
	if err != nil || !ok || o.ID.String() != gone.ID || o.Removed != directory.SoftDeleted {
		t.Errorf("by ID: %+v, %v, %v", o, ok, err)
	}
	_, ok, err = s.DeletedByID(soon(t), mustID(t, s.tenant.Control().PersonAt(10).ID))
	if err != nil || ok {
		t.Errorf("a live user is among the deleted: %v, %v", ok, err)
	}
}

func TestFindUser(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 100}, nil)
	p := s.tenant.Control().PersonAt(12)
	odd, err := s.tenant.Control().Hire(map[string]entrasim.Value{
		"displayName": entrasim.String("Mara O'Brien"), "mail": entrasim.String("mara.o'brien+x&y#z@elsewhere.example"),
		"userPrincipalName": entrasim.String("mara_o'brien#EXT#@" + strings.SplitAfter(p.UserPrincipalName, "@")[1])})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		p.ID: p.ID, p.UserPrincipalName: p.ID, strings.ToUpper(p.UserPrincipalName): p.ID,
		odd.UserPrincipalName: odd.ID, "mara.o'brien+x&y#z@elsewhere.example": odd.ID,
	} {
		o, err := s.FindUser(soon(t), name, []string{"displayName"})
		if err != nil || o.ID.String() != want || o.Doc.Get("displayName").String() == "" {
			t.Errorf("%s: %s, %v, want %s", name, o.ID, err, want)
		}
	}
	for _, name := range []string{"nobody@example.com", "0bad0000-0000-4000-8000-000000000000", "x' or '1' eq '1"} {
		if _, err := s.FindUser(soon(t), name, nil); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
}

func TestF29NamesGoIntoFiltersEscaped(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	var filters []string
	h.handle = func(w http.ResponseWriter, r *http.Request) {
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			t.Error(err)
		}
		filters = append(filters, q.Get("$filter"))
		h.page(w, "")
	}
	for _, name := range []string{"O'Brien", "R&D + C#", "50% = half", "a''b", "Zoë"} {
		filters = nil
		if _, err := h.client.FindUnit(soon(t), directory.UnitRef{Kind: directory.Group, Name: name}); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
		want := "displayName eq '" + strings.ReplaceAll(name, "'", "''") + "'"
		if len(filters) != 1 || filters[0] != want {
			t.Errorf("the host understood %q, want %q", filters, want)
		}
	}
}

func TestFindUnit(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 50}, nil)
	c := s.tenant.Control()
	group, err := c.CreateGroup("Team O'Hara & Co", "", false)
	if err != nil {
		t.Fatal(err)
	}
	var twins []entrasim.Circle
	for range 2 {
		g, err := c.CreateGroup("Twin", "", false)
		if err != nil {
			t.Fatal(err)
		}
		twins = append(twins, g)
	}
	for _, name := range []string{group.ID, strings.ToUpper(group.ID), "Team O'Hara & Co", " Team O'Hara & Co "} {
		u, err := s.FindUnit(soon(t), directory.UnitRef{Kind: directory.Group, Name: name, Nested: true})
		if err != nil || u.ID.String() != group.ID || u.Name != "Team O'Hara & Co" || !u.Nested {
			t.Errorf("%q: %+v, %v", name, u, err)
		}
	}
	_, err = s.FindUnit(soon(t), directory.UnitRef{Kind: directory.Group, Name: "Twin"})
	if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), twins[0].ID) || !strings.Contains(err.Error(), twins[1].ID) {
		t.Errorf("twins: %v, want a conflict that names both", err)
	}
	_, err = s.FindUnit(soon(t), directory.UnitRef{Kind: directory.AdministrativeUnit, Name: "Nowhere"})
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("nowhere: %v, want not found (F6)", err)
	}
}

func TestSearchUnits(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 50}, nil)
	c := s.tenant.Control()
	if _, err := c.CreateGroup("Zz team", "", false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateUnit("Zz area", ""); err != nil {
		t.Fatal(err)
	}
	units, err := s.SearchUnits(soon(t), "zz", 10)
	if err != nil || len(units) != 2 || units[0].Name != "Zz area" || units[0].Kind != directory.AdministrativeUnit || units[1].Name != "Zz team" {
		t.Errorf("got %+v, %v", units, err)
	}
	if units, err = s.SearchUnits(soon(t), "", 1); err != nil || len(units) != 1 {
		t.Errorf("one unit: %+v, %v", units, err)
	}
}
