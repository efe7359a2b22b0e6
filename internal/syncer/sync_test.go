package syncer_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

func TestFirstSyncBringsPeopleAndLogins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 300)
		o.mapped(o.everyone(), o.staff("Asset managers", account.ModuleAdmin), o.staff("All Staff", account.Collaborator))
		first := o.run(syncer.Succeeded, syncer.Request{})
		if first.Mode != syncer.Full || first.Counts.Added < 250 || first.Counts.Failed != 0 {
			t.Fatalf("first run: mode %s, counts %+v, notes %q", first.Mode, first.Counts, first.Notes)
		}
		members, _, err := o.hr.Members("All Staff", 5)
		o.must(err)
		for _, id := range members {
			login, ok := o.login(id)
			if !ok || login.State != account.Active || len(login.Grants) != 1 {
				t.Errorf("member %s of All Staff: login %+v, %v", id, login, ok)
			}
			rec, ok := o.person(id)
			if !ok || o.value(rec, "Name") == "" || o.value(rec, "Integration status") != "Active" {
				t.Errorf("member %s: record %+v, %v", id, rec, ok)
			}
			if login.Person != rec.ID {
				t.Errorf("login of %s is tied to record %d, want %d (F26)", id, login.Person, rec.ID)
			}
		}
	})
}

func TestSecondSyncFindsNothingToDo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 300)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		for _, full := range []bool{false, true} {
			again := o.run(syncer.Succeeded, syncer.Request{Full: full})
			c := again.Counts
			if c.Added+c.Changed+c.Deactivated+c.Reactivated+c.Failed+c.Held != 0 || c.Unchanged == 0 {
				t.Errorf("full=%v: counts %+v, want only unchanged; notes %q", full, c, again.Notes)
			}
			if wantMode := map[bool]syncer.Mode{false: syncer.Incremental, true: syncer.Full}[full]; again.Mode != wantMode {
				t.Errorf("full=%v: mode %s, want %s", full, again.Mode, wantMode)
			}
			if again.Stats.Drift != 0 {
				t.Errorf("full=%v: drift %d in a directory that stood still", full, again.Stats.Drift)
			}
		}
	})
}

// F15, F17: a rename is an update of the same record and login.
func TestF17RenameIsAnUpdate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 200)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		before, _ := o.person(who)
		loginBefore, _ := o.login(who)
		_, err := o.hr.Rename(who, "Zoë", "O'Brien-Nguyễn")
		o.must(err)
		run := o.run(syncer.Succeeded, syncer.Request{})
		after, ok := o.person(who)
		login, _ := o.login(who)
		if !ok || after.ID != before.ID || login.ID != loginBefore.ID {
			t.Fatalf("rename made another record or login: %d → %d, %d → %d", before.ID, after.ID, loginBefore.ID, login.ID)
		}
		if got := o.value(after, "Name"); got != "Zoë O'Brien-Nguyễn" {
			t.Errorf("name = %q", got)
		}
		if run.Counts.Added != 0 || run.Counts.Changed == 0 {
			t.Errorf("counts %+v, want changes only", run.Counts)
		}
	})
}

// colleague returns somebody of All Staff who is not a manager of assets.
func (o *office) colleague() string {
	o.t.Helper()
	members, _, err := o.hr.Members("All Staff", 50)
	o.must(err)
	for _, id := range members {
		if p, err := o.hr.Person(id); err == nil && p.Enabled && p.State == "live" && p.UserType == "Member" {
			return id
		}
	}
	o.t.Fatal("nobody in All Staff")
	return ""
}

