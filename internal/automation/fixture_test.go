package automation_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// chief may do everything.
var chief = account.CommandLine()

// office is a company with one module, people and assets, a connection to a
// simulated tenant, and a letter box.
type office struct {
	t        testing.TB
	db       *store.DB
	svc      *automation.Service
	accounts *account.Service
	records  *register.Service
	sync     *syncer.Service
	runs     *integration.Service
	hr       *entrasim.Control
	conn     syncer.Connection
	module   account.Module
	other    account.Module // of another account
	by       map[register.Kind]int64
	fields   map[string]int64 // of people and assets

	mu      sync.Mutex
	clock   time.Time
	letters []automation.Letter
	mailErr error
	refuse  string // an address to which nothing is sent
	dies    func() // called when a letter comes: the process ends there
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clock
}

func (o *office) wait(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clock = o.clock.Add(d)
}

// open sets an office up with no mapping and no automations.
func open(t testing.TB, db *store.DB) *office {
	t.Helper()
	o := &office{t: t, db: db, by: map[register.Kind]int64{}, fields: map[string]int64{}, clock: time.Date(2026, 5, 18, 9, 0, 0, 0, time.UTC)}
	ctx := t.Context()
	o.accounts, o.records = account.NewService(db, o.now), register.New(db, o.now)
	o.must(o.accounts.Setup(ctx, "Contoso", "admin@contoso.example", secret.New("correct horse battery")))
	o.module, o.other = o.workspace("Contoso"), o.workspace("Fabrikam")
	all, err := o.records.ModuleCollections(ctx, o.module.Account, o.module.ID)
	o.must(err)
	for _, c := range all {
		o.by[c.Kind] = c.ID
	}
	for _, kind := range []register.Kind{register.Main, register.People} {
		fields, err := o.records.Fields(ctx, o.module.Account, o.by[kind])
		o.must(err)
		for _, f := range fields {
			o.fields[string(kind)+" "+f.Name] = f.ID
		}
	}
	o.field(register.People, "UPN", datatype.Spec{Type: datatype.Text, Unique: true})
	o.field(register.People, "Email", datatype.Spec{Type: datatype.Email})
	o.field(register.People, "Boss", datatype.Spec{Type: datatype.Link, Collection: o.by[register.People]})
	o.field(register.Main, "State", datatype.Spec{Type: datatype.Choice, Choices: []string{"New", "Used", "Broken"}})
	o.field(register.Main, "Cost", datatype.Spec{Type: datatype.Number})
	o.services()
	return o
}

// services introduces the parts to each other, as the program does.
func (o *office) services() {
	o.t.Helper()
	db := o.db
	company := entrasim.New(entrasim.Config{Seed: 3, People: 20, Now: o.now})
	o.hr = company.Control()
	srv, err := company.Start()
	o.must(err)
	o.t.Cleanup(func() { srv.Close() })
	keys, err := secret.NewKeyring(bytes.Repeat([]byte{3}, 32))
	o.must(err)
	o.sync = syncer.New(syncer.Deps{
		Store: db, Records: o.records, Logins: o.accounts, Keys: keys, Host: syncer.ThisHost(), Now: o.now,
		Ended: func(ctx context.Context, r syncer.Run) error { return o.svc.RunEnded(ctx, r) },
		Open: func(_ context.Context, c syncer.Connection) (syncer.Source, error) {
			return entra.New(entra.Config{
				TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID, ClientSecret: c.Secret,
				Cloud: entra.Custom, LoginURL: c.LoginURL, GraphURL: c.GraphURL, MaxRetries: 1,
			})
		},
	})
	o.runs = integration.New(integration.Deps{Store: db, Accounts: o.accounts, Records: o.records, Sync: o.sync, Now: o.now})
	o.t.Cleanup(o.runs.Close)
	lists := listing.New(db, o.records)
	o.svc = automation.New(automation.Deps{
		Store: db, Accounts: o.accounts, Records: o.records, Lists: lists, Sync: o.sync, Runs: o.runs, Keys: keys, Now: o.now,
		BaseURL: "https://muster.example", Mail: o.post,
		Post: automation.NewPoster([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}),
	})
	o.records.HeardBy(o.svc)
	o.conn, err = o.sync.SaveConnection(o.t.Context(), syncer.Connection{
		Account: o.module.Account, Module: o.module.ID, Kind: syncer.EntraKind,
		TenantID: entrasim.DefaultTenantID, ClientID: entrasim.DefaultClientID, ApplicationObjectID: entrasim.DefaultApplicationObjectID,
		Cloud: "custom", LoginURL: srv.URL(), GraphURL: srv.URL(), Credential: syncer.ClientSecret,
		Secret: secret.New(entrasim.DefaultClientSecret), Limits: reconcile.DefaultLimits(),
		Schedule: syncer.Schedule{Incremental: "hourly", Full: "daily at 02:30", TimeZone: "UTC"},
	})
	o.must(err)
}

// post is the letter box: what it takes is kept when the transaction commits.
func (o *office) post(_ context.Context, l automation.Letter) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dies != nil {
		o.dies()
	}
	if o.mailErr != nil {
		return o.mailErr
	}
	if l.To == o.refuse {
		return errs.New(errs.Invalid, "no such address")
	}
	o.letters = append(o.letters, l)
	return nil
}

// mail empties the letter box.
func (o *office) mail() []automation.Letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.letters
	o.letters = nil
	slices.SortFunc(out, func(a, b automation.Letter) int { return strings.Compare(a.To, b.To) })
	return out
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatalf("%v (%s)", err, errs.HintOf(err))
	}
}

