package api

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
)

// OnRun is the input of an operation on a run.
type OnRun struct {
	InModule
	Run int64 `path:"run" minimum:"1" doc:"The number of the run."`
}

const (
	runPath  = "/modules/{module}/runs/{run}"
	runsPath = connectionPath + "/runs"
	runsTag  = "Runs"
)

func (s *Server) runOperations() {
	add(s, op{method: http.MethodGet, path: runsPath, id: "list-runs", may: account.ManageIntegrations, tag: runsTag, summary: "List the runs of a connection, the newest first"},
		func(v *visit, in *struct {
			OnConnection
			Counted
		}) (*body[client.Page[client.Run]], error) {
			c, err := v.connection(in.OnConnection)
			if err != nil {
				return nil, err
			}
			list, err := v.Integrations.RunsBefore(v.ctx, v.who, c.ID, in.Cursor, in.Limit+1)
			return counted(in.Counted, each(list, runOf), func(r client.Run) int64 { return r.ID }), err
		})
	add(s, op{method: http.MethodPost, path: runsPath, id: "start-run", may: account.ManageIntegrations, tag: runsTag, summary: "Start a sync, or the preview of one", text: "It goes on by itself. Follow it by its events, or by reading it again.", status: http.StatusAccepted},
		func(v *visit, in *struct {
			OnConnection
			Body client.RunOrder
		}) (*body[client.Run], error) {
			c, err := v.connection(in.OnConnection)
			if err != nil {
				return nil, err
			}
			id, err := v.Integrations.Start(v.ctx, v.who, c.ID, integration.Order(orderFrom(in.Body)))
			if err != nil {
				return nil, err
			}
			return v.oneRun(id)
		})
	add(s, op{method: http.MethodGet, path: runPath, id: "get-run", may: account.ManageIntegrations, tag: runsTag, summary: "Get a run"},
		func(v *visit, in *OnRun) (*body[client.Run], error) {
			r, err := v.run(*in)
			return &body[client.Run]{runOf(r)}, err
		})
	add(s, op{method: http.MethodGet, path: runPath + "/changes", id: "list-changes", may: account.ManageIntegrations, tag: runsTag, summary: "List what a run did, or would do, with the reason of each change"},
		func(v *visit, in *struct {
			OnRun
			ChangesAsked
		}) (*body[client.Page[client.Change]], error) {
			return v.changes(in.OnRun, in.ChangesAsked)
		})
	add(s, op{method: http.MethodGet, path: runPath + "/events", id: "watch-run", may: account.ManageIntegrations, tag: runsTag, summary: "Follow a run until it ends", text: "Server-sent events: progress while it runs, and at last run with the run as it ended.", stream: "text/event-stream"},
		func(v *visit, in *OnRun) (*huma.StreamResponse, error) { return v.watch(*in) })
	s.decisionOperations()
}

