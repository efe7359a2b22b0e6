package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// planLogin plans one subject's login.
//
//	standing               no login      login open               login closed by the sync   closed by hand
//	Live, a role wanted    Add, Adopt…   roles, name, email       Reactivate                 reported only
//	Live, none wanted      Skip          roles taken; none left:  a role left: Reactivate,   stays closed
//	                                     Deactivate               else stays closed
//	Live, undetermined     Skip          other mappings' roles    stays closed               stays closed
//	Disabled               Skip          Deactivate               stays closed               stays closed
//	SoftDeleted, Gone      Skip          Deactivate               stays closed               stays closed
//	NotFound               Skip          by the mapping's rule    stays closed               stays closed
//	Unknown, Missing       Skip          nothing                  nothing                    nothing
//
// No row leads from missing data to an open login (F73). Protected logins are
// in no row: what would happen to them is reported and nothing more (F76). A role
// is left to somebody outside of all units when it was given by hand, or when
// their mapping leaves one to those outside: disabled and enabled again, they are
// as they were. A login that an undo took back stays closed until there is news.
func planLogin(out []Change, c *Case, cur *Current, facts *Facts) []Change {
	w := c.wishes(cur)
	if cur.ID == 0 {
		return c.enterLogin(out, cur, &w)
	}
	from := len(out)
	out = c.linkedLogin(out, cur, &w, facts)
	if cur.Login.Protected {
		shield(out[from:])
	}
	return out
}

// shield turns what was planned for a protected login into reports of it. It is
// the one place that every change of a linked login passes (F12, F76).
func shield(planned []Change) {
	for i := range planned {
		if ch := &planned[i]; ch.Verb.Acts() {
			ch.Detail = ch.Reason.Sentence()
			ch.Verb, ch.Reason, ch.Class, ch.Roles = Skip, ProtectedLogin, 0, nil
			ch.LoginName, ch.NameBefore, ch.LoginEmail, ch.EmailBefore = "", "", "", ""
		}
	}
}

// linkedLogin plans a login by what is known of its person.
func (c *Case) linkedLogin(out []Change, cur *Current, w *wishes, facts *Facts) []Change {
	switch c.Subject.Standing {
	case Unknown, Missing:
		return out
	case Disabled:
		return c.close(out, cur, w, DisabledInDirectory, 0)
	case SoftDeleted:
		return c.close(out, cur, w, DeletedInDirectory, 0)
	case Gone:
		return c.close(out, cur, w, PurgedInDirectory, 0)
	case NotFound:
		if w.leaveWhenNotFound(cur) {
			return append(out, c.change(cur, Skip, NotFoundInDirectory))
		}
		return c.close(out, cur, w, NotFoundInDirectory, ClassMissing)
	}
	return c.liveLogin(out, cur, w, facts)
}

// leaveWhenNotFound reports whether every mapping that gave the login a role
// says to leave it as it is.
func (w *wishes) leaveWhenNotFound(cur *Current) bool {
	leave := false
	for _, g := range cur.Login.Grants {
		if g.Mapping == 0 {
			continue
		}
		for _, d := range w.all {
			if d.Mapping == g.Mapping {
				if !d.LeaveWhenNotFound {
					return false
				}
				leave = true
			}
		}
	}
	return leave
}

// close plans a deactivation, unless the login is closed already.
func (c *Case) close(out []Change, cur *Current, w *wishes, reason Reason, class Class) []Change {
	if cur.Login.Deactivated {
		return out
	}
	ch := c.change(cur, Deactivate, reason)
	ch.Class = ClassDeactivation | class
	ch.Mapping, ch.PurgeAt = w.mappingOf(cur), c.Subject.PurgeAt
	return append(out, ch)
}

// mappingOf returns the mapping that a life-cycle change is attributed to: the
// first in the order that gave a role, else the first that has a say.
func (w *wishes) mappingOf(cur *Current) int64 {
	for _, d := range w.all {
		if holdsOf(cur.Login.Grants, d.Mapping) {
			return d.Mapping
		}
	}
	if len(w.all) > 0 {
		return w.all[0].Mapping
	}
	return 0
}

func holdsOf(held []Grant, mapping int64) bool {
	return slices.ContainsFunc(held, func(g Grant) bool { return g.Mapping == mapping })
}

