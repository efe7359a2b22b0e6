package estate

import (
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/entrasim/guid"
)

// role is what sort of account a person of the base population has.
type role uint8

const (
	roleMember   role = iota
	roleGuest         // invited, accepted
	rolePending       // invited, not yet accepted
	roleDisabled      // a leaver
	roleDeleted       // soft-deleted before the story begins
	roleShared        // shared mailbox
	roleRoom          // meeting room
	roleBare          // member with next to nothing filled in
	roleSynced        // member that comes from Active Directory
)

// Slots of a hundred people decide their roles, so that every tenant of ten or
// more has at least one guest, leaver, deleted person, shared mailbox and an
// O'Brien (index 9):
//
//	slot        role
//	3, 43, 83   guest
//	23, 63      guest, invitation pending
//	5, 55       disabled
//	7           soft-deleted
//	8           shared mailbox
//	48          room
//	2, 62       member with empty fields
//	10-29 else  member synced from Active Directory
//	others      cloud member
func roleOf(index int) role {
	switch slot := index % 100; slot {
	case 3, 43, 83:
		return roleGuest
	case 23, 63:
		return rolePending
	case 5, 55:
		return roleDisabled
	case 7:
		return roleDeleted
	case 8:
		return roleShared
	case 48:
		return roleRoom
	case 2, 62:
		return roleBare
	default:
		if slot >= 10 && slot < 30 {
			return roleSynced
		}
		return roleMember
	}
}

func (r role) isPerson() bool { return r != roleShared && r != roleRoom }
func (r role) isGuest() bool  { return r == roleGuest || r == rolePending }

// isEmployee: someone who can be a manager or a member of the staff group.
func (r role) isEmployee() bool { return r == roleMember || r == roleBare || r == roleSynced }

// The domains of the simulated tenant.
const (
	Domain        = "contoso.example"
	InitialDomain = "contoso.onmicrosoft.com"
	guestDomain   = "partner.example"
)

// population derives every person of the base from (seed, index). It holds the
// name tables only; a person costs nothing until somebody asks for it.
type population struct {
	seed     uint64
	people   int
	cultures []culture
	offices  []office
	depts    []string
	titles   [][]string
	first    []int // first[i] is the number of name pairs before culture i
	pairs    int   // all name pairs
	// A person's name number is (a*index + b) mod m: a bijection, undone with inv.
	a, b, m, inv uint64
	families     map[string]familyAt
}

type familyAt struct{ culture, family int }

// obrienIndex is the person who is called Siobhán O'Brien in every tenant.
const obrienIndex = 9

