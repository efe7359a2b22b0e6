package syncer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// F50: what the rounds of changes did not tell a full read finds, corrects and
// counts as drift; what they told in part is no drift.
func TestF50DriftIsWhatTheChangesDidNotTell(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		o.mapped(o.everyone())
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		hire, err := o.hr.Hire(props("givenName", "Ada", "surname", "Newcomer"))
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{})
		run := o.run(syncer.Succeeded, syncer.Request{Full: true})
		if run.Stats.Drift != 0 || run.Counts.Changed != 0 {
			t.Errorf("a hire told of by changes counts as drift %d in the full read: %+v", run.Stats.Drift, o.changesOf(run, hire.ID))
		}
		_, err = o.hr.Move(who, "Quality", "")
		o.must(err)
		o.must(o.hr.Inject(entrasim.Fault{Kind: entrasim.FaultDelayed, DelayMS: 3600_000}))
		if c := o.run(syncer.Succeeded, syncer.Request{}).Counts; c.Changed != 0 {
			t.Fatalf("the change was told of although it is late: %+v", c)
		}
		run = o.run(syncer.Succeeded, syncer.Request{Full: true})
		if rec, _ := o.person(who); o.value(rec, "Department") != "Quality" || run.Stats.Drift != 1 {
			t.Errorf("department %q, drift %d, want what the full read says and 1", o.value(rec, "Department"), run.Stats.Drift)
		}
	})
}

// attempt runs and returns what became of it, an error included.
func (o *office) attempt(req syncer.Request) (syncer.Run, error) {
	o.t.Helper()
	req.Connection, req.Actor = o.conn.ID, boss
	rep, err := o.sync.Run(o.t.Context(), req)
	o.clock = o.clock.Add(time.Minute)
	return rep.Run, err
}

// F1, F4, F5, F48, F54, F61, F63: whatever goes wrong while the directory is
// read, nobody is removed, the run says so, and the next one has nothing to mend.
func TestTroubleWhileReadingRemovesNobody(t *testing.T) {
	t.Parallel()
	const users, members = "^/users$", "embers"
	rows := map[string]struct {
		faults []entrasim.Fault
		want   syncer.State
	}{
		"F1 an error on the second page": {[]entrasim.Fault{{Kind: entrasim.FaultStatus, Status: 400, Match: users, After: 1}}, syncer.Failed},
		"F1 cut off for good":            {[]entrasim.Fault{{Kind: entrasim.FaultCut, Match: users}}, syncer.Failed},
		"F1 half of the JSON":            {[]entrasim.Fault{{Kind: entrasim.FaultTruncate, Match: users}}, syncer.Failed},
		"F4 members without names (F61)": {[]entrasim.Fault{
			{Kind: entrasim.FaultStatus, Status: 400, Match: "embers/microsoft.graph.user"}, {Kind: entrasim.FaultHollowMembers}}, syncer.Partial},
		"F5 the group may not be read": {[]entrasim.Fault{{Kind: entrasim.FaultStatus, Status: 403, Match: members}}, syncer.Partial},
		"F48 pages without end":        {[]entrasim.Fault{{Kind: entrasim.FaultRepeatPage, Match: users}}, syncer.Failed},
		"F54 throttled for ever":       {[]entrasim.Fault{{Kind: entrasim.FaultThrottle, RetryAfter: "0.001", Match: users}}, syncer.Failed},
		"F63 the group is gone by now": {[]entrasim.Fault{{Kind: entrasim.FaultStatus, Status: 404, Match: members}}, syncer.Partial},
	}
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t, storetest.SQLite(t), 1200) // more than a page
			o.mapped(o.everyone(), o.staff("Asset managers", account.ModuleAdmin))
			o.run(syncer.Succeeded, syncer.Request{})
			before := o.census()
			for _, f := range r.faults {
				o.must(o.hr.Inject(f))
			}
			run, err := o.attempt(syncer.Request{Full: true})
			if run.State != r.want || (r.want == syncer.Failed) != (err != nil) || (r.want == syncer.Partial && len(run.Notes) == 0) {
				t.Errorf("the run ended as %s, %v, notes %q; want %s, and said", run.State, err, run.Notes, r.want)
			}
			if got := o.census(); got != before {
				t.Errorf("it left %s, there was %s", got, before)
			}
			o.hr.ClearFaults()
			c := o.run(syncer.Succeeded, syncer.Request{Full: true}).Counts
			if got := o.census(); got != before || c.Deactivated+c.Reactivated+c.Added != 0 {
				t.Errorf("the run afterwards: %+v, %s", c, got)
			}
		})
	}
}

// hire makes a new person in the directory.
func (o *office) hire(given, surname string) string {
	o.t.Helper()
	p, err := o.hr.Hire(props("givenName", given, "surname", surname))
	o.must(err)
	return p.ID
}

