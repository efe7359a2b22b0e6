package syncer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// shelf is a collection for things other than people.
type shelf struct {
	o      *office
	id     int64
	fields map[string]int64
}

// shelf makes a collection with the given fields of text beside its title Name.
func (o *office) shelf(name string, texts ...string) *shelf {
	o.t.Helper()
	c, err := o.records.CreateCollection(o.t.Context(), account.CommandLine(), o.acct, o.module, name)
	o.must(err)
	s := &shelf{o: o, id: c.ID, fields: map[string]int64{}}
	fields, err := o.records.Fields(o.t.Context(), o.acct, c.ID)
	o.must(err)
	for _, f := range fields {
		s.fields[f.Name] = f.ID
	}
	for _, text := range texts {
		s.add(text, datatype.Spec{Type: datatype.Text})
	}
	return s
}

func (s *shelf) add(name string, spec datatype.Spec) {
	s.o.t.Helper()
	f, err := s.o.records.AddField(s.o.t.Context(), account.CommandLine(), register.Field{
		Account: s.o.acct, Collection: s.id, Name: name, Spec: spec,
	})
	s.o.must(err)
	s.fields[name] = f.ID
}

// title returns the number of the field that names the records.
func (s *shelf) title() int64 {
	s.o.t.Helper()
	id, err := s.o.records.TitleField(s.o.t.Context(), s.id)
	s.o.must(err)
	return id
}

// find returns the record linked to an object of the directory.
func (s *shelf) find(objectID string) (register.Record, bool) {
	s.o.t.Helper()
	id, err := directory.ParseObjectID(objectID)
	s.o.must(err)
	found, err := s.o.db.LinkedRecords(s.o.t.Context(), s.o.conn.ID, s.id, []directory.ObjectID{id})
	s.o.must(err)
	if found[id] == 0 {
		return register.Record{}, false
	}
	list, err := s.o.records.Load(s.o.t.Context(), []int64{found[id]})
	s.o.must(err)
	return list[0], true
}

// status returns a record's integration status.
func (s *shelf) status(rec register.Record) string {
	s.o.t.Helper()
	id, err := s.o.records.EnsureStatusField(s.o.t.Context(), s.id)
	s.o.must(err)
	return rec.Value(id).String()
}

// size counts the records that are not archived.
func (s *shelf) size() int {
	s.o.t.Helper()
	page, err := s.o.records.List(s.o.t.Context(), account.CommandLine(), register.Query{Account: s.o.acct, Collection: s.id, Limit: 500})
	s.o.must(err)
	return len(page.Records)
}

func TestAdministrativeUnitsGiveRoles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 120)
		def := o.staff("Berlin", account.Collaborator)
		def.Units = []directory.UnitRef{{Kind: directory.AdministrativeUnit, Name: "Berlin"}}
		o.mapped(o.everyone(), def)
		first := o.run(syncer.Succeeded, syncer.Request{})
		outsiders, _, err := o.hr.Members("Asset managers", 50)
		o.must(err)
		outsiders = slices.DeleteFunc(outsiders, func(id string) bool { _, has := o.login(id); return has || !o.live(id) })
		if first.Counts.Added < 70 || len(outsiders) == 0 {
			t.Fatalf("first run: %+v, %d outside of the unit", first.Counts, len(outsiders))
		}
		newcomer := outsiders[0]
		o.must(o.hr.AddUnitMember("Berlin", newcomer))
		o.run(syncer.Succeeded, syncer.Request{})
		login, ok := o.login(newcomer)
		if !ok || login.State != account.Active || len(login.Grants) != 1 {
			t.Fatalf("a member of the unit has %+v, %v", login, ok)
		}
		o.must(o.hr.RemoveUnitMember("Berlin", newcomer))
		o.run(syncer.Succeeded, syncer.Request{})
		if login, _ := o.login(newcomer); login.State != account.Deactivated || len(login.Grants) != 0 {
			t.Errorf("having left the unit: %s with %+v", login.State, login.Grants)
		}
		o.must(o.hr.AddUnitMember("Berlin", newcomer))
		o.run(syncer.Succeeded, syncer.Request{})
		if login, _ := o.login(newcomer); login.State != account.Active {
			t.Errorf("back in the unit: %s", login.State)
		}
		_, err = o.hr.DeleteUnit("Berlin")
		o.must(err)
		run := o.run(syncer.Partial, syncer.Request{})
		if login, _ := o.login(newcomer); login.State != account.Active || !told(run, "Berlin") {
			t.Errorf("the unit is gone: login %s, notes %q; want it frozen and said", login.State, run.Notes)
		}
	})
}

