package estate

import (
	"errors"
	"fmt"
	"strings"
)

// Circle is a short view of a group or an administrative unit.
type Circle struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Dynamic     bool   `json:"dynamic"`
	Unified     bool   `json:"unified"` // a Microsoft 365 group
	State       string `json:"state"`
}

func (c *Roster) view() Circle {
	return Circle{c.id, c.name(), c.rule != nil, c.unified(), StateName(c.state)}
}

// Join adds a member and journals it.
func (t *Directory) Join(c *Roster, r Ref) bool {
	if !c.add(r) {
		return false
	}
	t.log(c.kind, c.index, OpLink, t.memberBit(c), r)
	return true
}

// Leave removes a member and journals it; false when there was none.
func (t *Directory) Leave(c *Roster, r Ref) bool {
	if !c.remove(r) {
		return false
	}
	t.log(c.kind, c.index, OpUnlink, t.memberBit(c), r)
	return true
}

func (t *Directory) memberBit(c *Roster) uint64 {
	if c.kind == KindUnit {
		return 1 << UnitMembers
	}
	return 1 << GroupMembers
}

// Groups lists groups whose name contains search.
func (c *Desk) Groups(search string) []Circle { return c.circles(KindGroup, search) }

// Units lists administrative units whose name contains search.
func (c *Desk) Units(search string) []Circle { return c.circles(KindUnit, search) }

func (c *Desk) circles(k Kind, search string) []Circle {
	c.t.Mu.RLock()
	defer c.t.Mu.RUnlock()
	out := []Circle{}
	for _, g := range c.t.Circles[k] {
		if g.state != Purged && strings.Contains(strings.ToLower(g.name()), strings.ToLower(search)) {
			out = append(out, g.view())
		}
	}
	return out
}

// Group finds a group by id or name.
func (c *Desk) Group(key string) (Circle, error) { return c.EditRoster(KindGroup, key, nil) }

// Unit finds an administrative unit by id or name.
func (c *Desk) Unit(key string) (Circle, error) { return c.EditRoster(KindUnit, key, nil) }

// EditRoster runs f, if any, on a group or unit under the write lock.
func (c *Desk) EditRoster(k Kind, key string, f func(*Roster) error) (Circle, error) {
	c.t.Mu.Lock()
	defer c.t.Mu.Unlock()
	at, err := c.t.find(k, key)
	if err != nil {
		return Circle{}, err
	}
	g := c.t.Circles[k][at.Index()]
	if f != nil {
		if err := f(g); err != nil {
			return Circle{}, err
		}
	}
	return g.view(), nil
}

// CreateGroup adds an empty group; unified makes it a Microsoft 365 group, the
// only sort that is soft-deleted.
func (c *Desk) CreateGroup(name, description string, unified bool) (Circle, error) {
	if strings.TrimSpace(name) == "" {
		return Circle{}, errors.New("a group needs a name")
	}
	c.t.Mu.Lock()
	defer c.t.Mu.Unlock()
	g := c.t.newGroup(name, description, unified)
	g.set(gCreatedDateTime, instant(c.t.now()))
	c.t.log(KindGroup, g.index, opCreate, 0, 0)
	return g.view(), nil
}

// CreateUnit adds an empty administrative unit.
func (c *Desk) CreateUnit(name, description string) (Circle, error) {
	if strings.TrimSpace(name) == "" {
		return Circle{}, errors.New("an administrative unit needs a name")
	}
	c.t.Mu.Lock()
	defer c.t.Mu.Unlock()
	u := c.t.newUnit(name, description)
	c.t.log(KindUnit, u.index, opCreate, 0, 0)
	return u.view(), nil
}

// UpdateGroup sets properties of a group by their Graph names.
func (c *Desk) UpdateGroup(key string, props map[string]Value) (Circle, error) {
	return c.UpdateRoster(KindGroup, key, props)
}

// UpdateUnit sets properties of an administrative unit by their Graph names.
func (c *Desk) UpdateUnit(key string, props map[string]Value) (Circle, error) {
	return c.UpdateRoster(KindUnit, key, props)
}

