package syncer_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// boardless keeps the department Board out of a mapping.
func boardless(def mapping.Definition) mapping.Definition {
	def.Conditions = append(slices.Clone(def.Conditions), mapping.Condition{Path: "department", Operator: mapping.NotEquals, Value: "Board"})
	return def
}

// enters moves somebody out of the Board and syncs.
func (o *office) enters(chief string) syncer.Run {
	o.t.Helper()
	_, err := o.hr.Move(chief, "Sales", "")
	o.must(err)
	run := o.run(syncer.Succeeded, syncer.Request{})
	if _, ok := o.person(chief); !ok {
		o.t.Fatal("the manager did not come")
	}
	return run
}

// pair returns two colleagues of whom the first answers to the second, who is
// of the Board.
func (o *office) pair() (who, boss string) {
	o.t.Helper()
	members, _, err := o.hr.Members("All Staff", 500)
	o.must(err)
	for _, id := range members {
		p, err := o.hr.Person(id)
		o.must(err)
		if !p.Enabled || p.State != "live" || p.UserType != "Member" {
			continue
		}
		if boss == "" {
			boss = id
			_, err := o.hr.Move(boss, "Board", "")
			o.must(err)
			continue
		}
		_, err = o.hr.SetManager(id, boss)
		o.must(err)
		return id, boss
	}
	o.t.Fatal("too few people")
	return "", ""
}

// bossOf returns the title of the record that a person's field Boss links to.
func (o *office) bossOf(who string) int64 {
	o.t.Helper()
	rec, ok := o.person(who)
	if !ok {
		o.t.Fatalf("%s has no record", who)
	}
	return rec.Value(o.fields["Boss"]).Record()
}

// entry returns somebody's number in the mirror.
func (o *office) entry(who string) int64 {
	o.t.Helper()
	id, err := directory.ParseObjectID(who)
	o.must(err)
	known, err := o.db.EntriesByObject(o.t.Context(), o.conn.ID, []directory.ObjectID{id}, false)
	o.must(err)
	return known[id].ID
}

// changesOf returns what a run did with one person.
func (o *office) changesOf(run syncer.Run, who string) []syncer.PlannedChange {
	o.t.Helper()
	list, err := o.sync.Changes(o.t.Context(), run.ID, syncer.ChangeFilter{Entry: o.entry(who)})
	o.must(err)
	return list
}

// F71: a manager who is not in the register is waited for: planned once, then
// unchanged, and filled in once there.
func TestF71AManagerWhoIsNotHereIsWaitedFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		who, boss := o.pair()
		o.mapped(boardless(o.everyone()))
		o.run(syncer.Succeeded, syncer.Request{})
		for _, department := range []string{"Quality", "Logistics"} {
			_, err := o.hr.Move(who, department, "")
			o.must(err)
			run := o.run(syncer.Succeeded, syncer.Request{})
			got := o.changesOf(run, who)
			if len(got) != 1 || len(got[0].Fields) != 1 || got[0].Fields[0].Field != o.fields["Department"] || run.Counts.Changed != 1 {
				t.Fatalf("moved to %s: %+v, counts %+v, want the department alone", department, got, run.Counts)
			}
		}
		if c := o.run(syncer.Succeeded, syncer.Request{Full: true}).Counts; c.Changed != 0 {
			t.Errorf("nothing has happened, and yet %+v", c)
		}
		run := o.enters(boss)
		rec, _ := o.person(boss)
		if got := o.bossOf(who); got != rec.ID || rec.ID == 0 {
			t.Errorf("the manager is here as record %d, and the field links to %d; notes %q", rec.ID, got, run.Notes)
		}
		if c := o.run(syncer.Succeeded, syncer.Request{Full: true}).Counts; c.Added+c.Changed != 0 {
			t.Errorf("once all is filled in: %+v, want nothing to do", c)
		}
	})
}

// What a person waits for follows the directory, the mappings and the pins.
func TestWaitingReferencesAreForgottenWhenNoLongerWanted(t *testing.T) {
	t.Parallel()
	rows := map[string]func(o *office, who, chief string){
		"the directory names nobody": func(o *office, who, _ string) {
			_, err := o.hr.SetManager(who, "")
			o.must(err)
		},
		"the field was pinned": func(o *office, who, _ string) {
			rec, _ := o.person(who)
			_, err := o.records.Pin(o.t.Context(), account.CommandLine(), o.acct, rec.ID, o.fields["Boss"], true)
			o.must(err)
		},
		"the row was removed": func(o *office, _, _ string) {
			def := boardless(o.everyone())
			def.Rows = slices.DeleteFunc(def.Rows, func(row mapping.Row) bool { return row.To == o.fields["Boss"] })
			o.mapped(def)
		},
		"the run was undone": func(o *office, who, chief string) {
			_, err := o.hr.SetManager(who, "")
			o.must(err)
			o.run(syncer.Succeeded, syncer.Request{})
			_, err = o.hr.SetManager(who, chief)
			o.must(err)
			run := o.run(syncer.Succeeded, syncer.Request{})
			_, err = o.sync.Undo(o.t.Context(), run.ID, boss, nil)
			o.must(err)
		},
	}
	for name, act := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				o := open(t, db, 40)
				who, chief := o.pair()
				o.mapped(boardless(o.everyone()))
				o.run(syncer.Succeeded, syncer.Request{})
				act(o, who, chief)
				o.run(syncer.Succeeded, syncer.Request{})
				o.enters(chief)
				if got := o.bossOf(who); got != 0 {
					t.Errorf("the field was filled with record %d all the same", got)
				}
			})
		})
	}
}

// A reference that is to fill an empty field leaves alone what a person wrote
// while it waited (F36).
func TestF36AWaitingReferenceFillsOnlyAnEmptyField(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 40)
		who, chief := o.pair()
		def := boardless(o.everyone())
		for i := range def.Rows {
			if def.Rows[i].To == o.fields["Boss"] {
				def.Rows[i].Owner = reconcile.FillIfEmpty
			}
		}
		o.mapped(def)
		o.run(syncer.Succeeded, syncer.Request{})
		rec, _ := o.person(who)
		_, err := o.records.Update(t.Context(), account.CommandLine(), rec.ID, rec.Version, register.Input{
			Account: o.acct, Set: []register.FieldValue{{Field: o.fields["Boss"], Value: datatype.OfRecord(rec.ID)}},
		})
		o.must(err)
		o.enters(chief)
		if got := o.bossOf(who); got != rec.ID {
			t.Errorf("the field links to %d, want %d as a person wrote", got, rec.ID)
		}
	})
}
