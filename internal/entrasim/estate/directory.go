// Package estate is the directory of the simulated tenant: people, groups,
// devices and administrative units, derived from a seed, with the changes that
// the desk made and a journal of them. It knows nothing of HTTP or JSON pages.
package estate

import (
	"strings"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/entrasim/guid"
)

// Directory is the directory itself: people, groups, devices and units, and the
// journal of what happened to them.
type Directory struct {
	Started time.Time // when the story began; deletions of the base lie before it
	ids     guid.Space
	pop     *population
	models  []deviceModel
	Schemas [KindCount]*Schema

	Mu       sync.RWMutex
	overlays [KindCount]map[int]*overlay // users and devices that control changed
	count    [KindCount]int              // indexes in use, the base included
	Circles  [KindCount][]*Roster        // groups and units
	journal  [KindCount][]change
	Seq      uint64         // last journal entry of any kind
	Version  uint64         // moves with every change of anything that a page shows
	byUPN    map[string]int // lower case; users whose sign-in name control set

	seed            uint64
	people, devices int // of the base population
	now             func() time.Time
	nextPurge       time.Time                     // when the next deleted person is due, zero for nobody
	notify          func(k Kind, index int, o Op) // told of every change, under the write lock
}

// New makes the directory of a seed.
func New(seed uint64, people, devices int, now func() time.Time, notify func(Kind, int, Op)) *Directory {
	t := &Directory{Started: now(), ids: guid.NewSpace(seed), pop: newPopulation(seed, people), models: deviceModels(),
		byUPN: map[string]int{}, seed: seed, people: people, devices: devices, now: now, notify: notify}
	for _, s := range []*Schema{UserSchema(), groupSchema(), deviceSchema(), unitSchema()} {
		t.Schemas[s.Kind] = s
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
	state  State
	gone   time.Time // of the soft deletion
	linked bool      // link replaces the base manager or owner
	link   Ref       // 0 means none
}

// StateOf tells whether an object is live, soft-deleted or gone. Objects that
// never existed count as gone.
func (t *Directory) StateOf(r Ref) State {
	k, i := r.Kind(), r.Index()
	if k == KindGroup || k == KindUnit {
		if i >= len(t.Circles[k]) {
			return Purged
		}
		return t.Circles[k][i].state
	}
	if k != KindUser && k != KindDevice || i >= t.count[k] {
		return Purged
	}
	if o := t.overlays[k][i]; o != nil {
		return o.state
	}
	if k == KindUser && roleOf(i) == roleDeleted {
		return SoftDeleted
	}
	return Live
}

// Fill makes r the record of an object, with at least the properties in need.
func (t *Directory) Fill(at Ref, need uint64, r *Record) {
	r.reset(at, t.ID(at))
	r.state = t.StateOf(at)
	k, i := at.Kind(), at.Index()
	switch k {
	case KindGroup, KindUnit:
		t.fillCircle(t.Circles[k][i], r)
	case KindDevice:
		if i < t.devices {
			t.fillDevice(i, r)
		}
	case KindUser:
		if i < t.people {
			t.fillBase(i, need, r)
		}
	}
	r.Vals[0] = String(r.ID) // bit 0 is the id in every schema
	o := t.overlays[k][i]
	if o != nil {
		for bit, v := range o.vals {
			r.Vals[bit] = v
		}
	}
	if k == KindUser && r.state != Live {
		t.fillDeleted(o, r)
	}
}

func (t *Directory) fillCircle(c *Roster, r *Record) {
	copy(r.Vals[:], c.vals)
	if c.state == Live {
		return
	}
	bit := gDeletedDateTime
	if c.kind == KindUnit {
		bit = aDeletedDateTime
	}
	r.Vals[bit] = instant(c.gone)
}

// fillDeleted shows a user as deletedItems does: disabled, with the object id
// in front of the sign-in name.
func (t *Directory) fillDeleted(o *overlay, r *Record) {
	gone := t.Started.Add(-time.Duration(r.Ref.Index()%20*24) * time.Hour)
	if o != nil {
		gone = o.gone
	}
	r.Vals[uDeletedDateTime] = instant(gone)
	r.Vals[uAccountEnabled] = Bool(false)
	r.Vals[UserPrincipalName] = String(strings.ReplaceAll(r.ID, "-", "") + r.Vals[UserPrincipalName].Raw)
}

// Manager returns the live manager of a user.
func (t *Directory) Manager(user int) (Ref, bool) {
	var m Ref
	if o := t.overlays[KindUser][user]; o != nil && o.linked {
		m = o.link
	} else if i := t.pop.manager(user); i >= 0 {
		m = MakeRef(KindUser, i)
	} else {
		return 0, false
	}
	return m, m != 0 && t.StateOf(m) == Live
}

// FindUser resolves an object id or a sign-in name of a live user.
func (t *Directory) FindUser(key string) (Ref, bool) {
	if r, ok := t.RefOf(key); ok {
		return r, r.Kind() == KindUser && t.StateOf(r) == Live
	}
	i, ok := t.byUPN[strings.ToLower(key)]
	if !ok {
		if i, ok = t.pop.byUPN(key); !ok || i < 0 || i >= t.people {
			return 0, false
		}
	}
	r := MakeRef(KindUser, i)
	if t.StateOf(r) != Live {
		return 0, false
	}
	var rec Record
	t.Fill(r, 1<<UserPrincipalName, &rec)
	return r, strings.EqualFold(rec.Vals[UserPrincipalName].Raw, key)
}
