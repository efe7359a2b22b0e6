package syncer_test

import (
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// F34: while the directory does not say whether somebody is enabled, nothing
// changes for them. A listing has to say it, so they are asked about by ID; a
// round of changes may leave out what is as it was.
func TestF34NotSayingWhetherEnabledChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		o.run(syncer.Succeeded, syncer.Request{})
		before := o.state()
		who := o.colleague()
		_, err := o.hr.Update(who, map[string]estate.Value{"accountEnabled": estate.Null()})
		o.must(err)
		for _, full := range []bool{false, true} {
			o.hr.ResetRequests()
			o.run(syncer.Succeeded, syncer.Request{Full: full})
			if got := o.state(); got != before {
				t.Errorf("full=%v: something changed\n%s", full, got)
			}
			if full && o.hr.Requests().ByKind["$batch"]+o.hr.Requests().ByKind["batch"]+o.hr.Requests().ByKind["users/{id}"] == 0 {
				t.Errorf("listed without it, and not asked for by ID: %v", o.hr.Requests().ByKind)
			}
		}
		_, err = o.hr.Disable(who)
		o.must(err)
		o.run(syncer.Succeeded, syncer.Request{})
		if login, _ := o.login(who); login.State != account.Deactivated {
			t.Errorf("said to be disabled, and the login is %s", login.State)
		}
	})
}

// F35: emptying an attribute for everybody is held; unmapping one empties nothing.
func TestF35EmptyingAFieldForEverybodyIsHeld(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		o.mapped(o.everyone())
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		rec, _ := o.person(who)
		department := o.value(rec, "Department")
		people, _ := o.hr.People("", 0, 200)
		for _, p := range people {
			if p.State == "live" {
				_, err := o.hr.Update(p.ID, props("department", ""))
				o.must(err)
			}
		}
		_, err := o.hr.Rename(who, "Zoë", "Nguyễn")
		o.must(err)
		held := o.run(syncer.Held, syncer.Request{})
		rec, _ = o.person(who)
		if o.value(rec, "Department") != department || department == "" || o.value(rec, "Name") != "Zoë Nguyễn" {
			t.Errorf("department %q, name %q; want it kept as %q while the harmless goes through (F14)", o.value(rec, "Department"), o.value(rec, "Name"), department)
		}
		_, err = o.sync.Approve(t.Context(), held.ID, syncer.Choice{None: true}, boss, nil)
		o.must(err)
		def := o.everyone()
		def.Rows = def.Rows[:2]
		o.mapped(def)
		o.run(syncer.Succeeded, syncer.Request{})
		if rec, _ = o.person(who); o.value(rec, "Department") != department {
			t.Errorf("unmapped, the department is %q, want %q still", o.value(rec, "Department"), department)
		}
	})
}

// F36: who owns a field is the mapping's to say, and a pin outweighs it.
func TestF36LocalCorrectionsStayAsTheOwnerSays(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		owner reconcile.Owner
		pin   bool
		want  string
	}{
		"the directory wins": {reconcile.DirectoryWins, false, "Quality"},
		"fill if empty":      {reconcile.FillIfEmpty, false, "by hand"},
		"on create":          {reconcile.OnCreate, false, "by hand"},
		"pinned":             {reconcile.DirectoryWins, true, "by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t, storetest.SQLite(t), 30)
			def := o.everyone()
			for i := range def.Rows {
				if def.Rows[i].To == o.fields["Department"] {
					def.Rows[i].Owner = r.owner
				}
			}
			o.mapped(def)
			o.run(syncer.Succeeded, syncer.Request{})
			who := o.colleague()
			rec, _ := o.person(who)
			o.write(rec.ID, "Department", datatype.OfText("by hand"))
			if r.pin {
				_, err := o.records.Pin(t.Context(), account.CommandLine(), o.acct, rec.ID, o.fields["Department"], true)
				o.must(err)
			}
			_, err := o.hr.Move(who, "Quality", "")
			o.must(err)
			o.run(syncer.Succeeded, syncer.Request{})
			if rec, _ = o.person(who); o.value(rec, "Department") != r.want {
				t.Errorf("department %q, want %q", o.value(rec, "Department"), r.want)
			}
		})
	}
}

// F30, F31, F33: people without a mailbox and guests come as the mapping says,
// and one whose values fit nowhere costs that person only.
func TestF30PeopleWithoutMailAndGuests(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 60)
		worker, err := o.hr.Hire(props("givenName", "No", "surname", "Mailbox"))
		o.must(err)
		_, err = o.hr.Update(worker.ID, props("mail", ""))
		o.must(err)
		guest, err := o.hr.Hire(map[string]estate.Value{
			"displayName": estate.String("Guest Person"), "userType": estate.String("Guest"), "mail": estate.Null(),
			"userPrincipalName": estate.String("guest_partner.example#EXT#@contoso.example"), "otherMails": estate.List("guest@partner.example"),
		})
		o.must(err)
		_, err = o.hr.Update(guest.ID, props("mail", ""))
		o.must(err)
		for _, who := range []string{worker.ID, guest.ID} {
			o.must(o.hr.AddMember("Asset managers", who))
		}
		people, logins := o.everyone(), o.staff("Asset managers", account.Collaborator)
		people.Guests = mapping.IncludeGuests
		o.mapped(people, logins)
		run := o.run(syncer.Succeeded, syncer.Request{})
		if login, ok := o.login(worker.ID); !ok || login.Email != worker.UserPrincipalName {
			t.Errorf("without a mailbox: login %q, %v, want the principal name", login.Email, ok)
		}
		if login, ok := o.login(guest.ID); !ok || login.Email != "guest@partner.example" {
			t.Errorf("a guest: login %q, %v, want the other mail; %+v", login.Email, ok, o.changesOf(run, guest.ID))
		}
		logins.Guests, people.Guests = mapping.ExcludeGuests, mapping.ExcludeGuests
		o.mapped(people, logins)
		o.run(syncer.Succeeded, syncer.Request{})
		if login, _ := o.login(guest.ID); login.State != account.Deactivated {
			t.Errorf("guests excluded, and the guest's login is %s", login.State)
		}
		if rec, ok := o.person(guest.ID); !ok || o.value(rec, "Integration status") != "Out of scope" {
			t.Errorf("guests excluded, and the guest's record says %q, %v", o.value(rec, "Integration status"), ok)
		}
	})
}
