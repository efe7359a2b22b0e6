package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/job"
)

func TestAnAdministratorSeesAndSteersWhatServersDo(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	wantParts(t, "the page before anything is due", b.see(200, "/settings/jobs"), "Nothing is due", "once an integration has a schedule")
	wantParts(t, "the settings", b.see(200, "/settings/accounts"), "/settings/jobs", "0 running, 0 waiting")

	now := time.Now()
	_, err := o.db.AddJob(t.Context(), job.Job{Kind: "tidy", DueAt: now.Add(23 * time.Hour), CreatedAt: now})
	o.must(err)
	list, err := job.New(o.db, nil).Open(t.Context(), account.CommandLine())
	o.must(err)
	path := fmt.Sprintf("/settings/jobs/%d", list[0].ID)
	wantParts(t, "the page", b.see(200, "/settings/jobs"), "Tidying of the database", "waiting", path+"/run", path+"/stop", "Leave out")

	wantParts(t, "the page after Run now", b.sent(path+"/run"), "It begins as soon as a server is free")
	list, err = job.New(o.db, nil).Open(t.Context(), account.CommandLine())
	o.must(err)
	if list[0].DueAt.After(time.Now()) {
		t.Errorf("after Run now it is due at %s", list[0].DueAt)
	}
	page := b.sent(path + "/stop")
	wantParts(t, "the page after Leave out", page, "Lately", "left out", "Run again")
	if strings.Contains(page, path+"/stop") {
		t.Error("a job that is over can be left out")
	}
	wantParts(t, "stopping it again", b.sent(path+"/stop"), "over")
}
