package automation_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

func TestAScheduleComesRoundOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		a := o.save("Good morning", automation.Trigger{Kind: automation.Scheduled, Schedule: "daily at 12:00", TimeZone: "Europe/Berlin"}, mailTo(toAdministrators))
		if want := "2026-05-18T10:00:00Z"; a.Next.Format(time.RFC3339) != want {
			t.Fatalf("next is %v, want %s", a.Next, want)
		}
		o.turn()
		wantList(t, "before its time", subjects(o.mail()))
		o.wait(61 * time.Minute)
		o.turn()
		o.turn()
		wantList(t, "at its time", subjects(o.mail()), "admin@contoso.example: Good morning")
		o.wait(5 * 24 * time.Hour) // as if nothing ran meanwhile
		o.turn()
		wantList(t, "what was missed is done once", subjects(o.mail()), "admin@contoso.example: Good morning")
		a, err := o.svc.Automation(t.Context(), chief, a.ID)
		o.must(err)
		if want := "2026-05-24T10:00:00Z"; a.Next.Format(time.RFC3339) != want {
			t.Errorf("next is %v, want %s", a.Next, want)
		}
	})
}

func TestWhatHappensToRecordsSetsAutomationsOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		for _, kind := range []automation.Kind{automation.Created, automation.Changed, automation.Archived, automation.CheckedOut, automation.CheckedIn} {
			o.save(string(kind), automation.Trigger{Kind: kind, Collection: o.by[register.Main]}, mailTo(automation.Recipient{Kind: automation.Address, Address: string(kind) + "@x.example"}))
		}
		step := func(what string, want ...string) {
			t.Helper()
			o.turn()
			wantList(t, what, subjects(o.mail()), want...)
			o.wait(2 * time.Hour)
		}
		laptop := o.create(register.Main, "Name", "Laptop 1")
		step("creating", "record_created@x.example: Laptop 1 was created")
		o.change(laptop, register.Main, "State", "New")
		step("changing", "record_changed@x.example: Laptop 1 was changed")
		o.change(laptop, register.Main, "State", "New")
		step("changing nothing")
		ana := o.create(register.People, "Name", "Ana")
		step("creating in another collection")
		o.checkOut(laptop, ana, time.Time{})
		step("checking out", "checked_out@x.example: Laptop 1 was checked out to Ana")
		_, err := o.records.CheckIn(t.Context(), chief, register.CheckIn{Account: o.module.Account, Asset: laptop.ID})
		o.must(err)
		step("checking in", "checked_in@x.example: Laptop 1 was checked in, held by Ana")
		_, err = o.records.Archive(t.Context(), chief, o.module.Account, laptop.ID, 0, "")
		o.must(err)
		step("archiving", "record_archived@x.example: Laptop 1 was archived")
	})
}

func TestAChangeThatIsTakenBackSetsNothingOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.save("New", automation.Trigger{Kind: automation.Created}, mailTo(toAdministrators))
		o.create(register.People, "Name", "Ana", "UPN", "ana")
		o.turn()
		o.mail()
		_, err := o.records.Create(t.Context(), chief, register.Input{
			Account: o.module.Account, Collection: o.by[register.People], Set: o.values(register.People, "Name", "Ana again", "UPN", "ana"),
		})
		if err == nil {
			t.Fatal("two people have one name")
		}
		o.wait(2 * time.Hour)
		o.turn()
		wantList(t, "letters", subjects(o.mail()))
	})
}

