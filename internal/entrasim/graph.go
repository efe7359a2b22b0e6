package entrasim

import (
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/permission"
)

// route serves one Graph call. Directory state is read under the read lock;
// the few calls that write take the write lock themselves.
func (t *Tenant) route(req *request) (*reply, error) {
	if len(req.path) == 0 {
		return nil, noSegment("")
	}
	p := req.path
	if err := t.authorize(req); err != nil {
		return nil, err
	}
	if req.method == "GET" {
		t.Mu.RLock()
		defer t.Mu.RUnlock()
		return t.get(req, strings.ToLower(p[0]), p[1:])
	}
	switch {
	case strings.EqualFold(p[0], "subscriptions"):
		return t.writeSubscription(req, p[1:])
	case req.method == "POST" && len(p) == 2 && strings.EqualFold(p[0], "directoryObjects") && lastName(p[1]) == "getbyids":
		t.Mu.RLock()
		defer t.Mu.RUnlock()
		return t.getByIDs(req)
	case req.method == "POST" && len(p) == 4 && strings.EqualFold(p[1], "deletedItems") && lastName(p[3]) == "restore":
		return nil, denied() // needs a write role, which the simulator never grants
	}
	return nil, &graphError{status: 405, code: "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target."}
}

// lastName is a function or cast segment without its namespace, in lower case.
func lastName(s string) string {
	return strings.ToLower(permission.Unqualified(s))
}

func (t *Tenant) get(req *request, set string, p []string) (*reply, error) {
	switch set {
	case "users":
		return t.getUsers(req, p)
	case "groups":
		return t.getCircles(req, estate.KindGroup, p)
	case "devices":
		return t.getDevices(req, p)
	case "directory", "administrativeunits":
		return t.getDirectory(req, set, p)
	case "directoryobjects":
		return t.getDirectoryObject(req, p)
	case "applications", "serviceprincipals":
		return t.getApplication(req, set, p)
	case "organization":
		return t.getOrganization(req, p)
	case "subscriptions":
		return t.getSubscriptions(req, p)
	case "me":
		return nil, badRequest("/me request is only valid with delegated authentication flow.")
	}
	return nil, noSegment(req.path[0])
}

func (t *Tenant) getUsers(req *request, p []string) (*reply, error) {
	all := t.everyone(estate.KindUser, estate.Live)
	if len(p) == 0 {
		return t.list(req, all)
	}
	switch lastName(p[0]) {
	case "$count":
		return t.countReply(req, all)
	case "delta":
		return t.delta(req, estate.KindUser)
	}
	at, ok := t.FindUser(p[0])
	if !ok {
		return nil, notFound(p[0])
	}
	if len(p) == 1 {
		return t.one(req, at, "users", false)
	}
	return t.userRelation(req, at, p[0], p[1:])
}

func (t *Tenant) userRelation(req *request, at estate.Ref, key string, p []string) (*reply, error) {
	switch strings.ToLower(p[0]) {
	case "manager":
		m, ok := t.Manager(at.Index())
		if !ok {
			return nil, notFound(key)
		}
		return t.one(req, m, "directoryObjects", true)
	case "directreports":
		return t.relation(req, t.mixed([]estate.Kind{estate.KindUser}, t.Reports(at)), p[1:])
	case "memberof":
		return t.relation(req, t.mixed([]estate.Kind{estate.KindGroup, estate.KindUnit}, t.MemberOf(at)), p[1:])
	case "transitivememberof":
		return t.relation(req, t.mixed([]estate.Kind{estate.KindGroup, estate.KindUnit}, t.TransitiveMemberOf(at)), p[1:])
	case "owneddevices", "registereddevices":
		return t.relation(req, t.mixed([]estate.Kind{estate.KindDevice}, t.OwnedDevices(at)), p[1:])
	}
	return nil, noSegment(p[0])
}

// relation serves a mixed collection, its casts and their $count.
func (t *Tenant) relation(req *request, l listing, p []string) (*reply, error) {
	counted := len(p) > 0 && p[len(p)-1] == "$count"
	if counted {
		p = p[:len(p)-1]
	}
	if len(p) > 0 {
		k := kindNamed(lastName(p[0]))
		if len(p) > 1 || !slices.Contains(l.kinds, k) {
			return nil, noSegment(p[0])
		}
		l = t.cast(l, k)
	}
	if counted {
		return t.countReply(req, l)
	}
	return t.list(req, l)
}

func kindNamed(s string) estate.Kind {
	return map[string]estate.Kind{"user": estate.KindUser, "group": estate.KindGroup, "device": estate.KindDevice, "administrativeunit": estate.KindUnit}[s]
}

