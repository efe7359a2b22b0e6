package directory

import (
	"slices"
	"strings"
	"sync"
)

// Attribute is one thing that a directory can say of its objects, as the
// mapping screen offers it.
type Attribute struct {
	// Path is what a mapping names and a Document is picked by.
	Path string
	// Select is the name to ask the directory for; "" when Expand brings it.
	Select string
	// Expand names the related object that brings it, for managers and owners.
	Expand string
	// Members are the paths that the attribute consists of; nil when it is one
	// value. Its value is then the list of theirs.
	Members []string
	Label   string // what administrators call it
	Help    string // one sentence for the mapping screen
	// Suggest is the type of field that suits it, as datatype spells it.
	Suggest string
	Choices []string // the values it can have, when Suggest is a choice and they are known
	Kinds   []Kind
	// List is set for several values; Unordered when their order changes from
	// one reading to the next and must not count.
	List, Unordered bool
	Tracked         bool // a change to it surfaces in a round of changes
	Noise           bool // changes so often that tracking it would mark everybody as changed
	// Reference is set when the value is the identifier of another object.
	Reference  bool
	Permission string // the permission beyond the basic ones that it needs, if any
}

// Has reports whether objects of the kind have the attribute.
func (a *Attribute) Has(kind Kind) bool { return slices.Contains(a.Kinds, kind) }

// Attributes returns the catalogue of a kind in the order of the screen: the
// everyday attributes first, the extras after them.
func Attributes(kind Kind) []Attribute { return slices.Clone(catalogue()[kind]) }

// catalogue is made once: a sync looks attributes up many times.
var catalogue = sync.OnceValue(func() map[Kind][]Attribute {
	return map[Kind][]Attribute{
		User:   slices.Concat(userAttributes(), userExtras()),
		Device: deviceAttributes(),
		Group:  groupAttributes(),
	}
})

// LookupAttribute finds an attribute by its path, by its label on screen, or
// by the name that the directory selects or expands, without regard to letter
// case.
func LookupAttribute(kind Kind, name string) (Attribute, bool) {
	name = strings.TrimSpace(name)
	all := catalogue()[kind]
	for _, same := range []func(a *Attribute) string{
		func(a *Attribute) string { return a.Path },
		func(a *Attribute) string { return a.Label },
		func(a *Attribute) string { return a.Select },
		func(a *Attribute) string { return a.Expand },
	} {
		for i := range all {
			if s := same(&all[i]); s != "" && strings.EqualFold(s, name) {
				return all[i], true
			}
		}
	}
	return Attribute{}, false
}

// NearestAttribute returns the path whose spelling, or whose label's, is
// nearest to an unknown name: "Did you mean …?". It returns "" when nothing is near.
func NearestAttribute(kind Kind, name string) string {
	best, bestCost := "", 1+len(name)/3
	for _, a := range Attributes(kind) {
		for _, s := range []string{a.Path, a.Label} {
			if c := distance(strings.ToLower(name), strings.ToLower(s)); c < bestCost {
				best, bestCost = a.Path, c
			}
		}
	}
	return best
}

// distance is the number of bytes to insert, delete or replace to get from a
// to b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// attribute makes an entry whose path is the selected name and whose changes
// are tracked, as nearly all are.
func attribute(kind Kind, name, label, suggest, help string) Attribute {
	return Attribute{
		Path: name, Select: name, Label: label, Suggest: suggest, Help: help,
		Kinds: []Kind{kind}, Tracked: true,
	}
}

func (a Attribute) choices(choices ...string) Attribute { a.Choices = choices; return a }

// part turns an entry into a member of another attribute, selected by the whole.
func (a Attribute) part(whole string) Attribute {
	a.Path, a.Select = whole+"."+a.Path, whole
	return a
}

// reference turns an entry into the identifier of a related object.
func (a Attribute) reference() Attribute {
	a.Expand, a.Path, a.Select, a.Reference = a.Path, a.Path+".id", "", true
	return a
}