func TestConditionsNarrow(t *testing.T) {
	t.Parallel()
	conditions := func(o *office) []automation.Condition {
		return []automation.Condition{
			{Field: o.fields["main State"], Op: listing.Is, Text: "Broken"},
			{Field: o.fields["main Cost"], Op: listing.AtLeast, Text: "100"},
		}
	}
	for _, tc := range []struct {
		any  bool
		want string
	}{{false, "[Both]"}, {true, "[Both, Broken, Dear]"}} {
		storetest.Each(t, func(t *testing.T, db *store.DB) {
			o := open(t, db)
			o.saveAs(automation.Automation{Name: "Look", On: true, Definition: automation.Definition{
				Trigger: automation.Trigger{Kind: automation.Created, Collection: o.by[register.Main]}, Any: tc.any, Conditions: conditions(o),
				Actions: []automation.Action{{Do: automation.Mail, To: []automation.Recipient{toAdministrators}, Subject: "[{record}]"}},
			}})
			o.create(register.Main, "Name", "Both", "State", "Broken", "Cost", "100")
			o.create(register.Main, "Name", "Broken", "State", "Broken", "Cost", "99.5")
			o.create(register.Main, "Name", "Dear", "State", "New", "Cost", "1000")
			o.create(register.Main, "Name", "Neither", "State", "New")
			o.turn()
			wantList(t, "letters", subjects(o.mail()), "admin@contoso.example: "+tc.want)
		})
	}
}

func TestOnlyTheWatchedFieldCounts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.save("State", automation.Trigger{Kind: automation.Changed, Collection: o.by[register.Main], Field: o.fields["main State"]}, mailTo(toAdministrators))
		laptop := o.create(register.Main, "Name", "Laptop")
		o.change(laptop, register.Main, "Cost", "5")
		o.turn()
		wantList(t, "another field", subjects(o.mail()))
		o.change(laptop, register.Main, "State", "Used")
		o.turn()
		wantList(t, "this field", subjects(o.mail()), "admin@contoso.example: Laptop was changed")
	})
}

func TestLeaversAreToldOf(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.save("Left", automation.Trigger{Kind: automation.PersonLeft}, mailTo(automation.Recipient{Kind: automation.Address, Address: "hr@x.example"}))
		o.save("Holds", automation.Trigger{Kind: automation.LeaverHolds},
			mailTo(automation.Recipient{Kind: automation.PersonField, Field: o.fields["people Boss"]}))
		boss := o.create(register.People, "Name", "Bo", "Email", "bo@x.example")
		ana := o.create(register.People, "Name", "Ana", "Boss", fmt.Sprint(boss.ID))
		ben := o.create(register.People, "Name", "Ben", "Boss", fmt.Sprint(boss.ID))
		eve := o.create(register.People, "Name", "Eve")
		for i, holder := range []register.Record{ana, eve} {
			o.checkOut(o.create(register.Main, "Name", fmt.Sprint("Phone ", i)), holder, time.Time{})
		}
		o.leaves(register.StatusDisabled, ana, ben, eve)
		o.turn()
		wantList(t, "letters", subjects(o.mail()),
			"bo@x.example: Ana has left and still holds Phone 0", "hr@x.example: Left: 3 in IT")
		// From disabled to deleted they leave no second time.
		o.leaves(register.StatusDeleted, ana, ben)
		o.wait(2 * time.Hour)
		o.turn()
		wantList(t, "a second time", subjects(o.mail()))
	})
}

func TestDueAndOverdueThingsAreToldOfOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		ana := o.create(register.People, "Name", "Ana", "Email", "ana@x.example")
		o.checkOut(o.create(register.Main, "Name", "Soon"), ana, o.now().Add(30*time.Hour))
		o.checkOut(o.create(register.Main, "Name", "Later"), ana, o.now().Add(70*time.Hour))
		o.save("Due", automation.Trigger{Kind: automation.Due, Days: []int{2}}, mailTo(automation.Recipient{Kind: automation.Holder}))
		o.save("Overdue", automation.Trigger{Kind: automation.Overdue}, mailTo(toAdministrators))
		o.turn()
		wantList(t, "at first", subjects(o.mail()), "ana@x.example: Soon, held by Ana, is due on 2026-05-19")
		o.wait(2 * time.Hour)
		o.checkOut(o.create(register.Main, "Name", "Short"), ana, o.now().Add(3*time.Hour))
		o.turn()
		wantList(t, "given out with a day that is close", subjects(o.mail()), "ana@x.example: Short, held by Ana, is due on 2026-05-18")
		o.wait(29 * time.Hour)
		o.turn()
		wantList(t, "later", subjects(o.mail()),
			"admin@contoso.example: Overdue: 2 in IT", "ana@x.example: Later, held by Ana, is due on 2026-05-21")
		o.wait(2 * time.Hour)
		o.turn()
		wantList(t, "again", subjects(o.mail()))
	})
}

func TestEndedRunsSetAutomationsOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.mapped()
		o.turn() // the ready-made ones
		o.save("Done", automation.Trigger{Kind: automation.SyncFinished}, mailTo(automation.Recipient{Kind: automation.Address, Address: "done@x.example"}))
		if run := o.run(syncer.Request{}); run.State != syncer.Succeeded {
			t.Fatalf("the first run ended as %s", run.State)
		}
		o.turn()
		got := subjects(o.mail())
		if len(got) != 1 || !strings.HasPrefix(got[0], "done@x.example: Run 1 of Microsoft Entra ID ended: succeeded: ") {
			t.Errorf("letters: %q", got)
		}
		o.run(syncer.Request{Preview: true})
		o.hr.RotateSecret("another secret that Muster does not know")
		if run := o.run(syncer.Request{Full: true}); run.State != syncer.Failed {
			t.Fatalf("the run ended as %s", run.State)
		}
		o.turn()
		got = subjects(o.mail())
		if len(got) != 1 || !strings.HasPrefix(got[0], "admin@contoso.example: Run 3 of Microsoft Entra ID ended: failed: ") {
			t.Errorf("letters: %q", got)
		}
	})
}

func TestSilenceIsToldOfOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.mapped()
		if run := o.run(syncer.Request{}); run.State != syncer.Succeeded {
			t.Fatalf("the run ended as %s", run.State)
		}
		o.wait(2 * time.Hour)
		o.turn()
		wantList(t, "after two intervals", subjects(o.mail()))
		o.wait(2 * time.Hour)
		o.turn()
		want := "admin@contoso.example: No sync of Microsoft Entra ID has succeeded since 2026-05-18 09:00 UTC"
		wantList(t, "after three", subjects(o.mail()), want)
		o.wait(48 * time.Hour)
		o.turn()
		wantList(t, "a second time", subjects(o.mail()))
	})
}

func TestExpiringSecretsAreToldOfAtEachDayOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.mapped()
		o.turn()
		c, err := o.sync.Connection(t.Context(), o.conn.ID)
		o.must(err)
		o.must(o.sync.NoteVerdict(t.Context(), c, syncer.Verdict{At: o.now(), Passed: true, CredentialEnds: o.now().Add(31 * 24 * time.Hour)}))
		var got []string
		for day := range 34 {
			o.turn()
			for _, l := range o.mail() {
				if strings.Contains(l.Subject, "secret") {
					got = append(got, fmt.Sprint(day, ": ", l.Subject))
				}
			}
			o.wait(24 * time.Hour)
		}
		wantList(t, "letters", got,
			"1: The client secret of Microsoft Entra ID expires in 30 days, on 2026-06-18",
			"17: The client secret of Microsoft Entra ID expires in 14 days, on 2026-06-18",
			"24: The client secret of Microsoft Entra ID expires in 7 days, on 2026-06-18",
			"30: The client secret of Microsoft Entra ID expires in 1 day, on 2026-06-18")
	})
}

func TestRecordsAreChanged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		a := o.save("Take back", automation.Trigger{Kind: automation.LeaverHolds}, automation.Action{Do: automation.CheckIn, Note: "left"})
		b := o.save("Mark", automation.Trigger{Kind: automation.CheckedIn, Collection: o.by[register.Main]},
			automation.Action{Do: automation.SetField, Field: o.fields["main State"], Value: "Used"},
			automation.Action{Do: automation.CreateRecord, Collection: o.by[register.Main], Values: []automation.FieldText{{Field: o.fields["main Name"], Text: "Bag of {record}"}}})
		ana := o.create(register.People, "Name", "Ana")
		laptop := o.create(register.Main, "Name", "Laptop", "State", "New")
		o.checkOut(laptop, ana, time.Time{})
		o.leaves(register.StatusDeleted, ana)
		o.turn() // takes back
		o.turn() // and marks what came back
		if got := o.text(laptop, "main State"); got != "Used" {
			t.Errorf("the laptop is %q, want Used", got)
		}
		held, err := o.records.Holdings(t.Context(), chief, o.module.Account, ana.ID)
		o.must(err)
		if len(held) != 0 {
			t.Errorf("Ana still holds %v", held)
		}
		if got := o.log(a)[0].Acts[0].Outcome; got != "Check in Laptop from Ana." {
			t.Errorf("the log says %q", got)
		}
		log := o.log(b)
		if len(log) != 1 || len(log[0].Chain) != 1 || log[0].Chain[0] != a.ID || log[0].State() != "done" {
			t.Fatalf("the log of what followed: %+v", log)
		}
		if got := log[0].Acts[1].Outcome; got != "Create Bag of Laptop in Assets." {
			t.Errorf("the log says %q", got)
		}
	})
}

