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

func TestAOneTimeLinkSetsAPassword(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		old, fresh := secret.New("correct horse battery"), secret.New("rain on a tin roof")
		ann := w.member("ann@example.com", account.Collaborator, w.north)
		session, err := w.svc.StartSession(ctx, w.principal(ann), "a browser")
		w.must(err)

		first, err := w.svc.MakeResetLink(ctx, w.p, "ann@example.com")
		w.must(err)
		if _, err := w.svc.SignIn(ctx, "ann@example.com", old, ""); err != nil {
			t.Errorf("a link alone changed the password: %v", err)
		}
		second, err := w.svc.MakeResetLink(ctx, w.p, "ann@example.com")
		w.must(err)
		want(t, "a link after which another was made", w.svc.UseResetLink(ctx, first, fresh, ""), errs.Expired)
		want(t, "a made-up link", w.svc.UseResetLink(ctx, secret.New("made up"), fresh, ""), errs.Expired)
		want(t, "a password that is easy to guess", w.svc.UseResetLink(ctx, second, secret.New("password1234"), ""), errs.Invalid)
		if l, err := w.svc.ResetLinkOf(ctx, second); err != nil || l.ID != ann.ID {
			t.Errorf("whose link it is: %d, %v", l.ID, err)
		}
		w.must(w.svc.UseResetLink(ctx, second, fresh, "192.0.2.9"))
		want(t, "the link again", w.svc.UseResetLink(ctx, second, fresh, ""), errs.Expired)
		_, _, err = w.svc.Continue(ctx, session, "")
		want(t, "a session from before", err, errs.Unauthenticated)
		_, err = w.svc.SignIn(ctx, "ann@example.com", old, "")
		want(t, "the old password", err, errs.Unauthenticated)
		if _, err := w.svc.SignIn(ctx, "ann@example.com", fresh, ""); err != nil {
			t.Errorf("the new password: %v", err)
		}
	})
}

func TestALinkEndsWithWhatItIsFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		fresh := secret.New("rain on a tin roof")
		for what, end := range map[string]func(account.Login) error{
			"a day": func(account.Login) error { w.later(25 * time.Hour); return nil },
			"another password": func(l account.Login) error {
				return w.svc.ResetPassword(ctx, w.p, l.Email, secret.New("another horse battery"))
			},
			"the login's deactivation": func(l account.Login) error { return w.svc.Deactivate(ctx, w.p, l.ID) },
		} {
			l := w.member(what[:1]+what[len(what)-1:]+"@example.com", account.Collaborator, w.north)
			token, err := w.svc.MakeResetLink(ctx, w.p, l.Email)
			w.must(err)
			w.must(end(l))
			want(t, "after "+what, w.svc.UseResetLink(ctx, token, fresh, ""), errs.Expired)
		}
		invited, err := w.svc.Invite(ctx, w.p, account.Invitation{Email: "new@example.com", Account: w.north.Account, Module: w.north.ID, Role: w.roles[account.Collaborator]})
		w.must(err)
		token, err := w.svc.MakeResetLink(ctx, w.p, invited.Email)
		w.must(err)
		w.must(w.svc.UseResetLink(ctx, token, fresh, ""))
		if got := w.login(invited.Email); got.State != account.Active {
			t.Errorf("somebody invited who set a password is %s", got.State)
		}
	})
}

func TestLinksAreMadeByWhoMayResetPasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	ctx := t.Context()
	mod := w.principal(w.member("mod@example.com", account.ModuleAdmin, w.north))
	w.member("ann@example.com", account.Collaborator, w.north)
	_, err := w.svc.MakeResetLink(ctx, mod, "ann@example.com")
	want(t, "a module's administrator", err, errs.Forbidden)
	_, err = w.svc.MakeResetLink(ctx, w.p, w.synced("ben@example.com")[0].Email)
	want(t, "a user of the directory", err, errs.Conflict)
	_, err = w.svc.MakeResetLink(ctx, w.p, "nobody@example.com")
	want(t, "nobody", err, errs.NotFound)
}
