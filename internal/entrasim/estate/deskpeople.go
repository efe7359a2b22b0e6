package estate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
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

// StateName is the word of the control API for a state.
func StateName(s State) string { return [...]string{"live", "deleted", "purged"}[s] }

const personNeed = 1<<UserPrincipalName | 1<<UserDisplayName | 1<<UserMail | 1<<uDepartment | 1<<uCity | 1<<uJobTitle | 1<<uUserType | 1<<uAccountEnabled

// View is the short view of a user.
func (t *Directory) View(at Ref) Person {
	var r Record
	t.Fill(at, personNeed, &r)
	v := &r.Vals
	return Person{r.ID, v[UserPrincipalName].Raw, v[UserDisplayName].Raw, v[UserMail].Raw, v[uDepartment].Raw, v[uCity].Raw,
		v[uJobTitle].Raw, v[uUserType].Raw, v[uAccountEnabled].yes, StateName(r.state)}
}

// People lists live and soft-deleted people whose name, sign-in name, mail or
// department contains search; total counts all matches.
func (c *Desk) People(search string, skip, top int) (page []Person, total int) {
	t := c.t
	t.Mu.RLock()
	defer t.Mu.RUnlock()
	page = []Person{}
	want := strings.ToLower(search)
	for i := range t.count[KindUser] {
		at := MakeRef(KindUser, i)
		if t.StateOf(at) == Purged {
			continue
		}
		if want == "" && (total < skip || len(page) >= top) {
			total++ // nothing to compare: no need to derive the person
			continue
		}
		p := t.View(at)
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
	c.t.Mu.RLock()
	defer c.t.Mu.RUnlock()
	at, err := c.t.find(KindUser, key)
	if err != nil {
		return Person{}, err
	}
	return c.t.View(at), nil
}

// PersonAt is the base person with a number, 0 to Config.People-1; what each
// number is like stays the same for a seed.
func (c *Desk) PersonAt(index int) Person {
	c.t.Mu.RLock()
	defer c.t.Mu.RUnlock()
	return c.t.View(MakeRef(KindUser, index))
}

// edit runs f on a user that is not purged, under the write lock.
func (c *Desk) edit(key string, f func(at Ref) error) (Person, error) {
	t := c.t
	t.Mu.Lock()
	defer t.Mu.Unlock()
	at, err := t.find(KindUser, key)
	if err != nil {
		return Person{}, err
	}
	if err := f(at); err != nil {
		return Person{}, err
	}
	return t.View(at), nil
}

// overlay returns the changes of a user or device, to be added to.
func (t *Directory) overlay(at Ref) *overlay {
	o := t.overlays[at.Kind()][at.Index()]
	if o == nil {
		o = &overlay{vals: map[int]Value{}, state: t.StateOf(at)}
		if o.state == SoftDeleted {
			o.gone = t.Started
		}
		t.overlays[at.Kind()][at.Index()] = o
	}
	return o
}

// Hire adds a person. Missing properties are filled in: displayName or
// givenName and surname is enough. New people join "All Staff" unless they are
// guests, and dynamic groups by their rules.
func (c *Desk) Hire(props map[string]Value) (Person, error) {
	t := c.t
	t.Mu.Lock()
	defer t.Mu.Unlock()
	vals, err := t.change(KindUser, props)
	if err != nil {
		return Person{}, err
	}
	if err := t.completeHire(vals); err != nil {
		return Person{}, err
	}
	at := MakeRef(KindUser, t.count[KindUser])
	t.count[KindUser]++
	t.overlays[KindUser][at.Index()] = &overlay{vals: vals, linked: true}
	t.byUPN[strings.ToLower(vals[UserPrincipalName].Raw)] = at.Index()
	t.log(KindUser, at.Index(), opCreate, 0, 0)
	if vals[uUserType].Raw == "Member" {
		t.Join(t.Circles[KindGroup][0], at)
	}
	t.regroup(at)
	return t.View(at), nil
}

func (t *Directory) completeHire(vals map[int]Value) error {
	def := func(bit int, v Value) {
		if vals[bit].IsEmpty() {
			vals[bit] = v
		}
	}
	names := strings.Fields(vals[UserDisplayName].Raw)
	if len(names) > 1 {
		def(UserGivenName, String(names[0]))
		def(UserSurname, String(names[len(names)-1]))
	}
	def(UserDisplayName, String(strings.TrimSpace(vals[UserGivenName].Raw+" "+vals[UserSurname].Raw)))
	if vals[UserDisplayName].Raw == "" {
		return errors.New("a new person needs displayName, or givenName and surname")
	}
	local := addressOf(vals[UserGivenName].Raw, vals[UserSurname].Raw, fmt.Sprintf("new.hire%d", t.count[KindUser]))
	if _, taken := t.FindUser(local + "@" + Domain); taken {
		local = fmt.Sprintf("%s-%d", local, t.count[KindUser])
	}
	def(UserPrincipalName, String(local+"@"+Domain))
	if _, taken := t.FindUser(vals[UserPrincipalName].Raw); taken {
		return fmt.Errorf("the sign-in name %s is taken", vals[UserPrincipalName].Raw)
	}
	def(uMailNickname, String(local))
	def(UserMail, vals[UserPrincipalName])
	def(uAccountEnabled, Bool(true))
	def(uUserType, String("Member"))
	def(uCreatedDateTime, instant(t.now()))
	def(uBusinessPhones, List())
	def(uOtherMails, List())
	def(uProxyAddresses, List("SMTP:"+vals[UserMail].Raw))
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
	return c.edit(key, func(at Ref) error {
		vals, err := c.t.change(KindUser, props)
		if err != nil {
			return err
		}
		return c.t.setUser(at, vals)
	})
}

func (t *Directory) setUser(at Ref, vals map[int]Value) error {
	if upn, ok := vals[UserPrincipalName]; ok {
		if r, taken := t.FindUser(upn.Raw); taken && r != at {
			return fmt.Errorf("the sign-in name %s is taken", upn.Raw)
		}
		t.byUPN[strings.ToLower(upn.Raw)] = at.Index()
	}
	var before Record
	t.Fill(at, ^uint64(0), &before)
	var mask uint64
	for bit, v := range vals {
		if before.Vals[bit].equal(v) {
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
	t.log(KindUser, at.Index(), OpUpdate, mask, 0)
	t.regroup(at)
	return nil
}

// regroup moves a person in and out of the dynamic groups.
func (t *Directory) regroup(at Ref) {
	var rec Record
	t.Fill(at, ^uint64(0), &rec)
	for _, g := range t.Circles[KindGroup] {
		if g.rule == nil || g.state != Live {
			continue
		}
		if g.rule(&rec) {
			t.Join(g, at)
		} else {
			t.Leave(g, at)
		}
	}
}

// Rename changes the name, and with it sign-in name, mail and alias.
func (c *Desk) Rename(key, givenName, surname string) (Person, error) {
	return c.edit(key, func(at Ref) error {
		local := addressOf(givenName, surname, fmt.Sprintf("renamed.person%d", at.Index()))
		if r, taken := c.t.FindUser(local + "@" + Domain); taken && r != at {
			local = fmt.Sprintf("%s-%d", local, at.Index())
		}
		address := local + "@" + Domain
		return c.t.setUser(at, map[int]Value{UserGivenName: String(givenName), UserSurname: String(surname),
			UserDisplayName: String(strings.TrimSpace(givenName + " " + surname)), UserPrincipalName: String(address), UserMail: String(address),
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
	return c.edit(key, func(at Ref) error { return c.t.setUser(at, map[int]Value{uAccountEnabled: Bool(on)}) })
}

// SoftDelete moves a person to deletedItems; memberships are kept.
func (c *Desk) SoftDelete(key string) (Person, error) {
	return c.edit(key, func(at Ref) error {
		if c.t.StateOf(at) != Live {
			return errors.New("already deleted")
		}
		o := c.t.overlay(at)
		o.state, o.gone = SoftDeleted, c.t.now()
		if end := o.gone.Add(deletedLife); c.t.nextPurge.IsZero() || end.Before(c.t.nextPurge) {
			c.t.nextPurge = end
		}
		c.t.log(KindUser, at.Index(), opSoft, 0, 0)
		return nil
	})
}

// Restore brings a soft-deleted person back with id and memberships.
func (c *Desk) Restore(key string) (Person, error) {
	return c.edit(key, func(at Ref) error {
		if c.t.StateOf(at) != SoftDeleted {
			return errors.New("not in deletedItems")
		}
		c.t.overlay(at).state = Live
		c.t.log(KindUser, at.Index(), opRestore, 0, 0)
		return nil
	})
}

// Purge removes a person for good: memberships, devices and reports lose them.
func (c *Desk) Purge(key string) (Person, error) {
	return c.edit(key, func(at Ref) error {
		c.t.purge(at)
		return nil
	})
}

// purge forgets a user and everything that points at them.
func (t *Directory) purge(at Ref) {
	t.overlay(at).state = Purged
	t.log(KindUser, at.Index(), OpPurge, 0, 0)
	for _, k := range []Kind{KindGroup, KindUnit} {
		for _, g := range t.Circles[k] {
			t.Leave(g, at)
		}
	}
	for i, ok := t.nextOwned(at, 0); ok; i, ok = t.nextOwned(at, i+1) {
		t.setLink(MakeRef(KindDevice, i), 0)
	}
	for i := range t.count[KindUser] {
		if t.managerLink(i) == at {
			t.setLink(MakeRef(KindUser, i), 0)
			t.log(KindUser, i, OpUnlink, 1<<UserManager, at)
		}
	}
}

// deletedLife is how long deletedItems keeps a user.
const deletedLife = 30 * 24 * time.Hour

// Sweep purges the people whose thirty days in deletedItems are over. People
// who were deleted before the story began stay; nobody waits for them. It takes
// the lock itself and is cheap when there is nothing to do.
func (t *Directory) Sweep() {
	t.Mu.RLock()
	due := !t.nextPurge.IsZero() && t.now().After(t.nextPurge)
	t.Mu.RUnlock()
	if !due {
		return
	}
	t.Mu.Lock()
	defer t.Mu.Unlock()
	t.nextPurge = time.Time{}
	for _, i := range slices.Sorted(maps.Keys(t.overlays[KindUser])) {
		o := t.overlays[KindUser][i]
		if o.state != SoftDeleted {
			continue
		}
		if end := o.gone.Add(deletedLife); t.now().After(end) {
			t.purge(MakeRef(KindUser, i))
		} else if t.nextPurge.IsZero() || end.Before(t.nextPurge) {
			t.nextPurge = end
		}
	}
}

// SetManager gives a person another manager; an empty manager removes it.
func (c *Desk) SetManager(key, manager string) (Person, error) {
	return c.edit(key, func(at Ref) error {
		var to Ref
		if manager != "" {
			var err error
			if to, err = c.t.find(KindUser, manager); err != nil {
				return err
			}
		}
		old := c.t.managerLink(at.Index())
		if old == to {
			return nil
		}
		c.t.setLink(at, to)
		if old != 0 {
			c.t.log(KindUser, at.Index(), OpUnlink, 1<<UserManager, old)
		}
		if to != 0 {
			c.t.log(KindUser, at.Index(), OpLink, 1<<UserManager, to)
		}
		return nil
	})
}

// managerLink is the manager whatever became of them; 0 means none.
func (t *Directory) managerLink(index int) Ref {
	if o := t.overlays[KindUser][index]; o != nil && o.linked {
		return o.link
	}
	if i := t.pop.manager(index); i >= 0 {
		return MakeRef(KindUser, i)
	}
	return 0
}

func (t *Directory) setLink(at, to Ref) {
	o := t.overlay(at)
	o.linked, o.link = true, to
}

// ManagerOf is the live manager of a person; ok is false for none.
func (c *Desk) ManagerOf(key string) (p Person, ok bool) {
	t := c.t
	t.Mu.RLock()
	defer t.Mu.RUnlock()
	at, err := t.find(KindUser, key)
	if err != nil {
		return p, false
	}
	to, ok := t.Manager(at.Index())
	if !ok {
		return p, false
	}
	return t.View(to), true
}

// GroupsOf lists the live groups that a person is directly in, and all others
// but the dynamic ones, which nobody is put into by hand.
func (c *Desk) GroupsOf(key string) (in, others []Circle, err error) {
	t := c.t
	t.Mu.RLock()
	defer t.Mu.RUnlock()
	at, err := t.find(KindUser, key)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range t.Circles[KindGroup] {
		switch {
		case g.state != Live:
		case g.contains(at):
			in = append(in, g.view())
		case g.rule == nil:
			others = append(others, g.view())
		}
	}
	return in, others, nil
}

// Departments are those that people of the base population work in.
func Departments() []string { return departments() }
