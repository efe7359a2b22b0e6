package integration_test

import (
	"testing"
	"time"

	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// enter types a new secret into the connection's form, tests it and saves.
func (o *office) enter(c syncer.Connection, value string) (spared bool) {
	o.t.Helper()
	form := o.form(c)
	form.Secret = secret.New(value)
	facts, err := o.svc.Test(o.t.Context(), chief, form, nil)
	o.must(err)
	spared, err = o.svc.SaveTested(o.t.Context(), chief, form, facts)
	o.must(err)
	return spared
}

// stored is the connection as it is stored.
func (o *office) stored(id int64) syncer.Connection {
	o.t.Helper()
	c, err := o.svc.Connection(o.t.Context(), chief, id)
	o.must(err)
	return c
}

// outcomeOfSync syncs once and returns how it ended.
func (o *office) outcomeOfSync(connection int64) syncer.State {
	o.t.Helper()
	id, err := o.svc.Start(o.t.Context(), chief, connection, integration.Order{})
	o.must(err)
	return o.ended(id).State
}

func TestASecretIsReplacedWithoutLosingAnything(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, ctx := open(t, db), t.Context()
		c := o.configured()
		_, err := o.svc.SaveMappings(ctx, chief, c.ID, []mapping.Definition{o.everyone()[0]})
		o.must(err)
		if o.enter(c, theSecret) || !o.stored(c.ID).Verdict.Passed {
			t.Error("entering the same secret again is not taken")
		}
		if got := o.outcomeOfSync(c.ID); got != syncer.Succeeded {
			t.Fatalf("the first sync: %s", got)
		}
		fresh := o.hr.RotateSecret("")
		if got := o.outcomeOfSync(c.ID); got == syncer.Succeeded {
			t.Fatal("a sync works with a secret that is gone")
		}
		if !o.enter(c, "the-secret-ID-in-place-of-the-value") {
			t.Error("a secret that the directory refuses replaces the stored one")
		}
		if o.enter(c, fresh) {
			t.Error("the right secret is not taken")
		}
		if got := o.outcomeOfSync(c.ID); got != syncer.Succeeded {
			t.Errorf("the sync after the secret was replaced: %s", got)
		}
		maps, err := o.svc.Mappings(ctx, chief, c.ID)
		o.must(err)
		if len(maps) != 1 {
			t.Errorf("replacing the secret left %d mappings, want 1", len(maps))
		}
	})
}

func TestAWrongSecretLeavesTheOldOneAtWork(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	c := o.configured()
	if !o.enter(c, "a-typing-error") {
		t.Error("a secret that the directory refuses replaces one that works")
	}
	facts, err := o.svc.Test(t.Context(), chief, o.stored(c.ID), nil)
	o.must(err)
	if integration.Failed(facts) {
		t.Error("the old secret does not work any more")
	}
}

func TestTheExpiryOfTheSecretIsRemembered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, ctx := open(t, db), t.Context()
		c := o.configured()
		if v := o.stored(c.ID).Verdict; !v.At.IsZero() {
			t.Errorf("before any check there is the verdict %+v", v)
		}
		ends := time.Now().Add(12 * 24 * time.Hour).UTC().Truncate(time.Second)
		o.hr.SecretEnds(ends)
		_, err := o.svc.Test(ctx, chief, o.stored(c.ID), nil)
		o.must(err)
		if v := o.stored(c.ID).Verdict; !v.Passed || v.At.IsZero() || !v.CredentialEnds.Equal(ends) {
			t.Errorf("after a check: %+v, want passed, ending %s", v, ends)
		}
		o.hr.SetRoles("User.Read.All")
		o.hr.ExpireSecret() // so that the directory does not tell the expiry any more
		_, err = o.svc.Test(ctx, chief, o.stored(c.ID), nil)
		o.must(err)
		if v := o.stored(c.ID).Verdict; v.Passed || !v.CredentialEnds.Equal(ends) {
			t.Errorf("after a check that failed: %+v, want not passed, ending %s as seen before", v, ends)
		}
		o.hr.ClearFaults()
		other := o.form(o.stored(c.ID))
		other.Secret = secret.New("of another registration")
		other.ClientID = "00000000-0000-4000-8000-00000000abcd"
		_, err = o.svc.Save(ctx, chief, other)
		o.must(err)
		if v := o.stored(c.ID).Verdict; v != (syncer.Verdict{}) {
			t.Errorf("another application inherits the verdict %+v", v)
		}
	})
}
