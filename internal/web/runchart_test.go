package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web"
)

func TestRunsAreSummedUpByTheDaysOfTheViewer(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	run := func(at string, mode syncer.Mode, added, people int) syncer.Run {
		start, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		r := syncer.Run{Mode: mode, StartedAt: start, FinishedAt: start.Add(time.Duration(added) * time.Second)}
		r.Counts.Added, r.Stats.People = added, people
		return r
	}
	list := []syncer.Run{ // the latest first, across the night in which clocks go back
		run("2026-10-25T23:30:00Z", syncer.Incremental, 1, 12), // the 26th in Berlin
		run("2026-10-25T12:00:00Z", syncer.Preview, 50, 11),
		run("2026-10-24T22:30:00Z", syncer.Full, 2, 10), // the 25th there
		run("2026-10-24T22:10:00Z", syncer.Incremental, 4, 0),
		run("2026-10-24T21:00:00Z", syncer.Incremental, 8, 9),
		run("2026-10-20T12:00:00Z", syncer.Incremental, 99, 8), // too long ago
	}
	got := web.PointsOf(list, time.Date(2026, 10, 26, 9, 0, 0, 0, berlin), 1, 3)
	want := []string{"2026-10-24 1 8 8s 9", "2026-10-25 2 6 4s 10", "2026-10-26 1 1 1s 12"}
	for i, p := range got {
		if s := fmt.Sprint(p.Label, " ", p.Runs, " ", p.Added, " ", p.Took, " ", p.People); s != want[i] {
			t.Errorf("point %d is %s, want %s", i, s, want[i])
		}
	}
	weeks := web.PointsOf(list, time.Date(2026, 10, 26, 9, 0, 0, 0, berlin), 7, 2)
	if len(weeks) != 2 || weeks[1].Runs != 5 || weeks[1].Added != 114 || weeks[0].Runs != 0 {
		t.Errorf("by weeks: %+v", weeks)
	}
}

func TestRunsAreChartedWithTheSameNumbersInATable(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	people := o.collection(register.People)
	_, err := o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{{
		Name: "Everyone", Kind: mapping.Records, Entity: directory.User, Collection: people.ID, Identifier: mapping.ByObjectID,
		Rows: []mapping.Row{{From: "displayName", To: o.field(people, "Name").ID}},
	}})
	o.must(err)
	for range 2 { // the second finds nothing changed, and knows the size all the same
		id, err := o.work.Start(t.Context(), account.CommandLine(), 1, integration.Order{})
		o.must(err)
		progress, err := o.work.Watch(t.Context(), account.CommandLine(), id)
		o.must(err)
		for range progress {
		}
	}
	runs, err := o.work.Runs(t.Context(), account.CommandLine(), 1, 5)
	o.must(err)
	if size := runs[0].Stats.People; size < 30 || size != runs[1].Stats.People {
		t.Fatalf("the runs counted %d and %d people", runs[1].Stats.People, runs[0].Stats.People)
	}
	size := fmt.Sprint(runs[0].Stats.People)
	for _, span := range []string{"runs", "month", "year"} {
		page := b.get(path + "/runs?span=" + span).body
		for _, want := range []string{"People in the directory", size + " throughout", `data-label="People"`, `data-label="Drift"`, ">" + size + "</td>", "Changes; the table has the numbers"} {
			if !strings.Contains(page, want) {
				t.Errorf("the chart of %s lacks %q", span, want)
			}
		}
	}
}

func TestWhoIsLeftOutIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	people := o.collection(register.People)
	email := o.field(people, "Email")
	email.Spec.Required = true
	_, err := o.records.ChangeField(t.Context(), account.CommandLine(), email)
	o.must(err)
	_, err = o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{{
		Name: "Everyone", Kind: mapping.Records, Entity: directory.User, Collection: people.ID, Identifier: mapping.ByObjectID,
		Rows: []mapping.Row{{From: "displayName", To: o.field(people, "Name").ID}, {From: "faxNumber", To: email.ID}},
	}})
	o.must(err)
	id, err := o.work.Start(t.Context(), account.CommandLine(), 1, integration.Order{})
	o.must(err)
	progress, err := o.work.Watch(t.Context(), account.CommandLine(), id)
	o.must(err)
	for range progress {
	}
	page := b.get(fmt.Sprintf("%s/runs/%d", path, id)).body
	if !strings.Contains(page, "make the field not required") {
		t.Error("the report does not say what to do about a required field that is empty")
	}
	if got := b.post(fmt.Sprintf("%s/runs/%d/approve", path, id)); !strings.Contains(b.get(got.to).body, "Nothing was selected") {
		t.Errorf("approving nothing leads to %q (%d) without a word", got.to, got.status)
	}
}

// synced runs the first connection to the end of a run.
func (o *office) synced() syncer.Run {
	o.t.Helper()
	id, err := o.work.Start(o.t.Context(), account.CommandLine(), 1, integration.Order{})
	o.must(err)
	progress, err := o.work.Watch(o.t.Context(), account.CommandLine(), id)
	o.must(err)
	for range progress {
	}
	run, err := o.work.Run(o.t.Context(), account.CommandLine(), id)
	o.must(err)
	return run
}

func TestWhatIsHeldIsApprovedInPartAndDismissed(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	role, err := o.accounts.Role(t.Context(), o.module.ID, account.Collaborator)
	o.must(err)
	staff := mapping.Definition{
		Name: "Staff", Kind: mapping.Login, Entity: directory.User, Identifier: mapping.ByObjectID, Module: o.module.ID, Role: role.ID,
		Units: []directory.UnitRef{{Kind: directory.Group, Name: "All Staff", Nested: true}},
	}
	_, err = o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{staff})
	o.must(err)
	o.synced()
	staff.Conditions = []mapping.Condition{{Path: "department", Operator: mapping.Equals, Value: "No such department"}}
	_, err = o.work.SaveMappings(t.Context(), account.CommandLine(), 1, []mapping.Definition{staff})
	o.must(err)
	run := o.synced()
	if run.State != syncer.Held || run.Counts.Held < 10 {
		t.Fatalf("the run is %s with %+v, want it held", run.State, run.Counts)
	}
	report := fmt.Sprintf("%s/runs/%d", path, run.ID)
	list, err := o.work.Changes(t.Context(), account.CommandLine(), run.ID, syncer.ChangeFilter{States: []syncer.ChangeState{syncer.HeldBack}})
	o.must(err)
	got := b.post(report+"/approve", "choice", "some", "change", fmt.Sprint(list[0].Seq), "change", fmt.Sprint(list[1].Seq))
	if page := b.get(got.to).body; !strings.Contains(page, fmt.Sprintf("Approved. %d changes still wait.", len(list)-2)) {
		t.Errorf("after approving two of %d the page does not say how many wait", len(list))
	}
	if l, err := o.accounts.Login(t.Context(), account.CommandLine(), list[0].TargetID); err != nil || l.State != account.Deactivated {
		t.Errorf("whose change was approved is %s, %v", l.State, err)
	}
	if l, err := o.accounts.Login(t.Context(), account.CommandLine(), list[2].TargetID); err != nil || l.State != account.Active {
		t.Errorf("whose change was not approved is %s, %v", l.State, err)
	}
	got = b.post(report+"/approve", "choice", "none")
	if page := b.get(got.to).body; !strings.Contains(page, "All of it is dismissed") || !strings.Contains(page, "Succeeded") {
		t.Error("after dismissing the rest the run still waits")
	}
	got = b.post(report+"/approve", "choice", "all")
	if page := b.get(got.to).body; got.status != 303 || !strings.Contains(page, "holds nothing") {
		t.Errorf("approving what is decided already: %d, want it said", got.status)
	}
}
