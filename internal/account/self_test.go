package account_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestPeopleChangeTheirOwnPassword(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		old, fresh := secret.New("correct horse battery"), secret.New("another horse battery")
		p := w.principal(w.member("ann@example.com", account.Collaborator, w.north))
		token, err := w.svc.StartSession(ctx, p, "a browser")
		w.must(err)
		want(t, "a wrong present password", w.svc.ChangePassword(ctx, p, secret.New("wrong horse battery"), fresh), errs.Forbidden)
		want(t, "a short new one", w.svc.ChangePassword(ctx, p, old, secret.New("short")), errs.Invalid)
		if _, _, err := w.svc.Continue(ctx, token, "192.0.2.1"); err != nil {
			t.Errorf("a refused change ended the session: %v", err)
		}
		w.must(w.svc.ChangePassword(ctx, p, old, fresh))
		_, _, err = w.svc.Continue(ctx, token, "192.0.2.1")
		want(t, "a session from before", err, errs.Unauthenticated)
		_, err = w.svc.SignIn(ctx, "ann@example.com", old, "192.0.2.1")
		want(t, "the old password", err, errs.Unauthenticated)
		if _, err := w.svc.SignIn(ctx, "ann@example.com", fresh, "192.0.2.1"); err != nil {
			t.Errorf("the new password: %v", err)
		}
		if !slices.Contains(w.closed, p.Login) {
			t.Error("those who end sessions and tokens were not told")
		}
		events, err := w.svc.Events(ctx, w.p, account.EventQuery{Everything: true, Limit: 3})
		w.must(err)
		if e := events[2]; e.Action != audit.PasswordChanged || e.Actor.ID != p.Login || len(e.Details) != 0 {
			t.Errorf("before the two sign-ins the audit log says %+v", e)
		}
		if e := events[1]; e.Action != audit.SignInRefused || e.SubjectID != p.Login || e.Actor.Kind != audit.Visitor {
			t.Errorf("of the sign-in with the old password the audit log says %+v", e)
		}
		if e := events[0]; e.Action != audit.SignedIn || e.Actor.ID != p.Login {
			t.Errorf("of the sign-in with the new password the audit log says %+v", e)
		}
	})
}

func TestWhoHasNoPasswordChangesNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	p := w.principal(w.synced("ben@example.com")[0])
	want(t, "a user of the directory", w.svc.ChangePassword(t.Context(), p, secret.Text{}, secret.New("correct horse battery")), errs.Conflict)
	want(t, "the command line", w.svc.ChangePassword(t.Context(), w.p, secret.Text{}, secret.New("correct horse battery")), errs.Unauthenticated)
}
