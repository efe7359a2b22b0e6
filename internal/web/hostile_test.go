package web_test

import (
	"archive/zip"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
)

// hostile is a scene in which everything that has a name has a bad one: typed by
// people, and come from the directory.
func hostile(t *testing.T, name string) (sc *scene, person string) {
	t.Helper()
	sc = stage(t)
	o, ctx, p := sc.o, t.Context(), account.CommandLine()
	main, people := o.collection(register.Main), o.collection(register.People)
	b := o.as(boss)
	object := o.hire(name)
	o.syncAll()
	o.field(people, "Name")
	list, err := o.records.List(ctx, p, register.Query{Account: o.module.Account, Collection: people.ID})
	o.must(err)
	for _, r := range list.Records {
		if r.Title == name {
			person = fmt.Sprintf("/m/%d/c/%d/%d", o.module.ID, people.ID, r.ID)
			sc.fixed["person"] = r.ID
		}
	}
	if person == "" {
		t.Fatal("nobody with that name came from the directory")
	}
	f, err := o.records.AddField(ctx, p, register.Field{Account: o.module.Account, Collection: main.ID, Name: name, Spec: datatype.Spec{Type: datatype.Text}})
	o.must(err)
	asset := o.asset("Name", name, "Serial number", name, f.Name, name)
	sc.fixed["record"], sc.fixed["asset"] = asset.ID, asset.ID
	file, err := o.site.Files.Add(ctx, p, attachment.File{Account: asset.Account, Record: asset.ID, Name: name + ".txt", Type: "text/plain"}, strings.NewReader(name))
	o.must(err)
	sc.fixed["file"] = file.ID
	_, err = o.records.CheckOut(ctx, p, register.CheckOut{Account: asset.Account, Asset: asset.ID, Holder: sc.fixed["person"], Note: name, Due: time.Now().Add(time.Hour)})
	o.must(err)
	role, err := o.accounts.CreateRole(ctx, p, account.Role{Account: o.module.Account, Module: o.module.ID, Name: name, Permissions: []account.Permission{{Action: account.View}}})
	o.must(err)
	sc.fixed["role"] = role.ID
	l, err := o.accounts.Invite(ctx, p, account.Invitation{Email: "hostile@contoso.example", Name: name, Role: role.ID, Account: o.module.Account, Module: o.module.ID})
	o.must(err)
	sc.fixed["login"] = l.ID
	_, _, err = o.accounts.IssueToken(ctx, p, account.NewToken{Name: name, Scope: account.TokenReads, Account: o.module.Account, Module: o.module.ID, Role: role.ID})
	o.must(err)
	auto, err := o.automations.Save(ctx, p, automation.Automation{Account: o.module.Account, Module: o.module.ID, Name: name, On: true, Definition: automation.Definition{
		Trigger: automation.Trigger{Kind: automation.Created}, Actions: []automation.Action{{Do: automation.SetField, Field: f.ID, Value: name}},
	}})
	o.must(err)
	sc.fixed["automation"] = auto.ID
	b.post(fmt.Sprintf("/m/%d/c/%d/views", o.module.ID, main.ID), "name", name)
	b.post("/profile/tokens", "name", name, "scope", "read", "days", "1")
	maps, err := o.work.Mappings(ctx, p, 1)
	o.must(err)
	maps[0].Name = name
	_, err = o.work.SaveMappings(ctx, p, 1, []mapping.Definition{maps[0].Definition})
	o.must(err)
	_, err = o.hr.SoftDelete(object) // a leaver who holds something
	o.must(err)
	o.syncAll()
	for _, rename := range []func() error{
		func() error { _, err := o.records.RenameCollection(ctx, p, main.Account, main.ID, name); return err },
		func() error {
			_, err := o.accounts.RenameModule(ctx, p, o.module.Account, o.module.ID, name)
			return err
		},
		func() error { _, err := o.accounts.RenameAccount(ctx, p, o.module.Account, name); return err },
	} {
		o.must(rename())
	}
	runs, err := o.work.Runs(ctx, p, 1, 1)
	o.must(err)
	sc.fixed["run"] = runs[0].ID
	return sc, person
}

// pages are the addresses of all pages, of the scene's things.
func (sc *scene) pages() []string {
	var out []string
	for _, r := range sc.o.site.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if method != http.MethodGet || r.Public || strings.Contains(path, "second-step") {
			continue
		}
		path = strings.ReplaceAll(path, "{$}", "")
		sc.fixed["module"] = sc.o.module.ID
		for name, id := range sc.fixed {
			path = strings.ReplaceAll(path, "{"+name+"}", fmt.Sprint(id))
		}
		out = append(out, path)
	}
	return out
}

