package entrasim

import (
	"bytes"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

// Request is one line of the request log.
type Request struct {
	At     time.Time `json:"at"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Query  string    `json:"query,omitempty"`
	Kind   string    `json:"kind"`
	Status int       `json:"status"`
	Bytes  int       `json:"bytes"`
}

// Traffic is what the tenant was asked for since it started or was reset.
type Traffic struct {
	Total  int            `json:"total"`
	Bytes  int64          `json:"bytes"`
	ByKind map[string]int `json:"by_kind"` // such as users, users/delta, groups/members, token
	Recent []Request      `json:"recent"`  // oldest first, at most 1000
}

const recentRequests = 1000

type traffic struct {
	mu     sync.Mutex
	total  int
	bytes  int64
	byKind map[string]int
	recent []Request
}

func (t *traffic) note(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byKind == nil {
		t.byKind = map[string]int{}
	}
	t.byKind[kind]++
}

func (t *traffic) add(method, path, query, kind string, status, n int) {
	t.note(kind)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total++
	t.bytes += int64(n)
	if len(t.recent) >= 2*recentRequests {
		t.recent = append(t.recent[:0], t.recent[recentRequests:]...)
	}
	t.recent = append(t.recent, Request{time.Now(), method, path, query, kind, status, n})
}

func (t *traffic) snapshot() Traffic {
	t.mu.Lock()
	defer t.mu.Unlock()
	recent := t.recent[max(0, len(t.recent)-recentRequests):]
	return Traffic{t.total, t.bytes, maps.Clone(t.byKind), append([]Request{}, recent...)}
}

func (t *traffic) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total, t.bytes, t.byKind, t.recent = 0, 0, nil, nil
}

// kindOfCall names a call without its ids: users, users/{id}, users/delta,
// groups/members and so on.
func kindOfCall(req *request) string {
	var parts []string
	for _, s := range req.path {
		if isID := estate.IsGUID(s); isID || strings.ContainsAny(s, "@=") {
			if len(req.path) == 2 {
				parts = append(parts, "{id}")
			}
			continue
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return "batch"
	}
	return strings.Join(parts, "/")
}

// pageCache keeps rendered replies until the directory changes. Off unless
// Config.Cache; it makes the simulator cheap enough to measure clients with.
type pageCache struct {
	on      bool
	mu      sync.Mutex
	version uint64
	held    map[string]*reply
}

const cachedPages = 4096

// find returns a kept reply, or the key to keep the next one under; the key is
// empty when the call must not be cached.
func (c *pageCache) find(t *Tenant, req *request, path string) (string, *reply) {
	if !c.on || req.method != http.MethodGet || req.plan != (faultPlan{}) || t.authorize(req) != nil {
		return "", nil
	}
	t.Mu.RLock()
	version := t.Version
	t.Mu.RUnlock()
	key := strings.Join([]string{req.base, path, req.query.Encode(), req.header.Get("ConsistencyLevel"), req.header.Get("Prefer"),
		strings.Join(req.roles, ",")}, "\n")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != version {
		c.version, c.held = version, nil
	}
	return key, c.held[key]
}

func (c *pageCache) keep(key string, r *reply) {
	if key == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil || len(c.held) >= cachedPages {
		c.held = map[string]*reply{}
	}
	c.held[key] = &reply{r.status, r.header, bytes.Clone(r.body)}
}
