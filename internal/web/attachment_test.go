package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestFilesAreKeptWithARecordAndNeverRun(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("MacBook Air 1")
	b := o.as(manager)
	id := regexp.MustCompile(`href="` + path + `/(\d+)"`).FindStringSubmatch(b.see(http.StatusOK, path))[1]
	at := path + "/" + id
	page := `<html><script>alert(1)</script></html>`
	if got := b.upload(at+"/files", `in"voice<x>.html`, page); got.status != http.StatusSeeOther {
		t.Fatalf("the upload answers %d", got.status)
	}
	record := b.see(http.StatusOK, at)
	file := regexp.MustCompile(`href="(` + at + `/files/\d+)"`).FindStringSubmatch(record)
	if file == nil || !strings.Contains(record, "invoicex.html") {
		t.Fatalf("the record does not list the file:\n%s", record)
	}
	got := b.get(file[1])
	if got.body != page {
		t.Errorf("the file comes back as %q", got.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Content-Disposition": `attachment; filename=invoicex.html`,
	} {
		if have := got.header.Get(name); have != want {
			t.Errorf("%s is %q, want %q", name, have, want)
		}
	}
	if have := got.header.Get("Content-Security-Policy"); !strings.Contains(have, "sandbox") {
		t.Errorf("the file's policy is %q", have)
	}
	if got := o.as(outsider).get(file[1]); got.status != http.StatusNotFound {
		t.Errorf("somebody of another account gets %d", got.status)
	}
	if got := b.upload(at+"/files", "empty.txt", ""); got.status != http.StatusSeeOther || !strings.Contains(b.see(http.StatusOK, got.to), "The file is empty.") {
		t.Error("an empty file is not told")
	}
	b.post(file[1] + "/remove")
	if got := b.get(file[1]); got.status != http.StatusNotFound {
		t.Errorf("a removed file answers %d", got.status)
	}
}
