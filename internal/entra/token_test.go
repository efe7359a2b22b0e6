package entra

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// issuer hands out numbered tokens of an hour, one second each.
type issuer struct {
	issued int
	err    error
}

func (i *issuer) token(context.Context) (grant, error) {
	time.Sleep(time.Second)
	if i.err != nil {
		return grant{}, i.err
	}
	i.issued++
	return grant{strconv.Itoa(i.issued), time.Hour}, nil
}

func TestF57TokenIsRenewedEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		c := newTokenCache(time.Now, i.token)
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "1"}, {54 * time.Minute, "1"}, {2 * time.Minute, "2"}, {54 * time.Minute, "2"}, {3 * time.Hour, "3"}} {
			time.Sleep(step.after)
			if got, err := c.get(t.Context()); err != nil || got != step.want {
				t.Errorf("%v later: token %q, %v, want %q", step.after, got, err, step.want)
			}
		}
	})
}

func TestOneRenewalAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		c := newTokenCache(time.Now, i.token)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				token, err := c.get(t.Context())
				if err != nil {
					t.Error(err)
				}
				if _, err := c.renew(t.Context(), token); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if i.issued != 2 {
			t.Errorf("%d tokens were asked for, want 2: one, and one instead of it", i.issued)
		}
	})
}

func TestOldTokenServesWhenRenewalFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		c := newTokenCache(time.Now, i.token)
		if _, err := c.get(t.Context()); err != nil {
			t.Fatal(err)
		}
		i.err = errs.New(errs.Unavailable, "down")
		time.Sleep(56 * time.Minute)
		if got, err := c.get(t.Context()); err != nil || got != "1" {
			t.Errorf("got %q, %v, want the old token", got, err)
		}
		if _, err := c.renew(t.Context(), "1"); !errors.Is(err, i.err) {
			t.Errorf("a refused token came again: %v", err)
		}
		time.Sleep(5 * time.Minute)
		if _, err := c.get(t.Context()); !errors.Is(err, i.err) {
			t.Errorf("an expired token came: %v", err)
		}
	})
}

func TestWaitingForATokenIsCancellable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		c := newTokenCache(time.Now, i.token)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.get(t.Context()); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.get(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
		wg.Wait()
	})
}