// decisionOperations are about what becomes of a run.
func (s *Server) decisionOperations() {
	add(s, op{method: http.MethodPost, path: runPath + "/approve", id: "approve-run", may: account.ApproveRuns, tag: runsTag, summary: "Decide about what a run holds"},
		func(v *visit, in *struct {
			OnRun
			Body client.Decision
		}) (*body[client.Run], error) {
			r, err := v.run(in.OnRun)
			if err != nil {
				return nil, err
			}
			rep, err := v.Integrations.Approve(v.ctx, v.who, r.ID, syncer.Choice(in.Body), nil)
			return &body[client.Run]{runOf(rep.Run)}, err
		})
	add(s, op{method: http.MethodPost, path: runPath + "/undo", id: "undo-run", may: account.ApproveRuns, tag: runsTag, summary: "Take back what a run did, where nobody has changed it since"},
		func(v *visit, in *OnRun) (*body[client.Run], error) {
			r, err := v.run(*in)
			if err != nil {
				return nil, err
			}
			rep, err := v.Integrations.Undo(v.ctx, v.who, r.ID, nil)
			return &body[client.Run]{runOf(rep.Run)}, err
		})
	add(s, op{method: http.MethodPost, path: runPath + "/cancel", id: "cancel-run", may: account.ManageIntegrations, tag: runsTag, summary: "Stop a run between two batches", text: "What was applied by then stays.", status: http.StatusAccepted},
		func(v *visit, in *OnRun) (*body[client.Run], error) {
			r, err := v.run(*in)
			if err == nil {
				err = v.Integrations.Cancel(v.ctx, v.who, r.ID)
			}
			if err != nil {
				return nil, err
			}
			return v.oneRun(r.ID)
		})
	add(s, op{method: http.MethodGet, path: connectionPath + "/explain", id: "explain-person", may: account.ManageIntegrations, tag: runsTag, summary: "Say why a person of the directory is as they are in the register"},
		func(v *visit, in *struct {
			OnConnection
			Person string `query:"person" required:"true" minLength:"1" maxLength:"400" doc:"User principal name, email, display name or object ID."`
		}) (*body[client.Explanation], error) {
			c, err := v.connection(in.OnConnection)
			if err != nil {
				return nil, err
			}
			why, err := v.Integrations.Explain(v.ctx, v.who, c.ID, in.Person)
			if err != nil {
				return nil, err
			}
			return v.explained(c.ID, why)
		})
	add(s, op{method: http.MethodGet, path: recordPath + "/explain", id: "explain-record", may: account.ManageIntegrations, tag: runsTag, summary: "Say why a record is as it is"},
		func(v *visit, in *OnRecord) (*body[client.Explanation], error) {
			r, _, err := v.record(*in)
			if err != nil {
				return nil, err
			}
			why, c, err := v.Integrations.ExplainRecord(v.ctx, v.who, r.Account, r.ID)
			if err != nil {
				return nil, err
			}
			return v.explained(c.ID, why)
		})
	add(s, op{method: http.MethodPost, path: recordPath + "/sync", id: "sync-record", may: account.ManageIntegrations, tag: runsTag, summary: "Sync the one person or device that a record stands for", status: http.StatusAccepted},
		func(v *visit, in *OnRecord) (*body[client.Run], error) {
			r, _, err := v.record(*in)
			if err != nil {
				return nil, err
			}
			_, id, err := v.Integrations.SyncRecord(v.ctx, v.who, r.Account, r.ID)
			if err != nil {
				return nil, err
			}
			return v.oneRun(id)
		})
}

func orderFrom(o client.RunOrder) integration.Order {
	return integration.Order{Full: o.Full, Preview: o.Preview, Person: o.Person, Mapping: o.Mapping}
}

// run finds the run of the path; one of another module is not here.
func (v *visit) run(in OnRun) (syncer.Run, error) {
	m, err := v.module(in.InModule)
	if err != nil {
		return syncer.Run{}, err
	}
	r, err := v.Integrations.Run(v.ctx, v.who, in.Run)
	if err != nil {
		return r, err
	}
	c, err := v.Integrations.Connection(v.ctx, v.who, r.Connection)
	if err == nil && c.Module != m.ID {
		err = notHere("run", in.Run)
	}
	return r, err
}

func (v *visit) oneRun(id int64) (*body[client.Run], error) {
	r, err := v.Integrations.Run(v.ctx, v.who, id)
	return &body[client.Run]{runOf(r)}, err
}

func runOf(r syncer.Run) client.Run {
	return client.Run{
		ID: r.ID, Connection: r.Connection, Mode: string(r.Mode), State: string(r.State), Stage: string(r.Stage), Asked: r.Asked, Actor: r.Actor,
		Person: r.Scope.Person, Mapping: r.Scope.Mapping, StartedAt: r.StartedAt.UTC(), FinishedAt: moment(r.FinishedAt),
		Counts: client.Counts(r.Counts), Requests: r.Stats.Usage.Requests, Retries: r.Stats.Usage.Retries, WaitedMS: r.Stats.Usage.Waited.Milliseconds(),
		Received: r.Stats.Usage.Bytes, Drift: r.Stats.Drift,
		Holds: some(r.Holds), Notes: some(r.Notes), Error: r.Error, Hint: r.Hint,
	}
}

// ChangesAsked narrows a listing of changes.
type ChangesAsked struct {
	Part   string `query:"part" enum:"added,changed,deactivated,reactivated,held,conflicts,failed,problems,skipped" doc:"One part of the report."`
	Cursor int64  `query:"cursor" minimum:"0" doc:"What the page before gave as next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most changes of a page."`
}

