package account

import (
	"context"
	"time"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// SyncLogin is one login as a sync wants it. What is nil stays as it is.
type SyncLogin struct {
	Login   int64 // its number; of a new one, the number reserved for it
	Create  bool  // needs Tenant, Object and State Active
	Version int64 // expected; 0 for any
	Tenant  string
	Object  directory.ObjectID // zero: as it is; another one takes the login over
	Email   *string
	Name    *string
	State   *State // Active or Deactivated
	Person  *int64
	Grants  []Grant // to hold, each in place of what its key held
	Revokes []GrantKey
	// ReleaseEmail lets somebody else have the email: the user is gone for good
	// (F24). The login has to be deactivated.
	ReleaseEmail bool
}

// SyncOutcome is what became of one SyncLogin.
type SyncOutcome struct {
	Login, Version int64
	Err            error
}

// ApplyBatch does what a sync wants of logins, in the caller's transaction. It
// is the only way by which a sync reaches a login (F12).
//
//	login                     to close    to open     other changes
//	break-glass, last admin   Forbidden   Forbidden   Forbidden
//	closed by hand            stays so    Forbidden   done
//	any other                 done        done        done
//
// A fault of one login is its outcome's error and leaves that login as it was:
// Forbidden as above, Expired when its version is another, NotFound, Invalid.
// What the database refuses fails the whole batch with Conflict: an email or
// object that another login has, or a login changed by hand in this moment. The
// caller then takes the batch back and does its logins one by one.
//
// Which run did it stands in its changes and in the grants; the run's one audit
// event is its caller's.
func (s *Service) ApplyBatch(ctx context.Context, _ audit.Actor, run int64, wants []SyncLogin) (out []SyncOutcome, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		held, err := s.heldBy(ctx, wants)
		if err != nil {
			return err
		}
		var b loginBatch
		b, out = s.sift(wants, held)
		if !b.administrators {
			return s.commit(ctx, run, &b)
		}
		// Who is protected may change until this has the lock: then the check
		// afterwards refuses the batch, and the next attempt knows better.
		return s.keepAdministrator(ctx, func(ctx context.Context) error { return s.commit(ctx, run, &b) })
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// heldBy loads the logins that are to change.
func (s *Service) heldBy(ctx context.Context, wants []SyncLogin) (map[int64]Login, error) {
	ids := make([]int64, 0, len(wants))
	for i := range wants {
		if !wants[i].Create {
			ids = append(ids, wants[i].Login)
		}
	}
	list, err := s.LoadLogins(ctx, ids)
	held := make(map[int64]Login, len(list))
	for _, l := range list {
		held[l.ID] = l
	}
	return held, err
}

// sift parts what may be done from what may not.
func (s *Service) sift(wants []SyncLogin, held map[int64]Login) (loginBatch, []SyncOutcome) {
	b := loginBatch{now: s.now()}
	out := make([]SyncOutcome, len(wants))
	seen := make(map[int64]bool, len(wants))
	for i := range wants {
		w := &wants[i]
		out[i].Login = w.Login
		l, known := held[w.Login]
		err := w.check()
		if err == nil && seen[w.Login] {
			err = errs.New(errs.Conflict, "login %d is asked for twice", w.Login)
		}
		if err == nil && !w.Create {
			err = mayApply(w, &l, known)
		}
		if err != nil {
			out[i].Version, out[i].Err = l.Version, err
			continue
		}
		seen[w.Login] = true
		out[i].Version = b.add(w, l)
	}
	return b, out
}

// check refuses what no sync can mean.
func (w *SyncLogin) check() error {
	switch {
	case w.Create && (w.State == nil || *w.State != Active):
		return errs.New(errs.Invalid, "a new login has to be open for a reason, not by default") // F73
	case w.Create && (w.Tenant == "" || w.Object.IsZero()):
		return errs.New(errs.Invalid, "a new login needs its directory object") // F26
	case !w.Object.IsZero() && w.Tenant == "":
		return errs.New(errs.Invalid, "a directory object needs its tenant")
	case w.Email != nil && EmailKey(*w.Email) == "":
		return errs.New(errs.Invalid, "a login keeps an email") // F30
	case w.State != nil && *w.State != Active && *w.State != Deactivated:
		return errs.New(errs.Invalid, "a sync does not make logins %s", *w.State)
	}
	for _, g := range w.Grants {
		if g.Mapping == 0 || g.Role == 0 {
			return errs.New(errs.Invalid, "a sync gives roles of mappings only")
		}
	}
	for _, k := range w.Revokes {
		if k.Mapping == 0 {
			return errs.New(errs.Forbidden, "a role that a person gave is a person's to take away")
		}
	}
	return nil
}

// mayApply is the choke point for what a sync does to a login that is there.
func mayApply(w *SyncLogin, l *Login, known bool) error {
	closed := l.State == Deactivated
	if w.State != nil {
		closed = *w.State == Deactivated
	}
	switch {
	case !known:
		return errs.New(errs.NotFound, "login %d is gone", w.Login)
	case w.Version != 0 && w.Version != l.Version:
		return errs.New(errs.Expired, "%s was changed since the plan was made", l.Name)
	case l.Protected:
		return errs.New(errs.Forbidden, "%s is the last administrator or a break-glass user, which a sync never touches", l.Name).
			WithHint("Change this user by hand if it is meant.")
	case w.State != nil && *w.State == Active && l.State == Deactivated && l.DeactivatedBy == ByHand:
		return errs.New(errs.Forbidden, "%s was deactivated by hand; only a person reactivates", l.Name)
	case w.adopts(l) && w.Email != nil && EmailKey(*w.Email) != EmailKey(l.Email): // F25
		return errs.New(errs.Invalid, "the email of %s cannot change in the step that takes the user over", l.Name)
	case w.ReleaseEmail && !closed:
		return errs.New(errs.Invalid, "%s is active and keeps the email", l.Name)
	}
	return nil
}

// adopts reports whether a local login becomes the directory's.
func (w *SyncLogin) adopts(l *Login) bool { return l.Object.IsZero() && !w.Object.IsZero() }

// loginBatch collects what is to be written.
type loginBatch struct {
	now     time.Time
	fresh   []Login
	changed []Login
	release []int64
	closed  []int64
	grants  []LoginGrant
	revokes []LoginGrant
	// administrators is set when the batch closes an Organization Admin or
	// takes a role from one.
	administrators bool
}

// add takes a login in and returns its version afterwards.
func (b *loginBatch) add(w *SyncLogin, l Login) int64 {
	for _, g := range w.Grants {
		b.grants = append(b.grants, LoginGrant{w.Login, g})
	}
	for _, k := range w.Revokes {
		b.revokes = append(b.revokes, LoginGrant{w.Login, Grant{Account: k.Account, Module: k.Module, Mapping: k.Mapping}})
	}
	if w.Create {
		l = Login{ID: w.Login, State: Active, CreatedAt: b.now}
		w.fill(&l)
		l.Version, l.UpdatedAt = 1, b.now
		b.fresh = append(b.fresh, l)
		return l.Version
	}
	open, administers := l.State != Deactivated, l.administers()
	password := l.HasPassword && l.Origin == Local
	w.fill(&l)
	l.Version, l.UpdatedAt = l.Version+1, b.now
	b.changed = append(b.changed, l)
	if w.ReleaseEmail {
		b.release = append(b.release, l.ID)
	}
	if open && l.State == Deactivated || password && l.Origin == Directory {
		b.closed = append(b.closed, l.ID)
	}
	if administers && (l.State == Deactivated || len(w.Revokes)+len(w.Grants) > 0) {
		b.administrators = true
	}
	return l.Version
}

// fill puts what the sync wants into a login.
func (w *SyncLogin) fill(l *Login) {
	if !w.Object.IsZero() {
		l.Tenant, l.Object, l.Origin = w.Tenant, w.Object, Directory
	}
	if w.Email != nil {
		l.Email = *w.Email
	}
	if w.Name != nil {
		l.Name = *w.Name
	}
	if w.Person != nil {
		l.Person = *w.Person
	}
	switch {
	case w.State == nil:
	case *w.State == Deactivated:
		l.deactivate(BySync)
	default:
		l.activate()
	}
}

// commit writes a batch.
func (s *Service) commit(ctx context.Context, run int64, b *loginBatch) error {
	if err := s.store.UpdateLogins(ctx, b.changed, b.release); err != nil {
		return err
	}
	if err := s.store.InsertLogins(ctx, b.fresh); err != nil {
		return err
	}
	if err := s.store.Revoke(ctx, b.revokes); err != nil {
		return err
	}
	if err := s.store.Grant(ctx, run, b.now, b.grants); err != nil {
		return err
	}
	return s.close(ctx, b.closed...)
}
