package reconcile

import (
	"testing"
)

func TestPlanLogin(t *testing.T) {
	t.Parallel()
	in := loginWish(mapStaff, collaborator)
	out := outside(in, OutsideUnits)
	leave := in
	leave.LeaveWhenNotFound = true
	open := login(grant(mapStaff, collaborator))
	const add = `add login: new_in_directory; name "" to "Ada Byron"; email "" to "ada@example.com"; role in 1 of 11: 0 to 100`
	rows := []struct {
		name     string
		standing Standing
		cur      Current
		wish     Desired
		want     string
	}{
		{"live, role wanted, no login", Live, noLogin(), in, add},
		{"live, role wanted, open", Live, open, in, ``},
		{"live, role wanted, open, no role yet", Live, login(), in, `set_roles login#50: entered_unit; role in 1 of 11: 0 to 100 [role_gains]`},
		{"live, role wanted, closed by the sync", Live, closed(open), in, `reactivate login#50: returned`},
		{"live, role wanted, closed by hand", Live, byHand(open), in, `skip login#50: deactivated_by_hand`},
		{"live, none wanted, no login", Live, noLogin(), out, `skip login: outside_units`},
		{"live, none wanted, open", Live, open, out, `deactivate login#50: left_unit; role in 1 of 11: 100 to 0 [deactivations role_losses]`},
		{"live, none wanted, open, role by hand", Live, login(grant(mapStaff, collaborator), grant(0, viewer)), out,
			`set_roles login#50: left_unit; role in 1 of 11: 100 to 0 [role_losses]`},
		{"live, none wanted, closed by the sync", Live, closed(open), out, ``},
		{"live, none wanted, closed by hand", Live, byHand(open), out, ``},
		{"live, undetermined, no login", Live, noLogin(), undetermined(in), `skip login: unit_not_read_completely`},
		{"live, undetermined, open", Live, open, undetermined(in), ``},
		{"live, undetermined, open, role of a removed mapping", Live, login(grant(mapRemoved, viewer)), undetermined(in),
			`set_roles login#50: mapping_removed; role in 1 of 19: 102 to 0 [role_losses]`},
		{"live, undetermined, closed by the sync", Live, closed(open), undetermined(in), ``},
		{"live, nothing known", Live, login(), recordWish(), ``},
		{"disabled, no login", Disabled, noLogin(), in, `skip login: not_active_in_directory`},
		{"disabled, open", Disabled, open, in, `deactivate login#50: disabled_in_directory [deactivations]`},
		{"disabled, closed by the sync", Disabled, closed(open), in, ``},
		{"disabled, closed by hand", Disabled, byHand(open), in, ``},
		{"soft-deleted, no login", SoftDeleted, noLogin(), in, `skip login: not_active_in_directory`},
		{"soft-deleted, open", SoftDeleted, open, in, `deactivate login#50: deleted_in_directory; purge 2026-06-01 [deactivations]`},
		{"soft-deleted, closed by the sync", SoftDeleted, closed(open), in, ``},
		{"gone, open", Gone, open, in, `deactivate login#50: purged_in_directory [deactivations]`},
		{"gone, closed by the sync", Gone, closed(open), in, ``},
		{"not found, no login", NotFound, noLogin(), in, `skip login: not_active_in_directory`},
		{"not found, open, deactivate", NotFound, open, in, `deactivate login#50: not_found_in_directory [deactivations missing]`},
		{"not found, open, leave as it is", NotFound, open, leave, `skip login#50: not_found_in_directory`},
		{"not found, closed by the sync", NotFound, closed(open), in, ``},
		{"unknown, no login", Unknown, noLogin(), in, `skip login: account_enabled_unknown`},
		{"unknown, open", Unknown, open, in, ``},
		{"unknown, closed by the sync", Unknown, closed(open), in, ``},
		{"missing, no login", Missing, noLogin(), in, `skip login: missing_from_listing`},
		{"missing, open", Missing, open, in, ``},
		{"missing, closed by the sync", Missing, closed(open), in, ``},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, planOf(r.standing, r.cur, r.wish), r.want)
		})
	}
}

