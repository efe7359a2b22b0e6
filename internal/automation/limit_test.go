package automation_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

func TestManyThingsMakeOneLetterAndWhatFollowsADigest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		a := o.saveAs(automation.Automation{Name: "New", On: true, Definition: automation.Definition{
			Trigger: automation.Trigger{Kind: automation.Created}, Actions: []automation.Action{mailTo(toAdministrators)}, Digest: time.Hour,
		}})
		o.create(register.Main, "Name", "First")
		o.turn()
		wantList(t, "the first at once", subjects(o.mail()), "admin@contoso.example: First was created")
		for i := range 20 {
			o.create(register.Main, "Name", fmt.Sprint("Thing ", i))
			o.turn()
			o.wait(time.Minute)
		}
		wantList(t, "what follows within the hour", subjects(o.mail()))
		o.wait(40 * time.Minute)
		o.turn()
		letters := o.mail()
		wantList(t, "the digest", subjects(letters), "admin@contoso.example: New: 20 in IT")
		for _, part := range []string{"- Thing 0 was created", "- Thing 19 was created", "https://muster.example/m/", `The automation "New" of IT sent this.`} {
			if !strings.Contains(letters[0].Text, part) {
				t.Errorf("the digest lacks %q:\n%s", part, letters[0].Text)
			}
		}
		for _, f := range o.log(a) {
			if f.State() != "done" {
				t.Errorf("firing %d is %s", f.ID, f.State())
			}
		}
		o.turn()
		wantList(t, "again", subjects(o.mail()))
	})
}

func TestNobodyGetsAThousandLetters(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	a := o.saveAs(automation.Automation{Name: "Hello", On: true, Definition: automation.Definition{
		Trigger: automation.Trigger{Kind: automation.Created, Collection: o.by[register.People]},
		Actions: []automation.Action{mailTo(automation.Recipient{Kind: automation.Holder}, automation.Recipient{Kind: automation.PersonField, Field: o.fields["people Email"]})}, Hourly: 5,
	}})
	var writes []register.Write
	for i := range 1000 {
		writes = append(writes, register.Write{Create: true, Set: o.sorted(register.People, "Name", fmt.Sprint("P", i), "Email", fmt.Sprintf("p%03d@x.example", i))})
	}
	_, err := o.records.WriteEach(t.Context(), chief, o.module.Account, o.by[register.People], writes)
	o.must(err)
	o.turn()
	letters := o.mail()
	if len(letters) != 6 || letters[0].To != "admin@contoso.example" || letters[0].Subject != "Hello: 995 were not written to" {
		t.Fatalf("%d letters: %q", len(letters), subjects(letters))
	}
	if got := o.log(a)[0].Acts[0].Outcome; !strings.Contains(got, "995 are not written to, because the limit of 5 messages an hour is reached") {
		t.Errorf("the log says %q", got)
	}
}

func TestADryRunSaysWhatARunDoes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		for i := range 3 {
			o.create(register.Main, "Name", fmt.Sprint("Laptop ", i), "State", []string{"Broken", "Broken", "New"}[i], "Cost", "10")
		}
		a := automation.Automation{Account: o.module.Account, Module: o.module.ID, Name: "Write off", Definition: automation.Definition{
			Trigger:    automation.Trigger{Kind: automation.Scheduled, Schedule: "monthly on 1 at 08:00", Collection: o.by[register.Main]},
			Conditions: []automation.Condition{{Field: o.fields["main State"], Op: listing.Is, Text: "Broken"}},
			Actions:    []automation.Action{{Do: automation.SetField, Field: o.fields["main Cost"], Value: "0"}, mailTo(toAdministrators)},
		}}
		about, plan, err := o.svc.DryRun(t.Context(), chief, a)
		o.must(err)
		if len(about) != 2 || plan[0].Steps[0].Text != "Set Cost of Laptop 0, Laptop 1 to 0." || plan[1].Steps[0].Text != "Send to admin@contoso.example: Write off: 2 in IT." {
			t.Errorf("the dry run: %+v %+v", about, plan)
		}
		o.turn()
		wantList(t, "letters after a dry run", subjects(o.mail()))
		saved := o.saveAs(a) // switched off
		if _, err := o.svc.RunNow(t.Context(), chief, saved.ID); err != nil {
			t.Fatal(err)
		}
		o.turn()
		wantList(t, "letters after a run", subjects(o.mail()), "admin@contoso.example: Write off: 2 in IT")
		if got := o.log(saved)[0].Acts[0].Outcome; got != plan[0].Steps[0].Text {
			t.Errorf("the run did %q, the dry run said %q", got, plan[0].Steps[0].Text)
		}
		_, plan, err = o.svc.DryRun(t.Context(), chief, saved)
		o.must(err)
		if got := plan[0].Steps[0]; !got.Idle || got.Text != "Cost is as it should be already." {
			t.Errorf("a second dry run: %+v", got)
		}
	})
}

