package integration_test

import (
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// The simulated tenant is on this machine: a module's administrator must not reach
// it with Muster unless somebody who administers the organization says so.
func TestOnlyAnOrganizationAdminConnectsHostsInsideTheNetwork(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, ctx := open(t, db), t.Context()
		lesser := o.user("module@contoso.example", account.ModuleAdmin, o.module)
		c, err := o.svc.Add(ctx, lesser, o.module, syncer.EntraKind)
		o.must(err)
		refused := func(when string) {
			t.Helper()
			form := o.form(c)
			facts, err := o.svc.Test(ctx, lesser, form, nil)
			o.must(err)
			if facts[0].Outcome != integration.Fail || !strings.Contains(facts[0].Text, "private network") || !strings.Contains(facts[0].Remedy, "Organization Admin") {
				t.Errorf("%s, a test says %+v", when, facts[0])
			}
			_, err = o.svc.SaveTested(ctx, lesser, form, facts)
			o.must(err)
			if _, err := o.svc.SearchUnits(ctx, lesser, c.ID, "All"); !errs.Is(err, errs.Forbidden) || !strings.Contains(errs.HintOf(err), "Organization Admin") {
				t.Errorf("%s, the directory inside is asked: %v (%s)", when, err, errs.HintOf(err))
			}
		}
		refused("at first")
		stored, err := o.svc.Connection(ctx, chief, c.ID)
		o.must(err)
		stored.Schedule.Incremental = "hourly"
		_, err = o.svc.Save(ctx, chief, stored)
		o.must(err)
		refused("after an Organization Admin changed the schedule")

		facts, err := o.svc.Test(ctx, chief, o.form(c), nil)
		o.must(err)
		_, err = o.svc.SaveTested(ctx, chief, o.form(c), facts)
		o.must(err)
		facts, err = o.svc.Test(ctx, lesser, o.stored(c.ID), nil)
		o.must(err)
		if integration.Failed(facts) {
			t.Errorf("hosts that an Organization Admin vouched for are refused: %+v", facts)
		}
		moved := o.form(c)
		moved.LoginURL = strings.Replace(moved.LoginURL, "127.0.0.1", "localhost", 1)
		facts, err = o.svc.Test(ctx, lesser, moved, nil)
		o.must(err)
		if facts[0].Outcome != integration.Fail {
			t.Error("having vouched for one host lets a module's administrator name others")
		}
	})
}
