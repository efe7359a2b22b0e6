package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// BenchmarkFindLogins looks for users among a hundred thousand: a page, a page of
// who has a role in a module, and one by a part of a name that only the last has.
func BenchmarkFindLogins(b *testing.B) {
	for name, open := range map[string]func() *store.DB{
		"sqlite":   func() *store.DB { return storetest.SQLite(b) },
		"postgres": func() *store.DB { return storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}) },
	} {
		db, ctx := open(), context.Background()
		role, err := db.CreateRole(ctx, account.Role{Name: "Counter", Account: 1, Module: 1, Scope: account.ModuleWide})
		must(b, err)
		logins := make([]account.Login, bulkRows)
		var grants []account.LoginGrant
		for i := range logins {
			logins[i] = account.Login{ID: int64(i + 1), Email: fmt.Sprintf("p%06d@contoso.example", i), Name: fmt.Sprintf("Person %d", i), State: account.Active, Origin: account.Directory, Version: 1}
			grants = append(grants, account.LoginGrant{Login: int64(i + 1), Grant: account.Grant{Account: 1, Module: int64(1 + i%2), Mapping: 1, Role: role.ID}})
		}
		logins[bulkRows-1].Name = "Zoë O'Brien"
		must(b, db.InsertLogins(ctx, logins))
		must(b, db.Grant(ctx, 1, auditStart, grants))
		must(b, db.Exec(ctx, `ANALYZE`))
		for _, tt := range []struct {
			name string
			f    account.LoginFilter
			want int
		}{
			{"page", account.LoginFilter{}, 50}, {"module", account.LoginFilter{Account: 1, Module: 2}, 50},
			{"name", account.LoginFilter{Account: 1, Module: 2, Text: "o'brien"}, 1},
		} {
			b.Run(name+"/"+tt.name, func(b *testing.B) {
				for b.Loop() {
					_, ids, err := db.LoginsAfter(ctx, "", tt.f, 50)
					if must(b, err); len(ids) != tt.want {
						b.Fatalf("found %d, want %d", len(ids), tt.want)
					}
				}
			})
		}
		b.Run(name+"/count", func(b *testing.B) {
			for b.Loop() {
				_, err := db.CountUsers(ctx, 1, 2)
				must(b, err)
			}
		})
	}
}

func TestLoginsAreFoundByPartsOfNamesAndEmails(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var logins []account.Login
		for i, name := range []string{"Zoë O'Brien", "ÉMILE Zola", "Ann 100% Lee", "bob_by Snake", `Back\slash`, "Straße"} {
			logins = append(logins, account.Login{ID: int64(i + 1), Email: fmt.Sprintf("P%d@contoso.example", i+1), Name: name, State: account.Active, Origin: account.Local, Version: 1})
		}
		must(t, db.InsertLogins(t.Context(), logins))
		for text, want := range map[string][]int64{
			"": {1, 2, 3, 4, 5, 6}, "zoë": {1}, "émile": {2}, "ZO": {1, 2}, "0%": {3}, "b_b": {4}, `k\s`: {5}, "strasse": {6},
			"p3@": {3}, "contoso": {1, 2, 3, 4, 5, 6}, "nobody": nil,
		} {
			_, got, err := db.LoginsAfter(t.Context(), "", account.LoginFilter{Text: text}, 50)
			must(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("%q finds %v, want %v", text, got, want)
			}
		}
	})
}
