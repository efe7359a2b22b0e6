package account_test

import (
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestAccountsAndModulesAreRenamed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		a, err := w.svc.RenameAccount(ctx, w.p, w.north.Account, " Far north ")
		if err != nil || a.Name != "Far north" {
			t.Errorf("the account is %+v, %v", a, err)
		}
		m, err := w.svc.RenameModule(ctx, w.p, w.north.Account, w.north.ID, "Equipment")
		if err != nil || m.Name != "Equipment" {
			t.Errorf("the module is %+v, %v", m, err)
		}
		if _, found, err := w.svc.FindModule(ctx, w.p, "far north", "equipment"); err != nil || found.ID != w.north.ID {
			t.Errorf("under its new names there is %+v, %v", found, err)
		}
		events, err := w.svc.Events(ctx, w.p, account.EventQuery{Everything: true, Limit: 1})
		w.must(err)
		if e := events[0]; e.Action != audit.ModuleRenamed || e.Details[0] != (audit.Detail{Name: "name", Before: "IT", After: "Equipment"}) {
			t.Errorf("the log says %+v", e.Event)
		}
		_, err = w.svc.RenameAccount(ctx, w.p, w.north.Account, "WEST")
		want(t, "a name that is taken", err, errs.Conflict)
		_, err = w.svc.RenameAccount(ctx, w.p, w.north.Account, " ")
		want(t, "no name", err, errs.Invalid)
		_, err = w.svc.RenameModule(ctx, w.p, w.west.Account, w.north.ID, "Mine")
		want(t, "another account's module", err, errs.NotFound)
		admin := account.Principal{Name: "Ann", Holds: []account.Holding{{Account: w.north.Account, Module: w.north.ID, Role: account.BuiltIn()[2]}}}
		_, err = w.svc.RenameModule(ctx, admin, w.north.Account, w.north.ID, "Mine")
		want(t, "a module's administrator", err, errs.Forbidden)
		_, err = w.svc.RenameAccount(ctx, admin, w.west.Account, "Mine")
		want(t, "somebody of another account", err, errs.NotFound)
	})
}
