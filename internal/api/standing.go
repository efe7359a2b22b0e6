package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
)

// standingOperations are what the dashboard and the lists that it leads to do.
func (s *Server) standingOperations() {
	add(s, op{method: http.MethodGet, path: "/modules/{module}/standing", id: "get-standing", tag: "Accounts", summary: "Get how a module stands: records, and things that are handed out, overdue and with leavers"},
		func(v *visit, in *InModule) (*body[client.Standing], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			return v.standing(m)
		})
	add(s, op{method: http.MethodPost, path: recordPath + "/told", id: "note-told", tag: custodyTag, summary: "Note that somebody was told what a person holds"},
		func(v *visit, in *struct {
			OnRecord
			Body client.Told
		}) (*none, error) {
			r, _, err := v.record(in.OnRecord)
			if err == nil {
				err = v.Records.NoteTold(v.ctx, v.who, register.Told{Account: r.Account, Holder: r.ID, About: in.Body.About, To: in.Body.To})
			}
			return nil, err
		})
	add(s, op{method: http.MethodPost, path: recordPath + "/notify", id: "notify-holder", tag: custodyTag, summary: "Write to whom it concerns what a person holds", status: http.StatusAccepted},
		func(v *visit, in *struct {
			OnRecord
			Body client.Notice
		}) (*body[client.Notified], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			if _, _, err := v.recordOf(m, in.Record); err != nil {
				return nil, err
			}
			to, err := v.Integrations.Notify(v.ctx, v.who, m, integration.Notice{Person: in.Record, About: in.Body.About, Subject: in.Body.Subject, Text: in.Body.Text})
			return &body[client.Notified]{client.Notified{To: to}}, err
		})
	s.sessionOperations()
}

// standing counts what the caller sees of a module.
func (v *visit) standing(m account.Module) (*body[client.Standing], error) {
	collections, err := v.Records.Collections(v.ctx, v.who, m.Account, m.ID)
	if err != nil {
		return nil, err
	}
	out := client.Standing{Collections: []client.Tally{}}
	for _, c := range collections {
		n, err := v.Records.Count(v.ctx, v.who, m.Account, c.ID)
		if errs.Is(err, errs.Forbidden) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Collections = append(out.Collections, client.Tally{Collection: c.ID, Name: c.Name, Records: n})
	}
	held, err := v.Records.CustodyStanding(v.ctx, v.who, m.Account, m.ID)
	out.Held, out.Overdue, out.Leavers = held.Held, held.Overdue, held.Leavers
	return &body[client.Standing]{out}, err
}

// sessionOperations are about where the user of a token is signed in.
func (s *Server) sessionOperations() {
	const tag = "Tokens"
	add(s, op{method: http.MethodGet, path: "/sessions", id: "list-sessions", tag: tag, summary: "List where the user that this token acts for is signed in"},
		func(v *visit, _ *none) (*body[client.List[client.Session]], error) {
			list, err := v.Accounts.Sessions(v.ctx, v.who)
			return whole(each(list, func(s account.Session) client.Session {
				return client.Session{ID: s.ID, CreatedAt: s.CreatedAt.UTC(), SeenAt: s.SeenAt.UTC(), Address: s.Address, Agent: s.Agent}
			})), err
		})
	add(s, op{method: http.MethodDelete, path: "/sessions/{session}", id: "end-session", tag: tag, summary: "Sign the user that this token acts for out on a device", text: "Needs a token of the scope everything."},
		func(v *visit, in *struct {
			Session int64 `path:"session" minimum:"1" doc:"The number of the session."`
		}) (*none, error) {
			if err := v.scoped(); err != nil {
				return nil, err
			}
			return nil, v.Accounts.EndSession(v.ctx, v.who, in.Session)
		})
}
