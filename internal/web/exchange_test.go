package web_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/sheet"
)

// upload sends a file as a form does and returns where it leads.
func (b *browser) upload(path, name, content string) answer {
	b.o.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	b.o.must(err)
	_, err = io.WriteString(part, content)
	b.o.must(err)
	b.o.must(form.Close())
	req, err := http.NewRequestWithContext(b.o.t.Context(), http.MethodPost, b.o.url+path, &body)
	b.o.must(err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := b.client.Do(req)
	b.o.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	b.o.must(err)
	return answer{resp.StatusCode, resp.Header.Get("Location"), string(text), resp.Header}
}

// settled is a page of an import once the file has been read.
func (b *browser) settled(path string) string {
	b.o.t.Helper()
	for {
		if page := b.see(http.StatusOK, path); !strings.Contains(page, "rows so far") {
			return page
		}
	}
}

// columns are the names and values that the form of the columns would send as it
// stands, with an act.
func columns(t *testing.T, page, act string) []string {
	t.Helper()
	out := []string{"act", act}
	for name, values := range formOf(t, page, "match") {
		for _, v := range values {
			out = append(out, name, v)
		}
	}
	return out
}

func TestAFileIsImportedWithALookBefore(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("MacBook Air 1")
	b := o.as(manager)
	up := b.upload(path+"/import", "assets.csv", "Name;Serial number;Price\nMacBook Air 1;SN100;12\nThinkPad 9;SN900;cheap\nPhone 3;SN300;99\n")
	if up.status != http.StatusSeeOther {
		t.Fatalf("the upload answers %d:\n%s", up.status, up.body)
	}
	page := b.see(http.StatusOK, up.to)
	for _, want := range []string{"Serial number", "SN100", "SN900", "Show what would change"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page that matches columns does not have %q", want)
		}
	}
	b.post(up.to, columns(t, page, "preview")...)
	page = b.settled(up.to)
	for _, want := range []string{"Changed", "Added", "Does not fit", "Price: ", "Phone 3", ">Import<"} {
		if !strings.Contains(page, want) {
			t.Errorf("the preview does not have %q:\n%s", want, page)
		}
	}
	if text := b.see(http.StatusOK, path); !strings.Contains(text, "1 record") {
		t.Error("looking has changed something")
	}
	b.post(up.to, "act", "run")
	if page = b.settled(up.to); !strings.Contains(page, "The file is imported") {
		t.Errorf("the import does not end:\n%s", page)
	}
	if text := b.see(http.StatusOK, path); !strings.Contains(text, "2 records") {
		t.Error("the import did not add what it said")
	}
	faults := b.get(up.to + "/faults")
	if rows, err := csv.NewReader(strings.NewReader(faults.body)).ReadAll(); err != nil || len(rows) != 2 || rows[1][2] != "ThinkPad 9" || !strings.Contains(rows[1][1], "Price") {
		t.Errorf("the rows to mend are %q (%v)", faults.body, err)
	}
	if got := o.as(colleague).get(up.to); got.status != http.StatusNotFound {
		t.Errorf("somebody else's file answers %d", got.status)
	}
}

func TestFilesThatCannotBeImportedSayWhy(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("MacBook Air 1")
	b := o.as(manager)
	for content, want := range map[string]string{
		"": "The file is empty", "Name\n": "no rows", "a\nZo\xeb\n": "not in UTF-8", "PK\x03\x04": "not whole",
	} {
		if got := b.upload(path+"/import", "x.csv", content); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, want) {
			t.Errorf("%q answers %d and does not say %q", content, got.status, want)
		}
	}
	up := b.upload(path+"/import", "x.csv", "Something\nx\n")
	page := b.see(http.StatusOK, up.to)
	if got := b.post(up.to, columns(t, page, "preview")...); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "No column goes to a field") {
		t.Errorf("a file with no known column answers %d", got.status)
	}
	if got := b.get(strings.Replace(path, "/c/", "/imports/", 1) + "/nothing"); got.status != http.StatusNotFound || !strings.Contains(got.body, "Upload it again") {
		t.Errorf("a file that is gone answers %d", got.status)
	}
}

func TestAListIsExportedAsItIsShown(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("MacBook Air 1", "=cmd|x", "ThinkPad 3")
	b := o.as(manager)
	got := b.get(path + "/export?format=csv&q=macbook&cols=")
	if want := "Name\nMacBook Air 1\n"; got.body != want || !strings.Contains(got.header.Get("Content-Disposition"), `filename="Assets.csv"`) {
		t.Errorf("got %q as %s, want %q", got.body, got.header.Get("Content-Disposition"), want)
	}
	if got := b.get(path + "/export?format=csv"); !strings.Contains(got.body, "'=cmd|x") {
		t.Errorf("a formula leaves as it is:\n%s", got.body)
	}
	book := []byte(b.get(path + "/export?format=xlsx").body)
	r, err := sheet.Open(bytes.NewReader(book), int64(len(book)), "")
	o.must(err)
	if head := r.Head(); head[0] != "Name" {
		t.Errorf("the workbook begins with %q", head)
	}
	if got := b.get(path + "/export?format=pdf"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a format that is not there answers %d", got.status)
	}
}
