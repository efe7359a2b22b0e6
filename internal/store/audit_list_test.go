package store_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestAuditPagesComeInTheirOrderFromAnIndex(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		fillAudit(t, db, 5_000)
		if err := db.Exec(t.Context(), `ANALYZE`); err != nil {
			t.Fatal(err)
		}
		for name, q := range map[string]account.EventQuery{
			"everything":              {Everything: true},
			"an account":              {Account: 2},
			"a module":                {Account: 2, Module: 3},
			"one subject":             {Everything: true, SubjectKind: "login", SubjectID: 7},
			"an action":               {Everything: true, Action: audit.RoleGranted},
			"a time":                  {Everything: true, From: auditStart.Add(time.Hour), Until: auditStart.Add(2 * time.Hour)},
			"a time of an account":    {Account: 2, From: auditStart.Add(time.Hour)},
			"an action in a time":     {Everything: true, Action: audit.RoleGranted, From: auditStart.Add(time.Hour)},
			"a subject in an account": {Account: 2, SubjectKind: "login", SubjectID: 7},
		} {
			q.Limit = 50
			plan, err := db.AuditPlan(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text := strings.ToLower(strings.Join(plan, "\n"))
			if !strings.Contains(text, "index") || strings.Contains(text, "sort") || strings.Contains(text, "temp b-tree") {
				t.Errorf("%s is not read from an index in order:\n%s", name, text)
			}
		}
	})
}

func TestAuditActionsAreThoseThatOccur(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if got, err := db.AuditActions(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("of an empty log: %v, %v; want none", got, err)
		}
		fillAudit(t, db, 100)
		got, err := db.AuditActions(t.Context())
		want := []audit.Action{audit.LoginInvited, audit.MappingSaved, audit.RoleGranted}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	})
}

// auditStart is when the log of fillAudit begins; an event a second follows.
var auditStart = time.Unix(1_700_000_000, 0).UTC()

// fillAudit loads events, without a chain, of a thousand people in two accounts.
func fillAudit(t testing.TB, db *store.DB, n int) {
	t.Helper()
	actions := []audit.Action{audit.RoleGranted, audit.LoginInvited, audit.MappingSaved}
	columns := strings.Fields(`at account_id module_id actor_kind actor_id actor_name address action subject_kind subject_id subject_name details chain actor_key subject_key`)
	err := db.BulkInsert(context.Background(), "audit_event", columns, n, func(i int, dst []any) {
		actor, subject := fmt.Sprintf("admin%d@contoso.example", i%7), fmt.Sprintf("person%d@contoso.example", i*7919%1000)
		dst[0], dst[1], dst[2] = auditStart.Add(time.Duration(i)*time.Second).UnixMicro(), int64(1+i%2), int64(1+i%4)
		dst[3], dst[4], dst[5], dst[6] = audit.User, int64(i%7), actor, "192.0.2.1"
		dst[7], dst[8], dst[9], dst[10] = string(actions[i%3]), "login", int64(i*7919%1000), subject
		dst[11], dst[12], dst[13], dst[14] = `[{"name":"role","after":"Collaborator"}]`, make([]byte, 32), actor, subject
	})
	if err != nil {
		t.Fatal(err)
	}
}

var auditEvents = flag.Int("audit-events", 100_000, "how many events the benchmark of the audit log has")

// BenchmarkAuditPage asks for pages of fifty from a large log:
// go test ./internal/store -run none -bench AuditPage -args -audit-events 1000000
func BenchmarkAuditPage(b *testing.B) {
	for name, open := range map[string]func() *store.DB{
		"sqlite":   func() *store.DB { return storetest.SQLite(b) },
		"postgres": func() *store.DB { return storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}) },
	} {
		db := open()
		fillAudit(b, db, *auditEvents)
		must(b, db.Exec(context.Background(), `ANALYZE`))
		middle := auditStart.Add(time.Duration(*auditEvents/2) * time.Second)
		for _, tt := range []struct {
			name string
			q    account.EventQuery
		}{
			{"newest", account.EventQuery{Everything: true}},
			{"middle", account.EventQuery{Everything: true, Before: int64(*auditEvents / 2)}},
			{"account", account.EventQuery{Account: 2, Before: int64(*auditEvents / 2)}},
			{"actor", account.EventQuery{Account: 2, Actor: "admin3@contoso.example"}},
			{"prefix", account.EventQuery{Everything: true, Actor: "admin"}},
			{"subject", account.EventQuery{Account: 2, Subject: "person77@contoso.example"}},
			{"nobody", account.EventQuery{Account: 2, Actor: "nobody"}},
			{"time", account.EventQuery{Account: 2, From: middle, Until: middle.Add(time.Hour), Action: audit.RoleGranted}},
		} {
			tt.q.Limit = 50
			b.Run(name+"/"+tt.name, func(b *testing.B) {
				for b.Loop() {
					_, err := db.AuditEvents(context.Background(), tt.q)
					must(b, err)
				}
			})
		}
	}
}
