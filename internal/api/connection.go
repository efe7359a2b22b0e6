package api

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/syncer"
)

// OnConnection is the input of an operation on a connection.
type OnConnection struct {
	InModule
	Connection int64 `path:"connection" minimum:"1" doc:"The number of the connection."`
}

const (
	connectionPath = "/modules/{module}/connections/{connection}"
	connectionTag  = "Connections"
)

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (s *Server) connectionOperations() {
	add(s, op{method: http.MethodGet, path: "/modules/{module}/connections", id: "list-connections", may: account.ManageIntegrations, tag: connectionTag, summary: "List the integrations of a module"},
		func(v *visit, in *InModule) (*body[client.List[client.Connection]], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Integrations.InModule(v.ctx, v.who, m)
			return whole(each(list, connectionOf)), err
		})
	add(s, op{method: http.MethodGet, path: "/modules/{module}/integrations-store", id: "list-offers", may: account.ManageIntegrations, tag: connectionTag, summary: "List the Integrations Store"},
		func(v *visit, in *InModule) (*body[client.List[client.Offer]], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Integrations.Tiles(v.ctx, v.who, m)
			return whole(each(list, func(t integration.Tile) client.Offer {
				return client.Offer{Kind: t.Kind, Name: t.Name, Text: t.Text, Connection: t.Added}
			})), err
		})
	add(s, op{method: http.MethodPost, path: "/modules/{module}/connections", id: "add-connection", may: account.ManageIntegrations, tag: connectionTag, summary: "Put an integration of the Integrations Store into a module", status: http.StatusCreated},
		func(v *visit, in *struct {
			InModule
			Body client.NewConnection
		}) (*body[client.Connection], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			c, err := v.Integrations.Add(v.ctx, v.who, m, in.Body.Kind)
			return &body[client.Connection]{connectionOf(c)}, err
		})
	add(s, op{method: http.MethodGet, path: connectionPath, id: "get-connection", may: account.ManageIntegrations, tag: connectionTag, summary: "Get a connection, without its secret"},
		func(v *visit, in *OnConnection) (*tagged[client.Connection], error) {
			c, err := v.connection(*in)
			return &tagged[client.Connection]{connectionPrint(c), connectionOf(c)}, err
		})
	add(s, op{method: http.MethodPatch, path: connectionPath, id: "save-connection", may: account.ManageIntegrations, tag: connectionTag, summary: "Test a connection and save it", text: "One that fails its test is not saved unless anyway is given. A change of the schedule alone is saved without a test."},
		func(v *visit, in *struct {
			OnConnection
			Seen
			Body client.ConnectionInput
		}) (*tagged[client.Tested], error) {
			return v.saveConnection(in.OnConnection, in.Seen, in.Body)
		})
	add(s, op{method: http.MethodPost, path: connectionPath + "/test", id: "test-connection", may: account.ManageIntegrations, tag: connectionTag, summary: "Test a connection as it is stored, fact by fact"},
		func(v *visit, in *OnConnection) (*body[client.Tested], error) {
			c, err := v.connection(*in)
			if err != nil {
				return nil, err
			}
			facts, err := v.Integrations.Test(v.ctx, v.who, c, nil)
			return &body[client.Tested]{client.Tested{Passed: !integration.Failed(facts), Facts: each(facts, factOf)}}, err
		})
	add(s, op{method: http.MethodGet, path: connectionPath + "/test/events", id: "watch-test", may: account.ManageIntegrations, tag: connectionTag, summary: "Test a connection as it is stored, and follow the test", text: "Server-sent events: fact for each line of the checklist as soon as it is known, and at last tested with all of them, or problem.", stream: "text/event-stream"},
		func(v *visit, in *OnConnection) (*huma.StreamResponse, error) {
			c, err := v.connection(*in)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) { v.streamTest(hc, c) }}, nil
		})
	add(s, op{method: http.MethodGet, path: connectionPath + "/units", id: "find-units", may: account.ManageIntegrations, tag: connectionTag, summary: "Find groups and administrative units by the beginning of their names, in the directory"},
		func(v *visit, in *struct {
			OnConnection
			Q string `query:"q" maxLength:"200" doc:"The beginning of the name."`
		}) (*body[client.List[client.UnitFound]], error) {
			c, err := v.connection(in.OnConnection)
			if err != nil {
				return nil, err
			}
			list, err := v.Integrations.SearchUnits(v.ctx, v.who, c.ID, in.Q)
			return whole(each(list, func(u directory.Unit) client.UnitFound {
				return client.UnitFound{Kind: unitKind(u.Kind), Name: u.Name, ObjectID: u.ID.String()}
			})), err
		})
}

// streamTest sends the facts of a test as they become known.
func (v *visit) streamTest(hc huma.Context, c syncer.Connection) {
	send := v.stream(hc)
	facts, err := v.Integrations.Test(v.ctx, v.who, c, func(f integration.Fact) { send("fact", factOf(f)) })
	if err != nil {
		send("problem", v.problem("watch-test", err))
		return
	}
	send("tested", client.Tested{Passed: !integration.Failed(facts), Facts: each(facts, factOf)})
}

