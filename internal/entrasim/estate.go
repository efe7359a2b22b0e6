package entrasim

import (
	"strings"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/entrasim/guid"
)

// estate is the directory itself: people, groups, devices and units, and the
// journal of what happened to them.
type estate struct {
	started time.Time // when the story began; deletions of the base lie before it
	ids     guid.Space
	pop     *population
	models  []deviceModel
	schemas [kindCount]*schema

	mu       sync.RWMutex
	overlays [kindCount]map[int]*overlay // users and devices that control changed
	count    [kindCount]int              // indexes in use, the base included
	circles  [kindCount][]*circle        // groups and units
	journal  [kindCount][]change
	seq      uint64         // last journal entry of any kind
	version  uint64         // moves with every change of anything that a page shows
	byUPN    map[string]int // lower case; users whose sign-in name control set

	seed            uint64
	people, devices int // of the base population
	now             func() time.Time
	notify          func(k Kind, index int, o op) // told of every change, under the write lock
}

// newEstate makes the directory of a seed.
func newEstate(seed uint64, people, devices int, now func() time.Time, notify func(Kind, int, op)) *estate {
	t := &estate{started: now(), ids: guid.NewSpace(seed), pop: newPopulation(seed, people), models: deviceModels(),
		byUPN: map[string]int{}, seed: seed, people: people, devices: devices, now: now, notify: notify}
	for _, s := range []*schema{userSchema(), groupSchema(), deviceSchema(), unitSchema()} {
		t.schemas[s.kind] = s
	}
	t.overlays[KindUser], t.overlays[KindDevice] = map[int]*overlay{}, map[int]*overlay{}
	t.count[KindUser], t.count[KindDevice] = people, devices
	t.foundGroups()
	t.foundUnits()
	return t
}

// overlay is what control changed of one user or device.
type overlay struct {
	vals   map[int]Value
	state  state
	gone   time.Time // of the soft deletion
	linked bool      // link replaces the base manager or owner
	link   ref       // 0 means none
}

// stateOf tells whether an object is live, soft-deleted or gone. Objects that
// never existed count as gone.
func (t *estate) stateOf(r ref) state {
	k, i := r.kind(), r.index()
	if k == KindGroup || k == KindUnit {
		if i >= len(t.circles[k]) {
			return purged
		}
		return t.circles[k][i].state
	}
	if k != KindUser && k != KindDevice || i >= t.count[k] {
		return purged
	}
	if o := t.overlays[k][i]; o != nil {
		return o.state
	}
	if k == KindUser && roleOf(i) == roleDeleted {
		return soft
	}
	return live
}

// fill makes r the record of an object, with at least the properties in need.
func (t *estate) fill(at ref, need uint64, r *record) {
	r.reset(at, t.id(at))
	r.state = t.stateOf(at)
	k, i := at.kind(), at.index()
	switch k {
	case KindGroup, KindUnit:
		t.fillCircle(t.circles[k][i], r)
	case KindDevice:
		if i < t.devices {
			t.fillDevice(i, r)
		}
	case KindUser:
		if i < t.people {
			t.fillBase(i, need, r)
		}
	}
	r.vals[0] = String(r.id) // bit 0 is the id in every schema
	o := t.overlays[k][i]
	if o != nil {
		for bit, v := range o.vals {
			r.vals[bit] = v
		}
	}
	if k == KindUser && r.state != live {
		t.fillDeleted(o, r)
	}
}

func (t *estate) fillCircle(c *circle, r *record) {
	copy(r.vals[:], c.vals)
	if c.state == live {
		return
	}
	bit := gDeletedDateTime
	if c.kind == KindUnit {
		bit = aDeletedDateTime
	}
	r.vals[bit] = instant(c.gone)
}

// fillDeleted shows a user as deletedItems does: disabled, with the object id
// in front of the sign-in name.
func (t *estate) fillDeleted(o *overlay, r *record) {
	gone := t.started.Add(-time.Duration(r.ref.index()%20*24) * time.Hour)
	if o != nil {
		gone = o.gone
	}
	r.vals[uDeletedDateTime] = instant(gone)
	r.vals[uAccountEnabled] = Bool(false)
	r.vals[uUserPrincipalName] = String(strings.ReplaceAll(r.id, "-", "") + r.vals[uUserPrincipalName].text)
}

// everSet tells whether delta shows the property at all.
func (t *estate) everSet(r *record, bit int) bool { return r.vals[bit].kind != isAbsent }

// manager returns the live manager of a user.
func (t *estate) manager(user int) (ref, bool) {
	m := makeRef(KindUser, 0)
	if o := t.overlays[KindUser][user]; o != nil && o.linked {
		m = o.link
	} else if i := t.pop.manager(user); i >= 0 {
		m = makeRef(KindUser, i)
	} else {
		return 0, false
	}
	return m, m != 0 && t.stateOf(m) == live
}

// findUser resolves an object id or a sign-in name of a live user.
func (t *estate) findUser(key string) (ref, bool) {
	if r, ok := t.refOf(key); ok {
		return r, r.kind() == KindUser && t.stateOf(r) == live
	}
	i, ok := t.byUPN[strings.ToLower(key)]
	if !ok {
		if i, ok = t.pop.byUPN(key); !ok || i < 0 || i >= t.people {
			return 0, false
		}
	}
	r := makeRef(KindUser, i)
	if t.stateOf(r) != live {
		return 0, false
	}
	var rec record
	t.fill(r, 1<<uUserPrincipalName, &rec)
	return r, strings.EqualFold(rec.vals[uUserPrincipalName].text, key)
}