func TestGroupsBecomeRecords(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		teams := o.shelf("Teams", "Purpose")
		o.mapped(mapping.Definition{
			Name: "Teams", Kind: mapping.Records, Entity: directory.Group, Collection: teams.id, Identifier: mapping.ByObjectID,
			Rows: []mapping.Row{row("displayName", teams.title(), nil), row("description", teams.fields["Purpose"], nil)},
		})
		o.run(syncer.Succeeded, syncer.Request{})
		all := slices.DeleteFunc(o.hr.Groups(""), func(c estate.Circle) bool { return c.State != "live" })
		if got := teams.size(); got != len(all) {
			t.Fatalf("%d records of %d groups", got, len(all))
		}
		made, err := o.hr.CreateGroup("Night shift", "At night", false)
		o.must(err)
		gone, err := o.hr.Group("O'Brien's team") // a Microsoft 365 group, which can be restored
		o.must(err)
		_, err = o.hr.DeleteGroup(gone.ID)
		o.must(err)
		staff, err := o.hr.Group("All Staff")
		o.must(err)
		_, err = o.hr.UpdateGroup(staff.ID, props("displayName", "Everybody"))
		o.must(err)
		c := o.run(syncer.Succeeded, syncer.Request{}).Counts
		if c.Added != 1 || c.Changed != 2 {
			t.Errorf("one made, one deleted, one renamed: %+v", c)
		}
		if rec, ok := teams.find(made.ID); !ok || rec.Title != "Night shift" || rec.Value(teams.fields["Purpose"]).String() != "At night" {
			t.Errorf("the new group is %+v, %v", rec, ok)
		}
		if rec, ok := teams.find(gone.ID); !ok || teams.status(rec) != "Deleted" {
			t.Errorf("the deleted group is %+v, %v", rec, ok)
		}
		if rec, _ := teams.find(staff.ID); rec.Title != "Everybody" {
			t.Errorf("the renamed group is called %q", rec.Title)
		}
		if c := o.run(syncer.Succeeded, syncer.Request{Full: true}).Counts; c.Added+c.Changed != 0 {
			t.Errorf("a full run afterwards: %+v", c)
		}
	})
}

// A group may have groups for members, and a mapping of groups be scoped to it.
func TestGroupsInsideAGroupBecomeRecords(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		teams := o.shelf("Teams")
		o.mapped(mapping.Definition{
			Name: "Projects", Kind: mapping.Records, Entity: directory.Group, Collection: teams.id, Identifier: mapping.ByObjectID,
			Units: []directory.UnitRef{{Kind: directory.Group, Name: "Projects"}},
			Rows:  []mapping.Row{row("displayName", teams.title(), nil)},
		})
		o.run(syncer.Succeeded, syncer.Request{})
		if teams.size() != 1 {
			t.Errorf("%d records, want the one group inside Projects", teams.size())
		}
		late, err := o.hr.CreateGroup("Project Condor", "", false)
		o.must(err)
		o.must(o.hr.AddMember("Projects", late.ID))
		o.run(syncer.Succeeded, syncer.Request{})
		if _, ok := teams.find(late.ID); !ok {
			t.Error("a group put into it has no record")
		}
	})
}

