package account_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

var syncActor = audit.Actor{Kind: audit.Sync, Name: "Entra"}

func TestSyncMakesAndChangesLogins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		list := w.synced("ann@example.com", "ben@example.com")
		ann := list[0]
		if ann.State != account.Active || ann.Origin != account.Directory || ann.Tenant != tenant || ann.Object != object(ann.ID) ||
			ann.Version != 1 || len(ann.Grants) != 1 || ann.Grants[0].Mapping != 1 || ann.HasPassword {
			t.Errorf("a new login: %+v", ann)
		}
		module := account.Grant{Account: w.north.Account, Module: w.north.ID, Mapping: 1, Role: w.roles[account.ModuleAdmin]}
		second := account.Grant{Account: w.north.Account, Module: w.north.ID, Mapping: 2, Role: w.roles[account.Collaborator]}
		out := w.apply(
			account.SyncLogin{Login: ann.ID, Version: 1, Name: ptr("Ann"), Email: ptr("ann@new.example.com"), Person: ptr(int64(44)), Grants: []account.Grant{module, second}},
			account.SyncLogin{Login: list[1].ID, Version: 1, Revokes: []account.GrantKey{{Account: w.north.Account, Module: w.north.ID, Mapping: 1}}, State: ptr(account.Deactivated)},
		)
		if out[0].Err != nil || out[0].Version != 2 || out[1].Err != nil {
			t.Fatalf("outcomes %+v", out)
		}
		got := w.login("ann@new.example.com")
		if got.ID != ann.ID || got.Name != "Ann" || got.Person != 44 || len(got.Grants) != 2 || !got.Grants[0].Administrator || got.Version != 2 {
			t.Errorf("after the change: %+v", got)
		}
		if _, err := w.svc.FindLogin(t.Context(), w.p, "ann@example.com"); !errs.Is(err, errs.NotFound) {
			t.Errorf("the old email still finds somebody: %v", err)
		}
		ben := w.login("ben@example.com")
		if ben.State != account.Deactivated || ben.DeactivatedBy != account.BySync || len(ben.Grants) != 0 || !slices.Equal(w.closed, []int64{ben.ID}) {
			t.Errorf("after leaving: %+v, closed %v", ben, w.closed)
		}
		w.must(w.apply(account.SyncLogin{Login: ben.ID, State: ptr(account.Active)})[0].Err)
		if ben = w.login(ben.Email); ben.State != account.Active || ben.DeactivatedBy != "" {
			t.Errorf("after returning: %+v", ben)
		}
	})
}

