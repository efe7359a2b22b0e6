package account_test

import (
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store/storetest"
)

// Who has a login cannot be found out by trying: every refusal reads the same,
// and takes the work of a password check.
func TestSignInGivesNothingAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	ctx := t.Context()
	w.member("ann@example.com", account.Collaborator, w.north)
	gone := w.member("gone@example.com", account.Collaborator, w.north)
	w.must(w.svc.Deactivate(ctx, w.p, gone.ID))
	w.synced("managed@example.com")
	attempt := func(email, password string) (string, time.Duration) {
		best := time.Hour
		var said string
		for range 5 {
			began := time.Now()
			_, err := w.svc.SignIn(ctx, email, secret.New(password), "192.0.2.1")
			best = min(best, time.Since(began))
			if !errs.Is(err, errs.Unauthenticated) {
				t.Fatalf("%s: %v, want Unauthenticated", email, err)
			}
			said = err.Error() + errs.HintOf(err)
		}
		return said, best
	}
	says, takes := attempt("ann@example.com", "wrong horse battery")
	for _, tt := range []struct{ name, email, password string }{
		{"nobody", "nobody@example.com", "wrong horse battery"},
		{"no email", "", "wrong horse battery"},
		{"a user of the directory", "managed@example.com", ""},
		{"deactivated, with the right password", "gone@example.com", "correct horse battery"},
	} {
		got, took := attempt(tt.email, tt.password)
		if got != says {
			t.Errorf("%s: %q, want what a wrong password says: %q", tt.name, got, says)
		}
		if took < takes/3 {
			t.Errorf("%s takes %s, a wrong password %s: the difference tells", tt.name, took, takes)
		}
	}
}

// Whoever finds an administrator's screen unattended must not get their login.
func TestNobodyResetsThemselves(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, storetest.SQLite(t))
	ctx := t.Context()
	g.must(g.svc.ResetPassword(ctx, g.p, chief, secret.New("correct horse battery")))
	boss := g.principal(g.login(chief))
	_, err := g.svc.MakeResetLink(ctx, boss, chief)
	want(t, "a link for oneself", err, errs.Conflict)
	want(t, "a password for oneself", g.svc.ResetPassword(ctx, boss, chief, secret.New("rain on a tin roof")), errs.Conflict)
	want(t, "one's own second step", g.svc.ResetSecondStep(ctx, boss, boss.Login), errs.Conflict)
	g.must(g.svc.ResetSecondStep(ctx, boss, g.who.Login))
}
