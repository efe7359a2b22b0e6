package syncer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// away reports whether somebody's record is archived and their login closed.
func (o *office) away(who string) bool {
	o.t.Helper()
	id := o.recordOf(who)
	list, err := o.records.Load(o.t.Context(), []int64{id})
	o.must(err)
	login, ok := o.login(who)
	if !ok || list[0].Archived() != (login.State == account.Deactivated) {
		o.t.Fatalf("record archived %v, login %s: want both here or both away", list[0].Archived(), login.State)
	}
	return list[0].Archived()
}

// recordOf returns the number of the record linked to somebody, away or not.
func (o *office) recordOf(who string) int64 {
	o.t.Helper()
	links, err := o.db.Links(o.t.Context(), []int64{o.entry(who)})
	o.must(err)
	for _, l := range links {
		if l.Target == reconcile.Record {
			return l.TargetID
		}
	}
	o.t.Fatalf("%s has no record", who)
	return 0
}

// undoneHires hires two people, syncs, and takes the run back.
func undoneHires(t *testing.T, db *store.DB) (o *office, a, b string) {
	t.Helper()
	o = open(t, db, 40)
	o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
	o.run(syncer.Succeeded, syncer.Request{})
	for i, name := range []string{"Ada", "Grace"} {
		p, err := o.hr.Hire(props("givenName", name, "surname", "Newcomer", "department", "Sales"))
		o.must(err)
		*[]*string{&a, &b}[i] = p.ID
	}
	run := o.run(syncer.Succeeded, syncer.Request{})
	if run.Counts.Added != 4 {
		t.Fatalf("two hires: %+v, want two records and two logins added", run.Counts)
	}
	rep, err := o.sync.Undo(t.Context(), run.ID, boss, nil)
	o.must(err)
	if !o.away(a) || !o.away(b) || !told(rep.Run, "4 records and logins stay away") {
		t.Fatalf("the undo left them here, or did not say so: %q", rep.Run.Notes)
	}
	return o, a, b
}

// told reports whether a run's notes say something.
func told(run syncer.Run, what string) bool {
	return slices.ContainsFunc(run.Notes, func(n string) bool { return strings.Contains(n, what) })
}

func TestAnUndoneAdditionStaysAwayAndEachRunSaysSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, a, b := undoneHires(t, db)
		for _, req := range []syncer.Request{{}, {Full: true, Asked: "schedule"}, {Preview: true}} {
			run := o.run(syncer.Succeeded, req)
			if !o.away(a) || !o.away(b) || !told(run, "4 records and logins stay away") {
				t.Errorf("%+v: brought them back or said nothing: %q", req, run.Notes)
			}
		}
		why, err := o.sync.Explain(t.Context(), o.conn.ID, a)
		o.must(err)
		if len(why.Next) != 2 || why.Next[0].Reason != reconcile.StaysAway {
			t.Errorf("asked why, the answer is %+v", why.Next)
		}
	})
}

func TestAnUndoneAdditionComesAgain(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		act func(o *office, a string) syncer.Request
		too bool // the other one comes as well
	}{
		"when the directory changes": {func(o *office, a string) syncer.Request {
			_, err := o.hr.Move(a, "Quality", "")
			o.must(err)
			return syncer.Request{}
		}, false},
		"when their units change": {func(o *office, a string) syncer.Request {
			o.must(o.hr.RemoveMember("All Staff", a))
			o.run(syncer.Succeeded, syncer.Request{})
			o.must(o.hr.AddMember("All Staff", a))
			return syncer.Request{}
		}, false},
		"when asked by name": {func(_ *office, a string) syncer.Request { return syncer.Request{Person: a} }, false},
		"when asked in full": {func(*office, string) syncer.Request { return syncer.Request{Full: true} }, true},
		"when a mapping is edited": {func(o *office, _ string) syncer.Request {
			def := o.everyone()
			def.Rows = def.Rows[:3]
			o.mapped(def, o.staff("All Staff", account.Collaborator))
			return syncer.Request{}
		}, true},
	}
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				o, a, b := undoneHires(t, db)
				record := o.recordOf(a)
				login, _ := o.login(a)
				o.run(syncer.Succeeded, r.act(o, a))
				again, _ := o.login(a)
				if o.away(a) || o.recordOf(a) != record || again.ID != login.ID || len(again.Grants) != 1 {
					t.Errorf("away %v, record %d, login %+v; want record %d and login %d back", o.away(a), o.recordOf(a), again, record, login.ID)
				}
				if o.away(b) == r.too {
					t.Errorf("the other one is away: %v, want %v", o.away(b), !r.too)
				}
				if c := o.run(syncer.Succeeded, syncer.Request{Full: true, Asked: "schedule"}).Counts; c.Added+c.Changed+c.Deactivated+c.Reactivated != 0 {
					t.Errorf("the run afterwards: %+v, want nothing to do", c)
				}
			})
		})
	}
}

// Somebody looked at again because something is open about them is not news.
func TestWhatIsRetriedDoesNotComeAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, a, _ := undoneHires(t, db)
		err := o.db.SaveOutcomes(t.Context(), o.conn.ID, 1, nil, []syncer.PlannedChange{
			{Change: reconcile.Change{Entry: o.entry(a), Verb: reconcile.Problem, Reason: reconcile.ReferenceNotFound}},
		})
		o.must(err)
		run := o.run(syncer.Succeeded, syncer.Request{})
		got := o.changesOf(run, a)
		if !o.away(a) || len(got) != 2 || got[0].Reason != reconcile.StaysAway || got[1].Reason != reconcile.StaysAway {
			t.Errorf("away %v, told %+v; want both reported as staying away", o.away(a), got)
		}
	})
}

func TestARecordBroughtBackByHandIsInStepAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, a, b := undoneHires(t, db)
		for _, who := range []string{a, b} {
			list, err := o.records.Load(t.Context(), []int64{o.recordOf(who)})
			o.must(err)
			_, err = o.records.Unarchive(t.Context(), account.CommandLine(), o.acct, list[0].ID, list[0].Version, "")
			o.must(err)
		}
		run := o.run(syncer.Succeeded, syncer.Request{})
		if !told(run, "2 records and logins stay away") {
			t.Errorf("notes %q, want the two logins", run.Notes)
		}
		_, err := o.hr.Disable(a)
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{})
		if rec, _ := o.person(a); o.value(rec, "Integration status") != "Disabled" {
			t.Errorf("status %q", o.value(rec, "Integration status"))
		}
	})
}

// What comes again can be undone again.
func TestComingAgainCanBeUndone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, a, b := undoneHires(t, db)
		run := o.run(syncer.Succeeded, syncer.Request{Full: true})
		if o.away(a) || run.Counts.Reactivated != 4 {
			t.Fatalf("asked in full: %+v", run.Counts)
		}
		rep, err := o.sync.Undo(t.Context(), run.ID, boss, nil)
		o.must(err)
		if !o.away(a) || !o.away(b) {
			t.Errorf("still here after the second undo: %q", rep.Run.Notes)
		}
		page, err := o.records.List(t.Context(), account.CommandLine(), register.Query{Account: o.acct, Collection: o.people.ID, Limit: 500})
		o.must(err)
		for _, rec := range page.Records {
			if rec.ID == o.recordOf(a) {
				t.Error("the archived record is listed")
			}
		}
	})
}
