package account_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestInvitation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		invite := func(email, role string, m account.Module) (account.Login, error) {
			return w.svc.Invite(t.Context(), w.p, account.Invitation{Email: email, Name: "Ann", Account: m.Account, Module: m.ID, Role: w.roles[role]})
		}
		ann, err := invite(" Ann.O'Brien@Example.com", account.Collaborator, w.north)
		w.must(err)
		if ann.State != account.Invited || ann.Email != "Ann.O'Brien@Example.com" || ann.Name != "Ann" || len(ann.Grants) != 1 || ann.Grants[0].RoleName != account.Collaborator {
			t.Errorf("got %+v", ann)
		}
		_, err = w.svc.PrincipalOf(t.Context(), ann.ID, "")
		want(t, "an invited user who signs in", err, errs.Unauthenticated)

		again, err := invite("ann.o'brien@example.COM", account.ModuleAdmin, w.west)
		w.must(err)
		if again.ID != ann.ID || len(again.Grants) != 2 || again.Grants[0].RoleName != account.ModuleAdmin {
			t.Errorf("a second invitation: got %+v, want the same user with two roles", again)
		}
		w.must(w.svc.ResetPassword(t.Context(), w.p, ann.Email, secret.New("correct horse battery")))
		if l := w.login(ann.Email); l.State != account.Active || !l.HasPassword {
			t.Errorf("after the first password: %+v, want an active user", l)
		}
		_, err = invite("not an email", account.Collaborator, w.north)
		want(t, "no email", err, errs.Invalid)
		_, err = invite("", account.Collaborator, w.north)
		want(t, "an empty email", err, errs.Invalid)
		_, err = w.svc.Invite(t.Context(), w.p, account.Invitation{Email: "x@example.com", Account: w.north.Account, Module: w.north.ID, Role: 999})
		want(t, "no role", err, errs.NotFound)
		_, err = w.svc.Invite(t.Context(), w.p, account.Invitation{Email: "x@example.com", Account: w.north.Account, Module: w.west.ID, Role: w.roles[account.Collaborator]})
		want(t, "a module of another account", err, errs.NotFound)
		_, err = w.svc.FindLogin(t.Context(), w.p, "x@example.com")
		want(t, "whom a failed invitation made", err, errs.NotFound)
	})
}

func TestDeactivationByHandLastsUntilAPersonEndsIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ann := w.synced("ann@example.com")[0]
		w.must(w.svc.Deactivate(t.Context(), w.p, ann.ID))
		got := w.login(ann.Email)
		if got.State != account.Deactivated || got.DeactivatedBy != account.ByHand || !slices.Equal(w.closed, []int64{ann.ID}) {
			t.Errorf("got %+v, closed %v; want it deactivated by hand and its sessions ended", got, w.closed)
		}
		out := w.apply(account.SyncLogin{Login: ann.ID, State: ptr(account.Active)})
		want(t, "a sync that opens it", out[0].Err, errs.Forbidden)
		for _, o := range w.apply(account.SyncLogin{Login: ann.ID, State: ptr(account.Deactivated)}) {
			w.must(o.Err)
		}
		if got := w.login(ann.Email); got.DeactivatedBy != account.ByHand {
			t.Errorf("a sync that closes it too makes it closed by %s, want by hand still", got.DeactivatedBy)
		}
		w.must(w.svc.Reactivate(t.Context(), w.p, ann.ID))
		if got := w.login(ann.Email); got.State != account.Active || got.DeactivatedBy != "" {
			t.Errorf("got %+v, want it active", got)
		}
	})
}

func TestDeactivatingByHandWhatASyncClosed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ann := w.synced("ann@example.com")[0]
		w.must(w.apply(account.SyncLogin{Login: ann.ID, State: ptr(account.Deactivated)})[0].Err)
		w.must(w.svc.Deactivate(t.Context(), w.p, ann.ID))
		want(t, "a sync that opens it", w.apply(account.SyncLogin{Login: ann.ID, State: ptr(account.Active)})[0].Err, errs.Forbidden)
	})
}

func TestReactivatingAnInvitedUserDoesNotLetThemIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		l, err := w.svc.Invite(t.Context(), w.p, account.Invitation{Email: "ann@example.com", Account: w.north.Account, Module: w.north.ID, Role: w.roles[account.Collaborator]})
		w.must(err)
		w.must(w.svc.Deactivate(t.Context(), w.p, l.ID))
		want(t, "a password for a deactivated user", w.svc.ResetPassword(t.Context(), w.p, l.Email, secret.New("correct horse battery")), errs.Conflict)
		w.must(w.svc.Reactivate(t.Context(), w.p, l.ID))
		if got := w.login(l.Email); got.State != account.Invited {
			t.Errorf("got %s, want invited as before", got.State)
		}
	})
}

