package cli

import (
	"context"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/syncer"
)

// house is the program's parts, introduced to each other.
type house struct {
	db          *store.DB
	accounts    *account.Service
	records     *register.Service
	lists       *listing.Service
	exchange    *exchange.Service
	files       *attachment.Service
	scratch     string // a folder for files on their way
	sync        *syncer.Service
	work        *integration.Service // integrations, as people use them
	automations *automation.Service
	mail        *mail.Service
	jobs        *job.Service
	part        part   // what a server over it does
	data        string // the data folder
	me          account.Principal
	keys        *secret.Keyring
	tally       *tally
	now         func() time.Time
}

// open puts the program together over its database.
func (p *program) open(ctx context.Context, c *console) (*house, error) {
	keys, err := p.keys(c)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(p.Data, "muster.db"), URL: p.Database})
	if err != nil {
		return nil, err
	}
	h := &house{db: db, accounts: account.NewService(db, c.now), records: register.New(db, c.now), me: account.CommandLine(), keys: keys, tally: newTally(), now: c.now, part: part{web: true, work: true}}
	h.accounts.SealWith(keys)
	h.lists = listing.New(db, h.records)
	h.exchange = exchange.New(h.records, h.lists, db, c.now)
	h.files = attachment.New(db, h.records, c.now)
	h.scratch = filepath.Join(p.Data, "uploads")
	h.mail = mail.New(db, keys, c.now)
	h.jobs = job.New(db, c.now)
	h.data = p.Data
	h.sync = syncer.New(syncer.Deps{
		Store: db, Records: h.records, Logins: h.accounts, Keys: keys, Host: syncer.ThisHost(), Now: c.now,
		Ended: func(ctx context.Context, r syncer.Run) error { return h.automations.RunEnded(ctx, r) },
		Open:  func(_ context.Context, conn syncer.Connection) (syncer.Source, error) { return h.connect(conn) },
		Over:  h.tally.ran, Log: c.log,
	})
	h.records.KeptBy(h.sync)
	h.work = integration.New(integration.Deps{
		Store: db, Sync: h.sync, Accounts: h.accounts, Records: h.records, Mail: h.mail,
		Open: func(_ context.Context, conn syncer.Connection) (integration.Directory, error) {
			client, err := h.connect(conn)
			return checked{client}, err
		},
		OpenDoor: h.openDoor, Keys: keys, Now: c.now,
	})
	h.automations = automation.New(automation.Deps{
		Store: db, Accounts: h.accounts, Records: h.records, Lists: h.lists, Sync: h.sync, Runs: h.work, Keys: keys, MailUp: h.mail.SetUp, Now: c.now,
		Mail: func(ctx context.Context, l automation.Letter) error {
			return h.mail.Queue(ctx, mail.Letter{Account: l.Account, Module: l.Module, To: l.To, Subject: l.Subject, Text: l.Text, Key: l.Key})
		},
	})
	h.records.HeardBy(h.automations)
	return h, nil
}

// checked is a client as package integration asks it.
type checked struct{ *entra.Client }

// Check translates the checklist, a line a fact.
func (c checked) Check(ctx context.Context, needs integration.Needs, tell func(integration.Fact)) []integration.Fact {
	fact := func(l entra.Line) integration.Fact {
		return integration.Fact{ID: l.ID, Outcome: integration.Outcome(l.State), Text: l.Text, Remedy: l.Remedy, Detail: l.Detail}
	}
	rep := c.Client.Check(ctx, entra.Needs(needs), func(l entra.Line) { tell(fact(l)) })
	out := make([]integration.Fact, len(rep.Lines))
	for i, l := range rep.Lines {
		out[i] = fact(l)
		if l.ID == integration.CredentialFact {
			out[i].Ends = rep.CredentialEnds
		}
	}
	return out
}

// close ends the runs in progress and closes the database.
func (h *house) close() {
	h.work.Close()
	h.lists.Close()
	h.db.Close()
}

