package syncer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

var errKilled = errors.New("killed")

// mortal is a database whose user dies: after some transactions none succeeds
// any more.
type mortal struct {
	*store.DB
	left int
}

func (m *mortal) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if m.left == 0 {
		return errKilled
	}
	m.left--
	return m.DB.InTx(ctx, fn)
}

// SaveRun outside of a transaction is a durable step too.
func (m *mortal) CreateRun(ctx context.Context, r syncer.Run) (syncer.Run, error) {
	if m.left == 0 {
		return r, errKilled
	}
	return m.DB.CreateRun(ctx, r)
}

// dying returns a service on the office's connection that dies after a number
// of transactions, and whose process cannot be found afterwards.
func (o *office) dying(transactions int) (*syncer.Service, *mortal) {
	o.t.Helper()
	db := &mortal{DB: o.db, left: transactions}
	return o.over(db), db
}

// over returns a service on the office's connection over another store, of a
// process that cannot be found.
func (o *office) over(db syncer.Store) *syncer.Service {
	o.t.Helper()
	keys, err := secret.NewKeyring(bytes.Repeat([]byte{7}, 32))
	o.must(err)
	host := syncer.ThisHost()
	host.PID = 1<<22 + 1 // above the kernel's highest process number
	return syncer.New(syncer.Deps{
		Store: db, Records: o.records, Logins: o.logins, Keys: keys, Host: host,
		Now: func() time.Time { return o.clock },
		Open: func(_ context.Context, c syncer.Connection) (syncer.Source, error) {
			return entra.New(entra.Config{
				TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID,
				ClientSecret: c.Secret, Cloud: entra.Custom, LoginURL: c.LoginURL, GraphURL: c.GraphURL,
				MaxRetries: 1,
			})
		},
	})
}

// state writes down all that a sync is answerable for.
func (o *office) state() string {
	o.t.Helper()
	var lines []string
	q := register.Query{Account: o.acct, Collection: o.people.ID, Limit: 500}
	titles := map[int64]string{}
	page, err := o.records.List(o.t.Context(), account.CommandLine(), q)
	o.must(err)
	for _, rec := range page.Records {
		titles[rec.ID] = rec.Title
	}
	for _, rec := range page.Records {
		line := "record " + rec.Title
		for _, name := range []string{"User principal name", "Department", "Integration status"} {
			line += " | " + o.value(rec, name)
		}
		lines = append(lines, line+" | "+titles[rec.Value(o.fields["Boss"]).Record()])
	}
	logins, err := o.logins.ListLogins(o.t.Context(), account.CommandLine())
	o.must(err)
	for _, l := range logins {
		roles := []string{}
		for _, g := range l.Grants {
			roles = append(roles, g.RoleName)
		}
		lines = append(lines, fmt.Sprintf("login %s %s %s %v %s", l.Name, l.Email, l.State, roles, titles[l.Person]))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// F66: a run that is killed at any durable step is finished by the next process
// and ends like an undisturbed one.
func TestF66KilledRunEndsLikeAnUndisturbedOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		calm := newcomer(t, db)
		calm.run(syncer.Succeeded, syncer.Request{})
		want := calm.state()
		for step := range 200 {
			o := newcomer(t, another(t, db))
			service, life := o.dying(step)
			_, err := service.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss})
			if err == nil && life.left > 0 {
				t.Logf("an undisturbed run takes fewer than %d transactions", step)
				return
			}
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatalf("killed before transaction %d: %v", step, err)
			}
			rep, err := o.sync.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss})
			if err != nil || rep.Run.State != syncer.Succeeded {
				t.Fatalf("killed before transaction %d: the next run ended as %s, %v", step, rep.Run.State, err)
			}
			if got := o.state(); got != want {
				t.Fatalf("killed before transaction %d: another end state\n--- got\n%s\n--- want\n%s", step, got, want)
			}
			again, err := o.sync.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss, Full: true})
			if c := again.Run.Counts; err != nil || c.Added+c.Changed+c.Failed != 0 {
				t.Fatalf("killed before transaction %d: a full run afterwards finds %+v, %v", step, c, err)
			}
		}
		t.Error("the run never came to its end")
	})
}

// newcomer is a small office before its first sync.
func newcomer(t *testing.T, db *store.DB) *office {
	t.Helper()
	o := open(t, db, 30)
	o.mapped(o.everyone(), o.staff("All Staff", account.Collaborator))
	return o
}

// another opens a new database of the same engine.
func another(t *testing.T, like *store.DB) *store.DB {
	t.Helper()
	if like.Engine() == "postgres" {
		return storetest.Open(t, store.Config{URL: storetest.PostgresURL(t)})
	}
	return storetest.SQLite(t)
}

// F67: two processes never sync one connection at once.
func TestF67SecondProcessIsTurnedAway(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		var inner error
		_, err := o.sync.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss, Progress: func(p syncer.Progress) {
			if p.Stage == syncer.StagePlan && inner == nil {
				_, inner = o.sync.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss})
			}
		}})
		o.must(err)
		if errs.KindOf(inner) != errs.Conflict || errs.HintOf(inner) == "" {
			t.Errorf("a second run meanwhile: %v, want a conflict with a next step", inner)
		}
	})
}

// F69: a mapping edited in the middle of a run stops it, and the next run does
// the rest.
func TestF69EditedMappingStopsTheRun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		edited := false
		rep, err := o.sync.Run(t.Context(), syncer.Request{Connection: o.conn.ID, Actor: boss, Progress: func(p syncer.Progress) {
			if p.Stage == syncer.StagePlan && !edited {
				edited = true
				def := o.everyone()
				def.Rows = def.Rows[:2]
				o.mapped(def, o.staff("All Staff", account.Collaborator))
			}
		}})
		o.must(err)
		if rep.Run.State != syncer.Cancelled || len(rep.Run.Notes) == 0 {
			t.Fatalf("the run ended as %s with notes %q, want cancelled and said", rep.Run.State, rep.Run.Notes)
		}
		next := o.run(syncer.Succeeded, syncer.Request{})
		if next.Counts.Added == 0 || next.Counts.Failed != 0 {
			t.Errorf("the next run: %+v", next.Counts)
		}
	})
}

// One person whose values fit nowhere costs that person only.
func TestOneBadPersonStopsNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := newcomer(t, db)
		who := o.colleague()
		person, err := o.hr.Person(who)
		o.must(err)
		// A local user has the email already: the login is a takeover to approve.
		role, err := o.logins.Role(t.Context(), o.module, account.Collaborator)
		o.must(err)
		_, err = o.logins.Invite(t.Context(), account.CommandLine(), account.Invitation{
			Email: person.Mail, Name: "Somebody else",
			Account: o.acct, Module: o.module, Role: role.ID,
		})
		o.must(err)
		run := o.run(syncer.Held, syncer.Request{})
		if run.Counts.Added < 20 || run.Counts.Held == 0 {
			t.Errorf("counts %+v, want all others added", run.Counts)
		}
		if l, ok := o.login(who); ok {
			t.Errorf("the local user was taken over without a word: %+v (F25)", l)
		}
		held, err := o.sync.Changes(t.Context(), run.ID, syncer.ChangeFilter{States: []syncer.ChangeState{syncer.HeldBack}})
		o.must(err)
		if len(held) != 1 || held[0].Verb != reconcile.Adopt {
			t.Errorf("held: %+v", held)
		}
	})
}
