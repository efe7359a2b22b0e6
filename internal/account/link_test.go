package account_test

import (
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestALocalUserLinksTheirOwnLogin(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		ann := w.principal(w.member("ann@example.com", account.Collaborator, w.north))
		ben := w.principal(w.member("ben@example.com", account.Collaborator, w.north))
		eve := w.synced("eve@example.com")[0]
		who := account.Visitor{Realm: tenant, Object: object(700), Username: "ann@contoso.example"}
		want(t, "an object of nobody", w.svc.LinkDirectory(ctx, ann, account.Visitor{Realm: tenant}), errs.Invalid)
		want(t, "somebody else's object", w.svc.LinkDirectory(ctx, ann, account.Visitor{Realm: tenant, Object: eve.Object}), errs.Conflict)
		want(t, "a user of the directory", w.svc.LinkDirectory(ctx, w.principal(eve), who), errs.Conflict)
		w.must(w.svc.LinkDirectory(ctx, ann, who))
		w.must(w.svc.LinkDirectory(ctx, ann, who)) // again
		want(t, "the same object for another user", w.svc.LinkDirectory(ctx, ben, who), errs.Conflict)
		want(t, "another object", w.svc.LinkDirectory(ctx, ann, account.Visitor{Realm: tenant, Object: object(701)}), errs.Conflict)
		if p, err := w.svc.SignInFromDirectory(ctx, who); err != nil || p.Login != ann.Login {
			t.Errorf("signing in with Microsoft: %+v, %v", p, err)
		}
		if p, err := w.svc.SignIn(ctx, "ann@example.com", secret.New(pass), ""); err != nil || p.Login != ann.Login {
			t.Errorf("signing in with the password, still: %+v, %v", p, err)
		}
		w.must(w.svc.UnlinkDirectory(ctx, ann))
		_, err := w.svc.SignInFromDirectory(ctx, who)
		want(t, "after taking it back", err, errs.Forbidden)
		want(t, "taking back what is not there", w.svc.UnlinkDirectory(ctx, ann), errs.Conflict)
		want(t, "what a sync manages", w.svc.UnlinkDirectory(ctx, w.principal(eve)), errs.Conflict)
		want(t, "a wrong password", w.svc.ConfirmPassword(ctx, ann, secret.New("a guess")), errs.Forbidden)
		w.must(w.svc.ConfirmPassword(ctx, ann, secret.New(pass)))
	})
}