// The rows of the table "Evidence of leaving", end to end.
func TestEvidenceOfLeaving(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name   string
		act    func(o *office, who string) error
		full   bool
		login  account.State
		status string
	}{
		{"disabled", func(o *office, who string) error { _, err := o.hr.Disable(who); return err }, false, account.Deactivated, "Disabled"},
		{"enabled again", func(o *office, who string) error { _, err := o.hr.Enable(who); return err }, false, account.Active, "Active"},
		{"soft-deleted", func(o *office, who string) error { _, err := o.hr.SoftDelete(who); return err }, false, account.Deactivated, "Deleted"},
		{"restored", func(o *office, who string) error { _, err := o.hr.Restore(who); return err }, false, account.Active, "Active"},
		{"left the unit", func(o *office, who string) error { return o.hr.RemoveMember("All Staff", who) }, false, account.Deactivated, "Active"},
		{"back in the unit", func(o *office, who string) error { return o.hr.AddMember("All Staff", who) }, false, account.Active, "Active"},
		{"soft-deleted, found by a full run", func(o *office, who string) error { _, err := o.hr.SoftDelete(who); return err }, true, account.Deactivated, "Deleted"},
		{"purged", func(o *office, who string) error { _, err := o.hr.Purge(who); return err }, true, account.Deactivated, "Purged"},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 200)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		before, _ := o.login(who)
		for _, step := range steps {
			o.must(step.act(o, who))
			run := o.run(syncer.Succeeded, syncer.Request{Full: step.full})
			login, _ := o.login(who)
			rec, ok := o.person(who)
			if !ok {
				t.Fatalf("%s: the record is gone; a sync never deletes (F77)", step.name)
			}
			if login.ID != before.ID || login.State != step.login {
				t.Errorf("%s: login %d is %s, want %d %s (notes %q)", step.name, login.ID, login.State, before.ID, step.login, run.Notes)
			}
			if got := o.value(rec, "Integration status"); got != step.status {
				t.Errorf("%s: status %q, want %q", step.name, got, step.status)
			}
		}
	})
}

// F1, F3: an empty success holds the run and removes nobody.
func TestF3EmptyAnswerIsHeld(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 300)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		o.must(o.hr.Inject(entrasim.Fault{Kind: entrasim.FaultEmpty, Match: "^/users$"}))
		held := o.run(syncer.Held, syncer.Request{Full: true})
		if held.Counts.Held == 0 || held.Counts.Deactivated != 0 {
			t.Errorf("counts %+v, want all held", held.Counts)
		}
		if login, _ := o.login(who); login.State != account.Active {
			t.Errorf("login is %s", login.State)
		}
		o.hr.ClearFaults()
		rep, err := o.sync.Approve(t.Context(), held.ID, syncer.Choice{All: true}, boss, nil)
		o.must(err)
		if login, _ := o.login(who); login.State != account.Active {
			t.Errorf("approval closed the login of somebody who answers by ID; run %+v", rep.Run.Counts)
		}
		o.run(syncer.Succeeded, syncer.Request{Full: true})
	})
}

// F6: a group that is not found freezes its mapping, loudly.
func TestF6MissingGroupFreezesItsRole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 200)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		_, err := o.hr.DeleteGroup("All Staff")
		o.must(err)
		run := o.run(syncer.Partial, syncer.Request{Full: true})
		if login, _ := o.login(who); login.State != account.Active || len(login.Grants) != 1 {
			t.Errorf("the login lost its role: %+v", login)
		}
		if len(run.Notes) == 0 {
			t.Error("nothing was said about the group")
		}
	})
}

// F41: an expired delta token leads to a full read in the same run.
func TestF41ExpiredCursorReadsInFull(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 200)
		o.mapped(o.everyone())
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		_, err := o.hr.Move(who, "Quality", "Nairobi")
		o.must(err)
		o.hr.ExpireDeltaTokens()
		run := o.run(syncer.Succeeded, syncer.Request{})
		if run.Mode != syncer.Full {
			t.Errorf("mode %s, want full", run.Mode)
		}
		if rec, _ := o.person(who); o.value(rec, "Department") != "Quality" {
			t.Errorf("department %q, want Quality", o.value(rec, "Department"))
		}
	})
}

