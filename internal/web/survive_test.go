package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
)

// closing is a form whose sender closes the tab as soon as it has arrived.
type closing struct {
	io.Reader
	closeTab context.CancelFunc
}

func (c closing) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == io.EOF {
		c.closeTab()
	}
	return n, err
}

func TestAChangeOfManySurvivesAClosedTab(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, fields := o.assets("Laptop 1", "Laptop 2")
	list, err := o.records.List(t.Context(), account.CommandLine(), register.Query{Account: o.module.Account, Collection: fields["Notes"].Collection})
	o.must(err)
	note := fmt.Sprintf("f%d", fields["Notes"].ID)
	form := url.Values{"act": {"edit"}, "sure": {"yes"}, "on": {note}, note: {"counted"}}
	for _, r := range list.Records {
		form.Add("id", fmt.Sprint(r.ID))
	}
	ctx, closeTab := context.WithCancel(t.Context())
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, path+"/many", closing{strings.NewReader(form.Encode()), closeTab})
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b := o.as(manager)
	at, err := url.Parse(o.url)
	o.must(err)
	for _, c := range b.client.Jar.Cookies(at) {
		req.AddCookie(c)
	}
	o.site.Handler().ServeHTTP(httptest.NewRecorder(), req)
	if ctx.Err() == nil {
		t.Fatal("the tab is still open")
	}
	list, err = o.records.List(t.Context(), account.CommandLine(), register.Query{Account: o.module.Account, Collection: fields["Notes"].Collection})
	o.must(err)
	for _, r := range list.Records {
		if got := r.Value(fields["Notes"].ID).String(); got != "counted" {
			t.Errorf("%s has the note %q: the change was not made", r.Title, got)
		}
	}
}

func TestAnImportIsFoundAgainAfterClosingItsTab(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("Laptop 1")
	b := o.as(manager)
	if page := b.see(http.StatusOK, path+"/import"); strings.Contains(page, "Begun before") {
		t.Error("there are imports before the first")
	}
	at := b.upload(path+"/import", "vehicles.csv", "Name\nForklift\n").to
	wantParts(t, "the form of another import", b.see(http.StatusOK, path+"/import"), "Begun before", `href="`+at+`"`, "vehicles.csv", "columns to be matched")
	if page := o.as(boss).see(http.StatusOK, path+"/import"); strings.Contains(page, "vehicles.csv") {
		t.Error("somebody else sees the file")
	}
}

func TestTheReportOfAFirstSyncLeadsToThePeopleAdded(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, connection, person := synced(t, o)
	before := b.see(http.StatusOK, connection+"/runs/1?part=all")
	if !strings.Contains(before, `href="`+person+`"`) {
		t.Error("the report does not lead to somebody whom it added")
	}
	if strings.Contains(before, "has said something else since") {
		t.Error("the report has no values of people whom nobody changed")
	}
	o.leave(person)
	wantParts(t, "the report after the directory has moved on", b.see(http.StatusOK, connection+"/runs/1?part=all"), "has said something else since")
}
