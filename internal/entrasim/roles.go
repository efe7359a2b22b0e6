package entrasim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

// anyRole: one of the roles, or its ReadWrite sister, was granted.
func anyRole(have []string, want ...string) bool {
	return slices.ContainsFunc(want, func(w string) bool {
		return slices.Contains(have, w) || slices.Contains(have, strings.Replace(w, ".Read.", ".ReadWrite.", 1))
	})
}

// mayRead tells whether objects of a kind show more than their id when they
// are members of something.
func mayRead(have []string, k estate.Kind) bool {
	switch k {
	case estate.KindUser:
		return anyRole(have, "User.Read.All", "User.ReadBasic.All", "Directory.Read.All")
	case estate.KindGroup:
		return anyRole(have, "Group.Read.All", "GroupMember.Read.All", "Group.ReadBasic.All", "Directory.Read.All")
	case estate.KindDevice:
		return anyRole(have, "Device.Read.All", "Directory.Read.All")
	}
	return anyRole(have, "AdministrativeUnit.Read.All", "Directory.Read.All")
}

// rolesFor is the permission table: which roles open a call, any one of them.
// nil means that no role is needed.
// https://learn.microsoft.com/graph/permissions-reference
func rolesFor(method string, path []string) []string {
	seg := func(i int) string {
		if i < len(path) {
			return lastName(path[i])
		}
		return ""
	}
	const directory = "Directory.Read.All"
	groups := []string{"Group.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All", directory}
	switch seg(0) {
	case "users":
		return userRoles(seg(1), seg(2))
	case "groups":
		return groups
	case "devices":
		if seg(1) == "delta" {
			return []string{"Device.Read.All"}
		}
		return []string{"Device.Read.All", directory}
	case "administrativeunits":
		return []string{"AdministrativeUnit.Read.All", directory}
	case "directory":
		if seg(1) == "administrativeunits" {
			return []string{"AdministrativeUnit.Read.All", directory}
		}
		if seg(2) == "group" {
			return []string{"Group.Read.All", directory}
		}
		return []string{"User.Read.All", directory}
	case "directoryobjects":
		return []string{directory}
	case "applications", "serviceprincipals":
		return []string{"Application.Read.All", directory}
	case "organization":
		return []string{"Organization.Read.All", "User.Read.All", directory}
	case "subscriptions":
		if method == http.MethodPost && len(path) == 1 {
			return []string{"User.Read.All", "Group.Read.All", directory}
		}
	}
	return nil
}

func userRoles(item, relation string) []string {
	const directory = "Directory.Read.All"
	switch {
	case item == "delta":
		return []string{"User.Read.All", directory}
	case relation == "memberof":
		return []string{"Group.ReadBasic.All", "GroupMember.ReadBasic.All", directory}
	case relation == "transitivememberof":
		return []string{"User.Read.All", "GroupMember.Read.All", "Group.Read.All", directory}
	case relation == "":
		return []string{"User.ReadBasic.All", "User.Read.All", directory}
	}
	return []string{"User.Read.All", directory}
}

// authorize checks the bearer token and the roles of a call.
func (t *Tenant) authorize(req *request) error {
	token, ok := strings.CutPrefix(req.header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return t.unauthorized(req, "Access token is empty.")
	}
	c, err := t.issuer.Keys.Check(token)
	switch now := t.now().Unix(); {
	case err != nil:
		return t.unauthorized(req, "CompactToken parsing failed with error code: 80049217")
	case !sts.GraphAudience(req.base, c.Aud):
		return t.unauthorized(req, "Access token validation failure. Invalid audience.")
	case c.TID != t.cfg.TenantID:
		return t.unauthorized(req, "Access token validation failure. Invalid issuer.")
	case now >= c.Expires:
		return t.unauthorized(req, "Lifetime validation failed, the token is expired.")
	case now < c.NotBefore-300:
		return t.unauthorized(req, "Access token has expired or is not yet valid.")
	case c.Generation < t.issuer.App.Generation():
		return t.unauthorized(req, "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp")
	}
	req.roles = c.Roles
	if need := rolesFor(req.method, req.path); need != nil && !anyRole(c.Roles, need...) {
		return denied()
	}
	return nil
}

func (t *Tenant) unauthorized(req *request, text string) error {
	return &graphError{status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: text, header: http.Header{
		"Www-Authenticate": {`Bearer realm="", authorization_uri="` + req.base + `/common/oauth2/authorize", client_id="` + sts.GraphAppID + `"`}}}
}
