package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		now := time.Now().UTC()
		s := account.NewService(db, func() time.Time { return now })
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.Setup(ctx, "Contoso", "boss@contoso.example", secret.New("correct horse battery")))
		begin := func() (account.Principal, secret.Text) {
			t.Helper()
			p, err := s.SignIn(ctx, "boss@contoso.example", secret.New("correct horse battery"), "192.0.2.1")
			must(err)
			token, err := s.StartSession(ctx, p, "a browser")
			must(err)
			return p, token
		}
		open := func(token secret.Text) bool {
			_, _, err := s.Continue(ctx, token, "192.0.2.1")
			if err != nil && !errs.Is(err, errs.Unauthenticated) {
				t.Fatal(err)
			}
			return err == nil
		}
		p, first := begin()
		_, second := begin()
		if !open(first) || !open(second) || open(secret.New("made up")) {
			t.Error("a token that was given out is refused, or one that was not is taken")
		}
		list, err := s.Sessions(ctx, p)
		must(err)
		if len(list) != 2 || list[0].Agent != "a browser" {
			t.Errorf("sessions: %+v, want two", list)
		}
		_, one, err := s.Continue(ctx, first, "192.0.2.1")
		must(err)
		must(s.EndSession(ctx, p, one.ID))
		if open(first) || !open(second) {
			t.Error("ending one session ended another, or not the one")
		}
		if err := s.EndSession(ctx, account.Principal{Login: p.Login + 1}, list[0].ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("ending somebody else's session: %v, want NotFound", err)
		}
		now = now.Add(account.SessionIdle + time.Minute)
		if open(second) {
			t.Error("an idle session goes on")
		}
		_, third := begin()
		for range 30 { // in use all the time
			now = now.Add(account.SessionIdle - time.Minute)
			open(third)
		}
		if open(third) {
			t.Error("a session in use has no end")
		}
		_, fourth := begin()
		must(s.ResetPassword(ctx, account.CommandLine(), "boss@contoso.example", secret.New("another horse battery")))
		if open(fourth) {
			t.Error("a new password leaves old sessions open")
		}
	})
}

// What ended stays ended: somebody who is let in again signs in again, and makes
// another token.
func TestWhatEndedWithALoginDoesNotComeBackWithIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		closed, open := account.Deactivated, account.Active
		for how, again := range map[string]func(l account.Login){
			"by hand": func(l account.Login) {
				w.must(w.svc.Deactivate(ctx, w.p, l.ID))
				w.must(w.svc.Reactivate(ctx, w.p, l.ID))
			},
			"by a sync": func(l account.Login) {
				w.must(w.apply(account.SyncLogin{Login: l.ID, State: &closed})[0].Err)
				w.must(w.apply(account.SyncLogin{Login: l.ID, State: &open})[0].Err)
			},
		} {
			l := w.synced(strings.ReplaceAll(how, " ", "-") + "@example.com")[0]
			p := w.principal(l)
			session, err := w.svc.StartSession(ctx, p, "a browser")
			w.must(err)
			_, token, err := w.svc.IssueToken(ctx, p, account.NewToken{Name: "mine", Scope: account.TokenReads})
			w.must(err)
			again(l)
			if got := w.login(l.Email); got.State != account.Active {
				t.Fatalf("%s: the login is %s", how, got.State)
			}
			_, _, err = w.svc.Continue(ctx, session, "192.0.2.1")
			want(t, how+", the session", err, errs.Unauthenticated)
			_, _, err = w.svc.PrincipalOfToken(ctx, token, "192.0.2.1")
			want(t, how+", the token", err, errs.Unauthenticated)
		}
	})
}
