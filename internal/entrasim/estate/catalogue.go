package estate

import "strings"

// filterBy says what $filter can do with a property.
// https://learn.microsoft.com/graph/aad-advanced-queries
type filterBy uint8

const (
	ByEq       filterBy = 1 << iota // eq, in (ne and not with the advanced parameters)
	ByStart                         // startsWith
	ByOrder                         // ge, le
	ByEnd                           // endsWith, always advanced
	ByAdvanced                      // every filter on it is advanced
	ByNever    filterBy = 0
	byText              = ByEq | ByStart | ByOrder
)

// Property describes one property of one kind of object.
type Property struct {
	Name     string
	standard bool // returned without $select
	Filter   filterBy
	Items    bool // a collection: [] when empty, never null
	IsBool   bool
	Link     bool // a navigation property that delta can select
}

// Schema is what the tenant knows about one kind of object. At most 64
// properties, so that a set of them is one uint64.
type Schema struct {
	Kind     Kind
	Set      string // name in URLs and in @odata.context
	OData    string // value of @odata.type
	Props    []Property
	byName   map[string]int // lower case
	Standard uint64
	Links    uint64
}

func newSchema(k Kind, set, odata string, props []Property) *Schema {
	s := &Schema{Kind: k, Set: set, OData: "#microsoft.graph." + odata, Props: props, byName: map[string]int{}}
	for i, p := range props {
		s.byName[strings.ToLower(p.Name)] = i
		if p.standard {
			s.Standard |= 1 << i
		}
		if p.Link {
			s.Links |= 1 << i
		}
	}
	return s
}

// Bit finds a property by name, in any letter case, as Graph does.
func (s *Schema) Bit(name string) (int, bool) {
	i, ok := s.byName[strings.ToLower(name)]
	return i, ok
}

// Properties of users; the numbers are bits of a property set.
const (
	UserID = iota
	uAccountEnabled
	uAgeGroup
	uBusinessPhones
	uCity
	uCompanyName
	uCountry
	uDepartment
	UserDisplayName
	UserMail
	uEmployeeHireDate
	uEmployeeID
	uEmployeeOrgData
	uEmployeeType
	uExternalUserState
	uExternalUserStateChange
	uFaxNumber
	UserGivenName
	uJobTitle
	UserSurname
	uMailNickname
	uMobilePhone
	uOfficeLocation
	uOtherMails
	uPreferredLanguage
	uState
	uStreetAddress
	uUsageLocation
	UserPrincipalName
	uUserType
	uPostalCode
	UserManager
	uCreatedDateTime
	uDeletedDateTime
	UserEmployeeLeaveDateTime
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
	UserSignInActivity
	uConsentProvidedForMinor
	uLegalAgeGroup
	uShowInAddressList
	uIMAddresses
	uPreferredDataLocation
	uIsResourceAccount
	uAssignedLicenses
	userProps
)

