package permission

import (
	"strings"
	"testing"
)

func TestRolesOpenTheirCalls(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]map[string]bool{
		"/users":                               {"User.ReadBasic.All": true, "User.ReadWrite.All": true, "Group.Read.All": false},
		"/users/delta":                         {"User.ReadBasic.All": false, "User.Read.All": true, "Directory.Read.All": true},
		"/users/x/memberOf":                    {"User.Read.All": false, "Directory.Read.All": true},
		"/users/x/transitiveMemberOf":          {"User.Read.All": true},
		"/groups/x/members":                    {"GroupMember.Read.All": true, "User.Read.All": false},
		"/devices":                             {"Directory.Read.All": true},
		"/devices/delta":                       {"Directory.Read.All": false, "Device.Read.All": true},
		"/directory/administrativeUnits/delta": {"AdministrativeUnit.Read.All": true, "User.Read.All": false},
		"/directory/deletedItems/microsoft.graph.group": {"Group.Read.All": true, "User.Read.All": false},
		"/directory/deletedItems/graph.user":            {"Group.Read.All": false, "User.Read.All": true},
		"/applications/x":                               {"Application.Read.All": true, "User.Read.All": false},
		"/organization":                                 {"User.Read.All": true, "Group.Read.All": false},
		"/directoryObjects/getByIds":                    {"Directory.Read.All": true, "User.Read.All": false},
	} {
		for role, open := range want {
			if got := Any([]string{role}, ForCall("GET", strings.Split(strings.Trim(call, "/"), "/"))...); got != open {
				t.Errorf("%s with %s: %v, want %v", call, role, got, open)
			}
		}
	}
}