// census sums up logins and records by state.
func (o *office) census() string {
	o.t.Helper()
	logins, err := o.logins.ListLogins(o.t.Context(), account.CommandLine())
	o.must(err)
	counts := map[string]int{}
	for _, l := range logins {
		counts[fmt.Sprintf("login %s with %d roles", l.State, len(l.Grants))]++
	}
	status, err := o.records.EnsureStatusField(o.t.Context(), o.people.ID)
	o.must(err)
	q := register.Query{Account: o.acct, Collection: o.people.ID, Limit: 500, ByID: true}
	for {
		page, err := o.records.List(o.t.Context(), account.CommandLine(), q)
		o.must(err)
		for _, rec := range page.Records {
			counts["record "+rec.Value(status).String()]++
		}
		if page.Next == (register.Cursor{}) {
			return fmt.Sprint(counts)
		}
		q.After = page.Next
	}
}

// F47, F49, F51: rounds of changes come in any order, more than once and in
// parts, and tell of people never seen; the outcome is the same.
func TestRoundsOfChangesInAnyShape(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"", entrasim.FaultDuplicates, entrasim.FaultReplay, entrasim.FaultEmptyPage, entrasim.FaultSplitGroups, entrasim.FaultRemovedInitial,
	} {
		t.Run("F49 "+kind, func(t *testing.T) {
			t.Parallel()
			o := open(t, storetest.SQLite(t), 80)
			o.mapped(o.everyone(), o.staff("Asset managers", account.ModuleAdmin))
			leaver := o.hire("Leaves", "Managers")
			o.must(o.hr.AddMember("Asset managers", leaver))
			o.run(syncer.Succeeded, syncer.Request{})
			_, err := o.hr.Disable(o.memberOf("Asset managers")) // a round before, which a replay tells of again
			o.must(err)
			o.run(syncer.Succeeded, syncer.Request{})
			if kind != "" {
				o.must(o.hr.Inject(entrasim.Fault{Kind: kind, Times: 3}))
			}
			who := o.colleague()
			_, err = o.hr.Move(who, "Legal", "")
			o.must(err)
			_, err = o.hr.Move(who, "Quality", "")
			o.must(err)
			fresh, stray := o.hire("Ada", "Newcomer"), o.hire("Never", "Seen")
			_, err = o.hr.Purge(stray)
			o.must(err)
			for range 4 { // more than a page of members in parts
				o.must(o.hr.AddMember("Asset managers", o.hire("Joins", "Managers")))
			}
			o.must(o.hr.AddMember("Asset managers", fresh))
			o.must(o.hr.RemoveMember("Asset managers", leaver))
			o.run(syncer.Succeeded, syncer.Request{})
			if rec, _ := o.person(who); o.value(rec, "Department") != "Quality" {
				t.Errorf("department %q, want the last one told", o.value(rec, "Department"))
			}
			if login, ok := o.login(fresh); !ok || login.State != account.Active {
				t.Errorf("the newcomer's login: %s, %v", login.State, ok)
			}
			if login, _ := o.login(leaver); login.State != account.Deactivated {
				t.Errorf("the login of who left is %s", login.State)
			}
			if _, ok := o.person(stray); ok {
				t.Error("somebody never seen has a record")
			}
			o.hr.ClearFaults()
			full := o.run(syncer.Succeeded, syncer.Request{Full: true})
			if c := full.Counts; c.Added+c.Changed+c.Deactivated+c.Reactivated != 0 || full.Stats.Drift != 0 {
				t.Errorf("a full read afterwards finds %+v, drift %d", c, full.Stats.Drift)
			}
		})
	}
}

// F53: all members of a large group count, not those of the first page.
func TestF53EveryMemberOfALargeGroupCounts(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t), 2600)
	def := o.staff("Everyone at Contoso", account.Collaborator)
	def.Guests = mapping.IncludeGuests
	o.mapped(def)
	o.run(syncer.Succeeded, syncer.Request{})
	members, total, err := o.hr.Members("Everyone at Contoso", 5000)
	o.must(err)
	if total < 2500 {
		t.Fatalf("only %d members", total)
	}
	without := 0
	for _, id := range members {
		p, err := o.hr.Person(id)
		o.must(err)
		if _, ok := o.login(id); !ok && p.Enabled && p.State == "live" {
			without++
		}
	}
	if without != 0 {
		t.Errorf("%d of %d members have no login", without, total)
	}
}