func TestAutomationsThatSetEachOtherOffAreStopped(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		assets := o.by[register.Main]
		more := o.save("More", automation.Trigger{Kind: automation.Created, Collection: assets},
			automation.Action{Do: automation.CreateRecord, Collection: assets, Values: []automation.FieldText{{Field: o.fields["main Name"], Text: "{record}+"}}})
		o.create(register.Main, "Name", "Egg")
		for range 12 {
			o.turn()
		}
		n, err := o.records.Count(t.Context(), chief, o.module.Account, assets)
		o.must(err)
		if n != 6 { // one by hand, five by itself
			t.Errorf("there are %d records, want 6", n)
		}
		log := o.log(more)
		if got := log[0]; got.State() != "stopped" || !strings.Contains(got.Stopped, "in a circle") || len(got.Chain) != 5 {
			t.Errorf("the last entry is %s: %q after %d", got.State(), got.Stopped, len(got.Chain))
		}
	})
}

func TestASyncThatStartsItselfIsStopped(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.mapped()
		a := o.save("Again", automation.Trigger{Kind: automation.SyncFinished}, automation.Action{Do: automation.Sync})
		o.run(syncer.Request{})
		for range 12 {
			o.turn()
			runs, err := o.sync.Runs(t.Context(), o.conn.ID, 1)
			o.must(err)
			if runs[0].State == syncer.Running {
				watch, err := o.runs.Watch(t.Context(), chief, runs[0].ID)
				o.must(err)
				for range watch {
				}
			}
		}
		runs, err := o.sync.Runs(t.Context(), o.conn.ID, 100)
		o.must(err)
		if len(runs) != 6 {
			t.Errorf("there were %d runs, want 6", len(runs))
		}
		if log := o.log(a); log[0].State() != "stopped" {
			t.Errorf("the log ends with %s", log[0].State())
		}
	})
}

func TestAFieldThatIsGoneIsInTheLog(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	o.field(register.Main, "Gone", datatype.Spec{Type: datatype.Number})
	a := o.saveAs(automation.Automation{Name: "Gone", On: true, Definition: automation.Definition{
		Trigger: automation.Trigger{Kind: automation.Created, Collection: o.by[register.Main]}, Actions: []automation.Action{mailTo(toAdministrators)},
		Conditions: []automation.Condition{{Field: o.fields["main Gone"], Op: listing.Is, Text: "1"}},
	}})
	fields, err := o.records.Fields(t.Context(), o.module.Account, o.by[register.Main])
	o.must(err)
	gone := fields[slices.IndexFunc(fields, func(f register.Field) bool { return f.Name == "Gone" })]
	gone.Hidden = true
	_, err = o.records.ChangeField(t.Context(), chief, gone)
	o.must(err)
	o.must(o.records.RemoveField(t.Context(), chief, o.module.Account, o.by[register.Main], gone.ID))
	o.create(register.Main, "Name", "Laptop")
	o.turn()
	log := o.log(a)
	if len(log) != 1 || log[0].State() != "stopped" || !strings.Contains(log[0].Stopped, "is gone. Edit the automation.") {
		t.Errorf("the log: %+v", log)
	}
}

