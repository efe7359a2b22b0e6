package entra_test

import (
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
)

func TestF53ListReadsAllPages(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 2500}, nil)
	all, last := mustCollect(t, s.List(soon(t), userQuery))
	if want := s.people(); len(all) != want || len(ids(all)) != want {
		t.Fatalf("got %d objects, %d of them distinct, want %d", len(all), len(ids(all)), want)
	}
	if !last.Last() {
		t.Error("the last page has a next link")
	}
	doc := directory.Document(all[0].doc)
	for _, name := range userQuery.Select {
		if doc.Get(strings.TrimSuffix(name, ".division")).State() == directory.Absent {
			t.Errorf("%s is absent in %s", name, doc)
		}
	}
	if doc.Get("jobTitle").State() != directory.Absent {
		t.Error("an attribute came that was not asked for")
	}
	if u := s.Usage(); u.Pages != 3 || u.Requests != 4 || u.Bytes == 0 {
		t.Errorf("usage %+v, want 3 pages and 4 requests", u)
	}
}

func TestListResumesAtAPage(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 1500}, func(c *entra.Config) { c.PageSize = 400 })
	seen := map[directory.ObjectID]bool{}
	q := userQuery
	for p, err := range s.List(soon(t), q) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range p.Objects {
			seen[o.ID] = true
		}
		q.From = p.Next
		if len(seen) >= 800 {
			break
		}
	}
	again := s.open(t)
	rest, _ := mustCollect(t, again.List(soon(t), q))
	for id := range ids(rest) {
		if seen[id] {
			t.Fatalf("%s came twice", id)
		}
	}
	if want := s.people(); len(rest)+len(seen) != want {
		t.Errorf("%d before and %d after, want %d together", len(seen), len(rest), want)
	}
}

func TestListExpandsTheManager(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 300}, nil)
	q := userQuery
	q.Expand = "manager"
	all, _ := mustCollect(t, s.List(soon(t), q))
	with, without := 0, 0
	for _, o := range all {
		switch v := directory.Document(o.doc).Get("manager.id"); v.State() {
		case directory.Present:
			with++
		case directory.Null:
			without++
		default:
			t.Fatalf("manager is %v in %s", v.State(), o.doc)
		}
	}
	if with < 200 || without == 0 {
		t.Errorf("%d with and %d without a manager", with, without)
	}
}

func TestListExpandsOwnersOfDevices(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 100, Devices: 60}, nil)
	all, _ := mustCollect(t, s.List(soon(t), directory.Query{Kind: directory.Device,
		Select: []string{"displayName", "operatingSystem"}, Expand: "registeredOwners"}))
	owned := 0
	for _, o := range all {
		if o.Kind != directory.Device {
			t.Fatalf("%s is a %s", o.ID, o.Kind)
		}
		v := directory.Document(o.doc).Get("registeredOwners.id")
		if v.State() != directory.Present {
			t.Fatalf("no owners in %s", o.doc)
		}
		owned += len(v.List())
	}
	if len(all) != 60 || owned < 20 {
		t.Errorf("%d devices with %d owners", len(all), owned)
	}
}

func TestListSplitAmongReaders(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 3000}, func(c *entra.Config) { c.PageSize = 200 })
	q := userQuery
	q.Readers = 3
	pages := 0
	seen := map[directory.ObjectID]bool{}
	var last directory.Page
	for p, err := range s.List(soon(t), q) {
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, o := range p.Objects {
			if seen[o.ID] {
				t.Errorf("%s came twice", o.ID)
			}
			seen[o.ID] = true
		}
		last = p
	}
	if want := s.people(); len(seen) != want || !last.Last() {
		t.Errorf("got %d users, last page %v, want %d and true", len(seen), last.Last(), want)
	}
	if got := s.tenant.Control().Requests().ByKind["users/$count"]; got != 1 {
		t.Errorf("counted %d times, want once: the listing has to add up (%v)", got, s.tenant.Control().Requests().ByKind)
	}
}
