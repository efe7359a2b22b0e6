package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/api"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/once"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const password = "correct horse battery"

// The people; their tokens act for them.
const (
	boss      = "boss@contoso.example"      // Organization Admin
	head      = "head@contoso.example"      // Account Admin of the first account
	manager   = "manager@contoso.example"   // Module Admin of the first module
	colleague = "colleague@contoso.example" // Collaborator there
	outsider  = "outsider@contoso.example"  // Module Admin of the other account's module
	porter    = "porter@contoso.example"    // hands the first module's assets out, and sees its people
	reader    = "reader@contoso.example"    // sees what is in the first module
)

// office is an installation with its interface: two accounts with a module each,
// and people with different rights.
type office struct {
	t             *testing.T
	db            *store.DB
	url           string
	accounts      *account.Service
	records       *register.Service
	work          *integration.Service
	files         *attachment.Service
	lists         *listing.Service
	automations   *automation.Service
	mail          *mail.Service
	tenant        *entrasim.Server
	company       *entrasim.Tenant
	later         atomic.Int64 // how far the register's clock is ahead
	count         int          // of things made so far, for names
	asks          string       // who sends the examples
	lenient       bool         // what cannot be set up is an impossible, and does not end the test
	module, other account.Module
	invited       map[string]bool   // who has not accepted yet, by email
	tokens        map[string]string // by email
}

// open sets an office up on SQLite.
func open(t *testing.T) *office {
	t.Helper()
	return openOn(t, storetest.SQLite(t), api.Rate{PerSecond: 1e6, Burst: 1e6})
}

func openOn(t *testing.T, db *store.DB, rate api.Rate) *office {
	t.Helper()
	o := &office{t: t, db: db, asks: boss, tokens: map[string]string{}, invited: map[string]bool{}}
	var err error
	o.company = entrasim.New(entrasim.Config{Seed: 5, People: 40})
	o.tenant, err = o.company.Start()
	o.must(err)
	t.Cleanup(func() { o.tenant.Close() })
	keys, err := secret.NewKeyring(bytes.Repeat([]byte{5}, 32))
	o.must(err)
	o.accounts, o.records = account.NewService(db, nil), register.New(db, func() time.Time { return time.Now().Add(o.ahead()) })
	o.accounts.SealWith(keys)
	lists := listing.New(db, o.records)
	o.lists = lists
	o.files = attachment.New(db, o.records, nil)
	o.mail = mail.New(db, keys, nil)
	o.work = o.integrations(db, keys)
	t.Cleanup(o.work.Close)
	o.automations = automation.New(automation.Deps{
		Store: db, Accounts: o.accounts, Records: o.records, Lists: lists, Sync: o.work.Sync, Runs: o.work, Keys: keys,
	})
	server := api.New(api.Deps{
		Accounts: o.accounts, Records: o.records, Lists: lists, Exchange: exchange.New(o.records, lists, db, nil),
		Files: o.files, Integrations: o.work, Automations: o.automations, Mail: o.mail, Jobs: job.New(db, nil), Once: once.New(db, keys, nil), Rate: rate,
		Principal: func(ctx context.Context, token secret.Text, address string) (account.Principal, error) {
			who, _, err := o.accounts.PrincipalOfToken(ctx, token, address)
			return who, err
		},
	})
	srv := httptest.NewServer(server.Handler())
	t.Cleanup(srv.Close)
	o.url = srv.URL
	o.people()
	return o
}

func (o *office) ahead() time.Duration { return time.Duration(o.later.Load()) }

// people sets the organization up.
func (o *office) people() {
	ctx, p := o.t.Context(), account.CommandLine()
	o.must(o.accounts.Setup(ctx, "Contoso", boss, secret.New(password)))
	o.module, o.other = o.workspace("Contoso"), o.workspace("Fabrikam")
	for _, who := range []struct {
		email, role string
		at          account.Module
	}{
		{head, account.AccountAdmin, account.Module{Account: o.module.Account}}, {manager, account.ModuleAdmin, o.module},
		{colleague, account.Collaborator, o.module}, {outsider, account.ModuleAdmin, o.other},
	} {
		role, err := o.accounts.Role(ctx, o.module.ID, who.role)
		o.must(err)
		_, err = o.accounts.Invite(ctx, p, account.Invitation{Email: who.email, Name: who.email, Role: role.ID, Account: who.at.Account, Module: who.at.ID})
		o.must(err)
	}
	for _, email := range []string{head, manager, colleague, outsider} {
		o.invited[email] = true
	}
}

// ownRoles makes two roles of the first module's own, with somebody who has each.
func (o *office) ownRoles() {
	o.t.Helper()
	ctx, p := o.t.Context(), account.CommandLine()
	for email, perms := range map[string][]account.Permission{
		reader: {{Action: account.View}},
		porter: {{Action: account.CheckOut, Collection: o.collection(o.module, register.Main).ID}, {Action: account.View, Collection: o.collection(o.module, register.People).ID}},
	} {
		r, err := o.accounts.CreateRole(ctx, p, account.Role{Account: o.module.Account, Module: o.module.ID, Name: email, Permissions: perms})
		o.must(err)
		_, err = o.accounts.Invite(ctx, p, account.Invitation{Email: email, Name: email, Role: r.ID, Account: o.module.Account, Module: o.module.ID})
		o.must(err)
		o.invited[email] = true
	}
}

