package entrasim

import (
	"fmt"
	"strings"
)

// Desk is human resources and the service desk: it changes people, groups,
// devices and units. Keys are object ids, sign-in names or display names.
type Desk struct{ t *estate }

// NewDesk opens the desk of a directory.
func NewDesk(t *estate) *Desk { return &Desk{t} }

// Counts is what the tenant holds now.
type Counts struct {
	People        int    `json:"people"`         // live
	DeletedPeople int    `json:"deleted_people"` // in deletedItems
	Groups        int    `json:"groups"`
	Devices       int    `json:"devices"`
	Units         int    `json:"units"`
	Changes       uint64 `json:"changes"` // journal entries since the start
}

// Snapshot counts the tenant's objects. It walks over everybody.
func (c *Desk) Snapshot() Counts {
	t := c.t
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := func(k Kind, s state) int {
		total, next := 0, t.all(k, s)
		for at, ok := next(0); ok; at, ok = next(at + 1) {
			total++
		}
		return total
	}
	return Counts{n(KindUser, live), n(KindUser, soft), n(KindGroup, live), n(KindDevice, live), n(KindUnit, live), t.seq}
}

// find resolves a key to an object of kind k that is not gone. Display names
// are compared without letter case; live objects win. The caller holds a lock.
func (t *estate) find(k Kind, key string) (ref, error) {
	if r, ok := t.refOf(key); ok && r.kind() == k && t.stateOf(r) != purged {
		return r, nil
	}
	if k == KindUser {
		if r, ok := t.findUser(key); ok {
			return r, nil
		}
	}
	name := map[Kind]int{KindUser: uDisplayName, KindGroup: gDisplayName, KindDevice: dDisplayName, KindUnit: aDisplayName}[k]
	var rec record
	for _, s := range []state{live, soft} {
		next := t.all(k, s)
		for at, ok := next(0); ok; at, ok = next(at + 1) {
			t.fill(at, 1<<name, &rec)
			if strings.EqualFold(rec.vals[name].text, key) {
				return at, nil
			}
		}
	}
	return 0, fmt.Errorf("no %s %q in the simulated tenant", strings.TrimSuffix(t.schemas[k].set, "s"), key)
}

// change checks properties by name and turns them into bits.
func (t *estate) change(k Kind, props map[string]Value) (map[int]Value, error) {
	out := map[int]Value{}
	for name, v := range props {
		bit, ok := t.schemas[k].bit(name)
		if !ok || bit == 0 || t.schemas[k].props[bit].link {
			return nil, fmt.Errorf("%s have no property %q that can be set", t.schemas[k].set, name)
		}
		if t.schemas[k].props[bit].list && v.kind == isNull {
			v = List()
		}
		out[bit] = v
	}
	return out, nil
}
