package account_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// counter makes a role of the north module.
func (w *world) counter() account.Role {
	w.t.Helper()
	r, err := w.svc.CreateRole(w.t.Context(), w.p, account.Role{Account: w.north.Account, Module: w.north.ID, Name: "Counter", Permissions: []account.Permission{{Action: account.Edit}}})
	w.must(err)
	return r
}

// invited gives a role in the north module to somebody.
func (w *world) invited(email string, role int64) account.Login {
	w.t.Helper()
	l, err := w.svc.Invite(w.t.Context(), w.p, account.Invitation{Email: email, Account: w.north.Account, Module: w.north.ID, Role: role})
	w.must(err)
	return l
}

func TestACustomRoleIsChanged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r := w.counter()
		r.Name, r.Permissions = "Auditor", []account.Permission{{Action: account.Export}}
		r, err := w.svc.ChangeRole(ctx, w.p, r)
		w.must(err)
		stored, err := w.svc.Role(ctx, w.north.ID, "Auditor")
		if err != nil || stored.ID != r.ID || stored.Allows(account.Edit, 1) || !stored.Allows(account.Export, 1) || !stored.Allows(account.View, 1) || stored.Administrator() {
			t.Errorf("the role is %+v, %v; want Auditor, to export and view", stored, err)
		}
		events, err := w.svc.Events(ctx, w.p, account.EventQuery{Everything: true, Limit: 1})
		w.must(err)
		details := []audit.Detail{{Name: "name", Before: "Counter", After: "Auditor"}, {Name: "permissions", Before: "edit, view in all collections", After: "export, view in all collections"}}
		if e := events[0]; e.Action != audit.RoleChanged || !slices.Equal(e.Details, details) {
			t.Errorf("the log says %+v, want %v", e.Event, details)
		}
		edit := func(change func(*account.Role)) error {
			r := r
			change(&r)
			_, err := w.svc.ChangeRole(ctx, w.p, r)
			return err
		}
		for _, tt := range []struct {
			name   string
			change func(*account.Role)
			kind   errs.Kind
		}{
			{"a name of Muster's own", func(r *account.Role) { r.Name = "collaborator" }, errs.Conflict},
			{"an administrator's right", func(r *account.Role) { r.Permissions = []account.Permission{{Action: account.ManageUsers}} }, errs.Invalid},
			{"nothing allowed", func(r *account.Role) { r.Permissions = nil }, errs.Invalid},
			{"a role of Muster's own", func(r *account.Role) { r.ID = w.roles[account.Collaborator] }, errs.NotFound},
			{"in another module", func(r *account.Role) { r.Account, r.Module = w.west.Account, w.west.ID }, errs.NotFound},
		} {
			want(t, tt.name, edit(tt.change), tt.kind)
		}
	})
}

func TestARoleIsRemovedWhenNobodyHasItOrTheyGetAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r := w.counter()
		ann := w.invited("ann@example.com", r.ID)
		remove := func(to int64) error { return w.svc.RemoveRole(ctx, w.p, w.north.Account, w.north.ID, r.ID, to) }
		want(t, "somebody has it", remove(0), errs.Conflict)
		want(t, "another one that reaches further", remove(w.roles[account.AccountAdmin]), errs.Invalid)
		want(t, "itself", remove(r.ID), errs.Invalid)
		mapped := account.LoginGrant{Login: ann.ID, Grant: account.Grant{Account: w.north.Account, Module: w.north.ID, Mapping: 7, Role: r.ID}}
		w.must(db.Grant(ctx, 1, w.now(), []account.LoginGrant{mapped}))
		if h, err := w.svc.RoleHolders(ctx, w.p, w.north.Account, w.north.ID, r.ID); err != nil || h != (account.Holders{ByHand: 1, Mapped: 1}) {
			t.Errorf("the role is held by %+v, %v", h, err)
		}
		want(t, "a mapping gives it", remove(w.roles[account.Collaborator]), errs.Conflict)
		w.must(db.Revoke(ctx, []account.LoginGrant{mapped}))
		w.must(remove(w.roles[account.Collaborator]))
		now, err := w.svc.Login(ctx, w.p, ann.ID)
		if err != nil || len(now.Grants) != 1 || now.Grants[0].RoleName != account.Collaborator || now.Grants[0].By != w.p.Name || now.Version != ann.Version+1 {
			t.Errorf("whoever had it is %+v, %v; want a Collaborator, a version further", now, err)
		}
		want(t, "twice", remove(0), errs.NotFound)
	})
}

func TestAGrantTellsWhoGaveItAndWhen(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ann := w.invited("ann@example.com", w.roles[account.Collaborator])
		if g := ann.Grants[0]; g.By != "command line" || g.At.IsZero() || g.At.After(w.now()) {
			t.Errorf("the role was given by %q at %v", g.By, g.At)
		}
	})
}

func TestUsersAreFoundByNameStateOriginAndRole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r := w.counter()
		w.invited("ann@example.com", r.ID)
		w.invited("ben@example.com", w.roles[account.Collaborator])
		_, err := w.svc.Invite(ctx, w.p, account.Invitation{Email: "zoe@example.com", Name: "Zoë Ångström", Account: w.west.Account, Module: w.west.ID, Role: w.roles[account.AccountAdmin]})
		w.must(err)
		w.must(w.svc.Deactivate(ctx, w.p, w.login("ben@example.com").ID))
		here := account.LoginFilter{Account: w.north.Account, Module: w.north.ID}
		for _, tt := range []struct {
			name string
			f    account.LoginFilter
			want string
		}{
			{"all", account.LoginFilter{}, "ann ben chief zoe"},
			{"a part of a name, in any case", account.LoginFilter{Text: "åNG"}, "zoe"},
			{"a part of an email", account.LoginFilter{Text: "n@EX"}, "ann ben"},
			{"a state", account.LoginFilter{State: account.Deactivated}, "ben"},
			{"an origin", account.LoginFilter{Origin: account.Directory}, ""},
			{"a role", account.LoginFilter{Role: r.ID}, "ann"},
			{"in a module, roles from above too", here, "ann ben chief"},
			{"in a module of an account whose administrator", account.LoginFilter{Account: w.west.Account, Module: w.west.ID}, "chief zoe"},
		} {
			var names []string
			for after := ""; ; {
				page, next, err := w.svc.PageLogins(ctx, w.p, account.LoginQuery{LoginFilter: tt.f, After: after, Limit: 1})
				w.must(err)
				for _, l := range page {
					name, _, _ := strings.Cut(l.Email, "@")
					names = append(names, name)
				}
				if after = next; after == "" {
					break
				}
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("%s: found %q, want %q", tt.name, got, tt.want)
			}
		}
		if n, err := w.svc.CountUsers(ctx, w.p, w.north.Account, w.north.ID); err != nil || n != 3 {
			t.Errorf("the module has %d users, %v; want 3", n, err)
		}
	})
}