func TestMassLeavingIsHeldUntilApproved(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 200)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		members, _, err := o.hr.Members("All Staff", 100)
		o.must(err)
		for _, id := range members {
			o.must(o.hr.RemoveMember("All Staff", id))
		}
		held := o.run(syncer.Held, syncer.Request{})
		if held.Counts.Held < 50 {
			t.Fatalf("counts %+v", held.Counts)
		}
		changes, err := o.sync.Changes(t.Context(), held.ID, syncer.ChangeFilter{States: []syncer.ChangeState{syncer.HeldBack}})
		o.must(err)
		one := changes[0]
		_, err = o.sync.Approve(t.Context(), held.ID, syncer.Choice{Changes: []int64{one.Seq}}, boss, nil)
		o.must(err)
		list, err := o.logins.LoadLogins(t.Context(), []int64{one.TargetID})
		o.must(err)
		if list[0].State != account.Deactivated {
			t.Errorf("the approved change was not applied: %+v", list[0])
		}
		rep, err := o.sync.Approve(t.Context(), held.ID, syncer.Choice{None: true}, boss, nil)
		o.must(err)
		if rep.Run.State != syncer.Succeeded || rep.Run.Counts.Deactivated != 1 {
			t.Errorf("after dismissing the rest: %s %+v", rep.Run.State, rep.Run.Counts)
		}
		if _, err := o.sync.Approve(t.Context(), held.ID, syncer.Choice{All: true}, boss, nil); errs.KindOf(err) != errs.Conflict {
			t.Errorf("approving a settled run: %v, want a conflict", err)
		}
	})
}

func TestUndoTakesBackWhatNobodyTouchedSince(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 200)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		before, _ := o.person(who)
		_, err := o.hr.Move(who, "Quality", "Nairobi")
		o.must(err)
		_, err = o.hr.Disable(who)
		o.must(err)
		run := o.run(syncer.Succeeded, syncer.Request{})
		rep, err := o.sync.Undo(t.Context(), run.ID, boss, nil)
		o.must(err)
		if rep.Run.State != syncer.Undone {
			t.Errorf("state %s", rep.Run.State)
		}
		after, _ := o.person(who)
		if got, want := o.value(after, "Department"), o.value(before, "Department"); got != want {
			t.Errorf("department %q, want %q as before", got, want)
		}
		if login, _ := o.login(who); login.State != account.Active {
			t.Errorf("login is %s, want it open again", login.State)
		}
		if _, err := o.sync.Undo(t.Context(), run.ID, boss, nil); errs.KindOf(err) != errs.Conflict {
			t.Errorf("undoing twice: %v, want a conflict", err)
		}
	})
}

func TestPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 100)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		preview := o.run(syncer.Succeeded, syncer.Request{Preview: true})
		if preview.Mode != syncer.Preview || preview.Counts.Added == 0 {
			t.Errorf("preview: mode %s, counts %+v", preview.Mode, preview.Counts)
		}
		if _, ok := o.person(o.colleague()); ok {
			t.Error("the preview made a record")
		}
		real := o.run(syncer.Succeeded, syncer.Request{})
		if real.Counts.Added != preview.Counts.Added {
			t.Errorf("the run added %d, the preview showed %d", real.Counts.Added, preview.Counts.Added)
		}
	})
}

func TestExplainTellsWhyAValueIsThere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 100)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		person, err := o.hr.Person(who)
		o.must(err)
		why, err := o.sync.Explain(t.Context(), o.conn.ID, person.UserPrincipalName)
		o.must(err)
		if len(why.Mappings) != 2 || len(why.Links) != 2 || len(why.Next) != 0 {
			t.Errorf("explanation: %d mappings, %d links, next %v", len(why.Mappings), len(why.Links), why.Next)
		}
		if !slices.ContainsFunc(why.History, func(c syncer.PlannedChange) bool { return c.Verb == reconcile.Add }) {
			t.Error("the history does not show the addition")
		}
		if _, err := o.sync.Explain(t.Context(), o.conn.ID, "nobody@nowhere.example"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("explaining a stranger: %v", err)
		}
	})
}

// F3: nobody at all is doubted however few people there were.
func TestF3EmptyAnswerOfASmallTenantIsHeldToo(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t), 10)
	limits := o.conn.Limits
	limits[reconcile.ClassMissing] = reconcile.Limit{Count: 500, Percent: 20, Floor: 50}
	o.conn.Limits = limits
	_, err := o.sync.SaveConnection(t.Context(), o.conn)
	o.must(err)
	o.mapped(o.everyone())
	o.run(syncer.Succeeded, syncer.Request{})
	o.must(o.hr.Inject(entrasim.Fault{Kind: entrasim.FaultEmpty, Match: "^/users$"}))
	held := o.run(syncer.Held, syncer.Request{Full: true})
	if held.Counts.Held == 0 || held.Counts.Changed != 0 {
		t.Errorf("counts %+v, want all held", held.Counts)
	}
}
