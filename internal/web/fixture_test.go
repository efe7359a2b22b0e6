package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const password = "correct horse battery"

// office is a set-up organization with its application: two accounts with a
// module each, and people with different rights.
type office struct {
	t             *testing.T
	file          string // the database
	db            *store.DB
	site          *web.Site
	url           string
	accounts      *account.Service
	records       *register.Service
	work          *integration.Service
	automations   *automation.Service
	mail          *mail.Service
	tenant        *entrasim.Server
	hr            *entrasim.Control // of the tenant
	module, other account.Module
}

// The people. Their names are their emails.
const (
	boss      = "boss@contoso.example"      // Organization Admin
	manager   = "manager@contoso.example"   // Module Admin of the first module
	colleague = "colleague@contoso.example" // Collaborator there
	outsider  = "outsider@contoso.example"  // Module Admin of the other account's module
)

// open sets an office up, on SQLite: the domain is tested on both engines.
func open(t *testing.T) *office {
	t.Helper()
	o := empty(t)
	ctx, p := t.Context(), account.CommandLine()
	o.must(o.accounts.Setup(ctx, "Contoso", boss, secret.New(password)))
	o.module, o.other = o.workspace("Contoso"), o.workspace("Fabrikam")
	for _, who := range []struct {
		email, role string
		module      account.Module
	}{{manager, account.ModuleAdmin, o.module}, {colleague, account.Collaborator, o.module}, {outsider, account.ModuleAdmin, o.other}} {
		role, err := o.accounts.Role(ctx, who.module.ID, who.role)
		o.must(err)
		_, err = o.accounts.Invite(ctx, p, account.Invitation{
			Email: who.email, Name: who.email, Role: role.ID, Account: who.module.Account, Module: who.module.ID,
		})
		o.must(err)
		o.must(o.accounts.ResetPassword(ctx, p, who.email, secret.New(password)))
	}
	return o
}

// empty is an application before anything was set up.
func empty(t *testing.T) *office {
	t.Helper()
	o := &office{t: t}
	o.file = filepath.Join(t.TempDir(), "muster.db")
	db := storetest.Open(t, store.Config{Path: o.file})
	o.db = db
	var err error
	company := entrasim.New(entrasim.Config{Seed: 5, People: 40})
	o.hr = company.Control()
	o.tenant, err = company.Start()
	o.must(err)
	t.Cleanup(func() { o.tenant.Close() })
	keys, err := secret.NewKeyring(bytes.Repeat([]byte{5}, 32))
	o.must(err)
	o.accounts, o.records = account.NewService(db, nil), register.New(db, nil)
	o.accounts.SealWith(keys)
	o.mail = mail.New(db, keys, nil)
	o.work = o.integrations(db, keys)
	t.Cleanup(o.work.Close)
	o.automations = automation.New(automation.Deps{
		Store: db, Accounts: o.accounts, Records: o.records, Lists: listing.New(db, o.records), Sync: o.work.Sync, Runs: o.work, Keys: keys,
		Post: automation.NewPoster([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}),
	})
	o.records.HeardBy(o.automations)
	sheets := exchange.New(o.records, listing.New(db, o.records), db, nil)
	o.site = web.New(web.Deps{Accounts: o.accounts, Records: o.records, Lists: listing.New(db, o.records), Exchange: sheets, Uploads: sheets.Uploads(db, t.TempDir(), slog.New(slog.DiscardHandler)), Files: attachment.New(db, o.records, nil), Integrations: o.work, Automations: o.automations, Mail: o.mail, Jobs: job.New(db, nil), Keys: keys, SetupToken: "let-me-in"})
	srv := httptest.NewServer(o.site.Handler())
	t.Cleanup(srv.Close)
	o.url = srv.URL
	return o
}