// fleet maps devices with their owners into a collection.
func (o *office) fleet(units ...directory.UnitRef) (*shelf, mapping.Definition) {
	o.t.Helper()
	s := o.shelf("Devices", "System")
	s.add("Owner", datatype.Spec{Type: datatype.Link, Collection: o.people.ID})
	return s, mapping.Definition{
		Name: "Devices", Kind: mapping.Records, Entity: directory.Device, Collection: s.id, Identifier: mapping.ByObjectID, Units: units,
		Rows: []mapping.Row{
			row("displayName", s.title(), nil), row("operatingSystem", s.fields["System"], nil),
			row("registeredOwners", s.fields["Owner"], nil),
		},
	}
}

func TestDevicesBecomeRecordsWithTheirOwners(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 80)
		devices, def := o.fleet()
		o.mapped(def, o.everyone())
		who := o.colleague()
		mine, err := o.hr.AddDevice(props("displayName", "LAPTOP-MINE"), who)
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{})
		if got := devices.size(); got != 21 {
			t.Errorf("%d records of 21 devices", got)
		}
		owner := func(want string) {
			t.Helper()
			rec, ok := devices.find(mine.ID)
			person, _ := o.person(want)
			if !ok || rec.Value(devices.fields["Owner"]).Record() != person.ID || person.ID == 0 {
				t.Errorf("the device is %+v, %v, want it owned by record %d", rec, ok, person.ID)
			}
		}
		owner(who)
		_, err = o.hr.UpdateDevice(mine.ID, props("operatingSystem", "Linux"))
		o.must(err)
		c := o.run(syncer.Succeeded, syncer.Request{}).Counts
		rec, _ := devices.find(mine.ID)
		if c.Changed != 1 || rec.Value(devices.fields["System"]).String() != "Linux" {
			t.Errorf("another system: %+v, record %+v", c, rec)
		}
		owner(who) // the round of changes said nothing of owners

		next := o.memberOf("Asset managers")
		_, err = o.hr.SetOwner(mine.ID, next) // which only a listing tells
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{Full: true})
		owner(next)
		late, err := o.hr.AddDevice(props("displayName", "LAPTOP-LATE"), who)
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{})
		person, _ := o.person(who)
		if rec, ok := devices.find(late.ID); !ok || rec.Value(devices.fields["Owner"]).Record() != person.ID {
			t.Errorf("a new device is %+v, %v, want it owned by record %d", rec, ok, person.ID)
		}
		o.must(o.hr.RemoveDevice(mine.ID))
		o.run(syncer.Succeeded, syncer.Request{})
		if rec, ok := devices.find(mine.ID); !ok || devices.status(rec) != "Purged" {
			t.Errorf("the removed device is %+v, %v", rec, ok)
		}
	})
}

// A device that vanishes without a word takes two listings and a look-up by ID
// to count as not found (F7), as people do.
func TestF7AVanishedDeviceIsAskedForByID(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 80)
		devices, def := o.fleet()
		o.mapped(def)
		o.run(syncer.Succeeded, syncer.Request{})
		gone := o.hr.DeviceAt(0)
		o.must(o.hr.RemoveDevice(gone.ID))
		o.hr.ExpireDeltaTokens() // nobody tells of it
		for i, want := range []string{"Active", "Not found"} {
			o.run(syncer.Succeeded, syncer.Request{Full: true})
			if rec, _ := devices.find(gone.ID); devices.status(rec) != want {
				t.Errorf("after %d listings without it: %q, want %q", i+1, devices.status(rec), want)
			}
		}
	})
}

// One group may hold people and devices, and scope mappings of both.
func TestAGroupOfPeopleAndDevicesScopesBoth(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 80)
		unit := directory.UnitRef{Kind: directory.Group, Name: "Managed laptops"}
		devices, def := o.fleet(unit)
		login := o.staff("Managed laptops", account.Collaborator)
		login.Units = []directory.UnitRef{unit}
		o.mapped(login, def)
		first := o.run(syncer.Succeeded, syncer.Request{})
		members := devices.size()
		if members == 0 || first.Counts.Added != members {
			t.Fatalf("%d devices in the group, %+v", members, first.Counts)
		}
		who := o.colleague()
		late, err := o.hr.AddDevice(props("displayName", "LATE"), "")
		o.must(err)
		o.must(o.hr.AddMember("Managed laptops", who))
		o.must(o.hr.AddMember("Managed laptops", late.ID))
		o.run(syncer.Succeeded, syncer.Request{})
		if _, ok := o.login(who); !ok {
			t.Error("the person in the group has no login")
		}
		if rec, ok := devices.find(late.ID); !ok || rec.Title != "LATE" {
			t.Errorf("the device put into the group is %+v, %v", rec, ok)
		}
		if c := o.run(syncer.Succeeded, syncer.Request{Full: true}).Counts; c.Added+c.Changed+c.Deactivated != 0 {
			t.Errorf("a full run afterwards: %+v", c)
		}
	})
}

