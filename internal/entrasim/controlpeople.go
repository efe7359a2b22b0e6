package entrasim

import (
	"errors"
	"fmt"
	"strings"
)

// Person is a short view of a user for people who play with the tenant.
type Person struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	Mail              string `json:"mail"`
	Department        string `json:"department"`
	City              string `json:"city"`
	JobTitle          string `json:"jobTitle"`
	UserType          string `json:"userType"`
	Enabled           bool   `json:"enabled"`
	State             string `json:"state"` // live, deleted, purged
}

func stateName(s state) string { return [...]string{"live", "deleted", "purged"}[s] }

const personNeed = 1<<uUserPrincipalName | 1<<uDisplayName | 1<<uMail | 1<<uDepartment | 1<<uCity | 1<<uJobTitle | 1<<uUserType | 1<<uAccountEnabled

func (t *estate) view(at ref) Person {
	var r record
	t.fill(at, personNeed, &r)
	v := &r.vals
	return Person{r.id, v[uUserPrincipalName].text, v[uDisplayName].text, v[uMail].text, v[uDepartment].text, v[uCity].text,
		v[uJobTitle].text, v[uUserType].text, v[uAccountEnabled].yes, stateName(r.state)}
}

// People lists live and soft-deleted people whose name, sign-in name, mail or
// department contains search; total counts all matches.
func (c *Desk) People(search string, skip, top int) (page []Person, total int) {
	t := c.t
	t.mu.RLock()
	defer t.mu.RUnlock()
	page = []Person{}
	want := strings.ToLower(search)
	for i := range t.count[KindUser] {
		at := makeRef(KindUser, i)
		if t.stateOf(at) == purged {
			continue
		}
		if want == "" && (total < skip || len(page) >= top) {
			total++ // nothing to compare: no need to derive the person
			continue
		}
		p := t.view(at)
		if want != "" && !strings.Contains(strings.ToLower(p.DisplayName+"\n"+p.UserPrincipalName+"\n"+p.Mail+"\n"+p.Department), want) {
			continue
		}
		if total++; total > skip && len(page) < top {
			page = append(page, p)
		}
	}
	return page, total
}

// Person finds one person, soft-deleted ones included.
func (c *Desk) Person(key string) (Person, error) {
	c.t.mu.RLock()
	defer c.t.mu.RUnlock()
	at, err := c.t.find(KindUser, key)
	if err != nil {
		return Person{}, err
	}
	return c.t.view(at), nil
}

// PersonAt is the base person with a number, 0 to Config.People-1; what each
// number is like stays the same for a seed.
func (c *Desk) PersonAt(index int) Person {
	c.t.mu.RLock()
	defer c.t.mu.RUnlock()
	return c.t.view(makeRef(KindUser, index))
}

// edit runs f on a user that is not purged, under the write lock.
func (c *Desk) edit(key string, f func(at ref) error) (Person, error) {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	at, err := t.find(KindUser, key)
	if err != nil {
		return Person{}, err
	}
	if err := f(at); err != nil {
		return Person{}, err
	}
	return t.view(at), nil
}

// overlay returns the changes of a user or device, to be added to.
func (t *estate) overlay(at ref) *overlay {
	o := t.overlays[at.kind()][at.index()]
	if o == nil {
		o = &overlay{vals: map[int]Value{}, state: t.stateOf(at)}
		if o.state == soft {
			o.gone = t.started
		}
		t.overlays[at.kind()][at.index()] = o
	}
	return o
}

// Hire adds a person. Missing properties are filled in: displayName or
// givenName and surname is enough. New people join "All Staff" unless they are
// guests, and dynamic groups by their rules.
func (c *Desk) Hire(props map[string]Value) (Person, error) {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	vals, err := t.change(KindUser, props)
	if err != nil {
		return Person{}, err
	}
	if err := t.completeHire(vals); err != nil {
		return Person{}, err
	}
	at := makeRef(KindUser, t.count[KindUser])
	t.count[KindUser]++
	t.overlays[KindUser][at.index()] = &overlay{vals: vals, linked: true}
	t.byUPN[strings.ToLower(vals[uUserPrincipalName].text)] = at.index()
	t.log(KindUser, at.index(), opCreate, 0, 0)
	if vals[uUserType].text == "Member" {
		t.join(t.circles[KindGroup][0], at)
	}
	t.regroup(at)
	return t.view(at), nil
}

