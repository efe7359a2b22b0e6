package api_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/register"
)

// client is a client on somebody's behalf.
func (o *office) client(email string) *client.Client {
	o.t.Helper()
	c, err := client.New(o.url, o.tokenOf(email))
	o.must(err)
	return c
}

func TestTheClientGoesTheWholeWay(t *testing.T) {
	t.Parallel()
	o := open(t)
	ctx, c, module := t.Context(), o.client(manager), o.module.ID
	assets := o.collection(o.module, register.Main).ID
	r, err := c.CreateRecord(ctx, module, assets, client.RecordInput{Fields: client.Values{"Name": "Laptop"}})
	o.must(err)
	r, err = c.ChangeRecord(ctx, module, r.ID, r.Version, client.RecordInput{Fields: client.Values{"Price": 10}})
	o.must(err)
	if _, err := c.ChangeRecord(ctx, module, r.ID, r.Version-1, client.RecordInput{Fields: client.Values{"Price": 11}}); !isStatus(err, http.StatusPreconditionFailed) {
		t.Errorf("a change of what has moved on: %v, want 412", err)
	}
	ada := o.plant(o.module, register.People, "Ada")
	_, err = c.CheckOut(ctx, module, client.CheckOut{Asset: r.ID, Holder: ada.ID})
	o.must(err)
	held, err := c.Holdings(ctx, module, ada.ID)
	o.must(err)
	if len(held) != 1 || held[0].Asset.ID != r.ID {
		t.Errorf("Ada holds %+v", held)
	}
	f, err := c.Attach(ctx, module, r.ID, "invoice 1.txt", []byte("paid"))
	o.must(err)
	var got bytes.Buffer
	o.must(c.Download(ctx, module, r.ID, f.ID, &got))
	if got.String() != "paid" || f.Name != "invoice 1.txt" {
		t.Errorf("the file %q holds %q", f.Name, got.String())
	}
	n := 0
	for _, err := range c.Records(ctx, module, assets, client.RecordQuery{Text: "lap", Filters: []string{"Price.is.10"}, Custody: "held"}) {
		o.must(err)
		n++
	}
	if n != 1 {
		t.Errorf("%d laptops are found, want the one", n)
	}
}

func TestTheClientSyncsAndDecides(t *testing.T) {
	t.Parallel()
	o := open(t)
	ctx, c, module := t.Context(), o.client(manager), o.module.ID
	connection := o.connect().ID
	run, err := c.StartRun(ctx, module, connection, client.RunOrder{})
	o.must(err)
	run, err = c.Watch(ctx, module, run.ID, nil)
	o.must(err)
	if run.State != "succeeded" || run.Counts.Added == 0 {
		t.Fatalf("the sync is %+v", run)
	}
	added := 0
	for ch, err := range c.Changes(ctx, module, run.ID, "added") {
		o.must(err)
		if ch.Verb != "add" || ch.Sentence == "" {
			t.Errorf("among what was added is %+v", ch)
		}
		added++
	}
	if added != run.Counts.Added {
		t.Errorf("%d additions are listed, want %d", added, run.Counts.Added)
	}
	held := o.held()
	before := held.Counts.Held
	var first int64
	for ch, err := range c.Changes(ctx, module, held.ID, "held") {
		o.must(err)
		first = ch.ID
		break
	}
	decided, err := c.Approve(ctx, module, held.ID, client.Decision{Changes: []int64{first}})
	o.must(err)
	if decided.State != "held" || decided.Counts.Held != before-1 {
		t.Errorf("after approving one of %d the run is %+v", before, decided)
	}
	if _, err := o.client(colleague).Approve(ctx, module, held.ID, client.Decision{All: true}); !isStatus(err, http.StatusForbidden) {
		t.Errorf("a collaborator approving: %v, want 403", err)
	}
	if _, err := c.Approve(ctx, module, held.ID, client.Decision{}); !isStatus(err, http.StatusUnprocessableEntity) {
		t.Errorf("a decision about nothing: %v, want 422", err)
	}
}

func isStatus(err error, status int) bool {
	p, ok := errors.AsType[*client.Problem](err)
	return ok && p.Status == status
}

func TestTheClientMovesTablesAndRunsAutomations(t *testing.T) {
	t.Parallel()
	o := open(t)
	ctx, c, module := t.Context(), o.client(manager), o.module.ID
	assets := o.collection(o.module, register.Main).ID
	look, err := c.Import(ctx, module, assets, client.ImportOptions{Name: "order.csv", By: "-", Preview: true}, []byte(table))
	o.must(err)
	done, err := c.Import(ctx, module, assets, client.ImportOptions{Name: "order.csv", By: "-"}, []byte(table))
	o.must(err)
	if look.Added != 2 || done.Added != 2 || done.Faulty != 1 {
		t.Errorf("the preview says %+v, the import %+v", look, done)
	}
	var file bytes.Buffer
	o.must(c.Export(ctx, module, assets, client.RecordQuery{Text: "laptop"}, "csv", []string{"Name", "Asset tag"}, &file))
	if got := file.String(); !bytes.Contains(file.Bytes(), []byte("Laptop,IT-1")) || bytes.Contains(file.Bytes(), []byte("1+1")) {
		t.Errorf("the export is %q", got)
	}
	standing, err := c.Standing(ctx, module)
	o.must(err)
	if standing.Collections[0].Records != 2 || standing.Held != 0 {
		t.Errorf("the module stands as %+v", standing)
	}
	auto := o.automated()
	firing, err := c.RunAutomation(ctx, module, auto.ID)
	o.must(err)
	for f, err := range c.Firings(ctx, module, auto.ID) {
		o.must(err)
		if f.ID != firing || f.State != "waiting" {
			t.Errorf("the log has %+v, want %d waiting", f, firing)
		}
	}
	list, err := c.Automations(ctx, module)
	o.must(err)
	if len(list) != 1 || list[0].Name != auto.Name {
		t.Errorf("the automations are %+v", list)
	}
}