// F76: the last active Organization Admin stays, whatever is tried.
func TestF76TheLastAdministratorStaysByHand(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		boss := w.login(chief)
		w.must(w.svc.SetBreakGlass(t.Context(), w.p, boss.ID, false))
		want(t, "deactivating the last one", w.svc.Deactivate(t.Context(), w.p, boss.ID), errs.Conflict)
		want(t, "taking the last one's role", w.svc.RevokeRole(t.Context(), w.p, boss.ID, account.GrantKey{}), errs.Conflict)
		if len(w.closed) != 0 && w.login(chief).State != account.Active {
			t.Error("the refusal left something behind")
		}
		invited, err := w.svc.Invite(t.Context(), w.p, account.Invitation{Email: "two@example.com", Role: w.roles[account.OrganizationAdmin]})
		w.must(err)
		want(t, "deactivating the last active one beside one invited", w.svc.Deactivate(t.Context(), w.p, boss.ID), errs.Conflict)
		w.must(w.svc.ResetPassword(t.Context(), w.p, invited.Email, secret.New("correct horse battery")))
		w.must(w.svc.Deactivate(t.Context(), w.p, boss.ID))
		want(t, "deactivating the other one", w.svc.Deactivate(t.Context(), w.p, invited.ID), errs.Conflict)
		w.must(w.svc.Reactivate(t.Context(), w.p, boss.ID))
		w.must(w.svc.RevokeRole(t.Context(), w.p, boss.ID, account.GrantKey{}))
		if got := w.login(chief); len(got.Grants) != 0 {
			t.Errorf("got %+v, want no role left", got.Grants)
		}
	})
}

// Another administrator locks no break-glass user out, nor does their token: the
// mark has to be taken away first. Attempts are in the audit log.
func TestBreakGlassUsersStayByHand(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db), t.Context()
		other := w.principal(w.member("other@example.com", account.OrganizationAdmin, account.Module{}))
		glass := w.login(chief)
		here := account.Grant{Account: w.north.Account, Module: w.north.ID, Role: w.roles[account.ModuleAdmin]}
		w.must(w.svc.GrantRole(ctx, w.p, glass.ID, here))
		lower := here
		lower.Role = w.roles[account.Collaborator]
		for what, attempt := range map[audit.Action]func() error{
			audit.LoginDeactivated: func() error { return w.svc.Deactivate(ctx, other, glass.ID) },
			audit.RoleRevoked:      func() error { return w.svc.RevokeRole(ctx, other, glass.ID, account.GrantKey{}) },
			audit.RoleGranted:      func() error { return w.svc.GrantRole(ctx, other, glass.ID, lower) },
		} {
			want(t, string(what), attempt(), errs.Conflict)
			events, err := w.svc.Events(ctx, w.p, account.EventQuery{Everything: true, Limit: 1})
			w.must(err)
			e := events[0]
			if e.Action != audit.AdministratorKept || e.Actor.Name != other.Name || e.SubjectID != glass.ID || e.Details[0].After != string(what) {
				t.Errorf("after an attempt at %s the log says %+v", what, e)
			}
		}
		if got := w.login(chief); got.State != account.Active || len(got.Grants) != 2 || slices.Contains(w.closed, glass.ID) {
			t.Errorf("an attempt left something behind: %+v", got)
		}
		w.must(w.svc.SetBreakGlass(ctx, other, glass.ID, false))
		w.must(w.svc.GrantRole(ctx, other, glass.ID, lower))
		w.must(w.svc.Deactivate(ctx, other, glass.ID))
	})
}

// F25: who is managed by the directory has no password here, unless break-glass.
func TestF25PasswordsOfDirectoryUsers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		good := secret.New("correct horse battery")
		ann := w.synced("ann@example.com")[0]
		want(t, "a password for a user of the directory", w.svc.ResetPassword(t.Context(), w.p, ann.Email, good), errs.Conflict)
		w.must(w.svc.SetBreakGlass(t.Context(), w.p, ann.ID, true))
		w.must(w.svc.ResetPassword(t.Context(), w.p, ann.Email, good))
		if _, err := w.svc.SignIn(t.Context(), ann.Email, good, ""); err != nil {
			t.Errorf("break-glass: %v", err)
		}
		if l := w.login(ann.Email); !l.Protected {
			t.Error("a break-glass user is not protected")
		}
		w.closed = nil
		w.must(w.svc.SetBreakGlass(t.Context(), w.p, ann.ID, false))
		if l := w.login(ann.Email); l.HasPassword || l.Protected || !slices.Equal(w.closed, []int64{ann.ID}) {
			t.Errorf("after break-glass: %+v, closed %v; want no password and no session", l, w.closed)
		}
	})
}