func (t *estate) completeHire(vals map[int]Value) error {
	def := func(bit int, v Value) {
		if vals[bit].isEmpty() {
			vals[bit] = v
		}
	}
	names := strings.Fields(vals[uDisplayName].text)
	if len(names) > 1 {
		def(uGivenName, String(names[0]))
		def(uSurname, String(names[len(names)-1]))
	}
	def(uDisplayName, String(strings.TrimSpace(vals[uGivenName].text+" "+vals[uSurname].text)))
	if vals[uDisplayName].text == "" {
		return errors.New("a new person needs displayName, or givenName and surname")
	}
	local := addressOf(vals[uGivenName].text, vals[uSurname].text, fmt.Sprintf("new.hire%d", t.count[KindUser]))
	if _, taken := t.findUser(local + "@" + domain); taken {
		local = fmt.Sprintf("%s-%d", local, t.count[KindUser])
	}
	def(uUserPrincipalName, String(local+"@"+domain))
	if _, taken := t.findUser(vals[uUserPrincipalName].text); taken {
		return fmt.Errorf("the sign-in name %s is taken", vals[uUserPrincipalName].text)
	}
	def(uMailNickname, String(local))
	def(uMail, vals[uUserPrincipalName])
	def(uAccountEnabled, Bool(true))
	def(uUserType, String("Member"))
	def(uCreatedDateTime, instant(t.now()))
	def(uBusinessPhones, List())
	def(uOtherMails, List())
	def(uProxyAddresses, List("SMTP:"+vals[uMail].text))
	return nil
}

// addressOf makes given.surname from ASCII letters, or gives up.
func addressOf(given, surname, otherwise string) string {
	keep := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '\'' {
			return r
		}
		return -1
	}
	g, s := strings.Map(keep, given), strings.Map(keep, surname)
	if g == "" || s == "" {
		return otherwise
	}
	return g + "." + s
}

// Update sets properties of a person by their Graph names.
func (c *Desk) Update(key string, props map[string]Value) (Person, error) {
	return c.edit(key, func(at ref) error {
		vals, err := c.t.change(KindUser, props)
		if err != nil {
			return err
		}
		return c.t.setUser(at, vals)
	})
}

func (t *estate) setUser(at ref, vals map[int]Value) error {
	if upn, ok := vals[uUserPrincipalName]; ok {
		if r, taken := t.findUser(upn.text); taken && r != at {
			return fmt.Errorf("the sign-in name %s is taken", upn.text)
		}
		t.byUPN[strings.ToLower(upn.text)] = at.index()
	}
	var before record
	t.fill(at, ^uint64(0), &before)
	var mask uint64
	for bit, v := range vals {
		if before.vals[bit].equal(v) {
			delete(vals, bit)
			continue
		}
		mask |= 1 << bit
	}
	if mask == 0 {
		return nil // nothing changes, so nothing is journalled
	}
	o := t.overlay(at)
	for bit, v := range vals {
		o.vals[bit] = v
	}
	t.log(KindUser, at.index(), opUpdate, mask, 0)
	t.regroup(at)
	return nil
}

// regroup moves a person in and out of the dynamic groups.
func (t *estate) regroup(at ref) {
	var rec record
	t.fill(at, ^uint64(0), &rec)
	for _, g := range t.circles[KindGroup] {
		if g.rule == nil || g.state != live {
			continue
		}
		if g.rule(&rec) {
			t.join(g, at)
		} else {
			t.leave(g, at)
		}
	}
}

