package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// planned writes down the changes of a run, without what differs between runs.
func (o *office) planned(run syncer.Run) []string {
	o.t.Helper()
	list, err := o.sync.Changes(o.t.Context(), run.ID, syncer.ChangeFilter{})
	o.must(err)
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %s %s %s %s %d fields %v", c.Name, c.Target, c.Verb, c.Reason, c.Status, len(c.Fields), c.Roles))
	}
	slices.Sort(out)
	return out
}

// F2: a run on schedule obeys the same limits as one by hand.
func TestF2RunsOnScheduleHaveTheSameBrake(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var holds [2][]string
		for i, asked := range []string{"hand", "schedule"} {
			o := open(t, another(t, db), 100)
			o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
			o.run(syncer.Succeeded, syncer.Request{Asked: asked})
			members, _, err := o.hr.Members("All Staff", 60)
			o.must(err)
			for _, id := range members {
				o.must(o.hr.RemoveMember("All Staff", id))
			}
			run := o.run(syncer.Held, syncer.Request{Asked: asked})
			holds[i] = append(run.Holds, o.planned(run)...)
			if run.Counts.Deactivated != 0 {
				t.Errorf("%s: %+v", asked, run.Counts)
			}
		}
		if !slices.Equal(holds[0], holds[1]) || len(holds[0]) == 0 {
			t.Errorf("by hand %q\non schedule %q", holds[0], holds[1])
		}
	})
}

// F9, F10: what an edit of a mapping would do shows before it is kept, and when
// it is kept all the same, an edit that lets nobody in is held.
func TestF10AnEditShowsWhoWouldLeaveBeforeItIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 100)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		before := o.state()
		stored, err := o.sync.Mappings(t.Context(), o.conn.ID)
		o.must(err)
		draft := []mapping.Definition{stored[0].Definition, stored[1].Definition}
		draft[1].Conditions = []mapping.Condition{{Path: "department", Operator: mapping.Equals, Value: "No such department"}}
		preview, err := o.attempt(syncer.Request{Draft: draft})
		o.must(err)
		if preview.Mode != syncer.Preview || o.state() != before {
			t.Fatalf("the draft was a %s and changed something", preview.Mode)
		}
		shown := o.planned(preview)
		o.mapped(draft...)
		held := o.run(syncer.Held, syncer.Request{})
		if o.state() != before || held.Counts.Held < 50 {
			t.Errorf("a condition that nobody meets: %+v", held.Counts)
		}
		if got := o.planned(held); !slices.Equal(got, shown) {
			t.Errorf("the draft showed %d changes, the run planned %d\n%q\n%q", len(shown), len(got), shown[0], got[0])
		}
		o.mapped(stored[0].Definition, stored[1].Definition)
		o.run(syncer.Succeeded, syncer.Request{})
		if o.state() != before {
			t.Error("the edit was taken back, and things are not as before")
		}
	})
}

// F9: what people would lose by an edit that nobody has looked at is held by runs
// on schedule, however few they are; what the directory says of them is not.
func TestF9AnEditThatNobodyLookedAtIsHeldOnSchedule(t *testing.T) {
	t.Parallel()
	scheduled := syncer.Request{Asked: "schedule"}
	narrowed := func(o *office, who string) {
		logins := o.staff("All Staff", account.Collaborator)
		logins.Conditions = []mapping.Condition{{Path: "id", Operator: mapping.NotEquals, Value: who}}
		o.mapped(o.everyone(), logins)
	}
	for name, r := range map[string]struct {
		look func(o *office) // after the edit
		next syncer.State    // of the run on schedule after that
		want account.State
	}{
		"nobody looked":       {func(*office) {}, syncer.Held, account.Active},
		"a preview was shown": {func(o *office) { o.run(syncer.Succeeded, syncer.Request{Preview: true}) }, syncer.Succeeded, account.Deactivated},
		"a run by hand":       {func(o *office) { o.run(syncer.Succeeded, syncer.Request{}) }, syncer.Succeeded, account.Deactivated},
		"held twice": {func(o *office) {
			o.run(syncer.Held, scheduled)
			o.run(syncer.Held, scheduled)
		}, syncer.Held, account.Active},
		"held, then approved": {func(o *office) {
			held := o.run(syncer.Held, scheduled)
			_, err := o.sync.Approve(o.t.Context(), held.ID, syncer.Choice{All: true}, boss, nil)
			o.must(err)
		}, syncer.Succeeded, account.Deactivated},
		"held, then dismissed": {func(o *office) {
			held := o.run(syncer.Held, scheduled)
			_, err := o.sync.Approve(o.t.Context(), held.ID, syncer.Choice{None: true}, boss, nil)
			o.must(err)
		}, syncer.Succeeded, account.Active},
		"held, then previewed": {func(o *office) {
			o.run(syncer.Held, scheduled)
			o.run(syncer.Succeeded, syncer.Request{Preview: true})
		}, syncer.Succeeded, account.Deactivated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newcomer(t, storetest.SQLite(t))
			who, leaver, other := o.colleague(), o.hire("Leaves", "Meanwhile"), o.hire("Leaves", "Later")
			o.run(syncer.Succeeded, scheduled)
			narrowed(o, who)
			_, err := o.hr.Disable(leaver)
			o.must(err)
			r.look(o)
			o.run(r.next, scheduled)
			if login, _ := o.login(who); login.State != r.want {
				t.Errorf("the login that the edit leaves out is %s, want %s", login.State, r.want)
			}
			if login, _ := o.login(leaver); login.State != account.Deactivated {
				t.Errorf("the login of who was disabled meanwhile is %s", login.State)
			}
			o.must(o.hr.RemoveMember("All Staff", other))
			if c := o.run(r.next, scheduled).Counts; c.Deactivated != 1 {
				t.Errorf("somebody else left the group: %+v, want that login closed", c)
			}
		})
	}
}