// UpdateRoster sets properties of a group or unit by their Graph names.
func (c *Desk) UpdateRoster(k Kind, key string, props map[string]Value) (Circle, error) {
	return c.EditRoster(k, key, func(g *Roster) error {
		vals, err := c.t.change(k, props)
		if err != nil {
			return err
		}
		var mask uint64
		for bit, v := range vals {
			if !g.vals[bit].equal(v) {
				g.set(bit, v)
				mask |= 1 << bit
			}
		}
		if mask != 0 {
			c.t.log(k, g.index, OpUpdate, mask, 0)
		}
		return nil
	})
}

// DeleteGroup soft-deletes a Microsoft 365 group; other groups are gone for
// good at once.
func (c *Desk) DeleteGroup(key string) (Circle, error) {
	return c.EditRoster(KindGroup, key, func(g *Roster) error {
		if g.state != Live {
			return errors.New("already deleted")
		}
		if g.unified() {
			g.state, g.gone = SoftDeleted, c.t.now()
			c.t.log(KindGroup, g.index, opSoft, 0, 0)
			return nil
		}
		return c.t.purgeCircle(g)
	})
}

// PurgeGroup removes a group for good.
func (c *Desk) PurgeGroup(key string) (Circle, error) {
	return c.EditRoster(KindGroup, key, c.t.purgeCircle)
}

// DeleteUnit removes an administrative unit for good.
func (c *Desk) DeleteUnit(key string) (Circle, error) {
	return c.EditRoster(KindUnit, key, c.t.purgeCircle)
}

func (t *Directory) purgeCircle(g *Roster) error {
	g.state = Purged
	t.log(g.kind, g.index, OpPurge, 0, 0)
	for _, k := range []Kind{KindGroup, KindUnit} {
		for _, c := range t.Circles[k] {
			t.Leave(c, g.ref())
		}
	}
	return nil
}

// RestoreGroup brings a soft-deleted group back with its members.
func (c *Desk) RestoreGroup(key string) (Circle, error) {
	return c.EditRoster(KindGroup, key, func(g *Roster) error {
		if g.state != SoftDeleted {
			return errors.New("not in deletedItems")
		}
		g.state = Live
		c.t.log(KindGroup, g.index, opRestore, 0, 0)
		for r, ok := g.Next(0); ok; r, ok = g.Next(r + 1) {
			c.t.log(KindGroup, g.index, OpLink, 1<<GroupMembers, r)
		}
		return nil
	})
}

// AddMember puts a person, group or device into a group.
func (c *Desk) AddMember(group, member string) error {
	return c.ChangeMember(KindGroup, group, member, c.t.Join)
}

// RemoveMember takes a member out of a group.
func (c *Desk) RemoveMember(group, member string) error {
	return c.ChangeMember(KindGroup, group, member, c.t.Leave)
}

// AddUnitMember puts a person, group or device into an administrative unit.
func (c *Desk) AddUnitMember(unit, member string) error {
	return c.ChangeMember(KindUnit, unit, member, c.t.Join)
}

// RemoveUnitMember takes a member out of an administrative unit.
func (c *Desk) RemoveUnitMember(unit, member string) error {
	return c.ChangeMember(KindUnit, unit, member, c.t.Leave)
}

// ChangeMember runs f, Join or Leave, with the member that a key names.
func (c *Desk) ChangeMember(k Kind, key, member string, f func(*Roster, Ref) bool) error {
	_, err := c.EditRoster(k, key, func(g *Roster) error {
		for _, mk := range []Kind{KindUser, KindGroup, KindDevice} {
			r, err := c.t.find(mk, member)
			if err != nil {
				continue
			}
			if !f(g, r) {
				return fmt.Errorf("membership of %s in %s is so already", member, g.name())
			}
			return nil
		}
		return fmt.Errorf("no person, group or device %q in the simulated tenant", member)
	})
	return err
}

// Members counts and lists the ids of the direct live members, at most top.
func (c *Desk) Members(group string, top int) (ids []string, total int, err error) {
	c.t.Mu.RLock()
	defer c.t.Mu.RUnlock()
	at, err := c.t.find(KindGroup, group)
	if err != nil {
		return nil, 0, err
	}
	next := c.t.LiveMembers(c.t.Circles[KindGroup][at.Index()])
	for r, ok := next(0); ok; r, ok = next(r + 1) {
		if total++; len(ids) < top {
			ids = append(ids, c.t.ID(r))
		}
	}
	return ids, total, nil
}
