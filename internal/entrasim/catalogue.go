package entrasim

import "strings"

// filterBy says what $filter can do with a property.
// https://learn.microsoft.com/graph/aad-advanced-queries
type filterBy uint8

const (
	byEq       filterBy = 1 << iota // eq, in (ne and not with the advanced parameters)
	byStart                         // startsWith
	byOrder                         // ge, le
	byEnd                           // endsWith, always advanced
	byAdvanced                      // every filter on it is advanced
	byNever    filterBy = 0
	byText              = byEq | byStart | byOrder
)

// property describes one property of one kind of object.
type property struct {
	name     string
	standard bool // returned without $select
	filter   filterBy
	list     bool // a collection: [] when empty, never null
	bool     bool
	link     bool // a navigation property that delta can select
}

// schema is what the tenant knows about one kind of object. At most 64
// properties, so that a set of them is one uint64.
type schema struct {
	kind     Kind
	set      string // name in URLs and in @odata.context
	odata    string // value of @odata.type
	props    []property
	byName   map[string]int // lower case
	standard uint64
	links    uint64
}

func newSchema(k Kind, set, odata string, props []property) *schema {
	s := &schema{kind: k, set: set, odata: "#microsoft.graph." + odata, props: props, byName: map[string]int{}}
	for i, p := range props {
		s.byName[strings.ToLower(p.name)] = i
		if p.standard {
			s.standard |= 1 << i
		}
		if p.link {
			s.links |= 1 << i
		}
	}
	return s
}

// bit finds a property by name, in any letter case, as Graph does.
func (s *schema) bit(name string) (int, bool) {
	i, ok := s.byName[strings.ToLower(name)]
	return i, ok
}

// Properties of users; the numbers are bits of a property set.
const (
	uID = iota
	uAccountEnabled
	uAgeGroup
	uBusinessPhones
	uCity
	uCompanyName
	uCountry
	uDepartment
	uDisplayName
	uMail
	uEmployeeHireDate
	uEmployeeID
	uEmployeeOrgData
	uEmployeeType
	uExternalUserState
	uExternalUserStateChange
	uFaxNumber
	uGivenName
	uJobTitle
	uSurname
	uMailNickname
	uMobilePhone
	uOfficeLocation
	uOtherMails
	uPreferredLanguage
	uState
	uStreetAddress
	uUsageLocation
	uUserPrincipalName
	uUserType
	uPostalCode
	uManager
	uCreatedDateTime
	uDeletedDateTime
	uEmployeeLeaveDateTime
	uCreationType
	uOnPremisesSyncEnabled
	uOnPremisesSamAccountName
	uOnPremisesUserPrincipalName
	uOnPremisesDistinguishedName
	uOnPremisesDomainName
	uOnPremisesImmutableID
	uOnPremisesSecurityIdentifier
	uOnPremisesLastSyncDateTime
	uOnPremisesExtensionAttributes
	uProxyAddresses
	uSecurityIdentifier
	uIdentities
	uSignInActivity
	uConsentProvidedForMinor
	uLegalAgeGroup
	uShowInAddressList
	uIMAddresses
	uPreferredDataLocation
	uIsResourceAccount
	uAssignedLicenses
	userProps
)

