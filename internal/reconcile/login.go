package reconcile

import (
	"fmt"
	"slices"
	"strings"
)

// planLogin plans one subject's login.
//
//	standing               no login      login open               login closed by the sync   closed by hand
//	Live, a role wanted    Add, Adopt…   roles, name, email       Reactivate                 reported only
//	Live, none wanted      Skip          roles taken; none left:  stays closed               stays closed
//	                                     Deactivate
//	Live, undetermined     Skip          nothing                  nothing                    nothing
//	Disabled               Skip          Deactivate               stays closed               stays closed
//	SoftDeleted, Gone      Skip          Deactivate               stays closed               stays closed
//	NotFound               Skip          by the mapping's rule    stays closed               stays closed
//	Unknown, Missing       Skip          nothing                  nothing                    nothing
//
// No row leads from missing data to an open login (F73).
func planLogin(out []Change, c *Case, cur *Current, facts *Facts) []Change {
	w := c.wishes(cur)
	if cur.ID == 0 {
		return c.enterLogin(out, cur, &w)
	}
	switch c.Subject.Standing {
	case Unknown, Missing:
		return out
	case Disabled:
		return c.close(out, cur, &w, DisabledInDirectory, 0)
	case SoftDeleted:
		return c.close(out, cur, &w, DeletedInDirectory, 0)
	case Gone:
		return c.close(out, cur, &w, PurgedInDirectory, 0)
	case NotFound:
		if w.leaveWhenNotFound(cur) {
			return append(out, c.change(cur, Skip, NotFoundInDirectory))
		}
		return c.close(out, cur, &w, NotFoundInDirectory, ClassMissing)
	}
	return c.liveLogin(out, cur, &w, facts)
}

