package entrasim

import "testing"

func TestEveryGetAnswers(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 300, Seed: 7})
	u, d := l.PersonAt(9), l.DeviceAt(0)
	g, a := must(l.Group("Asset managers")), must(l.Unit("Berlin"))
	for _, path := range []string{
		"/users", "/users?$top=999", "/users/" + u.ID, "/users/" + u.UserPrincipalName, "/users/" + u.ID + "/manager",
		"/users/" + u.ID + "/memberOf", "/users/" + u.ID + "/transitiveMemberOf", "/users/" + u.ID + "/ownedDevices",
		"/users/" + l.PersonAt(0).ID + "/directReports", "/users/delta", "/users/delta()", "/users/microsoft.graph.delta()",
		"/groups", "/groups/delta", "/groups/" + g.ID, "/groups/" + g.ID + "/members", "/groups/" + g.ID + "/transitiveMembers",
		"/groups/" + g.ID + "/members/microsoft.graph.user", "/groups/" + g.ID + "/transitiveMembers/microsoft.graph.group",
		"/groups/" + g.ID + "/owners", "/devices", "/devices/delta", "/devices/" + d.ID, "/devices(deviceId='" + d.DeviceID + "')",
		"/devices/" + d.ID + "/registeredOwners", "/devices?$expand=registeredOwners", "/directory/administrativeUnits",
		"/directory/administrativeUnits/delta", "/administrativeUnits/delta", "/directory/administrativeUnits/" + a.ID,
		"/directory/administrativeUnits/" + a.ID + "/members", "/directory/deletedItems/microsoft.graph.user",
		"/directory/deletedItems/microsoft.graph.group", "/directory/deletedItems/" + l.PersonAt(7).ID,
		"/applications/" + DefaultApplicationObjectID, "/applications(appId='" + DefaultClientID + "')", "/applications",
		"/servicePrincipals(appId='" + DefaultClientID + "')", "/servicePrincipals(appId='" + DefaultClientID + "')/appRoleAssignments",
		"/servicePrincipals?$filter=appId eq '" + DefaultClientID + "'", "/organization", "/subscriptions", "/users?$expand=manager",
		"/groups?$expand=members", "/directoryObjects/" + u.ID,
	} {
		if body := l.get(path); body["@odata.context"] == nil {
			t.Errorf("GET %s: no @odata.context in %v", path, body)
		}
	}
}
