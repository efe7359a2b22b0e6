package account_test

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// An administrator of North asks for what is West's, by every use case with a
// principal. Each answers as if it were not there, and nothing of West changes.
func TestAccountsAreIsolated(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		mine := w.member("head@example.com", account.AccountAdmin, w.north)
		p := w.principal(mine)
		theirs := w.member("west@example.com", account.ModuleAdmin, w.west)
		both := w.member("both@example.com", account.Collaborator, w.north)
		w.member("both@example.com", account.ModuleAdmin, w.west)
		inWest := account.Grant{Account: w.west.Account, Module: w.west.ID, Role: w.roles[account.Collaborator]}
		custom, err := w.svc.CreateRole(t.Context(), w.p, account.Role{Account: w.west.Account, Module: w.west.ID, Name: "Driver", Permissions: []account.Permission{{Action: account.View}}})
		w.must(err)
		before, err := w.svc.ListLogins(t.Context(), w.p)
		w.must(err)

		for name, ask := range map[string]func(ctx context.Context) error{
			"CreateModule": func(ctx context.Context) error {
				_, err := w.svc.CreateModule(ctx, p, w.west.Account, "Mine", nil)
				return err
			},
			"FindModule": func(ctx context.Context) error { _, _, err := w.svc.FindModule(ctx, p, "West", "Vehicles"); return err },
			"RolesIn": func(ctx context.Context) error {
				_, err := w.svc.RolesIn(ctx, p, w.west.Account, w.west.ID)
				return err
			},
			"RolesIn swapped": func(ctx context.Context) error {
				_, err := w.svc.RolesIn(ctx, p, w.north.Account, w.west.ID)
				return err
			},
			"CreateRole": func(ctx context.Context) error {
				_, err := w.svc.CreateRole(ctx, p, account.Role{Account: w.west.Account, Module: w.west.ID, Name: "X", Permissions: custom.Permissions})
				return err
			},
			"CreateRole swapped": func(ctx context.Context) error {
				_, err := w.svc.CreateRole(ctx, p, account.Role{Account: w.north.Account, Module: w.west.ID, Name: "X", Permissions: custom.Permissions})
				return err
			},
			"Login":     func(ctx context.Context) error { _, err := w.svc.Login(ctx, p, theirs.ID); return err },
			"FindLogin": func(ctx context.Context) error { _, err := w.svc.FindLogin(ctx, p, theirs.Email); return err },
			"Invite": func(ctx context.Context) error {
				_, err := w.svc.Invite(ctx, p, account.Invitation{Email: "new@example.com", Account: w.west.Account, Module: w.west.ID, Role: inWest.Role})
				return err
			},
			"Invite swapped": func(ctx context.Context) error {
				_, err := w.svc.Invite(ctx, p, account.Invitation{Email: "new@example.com", Account: w.north.Account, Module: w.west.ID, Role: inWest.Role})
				return err
			},
			"GrantRole of theirs": func(ctx context.Context) error { return w.svc.GrantRole(ctx, p, both.ID, inWest) },
			"GrantRole to theirs": func(ctx context.Context) error { return w.svc.GrantRole(ctx, p, theirs.ID, here(w)) },
			"GrantRole their role": func(ctx context.Context) error {
				g := here(w)
				g.Role = custom.ID
				return w.svc.GrantRole(ctx, p, both.ID, g)
			},
			"RevokeRole": func(ctx context.Context) error {
				return w.svc.RevokeRole(ctx, p, theirs.ID, account.GrantKey{Account: w.west.Account, Module: w.west.ID})
			},
			"RevokeRole of a shared user": func(ctx context.Context) error {
				return w.svc.RevokeRole(ctx, p, both.ID, account.GrantKey{Account: w.west.Account, Module: w.west.ID})
			},
			"Deactivate":           func(ctx context.Context) error { return w.svc.Deactivate(ctx, p, theirs.ID) },
			"Deactivate the chief": func(ctx context.Context) error { return w.svc.Deactivate(ctx, p, w.login(chief).ID) },
			"Reactivate":           func(ctx context.Context) error { return w.svc.Reactivate(ctx, p, theirs.ID) },
			"Events": func(ctx context.Context) error {
				_, err := w.svc.Events(ctx, p, account.EventQuery{Account: w.west.Account})
				return err
			},
		} {
			want(t, name, ask(t.Context()), errs.NotFound)
		}
		for name, err := range map[string]error{
			"CreateAccount":              onlyErr(w.svc.CreateAccount(t.Context(), p, "Mine")),
			"SetBreakGlass":              w.svc.SetBreakGlass(t.Context(), p, theirs.ID, true),
			"ResetPassword":              w.svc.ResetPassword(t.Context(), p, theirs.Email, secret.New("correct horse battery")),
			"VerifyAudit":                onlyErr(w.svc.VerifyAudit(t.Context(), p)),
			"Events of the organization": onlyErr(w.svc.Events(t.Context(), p, account.EventQuery{})),
			"Events of everything":       onlyErr(w.svc.Events(t.Context(), p, account.EventQuery{Account: w.north.Account, Everything: true})),
			"Deactivate a user of both":  w.svc.Deactivate(t.Context(), p, both.ID),
		} {
			want(t, name, err, errs.Forbidden)
		}
		after, err := w.svc.ListLogins(t.Context(), w.p)
		w.must(err)
		if !reflect.DeepEqual(before, after) {
			t.Errorf("something changed:\n%+v\n%+v", before, after)
		}
	})
}

