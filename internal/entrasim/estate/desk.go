package estate

import (
	"fmt"
	"strings"
)

// Desk is human resources and the service desk: it changes people, groups,
// devices and units. Keys are object ids, sign-in names or display names.
type Desk struct{ t *Directory }

// NewDesk opens the desk of a directory.
func NewDesk(t *Directory) *Desk { return &Desk{t} }

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
	t.Mu.RLock()
	defer t.Mu.RUnlock()
	n := func(k Kind, s State) int {
		total, next := 0, t.Each(k, s)
		for at, ok := next(0); ok; at, ok = next(at + 1) {
			total++
		}
		return total
	}
	return Counts{n(KindUser, Live), n(KindUser, SoftDeleted), n(KindGroup, Live), n(KindDevice, Live), n(KindUnit, Live), t.Seq}
}

// find resolves a key to an object of kind k that is not gone. Display names
// are compared without letter case; live objects win. The caller holds a lock.
func (t *Directory) find(k Kind, key string) (Ref, error) {
	if r, ok := t.RefOf(key); ok && r.Kind() == k && t.StateOf(r) != Purged {
		return r, nil
	}
	if k == KindUser {
		if r, ok := t.FindUser(key); ok {
			return r, nil
		}
	}
	name := map[Kind]int{KindUser: UserDisplayName, KindGroup: gDisplayName, KindDevice: dDisplayName, KindUnit: aDisplayName}[k]
	var rec Record
	for _, s := range []State{Live, SoftDeleted} {
		next := t.Each(k, s)
		for at, ok := next(0); ok; at, ok = next(at + 1) {
			t.Fill(at, 1<<name, &rec)
			if strings.EqualFold(rec.Vals[name].Raw, key) {
				return at, nil
			}
		}
	}
	return 0, fmt.Errorf("no %s %q in the simulated tenant", strings.TrimSuffix(t.Schemas[k].Set, "s"), key)
}

// change checks properties by name and turns them into bits.
func (t *Directory) change(k Kind, props map[string]Value) (map[int]Value, error) {
	out := map[int]Value{}
	for name, v := range props {
		bit, ok := t.Schemas[k].Bit(name)
		if !ok || bit == 0 || t.Schemas[k].Props[bit].Link {
			return nil, fmt.Errorf("%s have no property %q that can be set", t.Schemas[k].Set, name)
		}
		if t.Schemas[k].Props[bit].Items && v.Kind == IsNull {
			v = List()
		}
		out[bit] = v
	}
	return out, nil
}