// enterLogin plans a subject that has no login yet. A local user with the
// same email is never taken over without a person's word, and keeps its email
// when it is (F25). A protected one is never taken over: signing in with a
// password would be lost with it (F76).
func (c *Case) enterLogin(out []Change, cur *Current, w *wishes) []Change {
	if len(w.in) == 0 || c.Subject.Standing != Live {
		return append(out, c.staysOut(cur, w))
	}
	first := w.in[0]
	m := firstContact(cur.Candidates)
	ch := c.change(cur, m.verb, m.reason)
	ch.Mapping = first.Mapping
	switch {
	case m.verb == Conflict:
		ch.Detail = describeCandidates(cur.Candidates)
		return append(out, ch)
	case m.candidate != nil && m.candidate.Login.Protected:
		ch.Verb, ch.Reason, ch.Detail = Skip, ProtectedLogin, describeCandidates(cur.Candidates)
		return append(out, ch)
	case m.verb == Add && first.LoginEmail == "":
		ch.Verb, ch.Reason = Fail, NoEmail
		return append(out, ch)
	}
	ch.LoginName, ch.LoginEmail = first.LoginName, first.LoginEmail
	ch.Class = c.linkClass(m.verb)
	var held []Grant
	if k := m.candidate; k != nil {
		held = k.Login.Grants
		ch.TargetID, ch.TargetVersion, ch.EntryBefore = k.ID, k.Version, k.LinkedTo
		c.takeOver(&ch, k)
	}
	ch.Roles = roleChanges(rolesWanted(w, held), held, w, nil)
	ch.Class |= rolesClass(ch.Roles, m.verb != Add)
	return append(out, ch)
}

// takeOver completes an Adopt or a Relink of a login: what it says of name and
// email is only what differs.
func (c *Case) takeOver(ch *Change, k *Candidate) {
	if !k.SameObject {
		ch.LoginEmail = ""
		if ch.Verb == Adopt {
			ch.Class |= ClassAdoption
			ch.Reason = LoginAdoptionAsked
		}
	}
	ch.nameAndEmail(&k.Login, ch.LoginName, ch.LoginEmail)
}

// nameAndEmail fills in the name and the email that differ from the login's.
// What the directory does not know stays as it is; the spelling of an email
// counts for nothing (F20).
func (ch *Change) nameAndEmail(held *LoginState, name, email string) {
	ch.LoginName, ch.NameBefore, ch.LoginEmail, ch.EmailBefore = "", "", "", ""
	if name != "" && name != held.Name {
		ch.LoginName, ch.NameBefore = name, held.Name
	}
	if email != "" && !strings.EqualFold(email, held.Email) {
		ch.LoginEmail, ch.EmailBefore = email, held.Email
	}
}

// liveLogin plans a login whose person is there and enabled.
func (c *Case) liveLogin(out []Change, cur *Current, w *wishes, facts *Facts) []Change {
	state := &cur.Login
	roles := roleChanges(rolesWanted(w, state.Grants), state.Grants, w, facts.Mappings)
	if len(w.in) == 0 {
		switch {
		case !w.undetermined && !keepsRole(state.Grants, roles):
			return c.leaveUnit(out, cur, w, roles)
		case !w.undetermined && state.Deactivated && !state.ByHand && !cur.PutAway && len(w.out) > 0:
			ch := c.change(cur, Reactivate, Returned)
			ch.Mapping, ch.Roles, ch.Class = w.mappingOf(cur), roles, rolesClass(roles, true)
			out = append(out, ch)
		case len(roles) > 0:
			out = append(out, c.rolesChange(cur, w, roles))
		}
		return out
	}
	switch {
	case state.Deactivated && state.ByHand:
		ch := c.change(cur, Skip, DeactivatedByHand)
		ch.Mapping = w.in[0].Mapping
		return append(out, ch)
	case cur.PutAway && !c.News:
		return append(out, c.staysAway(cur, w))
	case state.Deactivated:
		ch := c.change(cur, Reactivate, Returned)
		if cur.PutAway {
			ch.Reason = ComesAgain
		}
		ch.Mapping, ch.Roles = w.in[0].Mapping, roles
		ch.Class = rolesClass(roles, true) &^ ClassRoleGain
		out = append(out, ch)
	case len(roles) > 0:
		out = append(out, c.rolesChange(cur, w, roles))
	}
	return c.nameChanges(out, cur, w)
}

// leaveUnit plans a login that no mapping wants any more and that holds no
// role given by hand. Without a mapping that says so, and without a role that
// a removed mapping had given, nothing is known and nothing happens.
func (c *Case) leaveUnit(out []Change, cur *Current, w *wishes, roles []RoleChange) []Change {
	if keep := keepRole(w.out, cur.Login.Grants); keep != nil {
		return c.keepOutside(out, cur, w, roles, keep)
	}
	if cur.Login.Deactivated || (len(w.out) == 0 && len(roles) == 0) {
		return out
	}
	mapping, reason, detail := w.whyLost(roles)
	ch := c.change(cur, Deactivate, reason)
	ch.Mapping, ch.Detail, ch.PurgeAt = mapping, detail, c.Subject.PurgeAt
	ch.Class, ch.Roles = ClassDeactivation|rolesClass(roles, true), roles
	return append(out, ch)
}

