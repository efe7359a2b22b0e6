//go:build linux

package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/cli"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// mapped are the attributes that fill fields of a person: all that the mapping
// screen offers first, with the organization data as a whole. Together with the
// status that the sync itself writes they are 32 fields.
func mapped() []directory.Attribute {
	var out []directory.Attribute
	for _, a := range directory.Attributes(directory.User) {
		if a.Path == "manager.id" {
			break // the extras begin
		}
		if a.Select == a.Path {
			out = append(out, a)
		}
	}
	return out
}

// selected are the names to ask Graph for.
func selected() []string {
	var names []string
	for _, a := range mapped() {
		names = append(names, a.Select)
	}
	return names
}

// plan says how an office is set up.
type plan struct {
	database string // a PostgreSQL URL; "" for SQLite
	readers  int
	logins   bool // also give everybody on the staff a login
	manager  bool // also link people to their managers
	pageSize int  // 0 for the most
}

// office is an installation of Muster, wired as the command line does it.
type office struct {
	b    *testing.B
	data string // its folder
	db   *store.DB
	sync *syncer.Service
	conn syncer.Connection
}

// set up with `muster apply`, which writes the database and the key.
func openOffice(b *testing.B, t *tenant, p plan) *office {
	b.Helper()
	data := b.TempDir()
	setUp(b, t, p, data)
	o := &office{b: b, data: data}
	keys, err := secret.KeyFile(filepath.Join(data, "key"))
	must(b, err)
	o.db = storetest.Open(b, store.Config{Path: filepath.Join(data, "muster.db"), URL: p.database})
	o.sync = syncer.New(syncer.Deps{
		Store: o.db, Records: register.New(o.db, nil), Logins: account.NewService(o.db, nil), Keys: keys, Host: syncer.ThisHost(),
		Open: func(_ context.Context, c syncer.Connection) (syncer.Source, error) { return t.reader(c, p.pageSize) },
	})
	all, err := o.sync.Connections(b.Context())
	must(b, err)
	o.conn = all[0]
	return o
}

// reader is what reads the tenant for a connection.
func (t *tenant) reader(c syncer.Connection, pageSize int) (*entra.Client, error) {
	return entra.New(entra.Config{
		TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID, ClientSecret: c.Secret,
		Cloud: entra.Cloud(c.Cloud), LoginURL: c.LoginURL, GraphURL: c.GraphURL, CAPEM: []byte(c.CAPEM), PageSize: pageSize,
	})
}

// setUp runs `muster apply` on a folder.
func setUp(b *testing.B, t *tenant, p plan, data string) {
	b.Helper()
	file := filepath.Join(data, "muster.yaml")
	must(b, os.WriteFile(filepath.Join(data, "ca.pem"), t.CA, 0o600))
	must(b, os.WriteFile(file, []byte(t.yaml(p)), 0o600))
	args := []string{"--data", data, "apply", "-f", file}
	if p.database != "" {
		args = append(args, "--database", p.database)
	}
	var said bytes.Buffer
	if code := cli.Run(b.Context(), args, nil, &said, &said, func(string) string { return "" }); code != cli.ExitDone {
		b.Fatalf("muster apply ended with %d: %s", code, said.String())
	}
}

// yaml is the set-up file.
func (t *tenant) yaml(p plan) string {
	var fields, rows strings.Builder
	for _, a := range mapped() {
		name := a.Label
		if a.Path == "displayName" {
			name = "Name"
		}
		more := ""
		if len(a.Choices) > 0 {
			more = ", choices: [" + strings.Join(a.Choices, ", ") + "]"
		}
		if a.Path == "id" || a.Path == "userPrincipalName" {
			more = ", unique: true"
		}
		if a.Path != "displayName" {
			fmt.Fprintf(&fields, "              - {name: %s, type: %s%s}\n", name, a.Suggest, more)
		}
		fmt.Fprintf(&rows, "                  - {from: %s, to: %s}\n", a.Path, name)
	}
	if p.manager {
		fields.WriteString("              - {name: Manager, type: link, collection: People}\n")
		rows.WriteString("                  - {from: manager, to: Manager}\n")
	}
	login := ""
	if p.logins {
		login = "\n              - {name: Staff, kind: login, units: [{group: All Staff}], user_role: Collaborator}"
	}
	return fmt.Sprintf(`organization:
  name: Bench
  administrator: {email: boss@bench.example, password: correct horse battery}
accounts:
  - name: Bench
    modules:
      - name: IT
        collections:
          - name: People
            fields:
%s        integrations:
          - kind: microsoft-entra-id
            connection: {tenant_id: %s, client_id: %s, application_object_id: %s, client_secret: %q,
              cloud: custom, login_url: %q, graph_url: %q, ca_file: ca.pem, readers: %d}
            mappings:
              - name: Everybody
                kind: records
                collection: People
                unique_identifier: user_principal_name
                fields:
%s%s
`, fields.String(), entrasim.DefaultTenantID, entrasim.DefaultClientID, entrasim.DefaultApplicationObjectID,
		entrasim.DefaultClientSecret, t.URL, t.URL, max(p.readers, 1), rows.String(), login)
}

// actor is whoever measures.
var actor = audit.Actor{Kind: "cli", Name: "bench"}

func fullRun(connection int64) syncer.Request {
	return syncer.Request{Connection: connection, Full: true, Actor: actor}
}

// run syncs and wants it to succeed.
func (o *office) run(full bool) syncer.Run {
	o.b.Helper()
	req := fullRun(o.conn.ID)
	req.Full = full
	rep, err := o.sync.Run(o.b.Context(), req)
	must(o.b, err)
	if rep.Run.State != syncer.Succeeded {
		o.b.Fatalf("the run ended as %s: notes %q, holds %q, counts %+v", rep.Run.State, rep.Run.Notes, rep.Run.Holds, rep.Run.Counts)
	}
	return rep.Run
}