// sorted is values by field number, as batches take them.
func (o *office) sorted(kind register.Kind, pairs ...string) []register.FieldValue {
	set := o.values(kind, pairs...)
	for i := range set {
		for j := i; j > 0 && set[j].Field < set[j-1].Field; j-- {
			set[j], set[j-1] = set[j-1], set[j]
		}
	}
	return set
}

// Two processes on one database do each thing once.
func TestTwoProcessesDoEachThingOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		h := receive(t)
		o.saveAs(automation.Automation{Name: "Post", On: true, Definition: automation.Definition{
			Trigger: automation.Trigger{Kind: automation.Created}, Actions: []automation.Action{{Do: automation.Post, URL: h.URL}}, Hourly: 1000,
		}})
		o.save("Tick", automation.Trigger{Kind: automation.Scheduled, Schedule: "hourly"},
			automation.Action{Do: automation.CreateRecord, Collection: o.by[register.Categories], Values: []automation.FieldText{{Field: o.titleOf(register.Categories), Text: "Tick"}}})
		const n = 15
		for i := range n {
			o.create(register.Main, "Name", fmt.Sprint("Thing ", i))
		}
		o.wait(time.Hour)
		rival := automation.New(o.svc.Deps)
		var work sync.WaitGroup
		for _, svc := range []*automation.Service{o.svc, rival, o.svc, rival} {
			work.Go(func() {
				for range 3 {
					if err := svc.Turn(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		work.Wait()
		told := map[string]int{}
		for _, body := range h.bodies {
			var post struct{ Subjects []struct{ Title string } }
			o.must(json.Unmarshal([]byte(body), &post))
			for _, s := range post.Subjects {
				told[s.Title]++
			}
		}
		if len(told) != n+1 { // the record that Tick made, too
			t.Errorf("posts tell of %d things, want %d", len(told), n+1)
		}
		for title, times := range told {
			if times != 1 {
				t.Errorf("%s was told of %d times", title, times)
			}
		}
		made, err := o.records.Count(t.Context(), chief, o.module.Account, o.by[register.Categories])
		o.must(err)
		if made != 1 {
			t.Errorf("the hour struck %d times", made)
		}
	})
}

func (o *office) titleOf(kind register.Kind) int64 {
	o.t.Helper()
	id, err := o.records.TitleField(o.t.Context(), o.by[kind])
	o.must(err)
	return id
}

// What nobody listens to leaves nothing behind: a first sync pays nothing.
func TestWhatNobodyListensToIsNotNoted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.mapped()
		o.turn()
		before, err := db.TakeEvents(t.Context(), 10)
		o.must(err)
		o.run(syncer.Request{})
		o.create(register.Main, "Name", "Laptop")
		after, err := db.TakeEvents(t.Context(), 10)
		o.must(err)
		if len(before)+len(after) != 0 {
			t.Errorf("there are events: %+v %+v", before, after)
		}
	})
}

func TestWhatASyncMakesIsOneEventABatch(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		o.save("New", automation.Trigger{Kind: automation.Created, Collection: o.by[register.People]}, mailTo(toAdministrators))
		o.mapped()
		o.run(syncer.Request{})
		events, err := db.TakeEvents(t.Context(), 100)
		o.must(err)
		people, err := o.records.Count(t.Context(), chief, o.module.Account, o.by[register.People])
		o.must(err)
		told := 0
		for _, e := range events {
			told += len(e.Items)
		}
		if told != people || len(events) > 3 { // people, and managers who came later
			t.Errorf("%d events tell of %d people, want all %d in a few", len(events), told, people)
		}
	})
}