// tokenOf is a token of somebody who was invited or is a user; "" for others.
// Accepting the invitation takes a password, whose hash takes its time: whoever
// is not needed stays invited.
func (o *office) tokenOf(email string) string {
	o.t.Helper()
	if text, there := o.tokens[email]; there || email != boss && !o.invited[email] {
		return text
	}
	ctx, p := o.t.Context(), account.CommandLine()
	if o.invited[email] {
		o.must(o.accounts.ResetPassword(ctx, p, email, secret.New(password)))
	}
	l, err := o.accounts.FindLogin(ctx, p, email)
	o.must(err)
	who, err := o.accounts.PrincipalOf(ctx, l.ID, "127.0.0.1")
	o.must(err)
	_, text, err := o.accounts.IssueToken(ctx, who, account.NewToken{Name: "test", Scope: account.TokenDoes})
	o.must(err)
	o.tokens[email] = text.Reveal()
	return text.Reveal()
}

func (o *office) integrations(db *store.DB, keys *secret.Keyring) *integration.Service {
	client := func(c syncer.Connection) (*entra.Client, error) {
		return entra.New(entra.Config{
			TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID, ClientSecret: c.Secret,
			Cloud: entra.Custom, LoginURL: c.LoginURL, GraphURL: c.GraphURL,
		})
	}
	sync := syncer.New(syncer.Deps{
		Store: db, Records: o.records, Logins: o.accounts, Keys: keys, Host: syncer.ThisHost(),
		Open: func(_ context.Context, c syncer.Connection) (syncer.Source, error) { return client(c) },
	})
	o.records.KeptBy(sync)
	return integration.New(integration.Deps{
		Store: db, Accounts: o.accounts, Records: o.records, Sync: sync, Keys: keys,
		Open: func(_ context.Context, c syncer.Connection) (integration.Directory, error) {
			cl, err := client(c)
			return directoryOf{cl}, err
		},
	})
}

// directoryOf is a client as package integration asks it.
type directoryOf struct{ *entra.Client }

func (d directoryOf) Check(ctx context.Context, needs integration.Needs, tell func(integration.Fact)) []integration.Fact {
	var out []integration.Fact
	d.Client.Check(ctx, entra.Needs(needs), func(l entra.Line) {
		f := integration.Fact{ID: l.ID, Outcome: integration.Outcome(l.State), Text: l.Text, Remedy: l.Remedy}
		tell(f)
		out = append(out, f)
	})
	return out
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil && o.lenient {
		panic(impossible{err})
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// impossible is what a lenient office does instead of ending the test.
type impossible struct{ error }

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

// collection is a module's collection of a kind.
func (o *office) collection(m account.Module, kind register.Kind) register.Collection {
	o.t.Helper()
	all, err := o.records.ModuleCollections(o.t.Context(), m.Account, m.ID)
	o.must(err)
	for _, c := range all {
		if c.Kind == kind {
			return c
		}
	}
	o.t.Fatalf("%s has no %s", m.Name, kind)
	return register.Collection{}
}

// plant adds a record with a title.
func (o *office) plant(m account.Module, kind register.Kind, title string) register.Record {
	o.t.Helper()
	c := o.collection(m, kind)
	field, err := o.records.TitleField(o.t.Context(), c.ID)
	o.must(err)
	r, err := o.records.Create(o.t.Context(), account.CommandLine(), register.Input{
		Account: m.Account, Collection: c.ID, Set: []register.FieldValue{{Field: field, Value: datatype.OfText(title)}},
	})
	o.must(err)
	return r
}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// ask sends a request on somebody's behalf; body is JSON, or nil for none. Pairs
// are names and values of headers.
func (o *office) ask(who, method, path string, body any, pairs ...string) answer {
	o.t.Helper()
	var r io.Reader
	if text, ok := body.(string); ok {
		r = strings.NewReader(text)
	} else if body != nil {
		data, err := json.Marshal(body)
		o.must(err)
		r = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.url+api.Prefix+path, r)
	o.must(err)
	if token := o.tokenOf(who); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(pairs); i += 2 {
		req.Header.Set(pairs[i], pairs[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	o.must(err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	o.must(err)
	return answer{o.t, resp.StatusCode, resp.Header, string(data)}
}

// in is the path below the first module.
func (o *office) in(format string, args ...any) string {
	return fmt.Sprintf("/modules/%d", o.module.ID) + fmt.Sprintf(format, args...)
}

// read decodes an answer that has to have a status.
func read[T any](a answer, status int) T {
	a.t.Helper()
	var out T
	if a.status != status {
		a.t.Fatalf("answered %d: %s; want %d", a.status, a.body, status)
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	return out
}