// One login's fault is its own: the others of the batch are done.
func TestFaultsOfOneLogin(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		list := w.synced("ann@example.com", "ben@example.com", "eve@example.com")
		ann, ben, eve := list[0], list[1], list[2]
		local := w.member("local@example.com", account.Collaborator, w.north)
		w.must(w.svc.SetBreakGlass(t.Context(), w.p, eve.ID, true))
		id, err := db.NextIDs(t.Context(), "login", 9)
		w.must(err)
		fresh := func(change func(*account.SyncLogin)) account.SyncLogin {
			l := w.hire(id, fmt.Sprintf("new%d@example.com", id))
			change(&l)
			return l
		}
		byHand := account.Grant{Account: w.north.Account, Module: w.north.ID, Role: w.roles[account.ModuleAdmin]}
		for _, tt := range []struct {
			name string
			ask  account.SyncLogin
			kind errs.Kind
		}{
			{"gone", account.SyncLogin{Login: 999999}, errs.NotFound},
			{"changed since", account.SyncLogin{Login: ann.ID, Version: 9}, errs.Expired},
			{"F76 closing break-glass", account.SyncLogin{Login: eve.ID, State: ptr(account.Deactivated)}, errs.Forbidden},
			{"F76 renaming break-glass", account.SyncLogin{Login: eve.ID, Name: ptr("Eva")}, errs.Forbidden},
			{"F76 a role of break-glass", account.SyncLogin{Login: eve.ID, Revokes: []account.GrantKey{{Account: w.north.Account, Module: w.north.ID, Mapping: 1}}}, errs.Forbidden},
			{"F76 the last administrator", account.SyncLogin{Login: w.login(chief).ID, State: ptr(account.Deactivated)}, errs.Forbidden},
			{"a role given by hand", account.SyncLogin{Login: ann.ID, Revokes: []account.GrantKey{byHand.Key()}}, errs.Forbidden},
			{"a role as if by hand", account.SyncLogin{Login: ann.ID, Grants: []account.Grant{byHand}}, errs.Invalid},
			{"F24 the email of somebody active", account.SyncLogin{Login: ann.ID, ReleaseEmail: true}, errs.Invalid},
			{"F25 another email in the step that takes over", account.SyncLogin{Login: local.ID, Tenant: tenant, Object: object(500), Email: ptr("evil@example.com")}, errs.Invalid},
			{"F30 no email", account.SyncLogin{Login: ann.ID, Email: ptr(" ")}, errs.Invalid},
			{"F73 open without being told", fresh(func(l *account.SyncLogin) { l.State = nil }), errs.Invalid},
			{"F26 no object", fresh(func(l *account.SyncLogin) { l.Object = directory.ObjectID{} }), errs.Invalid},
			{"an object of no tenant", account.SyncLogin{Login: local.ID, Object: object(500)}, errs.Invalid},
			{"a state of ours", account.SyncLogin{Login: ann.ID, State: ptr(account.Invited)}, errs.Invalid},
		} {
			current := w.login("ben@example.com")
			name := "Ben for " + tt.name
			out := w.apply(tt.ask, account.SyncLogin{Login: ben.ID, Version: current.Version, Name: &name})
			want(t, tt.name, out[0].Err, tt.kind)
			if got := w.login("ben@example.com"); out[1].Err != nil || got.Name != name {
				t.Errorf("%s: the other login: %v, named %q", tt.name, out[1].Err, got.Name)
			}
		}
		if got := w.login("ann@example.com"); got.Version != ann.Version || got.Name != ann.Name || len(got.Grants) != 1 {
			t.Errorf("a refused change left %+v", got)
		}
		if got := w.login("local@example.com"); !got.Object.IsZero() || !got.HasPassword {
			t.Errorf("a refused take-over left %+v", got)
		}
		out := w.apply(account.SyncLogin{Login: ann.ID, Name: ptr("A")}, account.SyncLogin{Login: ann.ID, Name: ptr("B")})
		want(t, "twice in a batch", out[1].Err, errs.Conflict)
		if got := w.login("ann@example.com"); got.Name != "A" {
			t.Errorf("twice in a batch: named %q, want the first", got.Name)
		}
	})
}

func TestF20AndF21TwoUsersNeverShareAnEmailOrAnObject(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ann := w.synced("Ann@Example.com")[0]
		id, err := db.NextIDs(t.Context(), "login", 2)
		w.must(err)
		same := w.hire(id, "ANN@example.COM")
		other := w.hire(id, "other@example.com")
		other.Object = ann.Object
		fine := w.hire(id+1, "fine@example.com")
		for name, bad := range map[string]account.SyncLogin{"email": same, "object": other} {
			_, err := w.svc.ApplyBatch(t.Context(), syncActor, 7, []account.SyncLogin{fine, bad})
			want(t, "the same "+name, err, errs.Conflict)
			if _, err := w.svc.FindLogin(t.Context(), w.p, "fine@example.com"); !errs.Is(err, errs.NotFound) {
				t.Errorf("the same %s: the batch left a login behind", name)
			}
		}
		found, err := w.svc.FindByEmailKeys(t.Context(), []string{account.EmailKey(" aNN@example.com"), "nobody"})
		if err != nil || len(found) != 1 || found["ann@example.com"] != ann.ID {
			t.Errorf("by email: %v, %v", found, err)
		}
		byObject, err := w.svc.FindByObject(t.Context(), tenant, []directory.ObjectID{ann.Object, object(77)})
		if err != nil || len(byObject) != 1 || byObject[ann.Object] != ann.ID {
			t.Errorf("by object: %v, %v", byObject, err)
		}
		if byObject, err = w.svc.FindByObject(t.Context(), "another tenant", []directory.ObjectID{ann.Object}); err != nil || len(byObject) != 0 {
			t.Errorf("by object in another tenant: %v, %v", byObject, err)
		}
	})
}

func TestTwoUsersSwapTheirEmails(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		list := w.synced("ann@example.com", "ben@example.com")
		for _, o := range w.apply(account.SyncLogin{Login: list[0].ID, Email: ptr("ben@example.com")}, account.SyncLogin{Login: list[1].ID, Email: ptr("ann@example.com")}) {
			w.must(o.Err)
		}
		if w.login("ben@example.com").ID != list[0].ID || w.login("ann@example.com").ID != list[1].ID {
			t.Error("the emails did not swap")
		}
	})
}

