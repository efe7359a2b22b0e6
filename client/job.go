package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// Job is something that servers do by themselves: a scheduled sync, or tidying.
type Job struct {
	ID         int64      `json:"id"`
	Kind       string     `json:"kind" doc:"sync, tidy."`
	Subject    string     `json:"subject" doc:"What it is about: for sync the number of the connection."`
	State      string     `json:"state" enum:"waiting,running,done,failed,cancelled"`
	DueAt      time.Time  `json:"due_at"`
	Attempts   int        `json:"attempts"`
	Server     string     `json:"server" doc:"That does it, or did it last; empty before."`
	Stopping   bool       `json:"stopping" doc:"It runs, and somebody asked for its end."`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Error      string     `json:"error" doc:"Of the last attempt."`
	Hint       string     `json:"hint"`
}

// OpenJobs lists what runs and what waits, the next first.
func (c *Client) OpenJobs(ctx context.Context) ([]Job, error) { return whole[Job](ctx, c, "/jobs") }

// FinishedJobs lists what is over, the newest first.
func (c *Client) FinishedJobs(ctx context.Context) iter.Seq2[Job, error] {
	return pages[Job](ctx, c, "/jobs/finished", nil)
}

// RunJob has a job done as soon as a server is free.
func (c *Client) RunJob(ctx context.Context, id int64) error {
	return c.call(ctx, http.MethodPost, "/jobs/"+strconv.FormatInt(id, 10)+"/run", nil, nil, nil)
}

// StopJob leaves a job out that waits, and stops one that runs.
func (c *Client) StopJob(ctx context.Context, id int64) error {
	return c.call(ctx, http.MethodPost, "/jobs/"+strconv.FormatInt(id, 10)+"/stop", nil, nil, nil)
}