// keys returns what secrets are sealed with: MUSTER_KEY, or the key file in the
// data folder.
func (p *program) keys(c *console) (*secret.Keyring, error) {
	if text := c.getenv("MUSTER_KEY"); text != "" {
		return secret.ParseKeyring(text)
	}
	return secret.KeyFile(filepath.Join(p.Data, "key"))
}

// door is the way in with a connection as package integration knows it.
type door struct{ *entra.Door }

func (h *house) openDoor(c syncer.Connection) (integration.Door, error) {
	d, err := entra.NewDoor(h.tally.watch(clientConfig(c), c.ID))
	return door{d}, err
}

// Address translates the attempt.
func (d door) Address(ctx context.Context, a integration.Attempt) (string, error) {
	return d.Door.Address(ctx, entra.Knock(a))
}

// Redeem translates the attempt and who came.
func (d door) Redeem(ctx context.Context, a integration.Attempt, code string) (integration.Identity, error) {
	who, err := d.Door.Redeem(ctx, entra.Knock(a), code)
	return integration.Identity(who), err
}

// connect returns the client of a connection's directory.
func (h *house) connect(c syncer.Connection) (*entra.Client, error) {
	return entra.New(h.tally.watch(clientConfig(c), c.ID))
}

func clientConfig(c syncer.Connection) entra.Config {
	cfg := entra.Config{
		TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID,
		Cloud: entra.Cloud(c.Cloud), LoginURL: c.LoginURL, GraphURL: c.GraphURL,
		UserAgent: "muster/" + buildVersion(), Outside: !c.Inside,
	}
	if c.CAPEM != "" {
		cfg.CAPEM = []byte(c.CAPEM)
	}
	if c.Credential == syncer.ClientCertificate {
		cfg.Certificate = entra.CertificateConfig{PEM: c.CertificatePEM, Key: c.Secret}
	} else {
		cfg.ClientSecret = c.Secret
	}
	return cfg
}

// buildVersion is the module's version, or "development" for a working tree.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}

// module finds a module by name; without a name the only one there is.
func (h *house) module(ctx context.Context, name string) (account.Module, error) {
	all, err := h.accounts.Modules(ctx, h.me, 0)
	if err != nil {
		return account.Module{}, err
	}
	var names []string
	for _, m := range all {
		if name == "" && len(all) == 1 || strings.EqualFold(m.Name, name) {
			return m, nil
		}
		names = append(names, m.Name)
	}
	switch {
	case len(all) == 0:
		return account.Module{}, errs.New(errs.NotFound, "there is no module yet").
			WithHint("Describe your organization in a file and run: muster apply -f muster.yaml")
	case name == "":
		return account.Module{}, errs.New(errs.Invalid, "there are several modules: %s", strings.Join(names, ", ")).
			WithHint("Name one with --module.")
	}
	return account.Module{}, errs.New(errs.NotFound, "there is no module %q", name).
		WithHint("The modules are: %s.", strings.Join(names, ", "))
}

// collection finds a module's collection by name.
func (h *house) collection(ctx context.Context, m account.Module, name string) (register.Collection, error) {
	all, err := h.records.ModuleCollections(ctx, m.Account, m.ID)
	if err != nil {
		return register.Collection{}, err
	}
	var names []string
	for _, c := range all {
		if strings.EqualFold(c.Name, name) {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return register.Collection{}, errs.New(errs.NotFound, "there is no collection %q in %s", name, m.Name).
		WithHint("The collections are: %s.", strings.Join(names, ", "))
}

// connections returns those of one module, or of all.
func (h *house) connections(ctx context.Context, module string) ([]syncer.Connection, error) {
	all, err := h.sync.Connections(ctx)
	if err != nil {
		return nil, err
	}
	if module != "" {
		m, err := h.module(ctx, module)
		if err != nil {
			return nil, err
		}
		var some []syncer.Connection
		for _, c := range all {
			if c.Module == m.ID {
				some = append(some, c)
			}
		}
		all = some
	}
	if len(all) == 0 {
		return nil, errs.New(errs.NotFound, "there is no connection to a directory yet").
			WithHint("Describe it in a file and run: muster apply -f muster.yaml")
	}
	return all, nil
}