// connection finds the connection of the path; one of another module is not here.
func (v *visit) connection(in OnConnection) (syncer.Connection, error) {
	m, err := v.module(in.InModule)
	if err != nil {
		return syncer.Connection{}, err
	}
	c, err := v.Integrations.Connection(v.ctx, v.who, in.Connection)
	if err == nil && c.Module != m.ID {
		err = notHere("connection", in.Connection)
	}
	return c, err
}

// connectionPrint is the ETag of a connection: of what a request can change of
// it, the secret included, and not of what its last test found.
func connectionPrint(c syncer.Connection) string {
	shown := connectionOf(c)
	shown.CheckedAt, shown.Passed, shown.CredentialEnds = nil, false, nil
	return printOf(struct {
		Shown  client.Connection
		Sealed []byte
	}{shown, c.Sealed})
}

// saveConnection tests what a connection would be, and saves it if it is still
// as it was seen.
func (v *visit) saveConnection(in OnConnection, seen Seen, b client.ConnectionInput) (*tagged[client.Tested], error) {
	c, err := v.connection(in)
	if err != nil {
		return nil, err
	}
	defer v.stripes.on("connection " + number(c.ID))()
	if c, err = v.connection(in); err != nil {
		return nil, err
	}
	if err := seen.fits(connectionPrint(c)); err != nil {
		return nil, err
	}
	out, err := v.testAndSave(c, b)
	if err != nil {
		return nil, err
	}
	c, err = v.connection(in)
	return &tagged[client.Tested]{connectionPrint(c), out}, err
}

// testAndSave saves a connection with what a request says of it: a change of the
// schedule alone at once, any other after a test.
func (v *visit) testAndSave(old syncer.Connection, b client.ConnectionInput) (client.Tested, error) {
	c, err := connectionFrom(old, b)
	if err != nil {
		return client.Tested{}, err
	}
	if c.SamePlace(old) && c.Secret.IsZero() && c.CertificatePEM == old.CertificatePEM {
		_, err := v.Integrations.Save(v.ctx, v.who, c)
		return client.Tested{Passed: c.Verdict.Passed, Saved: true, Facts: []client.Fact{}}, err
	}
	facts, err := v.Integrations.Test(v.ctx, v.who, c, nil)
	if err != nil {
		return client.Tested{}, err
	}
	out := client.Tested{Passed: !integration.Failed(facts), Facts: each(facts, factOf)}
	if out.Passed || b.Anyway {
		out.Saved = true
		out.Spared, err = v.Integrations.SaveTested(v.ctx, v.who, c, facts)
	}
	return out, err
}

// connectionFrom is a connection with what a request says of it.
func connectionFrom(c syncer.Connection, b client.ConnectionInput) (syncer.Connection, error) {
	set(&c.TenantID, b.TenantID)
	set(&c.ClientID, b.ClientID)
	set(&c.ApplicationObjectID, b.ApplicationObjectID)
	set(&c.Cloud, b.Cloud)
	set(&c.LoginURL, b.LoginURL)
	set(&c.GraphURL, b.GraphURL)
	set(&c.CAPEM, b.CA)
	if c.Cloud != "custom" {
		c.LoginURL, c.GraphURL, c.CAPEM = "", "", ""
	}
	switch {
	case b.ClientSecret != "" && (b.Certificate != "" || b.PrivateKey != ""):
		return c, &partFault{"body.certificate", errs.New(errs.Invalid, "a connection has a client secret or a certificate, not both")}
	case b.ClientSecret != "":
		c.Secret, c.Credential, c.CertificatePEM = secret.New(b.ClientSecret), syncer.ClientSecret, ""
	case b.Certificate != "":
		c.Secret, c.Credential, c.CertificatePEM = secret.New(b.PrivateKey), syncer.ClientCertificate, b.Certificate
	}
	if b.Schedule != nil {
		c.Schedule = syncer.Schedule(*b.Schedule)
		if err := integration.CheckSchedule(c.Schedule); err != nil {
			return c, &partFault{"body.schedule", err}
		}
	}
	return c, nil
}

func connectionOf(c syncer.Connection) client.Connection {
	return client.Connection{
		ID: c.ID, Module: c.Module, Kind: c.Kind, TenantID: c.TenantID, ClientID: c.ClientID, ApplicationObjectID: c.ApplicationObjectID,
		Cloud: c.Cloud, LoginURL: c.LoginURL, GraphURL: c.GraphURL, Credential: string(c.Credential), HasSecret: len(c.Sealed) > 0,
		Schedule: client.Schedule(c.Schedule), Configured: c.Configured(), CheckedAt: moment(c.Verdict.At), Passed: c.Verdict.Passed,
		CredentialEnds: moment(c.Verdict.CredentialEnds),
	}
}

func factOf(f integration.Fact) client.Fact {
	return client.Fact{ID: f.ID, Outcome: string(f.Outcome), Text: f.Text, Remedy: f.Remedy, Detail: f.Detail, Ends: moment(f.Ends)}
}