func TestOtherAccountsAndCollaboratorsSeeNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		a := o.save("New", automation.Trigger{Kind: automation.Created}, mailTo(toAdministrators))
		firing := func(p account.Principal) error { _, err := o.svc.Firing(t.Context(), p, a.ID, 1); return err }
		for _, tc := range []struct {
			name, role string
			module     account.Module
			want       errs.Kind
		}{{"outsider", account.ModuleAdmin, o.other, errs.NotFound}, {"collaborator", account.Collaborator, o.module, errs.Forbidden}} {
			p := o.principal(tc.name, tc.role, tc.module)
			ctx := t.Context()
			for act, err := range map[string]error{
				"list":    second(o.svc.List(ctx, p, o.module)),
				"look":    second(o.svc.Automation(ctx, p, a.ID)),
				"save":    second(o.svc.Save(ctx, p, a)),
				"remove":  o.svc.Remove(ctx, p, a.ID),
				"switch":  o.svc.Switch(ctx, p, a.ID, false),
				"run":     second(o.svc.RunNow(ctx, p, a.ID)),
				"log":     second(o.svc.History(ctx, p, a.ID, 0, 1)),
				"entry":   firing(p),
				"key":     second(o.svc.SigningKey(ctx, p, a.ID, 0)),
				"ready":   o.svc.Equip(ctx, p, o.module),
				"same":    second(o.svc.Same(ctx, p, a)),
				"last":    second(o.svc.LastFirings(ctx, p, o.module)),
				"dry run": third(o.svc.DryRun(ctx, p, a)),
			} {
				if !errs.Is(err, tc.want) {
					t.Errorf("%s by the %s: %v, want %v", act, tc.name, err, tc.want)
				}
			}
		}
	})
}

func second[T any](_ T, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

// principal invites a user and returns what they may do.
func (o *office) principal(name, role string, m account.Module) account.Principal {
	o.t.Helper()
	r, err := o.accounts.Role(o.t.Context(), m.ID, role)
	o.must(err)
	email := name + "@x.example"
	_, err = o.accounts.Invite(o.t.Context(), chief, account.Invitation{Email: email, Name: name, Role: r.ID, Account: m.Account, Module: m.ID})
	o.must(err)
	o.must(o.accounts.ResetPassword(o.t.Context(), chief, email, secret.New("correct horse battery staple")))
	p, err := o.accounts.SignIn(o.t.Context(), email, secret.New("correct horse battery staple"), "")
	o.must(err)
	return p
}

// An automation reaches nothing outside of its module, whatever numbers it is given.
func TestAutomationsStayInTheirModule(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db)
		theirs, err := o.records.ModuleCollections(t.Context(), o.other.Account, o.other.ID)
		o.must(err)
		fields, err := o.records.Fields(t.Context(), o.other.Account, theirs[0].ID)
		o.must(err)
		o.principal("stranger", account.ModuleAdmin, o.other)
		l, err := o.accounts.FindLogin(t.Context(), chief, "stranger@x.example")
		o.must(err)
		mine := o.principal("manager", account.ModuleAdmin, o.module)
		created := automation.Trigger{Kind: automation.Created, Collection: o.by[register.Main]}
		for name, d := range map[string]automation.Definition{
			"their collection":          {Trigger: automation.Trigger{Kind: automation.Created, Collection: theirs[0].ID}, Actions: []automation.Action{mailTo(toAdministrators)}},
			"their field as condition":  {Trigger: created, Conditions: []automation.Condition{{Field: fields[0].ID, Op: listing.NotEmpty}}, Actions: []automation.Action{mailTo(toAdministrators)}},
			"their field to be watched": {Trigger: automation.Trigger{Kind: automation.Changed, Collection: o.by[register.Main], Field: fields[0].ID}, Actions: []automation.Action{mailTo(toAdministrators)}},
			"their field to be set":     {Trigger: created, Actions: []automation.Action{{Do: automation.SetField, Field: fields[0].ID, Value: "x"}}},
			"a record of theirs":        {Trigger: created, Actions: []automation.Action{{Do: automation.CreateRecord, Collection: theirs[0].ID}}},
			"their field as recipient":  {Trigger: created, Actions: []automation.Action{mailTo(automation.Recipient{Kind: automation.PersonField, Field: fields[0].ID})}},
			"their user":                {Trigger: created, Actions: []automation.Action{mailTo(automation.Recipient{Kind: automation.User, Login: l.ID})}},
			"their integration":         {Trigger: created, Actions: []automation.Action{{Do: automation.Sync, Connection: o.conn.ID + 999}}},
		} {
			_, err := o.svc.Save(t.Context(), mine, automation.Automation{Account: o.module.Account, Module: o.module.ID, Name: name, Definition: d})
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v, want that it does not exist", name, err)
			}
		}
	})
}