// changes is a page of what a run did.
func (v *visit) changes(in OnRun, q ChangesAsked) (*body[client.Page[client.Change]], error) {
	r, err := v.run(in)
	if err != nil {
		return nil, err
	}
	f, err := partOf(q.Part)
	if err != nil {
		return nil, err
	}
	f.After, f.Limit = q.Cursor, q.Limit+1
	list, err := v.Integrations.Changes(v.ctx, v.who, r.ID, f)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(list) > q.Limit {
		list = list[:q.Limit]
		next = number(list[q.Limit-1].Seq)
	}
	items, err := v.changesOf(r.Connection, list)
	return page(items, next), err
}

// partOf narrows changes to a part of the report.
func partOf(part string) (syncer.ChangeFilter, error) {
	switch part {
	case "":
		return syncer.ChangeFilter{}, nil
	case "held":
		return syncer.ChangeFilter{States: []syncer.ChangeState{syncer.HeldBack}}, nil
	}
	for _, g := range integration.Groups() {
		if g.Key == part {
			return syncer.ChangeFilter{Verbs: g.Verbs}, nil
		}
	}
	return syncer.ChangeFilter{}, &partFault{"query.part", errs.New(errs.Invalid, "a report has no part %q", part)}
}

func (v *visit) changesOf(connection int64, list []syncer.PlannedChange) ([]client.Change, error) {
	names, err := v.Integrations.Names(v.ctx, v.who, connection, list)
	if err != nil {
		return nil, err
	}
	out := make([]client.Change, len(list))
	for i := range list {
		out[i] = changeOf(&names, &list[i])
	}
	return out, nil
}

func changeOf(names *integration.Names, ch *syncer.PlannedChange) client.Change {
	out := client.Change{
		ID: ch.Seq, Run: ch.Run, Name: ch.Name, Verb: ch.Verb.String(), Target: ch.Target.String(), State: ch.State.String(),
		Reason: string(ch.Reason), Sentence: ch.Reason.Sentence(), Remedy: ch.Reason.Remedy(), Detail: ch.Detail, Mapping: names.Mapping(ch.Mapping), DecidedBy: ch.DecidedBy,
		Fields: []client.Diff{}, Roles: []client.Diff{}, Issues: []client.Issue{},
	}
	if ch.Target == reconcile.Record {
		out.Record = ch.TargetID
	}
	for _, f := range ch.Fields {
		out.Fields = append(out.Fields, client.Diff{Field: names.Field(f.Field), Before: f.Before.String(), After: names.After(f)})
	}
	if ch.Verb == reconcile.SetStatus {
		out.Fields = append(out.Fields, client.Diff{Field: "Integration status", Before: ch.StatusBefore.String(), After: ch.Status.String()})
	}
	if ch.LoginName != "" {
		out.Fields = append(out.Fields, client.Diff{Field: "Name", Before: ch.NameBefore, After: ch.LoginName})
	}
	if ch.LoginEmail != "" {
		out.Fields = append(out.Fields, client.Diff{Field: "Email", Before: ch.EmailBefore, After: ch.LoginEmail})
	}
	for _, r := range ch.Roles {
		out.Roles = append(out.Roles, client.Diff{Field: names.Mapping(r.Mapping), Before: names.Role(r.Before), After: names.Role(r.After)})
	}
	for _, i := range ch.Issues {
		out.Issues = append(out.Issues, client.Issue{Field: names.Field(i.Field), Reason: string(i.Reason), Detail: i.Detail})
	}
	return out
}

// progressEvery is how often a stream tells where a run is.
const progressEvery = 100 * time.Millisecond

// watch streams a run's progress.
func (v *visit) watch(in OnRun) (*huma.StreamResponse, error) {
	r, err := v.run(in)
	if err != nil {
		return nil, err
	}
	progress, err := v.Integrations.Watch(v.ctx, v.who, r.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		send := v.stream(hc)
		last := time.Time{}
		for p := range progress {
			if now := time.Now(); now.Sub(last) >= progressEvery {
				send("progress", client.Progress{Run: p.Run, Stage: string(p.Stage), Input: p.Input, Done: p.Done, Total: p.Total, Message: p.Message})
				last = now
			}
		}
		if v.ctx.Err() != nil {
			return
		}
		if ended, err := v.Integrations.Run(v.ctx, v.who, r.ID); err == nil {
			send("run", runOf(ended))
		}
	}}, nil
}
