package api

import (
	"net/http"
	"strconv"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
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
		func(v *visit, in *OnConnection) (*body[client.Connection], error) {
			c, err := v.connection(*in)
			return &body[client.Connection]{connectionOf(c)}, err
		})
	add(s, op{method: http.MethodPatch, path: connectionPath, id: "save-connection", may: account.ManageIntegrations, tag: connectionTag, summary: "Test a connection and save it", text: "One that fails its test is not saved unless anyway is given. A change of the schedule alone is saved without a test."},
		func(v *visit, in *struct {
			OnConnection
			Body client.ConnectionInput
		}) (*body[client.Tested], error) {
			return v.saveConnection(in.OnConnection, in.Body)
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

// saveConnection tests what a connection would be, and saves it.
func (v *visit) saveConnection(in OnConnection, b client.ConnectionInput) (*body[client.Tested], error) {
	c, err := v.connection(in)
	if err != nil {
		return nil, err
	}
	old := c
	set(&c.TenantID, b.TenantID)
	set(&c.ClientID, b.ClientID)
	set(&c.ApplicationObjectID, b.ApplicationObjectID)
	set(&c.Cloud, b.Cloud)
	set(&c.LoginURL, b.LoginURL)
	set(&c.GraphURL, b.GraphURL)
	if c.Cloud != "custom" {
		c.LoginURL, c.GraphURL, c.CAPEM = "", "", ""
	}
	if b.ClientSecret != "" {
		c.Secret, c.Credential, c.CertificatePEM = secret.New(b.ClientSecret), syncer.ClientSecret, ""
	}
	if b.Schedule != nil {
		c.Schedule = syncer.Schedule(*b.Schedule)
		if err := integration.CheckSchedule(c.Schedule); err != nil {
			return nil, &partFault{"body.schedule", err}
		}
	}
	if c.SamePlace(old) && b.ClientSecret == "" {
		_, err := v.Integrations.Save(v.ctx, v.who, c)
		return &body[client.Tested]{client.Tested{Passed: c.Verdict.Passed, Saved: true, Facts: []client.Fact{}}}, err
	}
	facts, err := v.Integrations.Test(v.ctx, v.who, c, nil)
	if err != nil {
		return nil, err
	}
	out := client.Tested{Passed: !integration.Failed(facts), Facts: each(facts, factOf)}
	if out.Passed || b.Anyway {
		out.Saved = true
		out.Spared, err = v.Integrations.SaveTested(v.ctx, v.who, c, facts)
	}
	return &body[client.Tested]{out}, err
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
