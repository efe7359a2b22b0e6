package account_test

import (
	"bytes"
	"encoding/base32"
	"errors"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// guarded is a world with a user who has switched the second step on.
type guarded struct {
	*world
	who    account.Principal
	shared []byte
	codes  []string
}

const pass = "correct horse battery"

func newGuarded(t *testing.T, db *store.DB) *guarded {
	t.Helper()
	g := &guarded{world: newWorld(t, db)}
	keys, err := secret.NewKeyring(bytes.Repeat([]byte{7}, 32))
	g.must(err)
	g.svc.SealWith(keys)
	g.who = g.principal(g.member("ann@example.com", account.Collaborator, g.north))
	e, err := g.svc.BeginSecondStep(t.Context(), g.who)
	g.must(err)
	g.shared, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Text)
	g.must(err)
	g.codes, err = g.svc.ConfirmSecondStep(t.Context(), g.who, e.Sealed, g.code(0))
	g.must(err)
	return g
}

// code is the app's code so many steps from now.
func (g *guarded) code(steps int64) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return account.CodeAt(g.shared, g.at, steps)
}

// enter signs in with the password and a code.
func (g *guarded) enter(code string) (account.Principal, error) {
	g.t.Helper()
	_, err := g.svc.SignIn(g.t.Context(), "ann@example.com", secret.New(pass), "192.0.2.1")
	asked, ok := errors.AsType[*account.SecondStepAsked](err)
	if !ok || !errs.Is(err, errs.Unauthenticated) {
		g.t.Fatalf("the password alone: %v, want the second step asked for", err)
	}
	return g.svc.FinishSignIn(g.t.Context(), asked.Login, code, "192.0.2.1")
}

func TestASecondStepIsAskedForAfterThePassword(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g, ctx := newGuarded(t, db), t.Context()
		if _, err := g.svc.SignIn(ctx, "ann@example.com", secret.New("wrong horse battery"), ""); errors.As(err, new(*account.SecondStepAsked)) {
			t.Error("a wrong password learns that there is a second step")
		}
		_, err := g.enter(g.code(0))
		want(t, "the code that switched it on, again", err, errs.Unauthenticated)
		_, err = g.enter("000000")
		want(t, "a guess", err, errs.Unauthenticated)
		_, err = g.enter("")
		want(t, "nothing", err, errs.Unauthenticated)
		next := g.code(1)
		if p, err := g.enter(next[:3] + " " + next[3:]); err != nil || p.Login != g.who.Login {
			t.Errorf("the next code, with a space: %+v, %v", p, err)
		}
		_, err = g.enter(next)
		want(t, "the same code again", err, errs.Unauthenticated)

		if len(g.codes) != 10 {
			t.Fatalf("%d recovery codes, want 10", len(g.codes))
		}
		if _, err := g.enter(strings.ToUpper(strings.ReplaceAll(g.codes[3], "-", " "))); err != nil {
			t.Errorf("a recovery code, typed anyhow: %v", err)
		}
		_, err = g.enter(g.codes[3])
		want(t, "the recovery code again", err, errs.Unauthenticated)
		if on, left, err := g.svc.SecondStepState(ctx, g.who); !on || left != 9 || err != nil {
			t.Errorf("on %v with %d codes left, %v; want 9", on, left, err)
		}
		g.must(g.svc.Deactivate(ctx, g.p, g.who.Login))
		_, err = g.svc.FinishSignIn(ctx, g.who.Login, g.codes[4], "")
		want(t, "somebody deactivated between the steps", err, errs.Unauthenticated)
	})
}

func TestSwitchingTheSecondStepOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g, ctx := newGuarded(t, db), t.Context()
		want(t, "without the password", g.svc.RemoveSecondStep(ctx, g.who, secret.New("a guess")), errs.Forbidden)
		other := g.principal(g.member("mod@example.com", account.ModuleAdmin, g.north))
		want(t, "by a module's administrator", g.svc.ResetSecondStep(ctx, other, g.who.Login), errs.Forbidden)
		g.must(g.svc.RemoveSecondStep(ctx, g.who, secret.New(pass)))
		if _, err := g.svc.SignIn(ctx, "ann@example.com", secret.New(pass), ""); err != nil {
			t.Errorf("the password alone, afterwards: %v", err)
		}
		want(t, "off again", g.svc.RemoveSecondStep(ctx, g.who, secret.New(pass)), errs.NotFound)
		_, err := g.svc.FinishSignIn(ctx, g.who.Login, g.codes[0], "")
		want(t, "an old recovery code", err, errs.Unauthenticated)
	})
}

func TestASecondStepIsSetUpByItsOwner(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, storetest.SQLite(t))
	ctx := t.Context()
	e, err := g.svc.BeginSecondStep(ctx, g.who)
	g.must(err)
	if _, err := g.svc.ShowSecondStep(ctx, g.who, e.Sealed); err != nil {
		t.Errorf("showing it again: %v", err)
	}
	_, err = g.svc.ConfirmSecondStep(ctx, g.who, e.Sealed, "123456")
	want(t, "a wrong code", err, errs.Invalid)
	other := g.principal(g.member("ben@example.com", account.Collaborator, g.north))
	_, err = g.svc.ConfirmSecondStep(ctx, other, e.Sealed, "123456")
	want(t, "somebody else's set-up", err, errs.Invalid)
	_, err = g.svc.BeginSecondStep(ctx, g.principal(g.synced("eve@example.com")[0]))
	want(t, "a user of the directory", err, errs.Conflict)
	kept, err := g.db.SecondStep(ctx, g.who.Login)
	g.must(err)
	if bytes.Contains(kept.Sealed, g.shared) {
		t.Error("the shared secret is stored as it is")
	}
}

func TestSecondStepsAreSealedAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g, ctx := newGuarded(t, db), t.Context()
		ring := func(keys ...byte) *secret.Keyring {
			var raw [][]byte
			for _, k := range keys {
				raw = append(raw, bytes.Repeat([]byte{k}, 32))
			}
			k, err := secret.NewKeyring(raw...)
			g.must(err)
			return k
		}
		g.svc.SealWith(ring(8, 7))
		for _, want := range []int{1, 0} {
			if n, err := g.svc.Reseal(ctx); n != want || err != nil {
				t.Errorf("sealed anew: %d, %v; want %d", n, err, want)
			}
		}
		g.svc.SealWith(ring(8))
		if _, err := g.enter(g.code(1)); err != nil {
			t.Errorf("with the new key alone: %v", err)
		}
	})
}