func userSchema() *schema {
	p := make([]property, userProps)
	set := func(i int, name string, f filterBy) *property {
		p[i] = property{name: name, filter: f}
		return &p[i]
	}
	std := func(i int, name string, f filterBy) *property {
		q := set(i, name, f)
		q.standard = true
		return q
	}
	list := func(q *property) { q.list = true }
	std(uID, "id", byEq)
	set(uAccountEnabled, "accountEnabled", byEq).bool = true
	set(uAgeGroup, "ageGroup", byEq)
	list(std(uBusinessPhones, "businessPhones", byEq|byStart|byAdvanced))
	set(uCity, "city", byText)
	set(uCompanyName, "companyName", byText)
	set(uCountry, "country", byText)
	set(uDepartment, "department", byText)
	std(uDisplayName, "displayName", byText)
	std(uMail, "mail", byText|byEnd)
	set(uEmployeeHireDate, "employeeHireDate", byEq|byOrder)
	set(uEmployeeID, "employeeId", byText)
	set(uEmployeeOrgData, "employeeOrgData", byNever)
	set(uEmployeeType, "employeeType", byText)
	set(uExternalUserState, "externalUserState", byEq)
	set(uExternalUserStateChange, "externalUserStateChangeDateTime", byNever)
	set(uFaxNumber, "faxNumber", byText)
	std(uGivenName, "givenName", byText)
	std(uJobTitle, "jobTitle", byText)
	std(uSurname, "surname", byText)
	set(uMailNickname, "mailNickname", byText)
	std(uMobilePhone, "mobilePhone", byText|byAdvanced)
	std(uOfficeLocation, "officeLocation", byText|byAdvanced)
	list(set(uOtherMails, "otherMails", byText|byEnd))
	std(uPreferredLanguage, "preferredLanguage", byText|byAdvanced)
	set(uState, "state", byText)
	set(uStreetAddress, "streetAddress", byText|byAdvanced)
	set(uUsageLocation, "usageLocation", byText)
	std(uUserPrincipalName, "userPrincipalName", byText|byEnd)
	set(uUserType, "userType", byEq)
	set(uPostalCode, "postalCode", byText|byAdvanced)
	set(uManager, "manager", byNever).link = true
	set(uCreatedDateTime, "createdDateTime", byEq|byOrder)
	set(uDeletedDateTime, "deletedDateTime", byEq|byOrder|byAdvanced)
	set(uEmployeeLeaveDateTime, "employeeLeaveDateTime", byEq|byOrder)
	set(uCreationType, "creationType", byEq)
	set(uOnPremisesSyncEnabled, "onPremisesSyncEnabled", byEq).bool = true
	set(uOnPremisesSamAccountName, "onPremisesSamAccountName", byText|byAdvanced)
	set(uOnPremisesUserPrincipalName, "onPremisesUserPrincipalName", byText|byAdvanced)
	set(uOnPremisesDistinguishedName, "onPremisesDistinguishedName", byNever)
	set(uOnPremisesDomainName, "onPremisesDomainName", byNever)
	set(uOnPremisesImmutableID, "onPremisesImmutableId", byText)
	set(uOnPremisesSecurityIdentifier, "onPremisesSecurityIdentifier", byEq)
	set(uOnPremisesLastSyncDateTime, "onPremisesLastSyncDateTime", byEq|byOrder)
	set(uOnPremisesExtensionAttributes, "onPremisesExtensionAttributes", byNever)
	list(set(uProxyAddresses, "proxyAddresses", byText|byEnd))
	set(uSecurityIdentifier, "securityIdentifier", byEq)
	list(set(uIdentities, "identities", byNever))
	set(uSignInActivity, "signInActivity", byNever)
	set(uConsentProvidedForMinor, "consentProvidedForMinor", byEq)
	set(uLegalAgeGroup, "legalAgeGroupClassification", byNever)
	set(uShowInAddressList, "showInAddressList", byNever).bool = true
	list(set(uIMAddresses, "imAddresses", byText|byAdvanced))
	set(uPreferredDataLocation, "preferredDataLocation", byNever)
	set(uIsResourceAccount, "isResourceAccount", byNever).bool = true
	list(set(uAssignedLicenses, "assignedLicenses", byNever))
	return newSchema(KindUser, "users", "user", p)
}

// outsideDirectory lists user properties that Graph reads from another store:
// a collection answers 501 to them, a single user gives null here.
// https://learn.microsoft.com/graph/api/user-list#optional-query-parameters
func outsideDirectory(name string) bool {
	switch strings.ToLower(name) {
	case "aboutme", "birthday", "hiredate", "interests", "mysite", "pastprojects", "preferredname",
		"responsibilities", "schools", "skills", "mailboxsettings":
		return true
	}
	return false
}

// Properties of groups.
const (
	gID = iota
	gDeletedDateTime
	gClassification
	gCreatedDateTime
	gDescription
	gDisplayName
	gExpirationDateTime
	gGroupTypes
	gIsAssignableToRole
	gMail
	gMailEnabled
	gMailNickname
	gMembershipRule
	gMembershipRuleProcessingState
	gOnPremisesSyncEnabled
	gOnPremisesSamAccountName
	gOnPremisesLastSyncDateTime
	gPreferredLanguage
	gProxyAddresses
	gRenewedDateTime
	gSecurityEnabled
	gSecurityIdentifier
	gTheme
	gVisibility
	gMembers
	gOwners
	groupProps
)

func groupSchema() *schema {
	return newSchema(KindGroup, "groups", "group", []property{
		gID:                            {name: "id", standard: true, filter: byEq},
		gDeletedDateTime:               {name: "deletedDateTime", standard: true, filter: byEq | byOrder | byAdvanced},
		gClassification:                {name: "classification", standard: true, filter: byText | byAdvanced},
		gCreatedDateTime:               {name: "createdDateTime", standard: true, filter: byEq | byOrder | byAdvanced},
		gDescription:                   {name: "description", standard: true, filter: byEq | byStart | byAdvanced},
		gDisplayName:                   {name: "displayName", standard: true, filter: byText},
		gExpirationDateTime:            {name: "expirationDateTime", standard: true},
		gGroupTypes:                    {name: "groupTypes", standard: true, filter: byEq, list: true},
		gIsAssignableToRole:            {name: "isAssignableToRole", standard: true, filter: byEq, bool: true},
		gMail:                          {name: "mail", standard: true, filter: byText | byEnd},
		gMailEnabled:                   {name: "mailEnabled", standard: true, filter: byEq, bool: true},
		gMailNickname:                  {name: "mailNickname", standard: true, filter: byText},
		gMembershipRule:                {name: "membershipRule", standard: true},
		gMembershipRuleProcessingState: {name: "membershipRuleProcessingState", standard: true, filter: byEq | byAdvanced},
		gOnPremisesSyncEnabled:         {name: "onPremisesSyncEnabled", standard: true, filter: byEq, bool: true},
		gOnPremisesSamAccountName:      {name: "onPremisesSamAccountName", standard: true},
		gOnPremisesLastSyncDateTime:    {name: "onPremisesLastSyncDateTime", standard: true, filter: byEq | byOrder},
		gPreferredLanguage:             {name: "preferredLanguage", standard: true},
		gProxyAddresses:                {name: "proxyAddresses", standard: true, filter: byText | byEnd, list: true},
		gRenewedDateTime:               {name: "renewedDateTime", standard: true},
		gSecurityEnabled:               {name: "securityEnabled", standard: true, filter: byEq, bool: true},
		gSecurityIdentifier:            {name: "securityIdentifier", standard: true},
		gTheme:                         {name: "theme", standard: true},
		gVisibility:                    {name: "visibility", standard: true},
		gMembers:                       {name: "members", link: true},
		gOwners:                        {name: "owners", link: true},
	})
}

