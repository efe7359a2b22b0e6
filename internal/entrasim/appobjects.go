package entrasim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/permission"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

// fixed is an object with few properties that is rendered from a struct or a
// map: applications, service principals, the organization.
type fixed []field

type field struct {
	name  string
	value any
}

// render applies $select and writes the object.
func (f fixed) render(b []byte, names []string) ([]byte, error) {
	for _, n := range names {
		if !slices.ContainsFunc(f, func(x field) bool { return strings.EqualFold(x.name, n) }) {
			return nil, badRequest("Could not find a property named '%s'.", n)
		}
	}
	b = append(b, '{')
	for _, x := range f {
		if len(names) > 0 && !strings.EqualFold(x.name, "id") &&
			!slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, x.name) }) {
			continue
		}
		raw, err := json.Marshal(x.value)
		if err != nil {
			return nil, err
		}
		b = append(append(estate.AppendString(b, x.name), ':'), raw...)
		b = append(b, ',')
	}
	b[len(b)-1] = '}'
	return b, nil
}

func (f fixed) text(name string) string {
	for _, x := range f {
		if s, ok := x.value.(string); ok && strings.EqualFold(x.name, name) {
			return s
		}
	}
	return ""
}

// getApplication serves applications and servicePrincipals by object id, by
// appId='...', and as lists that can be filtered by appId.
func (t *Tenant) getApplication(req *request, set string, p []string) (*reply, error) {
	canonical, all := "applications", []fixed{t.applicationObject()}
	if set == "serviceprincipals" {
		canonical, all = "servicePrincipals", []fixed{t.principalObject(), t.graphPrincipal()}
	}
	if len(p) == 0 {
		return fixedList(req, canonical, all)
	}
	key, byApp := strings.CutPrefix(p[0], "appId=")
	at := slices.IndexFunc(all, func(f fixed) bool {
		return strings.EqualFold(f.text("id"), key) && !byApp || strings.EqualFold(f.text("appId"), key) && byApp
	})
	if at < 0 {
		return nil, notFound(key)
	}
	if len(p) == 1 {
		return fixedOne(req, canonical, all[at])
	}
	switch {
	case canonical == "servicePrincipals" && strings.EqualFold(p[1], "appRoleAssignments"):
		if all[at].text("appId") == sts.GraphAppID {
			return fixedList(req, "appRoleAssignments", nil)
		}
		return fixedList(req, "appRoleAssignments", t.assignments())
	case canonical == "servicePrincipals" && strings.EqualFold(p[1], "appRoleAssignedTo"):
		return fixedList(req, "appRoleAssignments", nil)
	}
	return nil, noSegment(p[1])
}

func fixedOne(req *request, set string, f fixed) (*reply, error) {
	o, err := readOptions(req)
	if err != nil {
		return nil, err
	}
	names := o.names()
	b, err := f.render(nil, names)
	if err != nil {
		return nil, err
	}
	sel := &selection{explicit: len(names) > 0, names: names}
	head := append(estate.AppendString([]byte(`{"@odata.context":`), contextURL(req, set, sel, true)), ',')
	return jsonReply(200, append(head, b[1:]...)), nil
}

// fixedList serves short collections; of filters it knows property eq 'text'.
func fixedList(req *request, set string, all []fixed) (*reply, error) {
	o, err := readOptions(req)
	if err != nil {
		return nil, err
	}
	if _, err := o.page(); err != nil {
		return nil, err
	}
	names := o.names()
	var items []byte
	n := 0
	for _, f := range all {
		if prop, want, ok := strings.Cut(o.filter, " eq "); ok && !strings.EqualFold(f.text(strings.TrimSpace(prop)), strings.Trim(want, "' ")) {
			continue
		}
		if items, err = f.render(items, names); err != nil {
			return nil, err
		}
		items = append(items, ',')
		n++
	}
	env := envelope{context: contextURL(req, set, &selection{explicit: len(names) > 0, names: names}, false), count: -1}
	if o.advanced() {
		env.count = n
	}
	return jsonReply(200, env.wrap(items)), nil
}

