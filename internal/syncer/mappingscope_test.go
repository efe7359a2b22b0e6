package syncer_test

import (
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// named returns the number of a mapping in force.
func (o *office) named(name string) int64 {
	o.t.Helper()
	all, err := o.sync.Mappings(o.t.Context(), o.conn.ID)
	o.must(err)
	for _, m := range all {
		if m.Name == name {
			return m.ID
		}
	}
	o.t.Fatalf("no mapping %q", name)
	return 0
}

func TestARunForOneMappingLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		everyone, staff := o.named("Everyone"), o.named("All Staff")
		first := o.run(syncer.Succeeded, syncer.Request{Mapping: everyone})
		who := o.colleague()
		if _, ok := o.login(who); ok || first.Counts.Added == 0 {
			t.Fatalf("the run for records made logins, or nothing: %+v", first.Counts)
		}
		rest := o.run(syncer.Succeeded, syncer.Request{})
		if _, ok := o.login(who); !ok || rest.Counts.Changed != 0 {
			t.Fatalf("the next run did not do just the rest: %+v", rest.Counts)
		}

		_, err := o.hr.Disable(who)
		o.must(err)
		run := o.run(syncer.Succeeded, syncer.Request{Mapping: everyone})
		rec, _ := o.person(who)
		if login, _ := o.login(who); login.State != account.Active || o.value(rec, "Integration status") != "Disabled" || run.Counts.Changed != 1 {
			t.Errorf("disabled, records only: login %s, status %s, %+v", login.State, o.value(rec, "Integration status"), run.Counts)
		}
		o.must(o.hr.RemoveMember("All Staff", o.memberOf("All Staff")))
		run = o.run(syncer.Succeeded, syncer.Request{Mapping: staff, Full: true})
		if run.Counts.Deactivated != 2 || run.Counts.Changed+run.Counts.Added != 0 {
			t.Errorf("one disabled, one left, logins only: %+v, want two logins closed", run.Counts)
		}
		if c := o.run(syncer.Succeeded, syncer.Request{}).Counts; c.Added+c.Changed+c.Deactivated != 0 {
			t.Errorf("the rest afterwards: %+v, want nothing", c)
		}
	})
}

// People of other mappings do not count as absent, and are not held.
func TestARunForOneMappingCountsNobodyElseAsAbsent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		sales := o.everyone()
		sales.Name, sales.Conditions = "Sales", []mapping.Condition{{Path: "department", Operator: mapping.Equals, Value: "Sales"}}
		others := o.everyone()
		others.Name, others.Conditions = "Others", []mapping.Condition{{Path: "department", Operator: mapping.NotEquals, Value: "Sales"}}
		who := o.colleague()
		_, err := o.hr.Move(who, "Quality", "")
		o.must(err)
		o.mapped(sales, others)
		o.run(syncer.Succeeded, syncer.Request{})
		before, _ := o.person(who)
		o.must(o.hr.Inject(entrasim.Fault{Kind: entrasim.FaultEmpty, Match: "^/users$"}))
		for range 3 {
			run := o.run(syncer.Held, syncer.Request{Mapping: o.named("Sales"), Full: true})
			if got := o.changesOf(run, who); len(got) != 0 {
				t.Fatalf("planned for somebody of another mapping: %+v", got)
			}
		}
		o.hr.ClearFaults()
		o.run(syncer.Succeeded, syncer.Request{})
		if after, _ := o.person(who); after.Version != before.Version {
			t.Errorf("the record of another mapping is at version %d, want %d", after.Version, before.Version)
		}
	})
}

// A login that two mappings want belongs to the first: a run for the second
// neither gives the lesser role nor closes the login.
func TestARunForOneMappingKeepsTheOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		o.mapped(o.staff("Asset managers", account.ModuleAdmin), o.staff("All Staff", account.Collaborator))
		who := o.memberOf("Asset managers")
		o.run(syncer.Succeeded, syncer.Request{Mapping: o.named("All Staff")})
		if _, ok := o.login(who); ok {
			t.Fatal("the login of an asset manager was made by the mapping of all staff")
		}
		o.run(syncer.Succeeded, syncer.Request{})
		o.must(o.hr.RemoveMember("All Staff", who))
		o.run(syncer.Succeeded, syncer.Request{Mapping: o.named("All Staff")})
		login, _ := o.login(who)
		if login.State != account.Active || len(login.Grants) != 1 || login.Grants[0].RoleName != account.ModuleAdmin {
			t.Errorf("login %s with %+v, want open as %s", login.State, login.Grants, account.ModuleAdmin)
		}
	})
}

func TestARunForAMappingThatIsNotThereFails(t *testing.T) {
	t.Parallel()
	o := newcomer(t, storetest.SQLite(t))
	_, err := o.sync.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss, Mapping: 999})
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

// A run for one mapping remembers who has to be looked at again by others.
func TestARunForOneMappingForgetsNothingThatIsOpen(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		other := o.everyone()
		other.Name, other.Conditions = "Other", []mapping.Condition{{Path: "department", Operator: mapping.Equals, Value: "Nowhere"}}
		office := o.link("Office")
		everyone := o.everyone()
		everyone.Rows = append(everyone.Rows, row("city", office, nil))
		o.mapped(everyone, other, o.staff("All Staff", account.Collaborator))
		problems := func(run syncer.Run) int {
			list, err := o.sync.Changes(t.Context(), run.ID, syncer.ChangeFilter{Verbs: []reconcile.Verb{reconcile.Problem}})
			o.must(err)
			return len(list)
		}
		want := problems(o.run(syncer.Succeeded, syncer.Request{}))
		if want == 0 {
			t.Fatalf("no city is missing from the offices, not even that of %s", who)
		}
		if got := problems(o.run(syncer.Succeeded, syncer.Request{Mapping: o.named("Other")})); got != 0 {
			t.Errorf("%d problems of another mapping were told of", got)
		}
		if got := problems(o.run(syncer.Succeeded, syncer.Request{})); got != want {
			t.Errorf("%d problems told of afterwards, want %d still", got, want)
		}
	})
}
