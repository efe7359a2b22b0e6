package integration_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// office is an organization with two accounts, of which the first is to be
// connected to a simulated tenant.
type office struct {
	t       *testing.T
	svc     *integration.Service
	logins  *account.Service
	records *register.Service
	srv     *entrasim.Server
	hr      *entrasim.Control
	module  account.Module // of the first account
	other   account.Module // of the second
	people  register.Collection
	fields  map[string]int64
}

var chief = account.CommandLine()

func open(t *testing.T, db *store.DB) *office {
	t.Helper()
	ctx := t.Context()
	o := &office{t: t, fields: map[string]int64{}}
	var err error
	company := entrasim.New(entrasim.Config{Seed: 3, People: 60})
	o.hr = company.Control()
	o.srv, err = company.Start()
	o.must(err)
	t.Cleanup(func() { o.srv.Close() })
	records := register.New(db, nil)
	o.logins = account.NewService(db, nil)
	o.must(o.logins.Setup(ctx, "Contoso", "admin@contoso.example", secret.New("correct horse battery")))
	o.module, o.other = o.workspace(records, "Contoso"), o.workspace(records, "Fabrikam")
	all, err := records.ModuleCollections(ctx, o.module.Account, o.module.ID)
	o.must(err)
	for _, c := range all {
		if c.Kind == register.People {
			o.people = c
		}
	}
	fields, err := records.Fields(ctx, o.module.Account, o.people.ID)
	o.must(err)
	for _, f := range fields {
		o.fields[f.Name] = f.ID
	}
	keys, err := secret.NewKeyring(bytes.Repeat([]byte{3}, 32))
	o.must(err)
	client := func(c syncer.Connection) (*entra.Client, error) {
		return entra.New(entra.Config{
			TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID, ClientSecret: c.Secret,
			Cloud: entra.Custom, LoginURL: c.LoginURL, GraphURL: c.GraphURL, Outside: !c.Inside,
		})
	}
	o.records = records
	sync := syncer.New(syncer.Deps{
		Store: db, Records: records, Logins: o.logins, Keys: keys, Host: syncer.ThisHost(),
		Open: func(_ context.Context, c syncer.Connection) (syncer.Source, error) { return client(c) },
	})
	records.KeptBy(sync)
	o.svc = integration.New(integration.Deps{
		Store: db, Accounts: o.logins, Records: records, Sync: sync,
		Open: func(_ context.Context, c syncer.Connection) (integration.Directory, error) {
			cl, err := client(c)
			return tenant{cl}, err
		},
	})
	t.Cleanup(o.svc.Close)
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) workspace(records *register.Service, name string) account.Module {
	o.t.Helper()
	ctx := o.t.Context()
	acct, err := o.logins.CreateAccount(ctx, chief, name)
	o.must(err)
	m, err := o.logins.CreateModule(ctx, chief, acct.ID, "IT", func(ctx context.Context, m account.Module) error {
		_, err := records.SetUpModule(ctx, chief.Actor(), m.Account, m.ID, "Assets")
		return err
	})
	o.must(err)
	return m
}

// tenant is a client as the package asks it.
type tenant struct{ *entra.Client }

func (d tenant) Check(ctx context.Context, needs integration.Needs, tell func(integration.Fact)) []integration.Fact {
	var out []integration.Fact
	rep := d.Client.Check(ctx, entra.Needs(needs), func(l entra.Line) {
		f := integration.Fact{ID: l.ID, Outcome: integration.Outcome(l.State), Text: l.Text, Remedy: l.Remedy}
		tell(f)
		out = append(out, f)
	})
	for i := range out {
		if out[i].ID == integration.CredentialFact {
			out[i].Ends = rep.CredentialEnds
		}
	}
	return out
}

const theSecret = entrasim.DefaultClientSecret

// form is the connection's form, filled in.
func (o *office) form(c syncer.Connection) syncer.Connection {
	c.TenantID, c.ClientID, c.ApplicationObjectID = entrasim.DefaultTenantID, entrasim.DefaultClientID, entrasim.DefaultApplicationObjectID
	c.Cloud, c.LoginURL, c.GraphURL = "custom", o.srv.URL(), o.srv.URL()
	c.Secret = secret.New(theSecret)
	return c
}

// configured adds the integration, saves its connection and returns it.
func (o *office) configured() syncer.Connection {
	o.t.Helper()
	c, err := o.svc.Add(o.t.Context(), chief, o.module, syncer.EntraKind)
	o.must(err)
	c, err = o.svc.Save(o.t.Context(), chief, o.form(c))
	o.must(err)
	return c
}

func (o *office) everyone() []mapping.Definition {
	return []mapping.Definition{{
		Name: "Everyone", Kind: mapping.Records, Entity: directory.User, Collection: o.people.ID, Identifier: mapping.ByObjectID,
		Rows: []mapping.Row{{From: "displayName", To: o.fields["Name"]}, {From: "mail", To: o.fields["Email"]}},
	}}
}