func newPopulation(seed uint64, people int) *population {
	p := &population{seed: seed, people: people, cultures: cultures(), offices: offices(), depts: departments(),
		titles: titles(), families: map[string]familyAt{}}
	obrien := 0
	for i, c := range p.cultures {
		p.first = append(p.first, p.pairs)
		for j, f := range c.family {
			p.families[strings.ToLower(f.latin)] = familyAt{i, j}
			if f.native == "O'Brien" {
				obrien = p.pairs + j*len(c.given)
			}
		}
		p.pairs += len(c.given) * len(c.family)
	}
	p.m = uint64(max(p.pairs, people))
	// Near the golden section, so that neighbours differ in name and culture.
	p.a = (p.m*618/1000 + guid.Mix(seed)%(p.m/20)) | 1
	for gcd(p.a, p.m) != 1 {
		p.a += 2
	}
	p.a %= p.m
	p.inv = inverse(p.a, p.m)
	p.b = (uint64(obrien) + p.m - p.a*obrienIndex%p.m) % p.m
	return p
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// inverse is the multiplicative inverse of a modulo m (they are coprime).
func inverse(a, m uint64) uint64 {
	t, newT, r, newR := int64(0), int64(1), int64(m), int64(a)
	for newR != 0 {
		q := r / newR
		t, newT = newT, t-q*newT
		r, newR = newR, r-q*newR
	}
	return uint64((t%int64(m) + int64(m)) % int64(m))
}

// person is the derived core of one person; fill renders the rest on demand.
type person struct {
	index         int
	role          role
	hash          uint64
	given, family name
	culture       *culture
	office        *office
	dept          int
	suffix        int // namesakes: 0 for the first, then 1, 2, ...
}

func (p *population) person(index int) person {
	h := guid.Mix(p.seed ^ guid.Mix(uint64(index)+0xA5A5))
	number := int((p.a*uint64(index) + p.b) % p.m)
	pair := number % p.pairs
	c := 0
	for c+1 < len(p.first) && p.first[c+1] <= pair {
		c++
	}
	cu := &p.cultures[c]
	pair -= p.first[c]
	return person{index: index, role: roleOf(index), hash: h, culture: cu, suffix: number / p.pairs,
		given: cu.given[pair%len(cu.given)], family: cu.family[pair/len(cu.given)],
		office: &p.offices[p.officeOf(cu, h)], dept: p.deptOf(h)}
}

// officeOf puts seven in ten people where their culture is at home.
func (p *population) officeOf(c *culture, h uint64) int {
	if h>>8%10 < 7 {
		return c.office
	}
	return int(h >> 16 % uint64(len(p.offices)))
}

// deptOf is cheap, for group membership: it needs the hash only.
func (p *population) deptOf(h uint64) int { return int(h >> 32 % uint64(len(p.depts))) }

// hash spreads an index; roles apart, all attributes come from its bits.
func (p *population) hash(index int) uint64 { return guid.Mix(p.seed ^ guid.Mix(uint64(index)+0xA5A5)) }

// manager returns the index of the base manager, or -1. The tree has eight
// reports a head; managers are always enabled employees of the base.
func (p *population) manager(index int) int {
	if index == 0 || index >= p.people || !roleOf(index).isPerson() || roleOf(index).isGuest() {
		return -1
	}
	for m := (index - 1) / 8; ; m = (m - 1) / 8 {
		if m == 0 || roleOf(m).isEmployee() {
			return m
		}
	}
}

// local is the part of the address before the @, unique in the tenant.
func (p *person) local() string {
	if p.role == roleShared {
		return "shared-" + strconv.Itoa(p.index)
	}
	if p.role == roleRoom {
		return "room-" + strconv.Itoa(p.index)
	}
	s := p.given.latin + "." + p.family.latin
	if p.suffix > 0 {
		s += strconv.Itoa(p.suffix)
	}
	return s
}

func (p *person) upn() string {
	if p.role.isGuest() {
		return p.local() + "_" + guestDomain + "#EXT#@" + InitialDomain
	}
	return p.local() + "@" + Domain
}

func (p *person) displayName() string {
	switch {
	case p.role == roleShared:
		return "Shared Mailbox " + p.office.site + " " + strconv.Itoa(p.index)
	case p.role == roleRoom:
		return "Conf Room " + p.office.site + " " + strconv.Itoa(p.index)
	case p.culture.eastern:
		return p.family.native + p.given.native
	case p.hash>>40%16 == 0:
		return p.family.native + ", " + p.given.native
	}
	return p.given.native + " " + p.family.native
}

// byUPN undoes upn: the index of the base person with that sign-in name. The
// caller compares the derived name, which settles odd spellings.
func (p *population) byUPN(upn string) (int, bool) {
	local, _, ok := strings.Cut(strings.ToLower(upn), "@")
	if !ok {
		return 0, false
	}
	local = strings.TrimSuffix(local, "_"+guestDomain+"#ext#")
	if n, ok := strings.CutPrefix(local, "shared-"); ok {
		i, err := strconv.Atoi(n)
		return i, err == nil
	}
	if n, ok := strings.CutPrefix(local, "room-"); ok {
		i, err := strconv.Atoi(n)
		return i, err == nil
	}
	return p.byNames(local)
}

func (p *population) byNames(local string) (int, bool) {
	given, family, _ := strings.Cut(local, ".")
	bare := strings.TrimRight(family, "0123456789")
	suffix, _ := strconv.Atoi(family[len(bare):])
	at, ok := p.families[bare]
	if !ok {
		return 0, false
	}
	c := p.cultures[at.culture]
	for g, n := range c.given {
		if strings.ToLower(n.latin) != given {
			continue
		}
		number := uint64(suffix*p.pairs + p.first[at.culture] + at.family*len(c.given) + g)
		if number >= p.m {
			return 0, false
		}
		return int((number + p.m - p.b) % p.m * p.inv % p.m), true
	}
	return 0, false
}

// epoch is the day from which hire and creation dates count back. It is fixed,
// so that the same seed gives the same people in every year.
func epoch() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }

func (p *person) day(bits uint, within int) time.Time {
	return epoch().AddDate(0, 0, -int(p.hash>>bits%uint64(within)))
}