// F24: the email of somebody gone for good can be given out again, and the one
// who is gone keeps it in sight.
func TestF24EmailsOfTheGoneAreReleased(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		gone := w.synced("ann@example.com")[0]
		w.must(w.apply(account.SyncLogin{Login: gone.ID, State: ptr(account.Deactivated), ReleaseEmail: true})[0].Err)
		w.must(w.apply(account.SyncLogin{Login: gone.ID, Name: ptr("Ann, who left")})[0].Err) // does not take it back
		heir := w.synced("ANN@example.com")[0]
		if heir.ID == gone.ID {
			t.Fatal("the email still belongs to the one who is gone")
		}
		list, err := w.svc.LoadLogins(t.Context(), []int64{gone.ID})
		w.must(err)
		if list[0].Email != "ann@example.com" || list[0].State != account.Deactivated {
			t.Errorf("the one who is gone: %+v", list[0])
		}
		want(t, "reactivating while somebody else has the email", w.svc.Reactivate(t.Context(), w.p, gone.ID), errs.Conflict)
		w.must(w.apply(account.SyncLogin{Login: heir.ID, Email: ptr("anna@example.com")})[0].Err)
		w.must(w.svc.Reactivate(t.Context(), w.p, gone.ID))
		if got := w.login("ann@example.com"); got.ID != gone.ID {
			t.Errorf("reactivated without the email: it finds %d, want %d", got.ID, gone.ID)
		}
	})
}

// F25: a local user taken over by the directory loses password and sessions, and
// keeps roles given by hand.
func TestF25TakingALocalUserOver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ann := w.member("ann@example.com", account.ModuleAdmin, w.north)
		w.closed = nil
		w.must(w.apply(account.SyncLogin{Login: ann.ID, Version: ann.Version, Tenant: tenant, Object: object(9), Name: ptr("Ann of Entra")})[0].Err)
		got := w.login("ann@example.com")
		if got.Origin != account.Directory || got.Object != object(9) || got.HasPassword || len(got.Grants) != 1 || got.Grants[0].Mapping != 0 || !slices.Equal(w.closed, []int64{ann.ID}) {
			t.Errorf("got %+v, closed %v", got, w.closed)
		}
		_, err := w.svc.SignIn(t.Context(), ann.Email, secret.New("correct horse battery"), "")
		want(t, "the old password", err, errs.Unauthenticated)
	})
}

// administrators makes n directory users Organization Admins by mapping 3 and
// deactivates the first administrator, so that they are the only ones.
func (w *world) administrators(n int) []account.Login {
	w.t.Helper()
	emails := make([]string, n)
	for i := range emails {
		emails[i] = fmt.Sprintf("admin%d@example.com", i)
	}
	list := w.synced(emails...)
	for _, l := range list {
		grant := account.Grant{Account: w.north.Account, Module: w.north.ID, Mapping: 3, Role: w.roles[account.OrganizationAdmin]}
		w.must(w.apply(account.SyncLogin{Login: l.ID, Grants: []account.Grant{grant}})[0].Err)
	}
	w.must(w.svc.SetBreakGlass(w.t.Context(), w.p, w.login(chief).ID, false))
	w.must(w.svc.Deactivate(w.t.Context(), w.p, w.login(chief).ID))
	w.closed = nil
	return list
}

func (w *world) active() []int64 {
	w.t.Helper()
	ids, err := w.db.ActiveAdministrators(w.t.Context())
	w.must(err)
	return ids
}

func TestF76OneBatchCannotTakeAllAdministrators(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		admins := w.administrators(2)
		if p := w.principal(admins[0]); !p.OrganizationAdmin() {
			t.Errorf("a mapping's Organization Admin holds %+v", p.Holds)
		}
		key := account.GrantKey{Account: w.north.Account, Module: w.north.ID, Mapping: 3}
		both := []account.SyncLogin{
			{Login: admins[0].ID, State: ptr(account.Deactivated)},
			{Login: admins[1].ID, Revokes: []account.GrantKey{key}},
		}
		_, err := w.svc.ApplyBatch(t.Context(), syncActor, 7, both)
		want(t, "both at once", err, errs.Conflict)
		if got := w.active(); len(got) != 2 {
			t.Errorf("the refused batch left the administrators %v", got)
		}
		w.must(w.apply(both[0])[0].Err)
		want(t, "the second by itself", w.apply(both[1])[0].Err, errs.Forbidden)
		lesser := account.Grant{Account: key.Account, Module: key.Module, Mapping: key.Mapping, Role: w.roles[account.Collaborator]}
		want(t, "a lesser role in its place", w.apply(account.SyncLogin{Login: admins[1].ID, Grants: []account.Grant{lesser}})[0].Err, errs.Forbidden)
		if got := w.active(); !slices.Equal(got, []int64{admins[1].ID}) {
			t.Errorf("active administrators %v, want %d", got, admins[1].ID)
		}
	})
}

