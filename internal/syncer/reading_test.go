package syncer_test

import (
	"testing"

	"github.com/musterhq/muster/internal/entrasim"
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