func TestRolesGivenByHand(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ann := w.synced("ann@example.com")[0]
		place := account.Grant{Account: w.north.Account, Module: w.north.ID, Role: w.roles[account.Collaborator]}
		w.must(w.svc.GrantRole(t.Context(), w.p, ann.ID, place))
		place.Role = w.roles[account.ModuleAdmin]
		w.must(w.svc.GrantRole(t.Context(), w.p, ann.ID, place))
		got := w.login(ann.Email)
		if len(got.Grants) != 2 || got.Grants[0].RoleName != account.ModuleAdmin || got.Grants[0].Mapping != 0 || got.Grants[1].Mapping != 1 {
			t.Errorf("got %+v, want the better role in place of the first, beside the mapping's", got.Grants)
		}
		if got.Version == ann.Version {
			t.Error("a plan that was made before would not notice the role")
		}
		want(t, "taking a mapping's role", w.svc.RevokeRole(t.Context(), w.p, ann.ID, got.Grants[1].Key()), errs.Conflict)
		w.must(w.svc.RevokeRole(t.Context(), w.p, ann.ID, got.Grants[0].Key()))
		want(t, "taking it twice", w.svc.RevokeRole(t.Context(), w.p, ann.ID, got.Grants[0].Key()), errs.NotFound)

		// An Account Admin's role holds for the account, whatever module is named.
		place.Role = w.roles[account.AccountAdmin]
		w.must(w.svc.GrantRole(t.Context(), w.p, ann.ID, place))
		if g := w.login(ann.Email).Grants[0]; g.Module != 0 || g.Account != w.north.Account {
			t.Errorf("got %+v, want it on the whole account", g)
		}
		if p := w.principal(ann); p.May(account.ManageAccounts, w.north.Account, 0, 0) != nil {
			t.Error("an Account Admin may not make modules")
		}
	})
}

// Nobody gives what reaches further than the own rights.
func TestNobodyGivesMoreThanTheyManage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		admin := w.principal(w.member("admin@example.com", account.ModuleAdmin, w.north))
		head := w.principal(w.member("head@example.com", account.AccountAdmin, w.north))
		member := w.member("member@example.com", account.Collaborator, w.north)
		plain := w.principal(member)
		for _, tt := range []struct {
			name string
			p    account.Principal
			role string
			kind errs.Kind
		}{
			{"module admin, own kind", admin, account.ModuleAdmin, errs.Internal},
			{"module admin, account", admin, account.AccountAdmin, errs.Forbidden},
			{"module admin, organization", admin, account.OrganizationAdmin, errs.Forbidden},
			{"account admin, own kind", head, account.AccountAdmin, errs.Internal},
			{"account admin, organization", head, account.OrganizationAdmin, errs.Forbidden},
			{"collaborator", plain, account.Collaborator, errs.Forbidden},
		} {
			err := w.svc.GrantRole(t.Context(), tt.p, member.ID, account.Grant{Account: w.north.Account, Module: w.north.ID, Role: w.roles[tt.role]})
			if tt.kind == errs.Internal {
				if err != nil {
					t.Errorf("%s: %v", tt.name, err)
				}
				continue
			}
			want(t, tt.name, err, tt.kind)
		}
		roles, err := w.svc.RolesIn(t.Context(), admin, w.north.Account, w.north.ID)
		w.must(err)
		if len(roles) != 2 || roles[0].Name != account.ModuleAdmin {
			t.Errorf("a Module Admin is offered %+v, want the two roles that reach no further", roles)
		}
		want(t, "a Module Admin who makes a break-glass user", w.svc.SetBreakGlass(t.Context(), admin, member.ID, true), errs.Forbidden)
		want(t, "a Module Admin who sets a password", w.svc.ResetPassword(t.Context(), admin, chief, secret.New("correct horse battery")), errs.Forbidden)
	})
}

func TestWhatPeopleDoIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		admin := w.principal(w.member("admin@example.com", account.ModuleAdmin, w.north))
		ann := w.member("ann@example.com", account.Collaborator, w.north)
		seen := func() []audit.Entry {
			all, err := w.svc.Events(t.Context(), w.p, account.EventQuery{Everything: true})
			w.must(err)
			return all
		}
		before := len(seen())
		w.must(w.svc.Deactivate(t.Context(), admin, ann.ID))
		w.must(w.svc.Deactivate(t.Context(), admin, ann.ID)) // nothing left to do: no event
		want(t, "a refusal", w.svc.Deactivate(t.Context(), w.p, w.login(chief).ID), errs.Conflict)
		all := seen()
		if len(all) != before+2 {
			t.Fatalf("%d new events, want 2", len(all)-before)
		}
		if e := all[0]; e.Action != audit.AdministratorKept || e.SubjectName != chief {
			t.Errorf("of the refusal the log says %+v", e)
		}
		e := all[1]
		if e.Action != audit.LoginDeactivated || e.Actor != admin.Actor() || e.Actor.Address != "192.0.2.1" || e.SubjectID != ann.ID ||
			e.Account != w.north.Account || !slices.Equal(e.Details, []audit.Detail{{Name: "state", Before: "active", After: "deactivated"}}) {
			t.Errorf("got %+v", e)
		}
		page, err := w.svc.Events(t.Context(), w.p, account.EventQuery{Everything: true, Before: e.ID, Limit: 2})
		w.must(err)
		if len(page) != 2 || page[0].ID >= e.ID {
			t.Errorf("the next page: %+v", page)
		}
		found, err := w.svc.VerifyAudit(t.Context(), w.p)
		if err != nil || !found.Intact() || found.Events != int64(len(all)) {
			t.Errorf("got %+v, %v; want %d events, all right", found, err, len(all))
		}
	})
}