// Many at once try to close the administrators, by hand and by syncs. Exactly
// one stays.
func TestF76RivalsCannotTakeAllAdministrators(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		admins := w.administrators(6)
		var group sync.WaitGroup
		for i, l := range admins {
			group.Go(func() {
				var err error
				if i%2 == 0 {
					err = w.svc.Deactivate(context.WithoutCancel(t.Context()), w.p, l.ID)
				} else {
					var out []account.SyncOutcome
					out, err = w.svc.ApplyBatch(t.Context(), syncActor, 7, []account.SyncLogin{{Login: l.ID, State: ptr(account.Deactivated)}})
					if err == nil {
						err = out[0].Err
					}
				}
				if err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Forbidden) {
					t.Errorf("%s: %v", l.Email, err)
				}
			})
		}
		group.Wait()
		if got := w.active(); len(got) != 1 {
			t.Errorf("active administrators %v, want exactly one", got)
		}
	})
}

// meddler is a database in which somebody gets in before a batch is written.
type meddler struct {
	*store.DB
	first func()
}

// UpdateLogins implements account.Store.
func (m *meddler) UpdateLogins(ctx context.Context, logins []account.Login, release []int64) error {
	if m.first != nil {
		first := m.first
		m.first = nil
		first()
	}
	return m.DB.UpdateLogins(ctx, logins, release)
}

// While one sync closes an administrator, another cannot close the other one:
// it waits, here for as long as its context lasts.
func TestF76ASyncWaitsForAnotherThatClosesAnAdministrator(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		admins := w.administrators(2)
		closing := func(i int) []account.SyncLogin {
			return []account.SyncLogin{{Login: admins[i].ID, State: ptr(account.Deactivated)}}
		}
		rival := func() {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if _, err := w.svc.ApplyBatch(ctx, syncActor, 8, closing(1)); err == nil {
				t.Error("the rival did not wait")
			}
		}
		svc := account.NewService(&meddler{DB: db, first: rival}, w.now)
		_, err := svc.ApplyBatch(t.Context(), syncActor, 7, closing(0))
		w.must(err)
		if got := w.active(); !slices.Equal(got, []int64{admins[1].ID}) {
			t.Errorf("active administrators %v, want %d", got, admins[1].ID)
		}
	})
}

// A login deactivated by hand between a batch's reading and its writing stays
// deactivated, and the batch is refused. On SQLite nobody can get in between.
func TestASyncDoesNotOverwriteWhatAPersonDidMeanwhile(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ann := w.synced("ann@example.com")[0]
		var got error
		svc := account.NewService(&meddler{DB: db, first: func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if db.Engine() == "sqlite" {
				cancel() // one writer at a time: it could only wait
			}
			defer cancel()
			got = w.svc.Deactivate(ctx, w.p, ann.ID)
		}}, w.now)
		_, err := svc.ApplyBatch(t.Context(), syncActor, 7, []account.SyncLogin{{Login: ann.ID, Name: ptr("Ann"), State: ptr(account.Active)}})
		l := w.login("ann@example.com")
		if db.Engine() == "sqlite" {
			if got == nil || err != nil || l.State != account.Active {
				t.Errorf("by hand: %v, batch: %v, then %s", got, err, l.State)
			}
			return
		}
		w.must(got)
		want(t, "the batch", err, errs.Conflict)
		if l.State != account.Deactivated || l.DeactivatedBy != account.ByHand {
			t.Errorf("got %+v, want it deactivated by hand", l)
		}
	})
}