// keepOutside plans a login to which its mapping leaves a role outside of the
// units. It is open like any other: closed while its person was disabled, it is
// opened again. By hand closed, it stays so.
func (c *Case) keepOutside(out []Change, cur *Current, w *wishes, roles []RoleChange, keep *Desired) []Change {
	kept := withKeptRole(roles, keep, cur.Login.Grants)
	mapping, reason, detail := w.whyLost(roles)
	switch {
	case cur.Login.Deactivated && (cur.Login.ByHand || cur.PutAway):
		return out
	case cur.Login.Deactivated:
		ch := c.change(cur, Reactivate, Returned)
		ch.Mapping, ch.Roles = keep.Mapping, kept
		if len(kept) > 0 {
			ch.Class = ClassRoleLoss
		}
		return append(out, ch)
	case len(kept) == 0:
		return out
	}
	ch := c.change(cur, SetRoles, reason)
	ch.Mapping, ch.Detail, ch.Class, ch.Roles, ch.PurgeAt = mapping, detail, ClassRoleLoss, kept, c.Subject.PurgeAt
	return append(out, ch)
}

// keepRole returns the mapping that leaves a role to those who left its unit,
// the first in the order among those that gave the login a role.
func keepRole(left []*Desired, held []Grant) *Desired {
	for _, d := range left {
		if d.KeepWhenOutside.Role != 0 && holdsOf(held, d.Mapping) {
			return d
		}
	}
	return nil
}

// withKeptRole turns the loss of a mapping's role into an exchange for the role
// that it leaves. What is exchanged for itself drops out, so that the next run
// finds nothing to do.
func withKeptRole(roles []RoleChange, d *Desired, held []Grant) []RoleChange {
	keep := d.KeepWhenOutside
	kept := RoleChange{
		Module: keep.Module, Mapping: d.Mapping, After: keep.Role,
		Before:        roleOf(held, keep.Module, d.Mapping),
		Administrator: keep.Administrator && !isAdministrator(held, keep.Module),
	}
	out := slices.DeleteFunc(slices.Clone(roles), func(r RoleChange) bool {
		return r.Module == kept.Module && r.Mapping == kept.Mapping
	})
	if kept.Before != kept.After {
		out = append(out, kept)
	}
	return sortRoles(out)
}

// rolesChange plans a change of roles alone. A loss gives the reason, since it
// is what people ask about.
func (c *Case) rolesChange(cur *Current, w *wishes, roles []RoleChange) Change {
	ch := c.change(cur, SetRoles, EnteredUnit)
	ch.Mapping, ch.Roles, ch.Class = w.mappingOf(cur), roles, rolesClass(roles, true)
	if slices.ContainsFunc(roles, func(r RoleChange) bool { return r.After == 0 }) {
		ch.Mapping, ch.Reason, ch.Detail = w.whyLost(roles)
	}
	if len(w.in) > 0 {
		ch.Mapping = w.in[0].Mapping
	}
	return ch
}

// whyLost returns the mapping whose role is lost first, and the reason.
//
//	the mapping that gave it   reason
//	lets the subject in        a higher mapping decides
//	keeps the subject out      its clause
//	is gone                    the mapping was removed
func (w *wishes) whyLost(roles []RoleChange) (mapping int64, reason Reason, detail string) {
	for _, d := range w.all {
		lost := slices.ContainsFunc(roles, func(r RoleChange) bool { return r.Mapping == d.Mapping && r.After == 0 })
		switch {
		case lost && d.Enters:
			return d.Mapping, HigherMapping, ""
		case lost:
			return d.Mapping, leaving(d.why()), d.Detail
		}
	}
	if len(roles) > 0 {
		return roles[0].Mapping, MappingGone, ""
	}
	mapping, reason, detail = w.whyOut()
	return mapping, leaving(reason), detail
}

// nameChanges plans the login's name and email.
func (c *Case) nameChanges(out []Change, cur *Current, w *wishes) []Change {
	d := w.in[0]
	ch := c.change(cur, Rename, Renamed)
	ch.Mapping, ch.Class = d.Mapping, ClassRename
	ch.nameAndEmail(&cur.Login, d.LoginName, d.LoginEmail)
	if ch.LoginName == "" && ch.LoginEmail == "" {
		return out
	}
	return append(out, ch)
}