func TestAnAdministratorGoesFromTheStoreToAFinishedRun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, ctx := open(t, db), t.Context()
		c, err := o.svc.Add(ctx, chief, o.module, syncer.EntraKind)
		o.must(err)
		if _, err := o.svc.Start(ctx, chief, c.ID, integration.Order{}); !errs.Is(err, errs.Invalid) || errs.HintOf(err) == "" {
			t.Errorf("a run without a connection: %v, hint %q; want Invalid with a next step", err, errs.HintOf(err))
		}
		told := 0
		facts, err := o.svc.Test(ctx, chief, o.form(c), func(integration.Fact) { told++ })
		o.must(err)
		if integration.Failed(facts) || told != len(facts) || told < 8 {
			t.Errorf("the checklist told %d of %d facts, failed %v", told, len(facts), integration.Failed(facts))
		}
		c, err = o.svc.Save(ctx, chief, o.form(c))
		o.must(err)
		if fmt.Sprint(c.Limits) != fmt.Sprint(reconcile.DefaultLimits()) {
			t.Errorf("a connection made on screen has the limits %v: nothing would ever be held", c.Limits)
		}
		units, err := o.svc.SearchUnits(ctx, chief, c.ID, "All")
		o.must(err)
		if len(units) == 0 {
			t.Error("no unit begins with All")
		}
		trial, err := o.svc.Try(ctx, chief, c.ID, o.everyone()[0], -1)
		o.must(err)
		if trial.Of < 50 || trial.At != trial.Of-1 || trial.Subject.Name == "" || len(trial.Rows) != 2 {
			t.Errorf("trial of the last person: %d of %d, %q, %d rows", trial.At, trial.Of, trial.Subject.Name, len(trial.Rows))
		}
		effect, err := o.svc.Effect(ctx, chief, c.ID, o.everyone(), nil)
		o.must(err)
		_, err = o.svc.SaveMappings(ctx, chief, c.ID, o.everyone())
		o.must(err)
		id, err := o.svc.Start(ctx, chief, c.ID, integration.Order{})
		o.must(err)
		run := o.ended(id)
		if run.State != syncer.Succeeded || run.Counts.Added == 0 || run.Counts.Added != effect.Run.Counts.Added {
			t.Errorf("the run %s added %d, the effect shown before saving was %d", run.State, run.Counts.Added, effect.Run.Counts.Added)
		}
	})
}

// ended waits for a run's end.
func (o *office) ended(id int64) syncer.Run {
	o.t.Helper()
	progress, err := o.svc.Watch(o.t.Context(), chief, id)
	o.must(err)
	for range progress {
	}
	run, err := o.svc.Run(o.t.Context(), chief, id)
	o.must(err)
	return run
}

func TestTheEffectOfAnEditIsShownAndNotKept(t *testing.T) {
	t.Parallel()
	o, ctx := open(t, storetest.SQLite(t)), t.Context()
	c := o.configured()
	_, err := o.svc.SaveMappings(ctx, chief, c.ID, o.everyone())
	o.must(err)
	id, err := o.svc.Start(ctx, chief, c.ID, integration.Order{})
	o.must(err)
	o.ended(id)
	stored, err := o.svc.Mappings(ctx, chief, c.ID)
	o.must(err)
	edit := stored[0].Definition
	edit.Conditions = []mapping.Condition{{Path: "userType", Operator: mapping.Equals, Value: "nobody is of this type"}}
	effect, err := o.svc.Effect(ctx, chief, c.ID, []mapping.Definition{edit}, nil)
	o.must(err)
	if effect.Run.Counts.Changed == 0 || effect.Run.Mode != syncer.Preview {
		t.Errorf("the effect: mode %s, counts %+v; want changes of status", effect.Run.Mode, effect.Run.Counts)
	}
	id, err = o.svc.Start(ctx, chief, c.ID, integration.Order{Full: true})
	o.must(err)
	if run := o.ended(id); run.Counts.Changed != 0 {
		t.Errorf("the run after it changed %d, want nothing: the edit was not saved", run.Counts.Changed)
	}
}

func TestARunCanBeCancelled(t *testing.T) {
	t.Parallel()
	o, ctx := open(t, storetest.SQLite(t)), t.Context()
	c := o.configured()
	_, err := o.svc.SaveMappings(ctx, chief, c.ID, o.everyone())
	o.must(err)
	o.must(o.hr.Inject(entrasim.Fault{Kind: entrasim.FaultSlow, DelayMS: 30_000}))
	id, err := o.svc.Start(ctx, chief, c.ID, integration.Order{})
	o.must(err)
	o.must(o.svc.Cancel(ctx, chief, id))
	if run := o.ended(id); run.State != syncer.Cancelled {
		t.Errorf("the run ended as %s, want cancelled", run.State)
	}
	if err := o.svc.Cancel(ctx, chief, id); !errs.Is(err, errs.Conflict) {
		t.Errorf("cancelling it again: %v, want Conflict", err)
	}
}

