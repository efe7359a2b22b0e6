package syncer_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// office is a company that uses Muster: a simulated tenant, a database, and a
// connection between them.
type office struct {
	t       *testing.T
	db      *store.DB
	tenant  *entrasim.Tenant
	hr      *entrasim.Control
	sync    *syncer.Service
	records *register.Service
	logins  *account.Service
	conn    syncer.Connection
	acct    int64
	module  int64
	people  register.Collection
	fields  map[string]int64
	clock   time.Time
}

var boss = audit.Actor{Kind: "user", ID: 1, Name: "Boss"}

// open sets up an office of some size over a database, with People mapped from
// users and logins from two groups.
func open(t *testing.T, db *store.DB, people int) *office {
	t.Helper()
	ctx := t.Context()
	o := &office{t: t, db: db, fields: map[string]int64{}, clock: time.Now().UTC().Truncate(time.Second)}
	o.tenant = entrasim.New(entrasim.Config{Seed: 7, People: people, Now: func() time.Time { return o.clock }})
	srv, err := o.tenant.Start()
	o.must(err)
	t.Cleanup(func() { srv.Close() })
	o.hr = o.tenant.Control()
	o.setUp(ctx)
	keys, err := secret.NewKeyring(bytes.Repeat([]byte{7}, 32))
	o.must(err)
	o.sync = syncer.New(syncer.Deps{
		Store: db, Records: o.records, Logins: o.logins, Keys: keys, Host: syncer.ThisHost(),
		Now: func() time.Time { return o.clock },
		Open: func(_ context.Context, c syncer.Connection) (syncer.Source, error) {
			return entra.New(entra.Config{
				TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID,
				ClientSecret: c.Secret, Cloud: entra.Custom, LoginURL: c.LoginURL, GraphURL: c.GraphURL,
				MaxRetries: 1,
			})
		},
	})
	limits := reconcile.DefaultLimits()
	limits[reconcile.ClassAdministrator] = reconcile.Limit{Floor: 50}
	o.conn, err = o.sync.SaveConnection(ctx, syncer.Connection{
		Account: o.acct, Module: o.module, Kind: syncer.EntraKind,
		TenantID: entrasim.DefaultTenantID, ClientID: entrasim.DefaultClientID, ApplicationObjectID: entrasim.DefaultApplicationObjectID,
		Cloud: "custom", LoginURL: srv.URL(), GraphURL: srv.URL(), Credential: syncer.ClientSecret,
		Secret: secret.New(entrasim.DefaultClientSecret), Limits: limits,
	})
	o.must(err)
	return o
}

// setUp makes the organization, its account, a module and the fields.
func (o *office) setUp(ctx context.Context) {
	o.t.Helper()
	o.records = register.New(o.db, func() time.Time { return o.clock })
	o.logins = account.NewService(o.db, func() time.Time { return o.clock })
	o.must(o.logins.Setup(ctx, "Contoso", "admin@contoso.example", secret.New("correct horse battery")))
	p := account.CommandLine()
	acct, err := o.logins.CreateAccount(ctx, p, "Contoso")
	o.must(err)
	o.acct = acct.ID
	module, err := o.logins.CreateModule(ctx, p, acct.ID, "IT", func(ctx context.Context, m account.Module) error {
		_, err := o.records.SetUpModule(ctx, p.Actor(), m.Account, m.ID, "Assets")
		return err
	})
	o.must(err)
	o.module = module.ID
	collections, err := o.records.ModuleCollections(ctx, o.acct, o.module)
	o.must(err)
	for _, c := range collections {
		if c.Kind == register.People {
			o.people = c
		}
	}
	fields, err := o.records.Fields(ctx, o.acct, o.people.ID)
	o.must(err)
	for _, f := range fields {
		o.fields[f.Name] = f.ID
	}
	o.field("User principal name", datatype.Spec{Type: datatype.Text, Unique: true})
	o.field("Department", datatype.Spec{Type: datatype.Text})
	o.field("Boss", datatype.Spec{Type: datatype.Link, Collection: o.people.ID})
}

func (o *office) field(name string, spec datatype.Spec) {
	o.t.Helper()
	if o.fields[name] != 0 {
		return
	}
	f, err := o.records.AddField(o.t.Context(), account.CommandLine(), register.Field{
		Account: o.acct, Collection: o.people.ID, Name: name, Spec: spec,
	})
	o.must(err)
	o.fields[name] = f.ID
}

