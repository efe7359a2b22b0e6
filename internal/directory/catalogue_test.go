package directory

import (
	"strings"
	"testing"
)

// The attributes that administrators are promised, by what they are called.
const promised = `Account enabled;Age group;Business phone;City;Company name;Country or region;Department;Display name;Email;
Employee hire date;Employee ID;Employee org data;Employee type;External user state;External user state change date time;
Fax number;First name;Job title;Last name;Mail nickname;Mobile phone;Object ID;Office location;Other emails;
Preferred language;State or province;Street address;Usage location;User principal name;User type;ZIP or postal code`

func TestEveryPromisedAttributeIsThere(t *testing.T) {
	t.Parallel()
	names := strings.Split(strings.ReplaceAll(promised, "\n", ""), ";")
	if len(names) != 31 {
		t.Fatalf("%d names, want 31", len(names))
	}
	for _, name := range names {
		a, ok := LookupAttribute(User, strings.ToUpper(name))
		if !ok || a.Label != name {
			t.Errorf("%s: found %q, %v", name, a.Label, ok)
		}
	}
}

func TestCatalogueIsSound(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{User, Device, Group} {
		paths, labels := map[string]bool{}, map[string]bool{}
		for _, a := range Attributes(kind) {
			if paths[a.Path] || labels[a.Label] {
				t.Errorf("%s: %s (%s) is listed twice", kind, a.Path, a.Label)
			}
			paths[a.Path], labels[a.Label] = true, true
			whole, _, _ := strings.Cut(a.Path, ".")
			switch {
			case a.Label == "" || a.Suggest == "" || !a.Has(kind):
				t.Errorf("%s: %s lacks a label, a type or its kind", kind, a.Path)
			case !strings.HasSuffix(a.Help, "."):
				t.Errorf("%s: help of %s is no sentence: %q", kind, a.Path, a.Help)
			case a.Expand == "" && a.Select != whole || a.Expand != "" && (a.Select != "" || a.Expand != whole):
				t.Errorf("%s: %s is read by %q, %q", kind, a.Path, a.Select, a.Expand)
			}
			if got, ok := LookupAttribute(kind, strings.ToUpper(a.Path)); !ok || got.Path != a.Path {
				t.Errorf("%s: looking up %s finds %q", kind, a.Path, got.Path)
			}
			for _, m := range a.Members {
				if _, ok := LookupAttribute(kind, m); !ok {
					t.Errorf("%s: member %s of %s is not listed", kind, m, a.Path)
				}
			}
		}
	}
	if Attributes(AdministrativeUnit) != nil {
		t.Error("administrative units have attributes to map")
	}
}

func TestLookupAttribute(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind       Kind
		name, path string
	}{
		{User, "mail", "mail"}, {User, "Email", "mail"}, {User, " display NAME ", "displayName"},
		{User, "manager", "manager.id"}, {User, "Manager", "manager.id"}, {User, "employeeOrgData", "employeeOrgData"},
		{User, "employeeorgdata.DIVISION", "employeeOrgData.division"}, {User, "Division", "employeeOrgData.division"},
		{Device, "registeredOwners", "registeredOwners.id"}, {Device, "mail", ""}, {User, "", ""}, {User, "Integration Status", ""},
	} {
		a, ok := LookupAttribute(tt.kind, tt.name)
		if a.Path != tt.path || ok != (tt.path != "") {
			t.Errorf("%s %q = %q, %v; want %q", tt.kind, tt.name, a.Path, ok, tt.path)
		}
	}
}

func TestNearestAttribute(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"departmnt": "department", "DisplayNme": "displayName", "jobtitel": "jobTitle", "userprincipalnam": "userPrincipalName",
		"E-mail": "mail", "Frist name": "givenName", "shoeSize": "", "": "", "xxxxxxxxxxxxxxxx": "",
	} {
		if got := NearestAttribute(User, name); got != want {
			t.Errorf("nearest to %q = %q, want %q", name, got, want)
		}
	}
}
