package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// token makes an API token.
func (w *world) token(p account.Principal, n account.NewToken) (account.Token, secret.Text) {
	w.t.Helper()
	t, text, err := w.svc.IssueToken(w.t.Context(), p, n)
	w.must(err)
	return t, text
}

// speaks returns the principal of a token, and whether it is taken at all.
func (w *world) speaks(text secret.Text) (account.Principal, bool) {
	w.t.Helper()
	p, _, err := w.svc.PrincipalOfToken(w.t.Context(), text, "192.0.2.7")
	if err != nil && !errs.Is(err, errs.Unauthenticated) {
		w.t.Fatal(err)
	}
	return p, err == nil
}

func TestTokensAllowWhatTheirScopeLeavesOfTheirUser(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		admin := w.principal(w.member("admin@example.com", account.ModuleAdmin, w.north))
		helper := w.principal(w.member("helper@example.com", account.Collaborator, w.north))
		may := func(p account.Principal, a account.Action, m account.Module) bool {
			return p.May(a, m.Account, m.ID, 0) == nil
		}
		for _, tc := range []struct {
			name  string
			whose account.Principal
			scope account.TokenScope
			allow []account.Action
			deny  []account.Action
		}{
			{"an administrator's that reads", admin, account.TokenReads, []account.Action{account.View, account.Export},
				[]account.Action{account.Edit, account.CheckOut, account.ManageUsers, account.ViewAudit, account.ManageIntegrations}},
			{"an administrator's that writes", admin, account.TokenWrites, []account.Action{account.View, account.Edit, account.Delete, account.CheckOut, account.Import},
				[]account.Action{account.ManageUsers, account.ManageIntegrations, account.ApproveRuns}},
			{"an administrator's for everything", admin, account.TokenDoes, []account.Action{account.Edit, account.ManageUsers, account.ApproveRuns},
				[]account.Action{account.ManageAccounts}},
			{"a collaborator's for everything", helper, account.TokenDoes, []account.Action{account.View, account.Edit, account.CheckOut},
				[]account.Action{account.Delete, account.Export, account.ManageUsers}},
		} {
			_, text := w.token(tc.whose, account.NewToken{Name: tc.name, Scope: tc.scope})
			p, ok := w.speaks(text)
			if !ok || p.Login != tc.whose.Login || p.Kind != audit.Token {
				t.Fatalf("%s: %+v, %v", tc.name, p, ok)
			}
			for _, a := range tc.allow {
				if !may(p, a, w.north) {
					t.Errorf("%s does not allow %s", tc.name, a)
				}
			}
			for _, a := range tc.deny {
				if may(p, a, w.north) {
					t.Errorf("%s allows %s", tc.name, a)
				}
			}
			if err := p.May(account.View, w.west.Account, w.west.ID, 0); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s in another account: %v, want NotFound", tc.name, err)
			}
		}
		chief := w.principal(w.login(chief))
		_, text := w.token(chief, account.NewToken{Name: "dashboards", Scope: account.TokenReads})
		if p, _ := w.speaks(text); p.OrganizationAdmin() || p.May(account.View, w.west.Account, w.west.ID, 0) != nil {
			t.Error("a reading token of an Organization Admin reads too little, or administers")
		}
	})
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, l account.Login, tok account.Token){
		"revoked": func(w *world, l account.Login, tok account.Token) {
			w.must(w.svc.RevokeToken(w.t.Context(), w.principal(l), tok.ID))
		},
		"revoked by an administrator": func(w *world, _ account.Login, tok account.Token) {
			w.must(w.svc.RevokeToken(w.t.Context(), w.p, tok.ID))
		},
		"over": func(w *world, _ account.Login, _ account.Token) { w.later(31 * 24 * time.Hour) },
		"closed by the sync": func(w *world, l account.Login, _ account.Token) {
			closed := account.Deactivated
			w.apply(account.SyncLogin{Login: l.ID, State: &closed})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				w := newWorld(t, db)
				l := w.synced("ada@example.com")[0]
				other := w.synced("bob@example.com")[0]
				tok, text := w.token(w.principal(l), account.NewToken{Name: "script", Scope: account.TokenWrites, Days: 30})
				_, others := w.token(w.principal(other), account.NewToken{Name: "script", Scope: account.TokenWrites, Days: 366})
				if _, ok := w.speaks(text); !ok {
					t.Fatal("a fresh token is refused")
				}
				end(w, l, tok)
				if _, ok := w.speaks(text); ok {
					t.Error("the token is still good")
				}
				if _, ok := w.speaks(others); !ok {
					t.Error("somebody else's token ended with it")
				}
			})
		})
	}
}

func TestServicesHaveARoleOfTheirOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		admin := w.principal(w.member("admin@example.com", account.ModuleAdmin, w.north))
		custom, err := w.svc.CreateRole(t.Context(), w.p, account.Role{Account: w.north.Account, Module: w.north.ID, Name: "Reader",
			Permissions: []account.Permission{{Action: account.View}}})
		w.must(err)
		service := account.NewToken{Name: "ERP", Scope: account.TokenDoes, Account: w.north.Account, Module: w.north.ID, Role: custom.ID}
		tok, text := w.token(admin, service)
		p, ok := w.speaks(text)
		if !ok || p.Login != 0 || p.Actor() != (audit.Actor{Kind: audit.Token, ID: tok.ID, Name: "ERP", Address: "192.0.2.7"}) {
			t.Fatalf("the service speaks as %+v, %v", p, ok)
		}
		if p.May(account.View, w.north.Account, w.north.ID, 0) != nil || p.May(account.Edit, w.north.Account, w.north.ID, 0) == nil {
			t.Error("the service has another role than its own")
		}
		for name, n := range map[string]account.NewToken{
			"a role above the own":   {Name: "x", Scope: account.TokenDoes, Account: w.north.Account, Module: w.north.ID, Role: w.roles[account.AccountAdmin]},
			"in another account":     {Name: "x", Scope: account.TokenDoes, Account: w.west.Account, Module: w.west.ID, Role: w.roles[account.Collaborator]},
			"swapped numbers":        {Name: "x", Scope: account.TokenDoes, Account: w.north.Account, Module: w.west.ID, Role: w.roles[account.Collaborator]},
			"a scope that is none":   {Name: "x", Scope: "all", Account: w.north.Account, Module: w.north.ID, Role: custom.ID},
			"for longer than a year": {Name: "x", Scope: account.TokenDoes, Days: 400, Account: w.north.Account, Module: w.north.ID, Role: custom.ID},
			"without a name":         {Name: " ", Scope: account.TokenDoes, Account: w.north.Account, Module: w.north.ID, Role: custom.ID},
		} {
			if _, _, err := w.svc.IssueToken(t.Context(), admin, n); err == nil {
				t.Errorf("%s: a token is made", name)
			}
		}
		if _, _, err := w.svc.IssueToken(t.Context(), p, service); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a token makes a token: %v, want Forbidden", err)
		}
		west := w.principal(w.member("west@example.com", account.AccountAdmin, w.west))
		if err := w.svc.RevokeToken(t.Context(), west, tok.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("an administrator of another account revokes: %v, want NotFound", err)
		}
		if _, err := w.svc.ServiceTokens(t.Context(), west, w.north.Account, w.north.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("an administrator of another account lists: %v, want NotFound", err)
		}
		w.must(w.svc.RemoveRole(t.Context(), w.p, w.north.Account, w.north.ID, custom.ID, 0))
		if _, ok := w.speaks(text); ok {
			t.Error("a service goes on without its role")
		}
	})
}

func TestMadeUpTokensAreRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		_, text := w.token(w.principal(w.login(chief)), account.NewToken{Name: "script", Scope: account.TokenReads})
		good := text.Reveal()
		if !strings.HasPrefix(good, account.TokenPrefix) || len(good) != len(account.TokenPrefix)+48 {
			t.Errorf("a token looks like %d letters", len(good))
		}
		other := byte('a')
		if good[10] == 'a' {
			other = 'b'
		}
		for name, bad := range map[string]string{
			"empty": "", "the prefix": account.TokenPrefix, "without prefix": good[len(account.TokenPrefix):],
			"another letter": good[:10] + string(other) + good[11:], "cut short": good[:len(good)-1], "with more": good + "a",
			"in capitals": strings.ToUpper(good), "a space behind": good + " ",
		} {
			if _, ok := w.speaks(secret.New(bad)); ok {
				t.Errorf("%s: it is taken", name)
			}
		}
		list, err := w.svc.OwnTokens(t.Context(), w.principal(w.login(chief)))
		w.must(err)
		if len(list) != 1 || !list[0].SeenAt.IsZero() {
			t.Errorf("tokens: %+v, want one that was never used", list)
		}
		if _, ok := w.speaks(text); !ok {
			t.Error("the token itself is refused")
		}
		if list, _ = w.svc.OwnTokens(t.Context(), w.principal(w.login(chief))); list[0].SeenAt.IsZero() || list[0].Address != "192.0.2.7" {
			t.Errorf("the use is not noted: %+v", list[0])
		}
	})
}