// link adds a field that links people to the module's locations.
func (o *office) link(name string) int64 {
	o.t.Helper()
	collections, err := o.records.ModuleCollections(o.t.Context(), o.acct, o.module)
	o.must(err)
	for _, c := range collections {
		if c.Kind == register.Locations {
			o.field(name, datatype.Spec{Type: datatype.Link, Collection: c.ID})
		}
	}
	return o.fields[name]
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// everyone maps all members of the tenant into People.
func (o *office) everyone() mapping.Definition {
	clear := reconcile.ClearWhenEmpty
	return mapping.Definition{
		Name: "Everyone", Kind: mapping.Records, Entity: directory.User, Collection: o.people.ID,
		Identifier: mapping.ByPrincipal, Guests: mapping.ExcludeGuests,
		Rows: []mapping.Row{
			{From: "displayName", To: o.fields["Name"]},
			{From: "userPrincipalName", To: o.fields["User principal name"]},
			{From: "department", To: o.fields["Department"], Empty: &clear},
			{From: "manager", To: o.fields["Boss"]},
		},
	}
}

// row fills a field from an attribute; empty may be nil.
func row(from string, to int64, empty *reconcile.EmptyRule) mapping.Row {
	return mapping.Row{From: from, To: to, Empty: empty}
}

// staff gives the members of a group a role.
func (o *office) staff(group, role string) mapping.Definition {
	o.t.Helper()
	r, err := o.logins.Role(o.t.Context(), o.module, role)
	o.must(err)
	return mapping.Definition{
		Name: group, Kind: mapping.Login, Entity: directory.User, Identifier: mapping.ByObjectID,
		Units:  []directory.UnitRef{{Kind: directory.Group, Name: group, Nested: true}},
		Module: o.module, Role: r.ID, Administrator: r.Administrator(),
	}
}

// mapped sets the mappings.
func (o *office) mapped(defs ...mapping.Definition) {
	o.t.Helper()
	_, err := o.sync.SaveMappings(o.t.Context(), o.conn.ID, defs)
	o.must(err)
}

// run syncs and wants a state.
func (o *office) run(want syncer.State, req syncer.Request) syncer.Run {
	o.t.Helper()
	req.Connection, req.Actor = o.conn.ID, boss
	rep, err := o.sync.Run(o.t.Context(), req)
	if err != nil {
		o.t.Fatalf("run: %v", err)
	}
	if rep.Run.State != want {
		o.t.Fatalf("run %d ended as %s, want %s; notes %q holds %q", rep.Run.ID, rep.Run.State, want, rep.Run.Notes, rep.Run.Holds)
	}
	o.clock = o.clock.Add(time.Minute)
	return rep.Run
}

// login returns the login tied to a person of the tenant.
func (o *office) login(objectID string) (account.Login, bool) {
	o.t.Helper()
	id, err := directory.ParseObjectID(objectID)
	o.must(err)
	found, err := o.logins.FindByObject(o.t.Context(), o.conn.Realm(), []directory.ObjectID{id})
	o.must(err)
	if found[id] == 0 {
		return account.Login{}, false
	}
	list, err := o.logins.LoadLogins(o.t.Context(), []int64{found[id]})
	o.must(err)
	return list[0], true
}

// person returns the record tied to a person of the tenant.
func (o *office) person(objectID string) (register.Record, bool) {
	o.t.Helper()
	id, err := directory.ParseObjectID(objectID)
	o.must(err)
	found, err := o.db.LinkedRecords(o.t.Context(), o.conn.ID, o.people.ID, []directory.ObjectID{id})
	o.must(err)
	if found[id] == 0 {
		return register.Record{}, false
	}
	list, err := o.records.Load(o.t.Context(), []int64{found[id]})
	o.must(err)
	return list[0], true
}

// value returns a record's field as text.
func (o *office) value(rec register.Record, name string) string {
	o.t.Helper()
	id := o.fields[name]
	if name == "Integration status" {
		var err error
		id, err = o.records.EnsureStatusField(o.t.Context(), o.people.ID)
		o.must(err)
	}
	for _, f := range rec.Fields {
		if f.Field == id {
			return f.Value.String()
		}
	}
	return ""
}
