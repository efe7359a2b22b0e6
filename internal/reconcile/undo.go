package reconcile

import (
	"slices"

	"github.com/musterhq/muster/internal/datatype"
)

// Inverse returns the change that takes an applied change back, and what has
// to stay because somebody else has written it since. applied is the change as
// it was carried out: with the values that its references became. now is what
// the register holds today of its target, of this target alone.
//
//	applied                  undone by          as long as
//	Add of a record          Archive            each field holds what the run wrote
//	Add of a login           Deactivate         it is open
//	Adopt                    Adopt, Undone      it is linked: see Change.Unlinks
//	Relink                   Relink, Undone     it is linked: see Change.Unlinks
//	Update, Rename, Blank    Update; of a       the field, the name or the email
//	                         login, Rename      holds what the run wrote
//	SetStatus                SetStatus          the status is the one that the run wrote
//	SetRoles                 SetRoles           the mapping's role is the one that the run wrote
//	Deactivate               Reactivate, with   it is closed, and not by hand
//	                         its roles
//	Reactivate of a login    Deactivate, with   it is open
//	                         its roles
//	Reactivate of a record   Archive            it is not archived
//	anything else            nothing
//
// A protected login stays as it is (F76). A field that was pinned since is a
// person's. What is as it was already is neither undone nor listed. The undo
// has NoVerb when there was nothing to do, and is a Skip with the first
// reason when all of it has to stay. A purge date is not brought back; the next
// run knows it.
func Inverse(applied Change, now Current) (undo Change, kept []Issue) {
	if !applied.Verb.Acts() || applied.Verb == Archive {
		return Change{}, nil
	}
	u := undoing{applied: &applied, now: &now, change: Change{
		Entry: applied.Entry, EntryVersion: applied.EntryVersion, EntryBefore: applied.EntryBefore,
		Target: applied.Target, Collection: applied.Collection,
		TargetID: now.ID, TargetVersion: now.Version,
		Mapping: applied.Mapping, Reason: Undone, Name: applied.Name,
	}}
	switch {
	case now.ID == 0 || (applied.TargetID != 0 && applied.TargetID != now.ID):
		u.keep(0, GroundMoved, "no longer linked")
	case applied.Target == Login && now.Login.Protected:
		u.keep(0, ProtectedLogin, "")
	default:
		u.plan()
	}
	if u.change.Verb == NoVerb && len(u.kept) == 0 {
		return Change{}, nil
	}
	if u.change.Verb == NoVerb {
		u.change.Verb, u.change.Reason = Skip, u.kept[0].Reason
	}
	u.change.Issues = u.kept
	return u.change, u.kept
}

// Unlinks reports whether the change takes a link back: an Adopt that was
// undone is free again, and the link of a Relink that was undone belongs to
// EntryBefore again. The fields that followed the link are changes of their own
// and are undone by their own inverse; the name, the email and the roles of a
// login come back with the link. Which status an adopted record had is not
// known: the next run sets it. While the identifier still matches, that run also
// proposes the link again.
func (c *Change) Unlinks() bool {
	return c.Reason == Undone && (c.Verb == Adopt || c.Verb == Relink)
}

// PutsAway reports whether the change takes back what a run had made or opened.
// It stays away until there is news of its subject: see Case.News.
func (c *Change) PutsAway() bool {
	return c.Reason == Undone && (c.Verb == Archive || c.Verb == Deactivate)
}

// undoing is the work on one inverse.
type undoing struct {
	applied *Change
	now     *Current
	change  Change
	kept    []Issue
}

func (u *undoing) keep(field int64, reason Reason, detail string) {
	u.kept = append(u.kept, Issue{Field: field, Reason: reason, Detail: detail})
}

func (u *undoing) plan() {
	switch u.applied.Verb {
	case Add:
		u.add()
	case Adopt, Relink:
		u.change.Verb = u.applied.Verb
		u.nameAndEmail()
		u.roles()
	case Update, Rename, Blank:
		u.values()
	case SetStatus:
		u.status()
	case SetRoles:
		if u.roles(); len(u.change.Roles) > 0 {
			u.change.Verb = SetRoles
		}
	case Deactivate:
		u.reopen()
	case Reactivate:
		if u.applied.Target == Login {
			u.closeAgain()
		} else if !u.now.PutAway {
			u.change.Verb = Archive
		}
	}
}

