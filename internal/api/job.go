package api

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/job"
)

// OnJob names a job.
type OnJob struct {
	Job int64 `path:"job" minimum:"1" doc:"The number of the job."`
}

func (s *Server) jobOperations() {
	const tag, path, needs = "Jobs", "/jobs", "Needs the right manage_accounts in the whole organization."
	add(s, op{method: http.MethodGet, path: path, id: "list-open-jobs", tag: tag, summary: "List what servers do by themselves and what waits for its time", text: needs},
		func(v *visit, _ *none) (*body[client.List[client.Job]], error) {
			list, err := v.Jobs.Open(v.ctx, v.who)
			return whole(each(list, jobOf)), err
		})
	add(s, op{method: http.MethodGet, path: path + "/finished", id: "list-finished-jobs", tag: tag, summary: "List the jobs that are over, the newest first", text: needs},
		func(v *visit, in *Counted) (*body[client.Page[client.Job]], error) {
			list, err := v.Jobs.Finished(v.ctx, v.who, in.Cursor, in.Limit+1)
			return counted(*in, each(list, jobOf), func(j client.Job) int64 { return j.ID }), err
		})
	add(s, op{method: http.MethodPost, path: path + "/{job}/run", id: "run-job", tag: tag, summary: "Have a job done as soon as a server is free", text: "One that is over is done once more. " + needs},
		func(v *visit, in *OnJob) (*none, error) { return nil, v.Jobs.RunNow(v.ctx, v.who, in.Job) })
	add(s, op{method: http.MethodPost, path: path + "/{job}/stop", id: "stop-job", tag: tag, summary: "Leave a job out that waits, or stop one that runs", text: needs},
		func(v *visit, in *OnJob) (*none, error) { return nil, v.Jobs.Stop(v.ctx, v.who, in.Job) })
}

// jobOf is a job as it goes over the wire.
func jobOf(j job.Job) client.Job {
	host, _, _ := strings.Cut(j.Worker, "/")
	return client.Job{
		ID: j.ID, Kind: j.Kind, Subject: j.Subject, State: string(j.State), DueAt: j.DueAt, Attempts: j.Attempt, Server: host, Stopping: j.Stopping,
		StartedAt: moment(j.StartedAt), FinishedAt: moment(j.FinishedAt), Error: j.Error, Hint: j.Hint,
	}
}
