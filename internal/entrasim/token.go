package entrasim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// grant is a checked call of the token endpoint.
type grant struct {
	form   url.Values
	base   string
	client string
	basic  bool
	secret string
}

// serveToken is POST /{tenant}/oauth2/v2.0/token.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (t *Tenant) serveToken(r *http.Request, tenant string) *reply {
	g, body, err := t.token(r, tenant)
	if err != nil {
		return err.render(t, r)
	}
	t.traffic.note("token:" + g.form.Get("grant_type"))
	raw, merr := json.Marshal(body)
	if merr != nil {
		panic(merr) // the body is strings and numbers
	}
	rep := jsonReply(200, raw)
	rep.header.Set("Content-Type", "application/json; charset=utf-8")
	rep.header.Set("Cache-Control", "no-store, no-cache")
	rep.header.Set("Pragma", "no-cache")
	return rep
}

func (t *Tenant) token(r *http.Request, tenant string) (*grant, map[string]any, *signInError) {
	if r.Method != http.MethodPost {
		return nil, nil, aadsts(900561, r.Method)
	}
	if err := r.ParseForm(); err != nil {
		return nil, nil, aadsts(9002313)
	}
	g := &grant{form: r.PostForm, base: baseURL(r)}
	kind := g.form.Get("grant_type")
	if kind == "" {
		return nil, nil, aadsts(900144, "grant_type")
	}
	if err := t.checkTenant(tenant, kind == "client_credentials"); err != nil {
		return nil, nil, err
	}
	if err := t.checkClient(r, g); err != nil {
		return nil, nil, err
	}
	var body map[string]any
	var err *signInError
	switch kind {
	case "client_credentials":
		body, err = t.appToken(g)
	case "authorization_code":
		body, err = t.redeem(g)
	case "refresh_token":
		body, err = t.refresh(g)
	default:
		err = aadsts(70003, kind)
	}
	return g, body, err
}

// shared endpoints stand for no tenant in particular.
func sharedEndpoint(tenant string) bool {
	return slices.Contains([]string{"common", "organizations", "consumers"}, strings.ToLower(tenant))
}

func (t *Tenant) checkTenant(tenant string, appOnly bool) *signInError {
	known := []string{t.cfg.TenantID, domain, initialDomain}
	dnsName := regexp.MustCompile(`^([a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}$`)
	_, guid := parseGUID(tenant)
	switch {
	case slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, tenant) }):
		return nil
	case sharedEndpoint(tenant) && appOnly:
		return aadsts(9001023)
	case sharedEndpoint(tenant):
		return nil
	case guid || dnsName.MatchString(tenant):
		return aadsts(90002, tenant)
	}
	return aadsts(900023, tenant)
}

// checkClient finds the client and proves that it is the application.
func (t *Tenant) checkClient(r *http.Request, g *grant) *signInError {
	g.client, g.secret = g.form.Get("client_id"), g.form.Get("client_secret")
	if id, secret, ok := r.BasicAuth(); ok {
		// Both parts are form-encoded inside the header (RFC 6749, 2.3.1).
		if u, err := url.QueryUnescape(id); err == nil {
			id = u
		}
		if u, err := url.QueryUnescape(secret); err == nil {
			secret = u
		}
		g.client, g.secret, g.basic = id, secret, true
	}
	if g.client == "" {
		return aadsts(900144, "client_id")
	}
	if !strings.EqualFold(g.client, t.cfg.ClientID) {
		return aadsts(700016, g.client)
	}
	if err := t.appTrouble(); err != nil {
		return err
	}
	if a := g.form.Get("client_assertion"); a != "" {
		return t.checkAssertion(g, a)
	}
	if g.secret == "" {
		return aadsts(7000218)
	}
	if code := t.app.checkSecret(g.secret, t.now()); code != 0 {
		return aadsts(code, g.client)
	}
	return nil
}

// appTrouble reports what an administrator or a fault has done to the app.
func (t *Tenant) appTrouble() *signInError {
	t.app.mu.Lock()
	defer t.app.mu.Unlock()
	switch {
	case t.app.disabled:
		return aadsts(7000112, t.cfg.ClientID, t.app.name)
	case t.app.public:
		return aadsts(700025)
	}
	return nil
}

// appToken is the client credentials grant. Without any consent it still gives
// a token; only the roles claim is missing.
func (t *Tenant) appToken(g *grant) (map[string]any, *signInError) {
	scope := strings.TrimSpace(g.form.Get("scope"))
	if scope == "" {
		return nil, aadsts(900144, "scope")
	}
	resource, ok := strings.CutSuffix(scope, "/.default")
	if !ok || strings.Contains(scope, " ") {
		return nil, aadsts(1002012, scope)
	}
	resource = strings.TrimSuffix(resource, "/")
	if !t.graphAudience(g.base, resource) {
		if !nationalGraph(resource) {
			return nil, aadsts(70011, scope)
		}
		return nil, aadsts(500011, resource)
	}
	roles := t.app.granted()
	if t.faults.active(FaultConsentMissing) {
		roles = nil
	}
	life := int64(3599)
	return map[string]any{"token_type": "Bearer", "expires_in": life, "ext_expires_in": life,
		"access_token": t.accessToken(resource, life, accessClaims{IDType: "app", AppIDACR: "1", OID: t.principalID(), Sub: t.principalID(), Roles: roles})}, nil
}

// nationalGraph: Graph of another cloud, which this tenant does not live in.
func nationalGraph(resource string) bool {
	return slices.Contains([]string{"https://graph.microsoft.us", "https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn"}, resource)
}

// accessToken signs a token for Graph with the given rest of the claims.
func (t *Tenant) accessToken(aud string, life int64, c accessClaims) string {
	now := t.now().Unix()
	c.Aud, c.Iss, c.IDP = aud, "https://sts.windows.net/"+t.cfg.TenantID+"/", "https://sts.windows.net/"+t.cfg.TenantID+"/"
	c.IssuedAt, c.NotBefore, c.Expires = now, now, now+life+1
	c.AppName, c.AppID, c.TID, c.UTI = t.app.name, t.cfg.ClientID, t.cfg.TenantID, randomToken(16)
	c.Version, c.Region, c.Generation = "1.0", "EU", t.app.generation()
	return t.keys.sign(c)
}

// principalID is the object id of the application's service principal, not to
// be mistaken for the object id of the application.
func (t *Tenant) principalID() string { return t.ids.guid(makeRef(kindFixed, 1)) }
