package entra_test

import (
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
)

func TestEachRequestIsToldOf(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[int]int{}
	s := newSim(t, entrasim.Config{People: 30}, func(c *entra.Config) {
		c.Answered = func(host string, status int, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if seen[status]++; host == "" || took <= 0 {
				t.Errorf("told of %q, %d, %s", host, status, took)
			}
		}
	})
	if err := s.tenant.Control().Inject(entrasim.Fault{Kind: entrasim.FaultThrottle, RetryAfter: "0.001", Match: "^/users", Times: 1}); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.List(soon(t), directory.Query{Kind: directory.User, Select: []string{"displayName"}}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if u := s.Usage(); seen[429] != 1 || seen[200]+seen[429] != u.Requests {
		t.Errorf("told of %v, want 429 once and all of %d", seen, u.Requests)
	}
	if err := s.server.Close(); err != nil {
		t.Fatal(err)
	}
	s.CheckSignIn(soon(t))
	if seen[0] == 0 {
		t.Errorf("without a server it told of %v", seen)
	}
}