// userAttributes are the 31 attributes of people that the mapping screen
// offers first, with the two parts of the organization data.
// https://learn.microsoft.com/graph/api/resources/user
func userAttributes() []Attribute {
	user := func(name, label, suggest, help string) Attribute {
		return attribute(User, name, label, suggest, help)
	}
	phones := user("businessPhones", "Business phone", "phone", "Work phone number, for reaching people; the directory holds at most one.")
	phones.List = true
	others := user("otherMails", "Other emails", "text", "Further email addresses; no good as a unique identifier.")
	others.List, others.Unordered = true, true
	orgData := user("employeeOrgData", "Employee org data", "text", "Division and cost center, together.")
	orgData.Members = []string{"employeeOrgData.division", "employeeOrgData.costCenter"}
	orgData.List = true
	return []Attribute{
		user("accountEnabled", "Account enabled", "yes_no", "Whether the account may sign in. Disabled accounts lose their login."),
		user("ageGroup", "Age group", "choice", "Age class of the person, such as minor or adult, for rules that depend on it.").choices("Minor", "NotAdult", "Adult"),
		phones,
		user("city", "City", "text", "City in the person's address; good for telling places apart."),
		user("companyName", "Company name", "text", "Employer; often set for guests. Tells companies that share a tenant apart."),
		user("country", "Country or region", "text", "Country or region, as free text."),
		user("department", "Department", "text", "Department the person works in, such as Finance. Good for conditions and for roles."),
		user("displayName", "Display name", "text", "Full name as the directory shows it; what people know a record by."),
		user("mail", "Email", "email", "Main email address, to reach people; empty for those without a mailbox. A unique identifier only where it is permanent."),
		user("employeeHireDate", "Employee hire date", "date", "First working day, for following who joins. Held as a moment in UTC and read as a day."),
		user("employeeId", "Employee ID", "text", "Personnel number, good where other systems use it too. Kept as text, with its leading zeros."),
		orgData,
		user("division", "Division", "text", "Division, from the organization data.").part("employeeOrgData"),
		user("costCenter", "Cost center", "text", "Cost center, from the organization data.").part("employeeOrgData"),
		user("employeeType", "Employee type", "text", "Kind of employment, as free text such as Contractor."),
		user("externalUserState", "External user state", "choice", "Whether a guest has accepted the invitation.").choices("PendingAcceptance", "Accepted"),
		user("externalUserStateChangeDateTime", "External user state change date time", "date_time", "When the invitation's state last changed."),
		user("faxNumber", "Fax number", "phone", "Fax number; rarely filled."),
		user("givenName", "First name", "text", "Given name."),
		user("jobTitle", "Job title", "text", "Position held."),
		user("surname", "Last name", "text", "Family name."),
		user("mailNickname", "Mail nickname", "text", "Mail alias within the organization."),
		user("mobilePhone", "Mobile phone", "phone", "Mobile number."),
		user("id", "Object ID", "text", "The directory's own identifier of the person. Never changes and is never used twice: the strictest match."),
		user("officeLocation", "Office location", "text", "Office or desk, as free text."),
		others,
		user("preferredLanguage", "Preferred language", "text", "Language tag such as en-US."),
		user("state", "State or province", "text", "State or province in the address."),
		user("streetAddress", "Street address", "long_text", "Street and number; may run over several lines."),
		user("usageLocation", "Usage location", "text", "Two-letter country in which services are licensed."),
		user("userPrincipalName", "User principal name", "text", "Name to sign in with. The recommended unique identifier; it can be renamed."),
		user("userType", "User type", "choice", "Member of the organization or guest.").choices("Member", "Guest"),
		user("postalCode", "ZIP or postal code", "text", "Postal code; kept as text."),
	}
}

// userExtras are further attributes of people.
func userExtras() []Attribute {
	user := func(name, label, suggest, help string) Attribute {
		return attribute(User, name, label, suggest, help)
	}
	leave := user("employeeLeaveDateTime", "Employee leave date", "date", "Last working day. Empty for everybody without its own permission.")
	leave.Permission, leave.Tracked = "User-LifeCycleInfo.Read.All", false
	proxies := user("proxyAddresses", "Proxy addresses", "long_text", "All mail addresses; the one marked SMTP in capitals is the main one.")
	proxies.List, proxies.Unordered = true, true
	deleted := user("deletedDateTime", "Deleted on", "date_time", "When the account was deleted; only while it can be restored.")
	deleted.Tracked = false
	synced := user("onPremisesLastSyncDateTime", "On-premises last sync", "date_time", "When Active Directory last wrote the account; changes for everybody all the time.")
	synced.Noise = true
	extras := []Attribute{
		user("manager", "Manager", "link", "The person's manager; goes into a link to a person.").reference(),
		user("createdDateTime", "Created on", "date_time", "When the account was made."),
		deleted,
		leave,
		user("creationType", "Creation type", "text", "How the account came about, Invitation for guests."),
		user("onPremisesSyncEnabled", "On-premises sync enabled", "yes_no", "Whether the account comes from Active Directory."),
		user("onPremisesSamAccountName", "On-premises SAM account name", "text", "Short sign-in name in Active Directory."),
		user("onPremisesUserPrincipalName", "On-premises user principal name", "text", "Sign-in name in Active Directory."),
		user("onPremisesDistinguishedName", "On-premises distinguished name", "text", "Place in Active Directory, with its organizational units."),
		user("onPremisesDomainName", "On-premises domain name", "text", "Domain in Active Directory."),
		user("onPremisesImmutableId", "On-premises immutable ID", "text", "What ties the account to Active Directory."),
		user("onPremisesSecurityIdentifier", "On-premises security identifier", "text", "Security identifier in Active Directory."),
		synced,
		proxies,
		user("securityIdentifier", "Security identifier", "text", "Security identifier in Entra ID."),
	}
	return append(extras, extensionAttributes()...)
}