// add puts away what the run had made, when it still is what the run made.
func (u *undoing) add() {
	if u.applied.Target == Login {
		u.closeAgain()
		return
	}
	u.fields()
	u.change.Fields = nil
	if len(u.kept) == 0 {
		u.change.Verb = Archive
	}
}

func (u *undoing) values() {
	if u.applied.Target == Login {
		u.nameAndEmail()
		if u.change.LoginName != "" || u.change.LoginEmail != "" {
			u.change.Verb = Rename
		}
		return
	}
	u.fields()
	if len(u.change.Fields) > 0 {
		u.change.Verb = Update
	}
}

func (u *undoing) fields() {
	for _, f := range u.applied.Fields {
		held := fieldOf(u.now.Fields, f.Field)
		switch {
		case held == f.Before:
		case f.Ref != nil && f.After.IsEmpty(), held != f.After:
			u.keep(f.Field, GroundMoved, shown(held))
		case containsField(u.now.Pinned, f.Field):
			u.keep(f.Field, PinnedField, shown(held))
		default:
			u.change.Fields = append(u.change.Fields,
				FieldChange{Field: f.Field, Before: f.After, After: f.Before, Source: f.Source})
		}
	}
}

// shown says a value to people.
func shown(v datatype.Value) string {
	if v.IsEmpty() {
		return "now empty"
	}
	return "now " + v.String()
}

func (u *undoing) status() {
	switch u.now.Status {
	case u.applied.StatusBefore:
	case u.applied.Status:
		u.change.Verb = SetStatus
		u.change.Status, u.change.StatusBefore = u.applied.StatusBefore, u.applied.Status
	default:
		u.keep(0, GroundMoved, "status now "+u.now.Status.String())
	}
}

// nameAndEmail gives a login the name and the email back that it had. One that
// had none keeps what it has, since a login cannot be without.
func (u *undoing) nameAndEmail() {
	back := func(held, before, after, what string) string {
		switch {
		case after == "" || held == before:
			return ""
		case held != after:
			u.keep(0, GroundMoved, what+" now "+held)
			return ""
		case before == "":
			u.keep(0, RequiredFieldEmpty, "there was no "+what+" before")
			return ""
		}
		return before
	}
	a, held, ch := u.applied, &u.now.Login, &u.change
	if name := back(held.Name, a.NameBefore, a.LoginName, "name"); name != "" {
		ch.LoginName, ch.NameBefore = name, held.Name
	}
	if email := back(held.Email, a.EmailBefore, a.LoginEmail, "email"); email != "" {
		ch.LoginEmail, ch.EmailBefore = email, held.Email
	}
}

// roles turns each role around that is still the one that the run left. That a
// role given back is an administrator's is not known here, so it is not marked.
func (u *undoing) roles() {
	for _, r := range u.applied.Roles {
		switch roleOf(u.now.Login.Grants, r.Module, r.Mapping) {
		case r.Before:
		case r.After:
			u.change.Roles = append(u.change.Roles,
				RoleChange{Module: r.Module, Mapping: r.Mapping, Before: r.After, After: r.Before})
		default:
			u.keep(0, GroundMoved, "a role was changed")
		}
	}
	sortRoles(u.change.Roles)
}

// reopen undoes a deactivation. A login that was opened meanwhile still gets its
// roles back; one that a person closed stays closed.
func (u *undoing) reopen() {
	if u.now.Login.Deactivated && u.now.Login.ByHand {
		u.keep(0, DeactivatedByHand, "")
		return
	}
	u.roles()
	switch {
	case u.now.Login.Deactivated:
		u.change.Verb = Reactivate
	case len(u.change.Roles) > 0:
		u.change.Verb = SetRoles
	}
}

// closeAgain undoes the opening of a login.
func (u *undoing) closeAgain() {
	if u.now.Login.Deactivated && u.now.Login.ByHand {
		return
	}
	u.roles()
	switch {
	case !u.now.Login.Deactivated:
		u.change.Verb = Deactivate
	case len(u.change.Roles) > 0:
		u.change.Verb = SetRoles
	}
	if slices.ContainsFunc(u.kept, func(i Issue) bool { return i.Reason == GroundMoved }) && u.change.Verb == Deactivate {
		u.change.Verb, u.change.Roles = NoVerb, nil // somebody has given it another role: it is in use
	}
}