// F42: a killed listing goes on from its page link while that is young, and
// starts over when it is not.
func TestF42OldPageLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		later time.Duration
		on    bool // goes on from where it was
	}{"after ten minutes": {10 * time.Minute, true}, "after three hours": {3 * time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t, storetest.SQLite(t), 12_000) // more pages than go into one transaction
			o.mapped(o.everyone())
			service, _ := o.dying(3)
			if _, err := service.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss}); !errors.Is(err, errKilled) {
				t.Fatalf("the first run was not killed: %v", err)
			}
			open, err := o.db.OpenRuns(t.Context(), o.conn.ID, syncer.Running)
			o.must(err)
			if got, err := o.db.Pages(t.Context(), open[0].ID, "users"); err != nil || got.Pages == 0 || got.Drained {
				t.Fatalf("killed with %d pages, drained %v, %v; want it in the middle of the listing", got.Pages, got.Drained, err)
			}
			o.clock = o.clock.Add(r.later)
			if !r.on {
				o.hr.ExpirePageTokens()
			}
			o.hr.ResetRequests()
			o.run(syncer.Succeeded, syncer.Request{})
			first := 0
			for _, q := range o.hr.Requests().Recent {
				if strings.HasSuffix(q.Path, "/users") && !strings.Contains(q.Query, "skiptoken") {
					first++
				}
			}
			if (first == 0) != r.on {
				t.Errorf("%d requests for a first page, want it to go on from where it was: %v", first, r.on)
			}
			people, err := o.db.EntryIDs(t.Context(), o.conn.ID, directory.User)
			o.must(err)
			if got, want := int(people.GetCardinality()), o.hr.Snapshot().People; got != want {
				t.Errorf("%d people in the mirror, want %d", got, want)
			}
		})
	}
}

// F45: who joins a group is not told with the users; the groups are followed.
func TestF45MembershipIsReadFromTheGroups(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 80)
		o.mapped(o.staff("IT Admins", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		members, _, err := o.hr.Members("All Staff", 100)
		o.must(err)
		who := members[slices.IndexFunc(members, func(id string) bool { _, has := o.login(id); return !has && o.live(id) })]
		o.must(o.hr.AddMember("IT Admins", who))
		run := o.run(syncer.Succeeded, syncer.Request{})
		login, ok := o.login(who)
		if !ok || login.State != account.Active || run.Mode != syncer.Incremental || run.Stats.Objects != 0 {
			t.Errorf("login %s, %v after an %s run that brought %d users; want it open although nothing was told of the person",
				login.State, ok, run.Mode, run.Stats.Objects)
		}
	})
}

// F46, F72: a person's end ends their memberships, and who is restored gets
// what the groups say then, also when nobody told of the removal.
func TestF46RestoredPeopleAreJudgedByTheGroupsOfToday(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 80)
		o.mapped(o.everyone(), o.staff("Asset managers", account.ModuleAdmin))
		o.run(syncer.Succeeded, syncer.Request{})
		back, out := o.hire("Comes", "Back"), o.hire("Stays", "Out")
		for _, who := range []string{back, out} {
			o.must(o.hr.AddMember("Asset managers", who))
		}
		o.run(syncer.Succeeded, syncer.Request{})
		for _, who := range []string{back, out} {
			_, err := o.hr.SoftDelete(who)
			o.must(err)
		}
		o.run(syncer.Succeeded, syncer.Request{})
		for _, who := range []string{back, out} {
			if login, _ := o.login(who); login.State != account.Deactivated {
				t.Fatalf("deleted, and the login is %s", login.State)
			}
		}
		o.must(o.hr.Inject(entrasim.Fault{Kind: entrasim.FaultDelayed, DelayMS: 3600_000, Match: "^/groups/delta"}))
		o.must(o.hr.RemoveMember("Asset managers", out))
		for _, who := range []string{back, out} {
			_, err := o.hr.Restore(who)
			o.must(err)
		}
		o.run(syncer.Succeeded, syncer.Request{})
		if login, _ := o.login(back); login.State != account.Active || len(login.Grants) != 1 {
			t.Errorf("restored, still in the group: %s with %+v", login.State, login.Grants)
		}
		if login, _ := o.login(out); login.State != account.Deactivated {
			t.Errorf("restored, but taken out of the group meanwhile: %s with %+v", login.State, login.Grants)
		}
		if rec, _ := o.person(out); o.value(rec, "Integration status") != "Active" {
			t.Errorf("restored: status %q", o.value(rec, "Integration status"))
		}
	})
}

// F56: what a run asks grows with pages and groups, not with people.
func TestF56NobodyIsAskedForOneByOne(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t), 900)
	o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator), o.staff("Asset managers", account.Collaborator))
	run := o.run(syncer.Succeeded, syncer.Request{})
	if n := run.Stats.Usage.Requests; n > 20 {
		t.Errorf("a first run over 900 people took %d requests: %v", n, o.hr.Requests().ByKind)
	}
	if n := o.run(syncer.Succeeded, syncer.Request{}).Stats.Usage.Requests; n > 5 {
		t.Errorf("a run with nothing to do took %d requests", n)
	}
}

// F65: roles come from the members that were read, however many groups a
// person is in.
func TestF65RolesDoNotDependOnHowManyGroups(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t), 60)
	who := o.colleague()
	for i := range 250 {
		g, err := o.hr.CreateGroup(fmt.Sprintf("List %03d", i), "", false)
		o.must(err)
		o.must(o.hr.AddMember(g.ID, who))
	}
	o.mapped(o.staff("List 249", account.ModuleAdmin))
	o.run(syncer.Succeeded, syncer.Request{})
	if login, ok := o.login(who); !ok || len(login.Grants) != 1 || login.Grants[0].RoleName != account.ModuleAdmin {
		t.Errorf("a member of 250 groups has %+v, %v", login.Grants, ok)
	}
}
