// Package permission knows the application permissions of Microsoft Graph:
// their ids, and which calls each of them opens.
package permission

import (
	"net/http"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

// Any tells whether one of the roles, or its ReadWrite sister, was granted.
func Any(have []string, want ...string) bool {
	return slices.ContainsFunc(want, func(w string) bool {
		return slices.Contains(have, w) || slices.Contains(have, strings.Replace(w, ".Read.", ".ReadWrite.", 1))
	})
}

// MayRead tells whether objects of a kind show more than their id when they
// are members of something.
func MayRead(have []string, k estate.Kind) bool {
	switch k {
	case estate.KindUser:
		return Any(have, "User.Read.All", "User.ReadBasic.All", "Directory.Read.All")
	case estate.KindGroup:
		return Any(have, "Group.Read.All", "GroupMember.Read.All", "Group.ReadBasic.All", "Directory.Read.All")
	case estate.KindDevice:
		return Any(have, "Device.Read.All", "Directory.Read.All")
	}
	return Any(have, "AdministrativeUnit.Read.All", "Directory.Read.All")
}

// Unqualified drops the namespace of a function or cast in a path. It may be
// written in full, microsoft.graph.user, or by its alias, graph.user, which
// Microsoft's own clients use.
func Unqualified(segment string) string {
	for _, namespace := range []string{"microsoft.graph.", "graph."} {
		if n := len(namespace); len(segment) > n && strings.EqualFold(segment[:n], namespace) {
			return segment[n:]
		}
	}
	return segment
}

// ForCall is the permission table: which roles open a call, any one of them.
// nil means that no role is needed.
// https://learn.microsoft.com/graph/permissions-reference
func ForCall(method string, path []string) []string {
	seg := func(i int) string {
		if i < len(path) {
			return strings.ToLower(Unqualified(path[i]))
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

// ID is the GUID of an application permission on Microsoft Graph.
// https://learn.microsoft.com/graph/permissions-reference
func ID(name string) string {
	return map[string]string{
		"Application.Read.All":                    "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
		"Directory.Read.All":                      "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
		"Group.Read.All":                          "5b567255-7703-4780-807c-7be8301ae99b",
		"User.Read.All":                           "df021288-bdef-4463-88db-98f22de89214",
		"GroupMember.Read.All":                    "98830695-27a2-44f7-8c18-0c3ebc9698f6",
		"Device.Read.All":                         "7438b122-aefc-4978-80ed-43db9fcc7715",
		"AdministrativeUnit.Read.All":             "134fd756-38ce-4afd-ba33-e9623dbe66c2",
		"Organization.Read.All":                   "498476ce-e0fe-48b0-b801-37ba7e2685c6",
		"AuditLog.Read.All":                       "b0afded3-3588-46d8-8b3d-9842eff778da",
		"User-LifeCycleInfo.Read.All":             "8556a004-db57-4d7a-8b82-97a13428e96f",
		"DeviceManagementManagedDevices.Read.All": "2f51be20-0bb4-4fed-bf7b-db946066c75e",
		"User.ReadBasic.All":                      "97235f07-e226-4f63-ace3-39588e11d3a1",
	}[name]
}
