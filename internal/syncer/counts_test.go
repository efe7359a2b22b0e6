package syncer_test

import (
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// props turns texts into the simulated tenant's values; an empty one is null.
func props(pairs ...string) map[string]estate.Value {
	out := map[string]estate.Value{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = estate.Null()
		if pairs[i+1] != "" {
			out[pairs[i]] = estate.String(pairs[i+1])
		}
	}
	return out
}

func TestCountsAreOfPeopleNotOfFields(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		o.field("Job", datatype.Spec{Type: datatype.Text})
		everyone := o.everyone()
		clear := reconcile.ClearWhenEmpty
		everyone.Rows = append(everyone.Rows, row("jobTitle", o.fields["Job"], &clear))
		o.mapped(everyone, o.staff("All Staff", account.Collaborator))
		first := o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		_, err := o.hr.Rename(who, "Zoë", "Nguyễn")
		o.must(err)
		_, err = o.hr.Update(who, props("department", "Quality", "jobTitle", ""))
		o.must(err)
		next := o.run(syncer.Succeeded, syncer.Request{})
		changes, err := o.sync.Changes(t.Context(), next.ID, syncer.ChangeFilter{})
		o.must(err)
		if len(changes) < 4 {
			t.Fatalf("%d changes, want a rename, an update, a blanking and the login's name", len(changes))
		}
		if c := next.Counts; c.Changed != 2 || c.Unchanged != first.Counts.Added-2 {
			t.Errorf("%+v, want one record and one login changed, and the other %d unchanged", c, first.Counts.Added-2)
		}
		_, err = o.hr.Update(who, props("department", "Logistics"))
		o.must(err)
		_, err = o.hr.Disable(who)
		o.must(err)
		if c := o.run(syncer.Succeeded, syncer.Request{}).Counts; c.Changed != 1 || c.Deactivated != 1 {
			t.Errorf("disabled and moved: %+v, want one record changed and one login deactivated", c)
		}
		_, err = o.hr.Enable(who)
		o.must(err)
		_, err = o.hr.Rename(who, "Zoe", "Nguyen")
		o.must(err)
		if c := o.run(syncer.Succeeded, syncer.Request{}).Counts; c.Changed != 1 || c.Reactivated != 1 {
			t.Errorf("enabled and renamed: %+v, want one record changed and one login reactivated", c)
		}
	})
}