// getCircles serves groups and administrative units.
func (t *Tenant) getCircles(req *request, k estate.Kind, p []string) (*reply, error) {
	all := t.everyone(k, estate.Live)
	if len(p) == 0 {
		return t.list(req, all)
	}
	switch lastName(p[0]) {
	case "$count":
		return t.countReply(req, all)
	case "delta":
		return t.delta(req, k)
	}
	at, ok := t.RefOf(p[0])
	if valid := estate.IsGUID(p[0]); !valid {
		return nil, badRequest("Invalid object identifier '%s'.", p[0])
	}
	if !ok || at.Kind() != k || t.StateOf(at) != estate.Live {
		return nil, notFound(p[0])
	}
	c := t.Circles[k][at.Index()]
	if len(p) == 1 {
		return t.one(req, at, all.set, false)
	}
	kinds := []estate.Kind{estate.KindUser, estate.KindGroup, estate.KindDevice}
	switch strings.ToLower(p[1]) {
	case "members":
		return t.relation(req, t.mixed(kinds, t.LiveMembers(c)), p[2:])
	case "transitivemembers":
		return t.relation(req, t.mixed(kinds, t.TransitiveMembers(c)), p[2:])
	case "owners":
		return t.relation(req, t.mixed([]estate.Kind{estate.KindUser}, t.FromList(c.Owners)), p[2:])
	case "memberof":
		return t.relation(req, t.mixed([]estate.Kind{estate.KindGroup, estate.KindUnit}, t.MemberOf(at)), p[2:])
	}
	return nil, noSegment(p[1])
}

func (t *Tenant) getDevices(req *request, p []string) (*reply, error) {
	all := t.everyone(estate.KindDevice, estate.Live)
	if len(p) == 0 {
		return t.list(req, all)
	}
	switch lastName(p[0]) {
	case "$count":
		return t.countReply(req, all)
	case "delta":
		return t.delta(req, estate.KindDevice)
	}
	at, ok := t.findDevice(p[0])
	if !ok {
		return nil, notFound(p[0])
	}
	if len(p) == 1 {
		return t.one(req, at, "devices", false)
	}
	switch strings.ToLower(p[1]) {
	case "registeredowners", "registeredusers":
		var owners []estate.Ref
		if o, ok := t.Owner(at.Index()); ok {
			owners = append(owners, o)
		}
		return t.relation(req, t.mixed([]estate.Kind{estate.KindUser}, t.FromList(owners)), p[2:])
	}
	return nil, noSegment(p[1])
}

// findDevice takes an object id or deviceId=GUID.
func (t *Tenant) findDevice(key string) (estate.Ref, bool) {
	want := estate.KindDevice
	if id, ok := strings.CutPrefix(strings.ToLower(key), "deviceid="); ok {
		key, want = id, estate.KindDeviceID
	}
	r, ok := t.RefOf(key)
	if !ok || r.Kind() != want {
		return 0, false
	}
	r = estate.MakeRef(estate.KindDevice, r.Index())
	return r, t.StateOf(r) == estate.Live
}

func (t *Tenant) getDirectory(req *request, set string, p []string) (*reply, error) {
	if set == "administrativeunits" { // the older path
		return t.getCircles(req, estate.KindUnit, p)
	}
	if len(p) == 0 {
		return nil, noSegment("directory")
	}
	switch strings.ToLower(p[0]) {
	case "administrativeunits":
		return t.getCircles(req, estate.KindUnit, p[1:])
	case "deleteditems":
		return t.getDeleted(req, p[1:])
	}
	return nil, noSegment(p[0])
}

// getDeleted serves deletedItems; a collection needs a cast.
// https://learn.microsoft.com/graph/api/directory-deleteditems-list
func (t *Tenant) getDeleted(req *request, p []string) (*reply, error) {
	if len(p) == 0 {
		return nil, badRequest("The collection of deleted items needs a cast such as /microsoft.graph.user.")
	}
	if name := lastName(p[0]); len(name) < len(p[0]) {
		k := kindNamed(name)
		if k == 0 {
			return nil, noSegment(p[0])
		}
		return t.relation(req, t.everyone(k, estate.SoftDeleted), p[1:])
	}
	at, ok := t.RefOf(p[0])
	if !ok || t.StateOf(at) != estate.SoftDeleted {
		return nil, notFound(p[0])
	}
	return t.one(req, at, "directoryObjects", true)
}

func (t *Tenant) getDirectoryObject(req *request, p []string) (*reply, error) {
	if len(p) != 1 {
		return nil, noSegment("directoryObjects")
	}
	at, ok := t.RefOf(p[0])
	if !ok || t.StateOf(at) != estate.Live {
		return nil, notFound(p[0])
	}
	return t.one(req, at, "directoryObjects", true)
}

// one serves a single object.
func (t *Tenant) one(req *request, at estate.Ref, set string, typed bool) (*reply, error) {
	o, err := readOptions(req)
	if err != nil {
		return nil, err
	}
	k := at.Kind()
	sel, err := t.selectFor(o, []estate.Kind{k}, true)
	if err != nil {
		return nil, err
	}
	if err := t.restrict(sel, req); err != nil {
		return nil, err
	}
	exp, err := t.readExpand(o.expand, []estate.Kind{k})
	if err != nil {
		return nil, err
	}
	var rec estate.Record
	t.Fill(at, sel.masks[k], &rec)
	b := append([]byte(nil), `{"@odata.context":`...)
	b = append(estate.AppendString(b, contextURL(req, set, sel, true)), ',')
	for _, name := range sel.outside {
		b = append(estate.AppendString(b, name), ":null,"...)
	}
	obj := t.appendObject(nil, &rec, sel.masks[k], sel.blank[k], typed)
	b = append(b, exp.append(t, obj, at)[1:]...)
	return jsonReply(200, b), nil
}