func TestAnotherAccountsIntegrationDoesNotExist(t *testing.T) {
	t.Parallel()
	o, ctx := open(t, storetest.SQLite(t)), t.Context()
	c := o.configured()
	_, err := o.svc.SaveMappings(ctx, chief, c.ID, o.everyone())
	o.must(err)
	run, err := o.svc.Start(ctx, chief, c.ID, integration.Order{})
	o.must(err)
	o.ended(run)
	admin, helper := account.BuiltIn()[2], account.BuiltIn()[3]
	outsider := account.Principal{Login: 9, Name: "Eve", Kind: audit.User, Holds: []account.Holding{{Account: o.other.Account, Module: o.other.ID, Role: admin}}}
	colleague := account.Principal{Login: 8, Name: "Col", Kind: audit.User, Holds: []account.Holding{{Account: o.module.Account, Module: o.module.ID, Role: helper}}}
	calls := map[string]func(p account.Principal) error{
		"tiles":      func(p account.Principal) error { _, err := o.svc.Tiles(ctx, p, o.module); return err },
		"add":        func(p account.Principal) error { _, err := o.svc.Add(ctx, p, o.module, syncer.EntraKind); return err },
		"connection": func(p account.Principal) error { _, err := o.svc.Connection(ctx, p, c.ID); return err },
		"test":       func(p account.Principal) error { _, err := o.svc.Test(ctx, p, o.form(c), nil); return err },
		"save":       func(p account.Principal) error { _, err := o.svc.Save(ctx, p, o.form(c)); return err },
		"units":      func(p account.Principal) error { _, err := o.svc.SearchUnits(ctx, p, c.ID, "A"); return err },
		"mappings":   func(p account.Principal) error { _, err := o.svc.Mappings(ctx, p, c.ID); return err },
		"suggest": func(p account.Principal) error {
			_, err := o.svc.Suggest(ctx, p, c.ID, directory.User, o.people.ID)
			return err
		},
		"problems":  func(p account.Principal) error { _, err := o.svc.Problems(ctx, p, c.ID, o.everyone()[0]); return err },
		"try":       func(p account.Principal) error { _, err := o.svc.Try(ctx, p, c.ID, o.everyone()[0], 0); return err },
		"effect":    func(p account.Principal) error { _, err := o.svc.Effect(ctx, p, c.ID, o.everyone(), nil); return err },
		"save maps": func(p account.Principal) error { _, err := o.svc.SaveMappings(ctx, p, c.ID, o.everyone()); return err },
		"runs":      func(p account.Principal) error { _, err := o.svc.Runs(ctx, p, c.ID, 5); return err },
		"run":       func(p account.Principal) error { _, err := o.svc.Run(ctx, p, run); return err },
		"changes": func(p account.Principal) error {
			_, err := o.svc.Changes(ctx, p, run, syncer.ChangeFilter{})
			return err
		},
		"start":  func(p account.Principal) error { _, err := o.svc.Start(ctx, p, c.ID, integration.Order{}); return err },
		"watch":  func(p account.Principal) error { _, err := o.svc.Watch(ctx, p, run); return err },
		"cancel": func(p account.Principal) error { return o.svc.Cancel(ctx, p, run) },
		"approve": func(p account.Principal) error {
			_, err := o.svc.Approve(ctx, p, run, syncer.Choice{All: true}, nil)
			return err
		},
		"undo":    func(p account.Principal) error { _, err := o.svc.Undo(ctx, p, run, nil); return err },
		"explain": func(p account.Principal) error { _, err := o.svc.Explain(ctx, p, c.ID, "x"); return err },
		"explain rec": func(p account.Principal) error {
			_, _, err := o.svc.ExplainRecord(ctx, p, o.module.Account, 1)
			return err
		},
	}
	for name, call := range calls {
		if err := call(outsider); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s for somebody of another account: %v, want NotFound", name, err)
		}
		if name == "explain rec" {
			continue // whoever sees the record may ask why
		}
		if err := call(colleague); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s for a collaborator: %v, want Forbidden", name, err)
		}
	}
}

func TestTheAuditLogNamesTheSecretAndNeverGivesIt(t *testing.T) {
	t.Parallel()
	o, ctx := open(t, storetest.SQLite(t)), t.Context()
	c := o.configured()
	_, err := o.svc.SaveMappings(ctx, chief, c.ID, o.everyone())
	o.must(err)
	shown, err := o.svc.Connection(ctx, chief, c.ID)
	o.must(err)
	if !shown.Secret.IsZero() {
		t.Error("the form gets the stored secret")
	}
	events, err := o.logins.Events(ctx, chief, account.EventQuery{Account: o.module.Account, Module: o.module.ID})
	o.must(err)
	text := fmt.Sprintf("%+v", events)
	for _, want := range []string{"integration added", "connection saved", "client secret", "mapping saved", "Everyone"} {
		if !strings.Contains(text, want) {
			t.Errorf("the audit log of the module does not tell of %q", want)
		}
	}
	if strings.Contains(text, theSecret) {
		t.Error("the audit log gives the secret away")
	}
}