// extensionAttributes are the fifteen free attributes that organizations fill
// from Active Directory as they like.
func extensionAttributes() []Attribute {
	const whole = "onPremisesExtensionAttributes"
	out := make([]Attribute, 0, 15)
	for _, n := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15") {
		a := attribute(User, "extensionAttribute"+n, "Extension attribute "+n, "text", "Free attribute "+n+", filled as the organization decides.")
		out = append(out, a.part(whole))
	}
	return out
}

// deviceAttributes are those of devices. Entra ID knows no serial numbers.
// https://learn.microsoft.com/graph/api/resources/device
func deviceAttributes() []Attribute {
	device := func(name, label, suggest, help string) Attribute {
		return attribute(Device, name, label, suggest, help)
	}
	signIn := device("approximateLastSignInDateTime", "Last sign-in", "date_time", "Roughly when the device last signed in.")
	signIn.Noise = true
	owner := device("registeredOwners", "Owner", "link", "The person who registered the device; goes into a link to a person.").reference()
	owner.Tracked = false
	return []Attribute{
		device("id", "Object ID", "text", "The directory's own identifier of the device object."),
		device("deviceId", "Device ID", "text", "The identifier that the device was registered with; not the object ID."),
		device("displayName", "Display name", "text", "Name of the device."),
		device("manufacturer", "Manufacturer", "text", "Who made it."),
		device("model", "Model", "text", "Model name."),
		device("operatingSystem", "Operating system", "text", "Windows, iOS, Android and so on."),
		device("operatingSystemVersion", "Operating system version", "text", "Version of the operating system."),
		device("trustType", "Join type", "choice", "Workplace: registered. AzureAd: joined. ServerAd: joined on premises too.").choices("Workplace", "AzureAd", "ServerAd"),
		device("accountEnabled", "Device enabled", "yes_no", "Whether the device may sign in."),
		device("isCompliant", "Compliant", "yes_no", "Whether it meets the organization's policies."),
		device("isManaged", "Managed", "yes_no", "Whether a management service looks after it."),
		device("managementType", "Management type", "text", "Which service manages it."),
		device("deviceOwnership", "Ownership", "choice", "Whether the organization or a person owns it.").choices("company", "personal", "unknown"),
		device("deviceCategory", "Category", "text", "Category chosen at enrolment."),
		device("enrollmentProfileName", "Enrollment profile", "text", "Profile it was enrolled with."),
		device("registrationDateTime", "Registered on", "date_time", "When it was registered."),
		signIn,
		device("profileType", "Profile type", "text", "RegisteredDevice, SecureVM, Printer and so on."),
		owner,
	}
}

// groupAttributes are those of groups.
// https://learn.microsoft.com/graph/api/resources/group
func groupAttributes() []Attribute {
	group := func(name, label, suggest, help string) Attribute {
		return attribute(Group, name, label, suggest, help)
	}
	types := group("groupTypes", "Group types", "choices", "Unified: a Microsoft 365 group. DynamicMembership: members come by rule.").choices("Unified", "DynamicMembership")
	types.List, types.Unordered = true, true
	return []Attribute{
		group("id", "Object ID", "text", "The directory's own identifier of the group."),
		group("displayName", "Display name", "text", "Name of the group."),
		group("description", "Description", "long_text", "What the group is for."),
		group("mail", "Email", "email", "Address of the group."),
		group("mailEnabled", "Mail enabled", "yes_no", "Whether it receives mail."),
		group("mailNickname", "Mail nickname", "text", "Mail alias within the organization."),
		group("securityEnabled", "Security enabled", "yes_no", "Whether it can give access."),
		types,
		group("visibility", "Visibility", "choice", "Who sees the members.").choices("Private", "Public", "HiddenMembership"),
		group("createdDateTime", "Created on", "date_time", "When it was made."),
	}
}