// F68: a preview finds what the run will find, values that others hold included.
func TestF68APreviewValidatesLikeTheRun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 40)
		who := o.colleague()
		p, err := o.hr.Person(who)
		o.must(err)
		def := o.everyone()
		def.Identifier = "displayName" // so that the principal name is a value like others
		o.make(map[string]string{"Name": "Somebody Else", "User principal name": p.UserPrincipalName})
		o.mapped(def)
		preview := o.run(syncer.Succeeded, syncer.Request{Preview: true})
		real := o.run(syncer.Succeeded, syncer.Request{})
		p1, p2 := preview.Counts, real.Counts
		if p1.Added != p2.Added || p1.Problems != p2.Problems || p1.Failed != p2.Failed {
			t.Errorf("the preview says %+v, the run did %+v", p1, p2)
		}
		rec, ok := o.person(who)
		if !ok || o.value(rec, "User principal name") != "" || o.value(rec, "Department") == "" {
			t.Errorf("the person is %+v, %v; want all but the value that is taken", rec, ok)
		}
	})
}

// unplanned is a database that cannot take a plan.
type unplanned struct{ *store.DB }

var errNoRoom = errors.New("no room for the plan")

func (u *unplanned) InsertChanges(ctx context.Context, run int64, changes []syncer.PlannedChange) error {
	if len(changes) == 0 {
		return u.DB.InsertChanges(ctx, run, changes)
	}
	return errNoRoom
}

// F70: without a stored plan nothing is applied; a plan is read page by page.
func TestF70WithoutAPlanNothingIsApplied(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		service := o.over(&unplanned{db})
		rep, err := service.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss})
		if !errors.Is(err, errNoRoom) || rep.Run.State != syncer.Failed || rep.Run.Error == "" {
			t.Errorf("the run ended as %s with %v", rep.Run.State, err)
		}
		if _, ok := o.person(o.colleague()); ok {
			t.Error("a person was added without a plan")
		}
		run := o.run(syncer.Succeeded, syncer.Request{})
		seen, after := 0, int64(0)
		for {
			page, err := o.sync.Changes(t.Context(), run.ID, syncer.ChangeFilter{After: after, Limit: 7})
			o.must(err)
			if len(page) == 0 {
				break
			}
			seen, after = seen+len(page), page[len(page)-1].Seq
		}
		if all := len(o.planned(run)); seen != all || seen == 0 {
			t.Errorf("%d changes page by page, %d at once", seen, all)
		}
	})
}

// F75: who is deleted shows until when they can be restored.
func TestF75TheDayOfPurgingIsShown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		who := o.hire("Nobodys", "Manager")
		o.run(syncer.Succeeded, syncer.Request{})
		_, err := o.hr.SoftDelete(who)
		o.must(err)
		want := o.clock.Add(30 * 24 * time.Hour)
		run := o.run(syncer.Succeeded, syncer.Request{Full: true})
		shown := 0
		for _, c := range o.changesOf(run, who) {
			if d := c.PurgeAt.Sub(want); d > -time.Hour && d < time.Hour {
				shown++
			}
		}
		if shown != 2 {
			t.Errorf("%d of the changes say that it is purged about %s: %+v", shown, want, o.changesOf(run, who))
		}
	})
}

// F78: a run ends with what is to be fetched from those who have left.
func TestF78ARunListsWhatLeaversHold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		if run := o.run(syncer.Succeeded, syncer.Request{}); told(run, "to be fetched") {
			t.Fatalf("nobody holds anything: %q", run.Notes)
		}
		who := o.colleague()
		rec, _ := o.person(who)
		laptop := o.laptop("Laptop 12")
		_, err := o.records.CheckOut(t.Context(), account.CommandLine(), register.CheckOut{Account: o.acct, Asset: laptop, Holder: rec.ID})
		o.must(err)
		if run := o.run(syncer.Succeeded, syncer.Request{}); told(run, "to be fetched") {
			t.Errorf("the holder is here: %q", run.Notes)
		}
		_, err = o.hr.Disable(who)
		o.must(err)
		if run := o.run(syncer.Succeeded, syncer.Request{}); !told(run, rec.Title+" holds Laptop 12") {
			t.Errorf("notes %q, want what %s holds", run.Notes, rec.Title)
		}
		_, err = o.records.CheckIn(t.Context(), account.CommandLine(), register.CheckIn{Account: o.acct, Asset: laptop})
		o.must(err)
		if run := o.run(syncer.Succeeded, syncer.Request{}); told(run, "to be fetched") {
			t.Errorf("all is back: %q", run.Notes)
		}
	})
}

// laptop adds an asset.
func (o *office) laptop(name string) int64 {
	o.t.Helper()
	collections, err := o.records.ModuleCollections(o.t.Context(), o.acct, o.module)
	o.must(err)
	for _, c := range collections {
		if c.Kind != register.Main {
			continue
		}
		title, err := o.records.TitleField(o.t.Context(), c.ID)
		o.must(err)
		rec, err := o.records.Create(o.t.Context(), account.CommandLine(), register.Input{
			Account: o.acct, Collection: c.ID, Set: []register.FieldValue{{Field: title, Value: datatype.OfText(name)}},
		})
		o.must(err)
		return rec.ID
	}
	o.t.Fatal("no collection of assets")
	return 0
}
