package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/entrasim/stage"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/server"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web"
	"github.com/musterhq/muster/internal/web/view"
)

// demoCmd shows the whole story on one machine.
type demoCmd struct {
	People int    `help:"How many people the simulated company has." default:"2500"`
	Seed   uint64 `help:"Another seed, other people." default:"1"`
	Listen string `help:"Address on which the application listens afterwards; when it is taken, another port." default:"127.0.0.1:8080" placeholder:"ADDRESS"`
	Once   bool   `help:"End after the story, without the application."`
}

// demoFile is what the demo sets up.
const demoFile = `organization: {name: Contoso}
accounts:
  - name: Contoso
    modules:
      - name: IT equipment
        main_collection: Assets
        collections:
          - name: People
            fields:
              - {name: Name, type: text, title: true, required: true}
              - {name: User principal name, type: text, unique: true}
              - {name: Email, type: email}
              - {name: Department, type: text}
              - {name: Job title, type: text}
              - {name: Phone, type: phone}
              - {name: Hired, type: date}
              - {name: Office, type: link, collection: Locations}
              - {name: Manager, type: link, collection: People}
          - name: Devices
            fields:
              - {name: Name, type: text, title: true}
              - {name: System, type: text}
              - {name: Owner, type: link, collection: People}
        integrations:
          - kind: microsoft-entra-id
            connection:
              tenant_id: %s
              client_id: %s
              application_object_id: %s
              client_secret: "${SIMULATED_SECRET}"
              cloud: custom
              login_url: %s
              graph_url: %s
            mappings:
              - name: Everyone
                kind: records
                external_entity: users
                collection: People
                unique_identifier: user_principal_name
                conditions:
                  - {field: userType, operator: equals, value: Member}
                fields:
                  - {from: displayName, to: Name}
                  - {from: userPrincipalName, to: User principal name}
                  - {from: mail, to: Email, fallback: userPrincipalName}
                  - {from: department, to: Department, when_empty: clear}
                  - {from: jobTitle, to: Job title}
                  - {from: businessPhones, to: Phone}
                  - {from: employeeHireDate, to: Hired}
                  - {from: officeLocation, to: Office, create_missing: true}
                  - {from: manager, to: Manager}
              - name: Devices
                kind: records
                external_entity: devices
                collection: Devices
                unique_identifier: object_id
                fields:
                  - {from: displayName, to: Name}
                  - {from: operatingSystem, to: System}
                  - {from: registeredOwners, to: Owner}
              - name: Asset managers
                kind: login
                units: [{group: "Asset managers", nested: true}]
                user_role: Module Admin
                unique_identifier: object_id
              - name: Staff
                kind: login
                units: [{group: "All Staff"}]
                user_role: Collaborator
                unique_identifier: object_id
                collection: People
            schedule: {incremental: hourly, full: "daily at 02:30", time_zone: Europe/Berlin}
`

// Run plays the story: set up, check, first sync, a day at the company, second
// sync.
func (cmd *demoCmd) Run(ctx context.Context, c *console, p *program) error {
	if p.Database == "" && p.fresh() {
		dir, err := os.MkdirTemp("", "muster-demo-")
		if err != nil {
			return err
		}
		p.Data = dir
	}
	if cmd.People < 10 || cmd.People > 1_000_000 {
		return errs.New(errs.Invalid, "a company has 10 to 1,000,000 people, not %d", cmd.People)
	}
	tenant := entrasim.New(entrasim.Config{Seed: cmd.Seed, People: cmd.People})
	srv, err := tenant.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	play := &demo{house: h, c: c, tenant: tenant, hr: tenant.Control(), url: srv.URL(), data: p.Data}
	for _, act := range []func(context.Context) error{play.setUp, play.first, play.handOut, play.day, play.second} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	play.end()
	if cmd.Once {
		return nil
	}
	return play.open(ctx, cmd.Listen)
}

// fresh reports whether the data folder is the default and not there yet, in
// which case the demo leaves no trace of itself in the working folder.
func (p *program) fresh() bool {
	_, err := os.Stat(p.Data)
	return os.IsNotExist(err) && strings.HasSuffix(p.Data, "muster-data")
}