// rolesWanted returns one wish a module: the first mapping that lets the
// subject in decides. A mapping that is undetermined and has given a role in
// a module keeps its place in the order there, so that an incomplete read of
// the administrators' unit hands nobody a lesser role meanwhile (F4).
func rolesWanted(w *wishes, held []Grant) []wantedRole {
	var out []wantedRole
	for _, d := range w.all {
		if !d.Enters || d.Undetermined || d.Role.Role == 0 {
			continue
		}
		taken := slices.ContainsFunc(out, func(x wantedRole) bool { return x.Module == d.Role.Module })
		if !taken && (!w.frozenAbove(d, held) || roleOf(held, d.Role.Module, d.Mapping) != 0) {
			out = append(out, wantedRole{d.Role, d.Mapping})
		}
	}
	return out
}

// frozenAbove reports whether a mapping before d in the order is undetermined
// and has given a role in d's module.
func (w *wishes) frozenAbove(d *Desired, held []Grant) bool {
	for _, above := range w.all {
		if above == d {
			return false
		}
		if above.Undetermined && roleOf(held, d.Role.Module, above.Mapping) != 0 {
			return true
		}
	}
	return false
}

type wantedRole struct {
	RoleWish
	mapping int64
}

// roleChanges compares wanted roles with the grants that mappings gave, by
// module and mapping. mappings are those of this connection; nil means that
// nothing is taken.
func roleChanges(wanted []wantedRole, held []Grant, w *wishes, mappings map[int64]bool) []RoleChange {
	var out []RoleChange
	for _, want := range wanted {
		before := roleOf(held, want.Module, want.mapping)
		if before == want.Role {
			continue
		}
		out = append(out, RoleChange{
			Module: want.Module, Mapping: want.mapping, Before: before, After: want.Role,
			Administrator: want.Administrator && !isAdministrator(held, want.Module),
		})
	}
	for _, g := range held {
		if !w.mayTake(g, mappings) || slices.ContainsFunc(wanted, func(x wantedRole) bool {
			return x.mapping == g.Mapping && x.Module == g.Module
		}) {
			continue
		}
		out = append(out, RoleChange{Module: g.Module, Mapping: g.Mapping, Before: g.Role})
	}
	return sortRoles(out)
}

// mayTake reports whether there is evidence enough to take a grant back.
//
//	the grant is                                      taken
//	given by hand                                     never
//	of a mapping of another connection                never (F13)
//	of a mapping that was removed                     yes
//	of a mapping that says in or out of this subject  yes, when not wanted
//	of a mapping that is undetermined (F4, F6)        no
//	of a mapping that says nothing of this subject    no
func (w *wishes) mayTake(g Grant, mappings map[int64]bool) bool {
	inForce, ours := mappings[g.Mapping]
	switch {
	case g.Mapping == 0 || !ours:
		return false
	case !inForce:
		return true
	}
	return slices.ContainsFunc(w.all, func(d *Desired) bool { return d.Mapping == g.Mapping && !d.Undetermined }) &&
		!slices.ContainsFunc(w.all, func(d *Desired) bool { return d.Mapping == g.Mapping && d.Undetermined })
}

func sortRoles(roles []RoleChange) []RoleChange {
	slices.SortStableFunc(roles, func(a, b RoleChange) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Mapping, b.Mapping))
	})
	return roles
}

func roleOf(held []Grant, module, mapping int64) int64 {
	for _, g := range held {
		if g.Module == module && g.Mapping == mapping {
			return g.Role
		}
	}
	return 0
}

func isAdministrator(held []Grant, module int64) bool {
	return slices.ContainsFunc(held, func(g Grant) bool { return g.Module == module && g.Administrator })
}

// keepsRole reports whether a grant is left once roles have changed.
func keepsRole(held []Grant, roles []RoleChange) bool {
	lost := 0
	for _, r := range roles {
		if r.After == 0 {
			lost++
		} else {
			return true
		}
	}
	return len(held) > lost
}

// rolesClass classifies role changes for the guard. A new login's roles count
// only when they make an administrator.
//
//	in a module                             gain   loss
//	a role where there was none             yes    no
//	a role taken, none or another instead   -      yes
//	exchanged for one above Collaborator    yes    no: a promotion
func rolesClass(roles []RoleChange, existing bool) Class {
	var class Class
	for _, r := range roles {
		if r.Administrator {
			class |= ClassAdministrator
		}
		if existing && r.After != 0 {
			class |= ClassRoleGain
		}
		if r.Before != 0 && !promotes(roles, r.Module) {
			class |= ClassRoleLoss
		}
	}
	return class
}

func promotes(roles []RoleChange, module int64) bool {
	return slices.ContainsFunc(roles, func(r RoleChange) bool { return r.Module == module && r.Administrator })
}

// describeCandidates names the candidates by number, in ascending order.
func describeCandidates(candidates []Candidate) string {
	ids := make([]int64, len(candidates))
	for i, k := range candidates {
		ids[i] = k.ID
	}
	slices.Sort(ids)
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "#%d", id)
	}
	return b.String()
}
