package estate

import (
	"strconv"
	"strings"
	"time"
)

// maxProps bounds the properties of one kind.
const maxProps = 64

// Record is one object with the properties that somebody asked for. It is a
// scratch space: the lister refills one record for a whole page.
type Record struct {
	Ref   Ref
	ID    string
	Vals  [maxProps]Value
	state State
}

// reset clears what the last object left behind.
func (r *Record) reset(at Ref, id string) {
	r.Ref, r.ID, r.state = at, id, Live
	clear(r.Vals[:])
}

// State of an object in the directory.
type State uint8

const (
	Live        State = iota
	SoftDeleted       // in deletedItems, restorable for 30 days
	Purged            // gone; the id answers 404 everywhere
)

// fillBase writes the properties in need of base person index into r.
func (t *Directory) fillBase(index int, need uint64, r *Record) {
	p := t.pop.person(index)
	v := &r.Vals
	has := func(bit int) bool { return need>>bit&1 == 1 }
	upn := p.upn()
	v[UserPrincipalName] = String(upn)
	v[UserDisplayName] = String(p.displayName())
	v[uAccountEnabled] = Bool(p.role.isEmployee() || p.role.isGuest())
	v[uUserType] = String("Member")
	v[uMailNickname] = String(p.local())
	v[UserMail] = String(upn)
	v[uOtherMails], v[uBusinessPhones] = List(), List()
	if has(uCreatedDateTime) {
		v[uCreatedDateTime] = instant(p.day(20, 4000).Add(9 * time.Hour))
	}
	if has(uSecurityIdentifier) {
		v[uSecurityIdentifier] = String("S-1-12-1-" + strconv.FormatUint(p.hash>>32, 10) + "-" + strconv.FormatUint(p.hash&0xFFFFFFFF, 10))
	}
	switch {
	case p.role.isGuest():
		p.fillGuest(v)
	case !p.role.isPerson():
		p.fillMailbox(v)
	case p.role == roleBare:
		v[UserGivenName], v[UserMail] = String(p.given.native), Value{}
	default:
		p.fillMember(v)
		t.fillWork(&p, need, v)
	}
	if has(uProxyAddresses) {
		v[uProxyAddresses] = p.proxies(v[UserMail])
	}
	if p.role == roleSynced {
		p.fillSynced(v)
	}
}

func (p *person) fillGuest(v *[maxProps]Value) {
	local := p.local()
	mail := local + "@" + guestDomain
	v[uUserType] = String("Guest")
	v[uMailNickname] = String(local + "_" + guestDomain + "#EXT#")
	v[UserMail], v[uOtherMails] = String(mail), List(mail)
	v[uCreationType] = String("Invitation")
	v[uExternalUserState] = String("Accepted")
	if p.role == rolePending {
		v[uExternalUserState] = String("PendingAcceptance")
	} else {
		v[UserGivenName], v[UserSurname] = String(p.given.native), String(p.family.native)
		v[uCompanyName] = String("Partner & Söhne GmbH")
	}
	v[uExternalUserStateChange] = instant(p.day(12, 700).Add(time.Duration(p.hash%86400) * time.Second))
}

func (p *person) fillMailbox(v *[maxProps]Value) {
	v[uOfficeLocation] = String(p.office.site)
	v[uShowInAddressList] = Bool(true)
	v[uIsResourceAccount] = Bool(p.role == roleRoom)
}

func (p *person) fillMember(v *[maxProps]Value) {
	o := p.office
	v[UserGivenName], v[UserSurname] = String(p.given.native), String(p.family.native)
	v[uCity], v[uCountry], v[uStreetAddress] = String(o.city), String(o.country), String(o.street)
	if o.state != "" {
		v[uState] = String(o.state)
	}
	v[uPostalCode] = String(o.postal)
	v[uPreferredLanguage] = String(p.culture.language)
	v[uCompanyName] = String("Contoso")
	if p.hash%9 != 0 {
		v[uUsageLocation] = String(o.usage)
	}
	if p.hash>>3%12 == 0 {
		v[uAgeGroup] = String("Adult")
	}
	if p.hash>>5%40 == 0 {
		v[uFaxNumber] = String(o.phone + "999")
	}
	if p.hash>>7%6 == 0 {
		v[uOtherMails] = List(strings.ToLower(p.given.latin) + strconv.Itoa(p.index) + "@home.example")
	}
}

// fillWork writes what depends on the job.
func (t *Directory) fillWork(p *person, need uint64, v *[maxProps]Value) {
	has := func(bit int) bool { return need>>bit&1 == 1 }
	v[uDepartment] = String(t.pop.depts[p.dept])
	ts := t.pop.titles[p.dept]
	v[uJobTitle] = String(ts[p.hash>>11%uint64(len(ts))])
	v[uEmployeeType] = String([]string{"Employee", "Employee", "Employee", "Contractor", "Vendor"}[p.hash>>13%5])
	if has(uEmployeeID) {
		n := strconv.Itoa(p.index)
		v[uEmployeeID] = String("00000000"[:max(0, 8-len(n))] + n)
	}
	if has(uBusinessPhones) && p.hash>>17%3 != 0 {
		v[uBusinessPhones] = List(p.office.phone + strconv.Itoa(1000+p.index%9000))
	}
	if has(uMobilePhone) && p.hash>>19%2 == 0 {
		v[uMobilePhone] = String("+49 151 " + strconv.Itoa(5550000+p.index))
	}
	if has(uOfficeLocation) {
		v[uOfficeLocation] = String(p.office.site + "/" + strconv.Itoa(int(p.hash>>23%20)) + strconv.Itoa(int(100+p.hash>>27%99)))
	}
	if has(uEmployeeHireDate) && p.hash>>29%4 != 0 {
		v[uEmployeeHireDate] = instant(p.day(20, 4000))
	}
	switch p.hash >> 31 % 4 {
	case 0: // never set
	case 1:
		v[uEmployeeOrgData] = rawJSON(`{"costCenter":null,"division":"Head office"}`)
	default:
		v[uEmployeeOrgData] = rawJSON(`{"costCenter":"` + strconv.Itoa(4000+p.dept*10) + `","division":"Stores"}`)
	}
}

func (p *person) fillSynced(v *[maxProps]Value) {
	sam := p.local()
	if len(sam) > 20 {
		sam = sam[:20]
	}
	v[uOnPremisesSyncEnabled] = Bool(true)
	v[uOnPremisesSamAccountName] = String(sam)
	v[uOnPremisesUserPrincipalName] = String(p.upn())
	v[uOnPremisesDomainName] = String("corp.contoso.example")
	v[uOnPremisesImmutableID] = String(strconv.FormatUint(p.hash, 36) + "==")
	v[uOnPremisesDistinguishedName] = String("CN=" + p.displayName() + ",OU=" + p.office.site + ",DC=corp,DC=contoso,DC=example")
}

func (p *person) proxies(mail Value) Value {
	if mail.IsEmpty() {
		return List()
	}
	list := []string{"SMTP:" + mail.Raw}
	if p.hash>>21%3 == 0 && !p.role.isGuest() {
		list = append(list, "smtp:"+p.local()+"@"+InitialDomain)
	}
	return List(list...)
}