// Properties of devices.
const (
	dID = iota
	dAccountEnabled
	dApproximateLastSignIn
	dComplianceExpiration
	dCreatedDateTime
	dDeletedDateTime
	dDeviceCategory
	dDeviceID
	dDeviceOwnership
	dDeviceVersion
	dDisplayName
	dEnrollmentProfileName
	dEnrollmentType
	dIsCompliant
	dIsManaged
	dManagementType
	dManufacturer
	dModel
	dOnPremisesSyncEnabled
	dOperatingSystem
	dOperatingSystemVersion
	dPhysicalIDs
	dProfileType
	dRegistrationDateTime
	dSystemLabels
	dTrustType
	dRegisteredOwners
	deviceProps
)

func deviceSchema() *schema {
	return newSchema(KindDevice, "devices", "device", []property{
		dID:                     {name: "id", standard: true, filter: byEq},
		dAccountEnabled:         {name: "accountEnabled", standard: true, filter: byEq, bool: true},
		dApproximateLastSignIn:  {name: "approximateLastSignInDateTime", standard: true, filter: byEq | byOrder | byAdvanced},
		dComplianceExpiration:   {name: "complianceExpirationDateTime", standard: true},
		dCreatedDateTime:        {name: "createdDateTime", standard: true},
		dDeletedDateTime:        {name: "deletedDateTime", standard: true},
		dDeviceCategory:         {name: "deviceCategory", standard: true},
		dDeviceID:               {name: "deviceId", standard: true, filter: byEq | byStart},
		dDeviceOwnership:        {name: "deviceOwnership", standard: true},
		dDeviceVersion:          {name: "deviceVersion", standard: true},
		dDisplayName:            {name: "displayName", standard: true, filter: byText},
		dEnrollmentProfileName:  {name: "enrollmentProfileName", standard: true},
		dEnrollmentType:         {name: "enrollmentType", standard: true},
		dIsCompliant:            {name: "isCompliant", standard: true, filter: byEq, bool: true},
		dIsManaged:              {name: "isManaged", standard: true, filter: byEq, bool: true},
		dManagementType:         {name: "managementType", standard: true},
		dManufacturer:           {name: "manufacturer", standard: true},
		dModel:                  {name: "model", standard: true},
		dOnPremisesSyncEnabled:  {name: "onPremisesSyncEnabled", standard: true, filter: byEq, bool: true},
		dOperatingSystem:        {name: "operatingSystem", standard: true, filter: byText | byAdvanced},
		dOperatingSystemVersion: {name: "operatingSystemVersion", standard: true, filter: byText | byAdvanced},
		dPhysicalIDs:            {name: "physicalIds", standard: true, filter: byText | byAdvanced, list: true},
		dProfileType:            {name: "profileType", standard: true, filter: byEq | byAdvanced},
		dRegistrationDateTime:   {name: "registrationDateTime", standard: true, filter: byEq | byOrder | byAdvanced},
		dSystemLabels:           {name: "systemLabels", standard: true, filter: byText | byAdvanced, list: true},
		dTrustType:              {name: "trustType", standard: true, filter: byEq},
		dRegisteredOwners:       {name: "registeredOwners"},
	})
}

// Properties of administrative units.
const (
	aID = iota
	aDescription
	aDisplayName
	aVisibility
	aMembershipType
	aMembershipRule
	aDeletedDateTime
	aMembers
	unitProps
)

func unitSchema() *schema {
	return newSchema(KindUnit, "administrativeUnits", "administrativeUnit", []property{
		aID:              {name: "id", standard: true, filter: byEq},
		aDescription:     {name: "description", standard: true, filter: byEq | byStart},
		aDisplayName:     {name: "displayName", standard: true, filter: byText},
		aVisibility:      {name: "visibility", standard: true},
		aMembershipType:  {name: "membershipType"},
		aMembershipRule:  {name: "membershipRule"},
		aDeletedDateTime: {name: "deletedDateTime", standard: true},
		aMembers:         {name: "members", link: true},
	})
}
