package syncer_test

import (
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// make adds a person's record by hand.
func (o *office) make(set map[string]string) register.Record {
	o.t.Helper()
	in := register.Input{Account: o.acct, Collection: o.people.ID}
	for name, value := range set {
		in.Set = append(in.Set, register.FieldValue{Field: o.fields[name], Value: datatype.OfText(value)})
	}
	rec, err := o.records.Create(o.t.Context(), account.CommandLine(), in)
	o.must(err)
	return rec
}

// write changes a field of a record by hand.
func (o *office) write(id int64, name string, value datatype.Value) {
	o.t.Helper()
	list, err := o.records.Load(o.t.Context(), []int64{id})
	o.must(err)
	_, err = o.records.Update(o.t.Context(), account.CommandLine(), id, list[0].Version, register.Input{
		Account: o.acct, Set: []register.FieldValue{{Field: o.fields[name], Value: value}},
	})
	o.must(err)
}

// F8: another secret or application changes nobody; another tenant is refused.
func TestF8CredentialsAreNotIdentity(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		o.run(syncer.Succeeded, syncer.Request{})
		before := o.state()
		c := o.conn
		c.Secret = secret.New(o.hr.RotateSecret(""))
		_, err := o.sync.SaveConnection(t.Context(), c)
		o.must(err)
		if n := o.run(syncer.Succeeded, syncer.Request{Full: true}).Counts; n.Added+n.Changed+n.Deactivated != 0 || o.state() != before {
			t.Errorf("with another secret: %+v", n)
		}
		c.TenantID = "99999999-9999-9999-9999-999999999999"
		if _, err := o.sync.SaveConnection(t.Context(), c); !errs.Is(err, errs.Conflict) || errs.HintOf(err) == "" {
			t.Errorf("another tenant: %v, want a conflict with a next step", err)
		}
	})
}

// F16, F23: once linked only the link counts, whatever became of the unique
// identifier on either side.
func TestF16WritesGoThroughTheLink(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		rec, _ := o.person(who)
		o.write(rec.ID, "User principal name", datatype.OfText("somebody.else@contoso.example"))
		_, err := o.hr.Rename(who, "Zoë", "Nguyễn")
		o.must(err)
		run := o.run(syncer.Succeeded, syncer.Request{})
		after, _ := o.person(who)
		p, err := o.hr.Person(who)
		o.must(err)
		if after.ID != rec.ID || o.value(after, "User principal name") != p.UserPrincipalName || run.Counts.Added != 0 {
			t.Errorf("record %d with %q, %+v; want record %d", after.ID, o.value(after, "User principal name"), run.Counts, rec.ID)
		}
	})
}

// F18, F26: signing in finds the login by the object ID, also when the name
// changed since the last sync, and the sync then finds the same.
func TestF18SignInAndSyncFindTheSameLogin(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		before, _ := o.login(who)
		_, err := o.hr.Rename(who, "Zoë", "Nguyễn")
		o.must(err)
		signedIn, ok := o.login(who) // by tenant and object, as the ID token says
		if !ok || signedIn.ID != before.ID {
			t.Fatalf("signing in finds login %d, %v, want %d", signedIn.ID, ok, before.ID)
		}
		o.run(syncer.Succeeded, syncer.Request{})
		logins, err := o.logins.ListLogins(t.Context(), account.CommandLine())
		o.must(err)
		same := 0
		for _, l := range logins {
			if l.Name == "Zoë Nguyễn" {
				same++
			}
		}
		if same != 1 {
			t.Errorf("%d logins of that name, want one", same)
		}
	})
}

// F21: several candidates are for a person to decide, and once somebody has,
// the next run goes by it without anything new from the directory (F44).
func TestF21AmbiguityWaitsForAPerson(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 30)
		who := o.colleague()
		p, err := o.hr.Person(who)
		o.must(err)
		first, second := o.make(map[string]string{"Name": p.DisplayName}), o.make(map[string]string{"Name": p.DisplayName})
		def := o.everyone()
		def.Identifier = "displayName"
		o.mapped(def)
		for range 2 {
			run := o.run(syncer.Succeeded, syncer.Request{})
			got := o.changesOf(run, who)
			if len(got) != 1 || got[0].Reason != reconcile.AmbiguousMatch || run.Counts.Conflicts != 1 {
				t.Fatalf("two of that name: %+v, %+v", got, run.Counts)
			}
		}
		o.write(second.ID, "Name", datatype.OfText("Somebody Else"))
		o.run(syncer.Succeeded, syncer.Request{})
		if rec, ok := o.person(who); !ok || rec.ID != first.ID {
			t.Errorf("decided, and the person is record %d, %v, want %d", rec.ID, ok, first.ID)
		}
	})
}

