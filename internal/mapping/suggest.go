package mapping

import (
	"slices"
	"strings"
	"unicode"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
)

// otherNames are names of fields that people give to what an attribute holds,
// in the form that plainName gives. An attribute's own label and path need no
// entry. The first attribute that fits decides.
var otherNames = []struct{ path, names string }{
	{"displayName", "name fullname person employee user title"},
	{"mail", "email emailaddress mailaddress workemail"},
	{"userPrincipalName", "upn principalname username login signinname loginname userprincipalname"},
	{"businessPhones", "phone telephone phonenumber workphone officephone tel"},
	{"mobilePhone", "mobile cell cellphone mobilenumber"},
	{"givenName", "forename givenname"},
	{"surname", "familyname surname"},
	{"jobTitle", "position role jobtitle function"},
	{"department", "dept team"},
	{"companyName", "company employer organization organisation"},
	{"officeLocation", "office location site desk room building"},
	{"employeeId", "employeenumber personnelnumber staffid staffnumber employeeno"},
	{"employeeHireDate", "hiredate startdate hired joined"},
	{"country", "country"},
	{"state", "state province region"},
	{"postalCode", "zip zipcode postcode postalcode"},
	{"streetAddress", "street address"},
	{"preferredLanguage", "language"},
	{"accountEnabled", "enabled active"},
	{"manager.id", "manager supervisor boss reportsto linemanager"},
	{"registeredOwners.id", "owner user assignedto holder"},
	{"operatingSystem", "os"},
	{"operatingSystemVersion", "osversion"},
	{"displayName", "devicename hostname computername groupname"},
	{"id", "objectid entraid azureid"},
}

// Suggest returns a row for each field whose name says what belongs into it
// and whose type takes it, in the order of the fields. No attribute is
// suggested twice.
func Suggest(kind directory.Kind, targets []Field) []Row {
	var rows []Row
	attributes := directory.Attributes(kind)
	taken := map[string]bool{}
	for _, f := range targets {
		i := slices.IndexFunc(attributes, func(a directory.Attribute) bool {
			return !taken[a.Path] && suits(&a, &f) && namedAlike(&a, f.Name)
		})
		if i < 0 {
			continue
		}
		a := &attributes[i]
		taken[a.Path] = true
		rows = append(rows, Row{From: a.Path, To: f.ID, CreateMissing: f.Spec.Type == datatype.Link && !a.Reference})
	}
	return rows
}

// namedAlike reports whether a field's name means the attribute.
func namedAlike(a *directory.Attribute, name string) bool {
	plain := plainName(name)
	if plain == "" {
		return false
	}
	if plain == plainName(a.Label) || plain == plainName(a.Path) {
		return true
	}
	for _, o := range otherNames {
		if o.path == a.Path && slices.Contains(strings.Fields(o.names), plain) {
			return true
		}
	}
	return false
}

// plainName leaves the letters and digits of a name, in lower case.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// suits reports whether values of the attribute usually fit the field.
//
//	attribute      fields that it suits
//	a reference    links
//	yes or no      yes/no, text
//	date           date, text
//	date and time  date and time, date, text
//	email          email, text
//	phone          phone, text
//	text           any text, choices, links by name; email for principal names
func suits(a *directory.Attribute, f *Field) bool {
	to := f.Spec.Type
	if a.Reference {
		return to == datatype.Link
	}
	if to == datatype.Text || to == datatype.LongText {
		return true
	}
	from := datatype.Type(a.Suggest)
	switch from {
	case to:
		return true
	case datatype.DateTime:
		return to == datatype.Date
	case datatype.Text:
		return to == datatype.Choice || to == datatype.Choices || to == datatype.Link && f.Spec.Collection != 0 ||
			to == datatype.Phone && a.Path == "faxNumber" || to == datatype.Email && a.Path == "userPrincipalName"
	}
	return false
}