func TestEnterLogin(t *testing.T) {
	t.Parallel()
	in := loginWish(mapStaff, collaborator)
	nameless := in
	nameless.LoginEmail = ""
	local := LoginState{Name: "Ada", Email: "ADA@example.com", Grants: []Grant{grant(0, moduleAdmin)}}
	guarded := local
	guarded.Protected = true
	rows := []struct {
		name string
		cur  Current
		wish Desired
		want string
	}{
		{"no email to sign in with", noLogin(), nameless, `fail login: no_email_for_login`},
		{"two candidates", noLogin(Candidate{ID: 52}, Candidate{ID: 51}), in, `conflict login: several_matches`},
		{"a local user", noLogin(Candidate{ID: 51, Login: local}), in,
			`adopt login#51: login_adoption_needs_approval; name "Ada" to "Ada Byron"; role in 1 of 11: 0 to 100 [role_gains adoptions]`},
		{"a user who has signed in with this object ID", noLogin(Candidate{ID: 51, SameObject: true, Login: local}), in,
			`adopt login#51: matched_by_identifier; name "Ada" to "Ada Byron"; role in 1 of 11: 0 to 100 [role_gains]`},
		{"a protected local user", noLogin(Candidate{ID: 51, Login: guarded}), in, `skip login: protected_login`},
		{"a protected user with this object ID", noLogin(Candidate{ID: 51, SameObject: true, Login: guarded}), in, `skip login: protected_login`},
		{"the login of somebody who has gone", noLogin(Candidate{ID: 51, LinkedTo: 9, Other: Gone, Login: local}), in,
			`relink login#51: matched_by_identifier; name "Ada" to "Ada Byron"; role in 1 of 11: 0 to 100 [role_gains relinks]`},
		{"an administrator from the start", noLogin(), loginWish(mapAdmins, moduleAdmin),
			`add login: new_in_directory; name "" to "Ada Byron"; email "" to "ada@example.com"; role in 1 of 10: 0 to 101 [administrators]`},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, planOf(Live, r.cur, r.wish), r.want)
		})
	}
}

func TestRolesByOrderOfMappings(t *testing.T) {
	t.Parallel()
	admins, staff := loginWish(mapAdmins, moduleAdmin), loginWish(mapStaff, collaborator)
	elsewhere := loginWish(mapOther, viewer)
	elsewhere.Role.Module = module2
	rows := []struct {
		name   string
		cur    Current
		wishes []Desired
		want   string
	}{
		{"the first mapping decides in a module", login(), []Desired{admins, staff},
			`set_roles login#50: entered_unit; role in 1 of 10: 0 to 101 [role_gains administrators]`},
		{"another order, another role", login(), []Desired{staff, admins},
			`set_roles login#50: entered_unit; role in 1 of 11: 0 to 100 [role_gains]`},
		{"each module on its own", login(grant(mapAdmins, moduleAdmin)), []Desired{admins, elsewhere},
			`set_roles login#50: entered_unit; role in 2 of 12: 0 to 102 [role_gains]`},
		{"promoted", login(grant(mapStaff, collaborator)), []Desired{admins, staff},
			`set_roles login#50: higher_mapping_decides; role in 1 of 10: 0 to 101; role in 1 of 11: 100 to 0 [role_gains administrators]`},
		{"demoted", login(grant(mapAdmins, moduleAdmin)), []Desired{outside(admins, OutsideUnits), staff},
			`set_roles login#50: left_unit; role in 1 of 10: 101 to 0; role in 1 of 11: 0 to 100 [role_gains role_losses]`},
		{"the role of the mapping was edited", login(grant(mapStaff, viewer)), []Desired{staff},
			`set_roles login#50: entered_unit; role in 1 of 11: 102 to 100 [role_gains role_losses]`},
		{"promoted here, demoted there", login(grant(mapStaff, collaborator), Grant{Module: module2, Mapping: mapOther, Role: viewer}),
			[]Desired{admins, staff, outside(elsewhere, OutsideConditions)},
			`set_roles login#50: higher_mapping_decides; role in 1 of 10: 0 to 101; role in 1 of 11: 100 to 0; role in 2 of 12: 102 to 0 [role_gains role_losses administrators]`},
		{"an undetermined mapping above keeps its place", login(grant(mapAdmins, moduleAdmin)), []Desired{undetermined(admins), staff}, ``},
		{"an undetermined mapping above that gave nothing does not block", login(), []Desired{undetermined(admins), staff},
			`set_roles login#50: entered_unit; role in 1 of 11: 0 to 100 [role_gains]`},
		{"both held while the upper is undetermined", login(grant(mapAdmins, moduleAdmin), grant(mapStaff, collaborator)),
			[]Desired{undetermined(admins), staff}, ``},
		{"a removed mapping", login(grant(mapStaff, collaborator), grant(mapRemoved, viewer)), []Desired{staff},
			`set_roles login#50: mapping_removed; role in 1 of 19: 102 to 0 [role_losses]`},
		{"a mapping in force that says nothing of this person", login(grant(mapStaff, collaborator), grant(mapOther, viewer)), []Desired{staff}, ``},
		{"the reason is that of the mapping that gave the role", login(grant(mapStaff, collaborator)),
			[]Desired{outside(admins, OutsideUnits), outside(staff, OutsideConditions)},
			`deactivate login#50: no_longer_matches_conditions; role in 1 of 11: 100 to 0 [deactivations role_losses]`},
		{"a mapping without a role never closes", login(), []Desired{{Mapping: mapStaff, Target: Login, Enters: true}}, ``},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, planOf(Live, r.cur, r.wishes...), r.want)
		})
	}
}

