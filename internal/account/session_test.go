package account_test

import (
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
