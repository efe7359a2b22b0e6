package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
)

const table = "Name,Asset tag,Price,Colour\nLaptop,IT-1,1200,red\nScreen,IT-2,dear,\n=1+1,IT-3,5,\n"

func TestAFileIsLookedAtImportedAndTakenOutAgain(t *testing.T) {
	t.Parallel()
	o := open(t)
	at := o.in("/collections/%d/records", o.collection(o.module, register.Main).ID)
	bring := func(query string) client.Imported {
		return read[client.Imported](o.ask(manager, "POST", at+"/import?"+query, table, "Content-Type", "application/octet-stream"), http.StatusOK)
	}
	count := func() int {
		return len(read[client.RecordPage](o.ask(manager, "GET", at, nil), http.StatusOK).Items)
	}
	look := bring("preview=true&name=order.csv")
	if look.Added != 2 || look.Faulty != 1 || len(look.Rows) != 3 || count() != 0 {
		t.Errorf("the preview says %+v and left %d records", look, count())
	}
	done := bring("name=order.csv")
	if done.Added != 2 || done.Faulty != 1 || count() != 2 {
		t.Errorf("the import says %+v and left %d records", done, count())
	}
	if len(done.Rows) != 1 || done.Rows[0].Line != 3 || !strings.Contains(done.Rows[0].Why, "dear") {
		t.Errorf("set aside was %+v, want line 3 for its price", done.Rows)
	}
	if last := done.Columns[3]; last.Column != "Colour" || last.Field != "" {
		t.Errorf("the column of no field became %+v", last)
	}
	if again := bring("by=Asset%20tag"); again.Unchanged != 2 || count() != 2 {
		t.Errorf("the same file again says %+v", again)
	}
	out := o.ask(manager, "GET", at+"/export?field=Name&field=Price&sort=Price", nil)
	if want := "Name,Price\r\n'=1+1,5\r\nLaptop,1200\r\n"; strings.TrimPrefix(out.body, "\ufeff") != want && strings.ReplaceAll(strings.TrimPrefix(out.body, "\ufeff"), "\n", "\r\n") != want {
		t.Errorf("the export is %q, want %q", out.body, want)
	}
	if sheet := o.ask(manager, "GET", at+"/export?format=xlsx", nil); !strings.HasPrefix(sheet.body, "PK") {
		t.Errorf("the sheet begins with %.10q", sheet.body)
	}
	if got := o.ask(colleague, "POST", at+"/import", table, "Content-Type", "application/octet-stream"); got.status != http.StatusForbidden {
		t.Errorf("a collaborator importing is answered %d %s", got.status, got.body)
	}
}

func TestFilesThatCannotBeImportedAreRefused(t *testing.T) {
	t.Parallel()
	o := open(t)
	at := o.in("/collections/%d/records/import", o.collection(o.module, register.Main).ID)
	for name, c := range map[string]struct{ query, file, says string }{
		"nothing":               {"", "", ""},
		"no text":               {"", "\x00\x01\x02", ""},
		"no column with a name": {"", "Shade\nred\n", ""},
		"an unknown field":      {"?by=Shade", table, "query.by"},
	} {
		got := o.ask(manager, "POST", at+c.query, c.file, "Content-Type", "application/octet-stream")
		if got.status/100 != 4 || !strings.Contains(got.body, c.says) {
			t.Errorf("%s is answered %d %s", name, got.status, got.body)
		}
	}
}

func TestLabelsArePrintedOfRecordsOfTheCollection(t *testing.T) {
	t.Parallel()
	o := open(t)
	r := o.plant(o.module, register.Main, "Laptop")
	at := o.in("/collections/%d/records/labels", r.Collection)
	got := o.ask(colleague, "POST", at, client.Labels{Records: []int64{r.ID}})
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix([]byte(got.body), []byte("%PDF")) {
		t.Errorf("labels are answered %d %s %.20q", got.status, got.header.Get("Content-Type"), got.body)
	}
	theirs := o.plant(o.other, register.Main, "Theirs")
	for name, body := range map[string]client.Labels{
		"a record of another account": {Records: []int64{theirs.ID}},
		"no such format":              {Records: []int64{r.ID}, Format: "napkin"},
		"beyond the sheet":            {Records: []int64{r.ID}, Start: 900},
		"no such field":               {Records: []int64{r.ID}, Field: "Shade"},
	} {
		if got := o.ask(colleague, "POST", at, body); got.status != http.StatusNotFound && got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s is answered %d", name, got.status)
		}
	}
}

// What is a user's own no role forbids, so the scope of the token does.
func TestATokenThatOnlyReadsChangesNothingOfItsUsersOwn(t *testing.T) {
	t.Parallel()
	o := open(t)
	all := o.tokenOf(manager)
	session := o.session(manager)
	l, err := o.accounts.FindLogin(t.Context(), account.CommandLine(), manager)
	o.must(err)
	who, err := o.accounts.PrincipalOf(t.Context(), l.ID, "127.0.0.1")
	o.must(err)
	weak, text, err := o.accounts.IssueToken(t.Context(), who, account.NewToken{Name: "reader", Scope: account.TokenReads})
	o.must(err)
	tokens := read[client.List[client.Token]](o.ask(manager, "GET", "/tokens", nil), http.StatusOK).Items
	other := tokens[0].ID + tokens[1].ID - weak.ID
	o.tokens[manager] = text.Reveal()
	views := o.in("/collections/%d/views", o.collection(o.module, register.Main).ID)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"POST", views, client.ViewInput{Name: "Mine", Query: "q=x"}},
		{"DELETE", fmt.Sprintf("/sessions/%d", session), nil},
		{"DELETE", fmt.Sprintf("/tokens/%d", other), nil},
	} {
		if got := o.ask(manager, c.method, c.path, c.body); got.status != http.StatusForbidden {
			t.Errorf("%s %s answers a token that reads %d %s", c.method, c.path, got.status, got.body)
		}
	}
	if got := o.ask(manager, "DELETE", fmt.Sprintf("/tokens/%d", weak.ID), nil); got.status != http.StatusNoContent {
		t.Errorf("a token ending itself is answered %d %s", got.status, got.body)
	}
	o.tokens[manager] = all
	if got := o.ask(manager, "DELETE", fmt.Sprintf("/sessions/%d", session), nil); got.status != http.StatusNoContent {
		t.Errorf("a token that does everything, ending a session, is answered %d %s", got.status, got.body)
	}
}