func (o *office) workspace(name string) account.Module {
	o.t.Helper()
	acct, err := o.accounts.CreateAccount(o.t.Context(), chief, name)
	o.must(err)
	m, err := o.accounts.CreateModule(o.t.Context(), chief, acct.ID, "IT", func(ctx context.Context, m account.Module) error {
		_, err := o.records.SetUpModule(ctx, chief.Actor(), m.Account, m.ID, "Assets")
		return err
	})
	o.must(err)
	return m
}

func (o *office) field(kind register.Kind, name string, spec datatype.Spec) {
	o.t.Helper()
	if o.fields[string(kind)+" "+name] != 0 {
		return
	}
	f, err := o.records.AddField(o.t.Context(), chief, register.Field{Account: o.module.Account, Collection: o.by[kind], Name: name, Spec: spec})
	o.must(err)
	o.fields[string(kind)+" "+name] = f.ID
}

// values reads name, text, name, text, …
func (o *office) values(kind register.Kind, pairs ...string) []register.FieldValue {
	o.t.Helper()
	fields, err := o.records.Fields(o.t.Context(), o.module.Account, o.by[kind])
	o.must(err)
	var out []register.FieldValue
	for i := 0; i < len(pairs); i += 2 {
		at := slices.IndexFunc(fields, func(f register.Field) bool { return f.Name == pairs[i] })
		if at < 0 {
			o.t.Fatalf("no field %s of %s", pairs[i], kind)
		}
		v, err := datatype.Parse(fields[at].Spec, pairs[i+1])
		if fields[at].Spec.Type == datatype.Link {
			var id int64
			fmt.Sscan(pairs[i+1], &id)
			v, err = datatype.OfRecord(id), nil
		}
		o.must(err)
		out = append(out, register.FieldValue{Field: fields[at].ID, Value: v})
	}
	return out
}

func (o *office) create(kind register.Kind, pairs ...string) register.Record {
	o.t.Helper()
	rec, err := o.records.Create(o.t.Context(), chief, register.Input{Account: o.module.Account, Collection: o.by[kind], Set: o.values(kind, pairs...)})
	o.must(err)
	return rec
}

func (o *office) change(rec register.Record, kind register.Kind, pairs ...string) {
	o.t.Helper()
	_, err := o.records.Update(o.t.Context(), chief, rec.ID, 0, register.Input{Account: o.module.Account, Set: o.values(kind, pairs...)})
	o.must(err)
}

// leaves has the directory say that people have left, as a sync would.
func (o *office) leaves(status string, people ...register.Record) {
	o.t.Helper()
	field, err := o.records.EnsureStatusField(o.t.Context(), o.by[register.People])
	o.must(err)
	var writes []register.Write
	for _, p := range people {
		writes = append(writes, register.Write{
			Record: p.ID, Account: o.module.Account, Set: []register.FieldValue{{Field: field, Value: datatype.OfText(status)}},
		})
	}
	_, err = o.records.WriteBatch(o.t.Context(), chief.Actor(), 1, writes)
	o.must(err)
}

func (o *office) checkOut(asset, holder register.Record, due time.Time) {
	o.t.Helper()
	_, err := o.records.CheckOut(o.t.Context(), chief, register.CheckOut{Account: o.module.Account, Asset: asset.ID, Holder: holder.ID, Due: due})
	o.must(err)
}

// text returns what a record holds in a field.
func (o *office) text(rec register.Record, field string) string {
	o.t.Helper()
	got, err := o.records.Load(o.t.Context(), []int64{rec.ID})
	o.must(err)
	return got[0].Value(o.fields[field]).String()
}

// save stores an automation that is on.
func (o *office) save(name string, t automation.Trigger, actions ...automation.Action) automation.Automation {
	o.t.Helper()
	return o.saveAs(automation.Automation{Name: name, On: true, Definition: automation.Definition{Trigger: t, Actions: actions}})
}

func (o *office) saveAs(a automation.Automation) automation.Automation {
	o.t.Helper()
	a.Account, a.Module = o.module.Account, o.module.ID
	a, err := o.svc.Save(o.t.Context(), chief, a)
	o.must(err)
	return a
}

// turn does what is due, until the runs that were started have ended.
func (o *office) turn() {
	o.t.Helper()
	o.must(o.svc.Turn(o.t.Context()))
}

// log returns an automation's log, the latest first.
func (o *office) log(a automation.Automation) []automation.Firing {
	o.t.Helper()
	list, err := o.svc.History(o.t.Context(), chief, a.ID, 0, 100)
	o.must(err)
	return list
}

// mapped maps everybody of the tenant into People.
func (o *office) mapped() {
	o.t.Helper()
	_, err := o.sync.SaveMappings(o.t.Context(), o.conn.ID, []mapping.Definition{{
		Name: "Everyone", Kind: mapping.Records, Entity: directory.User, Collection: o.by[register.People], Identifier: mapping.ByPrincipal,
		Rows: []mapping.Row{{From: "displayName", To: o.fields["people Name"]}, {From: "userPrincipalName", To: o.fields["people UPN"]}, {From: "mail", To: o.fields["people Email"]}},
	}})
	o.must(err)
}

// run syncs, and returns how the run ended.
func (o *office) run(req syncer.Request) syncer.Run {
	o.t.Helper()
	req.Connection, req.Actor = o.conn.ID, chief.Actor()
	rep, _ := o.sync.Run(o.t.Context(), req) // a failed run is a report, too
	return rep.Run
}

func mailTo(kinds ...automation.Recipient) automation.Action {
	return automation.Action{Do: automation.Mail, To: kinds}
}

var toAdministrators = automation.Recipient{Kind: automation.Administrators}

// subjects are the subject lines of letters, with whom they are to.
func subjects(list []automation.Letter) []string {
	var out []string
	for _, l := range list {
		out = append(out, l.To+": "+l.Subject)
	}
	return out
}

func wantList(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