func TestLettersThatCannotBeHandedOverAreTriedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		a := o.save("New", automation.Trigger{Kind: automation.Created}, mailTo(toAdministrators))
		o.mailErr = errs.New(errs.Unavailable, "the disk is full")
		o.create(register.Main, "Name", "Laptop")
		o.turn()
		if log := o.log(a); log[0].State() != "waiting" || !strings.Contains(log[0].Acts[0].Outcome, "The disk is full.") {
			t.Fatalf("the log: %+v", log)
		}
		o.mailErr = nil
		o.turn()
		wantList(t, "at once", subjects(o.mail()))
		o.wait(time.Minute)
		o.turn()
		wantList(t, "a minute later", subjects(o.mail()), "admin@contoso.example: Laptop was created")
	})
}

// Somebody whose address is none does not keep the others from their letters.
func TestOneBadAddressCostsOneLetter(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	o.refuse = "bad@x.example"
	a := o.save("New", automation.Trigger{Kind: automation.Created}, mailTo(
		automation.Recipient{Kind: automation.Address, Address: "bad@x.example"}, automation.Recipient{Kind: automation.Address, Address: "good@x.example"}))
	o.create(register.Main, "Name", "Laptop")
	o.turn()
	wantList(t, "letters", subjects(o.mail()), "good@x.example: Laptop was created")
	if got := o.log(a)[0].Acts[0].Outcome; got != "Not sent to bad@x.example: no such address. Sent to good@x.example." {
		t.Errorf("the log says %q", got)
	}
}

// A process that dies with acts in hand leaves them to the others after a while.
func TestActsOfADeadProcessAreDoneByAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		a := o.save("New", automation.Trigger{Kind: automation.Created}, mailTo(toAdministrators))
		o.mailErr = context.Canceled
		ctx, die := context.WithCancel(t.Context())
		o.dies = die
		o.create(register.Main, "Name", "Laptop")
		if err := o.svc.Turn(ctx); err == nil {
			t.Fatal("the process lived")
		}
		o.mailErr, o.dies = nil, nil
		o.turn()
		wantList(t, "letters while it may still be at it", subjects(o.mail()))
		o.wait(6 * time.Minute)
		o.turn()
		wantList(t, "letters afterwards", subjects(o.mail()), "admin@contoso.example: Laptop was created")
		if log := o.log(a); len(log) != 1 || log[0].State() != "done" || log[0].Acts[0].Attempts != 2 {
			t.Errorf("the log: %+v", log)
		}
	})
}

func TestSwitchingOffStopsWhatWaits(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	a := o.save("New", automation.Trigger{Kind: automation.Created}, mailTo(toAdministrators))
	o.mailErr = errs.New(errs.Unavailable, "down")
	o.create(register.Main, "Name", "Laptop")
	o.turn()
	o.mailErr = nil
	o.must(o.svc.Switch(t.Context(), chief, a.ID, false))
	o.create(register.Main, "Name", "Phone")
	o.wait(time.Hour)
	o.turn()
	wantList(t, "letters", subjects(o.mail()))
	if log := o.log(a); len(log) != 1 || !strings.Contains(log[0].Acts[0].Outcome, "switched off since") {
		t.Errorf("the log: %+v", log)
	}
}

func TestKeysOfPostsAreSealedAnew(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	a := o.save("Post", automation.Trigger{Kind: automation.Created}, automation.Action{Do: automation.Post, URL: "http://127.0.0.1:1/"})
	before, err := o.svc.SigningKey(t.Context(), chief, a.ID, 0)
	o.must(err)
	o.svc.Keys, err = secret.NewKeyring(bytes.Repeat([]byte{9}, 32), bytes.Repeat([]byte{3}, 32))
	o.must(err)
	for _, want := range []int{1, 0} {
		if n, err := o.svc.Reseal(t.Context()); err != nil || n != want {
			t.Errorf("%d were sealed anew, %v; want %d", n, err, want)
		}
	}
	o.svc.Keys, err = secret.NewKeyring(bytes.Repeat([]byte{9}, 32))
	o.must(err)
	if after, err := o.svc.SigningKey(t.Context(), chief, a.ID, 0); err != nil || after != before {
		t.Errorf("the key is another afterwards: %v", err)
	}
}
