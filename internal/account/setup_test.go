package account_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestSetupHappensOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		svc := account.NewService(db, nil)
		_, err := svc.Organization(t.Context())
		want(t, "before the set-up", err, errs.NotFound)
		want(t, "a short password", svc.Setup(t.Context(), "Acme", chief, secret.New("too short")), errs.Invalid)
		want(t, "no name", svc.Setup(t.Context(), "  ", chief, secret.Text{}), errs.Invalid)
		want(t, "no email", svc.Setup(t.Context(), "Acme", "chief", secret.Text{}), errs.Invalid)

		var group sync.WaitGroup
		results := make([]error, 4)
		for i := range results {
			group.Go(func() {
				results[i] = svc.Setup(t.Context(), "Acme", chief, secret.New("correct horse battery"))
			})
		}
		group.Wait()
		done := 0
		for _, err := range results {
			switch {
			case err == nil:
				done++
			case !errs.Is(err, errs.Conflict):
				t.Errorf("got %v, want a conflict", err)
			}
		}
		if done != 1 {
			t.Errorf("%d of %d set-ups went through, want 1", done, len(results))
		}
		p, err := svc.SignIn(t.Context(), "CHIEF@example.com", secret.New("correct horse battery"), "")
		if err != nil || !p.OrganizationAdmin() {
			t.Errorf("the first administrator: %+v, %v", p, err)
		}
	})
}

func TestTree(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		_, err := w.svc.CreateModule(t.Context(), w.p, w.north.Account, "Machines", nil)
		w.must(err)
		tree, err := w.svc.Tree(t.Context(), w.p)
		w.must(err)
		if len(tree) != 2 || tree[0].Name != "North" || len(tree[0].Modules) != 2 || len(tree[1].Modules) != 1 {
			t.Errorf("got %+v", tree)
		}
		a, m, err := w.svc.FindModule(t.Context(), w.p, "NORTH", " it ")
		if err != nil || a.ID != w.north.Account || m.ID != w.north.ID {
			t.Errorf("FindModule: %+v, %+v, %v", a, m, err)
		}
		_, _, err = w.svc.FindModule(t.Context(), w.p, "West", "IT")
		want(t, "a module of another account", err, errs.NotFound)
		_, err = w.svc.CreateAccount(t.Context(), w.p, "nORTH")
		want(t, "an account's name again", err, errs.Conflict)
		_, err = w.svc.CreateModule(t.Context(), w.p, w.north.Account, "it", nil)
		want(t, "a module's name again", err, errs.Conflict)
		_, err = w.svc.CreateModule(t.Context(), w.p, w.west.Account, "it", nil)
		w.must(err) // names are the account's own
		_, err = w.svc.CreateModule(t.Context(), w.p, 99, "IT", nil)
		want(t, "a module of no account", err, errs.NotFound)
	})
}

func TestModuleIsNeverWithoutItsCollections(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		bad := errors.New("no collections")
		_, err := w.svc.CreateModule(t.Context(), w.p, w.north.Account, "Half", func(context.Context, account.Module) error { return bad })
		if !errors.Is(err, bad) {
			t.Errorf("got %v, want the fault of the collections", err)
		}
		_, _, err = w.svc.FindModule(t.Context(), w.p, "North", "Half")
		want(t, "the half module", err, errs.NotFound)
	})
}