// F22, F24: who is deleted for good and comes again under the same name is a
// proposal; approved, it is the same record, and the login is a new one.
func TestF22AReturnerIsAProposal(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		who := o.hire("Ada", "Returner")
		o.run(syncer.Succeeded, syncer.Request{})
		rec, _ := o.person(who)
		old, _ := o.login(who)
		_, err := o.hr.Purge(who)
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{})
		again := o.hire("Ada", "Returner")
		held := o.run(syncer.Held, syncer.Request{})
		if _, ok := o.person(again); ok {
			t.Error("the record was given away without a word")
		}
		_, err = o.sync.Approve(t.Context(), held.ID, syncer.Choice{All: true}, boss, nil)
		o.must(err)
		if now, ok := o.person(again); !ok || now.ID != rec.ID || o.value(now, "Integration status") != "Active" {
			t.Errorf("approved: record %d, %v, status %q; want record %d", now.ID, ok, o.value(now, "Integration status"), rec.ID)
		}
		o.run(syncer.Succeeded, syncer.Request{})
		if login, ok := o.login(again); !ok || login.State != account.Active || login.Email != old.Email {
			t.Errorf("the returner's login: %+v, %v; want one with %s (F24)", login, ok, old.Email)
		}
	})
}

// F27, F28: restored under another name, it is the same person.
func TestF27RestoredUnderAnotherNameIsTheSame(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		rec, _ := o.person(who)
		login, _ := o.login(who)
		_, err := o.hr.SoftDelete(who)
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{})
		_, err = o.hr.Restore(who)
		o.must(err)
		_, err = o.hr.Rename(who, "Zoë", "Nguyễn")
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{})
		now, _ := o.person(who)
		open, _ := o.login(who)
		if now.ID != rec.ID || open.ID != login.ID || open.State != account.Active || o.value(now, "Name") != "Zoë Nguyễn" {
			t.Errorf("record %d %q, login %d %s; want record %d, login %d open", now.ID, o.value(now, "Name"), open.ID, open.State, rec.ID, login.ID)
		}
	})
}

// F13, F12: what the connection did not make or link is none of its business.
func TestF13StrangersAreLeftAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 30)
		local := o.make(map[string]string{"Name": "Local Person", "User principal name": "local@elsewhere.example"})
		role, err := o.logins.Role(t.Context(), o.module, account.Collaborator)
		o.must(err)
		_, err = o.logins.Invite(t.Context(), account.CommandLine(), account.Invitation{
			Email: "local@elsewhere.example", Name: "Local Person", Account: o.acct, Module: o.module, Role: role.ID,
		})
		o.must(err)
		o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
		before, err := o.logins.ListLogins(t.Context(), account.CommandLine())
		o.must(err)
		for range 3 {
			o.run(syncer.Succeeded, syncer.Request{Full: true})
		}
		list, err := o.records.Load(t.Context(), []int64{local.ID})
		o.must(err)
		if list[0].Version != local.Version {
			t.Errorf("the local person's record is at version %d, want %d", list[0].Version, local.Version)
		}
		for _, l := range before {
			now, err := o.logins.LoadLogins(t.Context(), []int64{l.ID})
			o.must(err)
			if now[0].Version != l.Version || now[0].State != l.State || len(now[0].Grants) != len(l.Grants) {
				t.Errorf("local user %s: %+v, was %+v", l.Email, now[0], l)
			}
		}
	})
}

// F74, F73: a filter decides who enters; who is in is followed whatever it
// hides, and deleted after being disabled they stay closed.
func TestF74AFilterOnEnabledHidesNoLeaver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 40)
		enabled := mapping.Condition{Path: "accountEnabled", Operator: mapping.IsTrue}
		people, logins := o.everyone(), o.staff("All Staff", account.Collaborator)
		people.Conditions, logins.Conditions = []mapping.Condition{enabled}, []mapping.Condition{enabled}
		o.mapped(people, logins)
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		for _, step := range []struct {
			act    func(string) (estate.Person, error)
			state  account.State
			status string
		}{
			{o.hr.Disable, account.Deactivated, "Disabled"},
			{o.hr.SoftDelete, account.Deactivated, "Deleted"},
			{o.hr.Restore, account.Deactivated, "Disabled"}, // F73: restored as it was, disabled
			{o.hr.Enable, account.Active, "Active"},
		} {
			_, err := step.act(who)
			o.must(err)
			o.run(syncer.Succeeded, syncer.Request{})
			login, _ := o.login(who)
			rec, _ := o.person(who)
			if login.State != step.state || o.value(rec, "Integration status") != step.status {
				t.Errorf("login %s, status %q; want %s, %s", login.State, o.value(rec, "Integration status"), step.state, step.status)
			}
		}
	})
}

// F44: an edited mapping evaluates everybody, also those of whom the directory
// has nothing new.
func TestF44AnEditedMappingEvaluatesEverybody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		who := o.colleague()
		sales := o.everyone()
		sales.Conditions = []mapping.Condition{{Path: "id", Operator: mapping.NotEquals, Value: who}}
		o.mapped(sales)
		o.run(syncer.Succeeded, syncer.Request{})
		if _, ok := o.person(who); ok {
			t.Fatal("the condition kept nobody out")
		}
		o.mapped(o.everyone())
		run := o.run(syncer.Succeeded, syncer.Request{})
		if _, ok := o.person(who); !ok || run.Counts.Added != 1 {
			t.Errorf("the condition is gone, and %+v", run.Counts)
		}
	})
}
