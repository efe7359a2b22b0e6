package entra

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// Needs says what a connection is to be used for, beyond users and groups.
type Needs struct {
	Devices             bool
	AdministrativeUnits bool
}

// permission is an application permission on Microsoft Graph, with the others
// that open the same reads.
// https://learn.microsoft.com/graph/permissions-reference
type permission struct {
	name, id string
	purpose  string
	covered  []string
}

const directoryRead = "Directory.Read.All"

// permissions lists what can be asked for. The first entries are the least set;
// the identifiers are the same in every tenant.
var permissions = []permission{
	{"User.Read.All", "df021288-bdef-4463-88db-98f22de89214", "read users and deleted users",
		[]string{directoryRead, "User.ReadWrite.All", "Directory.ReadWrite.All"}},
	{"GroupMember.Read.All", "98830695-27a2-44f7-8c18-0c3ebc9698f6", "read groups and their members",
		[]string{"Group.Read.All", directoryRead, "GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}},
	// Directory.Read.All lists devices but does not follow their changes.
	{"Device.Read.All", "7438b122-aefc-4978-80ed-43db9fcc7715", "read devices and their changes", []string{"Device.ReadWrite.All"}},
	{"AdministrativeUnit.Read.All", "134fd756-38ce-4afd-ba33-e9623dbe66c2", "read administrative units",
		[]string{directoryRead, "AdministrativeUnit.ReadWrite.All", "Directory.ReadWrite.All"}},
	{"Application.Read.All", "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "see when the client secret expires",
		[]string{directoryRead, "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.ReadWrite.All"}},
	{directoryRead, "7ab1d382-f21e-4acd-a863-ba3e13f7da61", "", nil},
	{"Group.Read.All", "5b567255-7703-4780-807c-7be8301ae99b", "", nil},
	{"Organization.Read.All", "498476ce-e0fe-48b0-b801-37ba7e2685c6", "", nil},
	{"Member.Read.Hidden", "658aa5d8-239f-45c4-aa12-864f4fc7e490", "", nil},
	{"User.ReadBasic.All", "97235f07-e226-4f63-ace3-39588e11d3a1", "", nil},
	{"AuditLog.Read.All", "b0afded3-3588-46d8-8b3d-9842eff778da", "", nil},
}

// guideSet is what the setup guide lists in full; holding it is no reason to warn.
var guideSet = []string{"Application.Read.All", directoryRead, "Group.Read.All", "User.Read.All", "GroupMember.Read.All",
	"Device.Read.All", "AdministrativeUnit.Read.All", "Organization.Read.All", "Member.Read.Hidden"}

// LeastPermissions returns the smallest set of application permissions that
// serves the needs, in the order in which to show them (F62).
func LeastPermissions(n Needs) []string {
	set := []string{"User.Read.All", "GroupMember.Read.All"}
	if n.Devices {
		set = append(set, "Device.Read.All")
	}
	if n.AdministrativeUnits {
		set = append(set, "AdministrativeUnit.Read.All")
	}
	return append(set, "Application.Read.All")
}

func permissionNamed(name string) permission {
	i := slices.IndexFunc(permissions, func(p permission) bool { return p.name == name })
	return permissions[i] // names come from LeastPermissions
}

// roleName returns the name of a permission by its identifier, or the
// identifier for one that is not in the table.
func roleName(id string) string {
	for _, p := range permissions {
		if strings.EqualFold(p.id, id) {
			return p.name
		}
	}
	return id
}

// granted tells how a permission is held: by itself, through a wider one, or
// not at all.
func (p *permission) granted(roles []string) (by string, ok bool) {
	if slices.Contains(roles, p.name) {
		return p.name, true
	}
	for _, wider := range p.covered {
		if slices.Contains(roles, wider) {
			return wider, true
		}
	}
	return "", false
}

// permissionLines reports on each permission of the least set, and on those
// that go beyond it.
func permissionLines(n Needs, roles []string) []Line {
	var lines []Line
	for _, name := range LeastPermissions(n) {
		lines = append(lines, permissionNamed(name).line(roles))
	}
	return append(lines, surplusLine(n, roles))
}

func (p permission) line(roles []string) Line {
	l := Line{ID: "permission " + p.name, State: Pass, Text: "The permission " + p.name + " is granted."}
	by, ok := p.granted(roles)
	switch {
	case ok && by != p.name:
		l.Text = by + " is granted and stands in for " + p.name + "."
	case !ok:
		l.State, l.Text = Fail, "The permission "+p.name+" is missing. It is needed to "+p.purpose+"."
		l.Remedy = "Under API permissions add the application permission " + p.name + " and grant admin consent."
		if p.name == "Application.Read.All" {
			l.State = Warn // reading works without; only the expiry stays unknown
		}
	}
	return l
}

// surplusLine reports on permissions that are not needed: fine when the setup
// guide lists them, a warning otherwise.
func surplusLine(n Needs, roles []string) Line {
	least := LeastPermissions(n)
	var listed, beyond []string
	for _, role := range roles {
		switch {
		case slices.Contains(least, role):
		case slices.Contains(guideSet, role):
			listed = append(listed, role)
		default:
			beyond = append(beyond, role)
		}
	}
	l := Line{ID: "surplus", State: Pass, Text: "No permission goes beyond what is needed."}
	switch {
	case len(beyond) > 0:
		l.State, l.Text = Warn, "The application may do more than is needed: "+strings.Join(beyond, ", ")+"."
		l.Remedy = "Under API permissions remove them, unless another use of the application needs them."
	case len(listed) > 0:
		l.Text = "The permissions of the setup guide are granted. Not all of them are needed: " + strings.Join(listed, ", ") + " could go."
	}
	return l
}

// rolesIn reads the granted permissions out of a token, for diagnosis only: a
// token is opaque and nothing else depends on what it says. ok is false for a
// token that cannot be read.
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
func rolesIn(token string) (roles []string, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Roles []string `json:"roles"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return nil, false
	}
	slices.Sort(claims.Roles)
	return claims.Roles, true
}