// UserSchema lists the properties of users.
func UserSchema() *Schema {
	p := make([]Property, userProps)
	set := func(i int, name string, f filterBy) *Property {
		p[i] = Property{Name: name, Filter: f}
		return &p[i]
	}
	std := func(i int, name string, f filterBy) *Property {
		q := set(i, name, f)
		q.standard = true
		return q
	}
	list := func(q *Property) { q.Items = true }
	std(UserID, "id", ByEq)
	set(uAccountEnabled, "accountEnabled", ByEq).IsBool = true
	set(uAgeGroup, "ageGroup", ByEq)
	list(std(uBusinessPhones, "businessPhones", ByEq|ByStart|ByAdvanced))
	set(uCity, "city", byText)
	set(uCompanyName, "companyName", byText)
	set(uCountry, "country", byText)
	set(uDepartment, "department", byText)
	std(UserDisplayName, "displayName", byText)
	std(UserMail, "mail", byText|ByEnd)
	set(uEmployeeHireDate, "employeeHireDate", ByEq|ByOrder)
	set(uEmployeeID, "employeeId", byText)
	set(uEmployeeOrgData, "employeeOrgData", ByNever)
	set(uEmployeeType, "employeeType", byText)
	set(uExternalUserState, "externalUserState", ByEq)
	set(uExternalUserStateChange, "externalUserStateChangeDateTime", ByNever)
	set(uFaxNumber, "faxNumber", byText)
	std(UserGivenName, "givenName", byText)
	std(uJobTitle, "jobTitle", byText)
	std(UserSurname, "surname", byText)
	set(uMailNickname, "mailNickname", byText)
	std(uMobilePhone, "mobilePhone", byText|ByAdvanced)
	std(uOfficeLocation, "officeLocation", byText|ByAdvanced)
	list(set(uOtherMails, "otherMails", byText|ByEnd))
	std(uPreferredLanguage, "preferredLanguage", byText|ByAdvanced)
	set(uState, "state", byText)
	set(uStreetAddress, "streetAddress", byText|ByAdvanced)
	set(uUsageLocation, "usageLocation", byText)
	std(UserPrincipalName, "userPrincipalName", byText|ByEnd)
	set(uUserType, "userType", ByEq)
	set(uPostalCode, "postalCode", byText|ByAdvanced)
	set(UserManager, "manager", ByNever).Link = true
	set(uCreatedDateTime, "createdDateTime", ByEq|ByOrder)
	set(uDeletedDateTime, "deletedDateTime", ByEq|ByOrder|ByAdvanced)
	set(UserEmployeeLeaveDateTime, "employeeLeaveDateTime", ByEq|ByOrder)
	set(uCreationType, "creationType", ByEq)
	set(uOnPremisesSyncEnabled, "onPremisesSyncEnabled", ByEq).IsBool = true
	set(uOnPremisesSamAccountName, "onPremisesSamAccountName", byText|ByAdvanced)
	set(uOnPremisesUserPrincipalName, "onPremisesUserPrincipalName", byText|ByAdvanced)
	set(uOnPremisesDistinguishedName, "onPremisesDistinguishedName", ByNever)
	set(uOnPremisesDomainName, "onPremisesDomainName", ByNever)
	set(uOnPremisesImmutableID, "onPremisesImmutableId", byText)
	set(uOnPremisesSecurityIdentifier, "onPremisesSecurityIdentifier", ByEq)
	set(uOnPremisesLastSyncDateTime, "onPremisesLastSyncDateTime", ByEq|ByOrder)
	set(uOnPremisesExtensionAttributes, "onPremisesExtensionAttributes", ByNever)
	list(set(uProxyAddresses, "proxyAddresses", byText|ByEnd))
	set(uSecurityIdentifier, "securityIdentifier", ByEq)
	list(set(uIdentities, "identities", ByNever))
	set(UserSignInActivity, "signInActivity", ByNever)
	set(uConsentProvidedForMinor, "consentProvidedForMinor", ByEq)
	set(uLegalAgeGroup, "legalAgeGroupClassification", ByNever)
	set(uShowInAddressList, "showInAddressList", ByNever).IsBool = true
	list(set(uIMAddresses, "imAddresses", byText|ByAdvanced))
	set(uPreferredDataLocation, "preferredDataLocation", ByNever)
	set(uIsResourceAccount, "isResourceAccount", ByNever).IsBool = true
	list(set(uAssignedLicenses, "assignedLicenses", ByNever))
	return newSchema(KindUser, "users", "user", p)
}

// OutsideDirectory lists user properties that Graph reads from another store:
// a collection answers 501 to them, a single user gives null here.
// https://learn.microsoft.com/graph/api/user-list#optional-query-parameters
func OutsideDirectory(name string) bool {
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
	gPreferredDataLocation
	gOnPremisesSecurityIdentifier
	gOnPremisesProvisioningErrors
	gResourceBehaviorOptions
	gResourceProvisioningOptions
	gVisibility
	GroupMembers
	GroupOwners
	groupProps
)