// passwordCredential never shows the secret, only its first three characters.
type passwordCredential struct {
	CustomKeyIdentifier *string   `json:"customKeyIdentifier"`
	DisplayName         string    `json:"displayName"`
	EndDateTime         time.Time `json:"endDateTime"`
	Hint                string    `json:"hint"`
	KeyID               string    `json:"keyId"`
	SecretText          *string   `json:"secretText"`
	StartDateTime       time.Time `json:"startDateTime"`
}

func (t *Tenant) applicationObject() fixed {
	secrets := []passwordCredential{}
	for _, s := range t.issuer.App.Secrets() {
		secrets = append(secrets, passwordCredential{DisplayName: s.Name, EndDateTime: s.End.UTC(), StartDateTime: s.Start.UTC(),
			Hint: s.Hint(), KeyID: s.KeyID})
	}
	type access struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	asked := []access{{"e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope"}}
	for _, r := range DefaultRoles() {
		asked = append(asked, access{permission.ID(r), "Role"})
	}
	none := []string{}
	return fixed{
		{"id", t.cfg.ApplicationObjectID}, {"deletedDateTime", nil}, {"appId", t.cfg.ClientID}, {"createdDateTime", t.Started.AddDate(0, -6, 0).UTC()},
		{"displayName", sts.AppName}, {"identifierUris", none}, {"publisherDomain", estate.InitialDomain}, {"signInAudience", "AzureADMyOrg"}, {"tags", none},
		{"keyCredentials", []int{}}, {"passwordCredentials", secrets},
		{"requiredResourceAccess", []any{map[string]any{"resourceAppId": sts.GraphAppID, "resourceAccess": asked}}},
		{"web", map[string]any{"redirectUris": append(none, t.cfg.RedirectURIs...), "homePageUrl": nil, "logoutUrl": nil,
			"implicitGrantSettings": map[string]bool{"enableIdTokenIssuance": false, "enableAccessTokenIssuance": false}}},
	}
}

func (t *Tenant) principalObject() fixed {
	settings := t.issuer.App.Settings()
	none := []string{}
	return fixed{
		{"id", t.principalID()}, {"deletedDateTime", nil}, {"accountEnabled", !settings.Disabled}, {"appDisplayName", sts.AppName}, {"appId", t.cfg.ClientID},
		{"appOwnerOrganizationId", t.cfg.TenantID}, {"appRoleAssignmentRequired", settings.Assigned != nil}, {"displayName", sts.AppName},
		{"servicePrincipalNames", []string{t.cfg.ClientID}}, {"servicePrincipalType", "Application"}, {"signInAudience", "AzureADMyOrg"},
		{"tags", none}, {"appRoles", []int{}},
	}
}

// graphPrincipal is Microsoft Graph as the tenant sees it, with the roles that
// it offers.
func (t *Tenant) graphPrincipal() fixed {
	roles := []any{}
	for _, r := range append(DefaultRoles(), "Organization.Read.All", "AuditLog.Read.All", "User.ReadBasic.All") {
		roles = append(roles, map[string]any{"id": permission.ID(r), "value": r, "displayName": r, "isEnabled": true, "allowedMemberTypes": []string{"Application"}})
	}
	return fixed{
		{"id", t.graphPrincipalID()}, {"deletedDateTime", nil}, {"accountEnabled", true}, {"appDisplayName", "Microsoft Graph"}, {"appId", sts.GraphAppID},
		{"displayName", "Microsoft Graph"}, {"servicePrincipalNames", []string{sts.GraphAppID, "https://graph.microsoft.com"}},
		{"servicePrincipalType", "Application"}, {"appRoles", roles},
	}
}

func (t *Tenant) graphPrincipalID() string { return t.ID(estate.MakeRef(estate.KindFixed, 2)) }