func TestKeepWhenOutside(t *testing.T) {
	t.Parallel()
	keep := func(d Desired, module, role int64) Desired {
		d.KeepWhenOutside = RoleWish{Module: module, Role: role}
		return outside(d, OutsideUnits)
	}
	admins := keep(loginWish(mapAdmins, moduleAdmin), module1, collaborator)
	other := loginWish(mapOther, viewer)
	other.Role.Module = module2
	rows := []struct {
		name   string
		cur    Current
		wishes []Desired
		want   string
	}{
		{"exchanged", login(grant(mapAdmins, moduleAdmin)), []Desired{admins},
			`set_roles login#50: left_unit; role in 1 of 10: 101 to 100 [role_losses]`},
		{"kept already", login(grant(mapAdmins, collaborator)), []Desired{admins}, ``},
		{"kept by the mapping that says so, whatever comes first",
			login(grant(mapStaff, collaborator), Grant{Module: module2, Mapping: mapOther, Role: moduleAdmin}),
			[]Desired{outside(loginWish(mapStaff, collaborator), OutsideUnits), keep(other, module2, viewer)},
			`set_roles login#50: left_unit; role in 1 of 11: 100 to 0; role in 2 of 12: 101 to 102 [role_losses]`},
		{"kept in another module", login(grant(mapAdmins, moduleAdmin)), []Desired{keep(loginWish(mapAdmins, moduleAdmin), module2, viewer)},
			`set_roles login#50: left_unit; role in 1 of 10: 101 to 0; role in 2 of 10: 0 to 102 [role_losses]`},
		{"the mapping gave nothing", login(grant(mapRemoved, viewer)), []Desired{admins},
			`deactivate login#50: mapping_removed; role in 1 of 19: 102 to 0 [deactivations role_losses]`},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, planOf(Live, r.cur, r.wishes...), r.want)
		})
	}
}

func TestNotFoundAsksEveryMappingThatGaveARole(t *testing.T) {
	t.Parallel()
	leave, shut := loginWish(mapAdmins, moduleAdmin), loginWish(mapStaff, collaborator)
	leave.LeaveWhenNotFound = true
	cur := login(grant(mapAdmins, moduleAdmin), grant(mapStaff, collaborator))
	check(t, planOf(NotFound, cur, leave, shut), `deactivate login#50: not_found_in_directory [deactivations missing]`)
	check(t, planOf(NotFound, login(grant(mapAdmins, moduleAdmin)), leave, shut), `skip login#50: not_found_in_directory`)
	check(t, planOf(NotFound, login(grant(0, viewer)), leave), `deactivate login#50: not_found_in_directory [deactivations missing]`)
}

func TestLoginNameAndEmail(t *testing.T) {
	t.Parallel()
	wish := loginWish(mapStaff, collaborator)
	state := func(name, email string) Current {
		cur := login(grant(mapStaff, collaborator))
		cur.Login.Name, cur.Login.Email = name, email
		return cur
	}
	silent := wish
	silent.LoginName, silent.LoginEmail = "", ""
	check(t, planOf(Live, state("Ada Byron", "a.byron@example.com"), wish),
		`rename login#50: renamed; email "a.byron@example.com" to "ada@example.com" [renames]`)
	check(t, planOf(Live, state("A. Byron", "ada@example.com"), wish), `rename login#50: renamed; name "A. Byron" to "Ada Byron" [renames]`)
	check(t, planOf(Live, state("A. Byron", "a.byron@example.com"), silent), ``)
}