func groupSchema() *Schema {
	return newSchema(KindGroup, "groups", "group", []Property{
		gID:                            {Name: "id", standard: true, Filter: ByEq},
		gDeletedDateTime:               {Name: "deletedDateTime", standard: true, Filter: ByEq | ByOrder | ByAdvanced},
		gClassification:                {Name: "classification", standard: true, Filter: byText | ByAdvanced},
		gCreatedDateTime:               {Name: "createdDateTime", standard: true, Filter: ByEq | ByOrder | ByAdvanced},
		gDescription:                   {Name: "description", standard: true, Filter: ByEq | ByStart | ByAdvanced},
		gDisplayName:                   {Name: "displayName", standard: true, Filter: byText},
		gExpirationDateTime:            {Name: "expirationDateTime", standard: true},
		gGroupTypes:                    {Name: "groupTypes", standard: true, Filter: ByEq, Items: true},
		gIsAssignableToRole:            {Name: "isAssignableToRole", standard: true, Filter: ByEq, IsBool: true},
		gMail:                          {Name: "mail", standard: true, Filter: byText | ByEnd},
		gMailEnabled:                   {Name: "mailEnabled", standard: true, Filter: ByEq, IsBool: true},
		gMailNickname:                  {Name: "mailNickname", standard: true, Filter: byText},
		gMembershipRule:                {Name: "membershipRule", standard: true},
		gMembershipRuleProcessingState: {Name: "membershipRuleProcessingState", standard: true, Filter: ByEq | ByAdvanced},
		gOnPremisesSyncEnabled:         {Name: "onPremisesSyncEnabled", standard: true, Filter: ByEq, IsBool: true},
		gOnPremisesSamAccountName:      {Name: "onPremisesSamAccountName", standard: true},
		gOnPremisesLastSyncDateTime:    {Name: "onPremisesLastSyncDateTime", standard: true, Filter: ByEq | ByOrder},
		gPreferredLanguage:             {Name: "preferredLanguage", standard: true},
		gProxyAddresses:                {Name: "proxyAddresses", standard: true, Filter: byText | ByEnd, Items: true},
		gRenewedDateTime:               {Name: "renewedDateTime", standard: true},
		gSecurityEnabled:               {Name: "securityEnabled", standard: true, Filter: ByEq, IsBool: true},
		gSecurityIdentifier:            {Name: "securityIdentifier", standard: true},
		gTheme:                         {Name: "theme", standard: true},
		gPreferredDataLocation:         {Name: "preferredDataLocation", standard: true},
		gOnPremisesSecurityIdentifier:  {Name: "onPremisesSecurityIdentifier", standard: true},
		gOnPremisesProvisioningErrors:  {Name: "onPremisesProvisioningErrors", standard: true, Items: true},
		gResourceBehaviorOptions:       {Name: "resourceBehaviorOptions", standard: true, Items: true},
		gResourceProvisioningOptions:   {Name: "resourceProvisioningOptions", standard: true, Items: true},
		gVisibility:                    {Name: "visibility", standard: true},
		GroupMembers:                   {Name: "members", Link: true},
		GroupOwners:                    {Name: "owners", Link: true},
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

func deviceSchema() *Schema {
	return newSchema(KindDevice, "devices", "device", []Property{
		dID:                     {Name: "id", standard: true, Filter: ByEq},
		dAccountEnabled:         {Name: "accountEnabled", standard: true, Filter: ByEq, IsBool: true},
		dApproximateLastSignIn:  {Name: "approximateLastSignInDateTime", standard: true, Filter: ByEq | ByOrder | ByAdvanced},
		dComplianceExpiration:   {Name: "complianceExpirationDateTime", standard: true},
		dCreatedDateTime:        {Name: "createdDateTime", standard: true},
		dDeletedDateTime:        {Name: "deletedDateTime", standard: true},
		dDeviceCategory:         {Name: "deviceCategory", standard: true},
		dDeviceID:               {Name: "deviceId", standard: true, Filter: ByEq | ByStart},
		dDeviceOwnership:        {Name: "deviceOwnership", standard: true},
		dDeviceVersion:          {Name: "deviceVersion", standard: true},
		dDisplayName:            {Name: "displayName", standard: true, Filter: byText},
		dEnrollmentProfileName:  {Name: "enrollmentProfileName", standard: true},
		dEnrollmentType:         {Name: "enrollmentType", standard: true},
		dIsCompliant:            {Name: "isCompliant", standard: true, Filter: ByEq, IsBool: true},
		dIsManaged:              {Name: "isManaged", standard: true, Filter: ByEq, IsBool: true},
		dManagementType:         {Name: "managementType", standard: true},
		dManufacturer:           {Name: "manufacturer", standard: true},
		dModel:                  {Name: "model", standard: true},
		dOnPremisesSyncEnabled:  {Name: "onPremisesSyncEnabled", standard: true, Filter: ByEq, IsBool: true},
		dOperatingSystem:        {Name: "operatingSystem", standard: true, Filter: byText | ByAdvanced},
		dOperatingSystemVersion: {Name: "operatingSystemVersion", standard: true, Filter: byText | ByAdvanced},
		dPhysicalIDs:            {Name: "physicalIds", standard: true, Filter: byText | ByAdvanced, Items: true},
		dProfileType:            {Name: "profileType", standard: true, Filter: ByEq | ByAdvanced},
		dRegistrationDateTime:   {Name: "registrationDateTime", standard: true, Filter: ByEq | ByOrder | ByAdvanced},
		dSystemLabels:           {Name: "systemLabels", standard: true, Filter: byText | ByAdvanced, Items: true},
		dTrustType:              {Name: "trustType", standard: true, Filter: ByEq},
		dRegisteredOwners:       {Name: "registeredOwners"},
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
	UnitMembers
	unitProps
)

func unitSchema() *Schema {
	return newSchema(KindUnit, "administrativeUnits", "administrativeUnit", []Property{
		aID:              {Name: "id", standard: true, Filter: ByEq},
		aDescription:     {Name: "description", standard: true, Filter: ByEq | ByStart},
		aDisplayName:     {Name: "displayName", standard: true, Filter: byText},
		aVisibility:      {Name: "visibility", standard: true},
		aMembershipType:  {Name: "membershipType"},
		aMembershipRule:  {Name: "membershipRule"},
		aDeletedDateTime: {Name: "deletedDateTime", standard: true},
		UnitMembers:      {Name: "members", Link: true},
	})
}
