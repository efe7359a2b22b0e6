package account_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestWhomADirectoryVouchesForSignsIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		list := w.synced("ann@example.com", "ben@example.com")
		ann, ben := list[0], list[1]
		w.must(w.svc.Deactivate(ctx, w.p, ben.ID))
		local := w.member("local@example.com", account.ModuleAdmin, w.north)
		for _, tt := range []struct {
			name string
			who  account.Visitor
			kind errs.Kind
		}{
			{"another realm with the same object", account.Visitor{Realm: tenant + "@evil.example", Object: ann.Object}, errs.Forbidden},
			{"no realm", account.Visitor{Object: ann.Object}, errs.Forbidden},
			{"no object", account.Visitor{Realm: tenant}, errs.Forbidden},
			{"deactivated", account.Visitor{Realm: tenant, Object: ben.Object}, errs.Forbidden},
			{"unknown, with the email of a local user", account.Visitor{Realm: tenant, Object: object(900), Username: local.Email, Name: local.Name}, errs.Forbidden},
		} {
			p, err := w.svc.SignInFromDirectory(ctx, tt.who)
			want(t, tt.name, err, tt.kind)
			if p.Login != 0 {
				t.Errorf("%s: signed in as %d", tt.name, p.Login)
			}
		}
		p, err := w.svc.SignInFromDirectory(ctx, account.Visitor{Realm: tenant, Object: ann.Object, Username: "renamed@example.com", Address: "192.0.2.7"})
		w.must(err)
		if p.Login != ann.ID || p.Address != "192.0.2.7" || p.OrganizationAdmin() || p.May(account.View, w.north.Account, w.north.ID, 0) != nil {
			t.Errorf("who is signed in: %+v", p)
		}
		events, err := w.svc.Events(ctx, w.p, account.EventQuery{Everything: true})
		w.must(err)
		refused := slices.DeleteFunc(slices.Clone(events), func(e audit.Entry) bool { return e.Action != audit.SignInRefused })
		if events[0].Action != audit.SignedIn || events[0].Actor.ID != ann.ID || events[0].Account != w.north.Account {
			t.Errorf("the last event: %+v", events[0])
		}
		if len(refused) != 5 || slices.ContainsFunc(refused, func(e audit.Entry) bool { return e.Actor.Kind != audit.Visitor }) {
			t.Errorf("%d refusals were recorded, want 5: %+v", len(refused), refused)
		}
		if got := w.login("local@example.com"); got.Object != (directory.ObjectID{}) || got.Origin != account.Local {
			t.Errorf("the local user was touched: %+v", got)
		}
	})
}