// demo is the story in progress.
type demo struct {
	*house
	c      *console
	tenant *entrasim.Tenant
	hr     *entrasim.Control
	url    string
	data   string
	conn   syncer.Connection
}

func (d *demo) title(format string, args ...any) {
	d.c.line("")
	d.c.line("── %s", fmt.Sprintf(format, args...))
}

// setUp applies the demo's file and checks the connection.
func (d *demo) setUp(ctx context.Context) error {
	n := d.hr.Snapshot()
	d.title("A simulated Entra tenant serves %d users at %s", n.People, d.url)
	text := fmt.Sprintf(demoFile, entrasim.DefaultTenantID, entrasim.DefaultClientID, entrasim.DefaultApplicationObjectID, d.url, d.url)
	file, err := config.Parse("demo.yaml", []byte(text), func(name string) string {
		return map[string]string{"SIMULATED_SECRET": entrasim.DefaultClientSecret}[name]
	})
	if err != nil {
		return err
	}
	if _, err := d.apply(ctx, file, false); err != nil {
		return err
	}
	list, err := d.connections(ctx, "")
	if err != nil {
		return err
	}
	d.conn = list[0]
	d.title("muster check: is the connection what it has to be?")
	rep, err := d.check(ctx, d.conn.ID)
	if err != nil {
		return err
	}
	d.c.line("%s", strings.TrimRight(rep.Format(), "\n"))
	return nil
}

// first is the first sync, with what it holds approved.
func (d *demo) first(ctx context.Context) error {
	d.title("muster sync: the first one reads everything")
	run, err := d.run(ctx)
	if err != nil || run.State != syncer.Held {
		return err
	}
	d.title("muster approve %d --all: an administrator has looked and agrees", run.ID)
	bar := d.c.progress()
	rep, err := d.sync.Approve(ctx, run.ID, syncer.Choice{All: true}, d.me.Actor(), bar.show)
	bar.done()
	if err != nil {
		return err
	}
	d.c.head(rep.Run)
	return nil
}

func (d *demo) run(ctx context.Context) (syncer.Run, error) {
	bar := d.c.progress()
	rep, err := d.sync.Run(ctx, syncer.Request{Connection: d.conn.ID, Actor: d.me.Actor(), Progress: bar.show})
	bar.done()
	if err != nil {
		return rep.Run, err
	}
	return rep.Run, d.report(ctx, d.c, rep, false)
}

// handOut gives things to the first colleagues, two of whom will leave: what
// they still hold is what the register is for.
func (d *demo) handOut(ctx context.Context) error {
	d.title("muster checkout: laptops and phones for the first colleagues")
	members, _, err := d.hr.Members("All Staff", 12)
	if err != nil {
		return err
	}
	assets, people, err := d.places(ctx)
	if err != nil {
		return err
	}
	for i, who := range members[:min(len(members), len(demoThings))] {
		if err := d.give(ctx, assets, people, who, demoThings[i], i); err != nil {
			return err
		}
	}
	for i := range 4 { // in the cupboard
		if _, err := d.asset(ctx, assets, thing{"iPhone 15", "Phones", "New", "799"}, 20+i); err != nil {
			return err
		}
	}
	return nil
}

// thing is a sort of asset of the demo.
type thing struct{ name, category, condition, price string }

// demoThings are handed out to the first colleagues.
var demoThings = []thing{
	{"MacBook Pro 14", "Laptops", "Good", "2299"}, {"ThinkPad X1", "Laptops", "Good", "1849"}, {"ThinkPad T14", "Laptops", "Worn", "1249"},
	{"MacBook Air 13", "Laptops", "New", "1199"}, {"Dell XPS 13", "Laptops", "Good", "1399"}, {"ThinkPad X1", "Laptops", "New", "1849"},
}

// places are the collections of assets and of people.
func (d *demo) places(ctx context.Context) (assets, people register.Collection, err error) {
	all, err := d.records.ModuleCollections(ctx, d.conn.Account, d.conn.Module)
	for _, c := range all {
		switch c.Kind {
		case register.Main:
			assets = c
		case register.People:
			people = c
		}
	}
	return assets, people, err
}