func onlyErr[T any](_ T, err error) error { return err }

func here(w *world) account.Grant {
	return account.Grant{Account: w.north.Account, Module: w.north.ID, Role: w.roles[account.Collaborator]}
}

// What lists show to an administrator of North has nothing of West in it.
func TestListsLeaveOtherAccountsOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.principal(w.member("head@example.com", account.AccountAdmin, w.north))
		w.member("west@example.com", account.ModuleAdmin, w.west)
		w.member("both@example.com", account.Collaborator, w.north)
		w.member("both@example.com", account.ModuleAdmin, w.west)
		logins, err := w.svc.ListLogins(t.Context(), p)
		w.must(err)
		if len(logins) != 2 {
			t.Errorf("got %+v, want two users", logins)
		}
		for _, l := range logins {
			for _, g := range l.Grants {
				if g.Account != w.north.Account {
					t.Errorf("%s shows the role %+v", l.Email, g)
				}
			}
		}
		tree, err := w.svc.Tree(t.Context(), p)
		w.must(err)
		if len(tree) != 1 || tree[0].ID != w.north.Account || len(tree[0].Modules) != 1 {
			t.Errorf("got %+v, want North alone", tree)
		}
		for _, m := range []account.Module{w.north, w.west} {
			_, err := w.svc.CreateRole(t.Context(), w.p, account.Role{Account: m.Account, Module: m.ID, Name: "Of " + m.Name, Permissions: []account.Permission{{Action: account.View}}})
			w.must(err)
		}
		roles, err := w.svc.RolesIn(t.Context(), p, w.north.Account, w.north.ID)
		w.must(err)
		var names []string
		for _, r := range roles {
			names = append(names, r.Name)
		}
		if want := []string{account.AccountAdmin, account.ModuleAdmin, account.Collaborator, "Of IT"}; !slices.Equal(names, want) {
			t.Errorf("roles %v, want %v", names, want)
		}
		events, err := w.svc.Events(t.Context(), p, account.EventQuery{Account: w.north.Account, Limit: 1000})
		w.must(err)
		for _, e := range events {
			if e.Account != w.north.Account {
				t.Errorf("got the event %+v", e)
			}
		}
		if len(events) == 0 {
			t.Error("got no event of the own account")
		}
	})
}
