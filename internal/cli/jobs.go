package cli

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/job"
)

// jobsCmd groups the commands about what servers do by themselves.
type jobsCmd struct {
	List jobsListCmd `cmd:"" help:"List what runs and what waits for its time."`
	Run  jobsRunCmd  `cmd:"" help:"Have a job done as soon as a server is free."`
	Stop jobsStopCmd `cmd:"" help:"Leave a job out that waits, or stop one that runs."`
}

// jobsListCmd lists jobs.
type jobsListCmd struct {
	Finished bool `help:"Those that are over, the newest first."`
	Limit    int  `help:"How many of those." default:"50"`
	JSON     bool `name:"json" help:"Print a list with stable keys."`
}

// jobRow is a job in JSON.
type jobRow struct {
	ID         int64      `json:"id"`
	Kind       string     `json:"kind"`
	Subject    string     `json:"subject"`
	State      job.State  `json:"state"`
	DueAt      time.Time  `json:"due_at"`
	Attempts   int        `json:"attempts"`
	Server     string     `json:"server"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Error      string     `json:"error"`
	Hint       string     `json:"hint"`
}

// Run prints the list.
func (cmd *jobsListCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	var list []job.Job
	if cmd.Finished {
		list, err = h.jobs.Finished(ctx, h.me, 0, cmd.Limit)
	} else {
		list, err = h.jobs.Open(ctx, h.me)
	}
	if err != nil {
		return err
	}
	rows := make([]jobRow, len(list))
	for i, j := range list {
		host, _, _ := strings.Cut(j.Worker, "/")
		rows[i] = jobRow{
			ID: j.ID, Kind: j.Kind, Subject: j.Subject, State: j.State, DueAt: j.DueAt, Attempts: j.Attempt, Server: host,
			StartedAt: instantOrNull(j.StartedAt), FinishedAt: instantOrNull(j.FinishedAt), Error: j.Error, Hint: j.Hint,
		}
	}
	if cmd.JSON {
		return c.json(rows)
	}
	for _, r := range rows {
		c.line("%d  %s %s  %s  due %s  %s%s", r.ID, r.Kind, cmp.Or(r.Subject, "-"), r.State, r.DueAt.Format(time.RFC3339), r.Server, reason(r.Error))
	}
	return nil
}

func reason(text string) string {
	if text == "" {
		return ""
	}
	return "  " + text
}

// jobsRunCmd has a job done now.
type jobsRunCmd struct {
	ID int64 `arg:"" help:"The job's number, as in muster jobs list."`
}

// Run leaves the work to a process that serves.
func (cmd *jobsRunCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.jobs.RunNow(ctx, h.me, cmd.ID); err != nil {
		return err
	}
	c.line("Job %d begins as soon as a server is free: within seconds where muster serve does the work.", cmd.ID)
	return nil
}

// jobsStopCmd leaves a job out, or stops it.
type jobsStopCmd struct {
	ID int64 `arg:"" help:"The job's number, as in muster jobs list."`
}

// Run asks for its end.
func (cmd *jobsStopCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.jobs.Stop(ctx, h.me, cmd.ID); err != nil {
		return err
	}
	c.line("Job %d is stopped. It comes again at its next turn.", cmd.ID)
	return nil
}
