package entra

import (
	"net/url"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/directory"
)

// collection is where the objects of a kind are listed.
type collection struct {
	path     string // below /v1.0
	cast     string // the type in paths through mixed collections
	needs    string // the least permission for reading it
	probe    string // an attribute that is never null (F61)
	shardsBy string // a property that filters with ge and le without advanced parameters; "" for none
}

// collections follows https://learn.microsoft.com/graph/permissions-reference
var collections = map[directory.Kind]collection{
	directory.User:               {"/users", "microsoft.graph.user", "User.Read.All", "userPrincipalName", "userPrincipalName"},
	directory.Device:             {"/devices", "microsoft.graph.device", "Device.Read.All", "deviceId", "displayName"},
	directory.Group:              {"/groups", "microsoft.graph.group", "GroupMember.Read.All", "displayName", ""},
	directory.AdministrativeUnit: {"/directory/administrativeUnits", "microsoft.graph.administrativeUnit", "AdministrativeUnit.Read.All", "displayName", ""},
}

// param is one option of a query.
type param struct{ name, value string }

// link returns the address of a call with its options.
func (c *Client) link(path string, params ...param) string {
	var b strings.Builder
	b.WriteString(c.graph.String() + "/v1.0" + path)
	sep := byte('?')
	for _, p := range params {
		if p.value == "" {
			continue
		}
		b.WriteByte(sep)
		b.WriteString(p.name + "=" + escapeOption(p.value))
		sep = '&'
	}
	return b.String()
}

// escapeOption escapes the value of a query option, once. What OData uses as
// punctuation stays legible; a space is %20, for a plus could be meant.
func escapeOption(value string) string {
	return strings.NewReplacer("+", "%20", "%2C", ",", "%28", "(", "%29", ")", "%24", "$", "%27", "'", "%2F", "/", "%40", "@", "%3D", "=").
		Replace(url.QueryEscape(value))
}

// literal returns text as an OData string literal for $filter. It is the only
// way in which names and addresses get into a query (F29).
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// selection returns the value of $select: the identifier and the attributes
// asked for, once each. Of a path the attribute is asked for; relations cannot
// be selected in a listing.
func selection(attributes []string, more ...string) string {
	names := []string{"id"}
	for _, path := range slices.Concat(attributes, more) {
		name, _, _ := strings.Cut(path, ".")
		if name == "" || isRelation(name) && !slices.Contains(more, name) || slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
	}
	return strings.Join(names, ",")
}

// isRelation tells relations apart from attributes.
func isRelation(name string) bool {
	return name == "manager" || name == "registeredOwners" || name == "registeredUsers" || name == "members"
}