// F12, F76: whatever a sync asks for, break-glass users and users closed by hand
// stay as they are, there is always an active administrator, and what was asked
// of one login never reaches another.
func TestF12NoBatchReachesProtectedLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	admins := w.administrators(3)
	glass := w.synced("glass@example.com")[0]
	w.must(w.svc.SetBreakGlass(t.Context(), w.p, glass.ID, true))
	closed := w.synced("closed@example.com")[0]
	w.must(w.svc.Deactivate(t.Context(), w.p, closed.ID))
	plain := w.synced("plain@example.com")[0]
	glass = w.login(glass.Email)
	ids := []int64{admins[0].ID, admins[1].ID, admins[2].ID, glass.ID, closed.ID, plain.ID}
	rapid.Check(t, func(r *rapid.T) {
		before, err := w.svc.LoadLogins(t.Context(), ids)
		w.must(err)
		asked := map[int64]bool{}
		var wants []account.SyncLogin
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 1, len(ids), rapid.ID).Draw(r, "logins") {
			asked[id] = true
			wants = append(wants, w.anyWish(r, id))
		}
		_, err = w.svc.ApplyBatch(t.Context(), syncActor, 7, wants)
		if err != nil && !errs.Is(err, errs.Conflict) {
			r.Fatal(err)
		}
		if len(w.active()) == 0 {
			r.Fatal("no active administrator is left")
		}
		after, err := w.svc.LoadLogins(t.Context(), ids)
		w.must(err)
		for _, l := range after {
			was := before[slices.IndexFunc(before, func(b account.Login) bool { return b.ID == l.ID })]
			switch {
			case (l.ID == glass.ID || was.Protected || !asked[l.ID] || err != nil) && l.Version != was.Version:
				r.Fatalf("%s changed", l.Email)
			case l.ID == closed.ID && (l.State != account.Deactivated || l.DeactivatedBy != account.ByHand):
				r.Fatalf("%s is %s by %s", l.Email, l.State, l.DeactivatedBy)
			}
		}
	})
}

// anyWish draws something that a sync could ask of a login.
func (w *world) anyWish(r *rapid.T, id int64) account.SyncLogin {
	l := account.SyncLogin{Login: id}
	switch rapid.IntRange(0, 2).Draw(r, "state") {
	case 1:
		l.State = ptr(account.Active)
	case 2:
		l.State = ptr(account.Deactivated)
	}
	key := account.GrantKey{Account: w.north.Account, Module: w.north.ID, Mapping: 3}
	switch rapid.IntRange(0, 3).Draw(r, "role") {
	case 1:
		l.Revokes = []account.GrantKey{key}
	case 2:
		l.Grants = []account.Grant{{Account: key.Account, Module: key.Module, Mapping: 3, Role: w.roles[account.Collaborator]}}
	case 3:
		l.Grants = []account.Grant{{Account: key.Account, Module: key.Module, Mapping: 3, Role: w.roles[account.OrganizationAdmin]}}
	}
	if rapid.Bool().Draw(r, "name") {
		l.Name = ptr(rapid.StringMatching(`[a-z]{1,5}`).Draw(r, "new name"))
	}
	return l
}

// BenchmarkApplyBatch writes a thousand logins a batch: new ones with a role,
// and changes of all of them.
func BenchmarkApplyBatch(b *testing.B) {
	for name, open := range map[string]func() *store.DB{
		"sqlite":   func() *store.DB { return storetest.SQLite(b) },
		"postgres": func() *store.DB { return storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}) },
	} {
		b.Run(name, func(b *testing.B) {
			db := open()
			svc := account.NewService(db, nil)
			if err := svc.Setup(b.Context(), "Acme", chief, secret.Text{}); err != nil {
				b.Fatal(err)
			}
			role, err := svc.Role(b.Context(), 0, account.Collaborator)
			if err != nil {
				b.Fatal(err)
			}
			const n = 1000
			for b.Loop() {
				first, err := db.NextIDs(b.Context(), "login", n)
				if err != nil {
					b.Fatal(err)
				}
				wants := make([]account.SyncLogin, n)
				for i := range wants {
					id := first + int64(i)
					email := fmt.Sprintf("person%d@example.com", id)
					wants[i] = account.SyncLogin{Login: id, Create: true, Tenant: tenant, Object: object(id), Email: &email, Name: &email,
						State: ptr(account.Active), Grants: []account.Grant{{Account: 1, Module: 1, Mapping: 1, Role: role.ID}}}
				}
				if _, err := svc.ApplyBatch(b.Context(), syncActor, 7, wants); err != nil {
					b.Fatal(err)
				}
				for i := range wants {
					wants[i].Create, wants[i].State = false, ptr(account.Deactivated)
				}
				if _, err := svc.ApplyBatch(b.Context(), syncActor, 7, wants); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n/2, "ns/login")
		})
	}
}