// asset makes the nth thing, with its tag on it.
func (d *demo) asset(ctx context.Context, in register.Collection, what thing, n int) (register.Record, error) {
	fields, err := d.records.Fields(ctx, in.Account, in.ID)
	if err != nil {
		return register.Record{}, err
	}
	texts := map[string]string{
		"Name": fmt.Sprintf("%s #%04d", what.name, 1042+n*7), "Asset tag": fmt.Sprintf("IT-%05d", 1042+n*7), "Condition": what.condition,
		"Serial number": fmt.Sprintf("C02X%04dJG5H", 2000+n*37), "Purchased": fmt.Sprintf("2025-%02d-12", 1+n%12), "Price": what.price,
	}
	input := register.Input{Account: in.Account, Collection: in.ID}
	for _, f := range fields {
		v, err := datatype.Parse(f.Spec, texts[f.Name])
		if f.Name == "Category" {
			v, err = d.category(ctx, f, what.category)
		}
		if err != nil {
			return register.Record{}, err
		}
		if !v.IsEmpty() {
			input.Set = append(input.Set, register.FieldValue{Field: f.ID, Value: v})
		}
	}
	return d.records.Create(ctx, d.me, input)
}

// category finds the record of a category, or makes it.
func (d *demo) category(ctx context.Context, f register.Field, name string) (datatype.Value, error) {
	key := datatype.KeyOfText(name)
	found, err := d.records.FindByTitle(ctx, f.Spec.Collection, []string{key})
	if err != nil || len(found[key]) > 0 {
		return datatype.OfRecord(append(found[key], 0)[0]), err
	}
	title, err := d.records.TitleField(ctx, f.Spec.Collection)
	if err != nil {
		return datatype.Value{}, err
	}
	r, err := d.records.Create(ctx, d.me, register.Input{
		Account: f.Account, Collection: f.Spec.Collection, Set: []register.FieldValue{{Field: title, Value: datatype.OfText(name)}},
	})
	return datatype.OfRecord(r.ID), err
}

// give makes a thing and checks it out to somebody of the tenant.
func (d *demo) give(ctx context.Context, assets, people register.Collection, who string, what thing, n int) error {
	object, err := directory.ParseObjectID(who)
	if err != nil {
		return err
	}
	found, err := d.db.LinkedRecords(ctx, d.conn.ID, people.ID, []directory.ObjectID{object})
	if err != nil || found[object] == 0 {
		return err
	}
	made, err := d.asset(ctx, assets, what, n)
	if err != nil {
		return err
	}
	k, err := d.records.CheckOut(ctx, d.me, register.CheckOut{Account: assets.Account, Asset: made.ID, Holder: found[object]})
	if err != nil {
		return err
	}
	d.c.line("  %s → %s", k.AssetTitle, k.HolderTitle)
	return nil
}

// day is what happens at the company between the two syncs.
func (d *demo) day(context.Context) error {
	d.title("A day at Contoso")
	members, _, err := d.hr.Members("All Staff", 12)
	if err != nil {
		return err
	}
	if len(members) < 4 {
		return nil
	}
	renamed, err := d.hr.Rename(members[0], "Zoë", "O'Brien")
	if err != nil {
		return err
	}
	d.c.line("  %s gets a new name", renamed.DisplayName)
	moved, err := d.hr.Move(members[1], "Marketing", "Nairobi")
	if err != nil {
		return err
	}
	d.c.line("  %s moves to Marketing in Nairobi", moved.DisplayName)
	disabled, err := d.hr.Disable(members[2])
	if err != nil {
		return err
	}
	d.c.line("  %s is disabled", disabled.DisplayName)
	deleted, err := d.hr.SoftDelete(members[3])
	if err != nil {
		return err
	}
	d.c.line("  %s is deleted", deleted.DisplayName)
	hired, err := d.hr.Hire(map[string]entrasim.Value{
		"givenName": entrasim.String("Nia"), "surname": entrasim.String("Achieng"), "department": entrasim.String("Marketing"),
	})
	if err != nil {
		return err
	}
	d.c.line("  %s is hired", hired.DisplayName)
	return nil
}

func (d *demo) second(ctx context.Context) error {
	d.title("muster sync: the second one asks only for what changed")
	_, err := d.run(ctx)
	return err
}

