package integration_test

import (
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// user makes a local user with a role.
func (o *office) user(email, role string, m account.Module) account.Principal {
	o.t.Helper()
	ctx := o.t.Context()
	r, err := o.logins.Role(ctx, m.ID, role)
	o.must(err)
	_, err = o.logins.Invite(ctx, chief, account.Invitation{Email: email, Role: r.ID, Account: m.Account, Module: m.ID})
	o.must(err)
	o.must(o.logins.ResetPassword(ctx, chief, email, secret.New("correct horse battery")))
	l, err := o.logins.FindLogin(ctx, chief, email)
	o.must(err)
	p, err := o.logins.PrincipalOf(ctx, l.ID, "")
	o.must(err)
	return p
}

// Whoever manages one module could connect a directory of their own, and have it
// say that somebody in it has an administrator's email.
func TestNobodyHasAUserTakenOverWhomTheyDoNotManage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, ctx := open(t, db), t.Context()
		mod := o.user("mod@contoso.example", account.ModuleAdmin, o.module)
		members, _, err := o.hr.Members("All Staff", 2)
		o.must(err)
		who, err := o.hr.Person(members[0])
		o.must(err)
		target := o.user(who.UserPrincipalName, account.OrganizationAdmin, account.Module{})
		c := o.configured()
		role, err := o.logins.Role(ctx, o.module.ID, account.Collaborator)
		o.must(err)
		_, err = o.svc.SaveMappings(ctx, mod, c.ID, []mapping.Definition{{
			Name: "Staff", Kind: mapping.Login, Entity: directory.User, Module: o.module.ID, Role: role.ID, Identifier: mapping.ByObjectID,
			Units: []directory.UnitRef{{Kind: directory.Group, Name: "All Staff"}},
		}})
		o.must(err)
		id, err := o.svc.Start(ctx, mod, c.ID, integration.Order{})
		o.must(err)
		if run := o.ended(id); run.State != syncer.Held {
			t.Fatalf("the run is %s, want the takeover held", run.State)
		}
		_, err = o.svc.Approve(ctx, mod, id, syncer.Choice{All: true}, nil)
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("a module's administrator approves that an Organization Admin is taken over: %v, want Forbidden", err)
		}
		got, err := o.logins.Login(ctx, chief, target.Login)
		o.must(err)
		if got.Origin != account.Local || !got.Object.IsZero() {
			t.Errorf("the user was taken over: %+v", got)
		}
		if _, err := o.svc.Approve(ctx, chief, id, syncer.Choice{All: true}, nil); err != nil {
			t.Errorf("who manages all approves it: %v", err)
		}
	})
}

func TestAStoredSecretIsNotSentToOtherHosts(t *testing.T) {
	t.Parallel()
	o, ctx := open(t, storetest.SQLite(t)), t.Context()
	c := o.configured()
	c.Secret = secret.Text{}
	for what, change := range map[string]func(*syncer.Connection){
		"another sign-in host": func(c *syncer.Connection) { c.LoginURL = "https://evil.example" },
		"another Graph host":   func(c *syncer.Connection) { c.GraphURL = "https://evil.example" },
		"another authority":    func(c *syncer.Connection) { c.CAPEM = "-----BEGIN CERTIFICATE-----" },
		"another cloud":        func(c *syncer.Connection) { c.Cloud = "china" },
	} {
		moved := c
		change(&moved)
		if _, err := o.svc.Test(ctx, chief, moved, nil); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "secret") {
			t.Errorf("testing with %s: %v, want the secret asked for", what, err)
		}
		if _, err := o.svc.Save(ctx, chief, moved); !errs.Is(err, errs.Invalid) {
			t.Errorf("saving with %s: %v, want the secret asked for", what, err)
		}
	}
	if facts, err := o.svc.Test(ctx, chief, c, nil); err != nil || integration.Failed(facts) {
		t.Errorf("testing with the same hosts: %v", err)
	}
}