func (o *office) integrations(db *store.DB, keys *secret.Keyring) *integration.Service {
	config := func(c syncer.Connection) entra.Config {
		return entra.Config{
			TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID, ClientSecret: c.Secret,
			Cloud: entra.Custom, LoginURL: c.LoginURL, GraphURL: c.GraphURL,
		}
	}
	client := func(c syncer.Connection) (*entra.Client, error) { return entra.New(config(c)) }
	sync := syncer.New(syncer.Deps{
		Store: db, Records: o.records, Logins: o.accounts, Keys: keys, Host: syncer.ThisHost(),
		Open: func(_ context.Context, c syncer.Connection) (syncer.Source, error) { return client(c) },
	})
	o.records.KeptBy(sync)
	return integration.New(integration.Deps{
		Store: db, Accounts: o.accounts, Records: o.records, Sync: sync, Mail: o.mail,
		Open: func(_ context.Context, c syncer.Connection) (integration.Directory, error) {
			cl, err := client(c)
			return directoryOf{cl}, err
		},
		OpenDoor: func(c syncer.Connection) (integration.Door, error) {
			d, err := entra.NewDoor(config(c))
			return doorOf{d}, err
		},
		Keys: keys,
	})
}

// directoryOf is a client as package integration asks it.
type directoryOf struct{ *entra.Client }

func (d directoryOf) Check(ctx context.Context, needs integration.Needs, tell func(integration.Fact)) []integration.Fact {
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

// doorOf is a door as package integration knows it.
type doorOf struct{ *entra.Door }

func (d doorOf) Address(ctx context.Context, a integration.Attempt) (string, error) {
	return d.Door.Address(ctx, entra.Knock(a))
}

func (d doorOf) Redeem(ctx context.Context, a integration.Attempt, code string) (integration.Identity, error) {
	who, err := d.Door.Redeem(ctx, entra.Knock(a), code)
	return integration.Identity(who), err
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) workspace(name string) account.Module {
	o.t.Helper()
	ctx, p := o.t.Context(), account.CommandLine()
	acct, err := o.accounts.CreateAccount(ctx, p, name)
	o.must(err)
	m, err := o.accounts.CreateModule(ctx, p, acct.ID, "IT "+name, func(ctx context.Context, m account.Module) error {
		_, err := o.records.SetUpModule(ctx, p.Actor(), m.Account, m.ID, "Assets")
		return err
	})
	o.must(err)
	return m
}

// browser is somebody's browser.
type browser struct {
	o      *office
	client *http.Client
}

// stranger is a browser that nobody is signed in on.
func (o *office) stranger() *browser {
	jar, err := cookiejar.New(nil)
	o.must(err)
	return &browser{o, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser on which somebody is signed in.
func (o *office) as(email string) *browser {
	o.t.Helper()
	b := o.stranger()
	if got := b.post("/sign-in", "email", email, "password", password); got.status != http.StatusSeeOther {
		o.t.Fatalf("%s cannot sign in: %d", email, got.status)
	}
	return b
}

// answer is what came back.
type answer struct {
	status int
	to     string // where a redirect leads
	body   string
	header http.Header
}

func (b *browser) do(method, path string, form url.Values) answer {
	b.o.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.o.t.Context(), method, b.o.url+path, body)
	b.o.must(err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.client.Do(req)
	b.o.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	b.o.must(err)
	return answer{resp.StatusCode, resp.Header.Get("Location"), string(text), resp.Header}
}

func (b *browser) get(path string) answer { b.o.t.Helper(); return b.do("GET", path, nil) }

// post sends a form of names and values in turn.
func (b *browser) post(path string, pairs ...string) answer {
	b.o.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do("POST", path, form)
}

// cookie is the value that the browser has for a cookie; "" for none.
func (b *browser) cookie(name string) string {
	at, err := url.Parse(b.o.url)
	b.o.must(err)
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// setCookie puts a cookie into the browser.
func (b *browser) setCookie(name, value string) {
	at, err := url.Parse(b.o.url)
	b.o.must(err)
	b.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}
