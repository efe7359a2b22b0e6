package web_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
)

func TestTheAuditLogIsNarrowed(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	today := time.Now().UTC().Format(time.DateOnly)
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	for _, tt := range []struct{ name, query, has, lacks string }{
		{"nothing asked", "", "Module created", ""},
		{"what was done", "what=login+invited", "Login invited</td>", "Module created</td>"},
		{"whose name begins so", "who=COMMAND", "Module created</td>", "Organization created</td>"},
		{"who is nobody", "who=nobody", "Nothing found", "Module created</td>"},
		{"on what", "on=" + manager, "Login invited</td>", "Account created</td>"},
		{"today", "from=" + today + "&to=" + today, "Module created</td>", ""},
		{"from tomorrow", "from=" + tomorrow, "Nothing found", ""},
	} {
		got := b.get("/audit?" + tt.query)
		if got.status != http.StatusOK || !strings.Contains(got.body, tt.has) || tt.lacks != "" && strings.Contains(got.body, tt.lacks) {
			t.Errorf("%s: %d; want %q and not %q", tt.name, got.status, tt.has, tt.lacks)
		}
	}
	got := b.get("/audit?from=yesterday&who=x")
	if form := formOf(t, got.body, "audit-filter"); got.status != http.StatusUnprocessableEntity || form.Get("from") != "yesterday" || form.Get("who") != "x" {
		t.Errorf("a day that is none: %d, and the form holds %v", got.status, form)
	}
}

func TestTheAuditLogGoesOnOnItsNextPage(t *testing.T) {
	t.Parallel()
	o := open(t)
	for i := range 60 {
		_, err := o.accounts.CreateAccount(t.Context(), account.CommandLine(), fmt.Sprintf("Division %02d", i))
		o.must(err)
	}
	b := o.as(boss)
	path, seen := "/audit?what=account+created", 0
	for pages := 1; ; pages++ {
		page := b.get(path).body
		seen += strings.Count(page, "Account created</td>")
		_, after, more := strings.Cut(page, `<a class="btn mt-3 btn-after" href="`)
		if !more {
			if pages != 2 {
				t.Errorf("%d pages, want 2", pages)
			}
			break
		}
		next, _, _ := strings.Cut(after, `"`)
		path = strings.ReplaceAll(next, "&amp;", "&")
	}
	if seen != 62 {
		t.Errorf("%d accounts made, want 62", seen)
	}
}

func TestTakingACopyOfTheAuditLogIsInIt(t *testing.T) {
	t.Parallel()
	o := open(t)
	_, err := o.accounts.CreateAccount(t.Context(), account.CommandLine(), "=HYPERLINK(1)")
	o.must(err)
	got := o.as(boss).post("/audit/export", "what", "account created")
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || got.status != http.StatusOK || len(rows) != 4 {
		t.Fatalf("the file has %d lines (%d), %v; want a head and three", len(rows), got.status, err)
	}
	if name := rows[1][7]; name != "'=HYPERLINK(1)" {
		t.Errorf("a name that a spreadsheet would calculate is written as %q", name)
	}
	events, err := o.accounts.Events(t.Context(), account.CommandLine(), account.EventQuery{Everything: true, Limit: 1})
	o.must(err)
	if e := events[0]; e.Action != audit.LogExported || e.Actor.Name != boss || len(e.Details) != 1 || e.Details[0].After != "account created" {
		t.Errorf("the log ends with %+v, want that a copy of a part was taken", e.Event)
	}
}

func TestAnExportHoldsNothingOfOtherAccounts(t *testing.T) {
	t.Parallel()
	o := open(t)
	got := o.as(outsider).post("/audit/export")
	if !strings.Contains(got.body, outsider) || strings.Contains(got.body, manager) || strings.Contains(got.body, boss) {
		t.Errorf("the export of another account's module holds: %s", got.body)
	}
	if got := o.as(colleague).post("/audit/export"); got.status != http.StatusForbidden {
		t.Errorf("a collaborator's export: %d, want 403", got.status)
	}
}

func TestTheLogOfEachPlaceThatOneMaySeeCanBeChosen(t *testing.T) {
	t.Parallel()
	o := open(t)
	role, err := o.accounts.Role(t.Context(), o.other.ID, account.ModuleAdmin)
	o.must(err)
	o.must(o.accounts.GrantRole(t.Context(), account.CommandLine(), o.login(manager).ID, account.Grant{Account: o.other.Account, Module: o.other.ID, Role: role.ID}))
	b := o.as(manager) // of two modules of two accounts
	for place, has := range map[string]string{fmt.Sprintf("m%d", o.module.ID): colleague, fmt.Sprintf("m%d", o.other.ID): outsider} {
		page := b.get("/audit?what=login+invited&in=" + place).body
		if !strings.Contains(page, has) || strings.Count(page, "Login invited</td>") > 2 {
			t.Errorf("the log of %s lacks %s, or holds more", place, has)
		}
	}
	for _, place := range []string{fmt.Sprintf("a%d", o.module.Account), "m999", "x"} {
		if got := b.get("/audit?in=" + place); got.status != http.StatusNotFound {
			t.Errorf("the log of %s: %d, want 404", place, got.status)
		}
		if got := b.post("/audit/export", "in", place); got.status != http.StatusNotFound {
			t.Errorf("an export of the log of %s: %d, want 404", place, got.status)
		}
	}
	if page := o.as(boss).get(fmt.Sprintf("/audit?in=a%d", o.other.Account)).body; !strings.Contains(page, outsider) || strings.Contains(page, colleague) {
		t.Error("the log of one account is not that account's alone")
	}
}

func TestDaysOfTheAuditLogAreThoseOfTheViewer(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	// Somewhere it is another day than in UTC at any moment: on the far side of the
	// date line, or just before it.
	zone, ahead := "Pacific/Kiritimati", 14*time.Hour
	if time.Now().UTC().Hour() < 10 {
		zone, ahead = "Pacific/Niue", -11*time.Hour
	}
	utc, there := time.Now().UTC().Format(time.DateOnly), time.Now().UTC().Add(ahead).Format(time.DateOnly)
	at, err := url.Parse(o.url)
	o.must(err)
	b.client.Jar.SetCookies(at, []*http.Cookie{{Name: "muster_zone", Value: zone}})
	if page := b.get("/audit?from=" + there + "&to=" + there).body; !strings.Contains(page, "Module created</td>") {
		t.Errorf("in %s nothing was done on %s", zone, there)
	}
	if page := b.get("/audit?from=" + utc + "&to=" + utc).body; strings.Contains(page, "Module created</td>") {
		t.Errorf("in %s it was done on %s, the day in UTC", zone, utc)
	}
}
