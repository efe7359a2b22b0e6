package entra

import (
	"context"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// earlyRenewal is how long before its end a token is replaced. Lives are 60 to
// 90 minutes; of a short one the last third is not used (F57).
const earlyRenewal = 5 * time.Minute

// grant is a token with the time for which it is good.
type grant struct {
	token string
	life  time.Duration
}

// tokenCache keeps one token and renews it early, with one renewal at a time.
type tokenCache struct {
	fetch func(context.Context) (grant, error)
	now   func() time.Time
	turn  chan struct{} // holds an item while somebody renews

	mu      sync.Mutex
	token   string
	renewAt time.Time
	expires time.Time
}

func newTokenCache(now func() time.Time, fetch func(context.Context) (grant, error)) *tokenCache {
	return &tokenCache{fetch: fetch, now: now, turn: make(chan struct{}, 1)}
}

// get returns a token that is good for a while.
func (t *tokenCache) get(ctx context.Context) (string, error) {
	if token, fresh, _ := t.cached(); fresh {
		return token, nil
	}
	return t.refresh(ctx, "")
}

// renew returns a token other than the refused one, asking for a new one
// unless somebody else has done so already.
func (t *tokenCache) renew(ctx context.Context, refused string) (string, error) {
	return t.refresh(ctx, refused)
}

// cached returns the token in hand, whether it need not be renewed yet, and
// whether it can be used still.
func (t *tokenCache) cached() (token string, fresh, usable bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	return t.token, t.token != "" && now.Before(t.renewAt), t.token != "" && now.Before(t.expires)
}

// refresh waits for its turn and asks for a token, unless there is a fresh one
// other than refused by then. An early renewal that fails falls back on the old
// token, as long as that lives.
func (t *tokenCache) refresh(ctx context.Context, refused string) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", errs.New(errs.Unavailable, "stopped").During("sign in").Because(context.Cause(ctx))
	}
	token, fresh, usable := t.cached()
	if fresh && token != refused {
		return token, nil
	}
	g, err := t.fetch(ctx)
	if err != nil {
		if usable && token != refused && errs.Is(err, errs.Unavailable) && ctx.Err() == nil {
			return token, nil
		}
		return "", err
	}
	t.keep(g)
	return g.token, nil
}

func (t *tokenCache) keep(g grant) {
	early := min(earlyRenewal, g.life/3)
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.expires, t.renewAt = g.token, now.Add(g.life), now.Add(g.life-early)
}