// F64: which members count, direct or nested, is the mapping's to say.
func TestF64DirectMembersWhenAsked(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 80)
		def := o.staff("Asset managers", account.Collaborator)
		def.Units[0].Nested = false
		o.mapped(def)
		first := o.run(syncer.Succeeded, syncer.Request{})
		direct, _, err := o.hr.Members("Asset managers", 500)
		o.must(err)
		inner, _, err := o.hr.Members("Asset managers Berlin", 500)
		o.must(err)
		inner = slices.DeleteFunc(inner, func(id string) bool { return slices.Contains(direct, id) || !o.live(id) })
		if len(inner) == 0 || first.Counts.Added == 0 {
			t.Fatalf("%d direct members, %d more inside, %+v", len(direct), len(inner), first.Counts)
		}
		for _, id := range inner {
			if _, ok := o.login(id); ok {
				t.Errorf("%s, a member of the group inside only, has a login", id)
			}
		}
		o.must(o.hr.AddMember("Asset managers Berlin", o.colleague()))
		if c := o.run(syncer.Succeeded, syncer.Request{}).Counts; c.Added != 0 {
			t.Errorf("somebody entered the group inside: %+v", c)
		}
		def.Units[0].Nested = true
		o.mapped(def)
		o.run(syncer.Succeeded, syncer.Request{})
		for _, id := range inner {
			if _, ok := o.login(id); !ok {
				t.Errorf("%s, who counts now, has no login", id)
			}
		}
	})
}

// Several readers share a large listing, and its size is compared with what
// the directory counts: when a reader comes back with nothing, all is read again.
func TestSeveralReadersAreCheckedAgainstTheCount(t *testing.T) {
	t.Parallel()
	for _, trouble := range []bool{false, true} {
		t.Run(map[bool]string{false: "undisturbed", true: "one reader comes back with nothing"}[trouble], func(t *testing.T) {
			t.Parallel()
			o := open(t, storetest.SQLite(t), 2600)
			o.conn.Readers = 2
			_, err := o.sync.SaveConnection(t.Context(), o.conn)
			o.must(err)
			o.mapped(o.everyone())
			if trouble {
				o.must(o.hr.Inject(entrasim.Fault{Kind: entrasim.FaultEmpty, Match: "^/users$", After: 2, Times: 1}))
			}
			o.hr.ResetRequests()
			o.run(syncer.Succeeded, syncer.Request{})
			split, counted, whole := 0, 0, 0
			for _, r := range o.hr.Requests().Recent {
				switch {
				case strings.HasSuffix(r.Path, "/users/$count"):
					counted++
				case !strings.HasSuffix(r.Path, "/users"):
				case strings.Contains(r.Query, "filter"):
					split++
				default:
					whole++
				}
			}
			if split < 10 || counted == 0 || (whole > 0) != trouble {
				t.Errorf("%d requests for ranges, %d counts, %d for the whole", split, counted, whole)
			}
			people, err := o.db.EntryIDs(t.Context(), o.conn.ID, directory.User)
			o.must(err)
			if live := o.hr.Snapshot().People; int(people.GetCardinality()) != live {
				t.Errorf("%d people in the mirror, %d in the directory", people.GetCardinality(), live)
			}
			if c := o.run(syncer.Succeeded, syncer.Request{Full: true}).Counts; c.Changed+c.Added != 0 {
				t.Errorf("a second full run: %+v, want nothing to do", c)
			}
		})
	}
}
