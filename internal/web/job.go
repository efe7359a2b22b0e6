package web

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/web/view"
)

const (
	jobsPath  = "/settings/jobs"
	jobsShown = 50
)

// jobs shows what the servers do by themselves, and what became of it.
func (s *Site) jobs(v *visit) error {
	open, err := s.Jobs.Open(v.ctx(), v.who)
	if err != nil {
		return err
	}
	over, err := s.Jobs.Finished(v.ctx(), v.who, v.numberIn("before"), jobsShown+1)
	if err != nil {
		return err
	}
	page := view.Jobs{Crumbs: []view.Crumb{{Name: "Settings", Path: "/settings/accounts"}}}
	if len(over) > jobsShown {
		over = over[:jobsShown]
		page.Next = fmt.Sprintf("%s?before=%d", jobsPath, over[jobsShown-1].ID)
	}
	for _, j := range open {
		page.Open = append(page.Open, v.jobRow(j))
	}
	for _, j := range over {
		page.Over = append(page.Over, v.jobRow(j))
	}
	return v.show("Jobs", view.JobsPage(v.frame, page))
}

// jobRow is a job as the page shows it.
func (v *visit) jobRow(j job.Job) view.JobRow {
	host, _, _ := strings.Cut(j.Worker, "/")
	row := view.JobRow{
		Server: host, Attempt: j.Attempt, Due: j.DueAt, Started: j.StartedAt, Over: j.FinishedAt, Error: j.Error, Hint: j.Hint,
		Path: fmt.Sprintf("%s/%d", jobsPath, j.ID), State: jobState(j), Stops: j.State.Open() && !j.Stopping, Runs: j.State != job.Running,
		Waits: j.State == job.Waiting,
	}
	row.Name, row.About = v.jobName(j)
	return row
}

// jobName says what a job is, and where what it is about is found; "" for nowhere.
func (v *visit) jobName(j job.Job) (name, path string) {
	switch j.Kind {
	case "sync":
		name = "Scheduled sync"
		id, err := strconv.ParseInt(j.Subject, 10, 64)
		if err != nil {
			return name, ""
		}
		c, err := v.site.Integrations.Connection(v.ctx(), v.who, id)
		if err != nil {
			return name + " of an integration that is gone", ""
		}
		if nav := v.frame.ModuleOf(c.Module); nav != nil {
			name += " of " + nav.Name
		}
		return name, connectionPath(c.Module, c.ID)
	case "tidy":
		return "Tidying of the database", ""
	}
	return j.Name(), ""
}

func jobState(j job.Job) view.Status {
	switch {
	case j.State == job.Running && j.Stopping:
		return view.Status{Tone: "yellow", Icon: "hand-stop", Word: "stopping"}
	case j.State == job.Running:
		return view.Status{Tone: "blue", Icon: "refresh", Word: "running"}
	case j.State == job.Waiting && j.Error != "":
		return view.Status{Tone: "yellow", Icon: "clock", Word: "tried again"}
	case j.State == job.Waiting:
		return view.Status{Tone: "blue", Icon: "clock", Word: "waiting"}
	case j.State == job.Done:
		return view.Status{Tone: "green", Icon: "circle-check", Word: "done"}
	case j.State == job.Failed:
		return view.Status{Tone: "red", Icon: "alert-circle", Word: "failed"}
	}
	return view.Status{Tone: "yellow", Icon: "hand-stop", Word: "left out"}
}

// jobsStand says in a sentence how the jobs stand.
func (v *visit) jobsStand() (string, error) {
	counts, err := v.site.Jobs.Counts(v.ctx())
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("What the servers do by themselves: %d running, %d waiting for their time.", counts[job.Running], counts[job.Waiting])
	if n := counts[job.Failed]; n > 0 {
		text += fmt.Sprintf(" %d failed in the last month.", n)
	}
	return text, nil
}

// runJob has a job done now.
func (s *Site) runJob(v *visit) error {
	id, err := v.number("job")
	if err != nil {
		return err
	}
	if err := s.Jobs.RunNow(v.ctx(), v.who, id); err != nil {
		return v.refused(err, jobsPath)
	}
	v.flash(true, "It begins as soon as a server is free: within seconds.")
	return v.goTo(jobsPath)
}

// stopJob leaves a job out, or stops one that runs.
func (s *Site) stopJob(v *visit) error {
	id, err := v.number("job")
	if err != nil {
		return err
	}
	if err := s.Jobs.Stop(v.ctx(), v.who, id); err != nil {
		return v.refused(err, jobsPath)
	}
	v.flash(true, "Stopped. It comes again at its next turn.")
	return v.goTo(jobsPath)
}
