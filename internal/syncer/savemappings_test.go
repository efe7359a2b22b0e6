package syncer_test

import (
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// F9: looking at a draft with a new mapping, which has no number yet, is looking
// at what is saved afterwards.
func TestF9ADraftWithANewMappingThatWasLookedAtIsNotHeld(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		look bool
		want syncer.State
	}{"looked at": {true, syncer.Succeeded}, "not looked at": {false, syncer.Held}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newcomer(t, storetest.SQLite(t))
			who := o.colleague()
			o.run(syncer.Succeeded, syncer.Request{Asked: "schedule"})
			logins := o.staff("All Staff", account.Collaborator)
			logins.Conditions = []mapping.Condition{{Path: "id", Operator: mapping.NotEquals, Value: who}}
			another := o.everyone()
			another.Name, another.Conditions = "Another", []mapping.Condition{{Path: "department", Operator: mapping.Equals, Value: "No such department"}}
			stored, err := o.sync.Mappings(t.Context(), o.conn.ID)
			o.must(err)
			logins.ID = stored[1].ID
			draft := []mapping.Definition{stored[0].Definition, logins, another}
			if tt.look {
				_, err := o.attempt(syncer.Request{Draft: draft})
				o.must(err)
			}
			o.mapped(draft...)
			o.run(tt.want, syncer.Request{Asked: "schedule"})
		})
	}
}

func TestAMappingThatIsRenamedIsStillTheSame(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 40)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		before := o.state()
		stored, err := o.sync.Mappings(t.Context(), o.conn.ID)
		o.must(err)
		one, two := stored[0].Definition, stored[1].Definition
		one.Name, two.Name = "People", "Those who sign in"
		done, err := o.sync.SaveMappings(t.Context(), o.conn.ID, []mapping.Definition{one, two})
		if err != nil || len(done) != 2 || done[0] != "~ mapping People" {
			t.Fatalf("saving did %q, %v; want two edits", done, err)
		}
		after, err := o.sync.Mappings(t.Context(), o.conn.ID)
		o.must(err)
		if after[0].ID != stored[0].ID || after[1].ID != stored[1].ID || after[0].Name != "People" {
			t.Errorf("the mappings are %+v", after)
		}
		if c := o.run(syncer.Succeeded, syncer.Request{}).Counts; c.Added+c.Changed+c.Deactivated != 0 || o.state() != before {
			t.Errorf("new names did something: %+v", c)
		}
		two.Name = "people"
		if _, err := o.sync.SaveMappings(t.Context(), o.conn.ID, []mapping.Definition{one, two}); err == nil {
			t.Error("two mappings have the same name")
		}
	})
}
