package api

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
)

// EventsAsked narrows the audit log.
type EventsAsked struct {
	Account int64     `query:"account" minimum:"0" doc:"Of one account; without it, of the organization as a whole."`
	Module  int64     `query:"module" minimum:"0" doc:"Of one module of the account."`
	All     bool      `query:"all" doc:"Of the organization and all accounts."`
	Actor   string    `query:"actor" maxLength:"300" doc:"Who did it: the name or its beginning, in any case."`
	Subject string    `query:"subject" maxLength:"300" doc:"On what: the name or its beginning, in any case."`
	Action  string    `query:"action" maxLength:"100" doc:"What was done, in the words of the log."`
	From    time.Time `query:"from" doc:"The first moment."`
	Until   time.Time `query:"until" doc:"The first moment after."`
	Cursor  int64     `query:"cursor" minimum:"0" doc:"What the page before gave as next."`
	Limit   int       `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"The most entries of a page."`
}

func (s *Server) auditOperations() {
	const tag = "Audit log"
	add(s, op{method: http.MethodGet, path: "/audit", id: "list-events", tag: tag, summary: "List the audit log, the newest first", text: "Needs the right view_audit where the entries are."},
		func(v *visit, in *EventsAsked) (*body[client.Page[client.Event]], error) {
			q := in.query()
			q.Before, q.Limit = in.Cursor, in.Limit+1 // one more tells whether there is a next page
			list, err := v.Accounts.Events(v.ctx, v.who, q)
			if err != nil {
				return nil, err
			}
			next := ""
			if len(list) > in.Limit {
				list = list[:in.Limit]
				next = number(list[in.Limit-1].ID)
			}
			return page(each(list, entryOf), next), nil
		})
	add(s, op{method: http.MethodGet, path: "/audit/export", id: "export-events", tag: tag, summary: "Take the audit log out, the newest first", text: "A line of JSON for each entry, as in list-events; cursor and limit are not looked at. The log says who took it. Needs the right view_audit where the entries are.", stream: "application/x-ndjson"},
		func(v *visit, in *EventsAsked) (*huma.StreamResponse, error) { return v.exportEvents(*in) })
	add(s, op{method: http.MethodGet, path: "/audit/verify", id: "verify-audit", tag: tag, summary: "Check the audit log's chain for tampering", text: "It reads the whole log. Needs the right view_audit everywhere."},
		func(v *visit, _ *none) (*body[client.Finding], error) {
			f, err := v.Accounts.VerifyAudit(v.ctx, v.who)
			return &body[client.Finding]{client.Finding{Intact: f.Intact(), Events: f.Events, Broken: f.Broken, Last: hex.EncodeToString(f.Last[:])}}, err
		})
}

// query is what is asked for, without the place in it.
func (in EventsAsked) query() account.EventQuery {
	return account.EventQuery{
		Account: in.Account, Module: in.Module, Everything: in.All, Actor: in.Actor, Subject: in.Subject, Action: audit.Action(in.Action),
		From: in.From, Until: in.Until,
	}
}

func (v *visit) exportEvents(in EventsAsked) (*huma.StreamResponse, error) {
	events, err := v.Accounts.ExportEvents(v.ctx, v.who, in.query())
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/x-ndjson")
		hc.SetStatus(http.StatusOK)
		out := json.NewEncoder(hc.BodyWriter())
		for e, err := range events {
			if err != nil {
				v.Log.Warn("an export of the audit log broke off", "error", err)
				panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
			}
			if out.Encode(entryOf(e)) != nil {
				return // nobody reads any more
			}
		}
	}}, nil
}

func entryOf(e audit.Entry) client.Event {
	return client.Event{
		ID: e.ID, At: e.At.UTC(), Account: e.Account, Module: e.Module, Actor: client.Actor(e.Actor), Action: string(e.Action),
		SubjectKind: e.SubjectKind, SubjectID: e.SubjectID, Subject: e.SubjectName, Hash: hex.EncodeToString(e.Hash[:]),
		Details: each(e.Details, func(d audit.Detail) client.Detail { return client.Detail(d) }),
	}
}