// Rename changes the name, and with it sign-in name, mail and alias.
func (c *Desk) Rename(key, givenName, surname string) (Person, error) {
	return c.edit(key, func(at ref) error {
		local := addressOf(givenName, surname, fmt.Sprintf("renamed.person%d", at.index()))
		if r, taken := c.t.findUser(local + "@" + domain); taken && r != at {
			local = fmt.Sprintf("%s-%d", local, at.index())
		}
		address := local + "@" + domain
		return c.t.setUser(at, map[int]Value{uGivenName: String(givenName), uSurname: String(surname),
			uDisplayName: String(strings.TrimSpace(givenName + " " + surname)), uUserPrincipalName: String(address), uMail: String(address),
			uMailNickname: String(local), uProxyAddresses: List("SMTP:" + address)})
	})
}

// Move puts a person into another department and city; empty keeps the old.
func (c *Desk) Move(key, department, city string) (Person, error) {
	props := map[string]Value{}
	if department != "" {
		props["department"] = String(department)
	}
	if city != "" {
		props["city"] = String(city)
	}
	return c.Update(key, props)
}

// Disable blocks the account.
func (c *Desk) Disable(key string) (Person, error) { return c.enabled(key, false) }

// Enable opens the account again.
func (c *Desk) Enable(key string) (Person, error) { return c.enabled(key, true) }

func (c *Desk) enabled(key string, on bool) (Person, error) {
	return c.edit(key, func(at ref) error { return c.t.setUser(at, map[int]Value{uAccountEnabled: Bool(on)}) })
}

// SoftDelete moves a person to deletedItems; memberships are kept.
func (c *Desk) SoftDelete(key string) (Person, error) {
	return c.edit(key, func(at ref) error {
		if c.t.stateOf(at) != live {
			return errors.New("already deleted")
		}
		o := c.t.overlay(at)
		o.state, o.gone = soft, c.t.now()
		c.t.log(KindUser, at.index(), opSoft, 0, 0)
		return nil
	})
}

// Restore brings a soft-deleted person back with id and memberships.
func (c *Desk) Restore(key string) (Person, error) {
	return c.edit(key, func(at ref) error {
		if c.t.stateOf(at) != soft {
			return errors.New("not in deletedItems")
		}
		c.t.overlay(at).state = live
		c.t.log(KindUser, at.index(), opRestore, 0, 0)
		return nil
	})
}

// Purge removes a person for good: memberships, devices and reports lose them.
func (c *Desk) Purge(key string) (Person, error) {
	return c.edit(key, func(at ref) error {
		t := c.t
		t.overlay(at).state = purged
		t.log(KindUser, at.index(), opPurge, 0, 0)
		for _, k := range []Kind{KindGroup, KindUnit} {
			for _, g := range t.circles[k] {
				t.leave(g, at)
			}
		}
		for i, ok := t.nextOwned(at, 0); ok; i, ok = t.nextOwned(at, i+1) {
			t.setLink(makeRef(KindDevice, i), 0)
		}
		for i := range t.count[KindUser] {
			if t.managerLink(i) == at {
				t.setLink(makeRef(KindUser, i), 0)
				t.log(KindUser, i, opUnlink, 1<<uManager, at)
			}
		}
		return nil
	})
}

// SetManager gives a person another manager; an empty manager removes it.
func (c *Desk) SetManager(key, manager string) (Person, error) {
	return c.edit(key, func(at ref) error {
		var to ref
		if manager != "" {
			var err error
			if to, err = c.t.find(KindUser, manager); err != nil {
				return err
			}
		}
		old := c.t.managerLink(at.index())
		if old == to {
			return nil
		}
		c.t.setLink(at, to)
		if old != 0 {
			c.t.log(KindUser, at.index(), opUnlink, 1<<uManager, old)
		}
		if to != 0 {
			c.t.log(KindUser, at.index(), opLink, 1<<uManager, to)
		}
		return nil
	})
}

// managerLink is the manager whatever became of them; 0 means none.
func (t *estate) managerLink(index int) ref {
	if o := t.overlays[KindUser][index]; o != nil && o.linked {
		return o.link
	}
	if i := t.pop.manager(index); i >= 0 {
		return makeRef(KindUser, i)
	}
	return 0
}

func (t *estate) setLink(at, to ref) {
	o := t.overlay(at)
	o.linked, o.link = true, to
}
