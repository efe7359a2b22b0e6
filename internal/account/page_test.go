package account_test

import (
	"fmt"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestLoginsComePageByPage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, p := t.Context(), account.CommandLine()
		s := account.NewService(db, nil)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.Setup(ctx, "Contoso", "zoe@contoso.example", secret.New("correct horse battery")))
		role, err := s.Role(ctx, 0, account.OrganizationAdmin)
		must(err)
		for i := range 7 {
			_, err := s.Invite(ctx, p, account.Invitation{Email: fmt.Sprintf("ann%d@contoso.example", i), Name: "Ann", Role: role.ID})
			must(err)
		}
		var got []string
		for after, pages := "", 0; pages < 10; pages++ {
			page, next, err := s.PageLogins(ctx, p, account.LoginQuery{LoginFilter: account.LoginFilter{Text: "ANN"}, After: after, Limit: 3})
			must(err)
			for _, l := range page {
				got = append(got, l.Email)
			}
			if after = next; after == "" {
				break
			}
		}
		if len(got) != 7 || got[0] != "ann0@contoso.example" || got[6] != "ann6@contoso.example" {
			t.Errorf("pages hold %v, want the seven Anns in order", got)
		}
		nobody, next, err := s.PageLogins(ctx, account.Principal{Login: 99}, account.LoginQuery{Limit: 3})
		must(err)
		if len(nobody) != 0 || next != "" {
			t.Errorf("somebody without a role sees %d users", len(nobody))
		}
	})
}
