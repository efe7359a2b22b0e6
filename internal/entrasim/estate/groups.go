package estate

import (
	"fmt"
	"strings"
	"time"
)

// hugeGroup bounds the group that everybody belongs to.
const hugeGroup = 60_000

// groupSpec is how the founding groups are written down.
type groupSpec struct {
	name, description string
	unified           bool
	rule              string // membership rule text; makes the group dynamic
	test              func(*Record) bool
	base              span
	people            []int
	groups            []string // nested, by name; may name later groups
}

// foundGroups builds the groups that every tenant has. Cycles and depth are
// deliberate: "Projects" contains "Project Falcon", which contains "Project
// Falcon field crew", which contains "Projects" again.
func (t *Directory) foundGroups() {
	n := t.people
	some := func(has func(int) bool) span { return span{has: has, end: n} }
	berlin := func(i int) bool { return i < 500 && roleOf(i).isEmployee() && t.inOffice(i, 0) }
	specs := []groupSpec{
		{name: "All Staff", description: "Everyone employed here", base: some(func(i int) bool { return roleOf(i).isEmployee() })},
		{name: "Asset managers", description: "May change the asset register", people: []int{1, 4}, groups: []string{"Asset managers Berlin"}},
		{name: "Asset managers Berlin", base: some(berlin), people: []int{6, 9}},
		{name: "IT Admins", description: "Administrators", people: []int{0, 1}},
		{name: "O'Brien's team", description: "Facilities", unified: true, people: []int{4, 6, 9}},
		{name: "Empty group", description: "Nobody is here"},
		{name: "Projects", groups: []string{"Project Falcon"}, people: []int{0}},
		{name: "Project Falcon", unified: true, groups: []string{"Project Falcon field crew"}, people: []int{4}},
		{name: "Project Falcon field crew", groups: []string{"Projects"}, people: []int{6, 3}},
		{name: "Everyone at Contoso", description: "Announcements", unified: true,
			base: span{end: min(n, hugeGroup), has: func(i int) bool { return roleOf(i).isPerson() }}},
		{name: "Berlin people", rule: `(user.city -eq "Berlin")`, base: some(func(i int) bool { return hasAddress(i) && t.inOffice(i, 0) }),
			test: func(r *Record) bool { return strings.EqualFold(r.Vals[uCity].Raw, "Berlin") }},
	}
	for d, name := range t.pop.depts {
		specs = append(specs, groupSpec{name: name, description: "Department " + name, rule: fmt.Sprintf("(user.department -eq %q)", name),
			base: some(func(i int) bool { return hasAddress(i) && t.pop.deptOf(t.pop.hash(i)) == d }),
			test: func(r *Record) bool { return strings.EqualFold(r.Vals[uDepartment].Raw, name) }})
	}
	teams := min(n/50, 2000)
	for i := range teams {
		specs = append(specs, groupSpec{name: fmt.Sprintf("Team %04d", i+1), unified: i%3 == 0, base: span{step: teams, offset: i, end: n}})
	}
	specs = append(specs, groupSpec{name: "Old project", unified: true, people: []int{1, 4}}, groupSpec{name: "Managed laptops"})
	t.addSpecs(specs)
}

func (t *Directory) addSpecs(specs []groupSpec) {
	byName := map[string]*Roster{}
	for _, s := range specs {
		c := t.newGroup(s.name, s.description, s.unified)
		c.base, c.rule = s.base, s.test
		if s.rule != "" {
			c.set(gMembershipRule, String(s.rule))
			c.set(gMembershipRuleProcessingState, String("On"))
			c.set(gGroupTypes, List("DynamicMembership"))
		}
		for _, i := range s.people {
			c.add(MakeRef(KindUser, i))
		}
		byName[s.name] = c
	}
	for _, s := range specs {
		for _, nested := range s.groups {
			byName[s.name].add(byName[nested].ref())
		}
	}
	old := byName["Old project"]
	old.state, old.gone = SoftDeleted, t.Started.Add(-48*time.Hour)
	for i := range min(t.devices, 25) {
		byName["Managed laptops"].add(MakeRef(KindDevice, i))
	}
}

// newGroup appends a group without journalling it.
func (t *Directory) newGroup(name, description string, unified bool) *Roster {
	index := len(t.Circles[KindGroup])
	c := &Roster{kind: KindGroup, index: index, id: t.ID(MakeRef(KindGroup, index)), vals: make([]Value, groupProps)}
	nickname := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, name)
	c.set(gDisplayName, String(name))
	c.set(gMailNickname, String(nickname))
	c.set(gCreatedDateTime, instant(epoch().AddDate(-2, 0, index%365)))
	c.set(gRenewedDateTime, c.vals[gCreatedDateTime])
	c.set(gMailEnabled, Bool(unified))
	c.set(gSecurityEnabled, Bool(!unified))
	c.set(gGroupTypes, List())
	c.set(gProxyAddresses, List())
	c.set(gSecurityIdentifier, String(fmt.Sprintf("S-1-12-1-%d", t.pop.hash(index)>>32)))
	if description != "" {
		c.set(gDescription, String(description))
	}
	if unified {
		mail := strings.ToLower(nickname) + "@" + Domain
		c.set(gGroupTypes, List("Unified"))
		c.set(gMail, String(mail))
		c.set(gProxyAddresses, List("SMTP:"+mail))
		c.set(gVisibility, String("Private"))
	}
	c.Owners = []Ref{MakeRef(KindUser, 1)}
	t.Circles[KindGroup] = append(t.Circles[KindGroup], c)
	return c
}

// hasAddress tells which base people have a department and an address.
func hasAddress(i int) bool {
	r := roleOf(i)
	return r == roleMember || r == roleSynced || r == roleDisabled || r == roleDeleted
}

func (t *Directory) inOffice(i, office int) bool {
	p := t.pop.person(i)
	return p.office == &t.pop.offices[office]
}

// foundUnits builds the administrative units.
func (t *Directory) foundUnits() {
	n := t.people
	at := func(office int) span {
		return span{end: n, has: func(i int) bool { return hasAddress(i) && t.inOffice(i, office) }}
	}
	berlin := t.newUnit("Berlin", "People and things in Berlin")
	berlin.base = at(0)
	berlin.add(MakeRef(KindGroup, 2))
	nairobi := t.newUnit("Nairobi", "People and things in Nairobi")
	nairobi.base = at(1)
	for i := range min(t.devices, 3) {
		nairobi.add(MakeRef(KindDevice, i))
	}
	t.newUnit("Workshop", "")
}

func (t *Directory) newUnit(name, description string) *Roster {
	index := len(t.Circles[KindUnit])
	c := &Roster{kind: KindUnit, index: index, id: t.ID(MakeRef(KindUnit, index)), vals: make([]Value, unitProps)}
	c.set(aDisplayName, String(name))
	if description != "" {
		c.set(aDescription, String(description))
	}
	t.Circles[KindUnit] = append(t.Circles[KindUnit], c)
	return c
}