// assignments are the application permissions that have consent.
func (t *Tenant) assignments() []fixed {
	var out []fixed
	if t.faults.active(FaultConsentMissing) {
		return nil
	}
	for i, r := range t.issuer.App.Roles() {
		id := permission.ID(r)
		if id == "" {
			continue
		}
		out = append(out, fixed{{"id", t.ID(estate.MakeRef(estate.KindFixed, 100+i))}, {"deletedDateTime", nil}, {"appRoleId", id},
			{"createdDateTime", t.Started.AddDate(0, -6, 0).UTC()}, {"principalDisplayName", sts.AppName}, {"principalId", t.principalID()},
			{"principalType", "ServicePrincipal"}, {"resourceDisplayName", "Microsoft Graph"}, {"resourceId", t.graphPrincipalID()}})
	}
	return out
}

func (t *Tenant) getOrganization(req *request, p []string) (*reply, error) {
	type verified struct {
		Capabilities string `json:"capabilities"`
		IsDefault    bool   `json:"isDefault"`
		IsInitial    bool   `json:"isInitial"`
		Name         string `json:"name"`
		Type         string `json:"type"`
	}
	org := fixed{
		{"id", t.cfg.TenantID}, {"deletedDateTime", nil}, {"businessPhones", []string{}}, {"city", "Berlin"}, {"country", nil},
		{"countryLetterCode", "DE"}, {"createdDateTime", "2018-05-02T09:12:44Z"}, {"displayName", "Contoso"}, {"onPremisesSyncEnabled", true},
		{"tenantType", "AAD"}, {"technicalNotificationMails", []string{"it@" + estate.Domain}},
		{"verifiedDomains", []verified{{"Email, OfficeCommunicationsOnline", true, false, estate.Domain, "Managed"}, {"Email", false, true, estate.InitialDomain, "Managed"}}},
	}
	if !permission.Any(req.roles, "Organization.Read.All", "Directory.Read.All") {
		for i := range org {
			if !slices.Contains([]string{"id", "displayName", "verifiedDomains"}, org[i].name) {
				org[i].value = nil
			}
		}
	}
	switch {
	case len(p) == 0:
		return fixedList(req, "organization", []fixed{org})
	case len(p) == 1 && strings.EqualFold(p[0], t.cfg.TenantID):
		return fixedOne(req, "organization", org)
	}
	return nil, notFound(p[0])
}

// getByIDs looks up to a thousand objects up; unknown ids are left out.
// https://learn.microsoft.com/graph/api/directoryobject-getbyids
func (t *Tenant) getByIDs(req *request) (*reply, error) {
	var in struct {
		IDs   []string `json:"ids"`
		Types []string `json:"types"`
	}
	if err := json.NewDecoder(bytes.NewReader(req.body)).Decode(&in); err != nil {
		return nil, badRequest("Unable to read JSON request payload.")
	}
	if len(in.IDs) == 0 || len(in.IDs) > 1000 {
		return nil, badRequest("The number of ids must be between 1 and 1000, got %d.", len(in.IDs))
	}
	kinds := []estate.Kind{estate.KindUser, estate.KindGroup, estate.KindDevice, estate.KindUnit}
	o, err := readOptions(req)
	if err != nil {
		return nil, err
	}
	sel, err := t.selectFor(o, kinds, false)
	if err != nil {
		return nil, err
	}
	if err := t.restrict(sel, req); err != nil {
		return nil, err
	}
	var items []byte
	var rec estate.Record
	for _, id := range in.IDs {
		if ok := estate.IsGUID(id); !ok {
			return nil, badRequest("Invalid GUID:%s", id)
		}
		at, ok := t.RefOf(id)
		if !ok || t.StateOf(at) != estate.Live || !ofType(at.Kind(), in.Types) {
			continue
		}
		t.Fill(at, sel.masks[at.Kind()], &rec)
		items = append(t.appendObject(items, &rec, sel.masks[at.Kind()], sel.blank[at.Kind()], true), ',')
	}
	return jsonReply(200, envelope{context: contextURL(req, "directoryObjects", sel, false), count: -1}.wrap(items)), nil
}

func ofType(k estate.Kind, types []string) bool {
	return len(types) == 0 || slices.ContainsFunc(types, func(s string) bool {
		return kindNamed(strings.ToLower(s)) == k || strings.EqualFold(s, "directoryObject")
	})
}