// Names are text wherever they stand: on every page, whole or in part, none is
// taken for an element, an attribute or a script.
func TestScriptInNamesStaysText(t *testing.T) {
	t.Parallel()
	const name = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`
	sc, person := hostile(t, name)
	b := sc.o.as(boss)
	told := 0
	element, handler := regexp.MustCompile(`<script[^>]*>`), regexp.MustCompile(`\son\w+="|="javascript:`)
	for _, path := range append(sc.pages(), person, person+"/edit", "/search?q=script", "/scan?code="+"%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/audit?q=x") {
		page := b.get(path)
		if page.status >= 500 {
			t.Errorf("%s answers %d", path, page.status)
		}
		if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, raw := range []string{"<script>alert", "<img src=x"} {
			if strings.Contains(page.body, raw) {
				t.Errorf("%s holds %s as it was typed", path, raw)
			}
		}
		for _, script := range element.FindAllString(page.body, -1) {
			if !strings.Contains(script, ` src="/static/`) {
				t.Errorf("%s has a script in the page itself: %s", path, script)
			}
		}
		if found := handler.FindString(page.body); found != "" {
			t.Errorf("%s has a script in an attribute: %s", path, found)
		}
		if strings.Contains(html.UnescapeString(page.body), name) {
			told++
		}
	}
	if told < 35 {
		t.Errorf("only %d pages show the name at all", told)
	}
}

// downloads are the addresses of everything that a spreadsheet opens.
func (sc *scene) downloads(person string) []string {
	m := fmt.Sprintf("/m/%d", sc.o.module.ID)
	people := person[:strings.LastIndex(person, "/")]
	main := fmt.Sprintf("%s/c/%d", m, sc.fixed["collection"])
	return []string{
		main + "/export?format=csv", main + "/export?format=xlsx", people + "/export?format=csv", people + "/export?format=xlsx",
		person + "?format=csv", m + "/leavers?format=csv", m + "/overdue?format=csv", fmt.Sprintf("%s/integrations/1/runs/%d?format=csv", m, sc.fixed["run"]),
	}
}

// No cell of anything that can be downloaded is a formula, whoever wrote it.
func TestDownloadsHoldNoFormulas(t *testing.T) {
	t.Parallel()
	const name = `=HYPERLINK("https://evil.example";"x")`
	sc, person := hostile(t, name)
	b := sc.o.as(boss)
	for _, path := range sc.downloads(person) {
		got := b.get(path)
		if strings.HasSuffix(path, "xlsx") {
			noFormulas(t, path, got.body, name)
			continue
		}
		harmlessCells(t, path, got.body, name, !strings.Contains(path, "/overdue"))
	}
	harmlessCells(t, "the audit log", b.post("/audit/export").body, name, true)
	up := b.upload(fmt.Sprintf("/m/%d/c/%d/import", sc.o.module.ID, sc.fixed["collection"]), "x.csv", "Name,Price\n"+strings.ReplaceAll(name, `"`, "")+",cheap\n")
	b.post(up.to, columns(t, b.see(http.StatusOK, up.to), "preview")...)
	b.settled(up.to)
	harmlessCells(t, "the rows that did not fit", b.get(up.to+"/faults").body, "=HYPERLINK(https", true)
}

// harmlessCells fails when a cell would be run, or when the name is in none.
func harmlessCells(t *testing.T, what, text, name string, there bool) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Errorf("%s cannot be read: %v\n%s", what, err, text)
	}
	cells := slices.Concat(rows...)
	for _, cell := range cells {
		if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
			t.Errorf("%s has the cell %q", what, cell)
		}
	}
	if there && !slices.ContainsFunc(cells, func(c string) bool { return strings.Contains(c, name) }) {
		t.Errorf("%s does not have the name at all:\n%s", what, text)
	}
}

// noFormulas fails when a workbook has a cell that is a formula.
func noFormulas(t *testing.T, what, text, name string) {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(&all, r)
		if err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(all.String(), "<f>") || strings.Contains(all.String(), "<f ") {
		t.Errorf("%s has a formula", what)
	}
	if !strings.Contains(html.UnescapeString(all.String()), name) {
		t.Errorf("%s does not have the name at all", what)
	}
}
