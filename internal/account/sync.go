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
	Create  bool
	Version int64 // expected; 0 for any
	Tenant  string
	Object  directory.ObjectID // zero: as it is
	Email   *string
	Name    *string
	State   *State
	Person  *int64
	Grants  []Grant
	Revokes []GrantKey
	// ReleaseEmail lets somebody else have the email: the user is gone for good (F24).
	ReleaseEmail bool
}

// SyncOutcome is what became of one SyncLogin.
type SyncOutcome struct {
	Login, Version int64
	Err            error
}

// ApplyBatch does what a sync wants of logins, in the caller's transaction. A
// fault of one login is its outcome's error and leaves that login as it was; an
// email that is taken fails the whole batch with Conflict.
//
//	login                     asked to close   asked to open      asked to change roles or names
//	break-glass, last admin   Forbidden        Forbidden          Forbidden
//	closed by hand            stays            Forbidden          done
//	any other                 done             done               done
func (s *Service) ApplyBatch(ctx context.Context, _ audit.Actor, run int64, wants []SyncLogin) ([]SyncOutcome, error) {
	out := make([]SyncOutcome, len(wants))
	now := s.now()
	held, err := s.heldBy(ctx, wants)
	if err != nil {
		return nil, err
	}
	batch := loginBatch{now: now}
	for i := range wants {
		w := &wants[i]
		out[i] = SyncOutcome{Login: w.Login, Version: 1}
		if w.Create {
			batch.create(w)
			continue
		}
		l, known := held[w.Login]
		if err := mayApply(w, l, known); err != nil {
			out[i].Err = err
			continue
		}
		batch.change(w, l)
		out[i].Version = l.Version + 1
	}
	return out, s.commit(ctx, run, &batch)
}

// heldBy loads the logins that are to change.
func (s *Service) heldBy(ctx context.Context, wants []SyncLogin) (map[int64]Login, error) {
	var ids []int64
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

// mayApply is the choke point for what a sync does to a login.
func mayApply(w *SyncLogin, l Login, known bool) error {
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
	}
	return nil
}

// loginBatch collects what is to be written.
type loginBatch struct {
	now     time.Time
	fresh   []Login
	changed []Login
	release []int64
	grants  []LoginGrant
	revokes []LoginGrant
}

func (b *loginBatch) create(w *SyncLogin) {
	l := Login{
		ID: w.Login, State: Active, Origin: Directory, Tenant: w.Tenant, Object: w.Object,
		Version: 1, CreatedAt: b.now, UpdatedAt: b.now,
	}
	fill(&l, w)
	b.fresh = append(b.fresh, l)
	b.roles(w)
}

func (b *loginBatch) change(w *SyncLogin, l Login) {
	fill(&l, w)
	if !w.Object.IsZero() {
		l.Tenant, l.Object, l.Origin = w.Tenant, w.Object, Directory
	}
	l.Version, l.UpdatedAt = l.Version+1, b.now
	b.changed = append(b.changed, l)
	if w.ReleaseEmail {
		b.release = append(b.release, l.ID)
	}
	b.roles(w)
}

func fill(l *Login, w *SyncLogin) {
	if w.Email != nil {
		l.Email = *w.Email
	}
	if w.Name != nil {
		l.Name = *w.Name
	}
	if w.Person != nil {
		l.Person = *w.Person
	}
	if w.State == nil {
		return
	}
	if *w.State == Deactivated && l.State != Deactivated {
		l.DeactivatedBy = BySync
	}
	if *w.State == Active {
		l.DeactivatedBy = ""
	}
	l.State = *w.State
}

func (b *loginBatch) roles(w *SyncLogin) {
	for _, g := range w.Grants {
		b.grants = append(b.grants, LoginGrant{w.Login, g})
	}
	for _, k := range w.Revokes {
		b.revokes = append(b.revokes, LoginGrant{w.Login, Grant{Account: k.Account, Module: k.Module, Mapping: k.Mapping}})
	}
}

// commit writes a batch. The last administrator is looked for once more
// afterwards: two may leave in one batch, each with the other still there.
func (s *Service) commit(ctx context.Context, run int64, b *loginBatch) error {
	before, err := s.store.ActiveAdministrators(ctx)
	if err != nil {
		return err
	}
	if err := s.store.InsertLogins(ctx, b.fresh); err != nil {
		return err
	}
	if err := s.store.UpdateLogins(ctx, b.changed, b.release); err != nil {
		return err
	}
	if err := s.store.Revoke(ctx, b.revokes); err != nil {
		return err
	}
	if err := s.store.Grant(ctx, run, b.now, b.grants); err != nil {
		return err
	}
	after, err := s.store.ActiveAdministrators(ctx)
	if err == nil && len(before) > 0 && len(after) == 0 {
		return errs.New(errs.Conflict, "the organization would be left without an administrator").
			WithHint("Give somebody else the role Organization Admin first.")
	}
	return err
}