// leaveWhenNotFound reports whether every mapping that gave the login a role
// says to leave it as it is.
func (w *wishes) leaveWhenNotFound(cur *Current) bool {
	leave := false
	for _, g := range cur.Login.Grants {
		if g.Mapping == 0 {
			continue
		}
		for _, d := range slices.Concat(w.in, w.out) {
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

// close plans a deactivation, unless the login is closed or protected (F76).
func (c *Case) close(out []Change, cur *Current, w *wishes, reason Reason, class Class) []Change {
	if cur.Login.Deactivated {
		return out
	}
	ch := c.change(cur, Deactivate, reason)
	ch.Class = ClassDeactivation | class
	ch.Mapping, ch.PurgeAt = w.mappingOf(cur), c.Subject.PurgeAt
	if cur.Login.Protected {
		ch.Verb, ch.Class, ch.Detail = Skip, 0, reason.Sentence()
		ch.Reason = ProtectedLogin
	}
	return append(out, ch)
}

// mappingOf returns the mapping that a life-cycle change is attributed to.
func (w *wishes) mappingOf(cur *Current) int64 {
	for _, g := range cur.Login.Grants {
		if g.Mapping != 0 {
			return g.Mapping
		}
	}
	if len(w.in) > 0 {
		return w.in[0].Mapping
	}
	if len(w.out) > 0 {
		return w.out[0].Mapping
	}
	return 0
}

// enterLogin plans a subject that has no login yet. A local user with the
// same email is never taken over without a person's word (F25).
func (c *Case) enterLogin(out []Change, cur *Current, w *wishes) []Change {
	if len(w.in) == 0 || c.Subject.Standing != Live {
		return append(out, c.staysOut(cur, w))
	}
	first := w.in[0]
	m := firstContact(cur.Candidates)
	ch := c.change(cur, m.verb, m.reason)
	ch.Mapping = first.Mapping
	ch.LoginName, ch.LoginEmail = first.LoginName, first.LoginEmail
	if c.Subject.Guest {
		ch.Class |= ClassGuest
	}
	var held []Grant
	switch m.verb {
	case Conflict:
		ch.Detail = describeCandidates(cur.Candidates)
		return append(out, ch)
	case Add:
		if ch.LoginEmail == "" {
			ch.Verb, ch.Reason = Fail, NoEmail
			return append(out, ch)
		}
	case Relink:
		ch.Class |= ClassRelink
		held = m.candidate.Login.Grants
	case Adopt:
		held = m.candidate.Login.Grants
		if !m.candidate.SameObject {
			ch.Class |= ClassAdoption
			ch.Reason = LoginAdoptionAsked
			ch.LoginEmail = "" // its email stays its own (F25)
		}
	}
	if m.candidate != nil {
		ch.TargetID, ch.TargetVersion = m.candidate.ID, m.candidate.Version
		ch.NameBefore, ch.EmailBefore = m.candidate.Login.Name, m.candidate.Login.Email
	}
	ch.Roles = roleChanges(rolesWanted(w.in), held, w, nil)
	ch.Class |= rolesClass(ch.Roles, m.verb != Add)
	return append(out, ch)
}

// liveLogin plans a login whose person is there and enabled.
func (c *Case) liveLogin(out []Change, cur *Current, w *wishes, facts *Facts) []Change {
	state := &cur.Login
	wanted := rolesWanted(w.in)
	roles := roleChanges(wanted, state.Grants, w, facts.Mappings)
	if len(wanted) == 0 && !w.undetermined && !keepsRole(state.Grants, roles) {
		return c.leaveUnit(out, cur, w, roles)
	}
	if len(w.in) == 0 {
		if len(roles) > 0 && !state.Protected {
			out = append(out, c.rolesChange(cur, w, roles))
		}
		return out
	}
	switch {
	case state.Deactivated && state.ByHand:
		ch := c.change(cur, Skip, DeactivatedByHand)
		ch.Mapping = w.in[0].Mapping
		return append(out, ch)
	case state.Deactivated:
		ch := c.change(cur, Reactivate, Returned)
		ch.Mapping, ch.Roles = w.in[0].Mapping, roles
		ch.Class = rolesClass(roles, true) &^ ClassRoleGain
		out = append(out, ch)
	case len(roles) > 0 && !state.Protected:
		out = append(out, c.rolesChange(cur, w, roles))
	}
	return c.nameChanges(out, cur, w)
}

// leaveUnit plans a login that no mapping wants any more and that holds no
// role given by hand.
func (c *Case) leaveUnit(out []Change, cur *Current, w *wishes, roles []RoleChange) []Change {
	if cur.Login.Deactivated {
		return out
	}
	mapping, why, detail := w.whyOut()
	reason := leaving(why)
	if keep := keepRole(w.out, cur.Login.Grants); keep != nil && !cur.Login.Protected {
		ch := c.change(cur, SetRoles, reason)
		ch.Mapping, ch.Detail, ch.Class = mapping, detail, ClassRoleLoss
		ch.Roles = replaceRoles(roles, keep)
		if unchangedRoles(ch.Roles) {
			return out
		}
		return append(out, ch)
	}
	n := len(out)
	out = c.close(out, cur, w, reason, ClassRoleLoss)
	if len(out) > n {
		out[n].Mapping, out[n].Detail = mapping, detail
		if out[n].Verb == Deactivate {
			out[n].Roles = roles
		}
	}
	return out
}

// keepRole returns the role that a mapping leaves to those who left its unit.
func keepRole(left []*Desired, held []Grant) *RoleWish {
	for _, d := range left {
		if d.KeepWhenOutside.Role == 0 {
			continue
		}
		for _, g := range held {
			if g.Mapping == d.Mapping {
				return &d.KeepWhenOutside
			}
		}
	}
	return nil
}

// replaceRoles turns the first loss into an exchange for the kept role.
func replaceRoles(roles []RoleChange, keep *RoleWish) []RoleChange {
	out := slices.Clone(roles)
	if len(out) > 0 {
		out[0].After = keep.Role
	}
	return out
}

func unchangedRoles(roles []RoleChange) bool {
	for _, r := range roles {
		if r.Before != r.After {
			return false
		}
	}
	return true
}

func (c *Case) rolesChange(cur *Current, w *wishes, roles []RoleChange) Change {
	reason := EnteredUnit
	if rolesClass(roles, true)&ClassRoleLoss != 0 {
		_, why, _ := w.whyOut()
		reason = leaving(why)
		if len(w.out) == 0 && len(w.in) > 0 {
			reason = HigherMapping
		}
	}
	ch := c.change(cur, SetRoles, reason)
	ch.Mapping, ch.Roles, ch.Class = w.mappingOf(cur), roles, rolesClass(roles, true)
	if len(w.in) > 0 {
		ch.Mapping = w.in[0].Mapping
	}
	return ch
}

// nameChanges plans the login's name and email. An email that the directory
// does not know stays as it is.
func (c *Case) nameChanges(out []Change, cur *Current, w *wishes) []Change {
	d := w.in[0]
	ch := c.change(cur, Update, AttributeChanged)
	ch.Mapping = d.Mapping
	if d.LoginName != "" && d.LoginName != cur.Login.Name {
		ch.LoginName, ch.NameBefore = d.LoginName, cur.Login.Name
	}
	if d.LoginEmail != "" && !strings.EqualFold(d.LoginEmail, cur.Login.Email) {
		ch.LoginEmail, ch.EmailBefore = d.LoginEmail, cur.Login.Email
	}
	if ch.LoginName == "" && ch.LoginEmail == "" {
		return out
	}
	ch.Verb, ch.Reason, ch.Class = Rename, Renamed, ClassRename
	return append(out, ch)
}

// rolesWanted returns one wish a module: the first mapping that lets the
// subject in decides.
func rolesWanted(in []*Desired) []wantedRole {
	var out []wantedRole
	for _, d := range in {
		taken := slices.ContainsFunc(out, func(w wantedRole) bool { return w.Module == d.Role.Module })
		if d.Role.Role != 0 && !taken {
			out = append(out, wantedRole{d.Role, d.Mapping})
		}
	}
	return out
}

type wantedRole struct {
	RoleWish
	mapping int64
}

// roleChanges compares wanted roles with the grants that mappings gave. Grants
// by hand are not the sync's; a grant of a mapping that is undetermined stays
// (F4, F6). mappings limits losses to this connection's own mappings (F13); nil
// means that nothing is taken.
func roleChanges(wanted []wantedRole, held []Grant, w *wishes, mappings map[int64]bool) []RoleChange {
	var out []RoleChange
	for _, want := range wanted {
		if slices.ContainsFunc(held, func(g Grant) bool {
			return g.Module == want.Module && g.Mapping == want.mapping && g.Role == want.Role
		}) {
			continue
		}
		out = append(out, RoleChange{
			Module: want.Module, Mapping: want.mapping, After: want.Role,
			Before:        roleOf(held, want.Module, want.mapping),
			Administrator: want.Administrator && !isAdministrator(held, want.Module),
		})
	}
	for _, g := range held {
		if g.Mapping == 0 || w.isUndetermined(g.Mapping) || mappings == nil {
			continue
		}
		if _, ours := mappings[g.Mapping]; !ours {
			continue
		}
		if !slices.ContainsFunc(wanted, func(x wantedRole) bool {
			return x.mapping == g.Mapping && x.Module == g.Module
		}) {
			out = append(out, RoleChange{Module: g.Module, Mapping: g.Mapping, Before: g.Role})
		}
	}
	return out
}

func (w *wishes) isUndetermined(mapping int64) bool {
	return slices.ContainsFunc(w.out, func(d *Desired) bool { return d.Mapping == mapping && d.Undetermined })
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
func rolesClass(roles []RoleChange, existing bool) Class {
	var class Class
	gained, lost := false, false
	for _, r := range roles {
		if r.Administrator {
			class |= ClassAdministrator
		}
		gained = gained || r.After != 0
		lost = lost || r.After == 0
	}
	if existing && gained {
		class |= ClassRoleGain
	}
	if lost && class&ClassAdministrator == 0 {
		class |= ClassRoleLoss
	}
	return class
}

func describeCandidates(candidates []Candidate) string {
	ids := make([]string, len(candidates))
	for i, k := range candidates {
		ids[i] = fmt.Sprintf("#%d", k.ID)
	}
	return strings.Join(ids, ", ")
}