func (d *demo) end() {
	d.title("Next")
	d.c.line("  muster --data %s runs", d.data)
	d.c.line("  muster --data %s run show 1", d.data)
	d.c.line("  muster --data %s explain \"Zoë O'Brien\"", d.data)
	d.c.line("  muster --data %s export People --format csv", d.data)
	d.c.line("  muster --data %s users", d.data)
}

// demoAdmin is the administrator of the demo.
const demoAdmin = "admin@contoso.example"

// open serves the application with an administrator to sign in as, until it is
// stopped. The password is another one each time, because the data may outlive
// the demo.
func (d *demo) open(ctx context.Context, at string) error {
	role, err := d.accounts.Role(ctx, 0, account.OrganizationAdmin)
	if err != nil {
		return err
	}
	if _, err := d.accounts.Invite(ctx, d.me, account.Invitation{Email: demoAdmin, Name: "Demo Administrator", Role: role.ID}); err != nil {
		return err
	}
	password := rand.Text()[:16]
	if err := d.accounts.ResetPassword(ctx, d.me, demoAdmin, secret.New(password)); err != nil {
		return err
	}
	l, err := listen(at)
	if err != nil {
		if l, err = listen("127.0.0.1:0"); err != nil {
			return err
		}
	}
	d.title("The application is open")
	d.c.line("  %s", address(l, false))
	d.c.line("  Email     %s", demoAdmin)
	d.c.line("  Password  %s", password)
	d.c.line("")
	d.c.line("  The simulated tenant: hire, rename, disable, delete people, make trouble, and sync")
	d.c.line("  %s", d.url)
	d.c.line("")
	d.c.line("  Ctrl-C ends both.")
	d.tenant.SetPage(stage.New(d.hr, address(l, false)))
	log := slog.New(slog.NewTextHandler(d.c.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return d.serve(ctx, l, web.Deps{Log: log, Demo: &view.DemoLogin{Email: demoAdmin, Password: password, Tenant: d.url}}, server.Options{Grace: time.Second})
}

// simulateCmd serves a simulated tenant.
type simulateCmd struct {
	Listen string `help:"Address to listen on; loopback only." default:"127.0.0.1:18080" placeholder:"ADDRESS"`
	People int    `help:"How many people, 10 to 1,000,000." default:"2500"`
	Seed   uint64 `help:"Another seed, other people." default:"1"`
	TLS    bool   `name:"tls" help:"Serve https with a certificate authority of its own."`
	CAFile string `help:"Where to write that authority's certificate." default:"simulated-ca.pem" type:"path" placeholder:"FILE"`
	Secret string `help:"The client secret." default:"simulated-secret"`
	Muster string `help:"Address of the Muster that syncs from it, for links on the tenant's page." placeholder:"URL"`
}

// Run serves until it is stopped.
func (cmd *simulateCmd) Run(ctx context.Context, c *console) error {
	tenant := entrasim.New(entrasim.Config{Seed: cmd.Seed, People: cmd.People, ClientSecret: cmd.Secret})
	tenant.SetPage(stage.New(tenant.Control(), cmd.Muster))
	start := tenant.StartAt
	if cmd.TLS {
		start = tenant.StartTLSAt
	}
	srv, err := start(cmd.Listen)
	if err != nil {
		return errs.New(errs.Invalid, "cannot listen on %s", cmd.Listen).Because(err).WithHint("Choose another address with --listen.")
	}
	defer srv.Close()
	if cmd.TLS {
		if err := os.WriteFile(cmd.CAFile, srv.CAPEM(), 0o644); err != nil { // #nosec G306 -- a certificate is for everybody to read
			return errs.Wrap(err, "write the authority's certificate")
		}
		c.line("ca_file:               %s", cmd.CAFile)
	}
	c.line("login_url, graph_url:  %s", srv.URL())
	c.line("tenant_id:             %s", entrasim.DefaultTenantID)
	c.line("client_id:             %s", entrasim.DefaultClientID)
	c.line("application_object_id: %s", entrasim.DefaultApplicationObjectID)
	c.line("client_secret:         %s", cmd.Secret)
	c.line("Its page for people:   %s", srv.URL())
	c.line("Control API:           %s/control/", srv.URL())
	<-ctx.Done()
	return nil
}
